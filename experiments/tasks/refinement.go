package tasks

import (
	"context"

	"github.com/costate-go/costate/pmp"
)

// mostIntervals bounds refined meshes.
const mostIntervals = 2000

// refine finds the mesh before the run, where the configuration asks for it: the run then begins at the control that was found on the way, and
// the same mesh is found again whenever the task is made.
func (t *Control) refine() error {
	if t.c.Control.Refine == 0 {
		return nil
	}
	var failed error
	r, err := pmp.Refinement{
		Problem: t.problem, Settings: t.settings, Tolerance: t.c.Control.Refine, Intervals: mostIntervals,
		Optimizer: func() pmp.Optimizer {
			o, err := Optimizer(t.c, t.problem)
			if err != nil {
				failed = err
				return &pmp.MSA{}
			}
			return o
		},
	}.Solve(context.Background(), t.Initial())
	if failed != nil {
		return failed
	}
	if err != nil {
		return configError("control.refine", err.Error())
	}
	t.refined, t.problem, t.start = r, r.Problem, r.Theta
	return nil
}

// refinementMetrics say what the refinement did: intervals, rounds, forward solves, and the residual at their end.
func (t *Control) refinementMetrics(m map[string]float64) {
	if t.refined == nil {
		return
	}
	last := len(t.refined.Rounds) - 1
	m["intervals"], m["refinement_rounds"] = float64(t.refined.Rounds[last].Intervals), float64(last+1)
	m["refinement_solves"], m["refinement_residual"] = float64(t.refined.Work.Solves), t.refined.Residual
}

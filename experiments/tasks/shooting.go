package tasks

import (
	"context"
	"fmt"
	"math"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/problems"
)

// indirect builds the optimizer that solves the maximum principle by shooting.
func indirect(c *config.Config) (pmp.Optimizer, error) {
	classical, err := classicalOf(c)
	if err != nil {
		return nil, err
	}
	s, _ := classical.Shooting()
	if err := s.Check(); err != nil {
		return nil, configError("optimizer.kind", err.Error())
	}
	return &pmp.Indirect{Extremal: func(ctx context.Context) (*pmp.Extremal, error) { return shoot(ctx, c, classical) }}, nil
}

func shoot(ctx context.Context, c *config.Config, classical *problems.Classical) (*pmp.Extremal, error) {
	return classical.Extremal(ctx, pmp.Shooting{Nodes: c.Optimizer.Nodes, Tolerance: c.Optimizer.Tolerance})
}

// solution is the extremal of the problem. It does not depend on the control at the nodes, and is found once.
func (t *Control) solution(ctx context.Context) (*pmp.Extremal, error) {
	if t.extremal == nil {
		e, err := shoot(ctx, t.c, t.Classical)
		if err != nil {
			return nil, err
		}
		t.extremal = e
	}
	return t.extremal, nil
}

func (t *Control) extremalMetrics(ctx context.Context) (map[string]float64, error) {
	e, err := t.solution(ctx)
	if err != nil {
		return nil, err
	}
	m := map[string]float64{
		"cost": e.J, "shooting_residual": e.Residual, "hamiltonian_gap": e.Gap, "hamiltonian_drift": e.Drift, "newton_iterations": float64(e.Iterations),
	}
	if !math.IsNaN(t.Classical.Optimal) {
		m["reference"], m["gap"] = t.Classical.Optimal, e.J-t.Classical.Optimal
	}
	if t.Classical.FreeTime {
		m["t1"] = e.T1
	}
	if n := len(t.Classical.EndComponent); n > 0 {
		worst := 0.0
		for k, i := range t.Classical.EndComponent {
			worst = max(worst, math.Abs(e.X1[i]-t.Classical.EndTarget[k]))
		}
		m["end_violation"] = worst
	}
	for i, p := range e.P0 {
		m[fmt.Sprintf("p0_%d", i+1)] = p
	}
	for i, s := range e.Switches {
		m[fmt.Sprintf("switch_%d", i+1)] = s
	}
	return m, nil
}

// extremalPaths samples the extremal evenly and on both sides of every switch.
func (t *Control) extremalPaths(ctx context.Context) (*Paths, error) {
	e, err := t.solution(ctx)
	if err != nil {
		return nil, err
	}
	const samples = 400
	times := pmp.UniformMesh(e.T0, e.T1, samples)
	out := &Paths{}
	add := func(at float64) error {
		x, p, u := make([]float64, t.Classical.Field.D), make([]float64, t.Classical.Field.D), make([]float64, t.Classical.Field.P)
		if err := e.At(x, p, u, at); err != nil {
			return err
		}
		out.T = append(out.T, at)
		out.X, out.P, out.U = append(out.X, x), append(out.P, p), append(out.U, u)
		return nil
	}
	switches := e.Switches
	for _, at := range times {
		for len(switches) > 0 && switches[0] <= at {
			s := switches[0]
			switches = switches[1:]
			if err := add(math.Nextafter(s, e.T0)); err != nil {
				return nil, err
			}
			if s < at {
				if err := add(s); err != nil {
					return nil, err
				}
			}
		}
		if err := add(at); err != nil {
			return nil, err
		}
	}
	return out, nil
}

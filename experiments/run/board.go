package run

import (
	"math"

	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/experiments/tensorboard"
)

// board writes the rows of metrics.jsonl where TensorBoard reads them. Its methods do nothing on nil.
type board struct {
	w       *tensorboard.Writer
	scalars []tensorboard.Scalar
}

// openBoard begins an event file for a session of a run that has done so many iterations.
func openBoard(d *rundir.Dir, iterations int) (*board, error) {
	w, err := tensorboard.Open(d.Path(rundir.TensorBoard), iterations+1)
	if err != nil {
		return nil, err
	}
	return &board{w: w}, nil
}

func (b *board) add(m *rundir.Metrics) error {
	if b == nil {
		return nil
	}
	b.scalars = b.scalars[:0]
	put := func(tag string, v float64) { b.scalars = append(b.scalars, tensorboard.Scalar{Tag: tag, Value: v}) }
	put("loss/training", float64(m.Loss))
	if v := float64(m.ValLoss); !math.IsNaN(v) { // where it was evaluated
		put("loss/validation", v)
	}
	put("pmp/residual", float64(m.PMPResidual))
	put("pmp/hamiltonian", float64(m.Hamiltonian))
	put("norm/gradient", float64(m.GradNorm))
	put("norm/control", float64(m.ControlNorm))
	put("optimizer/step_parameter", float64(m.StepParameter))
	put("optimizer/rollbacks", float64(m.Rollbacks))
	accepted := 0.0
	if m.Accepted {
		accepted = 1
	}
	put("optimizer/accepted", accepted)
	put("evaluations/forward", float64(m.NFEForward))
	put("evaluations/backward", float64(m.NFEBackward))
	put("steps/accepted", float64(m.StepsAccepted))
	put("steps/rejected", float64(m.StepsRejected))
	put("steps/smallest", float64(m.MinStep))
	put("steps/largest", float64(m.MaxStep))
	put("time/epoch", float64(m.Epoch))
	put("time/seconds", float64(m.WallSeconds))
	return b.w.Add(m.Iteration, b.scalars)
}

func (b *board) close() error {
	if b == nil {
		return nil
	}
	return b.w.Close()
}

package tasks

import (
	"context"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/pmp"
)

// backward carries n points (dim×n) along the flow from t1 back to t0, interval by interval of the control.
func (t *Density) backward(ctx context.Context, theta, x []float64, n int) ([]float64, error) {
	control, err := controlOf(&t.c.Control, t.c.Data.T0, t.c.Data.T1)
	if err != nil {
		return nil, err
	}
	knots := control.Mesh
	if control.Kind == pmp.Constant {
		knots = []float64{t.c.Data.T0, t.c.Data.T1}
	}
	ev, p := t.field.NewEvaluator(n), t.field.NumParams()
	s := t.settings.Solver
	s.EndOnly, s.SkipDense = true, true
	u := make([]float64, p)
	for k := len(knots) - 2; k >= 0; k-- {
		from, to := knots[k+1], knots[k]
		f := ev.Eval
		switch control.Kind {
		case pmp.Constant:
			ev.Bind(theta[:p])
		case pmp.PiecewiseConstant: // the knots belong to their left intervals on the way back
			ev.Bind(theta[k*p : (k+1)*p])
		default:
			f = func(dx []float64, at float64, x []float64) {
				ev.Bind(control.At(u, theta, at))
				ev.Eval(dx, at, x)
			}
		}
		if t.settings.Steps > 0 {
			s.Step = (from - to) / float64(t.settings.Steps)
		}
		sol, err := ode.Solve(ctx, ode.Problem{F: f, X0: x, T0: from, T1: to}, s)
		if err != nil {
			return nil, err
		}
		x = sol.Final()
	}
	return x, nil
}

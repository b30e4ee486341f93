package pmp_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/costate-go/costate/internal/rng"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/solvers"
)

// interpolated is network without what interpolation excludes, with some observations in one step.
func interpolated(t testing.TB, kind pmp.Kind, n int, seed uint64) (*pmp.Problem, []float64) {
	p, theta := network(t, kind, n, seed)
	p.Running = nil
	src := rng.New(seed + 100)
	var more []pmp.Observation
	for _, at := range []float64{0.05, 0.11, 0.12, 0.4, 0.7, 0.71, 0.97} {
		target := make([]float64, 2*n)
		for i := range target {
			target[i] = src.Normal()
		}
		more = append(more, pmp.Observation{T: at, Cost: &pmp.SquaredError{Target: target, N: n, Weight: 0.3}})
	}
	p.Observations = append(append(append(more[:3:3], p.Observations[0]), more[3], p.Observations[1]), append(more[4:], p.Observations[2])...)
	return p, theta
}

var interpolating = []*solvers.Tableau{solvers.Tsit5, solvers.DormandPrince54}

// Steps of a given size, which don't depend on the control and pass over t₁, make J a smooth function: the costate must give
// its gradient.
func TestInterpolatedCostateAgainstDifferences(t *testing.T) {
	for _, method := range interpolating {
		for _, kind := range kinds {
			for _, size := range []float64{0.3, 0.14, 2} {
				t.Run(fmt.Sprintf("%s/%v/h=%v", method.Name(), kind, size), func(t *testing.T) {
					p, theta := interpolated(t, kind, 3, 7)
					s := pmp.Settings{Interpolate: true, Solver: ode.Settings{Method: method, RTol: 1, ATol: 1e3, FirstStep: size, MaxStep: size}}
					w, tr := sweep(t, p, s, theta)
					at, _ := tr.Path(0)
					if at[len(at)-1] != p.T1 {
						t.Errorf("the path ends at %v", at[len(at)-1])
					}
					src := rng.New(3)
					dir, moved := make([]float64, len(theta)), make([]float64, len(theta))
					want := 0.0
					for i := range dir {
						dir[i] = src.Normal()
						want += dir[i] * tr.Grad[i]
					}
					value := func(h float64) float64 {
						for i, v := range theta {
							moved[i] = v + h*dir[i]
						}
						other := w.NewTrajectory()
						if err := w.Forward(context.Background(), other, moved); err != nil {
							t.Fatal(err)
						}
						return other.J
					}
					const h = 1e-4
					got := (8*(value(h)-value(-h)) - (value(2*h) - value(-2*h))) / (12 * h)
					if !(math.Abs(got-want) <= 1e-8*(1+math.Abs(want))) {
						t.Errorf("slope %v by the costate, %v by differences", want, got)
					}
					// The frozen points carry the same gradient.
					f := w.NewFrozen()
					f.Freeze(tr)
					g := make([]float64, len(theta))
					f.Gradient(g, theta)
					for i, v := range g {
						if kind != pmp.PiecewiseLinear && math.Abs(v+tr.Grad[i]) > 1e-12*(1+math.Abs(v)) {
							t.Fatalf("∂H/∂θ[%d] on the frozen points is %v, ∇J %v", i, v, tr.Grad[i])
						}
					}
				})
			}
		}
	}
}

// With small tolerances the interpolated states are the solution's, and it takes fewer evaluations to get them.
func TestInterpolatedAgainstLanding(t *testing.T) {
	for _, method := range interpolating {
		for _, kind := range kinds {
			p, theta := interpolated(t, kind, 5, 2)
			tight := pmp.Settings{Solver: ode.Settings{Method: method, RTol: 1e-11, ATol: 1e-12}}
			_, exact := sweep(t, p, tight, theta)
			loose := pmp.Settings{Interpolate: true, Solver: ode.Settings{Method: method, RTol: 1e-6, ATol: 1e-7}}
			_, tr := sweep(t, p, loose, theta)
			if d := math.Abs(tr.J - exact.J); !(d < 2e-5*(1+exact.J)) {
				t.Errorf("%s, %v: J %v, want %v", method.Name(), kind, tr.J, exact.J)
			}
			for i, v := range exact.Grad {
				if d := math.Abs(tr.Grad[i] - v); !(d < 2e-4*(1+math.Abs(v))) {
					t.Fatalf("%s, %v: ∇J[%d] %v, want %v", method.Name(), kind, i, tr.Grad[i], v)
				}
			}
			loose.Interpolate = false
			_, landed := sweep(t, p, loose, theta)
			if tr.Work.Forward > landed.Work.Forward || kind == pmp.Constant && tr.Work.Forward == landed.Work.Forward {
				t.Errorf("%s, %v: %d evaluations, %d with steps onto the observations", method.Name(), kind, tr.Work.Forward, landed.Work.Forward)
			}
			diff, err := pmp.CheckGradient(context.Background(), p, pmp.Settings{Interpolate: true, Solver: loose.Solver}, theta, 1)
			if err != nil || diff > 1e-7 {
				t.Errorf("%s, %v: gradient check %v, %v", method.Name(), kind, diff, err)
			}
		}
	}
}

func TestInterpolationRefuses(t *testing.T) {
	p, _ := interpolated(t, pmp.Constant, 2, 1)
	if _, err := pmp.NewSweeper(p, pmp.Settings{Interpolate: true, Steps: 1, Solver: ode.Settings{Method: solvers.RK4}}); !errors.Is(err, pmp.ErrProblem) {
		t.Errorf("rk4: %v", err)
	}
	p.Running = &pmp.Quadratic{Weight: []float64{1, 1}}
	if _, err := pmp.NewSweeper(p, pmp.Settings{Interpolate: true}); !errors.Is(err, pmp.ErrProblem) {
		t.Errorf("running cost: %v", err)
	}
}

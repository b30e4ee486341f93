package pmp_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/solvers"
)

var esdirks = []solvers.Method{solvers.Kvaerno3, solvers.Kvaerno4, solvers.Kvaerno5, solvers.KenCarp4}

// Methods that are neither explicit tableaux nor diagonally or linearly implicit have no discrete costate here, and that is what the error says.
func TestSweeperRefusesOtherMethods(t *testing.T) {
	p, _ := network(t, pmp.Constant, 3, 1)
	for _, m := range solvers.Methods() {
		_, explicit := m.(solvers.Tableaued)
		_, esdirk := m.(*solvers.ESDIRK)
		_, rosenbrock := m.(*solvers.Rosenbrock)
		esdirk = esdirk || rosenbrock
		_, err := pmp.NewSweeper(p, pmp.Settings{Steps: 1, Solver: ode.Settings{Method: m}})
		if (explicit || esdirk) && err != nil {
			t.Errorf("%s: %v", m.Name(), err)
		}
		if !explicit && !esdirk && (!errors.Is(err, pmp.ErrProblem) || !strings.Contains(err.Error(), m.Name())) {
			t.Errorf("%s is not refused by name: %v", m.Name(), err)
		}
	}
	for name, s := range map[string]pmp.Settings{
		"checkpointed": {Costate: pmp.Checkpointed, Solver: ode.Settings{Method: solvers.Kvaerno3}}, "interpolated": {Interpolate: true, Solver: ode.Settings{Method: solvers.Kvaerno3}},
	} {
		if _, err := pmp.NewSweeper(p, s); !errors.Is(err, pmp.ErrProblem) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// The gradient is that of the scheme, up to the accuracy to which its equations are solved.
func TestImplicitGradient(t *testing.T) {
	for _, m := range esdirks {
		for _, kind := range []pmp.Kind{pmp.Constant, pmp.PiecewiseConstant, pmp.PiecewiseLinear} {
			p, theta := constrained(kind)
			p.Field = stiff()
			p.Breaks = []float64{0.7}
			p.Terminal = &pmp.SquaredError{Target: []float64{1, 0, 0.5, 0.2, 0, 0}, N: 3, Weight: 1}
			p.Observations = []pmp.Observation{{T: 0.9, Cost: &pmp.SquaredError{Target: []float64{0.3, 0, 0.1, 0.4, 0, 0}, N: 3, Weight: 2}}}
			s := pmp.Settings{Steps: 3, ShardWidth: 2, Solver: ode.Settings{Method: m}}
			diff, err := pmp.CheckGradient(context.Background(), p, s, theta, 3)
			if err != nil || diff > 1e-8 {
				t.Errorf("%s, %v: off by %.2g, %v", m.Name(), kind, diff, err)
			}
			var grads [2][]float64
			for k := range grads {
				s.Threads = k + 1
				w, tr := sweep(t, p, s, theta)
				w.Backward(tr)
				grads[k] = tr.Grad
				// What is frozen has the gradient's slopes.
				f, g := w.NewFrozen(), make([]float64, len(theta))
				f.Freeze(tr)
				f.Gradient(g, theta)
				for i, v := range g {
					if math.Abs(v+tr.Grad[i]) > 1e-9*(1+math.Abs(v)) {
						t.Fatalf("%s, %v: ∂H/∂θ[%d] = %.12g and ∂J/∂θ = %.12g", m.Name(), kind, i, v, tr.Grad[i])
					}
				}
			}
			for i, g := range grads[0] {
				if g != grads[1][i] {
					t.Fatalf("%s, %v: gradients %v and %v", m.Name(), kind, g, grads[1][i])
				}
			}
		}
	}
}

// stiff has the eigenvalues −1 and about −1000.
func stiff() neural.Field {
	return neural.Func{D: 2, P: 1,
		F: func(dx []float64, t float64, x, u []float64) {
			dx[0], dx[1] = -x[0]+x[1], -1000*(x[1]-math.Cos(t)*u[0])-x[0]*x[1]
		},
		VJP: func(px, pu []float64, t float64, x, u, p []float64) {
			px[0], px[1] = -p[0]-x[1]*p[1], p[0]-(1000+x[0])*p[1]
			pu[0] = 1000 * math.Cos(t) * p[1]
		},
	}
}

// With steps that an explicit method could not take the gradient is that of the problem: as Tsit5 finds it with a hundred times as many.
func TestImplicitGradientOfAStiffProblem(t *testing.T) {
	p := &pmp.Problem{
		Field: stiff(), T1: 3, X0: []float64{1, 0.5}, Running: &pmp.Quadratic{Weight: []float64{1, 0.2}},
		Terminal: &pmp.SquaredError{Target: []float64{0.3, 0}, N: 1, Weight: 2},
		Control:  pmp.Control{Kind: pmp.PiecewiseConstant, Mesh: pmp.UniformMesh(0, 3, 3)},
	}
	theta := []float64{0.5, -0.4, 1}
	we, explicit := sweep(t, p, pmp.Settings{Solver: ode.Settings{RTol: 1e-8, ATol: 1e-10}}, theta)
	we.Backward(explicit)
	for _, m := range esdirks[1:] {
		w, tr := sweep(t, p, pmp.Settings{Solver: ode.Settings{Method: m, RTol: 1e-7, ATol: 1e-9}}, theta)
		w.Backward(tr)
		t.Logf("%s: %d steps, tsit5 %d", m.Name(), tr.Work.Accepted, explicit.Work.Accepted)
		for i, g := range tr.Grad {
			if math.Abs(g-explicit.Grad[i]) > 3e-5*math.Abs(explicit.Grad[i]) {
				t.Errorf("%s: ∂J/∂θ[%d] = %.9g, by tsit5 %.9g", m.Name(), i, g, explicit.Grad[i])
			}
		}
		if 3*tr.Work.Accepted > explicit.Work.Accepted {
			t.Errorf("%s takes %d steps, tsit5 %d", m.Name(), tr.Work.Accepted, explicit.Work.Accepted)
		}
	}
}

// A network is trained by a stiff method, by gradients and by maximizing frozen Hamiltonians.
func TestImplicitTrains(t *testing.T) {
	for name, o := range map[string]pmp.Optimizer{"lbfgs": &pmp.QuasiNewton{}, "emsa": &pmp.EMSA{}, "sqh": &pmp.SQH{Maximizer: pmp.HMax{}, Epsilon: 10}} {
		p, theta := regression(t, 4)
		s := pmp.Settings{Solver: ode.Settings{Method: solvers.Kvaerno3, RTol: 1e-4, ATol: 1e-6}}
		_, start := sweep(t, p, s, theta)
		r := optimize(t, o, p, s, theta, 40, math.Inf(-1))
		if !(r.best < 0.5*start.J) {
			t.Errorf("%s: J from %.4g to %.4g only", name, start.J, r.best)
		}
	}
	for name, o := range map[string]pmp.Optimizer{"riccati": &pmp.Riccati{}, "gauss-newton": &pmp.GaussNewton{}} {
		p := oscillator(pmp.PiecewiseConstant, 4)
		if name == "gauss-newton" {
			p.Running = nil
		}
		w, err := pmp.NewSweeper(p, pmp.Settings{Solver: ode.Settings{Method: solvers.Kvaerno3}})
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Init(context.Background(), w, make([]float64, 4)); !errors.Is(err, pmp.ErrProblem) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestImplicitSweepsAllocateNothing(t *testing.T) {
	p, theta := constrained(pmp.PiecewiseConstant)
	p.Field = stiff()
	sweepsAllocateNothing(t, p, pmp.Settings{Solver: ode.Settings{Method: solvers.Kvaerno4}}, theta)
}

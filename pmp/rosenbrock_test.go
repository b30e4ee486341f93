package pmp_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/solvers"
)

var rosenbrocks = []solvers.Method{solvers.Rosenbrock23, solvers.Rodas5P}

// The gradient is that of the scheme, the dependence of its matrix on states, time and control included.
func TestRosenbrockGradient(t *testing.T) {
	for _, m := range rosenbrocks {
		for _, kind := range []pmp.Kind{pmp.Constant, pmp.PiecewiseConstant, pmp.PiecewiseLinear, pmp.CubicHermite} {
			p, theta := constrained(kind)
			p.Running = drifting()
			p.Terminal = &pmp.SquaredError{Target: []float64{1, 0, 0.5, 0.2, 0, 0}, N: 3, Weight: 1}
			p.Observations = []pmp.Observation{{T: 0.9, Cost: &pmp.SquaredError{Target: []float64{0.3, 0, 0.1, 0.4, 0, 0}, N: 3, Weight: 2}}}
			for name, field := range map[string]neural.Field{"stiff": stiff(), "nonlinear": bent()} {
				p.Field = field
				s := pmp.Settings{Steps: 2, ShardWidth: 2, Solver: ode.Settings{Method: m}}
				diff, err := pmp.CheckGradient(context.Background(), p, s, theta, 3)
				if err != nil || diff > 1e-8 {
					t.Errorf("%s, %v, %s: off by %.2g, %v", m.Name(), kind, name, diff, err)
				}
				var grads [2][]float64
				for k := range grads {
					s.Threads = k + 1
					w, tr := sweep(t, p, s, theta)
					w.Backward(tr)
					grads[k] = tr.Grad
					if kind != pmp.CubicHermite {
						frozenSlopes(t, p, s, theta)
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
}

// frozenSlopes asserts that the Hamiltonian at frozen points has the gradient's slopes.
func frozenSlopes(t *testing.T, p *pmp.Problem, s pmp.Settings, theta []float64) {
	t.Helper()
	w, err := pmp.NewSweeper(p, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&pmp.SQH{Maximizer: pmp.HMax{}}).Init(context.Background(), w, theta); err != nil { // which asks for points
		t.Fatal(err)
	}
	tr := w.NewTrajectory()
	for range 2 {
		if err := w.Forward(context.Background(), tr, theta); err != nil {
			t.Fatal(err)
		}
		w.Backward(tr)
		w.Backward(tr)
	}
	f, g := w.NewFrozen(), make([]float64, len(theta))
	f.Freeze(tr)
	f.Gradient(g, theta)
	for i, v := range g {
		if math.Abs(v+tr.Grad[i]) > 1e-9*(1+math.Abs(v)) {
			t.Fatalf("%s: ∂H/∂θ[%d] = %.12g and ∂J/∂θ = %.12g", s.Solver.Method.Name(), i, v, tr.Grad[i])
		}
	}
	// And its values their differences, where no shift makes up for the slopes.
	if p.Control.Kind == pmp.PiecewiseConstant && len(p.Paths) == 0 {
		const h = 1e-5
		at := func(k int, by float64) float64 {
			moved := append([]float64(nil), theta...)
			moved[k] += by
			return f.Value(moved)
		}
		for i, v := range g {
			if slope := (at(i, h) - at(i, -h)) / (2 * h); math.Abs(slope-v) > 1e-6*(1+math.Abs(v)) {
				t.Errorf("%s: H̃ has the slope %.9g in θ[%d], its gradient is %.9g", s.Solver.Method.Name(), slope, i, v)
			}
		}
	}
}

// drifting is a running cost that depends on everything.
func drifting() *pmp.RunningFunc {
	return &pmp.RunningFunc{
		L: func(t float64, x, u []float64) float64 {
			return x[0]*x[0]*math.Cos(t) + 0.5*u[0]*math.Sin(x[1]) + 0.1*u[0]*u[0]*t
		},
		Grad: func(gx, gu []float64, t float64, x, u []float64) {
			gx[0], gx[1] = 2*x[0]*math.Cos(t), 0.5*u[0]*math.Cos(x[1])
			gu[0] = 0.5*math.Sin(x[1]) + 0.2*u[0]*t
		},
	}
}

// The running cost converges with the order of the method, as the state that it is.
func TestRosenbrockRunningCost(t *testing.T) {
	p := &pmp.Problem{Field: bent(), T1: 1, X0: []float64{0.8, 0.5}, Running: drifting()}
	_, exact := sweep(t, p, pmp.Settings{Solver: ode.Settings{Method: solvers.Verner98, RTol: 1e-13, ATol: 1e-14}}, []float64{0.9})
	for _, c := range []struct {
		method solvers.Method
		order  float64
	}{{solvers.Rosenbrock23, 2}, {solvers.Rodas5P, 5}} {
		var miss [2]float64
		for k, steps := range []int{10, 20} {
			_, tr := sweep(t, p, pmp.Settings{Steps: steps, Solver: ode.Settings{Method: c.method}}, []float64{0.9})
			miss[k] = math.Abs(tr.J - exact.J)
		}
		if order := math.Log2(miss[0] / miss[1]); order < c.order-0.5 {
			t.Errorf("%s: J is off by %.3g, with half the step by %.3g: order %.2f, want %g", c.method.Name(), miss[0], miss[1], order, c.order)
		}
	}
}

// bent depends on states, time and control in a nonlinear way: all second derivatives count.
func bent() neural.Field {
	return neural.Func{D: 2, P: 1,
		F: func(dx []float64, t float64, x, u []float64) {
			dx[0], dx[1] = math.Sin(x[1]*u[0])-x[0]*x[0]*x[0], math.Cos(t)*x[0]*x[1]-u[0]*u[0]*x[1]
		},
		VJP: func(px, pu []float64, t float64, x, u, p []float64) {
			c := math.Cos(x[1] * u[0])
			px[0] = -3*x[0]*x[0]*p[0] + math.Cos(t)*x[1]*p[1]
			px[1] = c*u[0]*p[0] + (math.Cos(t)*x[0]-u[0]*u[0])*p[1]
			pu[0] = c*x[1]*p[0] - 2*u[0]*x[1]*p[1]
		},
	}
}

// A stiff problem in few steps, with the states of package ode and the gradient of the problem.
func TestRosenbrockOnAStiffProblem(t *testing.T) {
	p := &pmp.Problem{
		Field: stiff(), T1: 3, X0: []float64{1, 0.5}, Terminal: &pmp.SquaredError{Target: []float64{0.3, 0}, N: 1, Weight: 2},
		Control: pmp.Control{Kind: pmp.PiecewiseConstant, Mesh: pmp.UniformMesh(0, 3, 3)},
	}
	theta := []float64{0.5, -0.4, 1}
	we, explicit := sweep(t, p, pmp.Settings{Solver: ode.Settings{RTol: 1e-9, ATol: 1e-11}}, theta)
	we.Backward(explicit)
	w, tr := sweep(t, p, pmp.Settings{Solver: ode.Settings{Method: solvers.Rodas5P, RTol: 1e-8, ATol: 1e-10}}, theta)
	w.Backward(tr)
	t.Logf("rodas5p %d steps, tsit5 %d", tr.Work.Accepted, explicit.Work.Accepted)
	for i, g := range tr.Grad {
		if math.Abs(g-explicit.Grad[i]) > 1e-5*math.Abs(explicit.Grad[i]) {
			t.Errorf("∂J/∂θ[%d] = %.9g, by tsit5 %.9g", i, g, explicit.Grad[i])
		}
	}
	if 5*tr.Work.Accepted > explicit.Work.Accepted {
		t.Errorf("%d steps, tsit5 %d", tr.Work.Accepted, explicit.Work.Accepted)
	}
	if times, x := tr.Path(0); len(times) != tr.Work.Accepted+1 || x[0][0] != 1 {
		t.Errorf("a path of %d points for %d steps", len(times), tr.Work.Accepted)
	}
	if c, err := w.Certify(context.Background(), theta); err != nil || c.CostateError > 1e-6 {
		t.Errorf("%v\n%v", err, c)
	}
}

func TestRosenbrockTrains(t *testing.T) {
	p, theta := regression(t, 4)
	s := pmp.Settings{Solver: ode.Settings{Method: solvers.Rodas5P, RTol: 1e-4, ATol: 1e-6}}
	_, start := sweep(t, p, s, theta)
	r := optimize(t, &pmp.QuasiNewton{}, p, s, theta, 30, math.Inf(-1))
	if !(r.best < 0.2*start.J) {
		t.Errorf("J from %.4g to %.4g only", start.J, r.best)
	}
	for name, o := range map[string]pmp.Optimizer{
		"emsa": &pmp.EMSA{}, "emsa, both penalties": &pmp.EMSA{PenalizeCostate: true, Maximizer: &pmp.LBFGS{}},
		"sqh": &pmp.SQH{Maximizer: pmp.HMax{}, Epsilon: 10}, "snopt": &pmp.SNOpt{},
	} {
		p, theta := regression(t, 4)
		if r := optimize(t, o, p, s, theta, 60, math.Inf(-1)); !(r.best < 0.5*start.J) {
			t.Errorf("%s: J from %.4g to %.4g only", name, start.J, r.best)
		}
	}
	w, err := pmp.NewSweeper(p, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []pmp.Optimizer{&pmp.Riccati{}, &pmp.GaussNewton{}} {
		if err := o.Init(context.Background(), w, theta); !errors.Is(err, pmp.ErrProblem) {
			t.Errorf("%s: got %v", o.Name(), err)
		}
	}
}

func TestRosenbrockSweepsAllocateNothing(t *testing.T) {
	p, theta := constrained(pmp.PiecewiseConstant)
	p.Field, p.Running = bent(), &pmp.Quadratic{Weight: []float64{1, 0.5}}
	sweepsAllocateNothing(t, p, pmp.Settings{Solver: ode.Settings{Method: solvers.Rodas5P}}, theta)
}

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

func reversible(m solvers.Method, steps int) pmp.Settings {
	return pmp.Settings{Costate: pmp.Reversible, Steps: steps, Solver: ode.Settings{Method: m}, ShardWidth: 2}
}

var reversibles = []solvers.Method{solvers.AsynchronousLeapfrog, solvers.ReversibleHeun}

// The gradient is that of the scheme itself, for all kinds of controls, with observations, breaks, running costs and constraints.
func TestReversibleGradient(t *testing.T) {
	for _, m := range reversibles {
		for _, kind := range []pmp.Kind{pmp.Constant, pmp.PiecewiseConstant, pmp.PiecewiseLinear} {
			p, theta := constrained(kind)
			p.Breaks = []float64{0.7}
			p.Terminal = &pmp.SquaredError{Target: []float64{1, 0, 0.5, 0.2, 0, 0}, N: 3, Weight: 1}
			p.Observations = []pmp.Observation{{T: 0.9, Cost: &pmp.SquaredError{Target: []float64{0.3, 0, 0.1, 0.4, 0, 0}, N: 3, Weight: 2}}}
			diff, err := pmp.CheckGradient(context.Background(), p, reversible(m, 3), theta, 3)
			if err != nil || diff > 1e-8 {
				t.Errorf("%s, %v: off by %.2g, %v", m.Name(), kind, diff, err)
			}
			// One thread or two, the same bits.
			var grads [2][]float64
			for k := range grads {
				s := reversible(m, 3)
				s.Threads = k + 1
				w, tr := sweep(t, p, s, theta)
				w.Backward(tr)
				grads[k] = tr.Grad
			}
			for i, g := range grads[0] {
				if g != grads[1][i] {
					t.Fatalf("%s, %v: gradients %v and %v", m.Name(), kind, g, grads[1][i])
				}
			}
		}
	}
}

// The states are those of package ode with the same method and steps, and their error falls with the square of the step.
func TestReversibleStates(t *testing.T) {
	for _, m := range reversibles {
		p := &pmp.Problem{
			Field: neural.Func{D: 2, P: 1, F: func(dx []float64, _ float64, x, u []float64) { dx[0], dx[1] = x[1], -u[0]*math.Sin(x[0]) }},
			T1:    2, X0: []float64{1, 0}, Terminal: &pmp.Linear{Weight: []float64{1, 1}},
		}
		f := func(dx []float64, _ float64, x []float64) { dx[0], dx[1] = x[1], -math.Sin(x[0]) }
		exact, err := ode.Solve(context.Background(), ode.Problem{F: f, X0: p.X0, T1: 2}, ode.Settings{RTol: 1e-12, ATol: 1e-12})
		if err != nil {
			t.Fatal(err)
		}
		var errs []float64
		for _, steps := range []int{40, 80} {
			sol, err := ode.Solve(context.Background(), ode.Problem{F: f, X0: p.X0, T1: 2}, ode.Settings{Method: m, Step: 2 / float64(steps)})
			if err != nil {
				t.Fatal(err)
			}
			_, tr := sweep(t, p, reversible(m, steps), []float64{1})
			x := tr.Final(nil)
			for i, v := range sol.Final() {
				if math.Abs(x[i]-v) > 1e-12 {
					t.Errorf("%s: x%d = %.15g, by package ode %.15g", m.Name(), i, x[i], v)
				}
			}
			errs = append(errs, math.Hypot(x[0]-exact.Final()[0], x[1]-exact.Final()[1]))
		}
		if order := math.Log2(errs[0] / errs[1]); order < 1.8 || order > 2.5 {
			t.Errorf("%s: order %.2f", m.Name(), order)
		}
	}
}

// What a trajectory holds does not depend on the number of steps, and a sweep allocates nothing.
func TestReversibleKeepsNothing(t *testing.T) {
	p, theta := constrained(pmp.PiecewiseLinear)
	p.Field = nonlinearPair()
	var bytes [2]int64
	for k, steps := range []int{5, 500} {
		w, err := pmp.NewSweeper(p, reversible(solvers.AsynchronousLeapfrog, steps))
		if err != nil {
			t.Fatal(err)
		}
		f, err := w.Footprint(context.Background(), theta)
		if err != nil {
			t.Fatal(err)
		}
		bytes[k] = f.Trajectory
		tr := w.NewTrajectory()
		run := func() {
			if err := w.Forward(context.Background(), tr, theta); err != nil {
				t.Fatal(err)
			}
			w.Backward(tr)
		}
		run()
		if n := testing.AllocsPerRun(3, run); n != 0 && !raceDetector {
			t.Errorf("%d steps: %v allocations", steps, n)
		}
		if tr.Work.Accepted != 7*steps*2 || tr.Work.Backward == 0 {
			t.Errorf("work %+v", tr.Work)
		}
	}
	if bytes[0] != bytes[1] {
		t.Errorf("%d bytes for few steps and %d for many", bytes[0], bytes[1])
	}
}

// nonlinearPair is a field of two states and one control with derivatives.
func nonlinearPair() neural.Field {
	return neural.Func{D: 2, P: 1,
		F: func(dx []float64, _ float64, x, u []float64) { dx[0], dx[1] = x[1], u[0]-x[0]*x[0]*x[0] },
		VJP: func(px, pu []float64, _ float64, x, _, p []float64) {
			px[0], px[1], pu[0] = -3*x[0]*x[0]*p[1], p[0], p[1]
		},
	}
}

func TestReversibleTrains(t *testing.T) {
	p, theta := regression(t, 4)
	for _, m := range reversibles {
		s := reversible(m, 2)
		_, start := sweep(t, p, s, theta)
		r := optimize(t, &pmp.QuasiNewton{}, p, s, theta, 60, math.Inf(-1))
		if !(r.best < 0.1*start.J) {
			t.Errorf("%s: J from %.4g to %.4g only", m.Name(), start.J, r.best)
		}
		w, err := pmp.NewSweeper(p, s)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := w.Certify(context.Background(), r.last.Theta); err != nil || c.CostateError > 1e-7 {
			t.Errorf("%s: %v\n%v", m.Name(), err, c)
		}
	}
}

func TestReversibleRefuses(t *testing.T) {
	p, _ := constrained(pmp.PiecewiseLinear)
	for name, s := range map[string]pmp.Settings{
		"tableau":  {Costate: pmp.Reversible, Steps: 3},
		"discrete": {Steps: 3, Solver: ode.Settings{Method: solvers.ReversibleHeun}},
		"adaptive": {Costate: pmp.Reversible, Solver: ode.Settings{Method: solvers.ReversibleHeun}},
	} {
		if _, err := pmp.NewSweeper(p, s); !errors.Is(err, pmp.ErrProblem) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

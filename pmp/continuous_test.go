package pmp_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/solvers"
)

var continuous = []pmp.CostateKind{pmp.Interpolated, pmp.Backsolve}

// gradientError is the largest difference between two gradients over the largest entry.
func gradientError(got, want []float64) float64 {
	diff, size := 0.0, 0.0
	for i, v := range want {
		diff, size = max(diff, math.Abs(got[i]-v)), max(size, math.Abs(v))
	}
	return diff / size
}

// The gradient of a continuous costate comes to that of the exact problem as tolerances get small, with running costs,
// observations, and every kind of control.
func TestContinuousCostatesConverge(t *testing.T) {
	for _, costate := range continuous {
		for _, kind := range kinds {
			t.Run(fmt.Sprintf("%v/%v", costate, kind), func(t *testing.T) {
				p, theta := network(t, kind, 5, 2)
				_, exact := sweep(t, p, pmp.Settings{Solver: ode.Settings{RTol: 1e-12, ATol: 1e-13}}, theta)
				last := math.Inf(1)
				for _, tol := range []float64{1e-4, 1e-6, 1e-8} {
					s := pmp.Settings{Costate: costate, Solver: ode.Settings{RTol: tol, ATol: tol}}
					_, tr := sweep(t, p, s, theta)
					if tr.Err() != nil {
						t.Fatal(tr.Err())
					}
					err := gradientError(tr.Grad, exact.Grad)
					t.Logf("tolerance %.0e: error %.2g, %d evaluations and %d products", tol, err, tr.Work.Forward, tr.Work.Backward)
					if err > 1e3*tol || err > last {
						t.Errorf("tolerance %.0e: gradient off by %.2g", tol, err)
					}
					last = err
				}
				s := pmp.Settings{Costate: costate, Steps: 12}
				_, tr := sweep(t, p, s, theta)
				if err := gradientError(tr.Grad, exact.Grad); err > 1e-6 {
					t.Errorf("fixed steps: gradient off by %.2g", err)
				}
			})
		}
	}
}

func TestContinuousCostatesInParallel(t *testing.T) {
	for _, costate := range continuous {
		p, theta := network(t, pmp.PiecewiseConstant, 37, 4)
		s := pmp.Settings{ShardWidth: 8, Costate: costate}
		_, one := sweep(t, p, s, theta)
		for _, threads := range []int{2, 3, 7} {
			s.Threads = threads
			w, many := sweep(t, p, s, theta)
			for again := range 2 {
				for i, v := range one.Grad {
					if many.Grad[i] != v {
						t.Fatalf("%v, %d threads, sweep %d: ∇J[%d] = %v, want %v", costate, threads, again, i, many.Grad[i], v)
					}
				}
				w.Backward(many)
			}
		}
		if raceDetector {
			continue
		}
		s.Threads = 1
		w, tr := sweep(t, p, s, theta)
		if n := testing.AllocsPerRun(3, func() {
			if err := w.Forward(context.Background(), tr, theta); err != nil {
				t.Fatal(err)
			}
			w.Backward(tr)
		}); n != 0 {
			t.Errorf("%v: sweeps allocate %v times", costate, n)
		}
	}
}

// Where the dynamics contract, the way back is unstable: states cannot be had by integrating backward, and the dense output
// holds.
func TestBacksolveFailsOnContraction(t *testing.T) {
	p := &pmp.Problem{
		Field: &neural.Func{D: 1, P: 1,
			F:   func(dx []float64, t float64, x, u []float64) { dx[0] = -40*(x[0]-math.Cos(t)) + u[0] },
			VJP: func(px, pu []float64, _ float64, x, u, p []float64) { px[0], pu[0] = -40*p[0], p[0] }},
		T1: 1, X0: []float64{2}, Terminal: &pmp.SquaredError{Target: []float64{0}, N: 1, Weight: 1},
		Running: &pmp.Quadratic{Weight: []float64{1}},
	}
	gradient := func(kind pmp.CostateKind, tol float64) float64 {
		w, err := pmp.NewSweeper(p, pmp.Settings{Costate: kind, Solver: ode.Settings{RTol: tol, ATol: tol}})
		if err != nil {
			t.Fatal(err)
		}
		tr := w.NewTrajectory()
		if err := w.Forward(context.Background(), tr, []float64{0.5}); err != nil {
			t.Fatal(err)
		}
		w.Backward(tr)
		return tr.Grad[0]
	}
	want := gradient(pmp.Discrete, 1e-11)
	held, lost := gradient(pmp.Interpolated, 1e-8)-want, gradient(pmp.Backsolve, 1e-8)-want
	t.Logf("gradient %.8g; interpolated off by %.2g, backsolve by %.2g", want, held, lost)
	if !(math.Abs(held) < 1e-5*math.Abs(want)) {
		t.Errorf("interpolated is off by %.2g", held)
	}
	if math.Abs(lost) < 100*math.Abs(held) {
		t.Errorf("backsolve is off by %.2g only", lost)
	}
}

func TestContinuousCostatesTrain(t *testing.T) {
	for _, costate := range continuous {
		p, theta := network(t, pmp.Constant, 9, 1)
		for _, o := range []pmp.Optimizer{&pmp.Gradient{Rule: pmp.Adam, Rate: 0.05}, &pmp.QuasiNewton{}} {
			w, err := pmp.NewSweeper(p, pmp.Settings{Costate: costate})
			if err != nil {
				t.Fatal(err)
			}
			if err := o.Init(context.Background(), w, theta); err != nil {
				t.Fatal(err)
			}
			var losses []float64
			for range 20 {
				it, err := o.Step(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				losses = append(losses, it.Loss)
			}
			if !(losses[19] < 0.9*losses[0]) {
				t.Errorf("%v, %s: loss from %v to %v", costate, o.Name(), losses[0], losses[19])
			}
		}
		w, err := pmp.NewSweeper(p, pmp.Settings{Costate: costate})
		if err != nil {
			t.Fatal(err)
		}
		if err := (&pmp.SQH{}).Init(context.Background(), w, theta); !errors.Is(err, pmp.ErrProblem) {
			t.Errorf("sqh: %v", err)
		}
		if _, err := pmp.NewSweeper(p, pmp.Settings{Costate: costate, Interpolate: true}); !errors.Is(err, pmp.ErrProblem) {
			t.Errorf("interpolation: %v", err)
		}
	}
	p, _ := network(t, pmp.Constant, 3, 1)
	if _, err := pmp.NewSweeper(p, pmp.Settings{Costate: pmp.Interpolated, Solver: ode.Settings{Method: solvers.Verner76}}); !errors.Is(err, pmp.ErrProblem) {
		t.Errorf("vern7: %v", err)
	}
}

func TestParseCostate(t *testing.T) {
	for _, k := range []pmp.CostateKind{pmp.Discrete, pmp.Checkpointed, pmp.Interpolated, pmp.Backsolve} {
		if got, err := pmp.ParseCostate(k.String()); err != nil || got != k {
			t.Errorf("%v: %v, %v", k, got, err)
		}
	}
	if _, err := pmp.ParseCostate("adjoint"); err == nil {
		t.Error("adjoint is a costate")
	}
}

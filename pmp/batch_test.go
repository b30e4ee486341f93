package pmp_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/costate-go/costate/internal/rng"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
)

// Where the slope is always 1 its average is 1 from the first batch on, and θ⁺ = (2εθ + 1)/(2ε + ν) up to the bound.
func TestBatchFollowsTheFormula(t *testing.T) {
	const eps, nu = 2.0, 0.3
	p := &pmp.Problem{
		Field: neural.Func{D: 1, P: 1, F: func(dx []float64, _ float64, _, u []float64) { dx[0] = u[0] }},
		T1:    1, X0: []float64{0}, Terminal: &pmp.Linear{Weight: []float64{-1}},
		Control: pmp.Control{Kind: pmp.PiecewiseConstant, Mesh: pmp.UniformMesh(0, 1, 3), L2: nu, Upper: []float64{1.2}},
	}
	w, err := pmp.NewSweeper(p, rk4(1))
	if err != nil {
		t.Fatal(err)
	}
	o := &pmp.Batch{Average: 0.9, Epsilon: eps, Fixed: true}
	if err := o.Init(context.Background(), w, make([]float64, 3)); err != nil {
		t.Fatal(err)
	}
	want := 0.0
	for range 40 {
		if _, err := o.Step(context.Background()); err != nil {
			t.Fatal(err)
		}
		o.Refresh()
		want = min((2*eps*want+1)/(2*eps+nu), 1.2)
		for _, u := range o.Theta() {
			if math.Abs(u-want) > 1e-7 {
				t.Fatalf("θ = %.9g, want %.9g", u, want)
			}
		}
	}
	if want != 1.2 {
		t.Error("the bound was not reached")
	}
	if err := (&pmp.Batch{Average: 1}).Init(context.Background(), w, make([]float64, 3)); !errors.Is(err, pmp.ErrProblem) {
		t.Errorf("got %v", err)
	}
}

// A linear system with few couplings is found from mini-batches of its flow, with the others exactly at zero.
func TestBatchFindsASparseSystem(t *testing.T) {
	const n, size, d = 64, 8, 3
	field, err := neural.NewMLP(neural.MLPConfig{Dim: d})
	if err != nil {
		t.Fatal(err)
	}
	truth := make([]float64, field.NumParams())
	truth[0], truth[1], truth[5], truth[8] = -0.5, 0.8, -1, 0.4
	src := rng.New(2)
	x := make([]float64, d*n)
	for i := range x {
		x[i] = src.Normal()
	}
	cost := &pmp.SquaredError{Target: make([]float64, d*n), N: n, Weight: 1}
	p := &pmp.Problem{Field: field, T1: 1, X0: x, Terminal: cost}
	_, tr := sweep(t, p, rk4(5), truth)
	cost.Target = tr.Final(nil)
	batch := &pmp.SquaredError{Target: make([]float64, d*size), N: size, Weight: 1}
	q := &pmp.Problem{Field: field, T1: 1, X0: make([]float64, d*size), Terminal: batch, Control: pmp.Control{L0: 2e-3}}
	w, err := pmp.NewSweeper(q, rk4(5))
	if err != nil {
		t.Fatal(err)
	}
	o := &pmp.Batch{Average: 0.8}
	theta := make([]float64, len(truth))
	for i := range theta {
		theta[i] = 0.3 * src.Normal()
	}
	if err := o.Init(context.Background(), w, theta); err != nil {
		t.Fatal(err)
	}
	for range 600 {
		for s := range size {
			k := int(src.Float64() * n)
			for i := range d {
				q.X0[i*size+s], batch.Target[i*size+s] = x[i*n+k], cost.Target[i*n+k]
			}
		}
		o.Refresh()
		if _, err := o.Step(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	for i, v := range o.Theta() {
		if truth[i] == 0 && v != 0 || math.Abs(v-truth[i]) > 1e-3 {
			t.Errorf("parameter %d is %.6g, want %g", i, v, truth[i])
		}
	}
}

// At an optimum there is nothing to do, and they say so: by the tolerance, by a control that stays, or by no step that lowers J.
func TestBatchMethodsSayWhyTheyStop(t *testing.T) {
	for name, tc := range map[string]struct {
		o    pmp.Optimizer
		want pmp.StopReason
	}{
		"batch, tolerance":  {&pmp.Batch{Tolerance: 1e-4}, pmp.Stationary},
		"snopt, tolerance":  {&pmp.SNOpt{Tolerance: 1e-4}, pmp.Stationary},
		"snopt, no descent": {&pmp.SNOpt{}, pmp.NoProgress},
	} {
		field, err := neural.NewMLP(neural.MLPConfig{Dim: 1})
		if err != nil {
			t.Fatal(err)
		}
		p := &pmp.Problem{
			Field: field, T1: 1, X0: []float64{-1, 1}, Terminal: &pmp.SquaredError{Target: []float64{-2, 0.5}, N: 2, Weight: 1},
			Control: pmp.Control{L2: 1e-3},
		}
		r := optimize(t, tc.o, p, rk4(4), []float64{0.1, 0.2}, 20000, math.Inf(-1))
		if r.last.Stop != tc.want || r.last.Message == "" {
			t.Errorf("%s: %v after %d iterations, ‖∂J/∂θ‖ = %.3g: %s", name, r.last.Stop, len(r.losses), r.last.GradNorm, r.last.Message)
		}
	}
	p := &pmp.Problem{
		Field: neural.Func{D: 1, P: 1, F: func(dx []float64, _ float64, _, u []float64) { dx[0] = u[0] }}, T1: 1, X0: []float64{0},
		Terminal: &pmp.Linear{Weight: []float64{-1}}, Control: pmp.Control{Lower: []float64{-1}, Upper: []float64{1}},
	}
	if r := optimize(t, &pmp.Batch{}, p, rk4(1), []float64{0}, 1000, math.Inf(-1)); r.last.Stop != pmp.Converged || r.last.Theta[0] != 1 {
		t.Errorf("at a bound: %v, θ = %v", r.last.Stop, r.last.Theta)
	}
}

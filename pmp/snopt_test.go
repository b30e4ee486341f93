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

// For a single affine layer, one Euler step and squared errors the curvature is I ⊗ ⟨zzᵀ⟩. Where the residuals have no preferred direction B is a
// multiple of I: the step is Newton's up to the rate, and with the right rate lands on the optimum at once.
func TestSNOptIsNewtonWhereItsFactorsAreExact(t *testing.T) {
	const n, d = 24, 2
	field, err := neural.NewMLP(neural.MLPConfig{Dim: d})
	if err != nil {
		t.Fatal(err)
	}
	src := rng.New(8)
	p := &pmp.Problem{Field: field, T1: 1, X0: make([]float64, d*n)}
	cost := &pmp.SquaredError{Target: make([]float64, d*n), N: n, Weight: 0.5}
	theta := make([]float64, field.NumParams())
	for i := range theta {
		theta[i] = 0.3 * src.Normal()
	}
	for s := range n {
		p.X0[s], p.X0[n+s] = 3*src.Normal(), 0.2*src.Normal()+1 // badly scaled inputs
	}
	p.Terminal = cost
	_, tr := sweep(t, p, euler(), theta)
	end := tr.Final(nil)
	for s := range n { // residuals go once round the circle
		a := 2 * math.Pi * float64(s) / n
		cost.Target[s], cost.Target[n+s] = end[s]+math.Cos(a), end[n+s]+math.Sin(a)
	}
	best := optimize(t, &pmp.QuasiNewton{}, p, euler(), theta, 100, math.Inf(-1))
	w, err := pmp.NewSweeper(p, euler())
	if err != nil {
		t.Fatal(err)
	}
	// B = ½I, so that α = ½ makes the step Newton's.
	o := &pmp.SNOpt{Rate: 0.5, Damping: 1e-24, Fixed: true}
	if err := o.Init(context.Background(), w, theta); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Step(context.Background()); err != nil {
		t.Fatal(err)
	}
	for i, v := range o.Theta() {
		if want := best.last.Theta[i]; math.Abs(v-want) > 1e-6 {
			t.Errorf("θ[%d] = %.9g after one step, the optimum is %.9g", i, v, want)
		}
	}
}

func TestSNOptRefuses(t *testing.T) {
	for name, p := range map[string]*pmp.Problem{
		"functions": prey(t), "float32": {Field: withPrecision(t, neural.Float32), T1: 1, X0: []float64{1, 2}, Terminal: &pmp.Linear{Weight: []float64{1, 1}}},
	} {
		w, err := pmp.NewSweeper(p, pmp.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		if err := (&pmp.SNOpt{}).Init(context.Background(), w, make([]float64, w.NumControls())); !errors.Is(err, pmp.ErrProblem) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Samples with times of their own: the warped field passes the factors on.
func TestSNOptThroughAWarp(t *testing.T) {
	field, err := neural.NewMLP(neural.MLPConfig{Dim: 1, Hidden: []int{4}})
	if err != nil {
		t.Fatal(err)
	}
	p := &pmp.Problem{
		Field: &pmp.Warp{Field: field, Grid: []float64{0, 1}, Times: []float64{0, 0, 1, 1.5}, N: 2}, T1: 1, X0: []float64{-1, 1},
		Terminal: &pmp.SquaredError{Target: []float64{-1.5, 0.5}, N: 2, Weight: 1},
	}
	theta := make([]float64, field.NumParams())
	field.Init(theta, 2)
	r := optimize(t, &pmp.SNOpt{}, p, rk4(4), theta, 60, 1e-6)
	if r.reached == 0 {
		t.Errorf("J = %.3g", r.best)
	}
}

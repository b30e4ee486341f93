package pmp_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
)

// A point in the plane with |u| ≤ 1 cannot reach (3, 4) from the origin within time 1: u = (0.6, 0.8) throughout, J = ½ 4².
func TestControlInABall(t *testing.T) {
	for name, o := range map[string]pmp.Optimizer{"sqh": &pmp.SQH{}, "msa": &pmp.MSA{}, "sgd": &pmp.Gradient{Rule: pmp.SGD, Rate: 2}} {
		p := &pmp.Problem{
			Field: neural.Func{D: 2, P: 2,
				F:   func(dx []float64, _ float64, _, u []float64) { copy(dx, u) },
				VJP: func(px, pu []float64, _ float64, _, _, p []float64) { clear(px); copy(pu, p) },
			},
			T1: 1, X0: []float64{0, 0}, Affine: true,
			Terminal: &pmp.SquaredError{Target: []float64{3, 4}, N: 1, Weight: 0.5},
			Control:  pmp.Control{Kind: pmp.PiecewiseConstant, Mesh: pmp.UniformMesh(0, 1, 10), Radius: 1},
		}
		start := make([]float64, 20)
		for i := range start {
			start[i] = 2 * math.Sin(float64(i)) // projected onto the ball
		}
		r := optimize(t, o, p, rk4(1), start, 300, math.Inf(-1))
		if math.Abs(r.last.Loss-8) > 1e-6 {
			t.Errorf("%s: J = %.9g, want 8 (%v)", name, r.last.Loss, r.last.Stop)
		}
		w, err := pmp.NewSweeper(p, rk4(1))
		if err != nil {
			t.Fatal(err)
		}
		good, err := w.Certify(context.Background(), o.Theta())
		if bad := good.Failed(1e-3); err != nil || len(bad) > 0 || !good.Exact || good.OnBounds < 0.99 {
			t.Errorf("%s: %v %v\n%v", name, bad, err, good)
		}
		inside := append([]float64(nil), o.Theta()...)
		inside[4], inside[5] = 0.3, -0.2
		poor, err := w.Certify(context.Background(), inside)
		if err != nil || len(poor.Failed(1e-3)) == 0 {
			t.Errorf("%s: the certificate of a wrong control holds", name)
		}
	}
	p := oscillator(pmp.PiecewiseConstant, 4)
	p.Control.Radius, p.Control.Lower = 1, []float64{0}
	if _, err := pmp.NewSweeper(p, rk4(1)); !errors.Is(err, pmp.ErrBound) {
		t.Errorf("radius and bounds: got %v", err)
	}
}

// ẋ = 2t u from 2 on [0, 1] with ½∫u² + ½∫[u ≠ 0] dt + ⅗ x(1)². With p = −1 the Hamiltonian −2tu − ½u² − ½ is positive at its maximum
// u = −2t from t = ½ on: x(1) = 2 − 7/6 = 5/6 makes p = −1 true, and J = 7/12 + 1/4 + 5/12.
func TestSparseControl(t *testing.T) {
	const n = 100
	p := &pmp.Problem{
		Field: neural.Func{D: 1, P: 1,
			F:   func(dx []float64, t float64, _, u []float64) { dx[0] = 2 * t * u[0] },
			VJP: func(px, pu []float64, t float64, _, _, p []float64) { px[0], pu[0] = 0, 2*t*p[0] },
		},
		T1: 1, X0: []float64{2}, Affine: true, Terminal: &pmp.SquaredError{Target: []float64{0}, N: 1, Weight: 0.6},
		Control: pmp.Control{Kind: pmp.PiecewiseConstant, Mesh: pmp.UniformMesh(0, 1, n), L2: 1, L0: 0.5},
	}
	o := &pmp.SQH{}
	r := optimize(t, o, p, rk4(1), make([]float64, n), 500, math.Inf(-1))
	t.Logf("J = %.9g after %d solves", r.last.Loss, r.solves)
	if math.Abs(r.last.Loss-1.25) > 1e-4 {
		t.Errorf("J = %.9g, want 1.25 (%v)", r.last.Loss, r.last.Stop)
	}
	for k, u := range r.last.Theta {
		at := (float64(k) + 0.5) / n
		if at < 0.47 && u != 0 || at > 0.53 && math.Abs(u+2*at) > 0.02 {
			t.Errorf("u(%.3f) = %g", at, u)
		}
	}
	w, err := pmp.NewSweeper(p, rk4(1))
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.Certify(context.Background(), r.last.Theta)
	if bad := c.Failed(1e-3); err != nil || len(bad) > 0 || len(c.Switches) != 1 || math.Abs(c.Switches[0]-0.5) > 0.03 {
		t.Errorf("%v %v\n%v", bad, err, c)
	}
}

package pmp_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/problems"
	"github.com/costate-go/costate/solvers"
)

// cubic are the nodes of t³ − 2t² + 1 on a mesh.
func cubic(mesh []float64) []float64 {
	var theta []float64
	for k, t := range mesh {
		width := mesh[min(k+1, len(mesh)-1)] - mesh[max(k-1, 0)]
		if k > 0 && k < len(mesh)-1 {
			width /= 2
		}
		theta = append(theta, t*t*t-2*t*t+1, (3*t*t-4*t)*width)
	}
	return theta
}

// Cubic polynomials are reproduced on any mesh and carried to others, and their price is exact.
func TestHermiteControl(t *testing.T) {
	mesh := []float64{0, 0.3, 1.1, 2}
	c := pmp.Control{Kind: pmp.CubicHermite, Mesh: mesh, L2: 2}
	fine := pmp.Control{Kind: pmp.CubicHermite, Mesh: []float64{0, 0.3, 0.5, 1.1, 1.2, 1.7, 2}}
	theta := cubic(mesh)
	moved := c.Transfer(theta, fine.Mesh, 1)
	for k := range 41 {
		at := float64(k) / 20
		want := at*at*at - 2*at*at + 1
		if a, b := c.At(make([]float64, 1), theta, at)[0], fine.At(make([]float64, 1), moved, at)[0]; math.Abs(a-want) > 1e-12 || math.Abs(b-want) > 1e-12 {
			t.Fatalf("u(%g) = %g, on the finer mesh %g, want %g", at, a, b, want)
		}
	}
	p := problems.ScalarLQR().Problem(pmp.Constant, 1)
	p.T1, p.Running, p.Control = 2, nil, c
	_, tr := sweep(t, p, rk4(4), theta)
	// ∫ u² of t³ − 2t² + 1 on [0, 2].
	want := 128.0/7 - 4.0/6*64 + 4.0/5*32 + 2.0/4*16 - 4.0/3*8 + 2
	if math.Abs(tr.J-want) > 1e-12 {
		t.Errorf("∫u² = %.12g, want %.12g", tr.J, want)
	}
}

func TestHermiteGradient(t *testing.T) {
	for _, s := range []pmp.Settings{
		{}, {Costate: pmp.Checkpointed}, {Costate: pmp.Symplectic}, {Steps: 3, Solver: ode.Settings{Method: solvers.Kvaerno4}},
		reversible(solvers.AsynchronousLeapfrog, 3), reversible(solvers.ReversibleHeun, 3),
	} {
		p, theta := constrained(pmp.CubicHermite)
		p.Field = stiff()
		if s.Costate == pmp.Reversible || s.Solver.Method == nil {
			p.Field = nonlinearPair()
		}
		if diff, err := pmp.CheckGradient(context.Background(), p, s, theta, 3); err != nil || diff > 1e-7 {
			t.Errorf("%+v: off by %.2g, %v", s, diff, err)
		}
	}
	// Continuous costates have the gradient up to their tolerance.
	p, theta := constrained(pmp.CubicHermite)
	p.Field, p.Paths = nonlinearPair(), nil
	tight := ode.Settings{RTol: 1e-10, ATol: 1e-10}
	w, tr := sweep(t, p, pmp.Settings{Solver: tight}, theta)
	w.Backward(tr)
	for _, kind := range []pmp.CostateKind{pmp.Interpolated, pmp.Backsolve} {
		v, other := sweep(t, p, pmp.Settings{Solver: tight, Costate: kind}, theta)
		v.Backward(other)
		for i, g := range tr.Grad {
			if math.Abs(g-other.Grad[i]) > 1e-6 {
				t.Errorf("%v: ∂J/∂θ[%d] = %.9g, discrete %.9g", kind, i, other.Grad[i], g)
			}
		}
	}
}

// Where the optimal control is smooth u is found with the fourth power of the mesh width, and J with more.
func TestHermiteConverges(t *testing.T) {
	s := pmp.Settings{Solver: ode.Settings{Method: solvers.Verner98, RTol: 1e-13, ATol: 1e-13}}
	var errs []float64
	for _, n := range []int{1, 2, 4} {
		p := problems.ScalarLQR().Problem(pmp.CubicHermite, n)
		r := optimize(t, &pmp.QuasiNewton{}, p, s, make([]float64, 2*(n+1)), 100, math.Inf(-1))
		errs = append(errs, r.last.Loss-0.5*math.Tanh(1))
		for k := range n + 1 { // u = −sinh(1 − t)/cosh 1
			at := float64(k) / float64(n)
			if u, want := r.last.Theta[2*k], -math.Sinh(1-at)/math.Cosh(1); n == 4 && math.Abs(u-want) > 1e-5 {
				t.Errorf("u(%g) = %.9g, want %.9g", at, u, want)
			}
		}
		w, tr := sweep(t, p, s, r.last.Theta)
		w.Backward(tr)
		if list, err := w.Residuals(tr); err != nil || len(list) != n {
			t.Errorf("%v, %v", list, err)
		}
		if c, err := w.Certify(context.Background(), r.last.Theta); err != nil || c.Stationarity > 1e-6 || c.Residual > 1e-9 {
			t.Errorf("%v\n%v", err, c)
		}
	}
	t.Logf("J − J*: %.3g", errs)
	if errs[0] < 0 || errs[1] > errs[0]/40 || errs[2] > 1e-9 {
		t.Errorf("J − J* = %.3g", errs)
	}
	// The same number of unknowns with a piecewise linear control.
	linear := optimize(t, &pmp.QuasiNewton{}, problems.ScalarLQR().Problem(pmp.PiecewiseLinear, 9), s, make([]float64, 10), 100, math.Inf(-1))
	if d := linear.last.Loss - 0.5*math.Tanh(1); d < 100*errs[2] {
		t.Errorf("J − J* = %.3g with a piecewise linear control and %.3g with a cubic one", d, errs[2])
	}
}

func TestHermiteRefuses(t *testing.T) {
	p := problems.VanDerPolBounded().Problem(pmp.CubicHermite, 4)
	if _, err := pmp.NewSweeper(p, rk4(1)); !errors.Is(err, pmp.ErrBound) {
		t.Errorf("bounds: got %v", err)
	}
	p = problems.ScalarLQR().Problem(pmp.CubicHermite, 4)
	w, err := pmp.NewSweeper(p, rk4(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []pmp.Optimizer{&pmp.SQH{}, &pmp.MSA{}, &pmp.EMSA{}, &pmp.SNOpt{}, &pmp.Batch{}, &pmp.Riccati{}, &pmp.GaussNewton{}} {
		if err := o.Init(context.Background(), w, make([]float64, 10)); !errors.Is(err, pmp.ErrProblem) {
			t.Errorf("%s: got %v", o.Name(), err)
		}
	}
}

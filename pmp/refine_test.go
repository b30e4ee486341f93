package pmp_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/problems"
)

// Few intervals where they are needed: with the bounds reached and left at known times, 18 intervals do what thousands of equal ones would. The
// residual says how far J is from the optimum.
func TestRefinementFindsKinks(t *testing.T) {
	c := problems.DoubleIntegratorBounded()
	reached := (1 - math.Sqrt(0.6)) / 2
	// ½∫u² = ½·25·2·reached + ½∫ of a line from 5 to −5.
	c.Optimal = 25*reached + 25.0/6*(1-2*reached)
	make1 := func() pmp.Optimizer {
		return &pmp.AugmentedLagrangian{Inner: &pmp.Riccati{}, Tolerance: 1e-10}
	}
	r, err := pmp.Refinement{
		Problem: c.Problem(pmp.PiecewiseLinear, 10), Settings: rk4(1), Optimizer: make1, Tolerance: 1e-8,
	}.Solve(context.Background(), make([]float64, 11))
	if err != nil {
		t.Fatal(err)
	}
	mesh := r.Problem.Control.Mesh
	gap := r.J - c.Optimal
	uniform := optimize(t, make1(), c.Problem(pmp.PiecewiseLinear, len(mesh)-1), rk4(1), make([]float64, len(mesh)), 2000, math.Inf(-1))
	t.Logf("%v: %d intervals, J − J* = %.3g, residual %.3g, %d solves; uniform %.3g", r.Stop, len(mesh)-1, gap, r.Residual, r.Work.Solves, uniform.last.Loss-c.Optimal)
	if r.Stop != pmp.Converged || len(mesh) > 30 || gap > 3*r.Residual+1e-9 || gap < -1e-9 || 100*gap > uniform.last.Loss-c.Optimal {
		t.Errorf("%v: %d intervals, J − J* = %.3g, residual %.3g", r.Stop, len(mesh)-1, gap, r.Residual)
	}
	for _, kink := range []float64{reached, 1 - reached} {
		finest := math.Inf(1)
		for e := 1; e < len(mesh); e++ {
			if mesh[e-1] <= kink && kink <= mesh[e] {
				finest = mesh[e] - mesh[e-1]
			}
		}
		if finest > 0.02 {
			t.Errorf("an interval of %.3g at the kink %.4f", finest, kink)
		}
	}
	for k := 1; k < len(r.Rounds); k++ {
		if r.Rounds[k].Residual > r.Rounds[k-1].Residual {
			t.Errorf("the residual grew: %+v", r.Rounds)
		}
	}
}

// The intervals' residuals add up to what J can still fall by, for smooth controls and steps of the mesh's width.
func TestResidualsMeasureTheGap(t *testing.T) {
	c := problems.VanDerPolBounded()
	p := c.Problem(pmp.PiecewiseConstant, 40)
	o := &pmp.Riccati{}
	r := optimize(t, o, p, rk4(4), make([]float64, 40), 100, math.Inf(-1))
	w, tr := sweep(t, p, rk4(4), r.last.Theta)
	w.Backward(tr)
	list, err := w.Residuals(tr)
	if err != nil || len(list) != 40 {
		t.Fatal(list, err)
	}
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	if gap := r.last.Loss - c.Optimal; math.Abs(sum-gap) > 0.1*gap {
		t.Errorf("residuals of %.4g, and J is %.4g above the optimum", sum, gap)
	}
	q, theta := constrained(pmp.PiecewiseConstant)
	w, tr = sweep(t, q, rk4(2), theta)
	w.Backward(tr)
	if _, err := w.Residuals(tr); !errors.Is(err, pmp.ErrProblem) {
		t.Errorf("not affine: got %v", err)
	}
}

func TestRefinementStopsAtItsLimits(t *testing.T) {
	r, err := pmp.Refinement{
		Problem: problems.VanDerPolBounded().Problem(pmp.PiecewiseLinear, 8), Settings: rk4(2), Optimizer: func() pmp.Optimizer { return &pmp.Riccati{} }, Intervals: 12,
	}.Solve(context.Background(), make([]float64, 9))
	if err != nil || r.Stop != pmp.NoProgress || r.Message == "" || len(r.Problem.Control.Mesh) != 13 || len(r.Theta) != 13 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A control on a finer mesh is the same function of time.
func TestTransfer(t *testing.T) {
	for _, kind := range []pmp.Kind{pmp.PiecewiseConstant, pmp.PiecewiseLinear} {
		c := pmp.Control{Kind: kind, Mesh: []float64{0, 1, 3}}
		theta := []float64{1, -1, 2, 0.5, -3, 4}
		if kind == pmp.PiecewiseConstant {
			theta = theta[:4]
		}
		fine := pmp.Control{Kind: kind, Mesh: []float64{0, 0.25, 1, 2, 2.5, 3}}
		moved := c.Transfer(theta, fine.Mesh, 2)
		for k := range 30 {
			at := 3 * (float64(k) + 0.5) / 30
			a, b := c.At(make([]float64, 2), theta, at), fine.At(make([]float64, 2), moved, at)
			if math.Abs(a[0]-b[0]) > 1e-12 || math.Abs(a[1]-b[1]) > 1e-12 {
				t.Fatalf("%v at %.2f: %v became %v", kind, at, a, b)
			}
		}
	}
}

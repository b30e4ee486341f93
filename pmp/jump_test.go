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

// dose decays, ẋ = −x, and is raised by the control of the interval that ends at 1 and at 2.
func dose() *pmp.Problem {
	raise := func(dst, x, u []float64) { dst[0] = x[0] + u[0] }
	return &pmp.Problem{
		Field: neural.Func{D: 1, P: 1,
			F:   func(dx []float64, _ float64, x, _ []float64) { dx[0] = -x[0] },
			VJP: func(px, pu []float64, _ float64, _, _, p []float64) { px[0], pu[0] = -p[0], 0 },
		},
		T1: 3, X0: []float64{1}, Terminal: &pmp.SquaredError{Target: []float64{0.7}, N: 1, Weight: 0.5},
		Control: pmp.Control{Kind: pmp.PiecewiseConstant, Mesh: pmp.UniformMesh(0, 3, 3)},
		Jumps: []pmp.Jump{
			{T: 1, Map: raise, VJP: func(px, pu []float64, _, _, p []float64) { px[0], pu[0] = p[0], p[0] }},
			{T: 2, Map: raise}, // derivatives by differences
		},
	}
}

// x(3) = e⁻³ + u₁e⁻² + u₂e⁻¹, and the costate is −(x(3) − 0.7)e^{t−3} throughout.
func TestJumps(t *testing.T) {
	p := dose()
	theta := []float64{0.4, -0.2, 0.9}
	w, tr := sweep(t, p, pmp.Settings{Solver: ode.Settings{Method: solvers.Verner98, RTol: 1e-13, ATol: 1e-14}}, theta)
	w.Backward(tr)
	end := math.Exp(-3) + theta[0]*math.Exp(-2) + theta[1]*math.Exp(-1)
	miss := end - 0.7
	if got := tr.Final(nil)[0]; math.Abs(got-end) > 1e-11 {
		t.Errorf("x(3) = %.12g, want %.12g", got, end)
	}
	for i, want := range []float64{miss * math.Exp(-2), miss * math.Exp(-1), 0} {
		if math.Abs(tr.Grad[i]-want) > 1e-10 {
			t.Errorf("∂J/∂u%d = %.12g, want %.12g", i+1, tr.Grad[i], want)
		}
	}
	times, costate := tr.Costate(0)
	for k, at := range times {
		if want := -miss * math.Exp(at-3); math.Abs(costate[k][0]-want) > 1e-10 {
			t.Errorf("p(%g) = %.12g, want %.12g", at, costate[k][0], want)
		}
	}
	// The smallest doses that reach 0.7: u_k in proportion to their effects.
	p.Control.L2 = 1e-6
	r := optimize(t, &pmp.QuasiNewton{}, p, pmp.Settings{}, make([]float64, 3), 100, math.Inf(-1))
	if u := r.last.Theta; math.Abs(u[0]*math.E-u[1]) > 1e-5 || r.last.Loss > 3e-6 || math.Abs(u[2]) > 1e-9 {
		t.Errorf("u = %.9g, J = %.3g", u, r.last.Loss)
	}
	if s := optimize(t, &pmp.SQH{}, p, pmp.Settings{}, make([]float64, 3), 400, math.Inf(-1)); s.last.Loss > 2*r.last.Loss {
		t.Errorf("J = %.3g by sqh, %.3g by lbfgs", s.last.Loss, r.last.Loss)
	}
}

// Gradients with jumps that depend on state and control, observations and constraints at the same times, for all kinds of controls.
func TestGradientAcrossJumps(t *testing.T) {
	for _, kind := range []pmp.Kind{pmp.Constant, pmp.PiecewiseConstant, pmp.PiecewiseLinear, pmp.CubicHermite} {
		p, theta := constrained(kind)
		p.Field = nonlinearPair()
		p.Observations = []pmp.Observation{{T: 0.55, Cost: &pmp.SquaredError{Target: []float64{0.3, 0, 0.1, 0.4, 0, 0}, N: 3, Weight: 2}}}
		kick := func(dst, x, u []float64) { dst[0], dst[1] = x[0]+0.1*x[1]*u[0], 0.8*math.Sin(x[1])-u[0] }
		p.Jumps = []pmp.Jump{{T: 0.55, Map: kick}, {T: 0.8, Map: kick}, {T: 1.3, Map: kick}}
		for _, s := range []pmp.Settings{{}, rk4(2)} {
			s.ShardWidth = 2
			diff, err := pmp.CheckGradient(context.Background(), p, s, theta, 3)
			if err != nil || diff > 1e-7 {
				t.Errorf("%v: off by %.2g, %v", kind, diff, err)
			}
		}
	}
}

func TestJumpsAllocateNothingAndRefuse(t *testing.T) {
	p := dose()
	w, err := pmp.NewSweeper(p, pmp.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	tr := w.NewTrajectory()
	run := func() {
		if err := w.Forward(context.Background(), tr, []float64{1, 2, 3}); err != nil {
			t.Fatal(err)
		}
		w.Backward(tr)
	}
	run()
	if n := testing.AllocsPerRun(3, run); n != 0 && !raceDetector {
		t.Errorf("sweeps allocate %v times", n)
	}
	if c, err := w.Certify(context.Background(), []float64{1, 2, 3}); err != nil || c.CostateError > 1e-7 {
		t.Errorf("%v\n%v", err, c)
	}
	for name, s := range map[string]pmp.Settings{
		"checkpointed": {Costate: pmp.Checkpointed}, "implicit": {Solver: ode.Settings{Method: solvers.Kvaerno3}}, "backsolve": {Costate: pmp.Backsolve}, "reversible": reversible(solvers.AsynchronousLeapfrog, 2),
	} {
		if _, err := pmp.NewSweeper(p, s); !errors.Is(err, pmp.ErrProblem) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for name, jumps := range map[string][]pmp.Jump{
		"no map": {{T: 1}}, "outside": {{T: 3, Map: p.Jumps[0].Map}}, "order": {{T: 2, Map: p.Jumps[0].Map}, {T: 1, Map: p.Jumps[0].Map}},
	} {
		q := dose()
		q.Jumps = jumps
		if _, err := pmp.NewSweeper(q, pmp.Settings{}); !errors.Is(err, pmp.ErrProblem) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

package pmp_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/problems"
)

// Of the scalar regulator with a piecewise constant control everything is known: with x⁺ = x + hu the cost of an interval is
// ½(h x² + h² x u + (h + h³/3) u²), and Riccati's recursion is one line.
func TestRiccatiOnTheScalarRegulator(t *testing.T) {
	const n = 50
	p := problems.ScalarLQR().Problem(pmp.PiecewiseConstant, n)
	o := &pmp.Riccati{}
	r := optimize(t, o, p, rk4(1), make([]float64, n), 20, math.Inf(-1))
	if r.solves > 3 || r.last.Stop != pmp.Stationary {
		t.Errorf("%d forward solves, %v: %s", r.solves, r.last.Stop, r.last.Message)
	}
	const h = 1.0 / n
	value := 0.0
	for e := n - 1; e >= 0; e-- {
		gain := -(h*h/2 + value*h) / (h + h*h*h/3 + value*h*h)
		value += h + gain*(h*h/2+value*h)
		if d := math.Abs(o.Gain(e)[0] - gain); d > 1e-9 {
			t.Fatalf("interval %d: the gain %.12g is off by %.2g", e, o.Gain(e)[0], d)
		}
		if d := math.Abs(o.Value(e)[0] - value); d > 1e-9 {
			t.Fatalf("knot %d: the value %.12g is off by %.2g", e, o.Value(e)[0], d)
		}
	}
	if d := math.Abs(r.last.Loss - value/2); d > 1e-12 {
		t.Errorf("J = %.15g, want %.15g", r.last.Loss, value/2)
	}
	linear := optimize(t, &pmp.Riccati{}, problems.ScalarLQR().Problem(pmp.PiecewiseLinear, 200), rk4(1), make([]float64, 201), 20, math.Inf(-1))
	if d := math.Abs(linear.last.Loss - 0.5*math.Tanh(1)); d > 1e-9 || linear.solves > 3 {
		t.Errorf("piecewise linear: off ½ tanh 1 by %.2g after %d solves", d, linear.solves)
	}
}

// oscillator is ẍ = −(1 + t)x + u from (1, 0) on [0, 2] with ½∫ x₁² + ½x₂² + u² dt + |x(2)|².
func oscillator(kind pmp.Kind, n int) *pmp.Problem {
	return &pmp.Problem{
		Field: neural.Func{D: 2, P: 1,
			F: func(dx []float64, t float64, x, u []float64) { dx[0], dx[1] = x[1], -(1+t)*x[0]+u[0] },
			VJP: func(px, pu []float64, t float64, _, _, p []float64) {
				px[0], px[1], pu[0] = -(1+t)*p[1], p[0], p[1]
			},
		},
		T1: 2, X0: []float64{1, 0}, Running: &pmp.Quadratic{Weight: []float64{0.5, 0.25}},
		Terminal: &pmp.SquaredError{Target: []float64{0, 0}, N: 1, Weight: 1},
		Control:  pmp.Control{Kind: kind, Mesh: pmp.UniformMesh(0, 2, n), L2: 1}, Affine: true,
	}
}

// A regulator with coefficients that depend on time is solved in one step, and agrees with indirect shooting.
func TestRiccatiAgreesWithShooting(t *testing.T) {
	s := pmp.Shooting{Problem: oscillator(pmp.PiecewiseLinear, 1)}
	e, err := s.Solve(context.Background(), pmp.Guess{})
	if err != nil {
		t.Fatal(err)
	}
	r := optimize(t, &pmp.Riccati{}, oscillator(pmp.PiecewiseLinear, 200), rk4(1), make([]float64, 201), 20, math.Inf(-1))
	_, p := r.last.Trajectory.Costate(0)
	t.Logf("J = %.10g, by shooting %.10g; p(0) = %.8g, by shooting %.8g", r.last.Loss, e.J, p[0], e.P0)
	if math.Abs(r.last.Loss-e.J) > 1e-8 || math.Abs(p[0][0]-e.P0[0]) > 1e-5 || math.Abs(p[0][1]-e.P0[1]) > 1e-5 || r.solves > 3 {
		t.Errorf("J = %.10g and p(0) = %v after %d solves, by shooting %.10g and %v", r.last.Loss, p[0], r.solves, e.J, e.P0)
	}
}

// With disturbed initial states, the control corrected by the gains is the optimal one of the disturbed problem.
func TestRiccatiFeedback(t *testing.T) {
	const n = 40
	o := &pmp.Riccati{}
	optimize(t, o, oscillator(pmp.PiecewiseConstant, n), rk4(1), make([]float64, n), 20, math.Inf(-1))
	var gains [n][]float64
	theta := append([]float64(nil), o.Theta()...)
	for e := range gains {
		gains[e] = append([]float64(nil), o.Gain(e)...)
	}
	disturbed := oscillator(pmp.PiecewiseConstant, n)
	disturbed.X0 = []float64{1.3, -0.4}
	_, old := sweep(t, oscillator(pmp.PiecewiseConstant, n), rk4(1), theta)
	best := &pmp.Riccati{}
	optimize(t, best, disturbed, rk4(1), make([]float64, n), 20, math.Inf(-1))
	_, tr := sweep(t, disturbed, rk4(1), best.Theta())
	_, x := old.Path(0)
	_, y := tr.Path(0)
	for e, k := range gains {
		want := best.Theta()[e]
		if got := theta[e] + k[0]*(y[e][0]-x[e][0]) + k[1]*(y[e][1]-x[e][1]); math.Abs(got-want) > 1e-7 {
			t.Fatalf("interval %d: u = %.9g with feedback, optimal is %.9g", e, got, want)
		}
	}
}

// Nonlinear problems and bounds: a dozen forward solves.
func TestRiccatiOnNonlinearProblems(t *testing.T) {
	for _, tc := range []struct {
		c         *problems.Classical
		most      int
		tolerance float64
	}{
		{problems.VanDerPol(), 10, 1e-7}, {problems.VanDerPolBounded(), 15, 1e-6}, {problems.Rayleigh(), 10, 1e-5},
	} {
		for _, theta := range []float64{0, 0.5} {
			start := make([]float64, 401)
			for i := range start {
				start[i] = theta
			}
			r := optimize(t, &pmp.Riccati{}, tc.c.Problem(pmp.PiecewiseLinear, 400), rk4(1), start, 50, math.Inf(-1))
			t.Logf("%s: J = %.10g after %d solves", tc.c.Name, r.last.Loss, r.solves)
			if math.Abs(r.last.Loss-tc.c.Optimal) > tc.tolerance || r.solves > tc.most || r.last.Stop != pmp.Stationary {
				t.Errorf("%s: J = %.10g, want %.10g; %d solves, %v", tc.c.Name, r.last.Loss, tc.c.Optimal, r.solves, r.last.Stop)
			}
		}
	}
	c := problems.DoubleIntegratorBounded()
	p := c.Problem(pmp.PiecewiseLinear, 200)
	r := optimize(t, &pmp.AugmentedLagrangian{Inner: &pmp.Riccati{}}, p, rk4(1), make([]float64, 201), 200, math.Inf(-1))
	if math.Abs(r.last.Loss-c.Optimal) > 1e-4 || p.Violation(r.last.Trajectory) > 1e-6 {
		t.Errorf("J = %.10g, want %.10g; ends missed by %.2g", r.last.Loss, c.Optimal, p.Violation(r.last.Trajectory))
	}
}

func TestRiccatiAllocatesNothingAndResumes(t *testing.T) {
	start := func(theta []float64) *pmp.Riccati {
		w, err := pmp.NewSweeper(problems.VanDerPolBounded().Problem(pmp.PiecewiseLinear, 30), rk4(1))
		if err != nil {
			t.Fatal(err)
		}
		o := &pmp.Riccati{Tolerance: 1e-300}
		if err := o.Init(context.Background(), w, theta); err != nil {
			t.Fatal(err)
		}
		return o
	}
	step := func(o *pmp.Riccati) {
		if _, err := o.Step(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	through := start(make([]float64, 31))
	for range 3 {
		step(through)
	}
	resumed := start(append([]float64(nil), through.Theta()...))
	if err := resumed.Load(through.Save()); err != nil {
		t.Fatal(err)
	}
	step(through)
	step(resumed)
	if a, b := fmt.Sprint(through.Theta()), fmt.Sprint(resumed.Theta()); a != b {
		t.Errorf("%s, resumed %s", a, b)
	}
	if raceDetector {
		return
	}
	if n := testing.AllocsPerRun(3, func() { through.Refresh(); step(through) }); n > 1 { // the message of the end
		t.Errorf("an iteration allocates %v times", n)
	}
}

func TestRiccatiRefuses(t *testing.T) {
	for name, change := range map[string]func(p *pmp.Problem){
		"two states": func(p *pmp.Problem) { p.X0 = []float64{1, 2} },
		"L1":         func(p *pmp.Problem) { p.Control.L1 = 1 },
		"breaks":     func(p *pmp.Problem) { p.Breaks = []float64{0.01} },
	} {
		p := problems.ScalarLQR().Problem(pmp.PiecewiseConstant, 4)
		change(p)
		w, err := pmp.NewSweeper(p, rk4(1))
		if err != nil {
			t.Fatal(err)
		}
		if err := (&pmp.Riccati{}).Init(context.Background(), w, make([]float64, 4)); !errors.Is(err, pmp.ErrProblem) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

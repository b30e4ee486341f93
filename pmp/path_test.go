package pmp_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/costate-go/costate/internal/rng"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/problems"
)

// impulse is the sum of w μ between a and b.
func impulse(points []pmp.PathPoint, a, b float64) float64 {
	sum := 0.0
	for _, q := range points {
		if q.T >= a && q.T <= b {
			sum += q.Weight * q.Mu
		}
	}
	return sum
}

// checkMultipliers asserts signs and complementarity.
func checkMultipliers(t *testing.T, points []pmp.PathPoint) {
	t.Helper()
	for _, q := range points {
		if q.Mu < 0 || q.G > 1e-6 || q.Mu*q.Weight > 1e-3 && q.G < -1e-5 {
			t.Errorf("t = %.4f: g = %.3g with the multiplier %.3g", q.T, q.G, q.Mu)
		}
	}
}

// A boundary arc: p₁ jumps by 2/(9l²) = 18 where the state reaches its bound and where it leaves it, and by nothing elsewhere.
func TestStateConstraintWithBoundaryArc(t *testing.T) {
	c := problems.BrysonDenham()
	p := c.Problem(pmp.PiecewiseLinear, 180)
	o := &pmp.AugmentedLagrangian{Inner: &pmp.Riccati{}, Sigma: 1e4}
	r := optimize(t, o, p, rk4(1), make([]float64, 181), 200, math.Inf(-1))
	tr := r.last.Trajectory
	t.Logf("J = %.9g after %d solves, violation %.2g (%v)", r.last.Loss, r.solves, p.Violation(tr), r.last.Stop)
	if math.Abs(r.last.Loss-4) > 1e-4 || p.Violation(tr) > 1e-6 {
		t.Errorf("J = %.9g, want 4; violated by %.3g", r.last.Loss, p.Violation(tr))
	}
	points := p.Path(tr, 0, 0)
	checkMultipliers(t, points)
	for _, w := range []struct{ a, b, want float64 }{{0, 0.3, 0}, {0.3, 0.36, 18}, {0.36, 0.64, 0}, {0.64, 0.7, 18}, {0.7, 1, 0}} {
		if got := impulse(points, w.a, w.b); math.Abs(got-w.want) > 0.02 {
			t.Errorf("impulse %.5g on [%g, %g], want %g", got, w.a, w.b, w.want)
		}
	}
	_, costate := tr.Costate(0)
	for i, want := range c.P0 {
		if math.Abs(costate[0][i]-want) > 0.01 {
			t.Errorf("p%d(0) = %.6g, want %g", i+1, costate[0][i], want)
		}
	}
	for k, u := range r.last.Theta {
		if at := float64(k) / 180; at > 0.36 && at < 0.64 && math.Abs(u) > 1e-2 {
			t.Errorf("u(%.3f) = %.3g on the boundary arc", at, u)
		}
	}
}

// A touch point, for 1/6 ≤ l ≤ 1/4: J = 2 + 6(1 − 4l)² and one atom of mass 48(1 − 4l) at ½ (Bryson, Denham & Dreyfus, 1963). A
// higher ceiling is not reached.
func TestStateConstraintWithTouchPoint(t *testing.T) {
	for _, tc := range []struct{ l, want, atom float64 }{{0.2, 2.24, 9.6}, {0.3, 2, 0}} {
		c := problems.BrysonDenham()
		c.Paths[0].G = func(_ float64, x, _ []float64) float64 { return x[0] - tc.l }
		c.Paths[0].Grad = nil // by differences
		p := c.Problem(pmp.PiecewiseLinear, 100)
		o := &pmp.AugmentedLagrangian{Inner: &pmp.Riccati{}, Sigma: 1e3}
		r := optimize(t, o, p, rk4(1), make([]float64, 101), 200, math.Inf(-1))
		tr := r.last.Trajectory
		if math.Abs(r.last.Loss-tc.want) > 1e-5 || p.Violation(tr) > 1e-6 {
			t.Errorf("l = %g: J = %.9g, want %g; violated by %.3g", tc.l, r.last.Loss, tc.want, p.Violation(tr))
		}
		points := p.Path(tr, 0, 0)
		checkMultipliers(t, points)
		if got := impulse(points, 0.49, 0.51); math.Abs(got-tc.atom) > 0.01 {
			t.Errorf("l = %g: an atom of %.5g, want %g", tc.l, got, tc.atom)
		}
		if rest := impulse(points, 0, 0.48) + impulse(points, 0.52, 1); rest > 1e-3 {
			t.Errorf("l = %g: multipliers of %.3g off the touch point", tc.l, rest)
		}
	}
}

// The regulator with the mixed constraint u ≥ −x/2. It is active while tanh(1 − t) > ½; before t* = 1 − ½ log 3 the cost to go is
// ½P x² with P = 5/4 − ¾ e^{t−t*}, and the multiplier is x (P − ½).
func TestMixedConstraint(t *testing.T) {
	leave := 1 - 0.5*math.Log(3)
	optimal := 0.625 - 0.375*math.Exp(-leave)
	for name, inner := range map[string]func() pmp.Optimizer{
		"sqh":     func() pmp.Optimizer { return &pmp.SQH{Kappa: 1e-18} },
		"riccati": func() pmp.Optimizer { return &pmp.Riccati{} },
	} {
		for _, kind := range []pmp.Kind{pmp.PiecewiseConstant, pmp.PiecewiseLinear} {
			c := problems.ScalarLQR()
			c.Paths = []pmp.PathConstraint{{
				G:     func(_ float64, x, u []float64) float64 { return -u[0] - 0.5*x[0] },
				Grad:  func(gx, gu []float64, _ float64, _, _ []float64) { gx[0], gu[0] = -0.5, -1 },
				Mixed: true,
			}}
			p := c.Problem(kind, 100)
			w, err := pmp.NewSweeper(p, rk4(1))
			if err != nil {
				t.Fatal(err)
			}
			r := optimize(t, &pmp.AugmentedLagrangian{Inner: inner()}, p, rk4(1), make([]float64, w.NumControls()), 5000, math.Inf(-1))
			tr := r.last.Trajectory
			points := p.Path(tr, 0, 0)
			checkMultipliers(t, points)
			limit := 2e-5
			if kind == pmp.PiecewiseConstant { // held at both ends of every interval, u is off by O(h)
				limit = 5e-4
			}
			if math.Abs(r.last.Loss-optimal) > limit || p.Violation(tr) > 1e-6 {
				t.Errorf("%s, %v: J = %.9g, want %.9g; violated by %.3g (%v)", name, kind, r.last.Loss, optimal, p.Violation(tr), r.last.Stop)
			}
			want := 0.0 // ∫ μ dt
			for k := range 1000 {
				at := leave * (float64(k) + 0.5) / 1000
				want += leave / 1000 * math.Exp(-at/2) * (0.75 - 0.75*math.Exp(at-leave))
			}
			if got := impulse(points, 0, 1); math.Abs(got-want) > 20*limit {
				t.Errorf("%s, %v: ∫ μ dt = %.6g, want %.6g", name, kind, got, want)
			}
		}
	}
}

// ẋ = u from 1 with ½∫ u² dt: with x(1) ≤ ½, or x(1)² = ¼, u = −½ and the multiplier is ½; x(1) ≤ 2 is no restriction.
func TestConstraintsAtTheEnd(t *testing.T) {
	for _, tc := range []struct {
		name     string
		g        func(x float64) float64
		equality bool
		j, mu    float64
	}{
		{"active", func(x float64) float64 { return x - 0.5 }, false, 0.125, 0.5},
		{"inactive", func(x float64) float64 { return x - 2 }, false, 0, 0},
		{"equality", func(x float64) float64 { return x*x - 0.25 }, true, 0.125, 0.5},
	} {
		for name, inner := range map[string]pmp.Optimizer{"sqh": &pmp.SQH{Kappa: 1e-18}, "riccati": &pmp.Riccati{}, "lbfgs": &pmp.QuasiNewton{Tolerance: 1e-8}} {
			p := problems.ScalarLQR().Problem(pmp.PiecewiseConstant, 20)
			p.Running = nil
			p.Paths = []*pmp.PathConstraint{{
				G: func(_ float64, x, _ []float64) float64 { return tc.g(x[0]) }, End: true, Equality: tc.equality,
			}}
			r := optimize(t, &pmp.AugmentedLagrangian{Inner: inner}, p, rk4(1), make([]float64, 20), 2000, math.Inf(-1))
			points := p.Path(r.last.Trajectory, 0, 0)
			if len(points) != 1 || points[0].T != 1 {
				t.Fatalf("points %v", points)
			}
			if math.Abs(r.last.Loss-tc.j) > 1e-6 || math.Abs(points[0].Mu-tc.mu) > 1e-5 || p.Violation(r.last.Trajectory) > 1e-6 {
				t.Errorf("%s by %s: J = %.9g, want %g; %+v, want the multiplier %g (%v: %s)", tc.name, name, r.last.Loss, tc.j, points[0], tc.mu, r.last.Stop, r.last.Message)
			}
		}
	}
}

// constrained is a batch of pendulums with constraints of all sorts, half of them active.
func constrained(kind pmp.Kind) (*pmp.Problem, []float64) {
	const n, intervals = 3, 5
	p := &pmp.Problem{
		Field: neural.Func{D: 2, P: 1, F: func(dx []float64, _ float64, x, u []float64) { dx[0], dx[1] = x[1], -math.Sin(x[0])+u[0] }},
		T1:    2, X0: []float64{0.1, 0.5, -0.3, 0, 0.2, 0.4},
		Running: &pmp.Quadratic{Weight: []float64{1, 0.5}},
		Control: pmp.Control{Kind: kind, Mesh: pmp.UniformMesh(0, 2, intervals), L2: 0.3},
		Paths: []*pmp.PathConstraint{
			{G: func(t float64, x, _ []float64) float64 { return x[0]*x[0] - 0.02*t }, Sigma: 3, Times: []float64{0.55, 1.7}},
			{G: func(_ float64, x, u []float64) float64 { return u[0]*x[1] - 0.01 }, Mixed: true, Sigma: 2},
			{G: func(_ float64, x, _ []float64) float64 { return x[0] + x[1]*x[1] }, End: true, Equality: true, Sigma: 4},
		},
	}
	w, err := pmp.NewSweeper(p, pmp.Settings{})
	if err != nil {
		panic(err)
	}
	src := rng.New(4)
	for _, c := range p.Paths {
		c.Mu = make([]float64, n*2*(intervals+3))
		for i := range c.Mu {
			c.Mu[i] = src.Float64()
		}
	}
	theta := make([]float64, w.NumControls())
	for i := range theta {
		theta[i] = 0.3 * src.Normal()
	}
	return p, theta
}

// The gradient of the augmented Lagrangian is exact, for all kinds of controls and costates that hold constraints.
func TestGradientWithPathConstraints(t *testing.T) {
	for _, kind := range []pmp.Kind{pmp.Constant, pmp.PiecewiseConstant, pmp.PiecewiseLinear} {
		for _, costate := range []pmp.CostateKind{pmp.Discrete, pmp.Checkpointed, pmp.Symplectic} {
			p, theta := constrained(kind)
			diff, err := pmp.CheckGradient(context.Background(), p, pmp.Settings{Costate: costate}, theta, 3)
			if err != nil || diff > 1e-7 {
				t.Errorf("%v, %v: off by %.2g, %v", kind, costate, diff, err)
			}
		}
	}
}

func TestSweepsWithPathConstraintsAllocateNothing(t *testing.T) {
	p, theta := constrained(pmp.PiecewiseLinear)
	p.Field = problems.VanDerPol().Field
	sweepsAllocateNothing(t, p, pmp.Settings{}, theta)
}

// A run that is stopped and restored goes on with the same multipliers and bits.
func TestAugmentedLagrangianResumes(t *testing.T) {
	run := func(stop int) string {
		p := problems.BrysonDenham().Problem(pmp.PiecewiseLinear, 30)
		o := &pmp.AugmentedLagrangian{Inner: &pmp.Riccati{}, Sigma: 1e3}
		theta, saved := make([]float64, 31), pmp.State(nil)
		for k := range 12 {
			if k == 0 || k == stop {
				if k > 0 {
					saved, theta = o.Save(), append([]float64(nil), o.Theta()...)
					p = problems.BrysonDenham().Problem(pmp.PiecewiseLinear, 30)
					o = &pmp.AugmentedLagrangian{Inner: &pmp.Riccati{}, Sigma: 1e3}
				}
				w, err := pmp.NewSweeper(p, rk4(1))
				if err != nil {
					t.Fatal(err)
				}
				if err := o.Init(context.Background(), w, theta); err != nil {
					t.Fatal(err)
				}
				if saved != nil {
					if err := o.Load(saved); err != nil {
						t.Fatal(err)
					}
				}
			}
			if _, err := o.Step(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		return fmt.Sprint(o.Theta(), p.Paths[0].Mu, p.Paths[0].Sigma)
	}
	if through, resumed := run(-1), run(6); through != resumed {
		t.Error("a resumed run differs")
	}
}

func TestBadPathConstraints(t *testing.T) {
	ok := func(float64, []float64, []float64) float64 { return 0 }
	for name, c := range map[string]*pmp.PathConstraint{
		"no function": {}, "outside": {G: ok, Times: []float64{2}},
	} {
		p := problems.ScalarLQR().Problem(pmp.PiecewiseConstant, 4)
		p.Paths = []*pmp.PathConstraint{c}
		if _, err := pmp.NewSweeper(p, rk4(1)); !errors.Is(err, pmp.ErrProblem) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	p := problems.ScalarLQR().Problem(pmp.PiecewiseConstant, 4)
	p.Paths = []*pmp.PathConstraint{{G: ok}}
	s := rk4(1)
	s.Costate = pmp.Backsolve
	if _, err := pmp.NewSweeper(p, s); !errors.Is(err, pmp.ErrProblem) {
		t.Errorf("backsolve: got %v", err)
	}
}

// sweepsAllocateNothing counts the allocations of a forward and a backward sweep after the first ones.
func sweepsAllocateNothing(t *testing.T, p *pmp.Problem, s pmp.Settings, theta []float64) {
	t.Helper()
	if raceDetector {
		t.Skip("allocations cannot be counted under the race detector")
	}
	w, err := pmp.NewSweeper(p, s)
	if err != nil {
		t.Fatal(err)
	}
	tr := w.NewTrajectory()
	run := func() {
		if err := w.Forward(context.Background(), tr, theta); err != nil {
			t.Fatal(err)
		}
		w.Backward(tr)
	}
	run()
	if n := testing.AllocsPerRun(5, run); n != 0 {
		t.Errorf("sweeps allocate %v times", n)
	}
}

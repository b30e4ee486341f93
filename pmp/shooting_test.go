package pmp_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/problems"
)

// near reports that a and b agree to tol, relative where they are large.
func near(a, b, tol float64) bool { return math.Abs(a-b) <= tol*max(1, math.Abs(b)) }

func nearAll(a, b []float64, tol float64) bool {
	for i := range b {
		if len(a) != len(b) || !near(a[i], b[i], tol) {
			return false
		}
	}
	return true
}

// sound checks what every extremal of an autonomous problem has to fulfil.
func sound(t *testing.T, e *pmp.Extremal) {
	t.Helper()
	if e.Stop != pmp.Converged || !(e.Residual < 1e-9) || !(e.Drift < 1e-10) || !(e.Gap < 1e-9) {
		t.Errorf("%v: residual %.2g, drift of H %.2g, gap %.2g: %s", e.Stop, e.Residual, e.Drift, e.Gap, e.Message)
	}
}

// Rayleigh's costate blows up on the whole horizon from any rough guess, so that its horizon grows: a homotopy.
func TestShootingReferences(t *testing.T) {
	for _, c := range problems.All() {
		t.Run(c.Name, func(t *testing.T) {
			e, err := c.Extremal(context.Background(), pmp.Shooting{})
			if len(c.Paths) > 0 {
				if !errors.Is(err, pmp.ErrProblem) {
					t.Errorf("path constraints: got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("J = %.12g, p(0) = %.12g, switches %.10g, t1 = %.12g; residual %.1g, drift %.1g, gap %.1g; %d iterations, %d solves, %d evaluations",
				e.J, e.P0, e.Switches, e.T1, e.Residual, e.Drift, e.Gap, e.Iterations, e.Solves, e.Evaluations)
			sound(t, e)
			if math.Abs(e.J-c.Optimal) > 1e-8*math.Abs(c.Optimal) {
				t.Errorf("J = %.12g, want %.12g", e.J, c.Optimal)
			}
			if !nearAll(e.P0, c.P0, 1e-9) {
				t.Errorf("p(0) = %.12g, want %.12g", e.P0, c.P0)
			}
			tol := 1e-9
			if c.Name == "catalyst_mixing" { // seven digits are known
				tol = 1e-7
			}
			if !nearAll(e.Switches, c.Switches, tol) {
				t.Errorf("switches at %.10g, want %.10g", e.Switches, c.Switches)
			}
			if !near(e.T1, c.T1, 1e-9) {
				t.Errorf("t1 = %.12g, want %.12g", e.T1, c.T1)
			}
		})
	}
}

func TestShootingSingularControl(t *testing.T) {
	s, g := problems.CatalystMixing().Shooting()
	e, err := s.Solve(context.Background(), g)
	if err != nil {
		t.Fatal(err)
	}
	u, first := make([]float64, 1), 0.0
	for _, at := range []float64{0.14, 0.4, 0.7} {
		if err := e.At(nil, nil, u, at); err != nil || !near(u[0], 0.2271421, 1e-7) {
			t.Errorf("u(%g) = %.9g, want 0.2271421; %v", at, u[0], err)
		}
		first = u[0]
	}
	// The same with the control given.
	s.Arcs[1].Singular = func(float64, []float64, []float64) float64 { return first }
	given, err := s.Solve(context.Background(), g)
	if err != nil || !near(given.J, e.J, 1e-10) || !nearAll(given.Switches, e.Switches, 1e-8) {
		t.Errorf("with the control given: %v, %v", given, err)
	}
}

func TestShootingLocatesWhatArcsSolveFor(t *testing.T) {
	for _, tc := range []struct {
		problem *problems.Classical
		arcs    []pmp.ArcKind
		guess   pmp.Guess
	}{
		{problems.DoubleIntegratorBounded(), []pmp.ArcKind{pmp.UpperArc, pmp.InteriorArc, pmp.LowerArc}, pmp.Guess{P0: []float64{11, 6}, Switches: []float64{0.1, 0.9}}},
		{problems.DoubleIntegratorFuel(), nil, pmp.Guess{P0: []float64{4, 2}}},
		{problems.MinimumTime(), nil, pmp.Guess{P0: []float64{1.2, 0.9}, T1: 1.8}},
	} {
		t.Run(tc.problem.Name, func(t *testing.T) {
			s, _ := tc.problem.Shooting()
			s.Arcs = pmp.ScalarArcs(tc.arcs...)
			e, err := s.Solve(context.Background(), tc.guess)
			if err != nil {
				t.Fatal(err)
			}
			sound(t, e)
			if !near(e.J, tc.problem.Optimal, 1e-9) || !nearAll(e.Switches, tc.problem.Switches, 1e-9) || !nearAll(e.P0, tc.problem.P0, 1e-9) {
				t.Errorf("J = %.12g, p(0) = %.12g, switches %.12g", e.J, e.P0, e.Switches)
			}
		})
	}
}

func TestMultipleShootingFromSQH(t *testing.T) {
	for _, c := range []*problems.Classical{problems.Rayleigh(), problems.VanDerPolBounded(), problems.DoubleIntegratorBounded()} {
		t.Run(c.Name, func(t *testing.T) {
			p := c.Problem(pmp.PiecewiseLinear, 100)
			var o pmp.Optimizer = &pmp.SQH{}
			if len(p.Constraints) > 0 {
				o = &pmp.AugmentedLagrangian{Inner: o}
			}
			r := optimize(t, o, p, rk4(1), make([]float64, 101), 8, math.Inf(-1))
			g, err := pmp.GuessFrom(r.last.Trajectory)
			if err != nil {
				t.Fatal(err)
			}
			s := &pmp.Shooting{Problem: p, Nodes: 10}
			e, err := s.Solve(context.Background(), g)
			if err != nil {
				t.Fatal(err)
			}
			sound(t, e)
			if !near(e.J, c.Optimal, 1e-8) {
				t.Errorf("J = %.12g, want %.12g", e.J, c.Optimal)
			}
			// From the solution nothing is left to do, also with nodes elsewhere.
			s.Nodes = 7
			again, err := s.Solve(context.Background(), e.Guess())
			if err != nil || again.Iterations > 2 || !nearAll(again.P0, e.P0, 1e-8) {
				t.Errorf("from the solution: %+v, %v", again, err)
			}
		})
	}
}

func TestHomotopy(t *testing.T) {
	t.Run("horizon with nodes", func(t *testing.T) {
		c := problems.Rayleigh()
		e, err := c.Extremal(context.Background(), pmp.Shooting{Nodes: 10})
		if err != nil {
			t.Fatal(err)
		}
		sound(t, e)
		if !near(e.J, c.Optimal, 1e-8) || e.Iterations > 100 {
			t.Errorf("J = %.12g after %d iterations", e.J, e.Iterations)
		}
	})
	t.Run("price", func(t *testing.T) {
		c := problems.DoubleIntegratorFuel()
		e, err := pmp.Homotopy{Family: func(l float64) *pmp.Shooting {
			p := c.Problem(pmp.PiecewiseLinear, 1)
			p.Control.L1, p.Control.L2 = l, 1-l
			return &pmp.Shooting{Problem: p}
		}}.Solve(context.Background(), pmp.Guess{})
		if err != nil {
			t.Fatal(err)
		}
		sound(t, e)
		if !near(e.J, c.Optimal, 1e-9) || !nearAll(e.P0, c.P0, 1e-9) {
			t.Errorf("J = %.12g, p(0) = %.12g", e.J, e.P0)
		}
	})
	t.Run("dead end", func(t *testing.T) {
		_, err := pmp.Homotopy{Family: func(l float64) *pmp.Shooting {
			p := problems.DoubleIntegratorBounded().Problem(pmp.PiecewiseLinear, 1)
			p.Control.Lower, p.Control.Upper = []float64{-6 + 4*l}, []float64{6 - 4*l} // 4 is the least that gets there
			return &pmp.Shooting{Problem: p}
		}}.Solve(context.Background(), pmp.Guess{})
		if !errors.Is(err, pmp.ErrShooting) || !strings.Contains(err.Error(), "λ = 0.4") {
			t.Errorf("got %v", err)
		}
	})
}

// Two double integrators at once, with bounds that are reached at different times.
func TestShootingTwoControls(t *testing.T) {
	p := problems.DoubleIntegratorBounded().Problem(pmp.PiecewiseLinear, 1)
	p.Field = neural.Func{D: 4, P: 2, F: func(dx []float64, _ float64, x, u []float64) {
		dx[0], dx[1], dx[2], dx[3] = x[1], u[0], x[3], u[1]
	}, VJP: func(px, pu []float64, _ float64, _, _, p []float64) {
		px[0], px[1], px[2], px[3] = 0, p[0], 0, p[2]
		pu[0], pu[1] = p[1], p[3]
	}}
	p.X0 = []float64{-1, 0, 1.1, 0}
	p.Constraints = []*pmp.TerminalConstraint{{Component: []int{0, 1, 2, 3}, Target: make([]float64, 4)}}
	e, err := (&pmp.Shooting{Problem: p}).Solve(context.Background(), pmp.Guess{})
	if err != nil {
		t.Fatal(err)
	}
	sound(t, e)
	// By hand, for distance a: u is clipped until s with the slope b = 5/(½ − s) between, and ¼·5 − (5/3)(½ − s)² = a.
	want := 0.0
	for _, a := range []float64{1, 1.1} {
		half := math.Sqrt((1.25 - a) * 3 / 5)
		want += 25*(0.5-half) + 25*half/3
	}
	if !near(e.J, want, 1e-10) || len(e.Switches) != 4 {
		t.Errorf("J = %.12g, want %.12g; switches %v", e.J, want, e.Switches)
	}
}

func TestShootingGapOfAWrongStructure(t *testing.T) {
	s, g := problems.Turnpike().Shooting()
	s.Arcs = pmp.ScalarArcs(pmp.LowerArc, pmp.UpperArc)
	e, err := s.Solve(context.Background(), g)
	if err != nil || e.Gap < 1e-3 || !strings.Contains(e.Message, "another structure") {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestShootingErrors(t *testing.T) {
	ctx := context.Background()
	solve := func(change func(*pmp.Shooting, *pmp.Guess)) error {
		s, g := problems.Turnpike().Shooting()
		change(s, &g)
		_, err := s.Solve(ctx, g)
		return err
	}
	for name, tc := range map[string]struct {
		change func(*pmp.Shooting, *pmp.Guess)
		is     error
		text   string
	}{
		"not affine":        {func(s *pmp.Shooting, _ *pmp.Guess) { s.Problem.Affine = false }, pmp.ErrProblem, "Affine"},
		"no maximum":        {func(s *pmp.Shooting, _ *pmp.Guess) { s.Problem.Control.Lower = nil }, pmp.ErrProblem, "L2"},
		"observations":      {func(s *pmp.Shooting, _ *pmp.Guess) { s.Problem.Observations = make([]pmp.Observation, 1) }, pmp.ErrProblem, "observations"},
		"two states":        {func(s *pmp.Shooting, _ *pmp.Guess) { s.Problem.X0 = []float64{1, 2} }, pmp.ErrProblem, "one initial state"},
		"singular alone":    {func(s *pmp.Shooting, _ *pmp.Guess) { s.Arcs = s.Arcs[1:2] }, pmp.ErrProblem, "only arc is singular"},
		"same arc twice":    {func(s *pmp.Shooting, _ *pmp.Guess) { s.Arcs[1] = s.Arcs[0] }, pmp.ErrProblem, "no control changes"},
		"no such arc":       {func(s *pmp.Shooting, _ *pmp.Guess) { s.Arcs = pmp.ScalarArcs(pmp.ZeroArc) }, pmp.ErrProblem, "no zero arc"},
		"guess of p":        {func(_ *pmp.Shooting, g *pmp.Guess) { g.P0 = []float64{1, 2} }, pmp.ErrProblem, "guess of p"},
		"guess of switches": {func(_ *pmp.Shooting, g *pmp.Guess) { g.Switches = []float64{1.5, 1} }, pmp.ErrProblem, "out of order"},
		"number of them":    {func(_ *pmp.Shooting, g *pmp.Guess) { g.Switches = []float64{1.5} }, pmp.ErrProblem, "1 switching times"},
		"no structure":      {func(s *pmp.Shooting, g *pmp.Guess) { s.Arcs, g.P0 = nil, []float64{-1} }, pmp.ErrShooting, ""},
		"few iterations":    {func(s *pmp.Shooting, _ *pmp.Guess) { s.MaxIterations = 1 }, pmp.ErrShooting, "limit of 1"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := solve(tc.change); !errors.Is(err, tc.is) || !strings.Contains(err.Error(), tc.text) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		s, g := problems.Turnpike().Shooting()
		if _, err := s.Solve(ctx, g); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("blow up", func(t *testing.T) {
		s, _ := problems.Rayleigh().Shooting()
		_, err := s.Solve(ctx, pmp.Guess{})
		var e *pmp.ShootingError
		if !errors.As(err, &e) || e.Stop != pmp.Diverged || e.Cause == nil {
			t.Errorf("got %v", err)
		}
	})
}

// Singular arcs that begin or end a solution: from 1 to rest at 0, and from rest at 0 to ½.
func TestShootingWithSingularEnds(t *testing.T) {
	for _, tc := range []struct {
		name    string
		x0      float64
		end     []float64
		arcs    []pmp.Arc
		at      float64
		j, p0   float64
		unsound bool
	}{
		{name: "last", x0: 1, arcs: pmp.ScalarArcs(pmp.LowerArc, pmp.SingularArc), at: 1, j: 1.0 / 3, p0: -1},
		{name: "first", x0: 0, end: []float64{0.5}, arcs: pmp.ScalarArcs(pmp.SingularArc, pmp.UpperArc), at: 1.5, j: 0.125 / 3},
		{name: "not singular", x0: 0.2, end: []float64{0.5}, arcs: pmp.ScalarArcs(pmp.SingularArc, pmp.UpperArc), at: 1.7, unsound: true},
	} {
		c := problems.Turnpike()
		c.X0, c.EndTarget, c.Arcs = []float64{tc.x0}, tc.end, nil
		if tc.end == nil {
			c.EndComponent = nil
		}
		s, _ := c.Shooting()
		s.Arcs = tc.arcs
		e, err := s.Solve(context.Background(), pmp.Guess{P0: []float64{-0.5}, Switches: []float64{tc.at + 0.2}})
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if tc.unsound {
			if e.Gap < 1e-3 {
				t.Errorf("%s: a wrong structure has a gap of %.2g", tc.name, e.Gap)
			}
			continue
		}
		sound(t, e)
		if math.Abs(e.J-tc.j) > 1e-9 || math.Abs(e.Switches[0]-tc.at) > 1e-8 || math.Abs(e.P0[0]-tc.p0) > 1e-8 {
			t.Errorf("%s: J = %.10g, switch %v, p(0) = %v", tc.name, e.J, e.Switches, e.P0)
		}
	}
}

// A control that changes more than a thousand times is taken for chattering.
func TestShootingStopsChattering(t *testing.T) {
	s := &pmp.Shooting{Problem: &pmp.Problem{
		Field: neural.Func{D: 1, P: 1,
			F:   func(dx []float64, t float64, _, u []float64) { dx[0] = math.Sin(700*t) * u[0] },
			VJP: func(px, pu []float64, t float64, _, _, p []float64) { px[0], pu[0] = 0, math.Sin(700*t)*p[0] },
		},
		T1: 5, X0: []float64{0}, Terminal: &pmp.Linear{Weight: []float64{-1}}, Affine: true,
		Control: pmp.Control{Lower: []float64{-1}, Upper: []float64{1}},
	}}
	_, err := s.Solve(context.Background(), pmp.Guess{P0: []float64{1}})
	var failed *pmp.ShootingError
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "switches again and again") {
		t.Errorf("got %v", err)
	}
	s.Problem.T1 = 1 // 222 changes are well
	e, err := s.Solve(context.Background(), pmp.Guess{P0: []float64{1}})
	if err != nil || len(e.Switches) != 222 {
		t.Errorf("%v: %d switches", err, len(e.Switches))
	}
}

// ẋ = sin u − ½x, neither affine nor quadratic in u: the maximizer is given, and found by Newton's method on p cos u = u³ + u − ½.
func TestShootingWithAGivenLaw(t *testing.T) {
	law := func(shift float64) func(u []float64, _ float64, _, p []float64) {
		return func(u []float64, _ float64, _, p []float64) {
			v := 0.2
			for range 50 {
				step := (p[0]*math.Cos(v) - v*v*v - v + 0.5) / (p[0]*math.Sin(v) + 3*v*v + 1)
				if v += step; math.Abs(step) < 1e-15 {
					break
				}
			}
			u[0] = v + shift
		}
	}
	s := &pmp.Shooting{Problem: quartic(1), Law: law(0)}
	e, err := s.Solve(context.Background(), pmp.Guess{})
	if err != nil {
		t.Fatal(err)
	}
	sound(t, e)
	p := quartic(100)
	p.Control.Kind = pmp.PiecewiseLinear
	direct := optimize(t, &pmp.QuasiNewton{}, p, rk4(1), make([]float64, 101), 300, math.Inf(-1))
	if math.Abs(e.J-direct.last.Loss) > 1e-7 || e.J > direct.last.Loss {
		t.Errorf("J = %.10g, by a direct method %.10g", e.J, direct.last.Loss)
	}
	u := make([]float64, 1)
	if err := e.At(nil, nil, u, 0.5); err != nil || math.Abs(u[0]-direct.last.Theta[50]) > 1e-3 {
		t.Errorf("u(½) = %g, by a direct method %g, %v", u[0], direct.last.Theta[50], err)
	}
	wrong, err := (&pmp.Shooting{Problem: quartic(1), Law: law(0.1)}).Solve(context.Background(), pmp.Guess{})
	if err != nil || wrong.Gap < 1e-3 {
		t.Errorf("a law that does not maximize H has a gap of %.2g, %v", wrong.Gap, err)
	}
	if _, err := (&pmp.Shooting{Problem: quartic(1)}).Solve(context.Background(), pmp.Guess{}); !errors.Is(err, pmp.ErrProblem) {
		t.Errorf("without a law: got %v", err)
	}
}

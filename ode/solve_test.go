package ode_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/testproblems"
	"github.com/costate-go/costate/solvers"
)

var background = context.Background()

func solve(t *testing.T, p ode.Problem, s ode.Settings) *ode.Solution {
	t.Helper()
	sol, err := ode.Solve(background, p, s)
	if err != nil {
		t.Fatal(err)
	}
	if sol.Reason != ode.Finished || sol.End() != p.T1 {
		t.Fatalf("ended at %g because it %v", sol.End(), sol.Reason)
	}
	return sol
}

func reversed(p testproblems.Problem) testproblems.Problem {
	p.Name += " backward"
	p.T0, p.T1, p.X0, p.X1 = p.T1, p.T0, p.X1, p.X0
	return p
}

func smooth() []testproblems.Problem {
	return []testproblems.Problem{testproblems.Twist, testproblems.Forced,
		reversed(testproblems.Twist), reversed(testproblems.Forced)}
}

func distance(x, y []float64) (d float64) {
	for i := range x {
		d = max(d, math.Abs(x[i]-y[i]))
	}
	return d
}

func TestThereAndBack(t *testing.T) {
	p := testproblems.Brusselator
	there := solve(t, ode.Problem{F: p.F, X0: p.X0, T0: 0, T1: 3}, ode.Settings{RTol: 1e-11, ATol: 1e-11})
	back := solve(t, ode.Problem{F: p.F, X0: there.Final(), T0: 3, T1: 0}, ode.Settings{RTol: 1e-11, ATol: 1e-11})
	if d := distance(back.Final(), p.X0); d > 1e-7 {
		t.Errorf("came back %.3g away", d)
	}
	if !slices.IsSortedFunc(back.T, func(a, b float64) int { return int(math.Copysign(1, b-a)) }) {
		t.Error("times of a backward solution don't fall")
	}
}

func TestSavePoints(t *testing.T) {
	for _, p := range smooth() {
		for _, m := range solvers.Methods() {
			s := ode.Settings{Method: m}
			if m.ErrorOrder() == 0 {
				s.Step = 0.004
			}
			plain := solve(t, p.IVP(), s)
			if len(plain.T) != plain.Stats.Accepted+1 || plain.T[0] != p.T0 || !slices.Equal(plain.X[len(plain.X)-1], plain.Final()) {
				t.Fatalf("%s on %s: %d rows after %v", m.Name(), p.Name, len(plain.T), plain.Stats)
			}
			mid := plain.T[len(plain.T)/2]
			s.SaveAt = []float64{p.T0, p.T0, p.T0 + 0.3*(mid-p.T0), mid, 0.5 * (mid + p.T1), p.T1}
			saved := solve(t, p.IVP(), s)
			if !slices.Equal(saved.T, s.SaveAt) || len(saved.X) != len(s.SaveAt) {
				t.Fatalf("%s on %s: saved %v, want %v", m.Name(), p.Name, saved.T, s.SaveAt)
			}
			if !slices.Equal(saved.Final(), plain.Final()) || saved.Stats.Accepted != plain.Stats.Accepted {
				t.Errorf("%s on %s: save points changed the steps", m.Name(), p.Name)
			}
			x := make([]float64, len(p.X0))
			for i, at := range saved.T {
				if err := plain.At(x, at); err != nil || !slices.Equal(x, saved.X[i]) {
					t.Errorf("%s on %s: at %g saved %v, dense output %v, %v", m.Name(), p.Name, at, saved.X[i], x, err)
				}
			}
			s.SaveAt, s.EndOnly = nil, true
			if ends := solve(t, p.IVP(), s); !slices.Equal(ends.T, []float64{p.T0, p.T1}) || !slices.Equal(ends.X[1], plain.Final()) {
				t.Errorf("%s on %s: EndOnly saved %v", m.Name(), p.Name, ends.T)
			}
		}
	}
}

// A right-hand side that jumps at t = 1 and t = 2 (and has another value at exactly these times) is integrated as
// accurately as a smooth one when the jumps are stops, in both directions.
func TestStopsAtJumps(t *testing.T) {
	rate := func(t float64) float64 {
		switch {
		case t < 1:
			return -1
		case t == 1 || t == 2:
			return 1e6
		case t < 2:
			return 2
		}
		return -0.5
	}
	f := func(dx []float64, t float64, x []float64) { dx[0] = rate(t) * x[0] }
	end := math.Exp(-1 + 2 - 0.5)
	for _, m := range solvers.Methods() {
		for _, back := range []bool{false, true} {
			p := ode.Problem{F: f, X0: []float64{1}, T0: 0, T1: 3}
			want := end
			if back {
				p.T0, p.T1, want = 3, 0, 1/end
			}
			s := ode.Settings{Method: m, Stops: []float64{2, 7, 1, 2, -3}, RTol: 1e-9, ATol: 1e-9}
			tol := 1e-7
			if m.Order() < 3 {
				tol = 1e-6
			}
			if m.ErrorOrder() == 0 {
				s.Step, tol = 0.001, 1e-2
			}
			sol := solve(t, p, s)
			if e := math.Abs(sol.Final()[0] - want); e > tol {
				t.Errorf("%s, backward %v: error %.3g after %v", m.Name(), back, e, sol.Stats)
			}
			if !slices.Contains(sol.T, 1) || !slices.Contains(sol.T, 2) {
				t.Errorf("%s: steps don't end at the stops", m.Name())
			}
			if sol.Stats.Rejected > 5 && m != solvers.Kvaerno5 && m != solvers.BDF { // which look beyond the end of a step, or begin again with order one
				t.Errorf("%s: %d rejected steps at known jumps", m.Name(), sol.Stats.Rejected)
			}
			x := make([]float64, 1)
			if err := sol.At(x, 1.5); err != nil || !back && math.Abs(x[0]-1) > tol {
				t.Errorf("%s: x(1.5) = %v, %v", m.Name(), x, err)
			}
		}
	}
}

func TestOnStep(t *testing.T) {
	p := testproblems.LotkaVolterra
	var times []float64
	sol, err := ode.Solve(background, p.IVP(), ode.Settings{OnStep: func(it *ode.Integrator) bool {
		if it.T()-it.TPrev() != it.H() || it.Stats().Accepted != len(times)+1 {
			t.Errorf("at %g: step from %g of size %g, %v", it.T(), it.TPrev(), it.H(), it.Stats())
		}
		times = append(times, it.T())
		return it.T() < 5
	}})
	if err != nil || sol.Reason != ode.StoppedByCaller || !slices.Equal(sol.T[1:], times) || sol.End() != times[len(times)-1] {
		t.Errorf("%v, %v, ended at %g", err, sol.Reason, sol.End())
	}
}

func TestEmptyInterval(t *testing.T) {
	for _, m := range []solvers.Method{solvers.Tsit5, solvers.RK4} {
		sol := solve(t, ode.Problem{F: testproblems.Lorenz.F, X0: []float64{1, 2, 3}, T0: 4, T1: 4}, ode.Settings{Method: m})
		x := make([]float64, 3)
		if err := sol.At(x, 4); err != nil || !slices.Equal(x, []float64{1, 2, 3}) || len(sol.T) != 1 || sol.Stats.Accepted != 0 {
			t.Errorf("%v, %v, %v", sol.T, sol.Stats, err)
		}
	}
}

func TestStatistics(t *testing.T) {
	for _, p := range []testproblems.Problem{testproblems.Arenstorf, reversed(testproblems.Lorenz)} {
		for _, m := range pairs() {
			calls := 0
			ivp := p.IVP()
			ivp.F = func(dx []float64, t float64, x []float64) { calls++; p.F(dx, t, x) }
			if p.Name != "arenstorf" {
				ivp.T1 = ivp.T0 - 0.5 // the Lorenz system explodes backward
			}
			sol := solve(t, ivp, ode.Settings{Method: m, SkipDense: true})
			s := sol.Stats
			tab := m.(*solvers.Tableau)
			want := 2 + (tab.Stages()-1)*(s.Accepted+s.Rejected) // a rejected attempt keeps the first stage
			if !tab.FSAL {
				want += s.Accepted - 1
			}
			if s.Evaluations != calls || calls != want {
				t.Errorf("%s on %s: %d calls, %v", m.Name(), p.Name, calls, s)
			}
			lo, hi := math.Inf(1), 0.0
			for i := 1; i < len(sol.T); i++ {
				h := math.Abs(sol.T[i] - sol.T[i-1])
				lo, hi = min(lo, h), max(hi, h)
			}
			if s.MinStep != lo || s.MaxStep != hi || s.Accepted != len(sol.T)-1 {
				t.Errorf("%s on %s: steps between %g and %g, said to be %g and %g", m.Name(), p.Name, lo, hi, s.MinStep, s.MaxStep)
			}
		}
	}
}

func TestStepLimits(t *testing.T) {
	p := testproblems.LotkaVolterra
	sol := solve(t, p.IVP(), ode.Settings{MaxStep: 0.03, FirstStep: 0.01})
	if sol.Stats.MaxStep > 0.03*(1+1e-12) || math.Abs(sol.T[1]-0.01) > 1e-15 {
		t.Errorf("first step %g, largest %g", sol.T[1], sol.Stats.MaxStep)
	}
}

// Every controller and norm solves every problem.
func TestControllersAndNorms(t *testing.T) {
	for _, c := range []solvers.Controller{solvers.I{}, solvers.PI{}, solvers.PID{},
		solvers.Gustafsson{}, solvers.PID{Beta1: 0.25, Beta2: 0.25, Alpha: 0.25} /* H211b */} {
		for name, norm := range map[string]solvers.Norm{"rms": solvers.RMS, "max": solvers.Max, "samples": solvers.MaxOverSamples(1)} {
			p := testproblems.Brusselator
			sol := solve(t, p.IVP(), ode.Settings{Controller: c, Norm: norm})
			if e := p.Error(sol.Final(), 1e-2); e > 1e-4 || sol.Stats.Accepted > 400 || sol.Stats.Rejected > sol.Stats.Accepted/3 {
				t.Errorf("%T, %s: error %.3g after %v", c, name, e, sol.Stats)
			}
		}
	}
}

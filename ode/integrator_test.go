package ode_test

import (
	"math"
	"slices"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/testproblems"
	"github.com/costate-go/costate/solvers"
)

func newIntegrator(t *testing.T, n int, s ode.Settings) *ode.Integrator {
	t.Helper()
	it, err := ode.NewIntegrator(n, s)
	if err != nil {
		t.Fatal(err)
	}
	return it
}

func step(t *testing.T, it *ode.Integrator, stop float64) {
	t.Helper()
	if err := it.Step(background, stop); err != nil {
		t.Fatal(err)
	}
}

func TestLandsOnStopsBitForBit(t *testing.T) {
	for _, m := range solvers.Methods() {
		for _, dir := range []float64{1, -1} {
			s := ode.Settings{Method: m}
			if m.ErrorOrder() == 0 {
				s.Step = 0.01
			}
			it := newIntegrator(t, 2, s)
			it.Start(testproblems.VanDerPol.F, -1, []float64{2, 0}, dir*4)
			for _, stop := range []float64{-1 + dir*0.1, -1 + dir/3, -1 + dir*0.7, -1 + dir*math.Nextafter(0.7, 1), -1 + dir*math.Pi} {
				for n := 0; it.T() != stop; n++ {
					before := it.T()
					step(t, it, stop)
					if it.TPrev() != before || it.H() != it.T()-before || (it.T()-stop)*dir > 0 || n > 1000 {
						t.Fatalf("%s: from %g to %g towards %g", m.Name(), before, it.T(), stop)
					}
				}
				evals := it.Stats().Evaluations
				step(t, it, stop) // nothing to do
				if it.Stats().Evaluations != evals || it.T() != stop {
					t.Errorf("%s: a step at the stop did something", m.Name())
				}
			}
		}
	}
}

// A stop that cuts a step short does not make later steps smaller.
func TestStopsKeepTheStepSize(t *testing.T) {
	f := func(dx []float64, t float64, x []float64) { dx[0] = math.Cos(t) }
	it := newIntegrator(t, 1, ode.Settings{MaxStep: 0.5})
	it.Start(f, 0, []float64{0}, 100)
	for it.T() < 20 {
		step(t, it, 20)
	}
	before := it.Proposal()
	step(t, it, 20+1e-9)
	if it.T() != 20+1e-9 || it.Proposal() < before {
		t.Errorf("proposal fell from %g to %g by a stop", before, it.Proposal())
	}
	step(t, it, 100)
	if it.H() < 0.9*min(before, 0.5) {
		t.Errorf("the step after a stop is %g long", it.H())
	}
}

func TestNoSlivers(t *testing.T) {
	f := func(dx []float64, t float64, x []float64) { dx[0] = 0 }
	for _, end := range []float64{1.0001, 1.005, 1.02, 1.5, 1.99, 2.001, 7.3} {
		it := newIntegrator(t, 1, ode.Settings{FirstStep: 1, Controller: solvers.I{Limits: solvers.Limits{MaxFactor: 1}}})
		it.Start(f, 0, []float64{1}, end)
		for it.T() < end {
			step(t, it, end)
		}
		if s := it.Stats(); s.MinStep < 0.5 || s.MaxStep > 1.01 {
			t.Errorf("[0, %g]: steps between %g and %g", end, s.MinStep, s.MaxStep)
		}
	}
}

func TestFixedStepsAreEqual(t *testing.T) {
	f := func(dx []float64, t float64, x []float64) { dx[0] = 1 }
	for _, c := range []struct {
		h, end float64
		want   int
	}{{0.1, 1, 10}, {0.3, 1, 4}, {1.0 / 3, 1, 3}, {2, 1, 1}, {0.1, -0.7, 7}, {1e-3, 3.0001, 3001}} {
		it := newIntegrator(t, 1, ode.Settings{Method: solvers.RK4, Step: c.h})
		it.Start(f, 0, []float64{0}, c.end)
		for it.T() != c.end {
			step(t, it, c.end)
		}
		s := it.Stats()
		if s.Accepted != c.want || s.MaxStep-s.MinStep > 1e-14 || s.Evaluations != 4*c.want {
			t.Errorf("h = %g to %g: %v, sizes %g … %g, want %d", c.h, c.end, s, s.MinStep, s.MaxStep, c.want)
		}
	}
}

func TestSetFixedStep(t *testing.T) {
	it := newIntegrator(t, 1, ode.Settings{Method: solvers.RK4}) // a size may follow later
	f := func(dx []float64, t float64, x []float64) { dx[0] = -x[0] }
	it.SetFixedStep(0.5)
	it.Start(f, 0, []float64{1}, 2)
	step(t, it, 2)
	it.SetFixedStep(0.25)
	step(t, it, 2)
	if it.T() != 0.75 {
		t.Errorf("at %g, want 0.75", it.T())
	}
	defer func() {
		if recover() == nil {
			t.Error("a negative step size does not panic")
		}
	}()
	it.SetFixedStep(-1)
}

func TestReuseGivesIdenticalBits(t *testing.T) {
	for _, m := range solvers.Methods() {
		for _, p := range testproblems.All() {
			run := func(it *ode.Integrator) (path []float64, s ode.Stats) {
				it.Start(p.F, p.T0, p.X0, p.T1)
				for _, stop := range []float64{p.T0 + 0.3*(p.T1-p.T0), p.T1} {
					for it.T() != stop {
						step(t, it, stop)
						path = append(append(path, it.T()), it.X()...)
					}
					it.Restart(p.F)
				}
				return path, it.Stats()
			}
			s := ode.Settings{Method: m, RTol: 1e-5, ATol: 1e-5}
			if m.Order() < 3 {
				s.RTol, s.ATol = 1e-3, 1e-3
			}
			if m.ErrorOrder() == 0 {
				if p.Exact == nil {
					continue // fixed steps for these are another matter
				}
				s.Step = (p.T1 - p.T0) / 1000
			}
			it := newIntegrator(t, len(p.X0), s)
			first, stats := run(it)
			again, statsAgain := run(it)
			fresh, statsFresh := run(newIntegrator(t, len(p.X0), s))
			if !slices.Equal(first, again) || !slices.Equal(first, fresh) || stats != statsAgain || stats != statsFresh {
				t.Errorf("%s on %s: results differ between runs", m.Name(), p.Name)
			}
		}
	}
}

func TestIntegratorAllocatesNothing(t *testing.T) {
	p := testproblems.Arenstorf
	for _, m := range solvers.Methods() {
		s := ode.Settings{Method: m}
		if m.ErrorOrder() == 0 {
			s.Step = 1e-3
		}
		it := newIntegrator(t, len(p.X0), s)
		it.BeforeAttempt = func() {}
		if a := testing.AllocsPerRun(5, func() {
			it.Start(p.F, p.T0, p.X0, p.T1)
			for it.T() < 0.1 {
				it.Step(background, 0.1)
			}
			it.Restart(p.F)
			it.SetX(it.X())
			it.Step(background, 1)
		}); a != 0 {
			t.Errorf("%s: %g allocations", m.Name(), a)
		}
	}
}

// Evaluations for the first step size come before the first attempt, whose first stage is one of them; after a rejection the
// first stage is kept.
func TestBeforeAttempt(t *testing.T) {
	p := testproblems.Arenstorf
	var calls, attempts, early int
	var perAttempt []int
	it := newIntegrator(t, 4, ode.Settings{FirstStep: 0})
	it.BeforeAttempt = func() {
		if attempts == 0 {
			early = calls
			if !it.Stepper().FirstStageKnown() {
				t.Error("the first stage is not known at the first attempt")
			}
		}
		attempts++
		perAttempt = append(perAttempt, calls)
	}
	it.Start(func(dx []float64, t float64, x []float64) { calls++; p.F(dx, t, x) }, p.T0, p.X0, p.T1)
	for it.T() < p.T1 {
		step(t, it, p.T1)
	}
	s := it.Stats()
	if early != 2 || attempts != s.Accepted+s.Rejected || s.Rejected == 0 || s.Evaluations != calls {
		t.Errorf("%d early evaluations, %d attempts, %d calls, %v", early, attempts, calls, s)
	}
	for i := 1; i < len(perAttempt); i++ {
		if got := perAttempt[i] - perAttempt[i-1]; got != 6 {
			t.Fatalf("attempt %d made %d evaluations, want 6", i-1, got)
		}
	}
}

func TestRestartAndSetX(t *testing.T) {
	grow := func(dx []float64, t float64, x []float64) { dx[0] = x[0] }
	fall := func(dx []float64, t float64, x []float64) { dx[0] = -x[0] }
	it := newIntegrator(t, 1, ode.Settings{RTol: 1e-9, ATol: 1e-9})
	it.Start(grow, 0, []float64{1}, 3)
	to := func(stop float64) {
		for it.T() != stop {
			step(t, it, stop)
		}
	}
	to(1)
	proposal := it.Proposal()
	it.Restart(fall)
	if it.T() != 1 || it.Proposal() != proposal || it.Stepper().FirstStageKnown() {
		t.Error("Restart changed the point or the step size, or kept the first stage")
	}
	to(2)
	if d := math.Abs(it.X()[0] - 1); d > 1e-8 {
		t.Errorf("after growth and decay off by %g", d)
	}
	it.SetX([]float64{5})
	to(3)
	if d := math.Abs(it.X()[0] - 5*math.Exp(-1)); d > 1e-8 {
		t.Errorf("after a jump off by %g", d)
	}
	to(2.5) // turning round is allowed
	if d := math.Abs(it.X()[0] - 5*math.Exp(-0.5)); d > 1e-8 {
		t.Errorf("after turning round off by %g", d)
	}
}

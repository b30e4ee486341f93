package ode_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/testproblems"
	"github.com/costate-go/costate/solvers"
)

// fails checks the error of a solution and what comes with it.
func fails(t *testing.T, sol *ode.Solution, err error, sentinel error, reason ode.Reason, words ...string) *ode.Error {
	t.Helper()
	var e *ode.Error
	if !errors.Is(err, sentinel) || !errors.As(err, &e) {
		t.Fatalf("error %v, want one that wraps %v", err, sentinel)
	}
	if e.Reason != reason || sol == nil || sol.Reason != reason || reason.Success() {
		t.Fatalf("reason %v, want %v", e.Reason, reason)
	}
	if sol.End() != e.T || sol.Stats != e.Stats || len(sol.T) != sol.Stats.Accepted+1 || sol.T[len(sol.T)-1] != e.T {
		t.Errorf("the partial solution ends at %g after %v, the error says %g after %v", sol.End(), sol.Stats, e.T, e.Stats)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
	return e
}

func TestStepTooSmallError(t *testing.T) {
	// A pole at t = 1 in the second component.
	f := func(dx []float64, t float64, x []float64) { dx[0], dx[1] = -x[0], x[1]*x[1] }
	sol, err := ode.Solve(background, ode.Problem{F: f, X0: []float64{1, 1}, T0: 0, T1: 2}, ode.Settings{MinStep: 1e-9})
	e := fails(t, sol, err, ode.ErrStepTooSmall, ode.StepTooSmall, "component 1", "Stops", "floor 1e-09")
	if math.Abs(e.T-1) > 1e-4 || e.Limit != 1e-9 || math.Abs(e.H) >= e.Limit || e.Component != 1 {
		t.Errorf("%+v", e)
	}
	// A jump that nothing announces, with tolerances that cannot be met across it.
	jump := func(dx []float64, t float64, x []float64) { dx[0] = 1e12 * math.Copysign(1, t-0.7) }
	sol, err = ode.Solve(background, ode.Problem{F: jump, X0: []float64{0}, T0: 0, T1: 1}, ode.Settings{RTol: 1e-30, ATol: 1e-7})
	e = fails(t, sol, err, ode.ErrStepTooSmall, ode.StepTooSmall)
	if e.Limit != 10*(math.Nextafter(e.T, 2)-e.T) || e.Norm <= 1 {
		t.Errorf("floor %g at t = %g, norm %g", e.Limit, e.T, e.Norm)
	}
}

func TestMaxStepsError(t *testing.T) {
	p := testproblems.Lorenz
	sol, err := ode.Solve(background, p.IVP(), ode.Settings{MaxSteps: 20})
	e := fails(t, sol, err, ode.ErrMaxSteps, ode.TooManySteps, "limit of 20 steps", "raise MaxSteps")
	if e.Stats.Accepted+e.Stats.Rejected != 20 || e.T <= 0 || e.T >= 10 {
		t.Errorf("%+v", e)
	}
	if sol, err := ode.Solve(background, p.IVP(), ode.Settings{Method: solvers.RK4, Step: 5e-5, MaxSteps: -1}); err != nil || sol.Stats.Accepted != 200000 {
		t.Errorf("without a limit: %v after %v", err, sol.Stats)
	}
}

func TestNonFiniteErrors(t *testing.T) {
	for _, c := range []struct {
		name      string
		f         solvers.Func
		settings  ode.Settings
		component int
		attempts  int // at the failing step
	}{
		{"at the start", func(dx []float64, t float64, x []float64) { dx[0], dx[1] = 1, math.NaN() }, ode.Settings{}, 1, 1},
		{"infinite", func(dx []float64, t float64, x []float64) { dx[0], dx[1] = math.Inf(-1), 0 }, ode.Settings{}, 0, 1},
		{"beyond t = 1/2", func(dx []float64, t float64, x []float64) { dx[0], dx[1] = math.Sqrt(0.5-t), 1 }, ode.Settings{}, 0, 200},
		{"fixed steps", func(dx []float64, t float64, x []float64) { dx[0], dx[1] = math.Sqrt(0.5-t), 1 }, ode.Settings{Method: solvers.RK4, Step: 0.07}, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			sol, err := ode.Solve(background, ode.Problem{F: c.f, X0: []float64{0, 0}, T0: 0, T1: 1}, c.settings)
			e := fails(t, sol, err, ode.ErrNonFinite, ode.NonFinite, "not finite", "domain of F")
			if e.Component != c.component || e.T > 0.5 || e.Stats.Rejected > c.attempts+5 {
				t.Errorf("%+v", e)
			}
		})
	}
}

// A right-hand side that is undefined just outside the solution's domain is no obstacle: steps shrink until they stay
// inside.
func TestNonFiniteStagesAreAvoided(t *testing.T) {
	f := func(dx []float64, t float64, x []float64) { dx[0] = -10 * math.Sqrt(x[0]) }
	sol := solve(t, ode.Problem{F: f, X0: []float64{1}, T0: 0, T1: 0.19}, ode.Settings{FirstStep: 0.19})
	if d := math.Abs(sol.Final()[0] - math.Pow(1-5*0.19, 2)); d > 1e-5 || sol.Stats.Rejected == 0 {
		t.Errorf("off by %g after %v", d, sol.Stats)
	}
}

func TestCancelledError(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(background)
	n := 0
	sol, err := ode.Solve(ctx, testproblems.Lorenz.IVP(), ode.Settings{OnStep: func(*ode.Integrator) bool {
		if n++; n == 7 {
			cancel(cause)
		}
		return true
	}})
	e := fails(t, sol, err, ode.ErrCancelled, ode.Cancelled, "enough")
	if e.Stats.Accepted != 7 || !errors.Is(err, cause) || !errors.Is(err, context.Canceled) {
		t.Errorf("%v after %v", err, e.Stats)
	}
}

func TestSettingsErrors(t *testing.T) {
	good := testproblems.Twist.IVP()
	nan, inf := math.NaN(), math.Inf(1)
	with := func(change func(p *ode.Problem)) ode.Problem {
		p := good
		change(&p)
		return p
	}
	for _, c := range []struct {
		field string
		p     ode.Problem
		s     ode.Settings
	}{
		{"RTol", good, ode.Settings{RTol: -1}},
		{"RTol", good, ode.Settings{RTol: nan}},
		{"ATol", good, ode.Settings{ATol: inf}},
		{"Step", good, ode.Settings{Step: -0.1}},
		{"Step", good, ode.Settings{Method: solvers.RK4}},
		{"FirstStep", good, ode.Settings{FirstStep: -1}},
		{"MaxStep", good, ode.Settings{MaxStep: nan}},
		{"MinStep", good, ode.Settings{MinStep: 2, MaxStep: 1}},
		{"MaxTime", good, ode.Settings{MaxTime: -1}},
		{"SaveAt", good, ode.Settings{SaveAt: []float64{0, 5}}},
		{"SaveAt", good, ode.Settings{SaveAt: []float64{1, 0.5}}},
		{"SaveAt", good, ode.Settings{SaveAt: []float64{nan}}},
		{"Stops", good, ode.Settings{Stops: []float64{1, nan}}},
		{"Events", good, ode.Settings{Events: []ode.Event{{}}}},
		{"F", with(func(p *ode.Problem) { p.F = nil }), ode.Settings{}},
		{"X0", with(func(p *ode.Problem) { p.X0 = nil }), ode.Settings{}},
		{"X0", with(func(p *ode.Problem) { p.X0 = []float64{1, nan} }), ode.Settings{}},
		{"T0", with(func(p *ode.Problem) { p.T0 = nan }), ode.Settings{}},
		{"T1", with(func(p *ode.Problem) { p.T1 = inf }), ode.Settings{}},
	} {
		sol, err := ode.Solve(background, c.p, c.s)
		var e *ode.SettingsError
		if sol != nil || !errors.Is(err, ode.ErrSettings) || !errors.As(err, &e) || e.Field != c.field || e.Remedy == "" || !strings.Contains(err.Error(), c.field) {
			t.Errorf("%s: %v", c.field, err)
		}
	}
	if _, err := ode.NewIntegrator(0, ode.Settings{}); !errors.Is(err, ode.ErrSettings) {
		t.Errorf("no unknowns: %v", err)
	}
	it := newIntegrator(t, 1, ode.Settings{Method: solvers.Euler})
	it.Start(good.F, 0, []float64{1}, 1)
	if err := it.Step(background, 1); !errors.Is(err, ode.ErrSettings) {
		t.Errorf("a method without error estimate and step size: %v", err)
	}
	if err := it.Step(background, inf); !errors.Is(err, ode.ErrSettings) {
		t.Errorf("an infinite stop: %v", err)
	}
}

func TestReasons(t *testing.T) {
	seen := map[string]bool{}
	for r := ode.Unfinished; r <= ode.InvalidSettings; r++ {
		if s := r.String(); s == "" || s == "unknown reason" || seen[s] {
			t.Errorf("reason %d is %q", r, s)
		}
		seen[r.String()] = true
	}
	if ode.Reason(99).String() != "unknown reason" || !ode.Finished.Success() || ode.Unfinished.Success() {
		t.Error("reasons are wrong")
	}
}

func TestMaxTimeError(t *testing.T) {
	p := testproblems.Lorenz.IVP()
	p.T1 = 1e9
	began := time.Now()
	sol, err := ode.Solve(background, p, ode.Settings{MaxTime: 20 * time.Millisecond, MaxSteps: -1, SkipDense: true})
	e := fails(t, sol, err, ode.ErrMaxTime, ode.OutOfTime, "limit of 20ms", "raise MaxTime")
	if took := time.Since(began); took < 20*time.Millisecond || took > 5*time.Second || e.Limit != 0.02 {
		t.Errorf("took %v, %+v", took, e)
	}
}

func TestProgress(t *testing.T) {
	p := testproblems.Lorenz.IVP()
	var seen []ode.Progress
	s := ode.Settings{MaxStep: 1e-2, OnProgress: func(p ode.Progress) { seen = append(seen, p) },
		OnStep: func(it *ode.Integrator) bool {
			if it.Stats().Accepted%100 == 0 {
				time.Sleep(30 * time.Millisecond)
			}
			return true
		}}
	sol := solve(t, p, s)
	last := seen[len(seen)-1]
	if len(seen) < 3 || last.Fraction != 1 || last.T != 10 || last.Stats != sol.Stats {
		t.Errorf("%d reports, the last %+v", len(seen), last)
	}
	for i := 1; i < len(seen); i++ {
		if seen[i].Fraction < seen[i-1].Fraction || seen[i].Elapsed < seen[i-1].Elapsed || seen[i-1].Fraction != seen[i-1].T/10 {
			t.Errorf("report %d: %+v after %+v", i, seen[i], seen[i-1])
		}
	}
}

package ode_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/solvers"
)

// x = (sin t, cos t).
func circle(dx []float64, _ float64, x []float64) { dx[0], dx[1] = x[1], -x[0] }

func TestEvents(t *testing.T) {
	height := func(_ float64, x []float64) float64 { return x[0] }
	side := func(_ float64, x []float64) float64 { return x[1] }
	p := ode.Problem{F: circle, X0: []float64{math.Sin(0.1), math.Cos(0.1)}, T0: 0.1, T1: 10}
	s := ode.Settings{RTol: 1e-10, ATol: 1e-10, Events: []ode.Event{{G: height}, {G: side, Direction: 1}}}
	sol := solve(t, p, s)
	want := []struct {
		event int
		at    float64
	}{{0, math.Pi}, {1, 1.5 * math.Pi}, {0, 2 * math.Pi}, {0, 3 * math.Pi}}
	if len(sol.Events) != len(want) {
		t.Fatalf("%d events, want %d", len(sol.Events), len(want))
	}
	for i, w := range want {
		if e := sol.Events[i]; e.Event != w.event || math.Abs(e.T-w.at) > 1e-8 || math.Abs(e.X[0]-math.Sin(w.at)) > 1e-8 {
			t.Errorf("event %d is %+v, want %d at %.10g", i, e, w.event, w.at)
		}
	}

	s.Events[0] = ode.Event{G: height, Direction: 1, Terminal: true}
	sol, err := ode.Solve(background, p, s)
	if err != nil || sol.Reason != ode.StoppedByEvent || math.Abs(sol.End()-2*math.Pi) > 1e-8 || len(sol.Events) != 2 {
		t.Fatalf("%v, %v at %g after %d events", err, sol.Reason, sol.End(), len(sol.Events))
	}
	if last := len(sol.T) - 1; sol.T[last] != sol.End() || !slices.Equal(sol.X[last], sol.Final()) {
		t.Error("the last row is not the event")
	}
	x := make([]float64, 2)
	for i := range 50 {
		at := 0.1 + (sol.End()-0.1)*float64(i)/49
		if err := sol.At(x, min(at, sol.End())); err != nil || math.Abs(x[0]-math.Sin(at)) > 1e-8 {
			t.Fatalf("At(%g) = %v, %v", at, x, err)
		}
	}
	if err := sol.At(x, sol.End()+0.01); err == nil {
		t.Error("the solution goes on after its end")
	}
}

func TestEventsBackward(t *testing.T) {
	p := ode.Problem{F: circle, X0: []float64{math.Sin(-0.1), math.Cos(0.1)}, T0: -0.1, T1: -10}
	sol, err := ode.Solve(background, p, ode.Settings{RTol: 1e-10, ATol: 1e-10, EndOnly: true,
		Events: []ode.Event{{G: func(t float64, x []float64) float64 { return x[0] * x[0] * x[0] }, Direction: 1, Terminal: true}}})
	if err != nil || math.Abs(sol.End()+math.Pi) > 1e-3 || len(sol.T) != 2 {
		t.Errorf("%v, ended at %g with %d rows", err, sol.End(), len(sol.T))
	}
}

// A ball that loses a fifth of its speed at every bounce: flights last 2v/g, in closed form.
func TestBouncingBall(t *testing.T) {
	const gravity, height, restitution = 9.81, 2.0, 0.8
	for _, m := range []solvers.Method{nil, solvers.DOP853, solvers.Verner98, solvers.Rodas5P} {
		for _, direction := range []int{-1, 0} {
			ball := ode.Event{
				G:         func(_ float64, x []float64) float64 { return x[0] },
				Direction: direction,
				Apply:     func(_ float64, x []float64) { x[0], x[1] = 0, -restitution*x[1] },
			}
			p := ode.Problem{X0: []float64{height, 0}, T1: 4, F: func(dx []float64, _ float64, x []float64) { dx[0], dx[1] = x[1], -gravity }}
			sol := solve(t, p, ode.Settings{Method: m, RTol: 1e-10, ATol: 1e-10, Events: []ode.Event{ball}})
			at := math.Sqrt(2 * height / gravity)
			speed := gravity * at
			n := 0
			for ; at < 4; n++ {
				if n == len(sol.Events) {
					t.Fatalf("%v: %d bounces, there should be one at %g", m, n, at)
				}
				e := sol.Events[n]
				if math.Abs(e.T-at) > 1e-12 || math.Abs(e.X[1]+speed) > 1e-11 || math.Abs(e.After[1]-restitution*speed) > 1e-11 || math.Abs(e.X[0]) > 1e-14 {
					t.Fatalf("%v: bounce %d at %.15g: %v → %v, want %.15g, speed %g", m, n, e.T, e.X, e.After, at, speed)
				}
				speed *= restitution
				at += 2 * speed / gravity
			}
			if n != len(sol.Events) {
				t.Errorf("%v: %d bounces, want %d", m, len(sol.Events), n)
			}
			// At the last bounce at+… the ball is somewhere in its flight.
			since := 4 - (at - 2*speed/gravity)
			if d := sol.Final()[0] - (speed*since - gravity/2*since*since); math.Abs(d) > 1e-10 {
				t.Errorf("%v: ends off by %g", m, d)
			}
			// Rows hold the state on both sides, and dense output follows the flights.
			for _, e := range sol.Events {
				i := slices.Index(sol.T, e.T)
				if i < 0 || !slices.Equal(sol.X[i], e.X) || sol.T[i+1] != e.T || !slices.Equal(sol.X[i+1], e.After) {
					t.Fatalf("%v: rows at the bounce at %g are missing", m, e.T)
				}
			}
			x := make([]float64, 2)
			for i := range 400 {
				if err := sol.At(x, float64(i)/100); err != nil || x[0] < -1e-12 {
					t.Fatalf("%v: At(%g) = %v, %v", m, float64(i)/100, x, err)
				}
			}
			if len(sol.Steps()) != len(sol.T)-len(sol.Events) {
				t.Errorf("%v: %d knots for %d rows and %d events", m, len(sol.Steps()), len(sol.T), len(sol.Events))
			}
		}
	}
}

// Bounces that become shorter and shorter, to a billionth of the first: no ball falls through the floor.
func TestManyShortBounces(t *testing.T) {
	p := ode.Problem{X0: []float64{1, 0}, T1: 10, F: func(dx []float64, _ float64, x []float64) { dx[0], dx[1] = x[1], -1 }}
	sol, err := ode.Solve(background, p, ode.Settings{Events: []ode.Event{{
		G:         func(_ float64, x []float64) float64 { return x[0] },
		Direction: -1, Terminal: true, After: 30,
		Apply: func(_ float64, x []float64) { x[1] *= -0.5 },
	}}})
	if err != nil || sol.Reason != ode.StoppedByEvent || len(sol.Events) != 30 {
		t.Fatalf("%v, %v after %d bounces", err, sol.Reason, len(sol.Events))
	}
	want := math.Sqrt2
	for i := range 29 {
		want += 2 * math.Sqrt2 * math.Pow(0.5, float64(i+1))
	}
	if math.Abs(sol.End()-want) > 1e-9 || sol.Events[29].After != nil {
		t.Errorf("ended at %.15g, want %.15g", sol.End(), want)
	}
}

// Several changes of sign in one step: apart, close together, and twice by the same function.
func TestSeveralRootsInAStep(t *testing.T) {
	p := ode.Problem{X0: []float64{0}, T1: 10, F: func(dx []float64, _ float64, x []float64) { dx[0] = 1 }}
	roots := func(r ...float64) func(float64, []float64) float64 {
		return func(_ float64, x []float64) float64 {
			v := 1.0
			for _, at := range r {
				v *= x[0] - at
			}
			return v
		}
	}
	for _, c := range []struct {
		name      string
		g         func(float64, []float64) float64
		direction int
		samples   int
		want      []float64
	}{
		{"three", roots(1, 4, 8.5), 0, 0, []float64{1, 4, 8.5}},
		{"rising", roots(1, 4, 8.5), 1, 0, []float64{1, 8.5}},
		{"falling", roots(1, 4, 8.5), -1, 0, []float64{4}},
		{"a close pair", roots(4.4, 4.401), 0, 0, []float64{4.4, 4.401}},
		{"a close pair between samples", roots(4.999, 5.001), 0, 6, []float64{4.999, 5.001}},
		{"touched", roots(6.3, 6.3, 9.1), 0, 0, []float64{9.1}},
		{"many", func(_ float64, x []float64) float64 { return math.Sin(math.Pi * (x[0] + 0.5)) }, 0, 40, []float64{0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5}},
		{"ends only", roots(1, 4, 8.5), 0, -1, []float64{0}[:0:0]},
		{"at the end", func(t float64, _ []float64) float64 { return t - 10 }, 0, 0, []float64{10}},
		{"at the beginning", roots(0, 3), 0, 0, []float64{3}},
	} {
		for _, backward := range []bool{false, true} {
			q := p
			g := c.g
			want := slices.Clone(c.want)
			if backward {
				q.T0, q.T1 = 10, 0
				q.X0 = []float64{10}
				slices.Reverse(want)
				if c.direction != 0 || c.name == "ends only" || strings.HasPrefix(c.name, "at the") {
					continue
				}
			}
			sol := solve(t, q, ode.Settings{FirstStep: 10, Events: []ode.Event{{G: g, Direction: c.direction, Samples: c.samples}}})
			if sol.Stats.Accepted != 1 {
				t.Fatalf("%s: %d steps", c.name, sol.Stats.Accepted)
			}
			var got []float64
			for _, e := range sol.Events {
				got = append(got, e.T)
			}
			if c.name == "ends only" { // an odd number of changes shows at the ends
				if len(got) != 1 {
					t.Errorf("%s: %v", c.name, got)
				}
				continue
			}
			ok := len(got) == len(want)
			for i := range min(len(got), len(want)) {
				ok = ok && math.Abs(got[i]-want[i]) < 1e-11
			}
			if !ok {
				t.Errorf("%s, backward %v: events at %v, want %v", c.name, backward, got, want)
			}
		}
	}
}

// Events with and without samples look at the same steps.
func TestEventsWithDifferentSamples(t *testing.T) {
	p := ode.Problem{X0: []float64{0}, T1: 10, F: func(dx []float64, _ float64, x []float64) { dx[0] = 1 }}
	at := func(root float64, samples int) ode.Event {
		return ode.Event{G: func(_ float64, x []float64) float64 { return x[0] - root }, Samples: samples}
	}
	sol := solve(t, p, ode.Settings{FirstStep: 10, Events: []ode.Event{at(2, -1), at(5, 3), at(0.01, 0), at(0.5, -1)}})
	var got []int
	for _, e := range sol.Events {
		got = append(got, e.Event)
	}
	if !slices.Equal(got, []int{2, 3, 0, 1}) || math.Abs(sol.Events[2].T-2) > 1e-12 {
		t.Errorf("events %v: %v", got, sol.Events)
	}
}

// Two balls that hit the floor at once, a third event that only looks, and one that would have happened later.
func TestSimultaneousEvents(t *testing.T) {
	f := func(dx []float64, _ float64, x []float64) { dx[0], dx[1], dx[2], dx[3] = x[1], -2, x[3], -2 }
	bounce := func(i int) ode.Event {
		return ode.Event{Direction: -1, G: func(_ float64, x []float64) float64 { return x[i] }, Apply: func(_ float64, x []float64) { x[i+1] *= -1 }}
	}
	looks := ode.Event{G: func(_ float64, x []float64) float64 { return 3 * x[2] }}
	late := ode.Event{G: func(_ float64, x []float64) float64 { return x[0] + 0.5 }}
	p := ode.Problem{F: f, X0: []float64{1, 0, 1, 0}, T1: 6}
	sol := solve(t, p, ode.Settings{RTol: 1e-10, ATol: 1e-10, Events: []ode.Event{bounce(0), looks, bounce(2), late}})
	if len(sol.Events) != 9 {
		t.Fatalf("%d events, want three at each of t = 1, 3, 5: %v", len(sol.Events), sol.Events)
	}
	for i, e := range sol.Events {
		at := 1 + 2*float64(i/3)
		if e.Event != i%3 || math.Abs(e.T-at) > 1e-10 || e.T != sol.Events[i/3*3].T || (e.After == nil) != (e.Event == 1) {
			t.Errorf("event %d: %d at %.15g", i, e.Event, e.T)
		}
	}
	if d := distance(sol.Final(), []float64{1, 0, 1, 0}); d > 1e-8 {
		t.Errorf("after three periods off by %g", d)
	}
	if last := sol.Events[8].After; math.Abs(last[1]-2) > 1e-9 || math.Abs(last[3]-2) > 1e-9 {
		t.Errorf("the last of events at once leaves %v", last)
	}
}

// Terminal at the third occurrence; the first two are reported as well.
func TestTerminalAfter(t *testing.T) {
	p := ode.Problem{F: circle, X0: []float64{math.Sin(0.1), math.Cos(0.1)}, T0: 0.1, T1: 100}
	sol, err := ode.Solve(background, p, ode.Settings{RTol: 1e-10, ATol: 1e-10, Events: []ode.Event{
		{G: func(_ float64, x []float64) float64 { return x[0] }, Terminal: true, After: 3}}})
	if err != nil || sol.Reason != ode.StoppedByEvent || len(sol.Events) != 3 || math.Abs(sol.End()-3*math.Pi) > 1e-8 {
		t.Errorf("%v, %v at %g after %d events", err, sol.Reason, sol.End(), len(sol.Events))
	}
}

// Rejected attempts overshoot the event, accepted ones do not reach it: nothing is reported.
func TestNoEventsOnRejectedSteps(t *testing.T) {
	// x turns back just before 1, which first attempts with their long steps do not see.
	f := func(dx []float64, t float64, x []float64) { dx[0] = 1 / (1 + math.Exp(2000*(x[0]-0.99))) }
	largest := 0.0
	p := ode.Problem{F: func(dx []float64, t float64, x []float64) { largest = max(largest, x[0]); f(dx, t, x) }, X0: []float64{0}, T1: 1.5}
	sol := solve(t, p, ode.Settings{FirstStep: 1.2, Events: []ode.Event{{G: func(_ float64, x []float64) float64 { return x[0] - 1.005 }}}})
	if largest < 1.005 || sol.Stats.Rejected == 0 {
		t.Fatalf("no attempt went beyond: %v", sol.Stats)
	}
	if len(sol.Events) != 0 {
		t.Errorf("events of rejected steps: %v", sol.Events)
	}
}

// An event that changes what the right-hand side does: the first stage is evaluated afresh.
func TestEventChangesTheRightHandSide(t *testing.T) {
	for _, m := range pairs() {
		sign := 1.0
		f := func(dx []float64, _ float64, x []float64) { dx[0] = sign * x[0] }
		sol := solve(t, ode.Problem{F: f, X0: []float64{1}, T1: 2}, ode.Settings{Method: m, RTol: 1e-10, ATol: 1e-10, Events: []ode.Event{{
			G:     func(_ float64, x []float64) float64 { return x[0] - 2 },
			Apply: func(float64, []float64) { sign = -1 },
		}}})
		if want := 2 * math.Exp(-(2 - math.Ln2)); math.Abs(sol.Final()[0]-want) > 1e-8 || len(sol.Events) != 1 {
			t.Errorf("%s: ends at %g, want %g, after %d events", m.Name(), sol.Final()[0], want, len(sol.Events))
		}
	}
}

// Whoever drives an Integrator finds the events that Solve finds.
func TestWatcher(t *testing.T) {
	event := ode.Event{G: func(_ float64, x []float64) float64 { return x[0] }, Direction: 1}
	for _, m := range []solvers.Method{solvers.Tsit5, solvers.RK4} {
		s := ode.Settings{Method: m, Step: 0.1, Events: []ode.Event{event}}
		sol := solve(t, ode.Problem{F: circle, X0: []float64{0, -1}, T1: 20}, s)
		it, err := ode.NewIntegrator(2, s)
		if err != nil {
			t.Fatal(err)
		}
		w := ode.NewWatcher(s.Events, it)
		x := []float64{0, -1}
		var times []float64
		run := func() {
			times = times[:0]
			it.Start(circle, 0, x, 20)
			w.Begin(0, x)
			for it.T() < 20 {
				if err := it.Step(background, 20); err != nil {
					t.Fatal(err)
				}
				if k, part := w.First(it); k == 0 {
					times = append(times, it.TPrev()+part*it.H())
				}
			}
		}
		run()
		if len(times) != 3 || len(sol.Events) != 3 {
			t.Fatalf("%s: events at %v, by Solve %v", m.Name(), times, sol.Events)
		}
		for i, e := range sol.Events {
			if times[i] != e.T {
				t.Errorf("%s: event %d at %.17g, by Solve at %.17g", m.Name(), i, times[i], e.T)
			}
		}
		if n := testing.AllocsPerRun(3, run); n != 0 {
			t.Errorf("%s: watching allocates %v times", m.Name(), n)
		}
	}
}

// What has happened before a state, and what an event that changes nothing of G does next.
func TestWatcherOrder(t *testing.T) {
	events := []ode.Event{
		{G: func(_ float64, x []float64) float64 { return x[0] - 0.5 }},
		{G: func(_ float64, x []float64) float64 { return x[0] - 0.6 }, Direction: 1},
		{G: func(_ float64, x []float64) float64 { return x[0] - 0.4 }, Direction: -1},
	}
	it, err := ode.NewIntegrator(2, ode.Settings{Step: 1})
	if err != nil {
		t.Fatal(err)
	}
	w := ode.NewWatcher(events, it)
	x := []float64{0, 1}
	it.Start(circle, 0, x, 2)
	w.Begin(0, x)
	if err := it.Step(background, 1); err != nil {
		t.Fatal(err)
	}
	k, part := w.First(it)
	if k != 0 || math.Abs(part-math.Asin(0.5)) > 1e-3 {
		t.Fatalf("event %d after %g", k, part)
	}
	at := func(s float64) []float64 { return []float64{math.Sin(s), math.Cos(s)} }
	for s, want := range map[float64]int{part: -1, 0.9: 1} {
		if other := w.Earlier(0, s, at(s)); other != want {
			t.Errorf("before %g: %d, want %d", s, other, want)
		}
	}
	// It goes on upward, as its slope says, and comes back after the top.
	it.Jump(math.Asin(0.5), at(math.Asin(0.5)))
	w.Happened(0, 1e-16, 1, it.T(), it.X())
	for k = -1; k != 0; k, part = w.First(it) {
		if err := it.Step(background, 4); err != nil {
			t.Fatal(err)
		}
	}
	if back := it.TPrev() + part*it.H(); math.Abs(back-(math.Pi-math.Asin(0.5))) > 1e-2 {
		t.Errorf("back at %g", back)
	}
	// A slope that does not agree with where it goes: it comes back before it is seen to have left.
	it.Jump(math.Asin(0.5), at(math.Asin(0.5)))
	w.Happened(0, 1e-16, -1, it.T(), it.X())
	if err := it.Step(background, 1); err != nil {
		t.Fatal(err)
	}
	if k, part = w.First(it); k != 0 || part != 0 {
		t.Errorf("event %d after %g, want 0 at once", k, part)
	}
}

// Bounces that lose half of their speed end after a finite time. Past that no ball falls through the floor: the solution ends with an error,
// close to that time.
func TestBouncesAccumulate(t *testing.T) {
	const g, keep = 9.81, 0.5
	fall := func(dx []float64, _ float64, x []float64) { dx[0], dx[1] = x[1], -g }
	bounce := ode.Event{G: func(_ float64, x []float64) float64 { return x[0] }, Direction: -1, Apply: func(_ float64, x []float64) { x[0], x[1] = 0, -keep*x[1] }}
	for _, m := range []solvers.Method{solvers.Tsit5, solvers.BogackiShampine32, solvers.Verner98, solvers.Rodas5P} {
		for _, dir := range []float64{1, -1} {
			p := ode.Problem{F: fall, X0: []float64{1, 0}, T1: 15}
			if dir < 0 { // the same, backward in time
				p.F = func(dx []float64, _ float64, x []float64) { dx[0], dx[1] = -x[1], g }
				p.T1 = -15
			}
			sol, err := ode.Solve(background, p, ode.Settings{Method: m, Events: []ode.Event{bounce}})
			var e *ode.Error
			if !errors.Is(err, ode.ErrAccumulate) || !errors.As(err, &e) || e.Reason != ode.EventsAccumulate || sol.Reason != e.Reason {
				t.Fatalf("%v: %v, %v", m, err, sol.Reason)
			}
			rest := math.Sqrt(2/g) * (1 + 2*keep/(1-keep))
			if e.Component != 0 || math.Abs(math.Abs(e.T)-rest) > 1e-6 || sol.End() != e.T || len(sol.Events) < 15 {
				t.Errorf("%v: %v at %.9g after %d bounces, rest at %.9g", m, err, e.T, len(sol.Events), rest)
			}
			for _, x := range sol.X {
				if x[0] < -1e-9 {
					t.Fatalf("%v: the ball is at %g", m, x[0])
				}
			}
		}
	}
}

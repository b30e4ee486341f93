package ode_test

import (
	"math"
	"slices"
	"testing"

	"github.com/costate-go/costate/ode"
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

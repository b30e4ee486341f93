package ode_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/solvers"
)

// oscillators swing with a damping and a frequency of their own, from times of their own, some backward; one has an
// empty interval.
type oscillators struct {
	batch     ode.Batch
	frequency []float64
}

func newOscillators() *oscillators {
	const n = 7
	o := &oscillators{}
	b := &o.batch
	b.Dim, b.X0 = 2, make([]float64, 2*n)
	for s := range n {
		v := float64(s)
		o.frequency = append(o.frequency, 1+2*v)
		b.T0 = append(b.T0, 0.1*v)
		b.T1 = append(b.T1, 0.1*v+[]float64{3, 0.5, -2, 0, 1, 7, -0.01}[s])
		b.X0[s], b.X0[n+s] = math.Sin(o.frequency[s]*b.T0[s]), math.Cos(o.frequency[s]*b.T0[s])
		var at []float64
		for _, part := range []float64{0, 0, 0.21, 0.5, 0.999, 1} {
			at = append(at, b.T0[s]+part*(b.T1[s]-b.T0[s]))
		}
		at[len(at)-1] = b.T1[s]
		b.SaveAt = append(b.SaveAt, at)
	}
	b.SaveAt[4] = nil
	b.F = func(dx, t, x []float64, samples []int) {
		w := len(t)
		for j, s := range samples {
			f := o.frequency[s]
			// In the form (d/dt) sin ft, with a force that depends on time and vanishes on the solution.
			dx[j] = f*x[w+j] + (x[j] - math.Sin(f*t[j]))
			dx[w+j] = -f * x[j]
		}
	}
	return o
}

func (o *oscillators) exact(s int, t float64) []float64 {
	return []float64{math.Sin(o.frequency[s] * t), math.Cos(o.frequency[s] * t)}
}

func TestSolveBatch(t *testing.T) {
	for _, m := range solvers.Methods() {
		_, together := m.(*solvers.Tableau)
		o := newOscillators()
		s := ode.Settings{Method: m, RTol: 1e-7, ATol: 1e-7}
		tol, dense := 2e-5, 2e-5
		switch {
		case !together && m.ErrorOrder() > 0: // low orders take many steps
			s.RTol, s.ATol, tol, dense = 1e-6, 1e-6, 1e-3, 1e-3
		case m.Order() == 1:
			s.Step, tol, dense = 1e-3, 1, 1
		case m.ErrorOrder() == 0:
			s.Step, tol, dense = 1e-3, 1e-2, 1e-2
		}
		sol, err := ode.SolveBatch(background, o.batch, s)
		if err != nil {
			t.Fatalf("%v: %v", m, err)
		}
		n := len(o.frequency)
		for i := range n {
			at := o.batch.T1[i]
			x := []float64{sol.X[i], sol.X[n+i]}
			growth := math.Exp(math.Abs(at - o.batch.T0[i]))
			if d := distance(x, o.exact(i, at)); d > tol*growth || sol.T[i] != at || sol.Reasons[i] != ode.Finished {
				t.Errorf("%v: sample %d ends at %g off by %g, %v", m, i, sol.T[i], d, sol.Reasons[i])
			}
			if len(sol.Saved[i]) != 2*len(o.batch.SaveAt[i]) {
				t.Fatalf("%v: sample %d saved %d numbers for %d times", m, i, len(sol.Saved[i]), len(o.batch.SaveAt[i]))
			}
			for k, at := range o.batch.SaveAt[i] {
				if d := distance(sol.Saved[i][2*k:2*k+2], o.exact(i, at)); d > dense*growth {
					t.Errorf("%v: sample %d at %g off by %g", m, i, at, d)
				}
			}
		}
		if sol.Stats[3].Accepted != 0 || sol.Stats[6].Accepted > sol.Stats[5].Accepted || m.ErrorOrder() > 0 && sol.Stats[5].Evaluations > sol.Calls {
			t.Errorf("%v: %v, %d calls", m, sol.Stats, sol.Calls)
		}

		// Alone, a sample has the same bits.
		for _, i := range []int{0, 2, 5} {
			if m.Order() == 1 {
				break
			}
			one := ode.Batch{Dim: 2, X0: []float64{o.batch.X0[i], o.batch.X0[n+i]}, T0: o.batch.T0[i : i+1], T1: o.batch.T1[i : i+1],
				F: func(dx, t, x []float64, _ []int) { o.batch.F(dx, t, x, []int{i}) }, SaveAt: o.batch.SaveAt[i : i+1]}
			alone, err := ode.SolveBatch(background, one, s)
			if err != nil {
				t.Fatal(err)
			}
			if alone.X[0] != sol.X[i] || alone.X[1] != sol.X[n+i] || !slices.Equal(alone.Saved[0], sol.Saved[i]) || alone.Stats[0].Accepted != sol.Stats[i].Accepted {
				t.Errorf("%v: sample %d depends on its company", m, i)
			}
		}
	}
}

// Steps and their number are those that Solve takes.
func TestBatchTakesTheStepsOfSolve(t *testing.T) {
	o := newOscillators()
	sol, err := ode.SolveBatch(background, o.batch, ode.Settings{RTol: 1e-9, ATol: 1e-9})
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range o.frequency {
		p := ode.Problem{X0: o.exact(i, o.batch.T0[i]), T0: o.batch.T0[i], T1: o.batch.T1[i],
			F: func(dx []float64, t float64, x []float64) { dx[0], dx[1] = f*x[1]+(x[0]-math.Sin(f*t)), -f*x[0] }}
		alone := solve(t, p, ode.Settings{RTol: 1e-9, ATol: 1e-9})
		if a, b := alone.Stats, sol.Stats[i]; a.Accepted != b.Accepted || a.Rejected != b.Rejected || math.Abs(a.MinStep-b.MinStep) > 1e-6*a.MinStep {
			t.Errorf("sample %d: %v, Solve: %v", i, b, a)
		}
	}
}

// One sample blows up, one is not finite from the start, one needs too many steps, and the others arrive.
func TestBatchFailures(t *testing.T) {
	b := ode.Batch{Dim: 1, X0: []float64{1, 1, 1, 1, 1}, T0: []float64{0}, T1: []float64{2},
		F: func(dx, t, x []float64, samples []int) {
			for j, s := range samples {
				switch s {
				case 1:
					dx[j] = x[j] * x[j]
				case 2:
					dx[j] = math.NaN()
				case 3:
					dx[j] = math.Sin(1e5*t[j]) * 1e5
				default:
					dx[j] = -x[j]
				}
			}
		}}
	var fractions []float64
	sol, err := ode.SolveBatch(background, b, ode.Settings{MaxSteps: 2000, OnProgress: func(p ode.Progress) { fractions = append(fractions, p.Fraction) }})
	if err == nil || !strings.HasPrefix(err.Error(), "sample 1: ") {
		t.Fatalf("error %v", err)
	}
	for i, want := range []error{nil, ode.ErrStepTooSmall, ode.ErrNonFinite, ode.ErrMaxSteps, nil} {
		if e := sol.Errors[i]; !errors.Is(e, want) {
			t.Errorf("sample %d: %v, want %v", i, e, want)
		}
	}
	for _, i := range []int{0, 4} {
		if math.Abs(sol.X[i]-math.Exp(-2)) > 1e-5 || sol.Reasons[i] != ode.Finished {
			t.Errorf("sample %d ends at %g with %g", i, sol.T[i], sol.X[i])
		}
	}
	if math.Abs(sol.T[1]-1) > 1e-4 || sol.T[2] != 0 || !slices.IsSorted(fractions) || fractions[len(fractions)-1] != 1 {
		t.Errorf("ended at %v, progress %v", sol.T, fractions)
	}
	ctx, cancel := context.WithCancel(background)
	cancel()
	if sol, err := ode.SolveBatch(ctx, b, ode.Settings{}); !errors.Is(err, ode.ErrCancelled) || !errors.Is(err, context.Canceled) || sol.Reasons[4] != ode.Cancelled {
		t.Errorf("cancelled: %v", err)
	}
}

func TestBatchSettings(t *testing.T) {
	good := newOscillators().batch
	with := func(change func(b *ode.Batch)) ode.Batch {
		b := good
		change(&b)
		return b
	}
	for name, c := range map[string]struct {
		b ode.Batch
		s ode.Settings
	}{
		"F":        {with(func(b *ode.Batch) { b.F = nil }), ode.Settings{}},
		"Dim":      {with(func(b *ode.Batch) { b.Dim = 0 }), ode.Settings{}},
		"X0":       {with(func(b *ode.Batch) { b.X0 = b.X0[:3] }), ode.Settings{}},
		"T0":       {with(func(b *ode.Batch) { b.T0 = b.T0[:2] }), ode.Settings{}},
		"T1":       {with(func(b *ode.Batch) { b.T1 = []float64{math.Inf(1)} }), ode.Settings{}},
		"SaveAt":   {with(func(b *ode.Batch) { b.SaveAt = b.SaveAt[:2] }), ode.Settings{}},
		"Step":     {good, ode.Settings{Method: solvers.RK4}},
		"Settings": {good, ode.Settings{Stops: []float64{1}}},
		"RTol":     {good, ode.Settings{RTol: -1}},
		"Norm":     {good, ode.Settings{Norm: solvers.Max}},
	} {
		var e *ode.SettingsError
		if sol, err := ode.SolveBatch(background, c.b, c.s); sol != nil || !errors.As(err, &e) || e.Field != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	outside := with(func(b *ode.Batch) { b.SaveAt = slices.Clone(b.SaveAt); b.SaveAt[1] = []float64{9} })
	if _, err := ode.SolveBatch(background, outside, ode.Settings{}); err == nil || !strings.Contains(err.Error(), "sample 1") {
		t.Errorf("a save point outside: %v", err)
	}
}

// Stiff samples, which explicit steps would take thousands of evaluations for, by Rodas5P one after the other: each with its own
// rate, interval and Jacobian; a failing one leaves the others alone, and a cancellation ends all.
func TestSolveBatchStiff(t *testing.T) {
	rate := []float64{1e2, 1e4, 1e6}
	b := ode.Batch{
		// x approaches cos t.
		F: func(dx, t, x []float64, samples []int) {
			for j, s := range samples {
				dx[j] = -rate[s]*(x[j]-math.Cos(t[j])) - math.Sin(t[j])
			}
		},
		Dim: 1, X0: []float64{2, 2, 2}, T0: []float64{0}, T1: []float64{1, 2, 3}, SaveAt: [][]float64{nil, {0.5, 2}, nil},
	}
	s := ode.Settings{Method: solvers.Rodas5P, RTol: 1e-6, ATol: 1e-6}
	plain, err := ode.SolveBatch(background, b, s)
	if err != nil {
		t.Fatal(err)
	}
	jacobians := make([]int, 3)
	b.Jacobian = func(sample int) solvers.Jacobian {
		return solvers.Jacobian{Func: func(dst []float64, _ float64, _ []float64) {
			jacobians[sample]++
			dst[0] = -rate[sample]
		}}
	}
	var progress []float64
	s.OnProgress = func(p ode.Progress) { progress = append(progress, p.Fraction) }
	sol, err := ode.SolveBatch(background, b, s)
	if err != nil {
		t.Fatal(err)
	}
	for i, end := range b.T1 {
		if d := math.Abs(sol.X[i] - math.Cos(end)); d > 1e-5 || sol.T[i] != end || sol.Reasons[i] != ode.Finished {
			t.Errorf("sample %d is off by %g at %g, %v", i, d, sol.T[i], sol.Reasons[i])
		}
		if jacobians[i] == 0 || sol.Stats[i].Accepted == 0 || sol.Stats[i].Accepted > 200 {
			t.Errorf("sample %d: %d Jacobians, %v", i, jacobians[i], sol.Stats[i])
		}
	}
	if x := sol.Saved[1]; len(x) != 2 || math.Abs(x[0]-math.Cos(0.5)) > 1e-4 || x[1] != sol.X[1] || sol.Saved[0] != nil {
		t.Errorf("saved %v", sol.Saved)
	}
	if sol.Calls >= plain.Calls || !slices.Equal(progress, []float64{1.0 / 3, 2.0 / 3, 1}) {
		t.Errorf("%d calls with Jacobians and %d without; progress %v", sol.Calls, plain.Calls, progress)
	}

	rate[1] = math.NaN()
	sol, err = ode.SolveBatch(background, b, s)
	if err == nil || !strings.Contains(err.Error(), "sample 1") || sol.Errors[1] == nil || sol.Reasons[0] != ode.Finished || sol.Reasons[2] != ode.Finished {
		t.Errorf("a sample that fails: %v, %v", err, sol.Reasons)
	}
	ctx, cancel := context.WithCancel(background)
	cancel()
	if sol, err := ode.SolveBatch(ctx, b, s); !errors.Is(err, context.Canceled) || sol.Reasons[2] != ode.Cancelled {
		t.Errorf("cancelled: %v", err)
	}
}

// Three decays with rates and intervals of their own.
func ExampleSolveBatch() {
	rate := []float64{1, 10, 100}
	sol, err := ode.SolveBatch(context.Background(), ode.Batch{
		F: func(dx, t, x []float64, samples []int) {
			for j, s := range samples {
				dx[j] = -rate[s] * x[j]
			}
		},
		Dim: 1, X0: []float64{1, 1, 1}, T0: []float64{0}, T1: []float64{1, 0.1, 0.01},
	}, ode.Settings{RTol: 1e-8, ATol: 1e-10})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.6f\n", sol.X)
	// Output: [0.367879 0.367879 0.367879]
}

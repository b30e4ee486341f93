// Package ode solves initial value problems
//
//	ẋ = f(t, x),   x(t₀) = x₀ ∈ ℝⁿ,   t from t₀ to t₁ (forward or backward),
//
// with the methods of package solvers, explicit or, for stiff problems, implicit: adaptive steps that keep the local error below
// atol + rtol·|x|, or fixed ones; dense output; save points; forced step boundaries; events. Sensitivity carries derivatives
// of the solution along; SolveBatch steps many samples separately. Three lines do:
//
//	sol, err := ode.Solve(ctx, ode.Problem{F: f, X0: []float64{1, 1}, T0: 0, T1: 10}, ode.Settings{})
//	if err != nil { … }
//	x := sol.Final()
//
// Integrator is the same loop, one step at a time, for programs that drive it themselves
// (Hairer, Nørsett & Wanner, Solving Ordinary Differential Equations I, 2nd ed., 1993, chapter II).
package ode

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/costate-go/costate/solvers"
)

// Problem is an initial value problem. Its functions are called on the goroutine of Solve, so that several problems can be solved at once
// where they share nothing that they change.
type Problem struct {
	// F is the right-hand side: it stores f(t, x) in dx; both slices are as long as X0, and it must neither keep them nor change x.
	F solvers.Func
	// F2, F3 or F4 is the right-hand side of two, three or four unknowns by value, with which explicit methods are up to one and a half times
	// as fast; others work with it, too. F may then be nil; otherwise it must be the same function.
	F2 solvers.Func2
	F3 solvers.Func3
	F4 solvers.Func4
	// Jacobian says how methods for stiff problems obtain ∂F/∂x. The zero value means finite differences; others do not
	// need it.
	Jacobian solvers.Jacobian
	// Partition gives the right-hand side in two halves, which symplectic methods (solvers.SymplecticMethods) take
	// turns with; X0 holds q, then p. F may then be nil.
	Partition solvers.Partition
	// X0 is the initial state. It is copied.
	X0 []float64
	// T0 and T1 are the ends of the interval; T1 < T0 integrates backward.
	T0, T1 float64
}

// Defaults of Settings.
const (
	DefaultRTol     = 1e-6
	DefaultATol     = 1e-8
	DefaultMaxSteps = 100000
)

// Settings say how a problem is solved. The zero value means Tsit5 with rtol 10⁻⁶ and atol 10⁻⁸, every step saved,
// with dense output.
type Settings struct {
	// Method is one of package solvers; nil means Tsit5.
	Method solvers.Method
	// RTol and ATol are the tolerances of the local error; zero means 10⁻⁶ and 10⁻⁸.
	RTol, ATol float64
	// Step > 0 asks for fixed steps: the way to the next forced boundary is cut into equal steps of at most this
	// size. Methods without an error estimate need it. Tolerances are not used then.
	Step float64
	// FirstStep is the size of the first attempt; zero means a guess after Hairer, Nørsett & Wanner II.4, which
	// costs one or two evaluations.
	FirstStep float64
	// MaxStep bounds the size of steps; zero means no bound.
	MaxStep float64
	// MinStep is the size below which the integration gives up with ErrStepTooSmall, when it exceeds ten units in
	// the last place of t, where it always does.
	MinStep float64
	// MaxSteps bounds the number of attempts, accepted and rejected; zero means 100000, negative no bound.
	MaxSteps int
	// MaxTime bounds the wall-clock time of an integration; zero means no bound. The clock is read every few steps.
	MaxTime time.Duration
	// Controller chooses step sizes; nil means solvers.PI{}, and solvers.Gustafsson{} for implicit methods.
	// BDF and Auto choose order and step size together and use none of these.
	Controller solvers.Controller
	// Norm measures errors; nil means solvers.RMS.
	Norm solvers.Norm

	// SaveAt lists the times at which the state is saved, in the direction of integration, within [T0, T1]; they
	// are interpolated and don't change the steps. nil means T0 and the end of every step.
	SaveAt []float64
	// EndOnly saves nothing but the first and the last state.
	EndOnly bool
	// SkipDense saves the memory of dense output, (degree + 1)·n numbers a step, and the evaluations of methods whose
	// continuous extension needs further stages; Solution.At then fails.
	SkipDense bool
	// Stops are forced step boundaries, in any order; those outside the interval are ignored. They are where F may
	// jump: steps that end there see F just before the stop, steps that begin there just after it.
	Stops []float64
	// Events are looked for in every accepted step.
	Events []Event
	// OnStep is called after every accepted step; the integration ends, without an error, when it returns false.
	// It may look at the Integrator but not drive it.
	OnStep func(it *Integrator) bool
	// OnProgress is called by Solve now and then, at most ten times a second, and at the end, with the part of the interval
	// that is done. It runs on the goroutine of Solve.
	OnProgress func(p Progress)
	// OnStiff is called once per solution when stability rather than accuracy seems to limit the steps, with the
	// time and the estimated h·|λ| over the stability bound of the method.
	OnStiff func(t, ratio float64)
}

// Progress is how far an integration has come.
type Progress struct {
	Fraction float64 // of the interval, from 0 to 1
	T        float64
	Stats    Stats
	Elapsed  time.Duration
}

// withDefaults returns s with defaults filled in, or a *SettingsError.
func (s Settings) withDefaults() (Settings, error) {
	for _, c := range []struct {
		field string
		value float64
	}{
		{"RTol", s.RTol}, {"ATol", s.ATol}, {"Step", s.Step}, {"FirstStep", s.FirstStep},
		{"MaxStep", s.MaxStep}, {"MinStep", s.MinStep},
	} {
		if !(c.value >= 0) || math.IsInf(c.value, 1) {
			return s, &SettingsError{Field: c.field, Value: c.value, Remedy: "give a finite number that is not negative"}
		}
	}
	if s.MaxTime < 0 {
		return s, &SettingsError{Field: "MaxTime", Value: s.MaxTime.Seconds(), Remedy: "give a time that is not negative"}
	}
	if s.MaxStep > 0 && s.MinStep > s.MaxStep {
		return s, &SettingsError{Field: "MinStep", Value: s.MinStep, Remedy: "keep it below MaxStep"}
	}
	if s.Method == nil {
		s.Method = solvers.Tsit5
	}
	if s.RTol == 0 {
		s.RTol = DefaultRTol
	}
	if s.ATol == 0 {
		s.ATol = DefaultATol
	}
	if s.MaxSteps == 0 {
		s.MaxSteps = DefaultMaxSteps
	}
	if s.Controller == nil {
		s.Controller = solvers.PI{}
	}
	if s.Norm == nil {
		s.Norm = solvers.RMS
	}
	return s, nil
}

func (p *Problem) values() solvers.Values { return solvers.Values{F2: p.F2, F3: p.F3, F4: p.F4} }

// rightHandSide is F, or made of what is given in its place; nil where nothing is.
func (p *Problem) rightHandSide() solvers.Func {
	if p.F != nil {
		return p.F
	}
	if f := p.values().Func(); f != nil {
		return f
	}
	if p.Partition.Force != nil {
		return p.Partition.Func()
	}
	return nil
}

// check reports what is wrong with the problem and with the settings that depend on it.
func (p *Problem) check(s *Settings) error {
	switch n := p.values().Len(); {
	case p.rightHandSide() == nil:
		return &SettingsError{Field: "F", Value: math.NaN(), Remedy: "give a right-hand side"}
	case n != 0 && n != len(p.X0):
		return &SettingsError{Field: "X0", Value: float64(len(p.X0)), Remedy: fmt.Sprintf("give %d unknowns, as F%d has", n, n)}
	case len(p.X0) == 0:
		return &SettingsError{Field: "X0", Value: math.NaN(), Remedy: "give at least one unknown"}
	case p.Partition.Force != nil && len(p.X0)%2 != 0:
		return &SettingsError{Field: "X0", Value: math.NaN(), Remedy: "give an even number of unknowns, q and p"}
	case !isFinite(p.T0):
		return &SettingsError{Field: "T0", Value: p.T0, Remedy: "give a finite time"}
	case !isFinite(p.T1):
		return &SettingsError{Field: "T1", Value: p.T1, Remedy: "give a finite time"}
	}
	if i := slices.IndexFunc(p.X0, func(v float64) bool { return !isFinite(v) }); i >= 0 {
		return &SettingsError{Field: "X0", Index: i, Value: p.X0[i], Remedy: "give finite initial values"}
	}
	if j := &p.Jacobian; j.Banded && (min(j.Lower, j.Upper) < 0 || max(j.Lower, j.Upper) >= len(p.X0)) {
		return &SettingsError{Field: "Jacobian", Value: float64(max(j.Lower, j.Upper)), Remedy: "keep half bandwidths in [0, len(X0))"}
	}
	lo, hi := min(p.T0, p.T1), max(p.T0, p.T1)
	back := p.T1 < p.T0
	for i, t := range s.SaveAt {
		if !(lo <= t && t <= hi) {
			return &SettingsError{Field: "SaveAt", Index: i, Value: t, Remedy: "keep save points between T0 and T1"}
		}
		if i > 0 && t != s.SaveAt[i-1] && (t < s.SaveAt[i-1]) != back {
			return &SettingsError{Field: "SaveAt", Index: i, Value: t, Remedy: "sort save points in the direction of integration"}
		}
	}
	for i, t := range s.Stops {
		if math.IsNaN(t) {
			return &SettingsError{Field: "Stops", Index: i, Value: t, Remedy: "give numbers"}
		}
	}
	for i := range s.Events {
		if s.Events[i].G == nil {
			return &SettingsError{Field: "Events", Index: i, Value: math.NaN(), Remedy: "give a function G"}
		}
	}
	return nil
}

func isFinite(v float64) bool { return v-v == 0 }

// allFinite reports whether no entry is NaN or infinite.
func allFinite(x []float64) bool {
	var sum float64
	for _, v := range x {
		sum += v - v
	}
	return sum == 0
}

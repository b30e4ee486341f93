package ode

import (
	"context"
	"math"
	"time"

	"github.com/costate-go/costate/solvers"
)

// Integrator is the loop around the steps: it chooses sizes, judges errors and stops where it is told to. Its
// owner calls Start, then Step again and again. After construction it allocates nothing, unless a step fails. An
// Integrator belongs to one goroutine and can be started again and again; equal problems give equal bits.
//
// Of Settings it uses the method, tolerances, limits on steps, controller, norm and OnStiff.
type Integrator struct {
	// BeforeAttempt is called right before each attempt at a step, rejected ones included; nil is allowed.
	// Evaluations before its first call belong to the guess of the first step size: the first of them is the first stage of
	// the first attempt, which is not evaluated again; nor is a first stage after a rejection.
	BeforeAttempt func()

	s       Settings
	n       int
	step    float64 // fixed step size; zero: adaptive
	stepper solvers.Stepper
	stiff   solvers.StiffnessTester
	algebra solvers.Implicit        // the stepper where it is implicit, else nil
	second  solvers.SecondEstimator // nil where the method has one estimate
	rms     solvers.RMSStepper      // nil where another norm is asked for, or the stepper has none
	control solvers.Controller
	quick   solvers.SquareController // nil where the controller, or the stepper, works otherwise
	// estimates says that the method has an error estimate.
	estimates bool
	scratch   []float64

	f        solvers.Func
	t, tPrev float64
	dir      float64 // direction of the last step
	h        float64 // signed size of the last accepted step
	proposal float64 // absolute size of the next attempt, whatever stops are in the way
	history  solvers.History
	norm     float64 // of the last attempt
	stats    Stats
	began    time.Time // of the integration, where its time is limited
	base     int       // evaluations of the stepper before Start
	before   solvers.Algebra
	failed   error // of the stepper in the last attempt
	extra    int   // evaluations outside the stepper since Start
	leg      leg
	suspect  suspicion
}

// leg is the way of a fixed-step integration to its next stop.
type leg struct {
	from, to float64
	steps, i int
}

// maxHalvings is how often a step is halved because something is not finite.
const maxHalvings = 20

// NewIntegrator returns an Integrator for n unknowns. The error wraps ErrSettings.
func NewIntegrator(n int, s Settings) (*Integrator, error) {
	usual, free := s.Norm == nil, s.Controller == nil
	s, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	if n < 1 {
		return nil, &SettingsError{Field: "n", Value: float64(n), Remedy: "give at least one unknown"}
	}
	if _, ok := s.Method.(*solvers.Splitting); ok && n%2 != 0 {
		return nil, &SettingsError{Field: "n", Value: float64(n), Remedy: "give an even number of unknowns, q and p: " + s.Method.Name() + " moves them in turns"}
	}
	it := &Integrator{s: s, n: n, step: s.Step, stepper: s.Method.NewStepper(n), scratch: make([]float64, 2*n),
		estimates: s.Method.ErrorOrder() > 0}
	it.stiff, _ = it.stepper.(solvers.StiffnessTester)
	if it.algebra, _ = it.stepper.(solvers.Implicit); it.algebra != nil {
		it.setTolerance()
		if free {
			it.s.Controller = solvers.Gustafsson{}
		}
	}
	if second, ok := it.stepper.(solvers.SecondEstimator); ok && second.SecondErrorEstimate() != nil {
		it.second = second
	}
	if usual {
		it.rms, _ = it.stepper.(solvers.RMSStepper)
	}
	it.history.Order = s.Method.ErrorOrder() + 1
	if own, ok := it.stepper.(solvers.Controller); ok {
		it.s.Controller = own
	}
	it.control = solvers.Prepare(it.s.Controller, it.history.Order)
	if it.rms != nil {
		it.quick, _ = it.control.(solvers.SquareController)
	}
	return it, nil
}

// setTolerance tells an implicit Stepper how accurate its equations must be: well below the errors of adaptive steps; with
// fixed ones, whose errors nobody bounds, to rounding.
func (it *Integrator) setTolerance() {
	rtol, atol := it.s.RTol, it.s.ATol
	if !it.adaptive() {
		rtol, atol = 0, 0
	}
	it.algebra.SetTolerance(rtol, atol, it.s.Norm)
}

// SetJacobian says how implicit methods obtain ∂f/∂x, from the next Start or Restart on; others ignore it. Without it the
// matrix comes from finite differences.
func (it *Integrator) SetJacobian(j solvers.Jacobian) {
	if it.algebra != nil {
		it.algebra.SetJacobian(j)
	}
}

// SetPartition gives the halves of the right-hand side to symplectic methods, from the next Start or Restart on; others
// ignore it.
func (it *Integrator) SetPartition(p solvers.Partition) {
	if s, ok := it.stepper.(solvers.Partitioned); ok {
		s.SetPartition(p)
	}
}

// SetValues gives the right-hand side of two to four unknowns by value, too, which makes the steps of explicit methods faster, from
// the next Start or Restart on; other methods ignore it. It panics where the number of unknowns is another.
func (it *Integrator) SetValues(v solvers.Values) {
	if s, ok := it.stepper.(solvers.ByValue); ok {
		s.SetValues(v)
	}
}

// Start sets the right-hand side and the initial state, which is copied, and forgets all that was before. t1 says
// in which direction and how far the integration will go at most, for the first step size; unless it is given
// or steps are fixed, f is evaluated twice for it.
func (it *Integrator) Start(f solvers.Func, t0 float64, x0 []float64, t1 float64) {
	it.f = f
	it.t, it.tPrev, it.h = t0, t0, 0
	it.stats = Stats{}
	if it.s.MaxTime > 0 {
		it.began = time.Now()
	}
	it.base, it.extra = it.stepper.Evaluations(), 0
	if it.algebra != nil {
		it.before = it.algebra.Algebra()
	}
	it.norm = math.NaN()
	it.dir = math.Copysign(1, t1-t0)
	it.suspect = suspicion{wait: stiffEvery - 1}
	it.forget()
	it.stepper.Begin(f, t0, x0)
	it.proposal = it.s.FirstStep
	if it.proposal == 0 && it.adaptive() && t1 != t0 {
		n := it.n
		it.proposal = firstStep(f, t0, it.stepper.X(), it.stepper.FirstStage(), it.scratch[:n], it.scratch[n:],
			t1-t0, it.s.MaxStep, it.history.Order, it.s.Norm, it.s.RTol, it.s.ATol)
		it.extra++
	}
}

func (it *Integrator) adaptive() bool { return it.step == 0 && it.estimates }

// forget drops what belongs to the smooth piece before a discontinuity.
func (it *Integrator) forget() {
	it.history.Last, it.history.BeforeLast, it.history.Ratio = 0, 0, 0
	it.leg = leg{}
}

// Restart goes on from the present point with a right-hand side that changed or jumped: the first stage and the
// history of errors are forgotten, the step size is kept.
func (it *Integrator) Restart(f solvers.Func) {
	it.f = f
	it.stepper.Begin(f, it.t, it.stepper.X())
	it.forget()
}

// SetX replaces the present state by x, which is copied, and restarts with the same right-hand side.
func (it *Integrator) SetX(x []float64) {
	it.stepper.Begin(it.f, it.t, x)
	it.forget()
}

// Jump goes on from another time and state, which is copied, with the same right-hand side; back into the last step, say,
// where an event happened. The first stage and the history of errors are forgotten, the step size is kept.
func (it *Integrator) Jump(t float64, x []float64) {
	it.t = t
	it.stepper.Begin(it.f, t, x)
	it.forget()
}

// SetFixedStep changes the size of fixed steps. Zero returns to adaptive steps.
func (it *Integrator) SetFixedStep(h float64) {
	if !(h >= 0) || math.IsInf(h, 1) {
		panic("ode: fixed step size must be finite and not negative")
	}
	it.step = h
	it.leg = leg{}
	if it.algebra != nil {
		it.setTolerance()
	}
}

// T is the present time.
func (it *Integrator) T() float64 { return it.t }

// TPrev is the time at which the last accepted step began.
func (it *Integrator) TPrev() float64 { return it.tPrev }

// X is the present state, owned by the Integrator and valid until the next Step, SetX or Start.
func (it *Integrator) X() []float64 { return it.stepper.X() }

// H is the signed size of the last accepted step, T − TPrev; zero before the first.
func (it *Integrator) H() float64 { return it.h }

// Proposal is the absolute size that the next attempt will have if no stop is in the way; zero: not chosen yet.
func (it *Integrator) Proposal() float64 { return it.proposal }

// ErrorNorm is the norm of the error estimate of the last attempt; NaN where there is none.
func (it *Integrator) ErrorNorm() float64 { return it.norm }

// Stats returns the counts since Start.
func (it *Integrator) Stats() Stats {
	s := it.stats
	s.Evaluations = it.stepper.Evaluations() - it.base + it.extra
	if it.algebra != nil {
		a := it.algebra.Algebra()
		s.Jacobians = a.Jacobians - it.before.Jacobians
		s.Factorizations = a.Factorizations - it.before.Factorizations
		s.Iterations = a.Iterations - it.before.Iterations
	}
	return s
}

// Stepper is the Stepper underneath, for the dense output of the last step.
func (it *Integrator) Stepper() solvers.Stepper { return it.stepper }

// Step makes one accepted step towards tstop, never past it; a step that reaches tstop ends there bit for bit. A step
// that was cut short to meet tstop does not make later ones smaller. At tstop nothing is done.
//
// Errors are *Error, wrapping ErrStepTooSmall, ErrMaxSteps, ErrNonFinite, ErrNotConverged or ErrCancelled, or *SettingsError; the
// Integrator then still stands at the end of the last accepted step. A nil context is never done.
func (it *Integrator) Step(ctx context.Context, tstop float64) error {
	if tstop == it.t {
		return nil
	}
	if !isFinite(tstop - it.t) {
		return &SettingsError{Field: "tstop", Value: tstop, Remedy: "give a finite time"}
	}
	if (tstop > it.t) != (it.dir > 0) {
		it.dir = math.Copysign(1, tstop-it.t)
		it.forget()
	}
	switch {
	case it.step > 0:
		return it.fixedStep(ctx, tstop)
	case it.adaptive():
		return it.adaptiveStep(ctx, tstop)
	}
	return &SettingsError{Field: "Step", Value: 0, Remedy: "give a step size: " + it.s.Method.Name() + " has no error estimate"}
}

func (it *Integrator) fixedStep(ctx context.Context, tstop float64) error {
	l := &it.leg
	if l.steps == 0 || l.to != tstop {
		*l = leg{from: it.t, to: tstop, steps: max(1, int(math.Ceil(math.Abs(tstop-it.t)/it.step-1e-9)))}
	}
	tNext := tstop
	if l.i+1 < l.steps {
		tNext = l.from + (tstop-l.from)*(float64(l.i+1)/float64(l.steps))
	}
	if tNext == it.t {
		return it.tooSmall(tNext-it.t, it.floor())
	}
	if err := it.mayAttempt(ctx); err != nil {
		return err
	}
	if err := it.stepper.AttemptTo(tNext); err != nil {
		it.failed = err
		return it.notConverged(tNext - it.t)
	}
	if !allFinite(it.stepper.Proposed()) {
		return it.notFinite(tNext - it.t)
	}
	l.i++
	it.accept(tNext)
	return nil
}

func (it *Integrator) adaptiveStep(ctx context.Context, tstop float64) error {
	hist := &it.history
	hist.Rejected = false
	remaining := math.Abs(tstop - it.t)
	if it.proposal == 0 { // the guess was never made, or was about an empty interval
		it.proposal = 1e-3 * remaining
	}
	// Branches rather than min and max from here on: they are foreseen, and the next step waits for its size.
	h, floor := it.proposal, it.floor()
	if it.s.MaxStep > 0 && h > it.s.MaxStep {
		h = it.s.MaxStep
	}
	if h < floor { // only a rejected attempt is a reason to give up
		h = floor
	}
	if it.failed != nil {
		it.failed = nil
	}
	for halvings := 0; ; {
		size, tNext := h, it.t+h
		if it.dir < 0 {
			tNext = it.t - h
		}
		if remaining < 2*h || h < floor {
			size, tNext = it.cut(h, floor, tstop)
			if size < floor && tNext != tstop || tNext == it.t {
				if it.failed != nil {
					return it.notConverged(it.dir * size)
				}
				if halvings > 0 {
					return it.notFinite(it.dir * size)
				}
				return it.tooSmall(it.dir*size, floor)
			}
		}
		if err := it.mayAttempt(ctx); err != nil {
			return err
		}
		var square, factor float64
		if it.rms != nil {
			square = it.rms.AttemptRMS(tNext, it.s.RTol, it.s.ATol)
			if it.quick != nil && square <= math.MaxFloat64 {
				factor = it.quick.FactorOfSquare(square, hist)
			}
			it.norm = math.Sqrt(square)
		} else {
			if it.failed = it.stepper.AttemptTo(tNext); it.failed != nil {
				it.stats.Rejected++
				hist.Rejected = true
				if !allFinite(it.stepper.FirstStage()) {
					return it.notFinite(it.dir * size)
				}
				h = size / 4
				continue
			}
			it.norm = it.errorNorm()
			square = it.norm // as far as it matters whether it is finite and at most one
			if !allFinite(it.stepper.Proposed()) {
				square = math.NaN()
			}
		}
		if factor == 0 {
			if !(square <= math.MaxFloat64) {
				it.stats.Rejected++
				hist.Rejected = true
				if halvings++; halvings > maxHalvings || !allFinite(it.stepper.FirstStage()) {
					return it.notFinite(it.dir * size)
				}
				h = size / 2
				continue
			}
			hist.Error, hist.Ratio = it.norm, 0
			if it.h != 0 {
				hist.Ratio = size / math.Abs(it.h)
			}
			factor = it.control.Factor(hist)
		}
		if square > 1 {
			it.stats.Rejected++
			hist.Rejected = true
			h = size * min(factor, 0.999)
			continue
		}
		it.proposal = size * factor
		if size < 0.99*h { // cut short: its small error says nothing about the steps to come
			it.proposal = max(it.proposal, h)
		} else {
			hist.Last, hist.BeforeLast = it.norm, hist.Last
			if it.norm == 0 { // zero means that there was none
				hist.Last = math.SmallestNonzeroFloat64
			}
		}
		it.accept(tNext)
		return nil
	}
}

func (it *Integrator) errorNorm() float64 {
	x, next := it.stepper.X(), it.stepper.Proposed()
	e := it.s.Norm(it.stepper.ErrorEstimate(), x, next, it.s.RTol, it.s.ATol)
	if it.second == nil {
		return e
	}
	return solvers.CombineEstimates(e, it.s.Norm(it.second.SecondErrorEstimate(), x, next, it.s.RTol, it.s.ATol))
}

// cut chooses the size of an attempt of at most about h on the remaining way to tstop, and its end. A last step
// that would be a sliver is avoided: the step before is stretched by up to a hundredth or the two are made equal.
func (it *Integrator) cut(h, floor, tstop float64) (size, tNext float64) {
	return cutStep(h, it.t, tstop, floor, it.s.MaxStep)
}

func cutStep(h, t, tstop, floor, hMax float64) (size, tNext float64) {
	remaining := math.Abs(tstop - t)
	switch {
	case remaining <= h, remaining <= 2*floor,
		remaining <= 1.01*h && (hMax == 0 || remaining <= hMax):
		return remaining, tstop
	case remaining < 2*h:
		h = remaining / 2
	}
	return h, t + math.Copysign(h, tstop-t)
}

// floor is the smallest step at the present time.
func (it *Integrator) floor() float64 { return stepFloor(it.t, it.s.MinStep) }

func stepFloor(t, hMin float64) float64 {
	t = math.Abs(t)
	floor := 10 * (math.Float64frombits(math.Float64bits(t)+1) - t)
	if floor < hMin {
		return hMin
	}
	return floor
}

// mayAttempt reports what forbids another attempt.
func (it *Integrator) mayAttempt(ctx context.Context) error {
	if ctx != nil {
		if cause := ctx.Err(); cause != nil {
			return it.cancelled(ctx, cause)
		}
	}
	if it.s.MaxSteps > 0 && it.stats.Accepted+it.stats.Rejected >= it.s.MaxSteps {
		return it.fail(TooManySteps, it.h, float64(it.s.MaxSteps), -1, nil)
	}
	if it.s.MaxTime > 0 {
		if attempts := it.stats.Accepted + it.stats.Rejected; attempts%clockEvery == 0 && time.Since(it.began) > it.s.MaxTime {
			return it.fail(OutOfTime, it.h, it.s.MaxTime.Seconds(), -1, nil)
		}
	}
	if it.BeforeAttempt != nil {
		it.BeforeAttempt()
	}
	return nil
}

// clockEvery is how many attempts lie between looks at the clock, which cost as much as a step of few unknowns.
const clockEvery = 16

func (it *Integrator) accept(tNext float64) {
	if it.suspect.wait > 0 {
		it.suspect.wait--
	} else {
		it.watchStiffness(tNext)
	}
	it.h = tNext - it.t
	it.tPrev, it.t = it.t, tNext
	it.stats.accept(math.Abs(it.h))
	it.stepper.Accept()
}

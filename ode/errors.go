package ode

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Sentinels that the errors of this package wrap.
var (
	ErrStepTooSmall = errors.New("ode: step size too small")
	ErrMaxSteps     = errors.New("ode: too many steps")
	ErrNonFinite    = errors.New("ode: not finite")
	ErrNotConverged = errors.New("ode: equations of an implicit step not solved")
	ErrMaxTime      = errors.New("ode: out of time")
	ErrAccumulate   = errors.New("ode: events accumulate")
	ErrCancelled    = errors.New("ode: cancelled")
	ErrSettings     = errors.New("ode: invalid settings")
	ErrNoDense      = errors.New("ode: no dense output")
)

// Error is a failed integration. It wraps one of the sentinels and, where there is one, the cause.
type Error struct {
	Reason Reason
	T      float64 // time reached
	H      float64 // signed size of the failed attempt; zero where none was made
	Norm   float64 // error norm of the last attempt, one being the tolerance; NaN where there is none
	// Component is the unknown with the largest weighted error, the first one that is not finite, or the index of the event; −1: none.
	Component int
	Limit     float64 // the floor of the step size, the largest number of steps, or the time in seconds
	Stats     Stats   // of the integration until then
	Cause     error   // of a cancellation or of a failing implicit step, otherwise nil
}

// Error says what happened, where, and what to do about it.
func (e *Error) Error() string {
	if remedy := e.Remedy(); remedy != "" {
		return e.finding() + ": " + remedy
	}
	return e.finding()
}

// finding is what happened, and where.
func (e *Error) finding() string {
	where := fmt.Sprintf("at t = %.9g after %s", e.T, e.Stats)
	switch e.Reason {
	case StepTooSmall:
		return fmt.Sprintf("ode: step size %.3g is below its floor %.3g %s (error norm %.3g, worst in component %d)", math.Abs(e.H), e.Limit, where, e.Norm, e.Component)
	case TooManySteps:
		return fmt.Sprintf("ode: limit of %.0f steps reached %s (last step size %.3g)", e.Limit, where, math.Abs(e.H))
	case NonFinite:
		return fmt.Sprintf("ode: component %d is not finite %s, with step size %.3g", e.Component, where, math.Abs(e.H))
	case NotConverged:
		return fmt.Sprintf("ode: no implicit step succeeded %s, down to step size %.3g: %v", where, math.Abs(e.H), e.Cause)
	case OutOfTime:
		return fmt.Sprintf("ode: limit of %v reached %s (last step size %.3g)", time.Duration(e.Limit*float64(time.Second)).Round(time.Millisecond), where, math.Abs(e.H))
	case EventsAccumulate:
		return fmt.Sprintf("ode: event %d comes back so soon %s that rounding hides when", e.Component, where)
	case Cancelled:
		return fmt.Sprintf("ode: cancelled %s: %v", where, e.Cause)
	}
	return fmt.Sprintf("ode: %v %s", e.Reason, where)
}

// Remedy is what to do about it, in terms of this package: the end of the text, for programs whose users know other words. It is empty where
// there is nothing to do.
func (e *Error) Remedy() string {
	switch e.Reason {
	case StepTooSmall:
		return "the solution may have a singularity or F a jump there, or the tolerances ask for more than float64 can give; " +
			"list jumps in Stops, loosen RTol and ATol, or end the interval before the singularity"
	case TooManySteps:
		if e.Stats.Stiff {
			return "the problem looks stiff, which explicit methods cannot solve efficiently: take Method solvers.Rodas5P, or solvers.Auto"
		}
		return "raise MaxSteps, loosen RTol and ATol, or shorten the interval"
	case NonFinite:
		return "the solution may blow up or leave the domain of F; check F there, bound MaxStep, or end the interval earlier"
	case NotConverged:
		return "check Jacobian against F, or leave it out to have differences; F may jump there, which Stops can say"
	case OutOfTime:
		return "raise MaxTime, loosen RTol and ATol, or shorten the interval"
	case EventsAccumulate:
		return "its times accumulate; let Apply bring the state to rest before that, or make the event Terminal"
	}
	return ""
}

// Unwrap returns the sentinel and the cause.
func (e *Error) Unwrap() []error {
	var s error
	switch e.Reason {
	case StepTooSmall:
		s = ErrStepTooSmall
	case TooManySteps:
		s = ErrMaxSteps
	case NonFinite:
		s = ErrNonFinite
	case NotConverged:
		s = ErrNotConverged
	case OutOfTime:
		s = ErrMaxTime
	case EventsAccumulate:
		s = ErrAccumulate
	case Cancelled:
		s = ErrCancelled
	}
	out := make([]error, 0, 2)
	if s != nil {
		out = append(out, s)
	}
	if e.Cause != nil {
		out = append(out, e.Cause)
	}
	return out
}

// SettingsError is a problem or a setting that makes no sense. It wraps ErrSettings.
type SettingsError struct {
	Field  string // of Problem or Settings
	Index  int    // in a list
	Value  float64
	Remedy string
}

// Error names the field and its value, and says what to do.
func (e *SettingsError) Error() string {
	switch {
	case math.IsNaN(e.Value) && e.Field != "SaveAt" && e.Field != "Stops":
		return fmt.Sprintf("ode: %s is not usable: %s", e.Field, e.Remedy)
	case e.Field == "SaveAt" || e.Field == "Stops" || e.Field == "X0":
		return fmt.Sprintf("ode: %s[%d] = %.9g: %s", e.Field, e.Index, e.Value, e.Remedy)
	}
	return fmt.Sprintf("ode: %s = %.9g: %s", e.Field, e.Value, e.Remedy)
}

// Unwrap returns ErrSettings.
func (e *SettingsError) Unwrap() error { return ErrSettings }

package ode

// Reason is why an integration ended.
type Reason int

const (
	// Unfinished is the reason while an integration is under way.
	Unfinished Reason = iota
	// Finished: the end of the interval was reached.
	Finished
	// StoppedByEvent: a terminal event happened.
	StoppedByEvent
	// StoppedByCaller: OnStep returned false.
	StoppedByCaller
	// Cancelled: the context was done.
	Cancelled
	// StepTooSmall: the step size fell below the floor.
	StepTooSmall
	// TooManySteps: the limit on the number of steps was reached.
	TooManySteps
	// NonFinite: the right-hand side or the state is not finite however small the step.
	NonFinite
	// NotConverged: the equations of implicit steps could not be solved however small the step.
	NotConverged
	// OutOfTime: the limit on wall-clock time was reached.
	OutOfTime
	// EventsAccumulate: an event that changes the state comes back so soon that rounding hides when.
	EventsAccumulate
	// InvalidSettings: problem or settings don't make sense.
	InvalidSettings
)

var reasonTexts = [...]string{
	Unfinished:       "under way",
	Finished:         "reached the end of the interval",
	StoppedByEvent:   "stopped by a terminal event",
	StoppedByCaller:  "stopped by the caller",
	Cancelled:        "cancelled",
	StepTooSmall:     "the step size fell below its floor",
	TooManySteps:     "the limit on the number of steps was reached",
	NonFinite:        "the right-hand side is not finite",
	NotConverged:     "the equations of implicit steps could not be solved",
	OutOfTime:        "the limit on wall-clock time was reached",
	EventsAccumulate: "the times of an event accumulate",
	InvalidSettings:  "invalid problem or settings",
}

// String says the reason in words.
func (r Reason) String() string {
	if r < 0 || int(r) >= len(reasonTexts) {
		return "unknown reason"
	}
	return reasonTexts[r]
}

// Success reports whether the integration ended as intended.
func (r Reason) Success() bool { return r == Finished || r == StoppedByEvent || r == StoppedByCaller }

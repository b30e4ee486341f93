package neural

import "errors"

// Forced is a field together with the signal that drives it.
type Forced struct {
	Field  Field // whose evaluators are SignalBatch
	Signal Signal
}

// ErrForced reports a field that takes no signal.
var ErrForced = errors.New("neural: the field takes no signal")

// Dim implements Field.
func (f *Forced) Dim() int { return f.Field.Dim() }

// NumParams implements Field.
func (f *Forced) NumParams() int { return f.Field.NumParams() }

// NewEvaluator builds an evaluator of the field, with all that it offers, which sees the signal. It panics with ErrForced where it cannot.
func (f *Forced) NewEvaluator(width int) Evaluator {
	ev := f.Field.NewEvaluator(width)
	s, ok := ev.(SignalBatch)
	if !ok {
		panic(ErrForced)
	}
	s.SetSignal(f.Signal)
	return ev
}

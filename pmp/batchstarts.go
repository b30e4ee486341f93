package pmp

import (
	"fmt"

	"github.com/costate-go/costate/ode/neural"
)

// BatchStarts makes the initial states of trajectories part of the control as FreeStarts does, θ = (α, ξ) with component i of start s
// of N at ξ_{i·N+s}, but keeps trajectories as samples of a batch, of which any choice may be swept: sample k of the problem moves by the
// start Of[k] in the time of length Lead before T0,
//
//	ẋ_k = ξ_Of[k]/Lead  on [T0 − Lead, T0],   ẋ_k = f(t, x_k, α)  after it.
//
// The owner may replace Of between sweeps. It has no Jacobian in its parameters, which gradient methods do not ask for. The problem has
// to begin at T0 − Lead, and T0 to be one of its Breaks.
type BatchStarts struct {
	Field    neural.Field
	N        int
	Of       []int
	T0, Lead float64
}

// Dim implements neural.Field.
func (f *BatchStarts) Dim() int { return f.Field.Dim() }

// NumParams implements neural.Field.
func (f *BatchStarts) NumParams() int { return f.Field.NumParams() + f.Field.Dim()*f.N }

// NewEvaluator implements neural.Field.
func (f *BatchStarts) NewEvaluator(width int) neural.Evaluator {
	if f.N < 1 || !(f.Lead > 0) {
		panic(fmt.Sprintf("pmp: BatchStarts of %d starts with a lead of %g", f.N, f.Lead))
	}
	e := &batchStartsEvaluator{f: f, led: newLed(f.Field.NewEvaluator(width), f.T0), own: f.Field.NumParams(), theta: make([]float64, f.Field.Dim()*f.N)}
	e.samples, _ = e.ev.(neural.SampleBatch)
	if _, ok := e.ev.(neural.Keeper); ok {
		return &batchStartsKeeper{e}
	}
	return e
}

// batchStartsEvaluator implements neural.Evaluator, neural.SampleBatch and Piecewise.
type batchStartsEvaluator struct {
	led
	f       *BatchStarts
	samples neural.SampleBatch
	own     int // parameters of the field
	first   int // sample
	theta   []float64
}

// Bytes is the size of the workspace.
func (e *batchStartsEvaluator) Bytes() int64 { return e.bytes(len(e.theta)) }

// SetSamples implements neural.SampleBatch.
func (e *batchStartsEvaluator) SetSamples(lo int) {
	e.first = lo
	if e.samples != nil {
		e.samples.SetSamples(lo)
	}
}

// Bind implements neural.Evaluator.
func (e *batchStartsEvaluator) Bind(theta []float64) {
	if len(theta) != e.f.NumParams() {
		panic("pmp: length of the parameters is not NumParams")
	}
	e.ev.Bind(theta[:e.own])
	copy(e.theta, theta[e.own:])
}

// moves calls each with the places of a component of a sample in a batch and of its start.
func (e *batchStartsEvaluator) moves(entries int, each func(at, start int)) {
	d := e.f.Dim()
	n := entries / d
	for k, s := range e.f.Of[e.first : e.first+n] {
		for i := range d {
			each(i*n+k, i*e.f.N+s)
		}
	}
}

// lift stores the rates of the starts ξ.
func (e *batchStartsEvaluator) lift(dx, xi []float64) {
	e.moves(len(dx), func(at, start int) { dx[at] = xi[start] / e.f.Lead })
}

// Eval implements neural.Evaluator.
func (e *batchStartsEvaluator) Eval(dx []float64, t float64, x []float64) {
	if e.lead {
		e.lift(dx, e.theta)
		return
	}
	e.ev.Eval(dx, t, x)
}

// VJP implements neural.Evaluator.
func (e *batchStartsEvaluator) VJP(px, ptheta []float64, t float64, x, p []float64) {
	if !e.moved(px, ptheta, p) {
		e.ev.VJP(px, e.field(ptheta), t, x, p)
	}
}

// moved is VJP while the starts move, and reports whether they do.
func (e *batchStartsEvaluator) moved(px, ptheta, p []float64) bool {
	if !e.lead {
		return false
	}
	clear(px)
	if ptheta != nil {
		grad := ptheta[e.own:]
		e.moves(len(p), func(at, start int) { grad[start] += p[at] / e.f.Lead })
	}
	return true
}

// field is the part of parameters, or of a gradient, that belongs to the field.
func (e *batchStartsEvaluator) field(theta []float64) []float64 {
	if theta == nil {
		return nil
	}
	return theta[:e.own]
}

// JVP implements neural.Evaluator.
func (e *batchStartsEvaluator) JVP(dst []float64, t float64, x, dx, dtheta []float64) {
	switch {
	case !e.lead:
		e.ev.JVP(dst, t, x, dx, e.field(dtheta))
	case dtheta == nil:
		clear(dst)
	default:
		e.lift(dst, dtheta[e.own:])
	}
}

// batchStartsKeeper adds what a Keeper offers.
type batchStartsKeeper struct{ *batchStartsEvaluator }

// KeepLen implements neural.Keeper.
func (e *batchStartsKeeper) KeepLen(n int) int { return e.ev.(neural.Keeper).KeepLen(n) }

// EvalKeep implements neural.Keeper.
func (e *batchStartsKeeper) EvalKeep(dx []float64, t float64, x, keep []float64) {
	if e.lead {
		e.Eval(dx, t, x)
		return
	}
	e.ev.(neural.Keeper).EvalKeep(dx, t, x, keep)
}

// VJPKept implements neural.Keeper.
func (e *batchStartsKeeper) VJPKept(px, ptheta []float64, t float64, x, p, keep []float64) {
	if !e.moved(px, ptheta, p) {
		e.ev.(neural.Keeper).VJPKept(px, e.field(ptheta), t, x, p, keep)
	}
}

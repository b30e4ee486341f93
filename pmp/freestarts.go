package pmp

import (
	"fmt"

	"github.com/costate-go/costate/internal/kernel"
	"github.com/costate-go/costate/ode/neural"
)

// FreeStarts makes the initial states of N trajectories of a field part of the control: θ = (α, ξ) with the field's own α and, behind
// it, ξ_i of sample s at [i*N+s]. In a time of length Lead before T0 the states move by ξ,
//
//	ẋ_s = ξ_s/Lead  on [T0 − Lead, T0],   ẋ_s = f(t, x_s, α)  after it,
//
// so that trajectories start from X0 + ξ at T0, every Runge–Kutta method does so exactly, and −∂J/∂ξ is the costate there:
// p(T0) = −∂J/∂x(T0). The problem has to begin at T0 − Lead, and T0 to be one of its Breaks.
//
// All trajectories are one sample, whose state has dimension d·N in the layout of a batch. With Tied they are the pieces of multiple
// shooting: d·(N−1) further states carry e_s = x_s − x_{s+1}(T0), so that e_s at the end is how much piece s misses the start of
// the next one; their initial values are the differences of those of X0.
type FreeStarts struct {
	Field    neural.Field
	N        int
	T0, Lead float64
	Tied     bool
}

// X0 returns the initial state for first guesses (d×N) of the starts.
func (f *FreeStarts) X0(guess []float64) []float64 {
	out := append([]float64(nil), guess...)
	for r := range f.misses() {
		i, s := f.piece(r)
		out = append(out, guess[i*f.N+s]-guess[i*f.N+s+1])
	}
	return out
}

// misses is the number of states that carry differences.
func (f *FreeStarts) misses() int {
	if f.Tied {
		return f.Field.Dim() * (f.N - 1)
	}
	return 0
}

// piece is component and sample of difference r.
func (f *FreeStarts) piece(r int) (i, s int) { return r / (f.N - 1), r % (f.N - 1) }

// Dim implements neural.Field.
func (f *FreeStarts) Dim() int { return f.Field.Dim()*f.N + f.misses() }

// NumParams implements neural.Field.
func (f *FreeStarts) NumParams() int { return f.Field.NumParams() + f.Field.Dim()*f.N }

// NewEvaluator implements neural.Field. Its batches have one sample.
func (f *FreeStarts) NewEvaluator(int) neural.Evaluator {
	if f.N < 1 || !(f.Lead > 0) {
		panic(fmt.Sprintf("pmp: FreeStarts of %d samples with a lead of %g", f.N, f.Lead))
	}
	size := f.Field.Dim() * f.N
	e := &startsEvaluator{f: f, led: newLed(f.Field.NewEvaluator(f.N), f.T0), size: size, own: f.Field.NumParams(), xi: make([]float64, size), p: make([]float64, size)}
	if s, ok := e.ev.(neural.SampleBatch); ok {
		s.SetSamples(0)
	}
	_, keeper := e.ev.(neural.Keeper)
	_, jacobian := e.ev.(neural.ParamJacobian)
	_, second := e.ev.(neural.SecondOrder)
	switch {
	case keeper && jacobian && second:
		e.jac = make([]float64, size*e.own)
		return &startsFull{startsJacobian{e}}
	case jacobian:
		e.jac = make([]float64, size*e.own)
		return &startsJacobian{e}
	}
	return e
}

// led is the Evaluator of a field that takes over at t0 from a lead, in which states move to their starts.
type led struct {
	ev    neural.Evaluator
	piece Piecewise
	t0    float64
	lead  bool
}

func newLed(ev neural.Evaluator, t0 float64) led {
	piece, _ := ev.(Piecewise)
	return led{ev: ev, piece: piece, t0: t0}
}

// SetPiece implements Piecewise.
func (e *led) SetPiece(a, b float64) {
	e.lead = b <= e.t0
	if e.piece != nil {
		e.piece.SetPiece(a, b)
	}
}

// bytes is the size of the workspace with so many numbers of one's own.
func (e *led) bytes(numbers int) int64 {
	n := 8 * int64(numbers)
	if s, ok := e.ev.(interface{ Bytes() int64 }); ok {
		n += s.Bytes()
	}
	return n
}

type startsEvaluator struct {
	led
	f    *FreeStarts
	size int // d·N
	own  int // parameters of the field
	xi   []float64
	p    []float64
	jac  []float64
}

// Bytes is the size of the workspace.
func (e *startsEvaluator) Bytes() int64 { return e.bytes(len(e.xi) + len(e.p) + len(e.jac)) }

// Bind implements neural.Evaluator.
func (e *startsEvaluator) Bind(theta []float64) {
	if len(theta) != e.f.NumParams() {
		panic("pmp: length of the parameters is not NumParams")
	}
	e.ev.Bind(theta[:e.own])
	copy(e.xi, theta[e.own:])
}

// differences stores those of the rates dx in their rows: of the pieces alone, and of their starts while these move.
func (e *startsEvaluator) differences(dx []float64) {
	n := e.f.N
	for r := range e.f.misses() {
		i, s := e.f.piece(r)
		v := dx[i*n+s]
		if e.lead {
			v -= dx[i*n+s+1]
		}
		dx[e.size+r] = v
	}
}

// costate is p on the pieces, with that of the differences.
func (e *startsEvaluator) costate(p []float64) []float64 {
	if !e.f.Tied {
		return p
	}
	q, n := e.p, e.f.N
	copy(q, p)
	for r := range e.f.misses() {
		i, s := e.f.piece(r)
		q[i*n+s] += p[e.size+r]
		if e.lead {
			q[i*n+s+1] -= p[e.size+r]
		}
	}
	return q
}

// Eval implements neural.Evaluator.
func (e *startsEvaluator) Eval(dx []float64, t float64, x []float64) {
	if e.lead {
		kernel.ScaleTo(dx[:e.size], 1/e.f.Lead, e.xi)
	} else {
		e.ev.Eval(dx[:e.size], t, x[:e.size])
	}
	e.differences(dx)
}

// VJP implements neural.Evaluator.
func (e *startsEvaluator) VJP(px, ptheta []float64, t float64, x, p []float64) {
	if e.moved(px, ptheta, p) {
		return
	}
	own, grad := e.parts(px, ptheta)
	e.ev.VJP(own, grad, t, x[:e.size], e.costate(p))
}

// moved is VJP while the starts move, and reports whether they do.
func (e *startsEvaluator) moved(px, ptheta, p []float64) bool {
	if !e.lead {
		return false
	}
	clear(px)
	if ptheta != nil {
		kernel.Axpy(ptheta[e.own:], 1/e.f.Lead, e.costate(p))
	}
	return true
}

// parts are those of a gradient that the field fills; nothing depends on the differences.
func (e *startsEvaluator) parts(px, ptheta []float64) (own, grad []float64) {
	if px != nil {
		clear(px[e.size:])
		own = px[:e.size]
	}
	if ptheta != nil {
		grad = ptheta[:e.own]
	}
	return own, grad
}

// JVP implements neural.Evaluator.
func (e *startsEvaluator) JVP(dst []float64, t float64, x, dx, dtheta []float64) {
	switch {
	case e.lead && dtheta == nil:
		clear(dst)
	case e.lead:
		kernel.ScaleTo(dst[:e.size], 1/e.f.Lead, dtheta[e.own:])
	default:
		var v, w []float64
		if dx != nil {
			v = dx[:e.size]
		}
		if dtheta != nil {
			w = dtheta[:e.own]
		}
		e.ev.JVP(dst[:e.size], t, x[:e.size], v, w)
	}
	e.differences(dst)
}

// startsJacobian adds the parameter Jacobian.
type startsJacobian struct{ *startsEvaluator }

// ParamJacobian implements neural.ParamJacobian.
func (e *startsJacobian) ParamJacobian(jac []float64, t float64, x []float64) {
	params, n := e.f.NumParams(), e.f.N
	clear(jac)
	if e.lead {
		for r := range e.size {
			jac[r*params+e.own+r] = 1 / e.f.Lead
		}
	} else {
		e.ev.(neural.ParamJacobian).ParamJacobian(e.jac, t, x[:e.size])
		for r := range e.size {
			copy(jac[r*params:], e.jac[r*e.own:(r+1)*e.own])
		}
	}
	for r := range e.f.misses() {
		i, s := e.f.piece(r)
		row, from := jac[(e.size+r)*params:][:params], (i*n+s)*params
		copy(row, jac[from:])
		if e.lead {
			kernel.Axpy(row, -1, jac[from+params:][:params])
		}
	}
}

// startsFull adds everything that a network's evaluator offers.
type startsFull struct{ startsJacobian }

// KeepLen implements neural.Keeper.
func (e *startsFull) KeepLen(int) int { return e.ev.(neural.Keeper).KeepLen(e.f.N) }

// EvalKeep implements neural.Keeper.
func (e *startsFull) EvalKeep(dx []float64, t float64, x, keep []float64) {
	if e.lead {
		e.Eval(dx, t, x)
		return
	}
	e.ev.(neural.Keeper).EvalKeep(dx[:e.size], t, x[:e.size], keep)
	e.differences(dx)
}

// VJPKept implements neural.Keeper.
func (e *startsFull) VJPKept(px, ptheta []float64, t float64, x, p, keep []float64) {
	if e.moved(px, ptheta, p) {
		return
	}
	own, grad := e.parts(px, ptheta)
	e.ev.(neural.Keeper).VJPKept(own, grad, t, x[:e.size], e.costate(p), keep)
}

// VJPGrad implements neural.SecondOrder.
func (e *startsFull) VJPGrad(ptheta []float64, t float64, x, p, v []float64) {
	if !e.lead {
		e.ev.(neural.SecondOrder).VJPGrad(ptheta[:e.own], t, x[:e.size], e.costate(p), v[:e.size])
	}
}

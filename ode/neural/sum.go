package neural

import (
	"errors"

	"github.com/costate-go/costate/internal/kernel"
)

// Sum is the field f(t, x, θ) = a(t, x, α) + M b(t, x, β) with θ = (α, β): a known law with unknown parameters and a network for what
// it leaves out, the hybrid or universal differential equation (Rackauckas et al., arXiv:2001.04385, 2020). M passes the components
// that Only lists.
type Sum struct {
	A, B Field
	// Only lists the components that B adds to; nil means all.
	Only []int
}

// ErrSum reports fields that cannot be added.
var ErrSum = errors.New("neural: the fields of a sum need equal dimensions, and components within them")

// Check reports a Sum that is not one.
func (f *Sum) Check() error {
	if f.A == nil || f.B == nil || f.A.Dim() != f.B.Dim() {
		return ErrSum
	}
	for _, i := range f.Only {
		if i < 0 || i >= f.A.Dim() {
			return ErrSum
		}
	}
	return nil
}

// Dim is that of both fields.
func (f *Sum) Dim() int { return f.A.Dim() }

// NumParams is the number of parameters of A, which come first, and of B.
func (f *Sum) NumParams() int { return f.A.NumParams() + f.B.NumParams() }

// NewEvaluator builds an evaluator with what both fields' evaluators have: it is a Keeper where that of B is one, and has the
// parameter Jacobian or the second derivative where both have it. It panics if the fields cannot be added or width < 1.
func (f *Sum) NewEvaluator(width int) Evaluator {
	if err := f.Check(); err != nil {
		panic(err)
	}
	d := f.Dim()
	e := &sumEvaluator{f: f, a: f.A.NewEvaluator(width), b: f.B.NewEvaluator(width), na: f.A.NumParams(), width: width, x: make([]float64, d*width), p: make([]float64, d*width)}
	if f.Only != nil {
		e.masked = make([]bool, d)
		for i := range e.masked {
			e.masked[i] = true
		}
		for _, i := range f.Only {
			e.masked[i] = false
		}
	}
	e.timedA, _ = e.a.(TimeBatch)
	e.timedB, _ = e.b.(TimeBatch)
	_, keeper := e.b.(Keeper)
	_, jacobianA := e.a.(ParamJacobian)
	_, jacobianB := e.b.(ParamJacobian)
	_, secondA := e.a.(SecondOrder)
	_, secondB := e.b.(SecondOrder)
	if keeper && jacobianA && jacobianB && secondA && secondB {
		e.jac = make([]float64, d*width*max(f.A.NumParams(), f.B.NumParams()))
		return &sumFull{e}
	}
	return e
}

type sumEvaluator struct {
	f              *Sum
	a, b           Evaluator
	timedA, timedB TimeBatch
	na             int // parameters of A
	width          int
	masked         []bool // components that B leaves alone
	x, p           []float64
	jac            []float64
}

// Bytes is the size of the workspace.
func (e *sumEvaluator) Bytes() int64 {
	n := 8 * int64(len(e.x)+len(e.p)+len(e.jac))
	for _, ev := range []Evaluator{e.a, e.b} {
		if s, ok := ev.(interface{ Bytes() int64 }); ok {
			n += s.Bytes()
		}
	}
	return n
}

// Bind implements Evaluator.
func (e *sumEvaluator) Bind(theta []float64) {
	if len(theta) != e.f.NumParams() {
		panic(badTheta)
	}
	e.a.Bind(theta[:e.na])
	e.b.Bind(theta[e.na:])
}

// SetTimes implements TimeBatch.
func (e *sumEvaluator) SetTimes(ts []float64) {
	for _, t := range []TimeBatch{e.timedA, e.timedB} {
		if t != nil {
			t.SetTimes(ts)
		}
	}
}

// SetSamples implements SampleBatch.
func (e *sumEvaluator) SetSamples(lo int) {
	for _, ev := range []Evaluator{e.a, e.b} {
		if s, ok := ev.(SampleBatch); ok {
			s.SetSamples(lo)
		}
	}
}

// SetSignal implements SignalBatch: both fields see the signal.
func (e *sumEvaluator) SetSignal(signal Signal) {
	for _, ev := range []Evaluator{e.a, e.b} {
		if s, ok := ev.(SignalBatch); ok {
			s.SetSignal(signal)
		}
	}
}

// room is scratch for as many numbers as x has.
func (e *sumEvaluator) room(scratch, x []float64) []float64 {
	if len(x) > len(scratch) || len(x)%e.f.Dim() != 0 {
		panic(badBatch)
	}
	return scratch[:len(x)]
}

// mask clears the components that B leaves alone.
func (e *sumEvaluator) mask(x []float64) {
	n := len(x) / e.f.Dim()
	for i, out := range e.masked {
		if out {
			clear(x[i*n : (i+1)*n])
		}
	}
}

// costate is p as B sees it.
func (e *sumEvaluator) costate(p []float64) []float64 {
	if e.masked == nil {
		return p
	}
	q := e.room(e.p, p)
	copy(q, p)
	e.mask(q)
	return q
}

// parts cuts a gradient in two; nil stays nil.
func (e *sumEvaluator) parts(theta []float64) (a, b []float64) {
	if theta == nil {
		return nil, nil
	}
	if len(theta) != e.f.NumParams() {
		panic(badTheta)
	}
	return theta[:e.na], theta[e.na:]
}

// Eval implements Evaluator.
func (e *sumEvaluator) Eval(dx []float64, t float64, x []float64) {
	e.b.Eval(dx, t, x)
	e.add(dx, t, x)
}

// add masks what B gave and adds A.
func (e *sumEvaluator) add(dx []float64, t float64, x []float64) {
	e.mask(dx)
	y := e.room(e.x, x)
	e.a.Eval(y, t, x)
	kernel.Add(dx, y)
}

// VJP implements Evaluator.
func (e *sumEvaluator) VJP(px, ptheta []float64, t float64, x, p []float64) {
	ga, gb := e.parts(ptheta)
	e.b.VJP(px, gb, t, x, e.costate(p))
	e.addVJP(px, ga, t, x, p)
}

func (e *sumEvaluator) addVJP(px, ga []float64, t float64, x, p []float64) {
	if px == nil {
		e.a.VJP(nil, ga, t, x, p)
		return
	}
	y := e.room(e.x, x)
	e.a.VJP(y, ga, t, x, p)
	kernel.Add(px, y)
}

// JVP implements Evaluator.
func (e *sumEvaluator) JVP(dst []float64, t float64, x, dx, dtheta []float64) {
	da, db := e.parts(dtheta)
	e.b.JVP(dst, t, x, dx, db)
	e.mask(dst)
	y := e.room(e.x, x)
	e.a.JVP(y, t, x, dx, da)
	kernel.Add(dst, y)
}

// sumFull adds what evaluators of networks offer.
type sumFull struct{ *sumEvaluator }

// KeepLen implements Keeper.
func (e *sumFull) KeepLen(n int) int { return e.b.(Keeper).KeepLen(n) }

// EvalKeep implements Keeper.
func (e *sumFull) EvalKeep(dx []float64, t float64, x, keep []float64) {
	e.b.(Keeper).EvalKeep(dx, t, x, keep)
	e.add(dx, t, x)
}

// VJPKept implements Keeper.
func (e *sumFull) VJPKept(px, ptheta []float64, t float64, x, p, keep []float64) {
	ga, gb := e.parts(ptheta)
	e.b.(Keeper).VJPKept(px, gb, t, x, e.costate(p), keep)
	e.addVJP(px, ga, t, x, p)
}

// VJPGrad implements SecondOrder.
func (e *sumFull) VJPGrad(ptheta []float64, t float64, x, p, v []float64) {
	ga, gb := e.parts(ptheta)
	e.a.(SecondOrder).VJPGrad(ga, t, x, p, v)
	e.b.(SecondOrder).VJPGrad(gb, t, x, e.costate(p), v)
}

// ParamJacobian implements ParamJacobian.
func (e *sumFull) ParamJacobian(jac []float64, t float64, x []float64) {
	params, rows := e.f.NumParams(), len(x)
	if len(jac) != rows*params || rows > len(e.x) {
		panic(badJacobian)
	}
	nb := params - e.na
	a := e.jac[:rows*e.na]
	e.a.(ParamJacobian).ParamJacobian(a, t, x)
	for r := range rows {
		copy(jac[r*params:], a[r*e.na:(r+1)*e.na])
	}
	b := e.jac[:rows*nb]
	e.b.(ParamJacobian).ParamJacobian(b, t, x)
	n := rows / e.f.Dim()
	for r := range rows {
		row := jac[r*params+e.na : (r+1)*params]
		if e.masked != nil && e.masked[r/n] {
			clear(row)
		} else {
			copy(row, b[r*nb:])
		}
	}
}

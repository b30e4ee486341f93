package neural

import (
	"math"

	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/mat"

	"github.com/costate-go/costate/internal/kernel"
)

// Func is a vector field given by Go functions of one sample, such as the right-hand side of a classical
// control problem. The functions must not keep or change their arguments but for the destinations, and must be
// safe for concurrent use.
//
// Its Evaluator implements SecondOrder, ParamJacobian and TimeBatch as well. With VJP or Jacobian given nothing is
// differenced but in VJPGrad. Without them derivatives are gonum's central differences (diff/fd), which allocate, with
// a relative error of about 1e-10 at 2(D + P) calls of F; that of VJPGrad is about 1e-8.
type Func struct {
	// D and P are the dimensions of the state and of the parameters (or controls) u.
	D, P int
	// F stores f(t, x, u) in dx. len(dx) == len(x) == D, len(u) == P.
	F func(dx []float64, t float64, x, u []float64)
	// VJP stores f_xᵀp in px (D) and f_uᵀp in pu (P), all entries of both. Optional.
	VJP func(px, pu []float64, t float64, x, u, p []float64)
	// JVP stores f_x v + f_u w in dst (D); len(v) == D, len(w) == P. Optional.
	JVP func(dst []float64, t float64, x, u, v, w []float64)
	// Jacobian stores f_x in fx (D×D) and f_u in fu (D×P), row-major; both come zeroed. Optional, instead of VJP and JVP.
	Jacobian func(fx, fu []float64, t float64, x, u []float64)
}

// Dim is D.
func (f Func) Dim() int { return f.D }

// NumParams is P.
func (f Func) NumParams() int { return f.P }

// NewEvaluator builds an evaluator for batches of at most width samples. It panics if F is nil, D < 1, P < 0 or
// width < 1.
func (f Func) NewEvaluator(width int) Evaluator {
	if f.F == nil || f.D < 1 || f.P < 0 || width < 1 {
		panic("neural: Func needs F, D ≥ 1, P ≥ 0 and a width of 1 or more")
	}
	jacobian := 0
	if f.Jacobian != nil {
		jacobian = f.D * (f.D + f.P)
	}
	buf := make([]float64, 9*f.D+4*f.P+jacobian)
	cut := func(n int) []float64 {
		part := buf[:n:n]
		buf = buf[n:]
		return part
	}
	return &funcEvaluator{
		f: f, width: width,
		u: cut(f.P), um: cut(f.P), pu: cut(f.P), acc: cut(f.P),
		x: cut(f.D), xm: cut(f.D), p: cut(f.D), px: cut(f.D), y: cut(f.D), yp: cut(f.D), ym: cut(f.D),
		v: cut(f.D), unit: cut(f.D), jacobian: cut(jacobian),
	}
}

type funcEvaluator struct {
	f     Func
	width int
	bound bool
	times []float64

	u              []float64 // the bound parameters
	um, pu, acc    []float64 // P: moved parameters, f_uᵀp of one sample, its sum
	x, p, px, y, v []float64 // one sample
	xm, yp, ym     []float64 // D: moved state, values on both sides
	unit           []float64
	jacobian       []float64 // f_x, f_u
}

// matrices evaluates the Jacobian.
func (e *funcEvaluator) matrices(t float64, x []float64) (fx, fu []float64) {
	clear(e.jacobian)
	d := e.f.D
	fx, fu = e.jacobian[:d*d], e.jacobian[d*d:]
	e.f.Jacobian(fx, fu, t, x, e.u)
	return fx, fu
}

// product adds m v to dst, for the matrix m of len(dst) rows.
func product(dst, m, v []float64) {
	for i := range dst {
		dst[i] += kernel.Dot(m[i*len(v):(i+1)*len(v)], v)
	}
}

// productT stores mᵀp in dst.
func productT(dst, m, p []float64) {
	clear(dst)
	for i, v := range p {
		kernel.Axpy(dst, v, m[i*len(dst):(i+1)*len(dst)])
	}
}

// Bind implements Evaluator.
func (e *funcEvaluator) Bind(theta []float64) {
	if len(theta) != e.f.P {
		panic(badTheta)
	}
	copy(e.u, theta)
	e.bound = true
}

// SetTimes implements TimeBatch.
func (e *funcEvaluator) SetTimes(ts []float64) { e.times = ts }

func (e *funcEvaluator) batch(x []float64) int {
	n := len(x) / e.f.D
	if n*e.f.D != len(x) || n > e.width {
		panic(badBatch)
	}
	if !e.bound {
		panic(unbound)
	}
	return n
}

func (e *funcEvaluator) time(t float64, s int) float64 {
	if e.times != nil {
		return e.times[s]
	}
	return t
}

// gather returns sample s of n: x itself where there is but one, else a copy in dst.
func gather(dst, x []float64, s, n int) []float64 {
	if n == 1 {
		return x
	}
	for i := range dst {
		dst[i] = x[i*n+s]
	}
	return dst
}

// scatter stores sample s of n.
func scatter(x, src []float64, s, n int) {
	for i, v := range src {
		x[i*n+s] = v
	}
}

// Eval implements Evaluator.
func (e *funcEvaluator) Eval(dx []float64, t float64, x []float64) {
	n := e.batch(x)
	same(dx, x)
	if n == 1 {
		e.f.F(dx, e.time(t, 0), x, e.u)
		return
	}
	for s := range n {
		e.f.F(e.y, e.time(t, s), gather(e.x, x, s, n), e.u)
		scatter(dx, e.y, s, n)
	}
}

// vjp stores f_xᵀp and f_uᵀp of one sample.
func (e *funcEvaluator) vjp(px, pu []float64, t float64, x, p []float64) {
	if e.f.VJP != nil {
		e.f.VJP(px, pu, t, x, e.u, p)
		return
	}
	if e.f.Jacobian != nil {
		fx, fu := e.matrices(t, x)
		productT(px, fx, p)
		productT(pu, fu, p)
		return
	}
	along := func(x, u []float64) float64 {
		e.f.F(e.yp, t, x, u)
		return kernel.Dot(p, e.yp)
	}
	fd.Gradient(px, func(x []float64) float64 { return along(x, e.u) }, x, central(x))
	if e.f.P > 0 {
		fd.Gradient(pu, func(u []float64) float64 { return along(x, u) }, e.u, central(e.u))
	}
}

// cbrtEps balances truncation and rounding of a central difference, ∛2⁻⁵² ≈ 6e-6.
var cbrtEps = math.Cbrt(0x1p-52)

// central asks gonum for central differences about x.
func central(x []float64) *fd.Settings {
	return &fd.Settings{Formula: fd.Central, Step: cbrtEps * (1 + maxAbs(x))}
}

// VJP implements Evaluator.
func (e *funcEvaluator) VJP(px, ptheta []float64, t float64, x, p []float64) {
	n := e.batch(x)
	same(p, x)
	if px != nil {
		same(px, x)
	}
	if ptheta != nil && len(ptheta) != e.f.P {
		panic(badTheta)
	}
	for s := range n {
		one := e.px
		if n == 1 && px != nil {
			one = px
		}
		e.vjp(one, e.pu, e.time(t, s), gather(e.x, x, s, n), gather(e.p, p, s, n))
		if n > 1 && px != nil {
			scatter(px, one, s, n)
		}
		if ptheta != nil {
			kernel.Add(ptheta, e.pu)
		}
	}
}

// JVP implements Evaluator: by JVP or Jacobian where there is one, else row by row from VJP at D calls a sample, otherwise by the
// central difference along (dx, dtheta).
func (e *funcEvaluator) JVP(dst []float64, t float64, x, dx, dtheta []float64) {
	n := e.batch(x)
	same(dst, x)
	if dx != nil {
		same(dx, x)
	}
	if dtheta != nil && len(dtheta) != e.f.P {
		panic(badTheta)
	}
	if dx == nil && dtheta == nil {
		clear(dst)
		return
	}
	w := dtheta
	if w == nil && e.f.JVP != nil {
		w = e.acc
		clear(w)
	}
	for s := range n {
		clear(e.v)
		v := e.v
		if dx != nil {
			v = gather(e.v, dx, s, n)
		}
		xs, ts := gather(e.x, x, s, n), e.time(t, s)
		switch {
		case e.f.JVP != nil:
			e.f.JVP(e.y, ts, xs, e.u, v, w)
		case e.f.Jacobian != nil:
			fx, fu := e.matrices(ts, xs)
			clear(e.y)
			product(e.y, fx, v)
			if w != nil {
				product(e.y, fu, w)
			}
		case e.f.VJP != nil:
			e.rows(e.y, ts, xs, v, dtheta)
		default:
			e.along(e.y, ts, xs, v, dtheta)
		}
		scatter(dst, e.y, s, n)
	}
}

// rows stores e_i·(f_x v + f_u w) = (f_xᵀe_i)·v + (f_uᵀe_i)·w; a nil w is zero.
func (e *funcEvaluator) rows(dst []float64, t float64, x, v, w []float64) {
	clear(e.unit)
	for i := range dst {
		e.unit[i] = 1
		e.f.VJP(e.px, e.pu, t, x, e.u, e.unit)
		e.unit[i] = 0
		dst[i] = kernel.Dot(e.px, v)
		if w != nil {
			dst[i] += kernel.Dot(e.pu, w)
		}
	}
}

// along stores the central difference of f along (v, w).
func (e *funcEvaluator) along(dst []float64, t float64, x, v, w []float64) {
	h := cbrtEps * (1 + maxAbs(x) + maxAbs(e.u)) / max(maxAbs(v), maxAbs(w), math.SmallestNonzeroFloat64)
	if math.IsInf(h, 0) {
		clear(dst)
		return
	}
	e.move(h, x, v, w)
	e.f.F(e.yp, t, e.xm, e.um)
	e.move(-h, x, v, w)
	e.f.F(e.ym, t, e.xm, e.um)
	for i := range dst {
		dst[i] = (e.yp[i] - e.ym[i]) / (2 * h)
	}
}

// move stores (x, u) + h(v, w) in (xm, um).
func (e *funcEvaluator) move(h float64, x, v, w []float64) {
	kernel.AxpyTo(e.xm, x, h, v)
	if w == nil {
		copy(e.um, e.u)
		return
	}
	kernel.AxpyTo(e.um, e.u, h, w)
}

func maxAbs(x []float64) float64 {
	m := 0.0
	for _, v := range x {
		m = max(m, math.Abs(v))
	}
	return m
}

// VJPGrad implements SecondOrder: ∂_θ(p·f_x v) is the derivative of f_θᵀp along v in x, taken with five points.
func (e *funcEvaluator) VJPGrad(ptheta []float64, t float64, x, p, v []float64) {
	n := e.batch(x)
	same(p, x)
	same(v, x)
	if len(ptheta) != e.f.P {
		panic(badTheta)
	}
	for s := range n {
		xs, ps, vs := gather(e.x, x, s, n), gather(e.p, p, s, n), gather(e.v, v, s, n)
		size := maxAbs(vs)
		if size == 0 {
			continue
		}
		h := 1e-3 * (1 + maxAbs(xs)) / size
		clear(e.acc)
		for k, weight := range [...]float64{1. / 12, -8. / 12, 8. / 12, -1. / 12} {
			step := [...]float64{-2, -1, 1, 2}[k] * h
			kernel.AxpyTo(e.y, xs, step, vs)
			e.vjp(e.px, e.pu, e.time(t, s), e.y, ps)
			kernel.Axpy(e.acc, weight/h, e.pu)
		}
		kernel.Add(ptheta, e.acc)
	}
}

// ParamJacobian implements ParamJacobian.
func (e *funcEvaluator) ParamJacobian(jac []float64, t float64, x []float64) {
	n, d, params := e.batch(x), e.f.D, e.f.P
	if len(jac) != len(x)*params {
		panic(badJacobian)
	}
	switch {
	case e.f.Jacobian != nil:
		for s := range n {
			_, fu := e.matrices(e.time(t, s), gather(e.x, x, s, n))
			for i := range d {
				copy(jac[(i*n+s)*params:][:params], fu[i*params:])
			}
		}
		return
	case e.f.VJP == nil:
		e.differenceJacobian(jac, t, x, n)
		return
	}
	clear(e.unit)
	for i := range d {
		e.unit[i] = 1
		for s := range n {
			row := jac[(i*n+s)*params:][:params:params]
			e.f.VJP(e.px, row, e.time(t, s), gather(e.x, x, s, n), e.u, e.unit)
		}
		e.unit[i] = 0
	}
}

// differenceJacobian takes all outputs from the same 2P calls a sample.
func (e *funcEvaluator) differenceJacobian(jac []float64, t float64, x []float64, n int) {
	params := e.f.P
	if params == 0 {
		return
	}
	settings := central(e.u)
	one := mat.NewDense(e.f.D, params, nil)
	for s := range n {
		xs, ts := gather(e.x, x, s, n), e.time(t, s)
		fd.Jacobian(one, func(y, u []float64) { e.f.F(y, ts, xs, u) }, e.u, &fd.JacobianSettings{Formula: settings.Formula, Step: settings.Step})
		for i := range e.f.D {
			copy(jac[(i*n+s)*params:][:params], one.RawRowView(i))
		}
	}
}

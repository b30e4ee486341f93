package neural

import (
	"fmt"

	"github.com/costate-go/costate/internal/kernel"
)

// Trace says how the divergence ∇·f of a field is found.
type Trace uint8

// The ways to the trace.
const (
	// ExactTrace sums the diagonal of the Jacobian, by d products with unit vectors.
	ExactTrace Trace = iota
	// HutchinsonTrace is the mean of ε·f_x ε over random vectors ε with E εεᵀ = 1 (Hutchinson 1989; Grathwohl et al.,
	// FFJORD, ICLR 2019): unbiased, at one product a vector.
	HutchinsonTrace
)

// DensityConfig describes a continuous normalizing flow.
type DensityConfig struct {
	// Flow carries the points.
	Flow *MLP
	// Trace is how the divergence is found.
	Trace Trace
	// Probes is how many vectors a Hutchinson estimate takes; 0 means 1.
	Probes int
	// Energies adds the two states that regularize a flow.
	Energies bool
}

// Density is the field of a continuous normalizing flow (Chen et al., NeurIPS 2018): the state is z = (x, ℓ) or, with
// energies, (x, ℓ, K, F) with
//
//	ẋ = f(t, x, θ),   ℓ̇ = tr f_x,   K̇ = |f|²,   Ḟ = ‖f_x‖²_F,
//
// so that log p(x(t₀)) = log p(x(t₁)) + ℓ(t₁) where ℓ(t₀) = 0. K and F are the kinetic energy and the squared Frobenius norm of
// Finlay, Jacobsen, Nurbekyan & Oberman (How to train your neural ODE, ICML 2020). Estimates use |f_x ε|² for F.
//
// The derivatives are exact, those of an estimate included: they go in reverse over the tangents f_x v. An Evaluator implements Keeper,
// TimeBatch and SampleBatch. All of a Density but the noise is immutable.
type Density struct {
	cfg   DensityConfig
	noise []float64
	n     int
}

// NewDensity builds the field of a flow. Errors wrap ErrConfig.
func NewDensity(cfg DensityConfig) (*Density, error) {
	if cfg.Flow == nil {
		return nil, fmt.Errorf("%w: a density needs a flow", ErrConfig)
	}
	if cfg.Flow.cfg.Precision != Float64 {
		return nil, fmt.Errorf("%w: a density computes in float64, its flow in %v", ErrConfig, cfg.Flow.cfg.Precision)
	}
	if cfg.Flow.cfg.Signals > 0 {
		return nil, fmt.Errorf("%w: the flow of a density takes no signals", ErrConfig)
	}
	if cfg.Trace > HutchinsonTrace || cfg.Probes < 0 {
		return nil, fmt.Errorf("%w: trace %d with %d probes", ErrConfig, cfg.Trace, cfg.Probes)
	}
	if cfg.Probes == 0 {
		cfg.Probes = 1
	}
	return &Density{cfg: cfg}, nil
}

// Dim is d + 1, or d + 3 with energies.
func (f *Density) Dim() int {
	if f.cfg.Energies {
		return f.cfg.Flow.Dim() + 3
	}
	return f.cfg.Flow.Dim() + 1
}

// NumParams is that of the flow.
func (f *Density) NumParams() int { return f.cfg.Flow.params }

// Flow is the field that carries the points.
func (f *Density) Flow() *MLP { return f.cfg.Flow }

// NoiseLen is how many random numbers a sample takes: dimension × probes, or none.
func (f *Density) NoiseLen() int {
	if f.cfg.Trace == ExactTrace {
		return 0
	}
	return f.cfg.Flow.Dim() * f.cfg.Probes
}

// SetNoise gives the vectors of a Hutchinson estimate to n samples: entry i of vector j of sample s is noise[(i*probes+j)*n+s].
// They belong to the samples and stay the same all along a solution, which otherwise would not be one. noise is not copied,
// and must not change while evaluators work.
func (f *Density) SetNoise(noise []float64, n int) {
	if len(noise) != n*f.NoiseLen() {
		panic("neural: length of the noise is not NoiseLen times samples")
	}
	f.noise, f.n = noise, n
}

// NewEvaluator builds an evaluator for batches of at most width samples. It panics if width < 1.
func (f *Density) NewEvaluator(width int) Evaluator {
	if width < 1 {
		panic("neural: NewEvaluator needs a width of 1 or more")
	}
	d := f.cfg.Flow.Dim()
	k := d
	if f.cfg.Trace == HutchinsonTrace {
		k = f.cfg.Probes
	}
	return &densityEvaluator{
		f: f, d: d, k: k, net: newTangentNet(f.cfg.Flow, width, k),
		v: make([]float64, d*k*width), jv: make([]float64, d*k*width), a: make([]float64, d*k*width), p: make([]float64, d*width), y: make([]float64, d*width),
		cached: make([]float64, (d+d*k)*width),
	}
}

type densityEvaluator struct {
	f      *Density
	d, k   int // dimension and tangents
	net    *tangentNet
	lo     int
	unit   int // batch that v holds unit vectors for
	v      []float64
	jv, a  []float64 // tangents and their adjoints
	p      []float64 // adjoint of f
	y      []float64 // f, where nobody asks for it
	cached []float64 // f and f_x v of a VJP without kept values
}

// Bytes is the size of the workspace.
func (e *densityEvaluator) Bytes() int64 {
	return e.net.bytes() + 8*int64(len(e.v)+len(e.jv)+len(e.a)+len(e.p)+len(e.y)+len(e.cached))
}

// Bind implements Evaluator.
func (e *densityEvaluator) Bind(theta []float64) { e.net.bind(theta) }

// SetTimes implements TimeBatch.
func (e *densityEvaluator) SetTimes(ts []float64) { e.net.times = ts }

// SetSamples implements SampleBatch.
func (e *densityEvaluator) SetSamples(lo int) { e.lo = lo }

// enter returns the number of samples in a state, and the vectors of the estimate.
func (e *densityEvaluator) enter(z []float64) (n int, v []float64) {
	dim := e.f.Dim()
	n = len(z) / dim
	if n*dim != len(z) || n > e.net.width {
		panic(badBatch)
	}
	v = e.v[:e.d*e.k*n]
	if e.f.cfg.Trace == HutchinsonTrace {
		if e.lo+n > e.f.n {
			panic("neural: a density has no noise for these samples: see SetNoise")
		}
		for r := range e.d * e.k {
			copy(v[r*n:(r+1)*n], e.f.noise[r*e.f.n+e.lo:])
		}
		return n, v
	}
	if e.unit != n {
		clear(v)
		for i := range e.d {
			kernel.Fill(v[(i*e.k+i)*n:(i*e.k+i+1)*n], 1)
		}
		e.unit = n
	}
	return n, v
}

// trace stores the derivative of ℓ from the tangents f_x v.
func (e *densityEvaluator) trace(dz, v, jv []float64, n int) {
	trace := dz[e.d*n:][:n]
	if e.f.cfg.Trace == HutchinsonTrace {
		inner(trace, v, jv)
		kernel.Scale(trace, e.weight())
		return
	}
	clear(trace)
	for i := range e.d {
		kernel.Add(trace, jv[(i*e.k+i)*n:][:n])
	}
}

// energies stores f·g and Σ_j a_j·b_j in the places of K and F: their derivatives where both factors are f and the tangents, half the
// derivatives of these where one is a variation.
func (e *densityEvaluator) energies(dz, f, g, a, b []float64, n int) {
	kinetic, norm := dz[(e.d+1)*n:][:n], dz[(e.d+2)*n:][:n]
	inner(kinetic, f, g)
	inner(norm, a, b)
	kernel.Scale(norm, e.weight())
}

// inner stores the inner products of the columns of a and b in dst.
func inner(dst, a, b []float64) {
	clear(dst)
	for n := len(dst); len(a) > 0; a, b = a[n:], b[n:] {
		kernel.MulAdd(dst, a[:n], b[:n])
	}
}

// weight is that of one vector in sums over them: exact ones are sums over unit vectors, estimates means.
func (e *densityEvaluator) weight() float64 {
	if e.f.cfg.Trace == ExactTrace {
		return 1
	}
	return 1 / float64(e.k)
}

// Eval implements Evaluator.
func (e *densityEvaluator) Eval(dz []float64, t float64, z []float64) {
	n, v := e.enter(z)
	same(dz, z)
	e.eval(dz, t, z, v, e.jv[:len(v)], e.net.keep[:e.net.keepLen(n)], n)
}

func (e *densityEvaluator) eval(dz []float64, t float64, z, v, jv, keep []float64, n int) {
	f := dz[:e.d*n]
	e.net.forward(f, jv, t, z[:e.d*n], v, keep, n)
	e.trace(dz, v, jv, n)
	if e.f.cfg.Energies {
		e.energies(dz, f, f, jv, jv, n)
	}
}

// KeepLen implements Keeper.
func (e *densityEvaluator) KeepLen(n int) int { return e.net.keepLen(n) + e.own(n) }

// own is how many of the numbers kept are f and f_x v, which only the energies ask for again.
func (e *densityEvaluator) own(n int) int {
	if e.f.cfg.Energies {
		return (e.d + e.d*e.k) * n
	}
	return 0
}

// EvalKeep implements Keeper.
func (e *densityEvaluator) EvalKeep(dz []float64, t float64, z, keep []float64) {
	n, v := e.enter(z)
	same(dz, z)
	if len(keep) != e.KeepLen(n) {
		panic(badKeep)
	}
	own, rest := keep[:e.own(n)], keep[e.own(n):]
	jv := e.jv[:len(v)]
	if len(own) > 0 {
		jv = own[e.d*n:]
	}
	e.eval(dz, t, z, v, jv, rest, n)
	if len(own) > 0 {
		copy(own, dz[:e.d*n])
	}
}

// VJP implements Evaluator.
func (e *densityEvaluator) VJP(pz, ptheta []float64, t float64, z, p []float64) {
	n, v := e.enter(z)
	same(p, z)
	keep, own := e.net.keep[:e.net.keepLen(n)], e.cached[:(e.d+e.d*e.k)*n]
	e.net.forward(own[:e.d*n], own[e.d*n:], t, z[:e.d*n], v, keep, n)
	e.backward(pz, ptheta, t, z, v, p, own, keep, n)
}

// VJPKept implements Keeper.
func (e *densityEvaluator) VJPKept(pz, ptheta []float64, t float64, z, p, keep []float64) {
	n, v := e.enter(z)
	same(p, z)
	if len(keep) != e.KeepLen(n) {
		panic(badKeep)
	}
	e.backward(pz, ptheta, t, z, v, p, keep[:e.own(n)], keep[e.own(n):], n)
}

// backward turns the costate of ℓ, K and F into adjoints of f and of the tangents: with weights w = 1 or 1/probes,
//
//	S = p_x·f + p_ℓ w Σ_j ε_j·f_x ε_j + p_K |f|² + p_F w Σ_j |f_x ε_j|²,
//	∂S/∂f = p_x + 2 p_K f,   ∂S/∂(f_x ε_j) = w (p_ℓ ε_j + 2 p_F f_x ε_j).
func (e *densityEvaluator) backward(pz, ptheta []float64, t float64, z, v, p, own, keep []float64, n int) {
	at, w := e.d*n, e.weight()
	px, pl := p[:at], p[at:at+n]
	a := e.a[:len(v)]
	for r := range e.d * e.k {
		kernel.MulTo(a[r*n:(r+1)*n], pl, v[r*n:(r+1)*n])
	}
	if e.f.cfg.Energies {
		f, jv := own[:at], own[at:]
		pk, pf := p[at+n:at+2*n], p[at+2*n:at+3*n]
		px = e.p[:at]
		copy(px, p)
		for i, x := range f {
			px[i] += 2 * pk[i%n] * x
		}
		for i, x := range jv {
			a[i] += 2 * pf[i%n] * x
		}
	}
	if w != 1 {
		kernel.Scale(a, w)
	}
	var grad []float64
	if pz != nil {
		same(pz, z)
		grad = pz[:at]
		clear(pz[at:])
	}
	e.net.backward(grad, ptheta, t, z[:at], v, px, a, keep, n)
}

// JVP implements Evaluator.
func (e *densityEvaluator) JVP(dst []float64, t float64, z, dz, dtheta []float64) {
	n, v := e.enter(z)
	same(dst, z)
	at := e.d * n
	var dx []float64
	if dz != nil {
		same(dz, z)
		dx = dz[:at]
	}
	if dtheta != nil && len(dtheta) != e.f.NumParams() {
		panic(badTheta)
	}
	keep, x, jv, mixed := e.net.keep[:e.net.keepLen(n)], z[:at], e.jv[:len(v)], e.a[:len(v)]
	f := e.y[:at]
	e.net.forward(f, jv, t, x, v, keep, n)
	e.net.jvp(dst[:at], mixed, t, x, v, dx, dtheta, keep, n)
	e.trace(dst, v, mixed, n)
	if e.f.cfg.Energies {
		e.energies(dst, f, dst[:at], jv, mixed, n)
		kernel.Scale(dst[at+n:at+3*n], 2)
	}
}

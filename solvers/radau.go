package solvers

import (
	"math"

	"github.com/costate-go/costate/internal/approx"
)

// Radau5 is the Radau IIA method of order 5: three fully implicit stages of order 3, stiffly accurate and L-stable,
// for the stiffest problems and for high accuracy. Its error estimate is of order 3 and its continuous extension the
// collocation polynomial. It is the Method of Hairer and Wanner's program radau5, whose coefficients and rules it
// shares.
var Radau5 Method = radau5{}

type radau5 struct{}

func (radau5) Name() string             { return "radau5" }
func (radau5) String() string           { return "radau5" }
func (radau5) Order() int               { return 5 }
func (radau5) ErrorOrder() int          { return 3 }
func (radau5) DenseOrder() int          { return 3 }
func (radau5) NewStepper(n int) Stepper { return newRadau(n) }

// The inverse of the method's matrix A is T Λ T⁻¹ with Λ = diag(γ, α ± iβ) in real form (E. Hairer, G. Wanner, Solving
// Ordinary Differential Equations II, 2nd ed., 1996, section IV.8).
var (
	radauC = [3]float64{0.15505102572168219018, 0.64494897427831780982, 1}
	radauT = [3][3]float64{
		{9.1232394870892942792e-02, -0.14125529502095420843, -3.0029194105147424492e-02},
		{0.24171793270710701896, 0.20412935229379993199, 0.38294211275726193779},
		{0.96604818261509293619, 1, 0},
	}
	radauTI = [3][3]float64{
		{4.3255798900631553510, 0.33919925181580986954, 0.54177053993587487119},
		{-4.1787185915519047273, -0.32768282076106238708, 0.47662355450055045196},
		{-0.50287263494578687595, 2.5719269498556054292, -0.59603920482822492497},
	}
	// radauP turns stage increments into the coefficients of s, s² and s³ of the polynomial through them.
	radauP = [3][3]float64{
		{10.048809399827415562, -1.3821427331607488958, 1.0 / 3},
		{-25.629591447076639387, 10.296258113743306053, -8.0 / 3},
		{15.580782047249223824, -8.9141153805825571577, 10.0 / 3},
	}
	// radauE are the weights of the error estimate.
	radauE = [3]float64{-10.048809399827415562, 1.3821427331607488958, -1.0 / 3}
)

const (
	radauGamma = 3.6378342527444957322
	radauAlpha = 2.6810828736277521339
	radauBeta  = 3.0504301992474105694
)

// radau is the Stepper of Radau5. It works on increments z_i = X_i − x and their transforms w = T⁻¹ z, in which the
// equations of the three stages fall into a real system and a complex one.
type radau struct {
	equations
	f      Func
	t      float64
	tNext  float64
	h      float64
	hLast  float64 // size of the last accepted step; zero: none since Begin
	known  bool
	hasErr bool
	second bool // the error estimate is filtered twice if it is too large: the first step, and after a rejection

	x, xNext, f0, err []float64
	z, w, g           [3][]float64
	old               [3][]float64 // coefficients of the last accepted step
	pair              []complex128
	complex           complexLinear
}

func newRadau(n int) *radau {
	if n < 1 {
		panic("solvers: a stepper needs at least one unknown")
	}
	mem := make([]float64, 16*(n+8))
	next := func() []float64 {
		v := mem[:n:n]
		mem = mem[n+8:]
		return v
	}
	r := &radau{equations: newEquations(n), x: next(), xNext: next(), f0: next(), err: next(), pair: make([]complex128, n)}
	for i := range 3 {
		r.z[i], r.w[i], r.g[i], r.old[i] = next(), next(), next(), next()
	}
	return r
}

func (r *radau) SetJacobian(j Jacobian) {
	j.Product = nil
	r.set(j)
	r.complex = newComplexLinear(&j, r.n)
}

func (r *radau) SetTolerance(rtol, atol float64, norm Norm) { r.tol = newAccuracy(rtol, atol, norm) }

func (r *radau) Begin(f Func, t float64, x []float64) {
	if len(x) != r.n {
		panic("solvers: length of x differs from the number of unknowns")
	}
	if !r.ready {
		r.SetJacobian(Jacobian{})
	}
	r.f, r.t, r.hLast = f, t, 0
	r.known, r.hasErr, r.second = false, false, true
	r.forget()
	copy(r.x, x)
}

func (r *radau) AttemptTo(tNext float64) error {
	h := tNext - r.t
	r.tNext, r.h, r.hasErr = tNext, h, false
	r.FirstStage()
	sigma := radauGamma / h
	for {
		err := r.decompose(h, sigma)
		if err == nil {
			r.guess()
			err = r.iterate()
		}
		if err == nil {
			break
		}
		if !r.retry(sigma) {
			return err
		}
	}
	for i, v := range r.z[2] {
		r.xNext[i] = r.x[i] + v
	}
	return nil
}

// decompose makes the factors of both systems.
func (r *radau) decompose(h, sigma float64) error {
	before := r.work.Factorizations
	if err := r.prepare(r.f, r.t, h, r.x, sigma); err != nil {
		return err
	}
	if r.work.Factorizations == before {
		return nil
	}
	r.work.Factorizations++
	if !r.complex.factor(complex(radauAlpha/h, radauBeta/h), r.lin.j) {
		r.sigma, r.stale = 0, true
		return ErrSingular
	}
	return nil
}

// guess continues the polynomial of the last step, or takes zero.
func (r *radau) guess() {
	if r.hLast == 0 {
		for i := range 3 {
			clear(r.z[i])
			clear(r.w[i])
		}
		return
	}
	ratio := r.h / r.hLast
	p1, p2, p3 := r.old[0], r.old[1], r.old[2]
	for k, c := range radauC {
		s := 1 + c*ratio
		z := r.z[k]
		d1, d2, d3 := s-1, s*s-1, s*s*s-1 // less the value at s = 1
		for i := range z {
			z[i] = d1*p1[i] + d2*p2[i] + d3*p3[i]
		}
	}
	mix(&r.w, &radauTI, &r.z)
}

// mix stores M v in dst for three vectors.
func mix(dst *[3][]float64, m *[3][3]float64, v *[3][]float64) {
	a, b, c := v[0], v[1], v[2]
	for k := range 3 {
		m0, m1, m2 := m[k][0], m[k][1], m[k][2]
		out := dst[k]
		for i := range out {
			out[i] = m0*a[i] + m1*b[i] + m2*c[i]
		}
	}
}

// iterate solves the equations of the stages by simplified Newton iterations.
func (r *radau) iterate() error {
	limit := r.tol.newton()
	r.eta = approx.Exp2(0.8 * approx.Log2(max(r.eta, epsilon)))
	gamma, alpha, beta := radauGamma/r.h, radauAlpha/r.h, radauBeta/r.h
	var last float64
	for it := 1; it <= r.tol.iterations; it++ {
		for k, c := range radauC {
			z := r.z[k]
			for i, v := range z {
				r.xNext[i] = r.x[i] + v
			}
			tk := r.tNext
			if k < 2 {
				tk = r.t + c*r.h
			}
			r.f(z, tk, r.xNext) // z is not needed any more: it comes from w
		}
		r.calls += 3
		r.work.Iterations++
		mix(&r.g, &radauTI, &r.z)
		for i := range r.pair {
			w2, w3 := r.w[1][i], r.w[2][i]
			r.g[0][i] -= gamma * r.w[0][i]
			r.pair[i] = complex(r.g[1][i]-(alpha*w2-beta*w3), r.g[2][i]-(alpha*w3+beta*w2))
		}
		r.lin.solve(r.g[0])
		r.complex.solve(r.pair)
		for i, v := range r.pair {
			r.g[1][i], r.g[2][i] = real(v), imag(v)
			r.w[0][i] += r.g[0][i]
			r.w[1][i] += real(v)
			r.w[2][i] += imag(v)
		}
		mix(&r.z, &radauT, &r.w)
		var sum float64
		for k := range 3 {
			size := r.tol.norm(r.g[k], r.x, r.x, r.tol.rtol, r.tol.atol)
			sum += size * size
		}
		size := math.Sqrt(sum / 3)
		if !(size <= math.MaxFloat64) {
			return ErrNotConverged
		}
		theta := 0.0
		if it > 1 {
			if theta = size / last; theta < 1 {
				r.eta = theta / (1 - theta)
			}
		}
		if min(r.eta, 1)*size <= limit || theta > r.tol.hopeless && size <= r.tol.rounding() {
			r.worst = max(r.worst, theta)
			return nil
		}
		if !(theta <= r.tol.hopeless) || it > 1 && r.eta*size*approx.Power(theta, r.tol.iterations-it-1) > limit {
			return ErrNotConverged
		}
		last = size
	}
	return ErrNotConverged
}

func (r *radau) Accept() {
	mix(&r.old, &radauP, &r.z)
	r.t, r.hLast = r.tNext, r.h
	r.x, r.xNext = r.xNext, r.x
	r.known, r.hasErr, r.second = false, false, false
	r.moved()
}

func (r *radau) T() float64            { return r.t }
func (r *radau) X() []float64          { return r.x }
func (r *radau) Proposed() []float64   { return r.xNext }
func (r *radau) FirstStageKnown() bool { return r.known }
func (r *radau) Evaluations() int      { return r.calls }
func (r *radau) Algebra() Algebra      { return r.work }

// ErrorEstimate compares with an embedded formula of order 3 that uses f(t, x), multiplied by (I − hJ/γ)⁻¹ so that it
// stays bounded for stiff components.
func (r *radau) ErrorEstimate() []float64 {
	if r.hasErr {
		return r.err
	}
	r.hasErr = true
	e1, e2, e3 := radauE[0]/r.h, radauE[1]/r.h, radauE[2]/r.h
	rest := r.g[0]
	for i := range rest {
		rest[i] = e1*r.z[0][i] + e2*r.z[1][i] + e3*r.z[2][i]
		r.err[i] = rest[i] + r.f0[i]
	}
	r.lin.solve(r.err)
	if r.second && r.tol.norm(r.err, r.x, r.xNext, r.tol.rtol, r.tol.atol) >= 1 {
		y := r.delta
		for i, v := range r.err {
			y[i] = r.x[i] + v
		}
		r.f(r.err, r.t, y)
		r.calls++
		for i, v := range rest {
			r.err[i] += v
		}
		r.lin.solve(r.err)
	}
	r.second = true // for the next attempt at this step
	return r.err
}

func (r *radau) FirstStage() []float64 {
	if !r.known {
		r.f(r.f0, r.t, r.x)
		r.known = true
		r.calls++
	}
	return r.f0
}

func (r *radau) DenseLen() int { return 4 * r.n }

func (r *radau) Dense(dst []float64) {
	n := r.n
	copy(dst[:n], r.xNext) // where the step began
	for k := range 3 {
		copy(dst[(k+1)*n:], r.old[k])
	}
}

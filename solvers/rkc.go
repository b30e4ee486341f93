package solvers

import (
	"errors"
	"math"
)

// RKC is the stabilized method of order 2 for mildly stiff problems of many unknowns whose eigenvalues lie near the
// negative real axis, such as diffusion: a step takes as many stages s as stability asks for, and s stages are
// stable up to h·ρ = 0.65 (s² − 1) rather than 2s, where ρ is the spectral radius of ∂f/∂x. It solves no
// equations and its memory does not grow with s. It has an estimate of order 2 and, first same as last, s
// evaluations a step; its continuous extension is the cubic Hermite interpolant, of order 2 as the method.
//
// The spectral radius comes from a nonlinear power iteration every 25 steps and after rejections, for a few evaluations; Chebyshev
// takes one that the user knows.
var RKC = &Chebyshev{}

// Chebyshev is RKC with a bound on the spectral radius by the user (B. P. Sommeijer, L. F. Shampine, J. G. Verwer,
// J. Comput. Appl. Math. 88 (1998) 315–326).
type Chebyshev struct {
	// SpectralRadius returns a bound on the absolute values of the eigenvalues of ∂f/∂x. It must not keep or change x.
	// nil: a power iteration.
	SpectralRadius func(t float64, x []float64) float64
}

// ErrStages is what AttemptTo reports when a step of RKC needed too many stages; a shorter step needs fewer.
var ErrStages = errors.New("solvers: a stabilized step needs more than 2000 stages")

const (
	rkcDamping   = 2.0 / 13
	rkcMaxStages = 2000 // beyond, rounding errors of the recursion become visible
	rkcPeriod    = 25   // accepted steps between estimates of the spectral radius
)

// Name is "rkc".
func (*Chebyshev) Name() string { return "rkc" }

// String is the name.
func (*Chebyshev) String() string { return "rkc" }

// Order is 2.
func (*Chebyshev) Order() int { return 2 }

// ErrorOrder is 2: the estimate behaves as h³.
func (*Chebyshev) ErrorOrder() int { return 2 }

// DenseOrder is 2.
func (*Chebyshev) DenseOrder() int { return 2 }

// NewStepper returns a Stepper for n unknowns. It holds nine vectors of length n.
func (m *Chebyshev) NewStepper(n int) Stepper {
	vector := func() []float64 { return make([]float64, n) }
	return &rkcStepper{base: newBase(n, true), radiusOf: m.SpectralRadius,
		f0: vector(), f1: vector(), y1: vector(), y2: vector(), k: vector(), direction: vector()}
}

type rkcStepper struct {
	base
	radiusOf  func(t float64, x []float64) float64
	f0, f1    []float64 // f at the ends of the step
	y1, y2, k []float64
	radius    float64
	age       int  // accepted steps since radius was estimated
	stale     bool // radius must be estimated before the next attempt
	direction []float64
	directed  bool // direction is known
	attempted bool // an attempt was made and not accepted
}

func (s *rkcStepper) Begin(f Func, t float64, x []float64) {
	s.base.Begin(f, t, x)
	s.stale, s.directed, s.attempted = true, false, false
}

func (s *rkcStepper) FirstStage() []float64 {
	if !s.known {
		s.eval(s.f0, s.t, s.x)
		s.known = true
	}
	return s.f0
}

func (s *rkcStepper) AttemptTo(tNext float64) error {
	h := tNext - s.t
	s.tNext, s.h = tNext, h
	f0 := s.FirstStage()
	if s.stale || s.attempted || s.age >= rkcPeriod {
		s.estimate()
	}
	s.attempted = true
	m := math.Sqrt(1 + 1.54*math.Abs(h)*s.radius)
	if !(m < rkcMaxStages) { // not a number, too
		return ErrStages
	}
	s.step(max(2, 1+int(m)), f0)
	s.eval(s.f1, tNext, s.xNext)
	for i, x := range s.x {
		s.errors[i] = 0.8*(x-s.xNext[i]) + 0.4*h*(f0[i]+s.f1[i])
	}
	return nil
}

// step computes x⁺ by the recursion of the shifted Chebyshev polynomials T_j(w₀ + w₁z), their derivatives at w₀ along.
func (s *rkcStepper) step(stages int, f0 []float64) {
	t, h := s.t, s.h
	n := float64(stages)
	w0 := 1 + rkcDamping/(n*n)
	root := math.Sqrt(w0*w0 - 1)
	angle := n * math.Log(w0+root)
	sinh, cosh := math.Sinh(angle), math.Cosh(angle)
	w1 := sinh * (w0*w0 - 1) / (cosh*n*root - w0*sinh)

	// Of the degrees j−1 and j−2: the polynomial, its two derivatives, b = T″/T′² (b₀ = b₁ = b₂), and the abscissa.
	poly, polyPrev := w0, 1.0
	slope, slopePrev := 1.0, 0.0
	bend, bendPrev := 0.0, 0.0
	b := 1 / (4 * w0 * w0)
	bPrev := b
	mu := w1 * b
	c, cPrev := mu, 0.0

	prev2, prev, out := s.xNext, s.y1, s.y2
	copy(prev2, s.x)
	for i, x := range s.x {
		prev[i] = x + h*mu*f0[i]
	}
	for j := 2; j <= stages; j++ {
		polyNext := 2*w0*poly - polyPrev
		slopeNext := 2*w0*slope - slopePrev + 2*poly
		bendNext := 2*w0*bend - bendPrev + 4*slope
		bNext := bendNext / (slopeNext * slopeNext)
		a := 1 - poly*b
		m := 2 * w0 * bNext / b
		nu := -bNext / bPrev
		mt := m * w1 / w0
		gamma := -mt * a
		s.eval(s.k, t+h*c, prev)
		for i, x := range s.x {
			out[i] = (1-m-nu)*x + m*prev[i] + nu*prev2[i] + h*(mt*s.k[i]+gamma*f0[i])
		}
		cNext := m*c + nu*cPrev + mt + gamma
		c, cPrev = cNext, c
		prev2, prev, out = prev, out, prev2
		poly, polyPrev = polyNext, poly
		slope, slopePrev = slopeNext, slope
		bend, bendPrev = bendNext, bend
		b, bPrev = bNext, b
	}
	s.xNext, s.y1, s.y2 = prev, prev2, out
}

func (s *rkcStepper) Accept() {
	s.accept()
	s.f0, s.f1 = s.f1, s.f0
	s.known, s.attempted = true, false
	s.age++
}

func (s *rkcStepper) Dense(dst []float64) { hermite(dst, s.xNext, s.f1, s.x, s.f0, s.h) }

// estimate bounds the spectral radius of ∂f/∂x at the present point.
func (s *rkcStepper) estimate() {
	s.stale, s.age = false, 0
	if s.radiusOf != nil {
		s.radius = s.radiusOf(s.t, s.x)
		return
	}
	const (
		iterations = 50
		safety     = 1.2
		agreement  = 0.01
	)
	d, v, fv := s.direction, s.y1, s.k
	if !s.directed {
		copy(d, s.f0)
	}
	xNorm := length(s.x)
	size := xNorm * math.Sqrt(epsilon)
	if size == 0 {
		size = epsilon
	}
	if length(d) == 0 {
		for i := range d {
			d[i] = 1
		}
	}
	var sigma, last float64
	for k := range iterations {
		scale := size / length(d)
		for i, x := range s.x {
			v[i] = x + scale*d[i]
		}
		s.eval(fv, s.t, v)
		for i, f := range s.f0 {
			d[i] = fv[i] - f
		}
		change := length(d)
		sigma, last = change/size, sigma
		if change == 0 { // an unlucky direction, or f is constant
			d[k%s.n] = 1
			continue
		}
		if k > 1 && math.Abs(sigma-last) <= agreement*sigma {
			break
		}
	}
	s.directed = true
	s.radius = safety * sigma
}

func length(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum)
}

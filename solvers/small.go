package solvers

//go:generate go run gensmall.go

import "math"

// A step of few unknowns costs less in arithmetic than in the slices that describe its sums and in the calls between
// it and the loop, and a solution of few steps less than building a Stepper of slices. smallStepper takes its place for up
// to four unknowns: all vectors lie in one block, stages are reached through pointers that are found once, a sum keeps
// its entries in registers while it walks along its terms, and the norm of the error is taken on the way. The last
// stage of a sum comes last, so that the rest can be added up while f still works on it.

const (
	maxSmall       = 4  // unknowns
	maxSmallStages = 40 // with those of the continuous extension
)

type quad = [maxSmall]float64

// term is a_j k_j of a sum.
type term struct {
	a float64
	k *quad
}

// smallStepper is the Stepper of explicit tableaux for up to four unknowns. Entries beyond the unknowns stay zero.
type smallStepper struct {
	tab   *Tableau
	p     *plan
	n     int
	f     Func
	t     float64
	tNext float64
	h     float64
	evals int
	side  int  // which of x is the present point; the other is x⁺, or where the last step began
	known bool // f at the present point is known
	moved bool // a step was accepted: f at the present point has its place at the end of the stages, not at the beginning
	x     [2]quad
	stage quad
	err   quad
	err2  quad
	k     [maxSmallStages]quad
	terms []term
}

func newSmallStepper(tab *Tableau, p *plan, n int) *smallStepper {
	s := &smallStepper{tab: tab, p: p, n: n, terms: make([]term, len(p.stages))}
	for i, j := range p.stages {
		s.terms[i] = term{p.coefficients[i], &s.k[j]}
	}
	return s
}

func (s *smallStepper) Begin(f Func, t float64, x []float64) {
	if len(x) != s.n {
		panic("solvers: length of x differs from the number of unknowns")
	}
	s.f, s.t = f, t
	s.known, s.moved = false, false
	copy(s.x[s.side&1][:], x)
}

func (s *smallStepper) eval(dx *quad, t float64, x *quad) {
	s.f(dx[:s.n], t, x[:s.n])
	s.evals++
}

func (s *smallStepper) AttemptTo(tNext float64) error {
	s.attempt(tNext)
	return nil
}

func (s *smallStepper) attempt(tNext float64) {
	s.tNext, s.h = tNext, tNext-s.t
	if s.moved && s.known {
		s.k[0] = s.k[s.p.end]
	}
	s.moved = false
	if !s.known {
		s.eval(&s.k[0], s.t, &s.x[s.side&1])
		s.known = true
	}
	switch s.n {
	case 3:
		s.attempt3()
	case 4:
		s.attempt4()
	default:
		s.attempt2()
	}
	s.evals += len(s.p.rows)
	if s.tab.FSAL {
		s.evals++
	}
}

// sum stores x + h Σ a_j k_j in dst.
func (s *smallStepper) sum(dst, x *quad, r *planned) {
	switch s.n {
	case 3:
		s.sum3(dst, x, r)
	case 4:
		s.sum4(dst, x, r)
	default:
		s.sum2(dst, x, r)
	}
}

var zeros quad

// AttemptRMS implements RMSStepper.
func (s *smallStepper) AttemptRMS(tNext, rtol, atol float64) (square float64) {
	s.attempt(tNext)
	square = s.meanSquare(&s.err, &s.p.errors, rtol, atol)
	if s.tab.E2 == nil {
		return square
	}
	e := CombineEstimates(math.Sqrt(square), math.Sqrt(s.meanSquare(&s.err2, &s.p.errors2, rtol, atol)))
	return e * e
}

// meanSquare stores h Σ a_j k_j in e and returns the square of its RMS; NaN where x⁺ is not finite.
func (s *smallStepper) meanSquare(e *quad, r *planned, rtol, atol float64) float64 {
	s.sum(e, &zeros, r)
	x, next := &s.x[s.side&1], &s.x[1-s.side&1]
	square := weigh(e[0], x[0], next[0], rtol, atol)
	switch s.n {
	case 2:
		square += weigh(e[1], x[1], next[1], rtol, atol)
	case 3:
		square += weigh(e[1], x[1], next[1], rtol, atol)
		square += weigh(e[2], x[2], next[2], rtol, atol)
	case 4:
		square += weigh(e[1], x[1], next[1], rtol, atol)
		square += weigh(e[2], x[2], next[2], rtol, atol)
		square += weigh(e[3], x[3], next[3], rtol, atol)
	}
	return square * inverse[s.n&7]
}

// weigh is the square of the error of one unknown over the tolerance; NaN where its value at the end is not finite.
func weigh(e, x, next, rtol, atol float64) float64 {
	const sign = 1 << 63
	// The larger of two absolute values has the larger bits.
	top, b := math.Float64bits(x)&^sign, math.Float64bits(next)&^sign
	if b > top {
		top = b
	}
	scale := math.Float64frombits(top)
	q := e/(atol+rtol*scale) + (scale - scale)
	return q * q
}

// inverse holds 1/n.
var inverse = [8]float64{1: 1, 2: 0.5, 3: 1.0 / 3, 4: 0.25}

func (s *smallStepper) Accept() {
	s.t = s.tNext
	s.side = 1 - s.side
	s.moved, s.known = true, s.tab.FSAL
}

func (s *smallStepper) T() float64            { return s.t }
func (s *smallStepper) X() []float64          { return s.x[s.side&1][:s.n] }
func (s *smallStepper) Proposed() []float64   { return s.x[1-s.side&1][:s.n] }
func (s *smallStepper) FirstStageKnown() bool { return s.known }
func (s *smallStepper) Evaluations() int      { return s.evals }
func (s *smallStepper) DenseLen() int         { return (1 + len(s.p.dense)) * s.n }

func (s *smallStepper) ErrorEstimate() []float64 {
	if s.tab.E == nil {
		return nil
	}
	s.sum(&s.err, &zeros, &s.p.errors)
	return s.err[:s.n]
}

// SecondErrorEstimate implements SecondEstimator.
func (s *smallStepper) SecondErrorEstimate() []float64 {
	if s.tab.E2 == nil {
		return nil
	}
	s.sum(&s.err2, &zeros, &s.p.errors2)
	return s.err2[:s.n]
}

func (s *smallStepper) FirstStage() []float64 {
	k := &s.k[0]
	if s.moved {
		k = &s.k[s.p.end]
	}
	if !s.known {
		s.eval(k, s.t, &s.x[s.side&1])
		s.known = true
	}
	return k[:s.n]
}

func (s *smallStepper) Dense(dst []float64) {
	if len(s.tab.Dense) > len(s.tab.C) {
		s.FirstStage()
	}
	start := &s.x[1-s.side&1] // where the step began
	n := s.n
	for i := range s.p.extra {
		r := &s.p.extra[i]
		s.sum(&s.stage, start, r)
		s.eval(&s.k[r.k], s.t-(1-r.c)*s.h, &s.stage)
	}
	copy(dst[:n], start[:])
	for m := range s.p.dense {
		r := &s.p.dense[m]
		out := dst[(m+1)*n : (m+2)*n]
		if s.p.low != nil {
			s.accurately(out, r)
			continue
		}
		var v quad
		s.sum(&v, &zeros, r)
		copy(out, v[:])
	}
}

// accurately is sum.scaleAccurately.
func (s *smallStepper) accurately(dst []float64, r *planned) {
	from := r.end - r.count
	low := s.p.low[from:r.end]
	for i := range dst {
		var sum, rest float64
		for j, t := range s.terms[from:r.end] {
			addProduct(&sum, &rest, t.a, low[j], t.k[i&3])
		}
		dst[i] = s.h * (sum + rest)
	}
}

func (s *smallStepper) StiffnessRatio() float64 {
	last := len(s.tab.C) - 1
	if s.tab.RealStability == 0 || !s.tab.FSAL || last < 2 || s.tab.C[last-1] != 1 {
		return 0
	}
	k1, k0, x1 := &s.k[last], &s.k[last-1], &s.x[1-s.side&1]
	var num, den float64
	for i := range s.n {
		dk, dx := k1[i&3]-k0[i&3], x1[i&3]-s.stage[i&3]
		num += dk * dk
		den += dx * dx
	}
	if !(den > 0) {
		return 0
	}
	return math.Sqrt(s.h*s.h*num/den) / s.tab.RealStability
}

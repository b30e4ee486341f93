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
	each  int  // evaluations of an attempt without the first stage
	side  int  // which of x is the present point; the other is x⁺, or where the last step began
	known bool // f at the present point is known
	moved bool // a step was accepted: f at the present point has its place at the end of the stages, not at the beginning
	x     [2]quad
	stage quad
	err   quad
	err2  quad
	k     [maxSmallStages]quad
	terms []term
	rows  []smallRow // the stages 2 …

	weights, errors, errors2 smallRow
}

// smallRow is a stage: its state is the sum of the last count terms of tail, and of head before them.
type smallRow struct {
	k     *quad
	tail  *[tail]term
	count int
	c     float64
	head  []term
}

func newSmallStepper(tab *Tableau, p *plan, n int) *smallStepper {
	s := &smallStepper{tab: tab, p: p, n: n, terms: make([]term, len(p.stages)), rows: make([]smallRow, len(p.rows))}
	for i, j := range p.stages {
		s.terms[i] = term{p.coefficients[i], &s.k[j]}
	}
	for i := range p.rows {
		s.rows[i] = s.row(&p.rows[i])
	}
	if s.each = len(p.rows); tab.FSAL {
		s.each++
	}
	s.weights, s.errors, s.errors2 = s.row(&p.weights), s.row(&p.errors), s.row(&p.errors2)
	return s
}

func (s *smallStepper) row(r *planned) smallRow {
	row := smallRow{k: &s.k[r.k], count: r.count, c: r.c, tail: (*[tail]term)(s.terms[r.end-tail:])}
	if r.count > tail {
		row.head = s.terms[r.end-r.count : r.end-tail]
	}
	return row
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
	s.begin(tNext)
	switch s.n {
	case 3:
		s.attempt3()
	case 4:
		s.attempt4()
	default:
		s.attempt2()
	}
}

// begin brings f at the present point to its place.
func (s *smallStepper) begin(tNext float64) {
	s.tNext, s.h = tNext, tNext-s.t
	if s.known && s.moved {
		from, to := &s.k[s.p.end], &s.k[0] // one by one, as f has just stored them: wider loads would wait
		to[0], to[1], to[2], to[3] = from[0], from[1], from[2], from[3]
	}
	s.moved = false
	if !s.known {
		s.eval(&s.k[0], s.t, &s.x[s.side&1])
		s.known = true
	}
	s.evals += s.each
}

// sum stores x + h Σ a_j k_j in dst.
func (s *smallStepper) sum(dst, x *quad, r *smallRow) {
	switch s.n {
	case 3:
		sum3(dst, x, s.h, r)
	case 4:
		sum4(dst, x, s.h, r)
	default:
		sum2(dst, x, s.h, r)
	}
}

var zeros quad

// AttemptRMS implements RMSStepper.
func (s *smallStepper) AttemptRMS(tNext, rtol, atol float64) (square float64) {
	s.begin(tNext)
	switch s.n {
	case 3:
		s.attempt3()
		square = s.meanSquare3(&s.errors, rtol, atol)
	case 4:
		s.attempt4()
		square = s.meanSquare4(&s.errors, rtol, atol)
	case 2:
		s.attempt2()
		square = s.meanSquare2(&s.errors, rtol, atol)
	default:
		s.attempt2()
		square = s.meanSquare1(&s.errors, rtol, atol)
	}
	if s.tab.E2 == nil {
		return square
	}
	// The second estimate, of a method with so many stages that its cost does not matter.
	e2 := s.SecondErrorEstimate()
	e := CombineEstimates(math.Sqrt(square), RMS(e2, s.X(), s.Proposed(), rtol, atol))
	return e * e
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
	q := e * (1/(atol+rtol*scale) + (scale - scale)) // the quotient does not wait for e
	return q * q
}

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
	s.sum(&s.err, &zeros, &s.errors)
	return s.err[:s.n]
}

// SecondErrorEstimate implements SecondEstimator.
func (s *smallStepper) SecondErrorEstimate() []float64 {
	if s.tab.E2 == nil {
		return nil
	}
	s.sum(&s.err2, &zeros, &s.errors2)
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
		row := s.row(&s.p.extra[i])
		s.sum(&s.stage, start, &row)
		s.eval(row.k, s.t-(1-row.c)*s.h, &s.stage)
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
		row := s.row(r)
		s.sum(&v, &zeros, &row)
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

func (s *smallStepper) stiffnessAfter(w float64) float64 {
	s.FirstStage()
	k1, k0, x1 := &s.k[s.p.end], &s.k[len(s.tab.C)-1], &s.x[s.side&1]
	var num, den float64
	for i := range s.n {
		scale := 1 / (w + math.Abs(x1[i&3]))
		dk, dx := scale*(k1[i&3]-k0[i&3]), scale*(x1[i&3]-s.stage[i&3])
		num += dk * dk
		den += dx * dx
	}
	if !(den > 0) {
		return 0
	}
	return math.Abs(s.h) * math.Sqrt(num/den)
}

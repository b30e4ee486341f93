package solvers

//go:generate go run gensmall.go gencommon.go
//go:generate rm -f zunrolled.go
//go:generate go run genunrolled.go gencommon.go

import "math"

// A step of few unknowns costs less in arithmetic than in the slices that describe its sums and in the calls between
// it and the loop, and a solution of few steps less than building a Stepper of slices. smallStepper takes its place for up
// to four unknowns: all vectors lie in one block, stages are reached through pointers that are found once, a sum keeps
// its entries in registers while it walks along its terms, and the norm of the error is taken on the way. The newest stage of a sum
// comes last, so that the rest can be added up while f still works on it. All is scalar: the stages come from f as numbers one by one, and
// a wider load would wait until they have reached the cache, which takes longer than the sums.

const (
	maxSmall       = 4  // unknowns
	maxSmallStages = 40 // with those of the continuous extension
	maxTerms       = 16 // of a sum within a step, without the newest
)

type quad = [maxSmall]float64

// term is a_j k_j of a sum.
type term struct {
	a float64
	k *quad
}

// smallStepper is the Stepper of explicit tableaus for up to four unknowns. Entries beyond the unknowns stay zero.
type smallStepper struct {
	tab    *Tableau
	p      *plan
	n      int
	f      Func
	values Values
	// attempt makes an attempt. It returns the square of RMS of the error; NaN where x⁺ is not finite.
	attempt attemptFunc

	t     float64
	tNext float64
	h     float64
	evals int
	each  int  // evaluations of an attempt without the first stage
	side  int  // which of x is the present point; the other is x⁺, or where the last step began
	known bool // f at the present point is known
	moved bool // a step was accepted: f at the present point has its place at the end of the stages, not at the beginning
	x     [2]quad
	stage quad // the state at a stage; after an attempt at the last one before x⁺
	err   quad
	err2  quad
	k     [maxSmallStages]quad

	first   *smallRow // the stages 2 …
	weights smallRow  // x⁺
	errors  smallRow
}

// unrolled are the attempts of some methods for right-hand sides by value, by the number of unknowns, with the coefficients written out: in C++ or
// Julia a compiler would make them of the tableau.
var unrolled = map[*Tableau][maxSmall + 1]attemptFunc{}

type attemptFunc = func(s *smallStepper, tNext, rtol, atol float64) (square float64)

// smallRow is a sum Σ a_j k_j, and where it leads to the state at a stage that stage.
type smallRow struct {
	next   *smallRow
	k      *quad
	left   float64 // 1 − c: seen from the end of the step, where the last stages must lie to the bit
	newest float64 // the coefficient of the stage right before
	count  int     // of those before that
	older  [maxTerms]term
}

func newSmallStepper(tab *Tableau, p *plan, n int) *smallStepper {
	s := &smallStepper{tab: tab, p: p, n: n}
	rows := make([]smallRow, len(p.rows))
	for i := range rows {
		rows[i] = s.row(tab.A[i+1], i)
		rows[i].left, rows[i].k = 1-tab.C[i+1], &s.k[i+1]
		if i > 0 {
			rows[i-1].next = &rows[i]
		} else {
			s.first = &rows[0]
		}
	}
	s.weights = s.row(tab.B, len(rows))
	if s.each = len(rows); tab.FSAL {
		s.each++
	}
	if tab.E != nil {
		s.errors = s.row(tab.E, p.end-1)
		if tab.FSAL {
			s.errors = s.row(tab.E, p.end)
		}
	}
	s.choose()
	return s
}

// row is that with coefficients a, the newest stage being given.
func (s *smallStepper) row(a []float64, newest int) smallRow {
	r := smallRow{newest: a[newest]}
	for j := range newest {
		r.count = s.push(&r.older, r.count, j, a[j])
	}
	return r
}

// push puts a term behind the last count ones of a sum, unless it is zero, and returns how many there are.
func (s *smallStepper) push(sum *[maxTerms]term, count, stage int, a float64) int {
	if a == 0 {
		return count
	}
	copy(sum[maxTerms-1-count:], sum[maxTerms-count:])
	sum[maxTerms-1] = term{a, &s.k[stage]}
	return count + 1
}

func (s *smallStepper) Begin(f Func, t float64, x []float64) {
	if len(x) != s.n {
		panic("solvers: length of x differs from the number of unknowns")
	}
	s.f, s.t = f, t
	s.known, s.moved = false, false
	copy(s.x[s.side&1][:], x)
}

// SetValues implements ByValue.
func (s *smallStepper) SetValues(v Values) {
	if l := v.Len(); l != 0 && l != s.n {
		panic("solvers: the right-hand side by value is of another number of unknowns")
	}
	s.values = v
	s.choose()
}

func (s *smallStepper) eval(dx *quad, t float64, x *quad) {
	s.f(dx[:s.n], t, x[:s.n])
	s.evals++
}

func (s *smallStepper) AttemptTo(tNext float64) error {
	s.attempt(s, tNext, 1, 1)
	return nil
}

// choose chooses the function that makes attempts.
func (s *smallStepper) choose() {
	if s.values.Len() > 0 {
		if s.attempt = unrolled[s.tab][s.n]; s.attempt != nil {
			return
		}
	}
	switch {
	case s.values.F2 != nil:
		s.attempt = (*smallStepper).attempt2ByValue
	case s.values.F3 != nil:
		s.attempt = (*smallStepper).attempt3ByValue
	case s.values.F4 != nil:
		s.attempt = (*smallStepper).attempt4ByValue
	case s.n == 3:
		s.attempt = (*smallStepper).attempt3
	case s.n == 4:
		s.attempt = (*smallStepper).attempt4
	default:
		s.attempt = (*smallStepper).attempt2
	}
}

// begin begins an attempt and returns f at the present point.
func (s *smallStepper) begin(tNext float64) *quad {
	s.tNext, s.h = tNext, tNext-s.t
	start := &s.k[0]
	switch {
	case !s.known:
		s.eval(start, s.t, &s.x[s.side&1])
		s.known = true
	case s.moved:
		from := &s.k[s.p.end] // one by one, as f has just stored them: wider loads would wait
		start[0], start[1], start[2], start[3] = from[0], from[1], from[2], from[3]
	}
	s.moved = false
	s.evals += s.each
	return start
}

// sum stores x + h Σ a_j k_j in dst.
func (s *smallStepper) sum(dst, x *quad, r *planned) {
	sum := *x
	from := r.end - r.count
	stages := s.p.stages[from:r.end]
	for i, a := range s.p.coefficients[from:r.end] {
		k := &s.k[stages[i]]
		a *= s.h
		sum[0] += a * k[0]
		sum[1] += a * k[1]
		sum[2] += a * k[2]
		sum[3] += a * k[3]
	}
	*dst = sum
}

var zeros quad

// AttemptRMS implements RMSStepper.
func (s *smallStepper) AttemptRMS(tNext, rtol, atol float64) (square float64) {
	square = s.attempt(s, tNext, rtol, atol)
	if s.tab.E2 == nil {
		return square
	}
	// The second estimate, of a method with so many stages that its cost does not matter.
	e2 := s.SecondErrorEstimate()
	e := CombineEstimates(math.Sqrt(square), RMS(e2, s.X(), s.Proposed(), rtol, atol))
	return e * e
}

// weigh is part times the square of the error of one unknown over the tolerance, root being the root of part; NaN where its value at the end is not
// finite.
func weigh(e, x, next, root, rtol, atol float64) float64 {
	const sign = 1 << 63
	// The larger of two absolute values has the larger bits.
	top, b := math.Float64bits(x)&^sign, math.Float64bits(next)&^sign
	if b > top {
		top = b
	}
	scale := math.Float64frombits(top)
	q := e * (root/(atol+rtol*scale) + (scale - scale)) // the quotient does not wait for e
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
		row := &s.p.extra[i]
		s.sum(&s.stage, start, row)
		s.eval(&s.k[row.k], s.t-(1-row.c)*s.h, &s.stage)
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
	stages, a := s.p.stages[from:r.end], s.p.coefficients[from:r.end]
	for i := range dst {
		var sum, rest float64
		for j, k := range stages {
			addProduct(&sum, &rest, a[j], low[j], s.k[k][i&3])
		}
		dst[i] = s.h * (sum + rest)
	}
}

// lastStage is the state at the stage before the end of the accepted step, which began at x.
func (s *smallStepper) lastStage(x *quad) *quad {
	s.sum(&s.stage, x, &s.p.rows[len(s.p.rows)-1])
	return &s.stage
}

func (s *smallStepper) StiffnessRatio() float64 {
	last := len(s.tab.C) - 1
	if s.tab.RealStability == 0 || !s.tab.FSAL || last < 2 || s.tab.C[last-1] != 1 {
		return 0
	}
	k1, k0, x1, x0 := &s.k[last], &s.k[last-1], &s.x[1-s.side&1], &s.stage
	var num, den float64
	for i := range s.n {
		dk, dx := k1[i&3]-k0[i&3], x1[i&3]-x0[i&3]
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
	k1, k0, x1, x0 := &s.k[s.p.end], &s.k[len(s.tab.C)-1], &s.x[s.side&1], s.lastStage(&s.x[1-s.side&1])
	var num, den float64
	for i := range s.n {
		scale := 1 / (w + math.Abs(x1[i&3]))
		dk, dx := scale*(k1[i&3]-k0[i&3]), scale*(x1[i&3]-x0[i&3])
		num += dk * dk
		den += dx * dx
	}
	if !(den > 0) {
		return 0
	}
	return math.Abs(s.h) * math.Sqrt(num/den)
}

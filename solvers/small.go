package solvers

//go:generate go run gensmall.go

import "math"

// A step of few unknowns costs less in arithmetic than in the slices that describe its sums and in the calls between
// it and the loop. Here stages are reached through pointers to arrays, found once; a sum keeps its entries in
// registers while it walks along its terms; and the norm of the error is taken on the way. The last stage of a sum
// comes last, so that the rest can be added up while f still works on it.

// maxSmall is the largest number of unknowns that take this path.
const maxSmall = 4

type quad = [4]float64

// term is a_j k_j of a sum.
type term struct {
	a float64
	k *quad
}

// smallSum is a sum: what exceeds eight terms in head, the last eight or fewer at the end of tail.
type smallSum struct {
	tail  [8]term
	terms int // in tail
	head  []term
}

func newSmallSum(s sum) smallSum {
	var all []term
	for j, a := range s.a {
		all = append(all, term{a, (*quad)(s.k[j][:4])})
	}
	n := max(0, len(all)-8)
	r := smallSum{head: all[:n], terms: len(all) - n}
	copy(r.tail[8-r.terms:], all[n:])
	return r
}

// smallRoles are the roles of few unknowns. Entries beyond the unknowns stay zero.
type smallRoles struct {
	x, xNext        *quad
	rows            []smallSum // as in roles, with the weights of a method that is not FSAL at the end
	errors, errors2 smallSum
}

func newSmallRoles(v *roles, fsal bool) *smallRoles {
	w := &smallRoles{x: (*quad)(v.x[:4]), xNext: (*quad)(v.xNext[:4]), errors: newSmallSum(v.errors), errors2: newSmallSum(v.errors2)}
	for _, row := range v.rows {
		w.rows = append(w.rows, newSmallSum(row))
	}
	if !fsal {
		w.rows = append(w.rows, newSmallSum(v.weights))
	}
	return w
}

// attemptSmall is AttemptTo once the first stage is known.
func (r *rungeKutta) attemptSmall(v *roles, w *smallRoles) {
	t, h, f, n := r.t, r.h, r.f, r.n
	c, rows, k := r.tab.C, w.rows, v.k
	last := len(rows) - 1
	stage := (*quad)(r.stage[:4])
	for i := 0; i < last; i++ {
		rows[i].add(stage, w.x, h, n)
		f(k[i+1], t+c[i+1]*h, r.stage)
	}
	rows[last].add(w.xNext, w.x, h, n)
	if r.tab.FSAL {
		f(k[last+1], r.tNext, v.xNext)
	}
}

// add stores x + h Σ a_j k_j in dst.
func (r *smallSum) add(dst, x *quad, h float64, n int) {
	switch n {
	case 3:
		add3(dst, x, h, r)
	case 4:
		add4(dst, x, h, r)
	default:
		add2(dst, x, h, r)
	}
}

// AttemptRMS implements RMSStepper.
func (r *rungeKutta) AttemptRMS(tNext, rtol, atol float64) (square float64) {
	r.AttemptTo(tNext)
	v := &r.sides[r.side]
	if w := r.small[r.side]; w != nil {
		square = w.meanSquare(&w.errors, r.h, r.n, rtol, atol)
		if r.err2 == nil {
			return square
		}
		e := CombineEstimates(math.Sqrt(square), math.Sqrt(w.meanSquare(&w.errors2, r.h, r.n, rtol, atol)))
		return e * e
	}
	e := RMS(r.ErrorEstimate(), v.x, v.xNext, rtol, atol)
	if r.err2 != nil {
		e = CombineEstimates(e, RMS(r.SecondErrorEstimate(), v.x, v.xNext, rtol, atol))
	}
	return e * e
}

// meanSquare is the square of RMS of h Σ a_j k_j.
func (w *smallRoles) meanSquare(errors *smallSum, h float64, n int, rtol, atol float64) float64 {
	const sign = 1 << 63
	var zero, e quad
	errors.add(&e, &zero, h, n)
	var sum float64
	for i := range e[:n] {
		// The larger of two absolute values has the larger bits.
		top, b := math.Float64bits(w.x[i])&^sign, math.Float64bits(w.xNext[i])&^sign
		if b > top {
			top = b
		}
		r := e[i] / (atol + rtol*math.Float64frombits(top))
		sum += r * r
	}
	return sum * (1 / float64(n))
}

package solvers

import (
	"math"
	"sync/atomic"
)

// SquareController is implemented by Controllers that need the square of the error only.
type SquareController interface {
	Controller
	// FactorOfSquare is Factor for an attempt whose error has that square, a number. It looks at Last, BeforeLast and Rejected of h only.
	FactorOfSquare(square float64, h *History) float64
}

// quickFilter is a filter without α, as a product of powers of the squares of errors.
type quickFilter struct {
	filter
	first           power // without a history
	one, two, three power // −βᵢ/(2k)
	twoAndThree     power
}

// usual keeps the quick filters of PI{} by order.
var usual [16]atomic.Pointer[quickFilter]

func (c PI) quick(order int) *quickFilter {
	common := c == (PI{}) && order < len(usual)
	if common {
		if f := usual[order].Load(); f != nil {
			return f
		}
	}
	f := newQuickFilter(c.filter(order))
	if common {
		usual[order].Store(f)
	}
	return f
}

func newQuickFilter(f *filter) *quickFilter {
	return &quickFilter{filter: *f, first: newPower(f.first / 2), one: newPower(f.beta1 / 2), two: newPower(f.beta2 / 2),
		three: newPower(f.beta3 / 2), twoAndThree: newPower(f.beta23 / 2)}
}

// FactorOfSquare implements SquareController.
func (c *quickFilter) FactorOfSquare(square float64, h *History) float64 {
	switch {
	case square > 1:
		square = min(square, greatestSquare)
		return max(c.limits.MinFactor, min(c.first.times(c.limits.Safety, square), maxShrink))
	case square < leastSquare:
		square = leastSquare
	}
	top := c.limits.MaxFactor
	if h.Rejected && !c.limits.GrowAfterRejection {
		top = 1
	}
	factor := c.limits.Safety
	switch { // the factor of this attempt, which is waited for, comes last
	case h.Last == 0:
		factor = c.first.times(factor, square)
	case h.BeforeLast == 0 || c.beta3 == 0:
		factor = c.one.times(c.twoAndThree.times(factor, past(h.Last)), square)
	default:
		factor = c.one.times(c.two.times(c.three.times(factor, past(h.BeforeLast)), past(h.Last)), square)
	}
	switch {
	case factor > top:
		return top
	case factor < c.limits.MinFactor:
		return c.limits.MinFactor
	}
	return factor
}

// past is the square of an earlier error, where it counts.
func past(e float64) float64 {
	if e < errorFloor {
		return errorFloor * errorFloor
	}
	return e * e
}

// leastSquare and greatestSquare bound the squares of errors that make a difference.
const (
	leastSquare    = 1e-20
	greatestSquare = 1 << 60
)

// power is xᵖ for one p, with |p| ≤ 1/2, and leastSquare ≤ x ≤ greatestSquare, with a relative error below 10⁻⁵: a table for the binary exponent, chords
// for the rest.
type power struct {
	scale [128]float64 // from the exponent −67 on
	chord [128]struct{ at, slope float64 }
}

const leastExponent = -67 // 2⁻⁶⁷ < leastSquare

func newPower(p float64) (w power) {
	w.scale[-leastExponent] = 1
	two, half := math.Exp2(p), math.Exp2(-p)
	for e := -leastExponent + 1; e < len(w.scale); e++ {
		w.scale[e] = w.scale[e-1] * two
	}
	for e := -leastExponent - 1; e >= 0; e-- {
		w.scale[e] = w.scale[e+1] * half
	}
	left := 1.0
	for i := range w.chord {
		const step = 1.0 / 128
		m := 1 + float64(i)*step
		right := math.Pow(m+step, p)
		slope := (right - left) / step
		w.chord[i].at, w.chord[i].slope = left-slope*m, slope
		left = right
	}
	return w
}

// times is factor·xᵖ; what does not wait for x comes first.
func (w *power) times(factor, x float64) float64 {
	const bias, fraction = 1023, 1<<52 - 1
	b := math.Float64bits(x)
	c := &w.chord[b>>45&127]
	factor *= w.scale[(b>>52-(bias+leastExponent))&127]
	return (c.at + c.slope*math.Float64frombits(b&fraction|bias<<52)) * factor
}

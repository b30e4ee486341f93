package kernel

import "math"

// The exponential function on [−ln 2/2, ln 2/2] is its Taylor polynomial of degree 13, remainder below 2⁻⁵⁶; the
// argument is reduced by multiples k of ln 2 = ln2Hi + ln2Lo, k·ln2Hi being exact. No table and no branch on the main
// path, so that vector code can do the same operations.
const (
	log2E = 1.44269504088896338700
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
	shift = 3 << 51 // adding it rounds to an integer, which then stands in the lowest bits

	c2  = 1.0 / 2
	c3  = c2 / 3
	c4  = c3 / 4
	c5  = c4 / 5
	c6  = c5 / 6
	c7  = c6 / 7
	c8  = c7 / 8
	c9  = c8 / 9
	c10 = c9 / 10
	c11 = c10 / 11
	c12 = c11 / 12
	c13 = c12 / 13
)

// expNeg returns exp(−a) for a ≥ 0.
func expNeg(a float64) float64 {
	if !(a < 708) {
		return math.Exp(-a)
	}
	k := a*-log2E + shift
	two := math.Float64frombits((math.Float64bits(k) + 1023) << 52)
	k -= shift
	r := (-a - k*ln2Hi) - k*ln2Lo
	q := r + r*r*(c2+r*(c3+r*(c4+r*(c5+r*(c6+r*(c7+r*(c8+r*(c9+r*(c10+r*(c11+r*(c12+r*c13)))))))))))
	return two + two*q
}

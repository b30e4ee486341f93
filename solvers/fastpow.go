package solvers

import "math"

// Powers of error norms are needed at every step, but not to the last bit: math.Log and math.Exp would cost more than
// the rest of a step of a few unknowns. These are good to 10⁻⁸ and the same on every machine.

// fastLog2 is log₂ x for positive normal x, with an absolute error below 2·10⁻⁹.
func fastLog2(x float64) float64 {
	const (
		mantissa = 1<<52 - 1
		one      = 1023 << 52
	)
	b := math.Float64bits(x)
	e := float64(int(b>>52) - 1023)
	m := math.Float64frombits(b&mantissa | one)
	if m > math.Sqrt2 {
		m /= 2
		e++
	}
	// ln m = 2 artanh z
	z := (m - 1) / (m + 1)
	w := z * z
	return e + 2/math.Ln2*z*(1+w*(1.0/3+w*(1.0/5+w*(1.0/7+w*(1.0/9)))))
}

// fastExp2 is 2ˣ for |x| < 1000, with a relative error below 10⁻⁸.
func fastExp2(x float64) float64 {
	n := math.Floor(x + 0.5)
	u := (x - n) * math.Ln2
	p := 1 + u*(1+u*(1.0/2+u*(1.0/6+u*(1.0/24+u*(1.0/120+u*(1.0/720+u*(1.0/5040)))))))
	return p * math.Float64frombits(uint64(int(n)+1023)<<52)
}

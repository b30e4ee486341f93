// Package approx has powers that are good enough to choose a step size.
package approx

import "math"

// Powers of error norms are needed at every step, but not to the last bit: math.Log and math.Exp would cost more than
// the rest of a step of a few unknowns. These are good to five digits and the same on every machine. The next step
// waits for them: hence no division, and polynomials (the best approximations of their degrees) summed in pairs.

// Log2 is log₂ x for positive normal x, with an absolute error below 5·10⁻⁶.
func Log2(x float64) float64 {
	const root = 0x3fe6a09e667f3bcd // √½
	b := math.Float64bits(x)
	e := int64(b-root) >> 52 // x = 2ᵉ(1 + y) with √½ ≤ 1 + y < √2
	y := math.Float64frombits(b-uint64(e)<<52) - 1
	z := y * y
	p := (1.4427030286288177 - 0.72122352456717149*y) + z*(0.47967112582334554-0.3658550231863619*y) +
		(z*z)*(0.31982782208425954-0.21153575864317751*y)
	return float64(e) + y*p
}

// Exp2 is 2ˣ for |x| < 1000, with a relative error below 10⁻⁷.
func Exp2(x float64) float64 {
	const magic = 3 << 51 // the sum has no room for a fraction: its last bits are the nearest integer
	r := x + magic
	u := x - (r - magic)
	v := u * u
	p := (1.0000000716547141 + 0.69314696706503521*u) + v*(0.2402211972371072+0.055507132718556442*u) +
		(v*v)*(0.0096755413431213274+0.0013276472631950876*u)
	return p * math.Float64frombits((math.Float64bits(r)+1023)<<52)
}

// Power is xᵏ for a small k ≥ 0; for k < 0 it is one.
func Power(x float64, k int) float64 {
	p := 1.0
	for ; k > 0; k-- {
		p *= x
	}
	return p
}

package kernel

import "math"

const (
	roundMagic = 0x1.8p52 // adding it rounds to an integer, which then stands in the lowest bits

	tanhOne     = 20 // tanh rounds to 1 from 19.07 on
	tanhOneBits = 0x4034000000000000

	// tanhGrid is the number of table entries a unit.
	tanhGrid = 32

	// tanh r = r + r³(tanhR0 + tanhR1 r² + tanhR2 r⁴) for |r| ≤ 1/64, the Chebyshev approximation in r²; relative
	// error 2.4e-18.
	tanhR0 = -0.3333333333333234
	tanhR1 = 0.13333333260020636
	tanhR2 = -0.05396024601372125
)

// tanhTable[i] = tanh((i − tanhOne·tanhGrid)/tanhGrid).
var tanhTable = func() (table [2*tanhOne*tanhGrid + 1]float64) {
	for i := 1; i <= tanhOne*tanhGrid; i++ {
		e := math.Expm1(2 * float64(i) / tanhGrid)
		v := e / (e + 2)
		if e > 2 { // the same with less rounding
			v = 1 - 2/(e+2)
		}
		table[tanhOne*tanhGrid+i], table[tanhOne*tanhGrid-i] = v, -v
	}
	return table
}()

// TanhTo computes dst[i] = tanh x[i], within 2 units in the last place. Odd to the last bit but, in Go, for the sign
// of −0. dst may be x.
func TanhTo[T Float](dst, x []T) {
	x = x[:len(dst)]
	tanh(dst, x)
}

// tanhGo is by the addition theorem tanh(s + r) = S + T(1 − S²)/(1 + ST) from the nearest point s of a grid: S from a
// table, and for |r| ≤ 1/64 three terms are enough for T = tanh r.
func tanhGo[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i, u := range x {
		v := float64(u)
		if math.Float64bits(v)<<1 >= tanhOneBits<<1 {
			if v == v {
				u = T(math.Copysign(1, v))
			}
			dst[i] = u
			continue
		}
		m := v*tanhGrid + roundMagic
		r := v - (m-roundMagic)*(1.0/tanhGrid) // exact
		s := tanhTable[int(int32(math.Float64bits(m)))+tanhOne*tanhGrid]
		z := r * r
		t := r + r*z*(tanhR0+z*(tanhR1+z*tanhR2))
		dst[i] = T(s + t*(1-s*s)/(1+s*t))
	}
}

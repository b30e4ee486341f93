package kernel

import "math"

// The logistic function by one reduction, one short polynomial and one division:
//
//	x/2 = k·½ln 2 + r,  |r| ≤ ¼ln 2,   T = tanh r,   a = 2ᵏ,   eˣ = a(1 + T)/(1 − T),
//	σ(x) = eˣ/(eˣ + 1) = a(1 + T)/((a + 1) + T(a − 1)).
//
// T = r + r³q(r²), q the Chebyshev approximation of degree 6 in r², relative error below 5e-20.
const (
	twoOverLn2 = 2.8853900817779268147198493620037842
	halfLn2Hi  = 0x1.62e42fefap-2      // 34 bits: k·halfLn2Hi is exact
	halfLn2Lo  = 0x1.cf79abc9e3b3ap-41 // ½ln 2 − halfLn2Hi

	tanhQ0 = -0.3333333333333333
	tanhQ1 = 0.13333333333332836
	tanhQ2 = -0.05396825396560651
	tanhQ3 = 0.021869488006597864
	tanhQ4 = -0.008863185040949143
	tanhQ5 = 0.0035896525264814527
	tanhQ6 = -0.001395382800521272

	sigmoidOne = 40 // e⁻ˣ is below half a unit of 1 from 36.8 on
)

// SigmoidTo computes dst[i] = 1/(1 + exp(−x[i])), within 2.5 units in the last place, relative also where it is
// tiny. dst may be x.
func SigmoidTo[T Float](dst, x []T) {
	x = x[:len(dst)]
	sigmoid(dst, x)
}

func sigmoidGo[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i, u := range x {
		v := float64(u)
		if !(v < sigmoidOne && v > -sigmoidOne) {
			switch {
			case v > 0:
				u = 1
			case v < 0:
				u = T(math.Exp(v))
			}
			dst[i] = u
			continue
		}
		v *= 0.5
		m := v*twoOverLn2 + roundMagic
		k := m - roundMagic
		r := (v - k*halfLn2Hi) - k*halfLn2Lo
		a := math.Float64frombits(math.Float64bits(m)<<52 + 0x3ff0000000000000)
		z := r * r
		z2 := z * z
		q := (tanhQ0 + tanhQ1*z) + z2*((tanhQ2+tanhQ3*z)+z2*((tanhQ4+tanhQ5*z)+z2*tanhQ6))
		t := r + r*z*q
		dst[i] = T((a + a*t) / ((a + 1) + t*(a-1)))
	}
}

package kernel

import "math"

// Activation is a scalar function σ applied to each entry.
type Activation uint8

// The activations.
const (
	Linear   Activation = iota // σ(z) = z
	Tanh                       // tanh z
	Sigmoid                    // 1/(1 + e⁻ᶻ)
	Softplus                   // ln(1 + eᶻ)
	ReLU                       // max(z, 0), with σ'(0) = 0
	Sine                       // sin z
	GELU                       // z·Φ(z), Φ the standard normal distribution function
)

// FromValue says whether σ'(z) is computed from h = σ(z) alone, by MulD1.
func (a Activation) FromValue() bool {
	switch a {
	case Linear, Tanh, Sigmoid, ReLU:
		return true
	}
	return false
}

// apply computes h[i] = σ(h[i]) and, where d is not nil, d[i] = σ'(h[i]).
func (a Activation) apply(h, d []float64) {
	if d == nil {
		a.Apply(h, h)
		return
	}
	a.ApplyD1(h, d, h)
}

// Apply computes h[i] = σ(z[i]). h may be z.
func (a Activation) Apply(h, z []float64) {
	z = z[:len(h)]
	switch a {
	case Linear:
		copy(h, z)
	case Tanh:
		TanhTo(h, z)
	case Sigmoid:
		SigmoidTo(h, z)
	case Softplus:
		for i, v := range z {
			h[i] = math.Max(v, 0) + math.Log1p(expNeg(math.Abs(v)))
		}
	case ReLU:
		relu(h, z)
	case Sine:
		for i, v := range z {
			h[i] = math.Sin(v)
		}
	case GELU:
		for i, v := range z {
			h[i] = v * normalCDF(v)
		}
	default:
		panic("kernel: unknown activation")
	}
}

// ApplyD1 computes h[i] = σ(z[i]) and d[i] = σ'(z[i]). One of h and d may be z.
func (a Activation) ApplyD1(h, d, z []float64) {
	z, d = z[:len(h)], d[:len(h)]
	switch a {
	case Softplus:
		for i, v := range z {
			e := expNeg(math.Abs(v))
			s := 1 / (1 + e)
			if v < 0 {
				s *= e
			}
			h[i] = math.Max(v, 0) + math.Log1p(e)
			d[i] = s
		}
	case Sine:
		for i, v := range z {
			h[i], d[i] = math.Sincos(v)
		}
	case GELU:
		for i, v := range z {
			c := normalCDF(v)
			h[i] = v * c
			d[i] = c + v*normalPDF(v)
		}
	case Tanh:
		TanhTo(h, z)
		tanhD(d, h)
	case Sigmoid:
		SigmoidTo(h, z)
		sigmoidD(d, h)
	case ReLU:
		relu(h, z)
		reluD(d, h)
	default:
		a.Apply(h, z)
		Fill(d, 1)
	}
}

// ApplyD2 computes h[i] = σ(z[i]), d[i] = σ'(z[i]) and e[i] = σ″(z[i]). One of h, d and e may be z.
func (a Activation) ApplyD2(h, d, e, z []float64) {
	z, d, e = z[:len(h)], d[:len(h)], e[:len(h)]
	switch a {
	case Linear, ReLU:
		a.ApplyD1(h, d, z)
		Fill(e, 0)
	case Tanh:
		a.ApplyD1(h, d, z)
		for i, v := range h {
			e[i] = -2 * v * d[i]
		}
	case Sigmoid:
		a.ApplyD1(h, d, z)
		for i, v := range h {
			e[i] = d[i] * (1 - 2*v)
		}
	case Softplus:
		a.ApplyD1(h, d, z)
		for i, s := range d {
			e[i] = s * (1 - s)
		}
	case Sine:
		a.ApplyD1(h, d, z)
		for i, v := range h {
			e[i] = -v
		}
	case GELU:
		for i, v := range z {
			c, f := normalCDF(v), normalPDF(v)
			h[i] = v * c
			d[i] = c + v*f
			e[i] = f * (2 - v*v)
		}
	default:
		panic("kernel: unknown activation")
	}
}

// MulD1 computes y[i] *= σ'(z[i]) from h[i] = σ(z[i]), for the activations of which FromValue is true.
func (a Activation) MulD1(y, h []float64) {
	h = h[:len(y)]
	switch a {
	case Linear:
	case Tanh:
		mulTanhD(y, h)
	case Sigmoid:
		mulSigmoidD(y, h)
	case ReLU:
		mulReluD(y, h)
	default:
		panic("kernel: derivative is not a function of the value")
	}
}

// normalCDF returns Φ(z) = ½ erfc(−z/√2), accurate in both tails.
func normalCDF(z float64) float64 {
	return 0.5 * math.Erfc(-z/math.Sqrt2)
}

// normalPDF returns Φ'(z) = e^(−z²/2)/√(2π).
func normalPDF(z float64) float64 {
	const invSqrt2Pi = 0.39894228040143267793994605993438186847585863116493
	return invSqrt2Pi * expNeg(0.5*z*z)
}

package kernel

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
func apply[T Float](a Activation, h, d []T) {
	if d == nil {
		Apply(a, h, h)
		return
	}
	ApplyD1(a, h, d, h)
}

// Apply computes h[i] = σ(z[i]). h may be z.
func Apply[T Float](a Activation, h, z []T) {
	z = z[:len(h)]
	switch a {
	case Linear:
		copy(h, z)
	case Tanh:
		tanh(h, z)
	case Sigmoid:
		sigmoid(h, z)
	case Softplus:
		softplus(h, nil, z)
	case ReLU:
		relu(h, z)
	case Sine:
		sine(h, nil, z)
	case GELU:
		gelu(h, nil, z)
	default:
		panic("kernel: unknown activation")
	}
}

// ApplyD1 computes h[i] = σ(z[i]) and d[i] = σ'(z[i]). One of h and d may be z.
func ApplyD1[T Float](a Activation, h, d, z []T) {
	z, d = z[:len(h)], d[:len(h)]
	switch a {
	case Softplus:
		softplus(h, d, z)
	case Sine:
		sine(h, d, z)
	case GELU:
		gelu(h, d, z)
	case Tanh:
		tanh(h, z)
		tanhD(d, h)
	case Sigmoid:
		sigmoid(h, z)
		sigmoidD(d, h)
	case ReLU:
		relu(h, z)
		reluD(d, h)
	default:
		Apply(a, h, z)
		Fill(d, 1)
	}
}

// ApplyD2 computes h[i] = σ(z[i]), d[i] = σ'(z[i]) and e[i] = σ″(z[i]). One of h, d and e may be z.
func ApplyD2[T Float](a Activation, h, d, e, z []T) {
	z, d, e = z[:len(h)], d[:len(h)], e[:len(h)]
	switch a {
	case Linear, ReLU:
		ApplyD1(a, h, d, z)
		Fill(e, 0)
	case Tanh:
		ApplyD1(a, h, d, z)
		for i, v := range h {
			e[i] = -2 * v * d[i]
		}
	case Sigmoid:
		ApplyD1(a, h, d, z)
		for i, v := range h {
			e[i] = d[i] * (1 - 2*v)
		}
	case Softplus:
		ApplyD1(a, h, d, z)
		for i, s := range d {
			e[i] = s * (1 - s)
		}
	case Sine:
		ApplyD1(a, h, d, z)
		for i, v := range h {
			e[i] = -v
		}
	case GELU: // σ″ = Φ'(z)(2 − z²), computed first: h or d may be z
		if &d[:1][0] == &z[:1][0] || &h[:1][0] == &z[:1][0] {
			geluCurvature(e, z)
			ApplyD1(a, h, d, z)
			return
		}
		ApplyD1(a, h, d, z)
		geluCurvature(e, z)
	default:
		panic("kernel: unknown activation")
	}
}

// MulD1 computes y[i] *= σ'(z[i]) from h[i] = σ(z[i]), for the activations of which FromValue is true.
func MulD1[T Float](a Activation, y, h []T) {
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

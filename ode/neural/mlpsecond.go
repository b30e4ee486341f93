package neural

import "github.com/costate-go/costate/internal/kernel"

// secondWork holds what VJPGrad keeps of one layer after the other.
type secondWork[T kernel.Float] struct {
	layers []secondLayer[T]
	input  []T    // tangents of the first layer's inputs
	adj    [2][]T // adjoints of the values
	adjT   [2][]T // adjoints of the tangents
}

// secondLayer holds h = φ(z), φ′(z), φ″(z), the tangent ζ of z and the tangent τ = φ′ζ of h.
type secondLayer[T kernel.Float] struct{ h, d, e, zeta, tau []T }

func (w *secondWork[T]) init(m *MLP, width int) {
	widest := 0
	for _, l := range m.layers {
		b := make([]T, 5*l.out*width)
		cut := func() []T {
			part := b[: l.out*width : l.out*width]
			b = b[l.out*width:]
			return part
		}
		w.layers = append(w.layers, secondLayer[T]{cut(), cut(), cut(), cut(), cut()})
		widest = max(widest, l.in, l.out)
	}
	w.input = make([]T, m.layers[0].in*width)
	for i := range 2 {
		w.adj[i] = make([]T, widest*width)
		w.adjT[i] = make([]T, widest*width)
	}
}

// VJPGrad implements SecondOrder. It differentiates S = Σ_s p_s·τ_L, the tangents of the output along v, in
// reverse: with adjoints c of h and a of τ (a_L = p, c_L = 0), the adjoints of ζ and z are
//
//	α = a ⊙ φ′(z),   γ = c ⊙ φ′(z) + a ⊙ φ″(z) ⊙ ζ,
//
// and ∂W_l = Σ_s α τ_{l−1}ᵀ + γ h_{l−1}ᵀ, ∂b_l = Σ_s γ, a_{l−1} = W_lᵀ α, c_{l−1} = W_lᵀ γ (Pearlmutter, Fast
// exact multiplication by the Hessian, Neural Computation 6, 1994).
func (e *mlpEvaluator[T]) VJPGrad(ptheta []T, t float64, x, p, v []T) {
	n := e.batch(x)
	e.outputs(p, n)
	same(v, x)
	if len(ptheta) != e.m.params {
		panic(badTheta)
	}
	u := e.inputs(t, x, n)
	w := &e.second
	tangents := w.input[:len(u)]
	e.inputTangents(tangents, x, v)

	h, tau := u, tangents
	for i, l := range e.m.layers {
		k := &w.layers[i]
		size := l.out * n
		e.weights[i].Affine(k.h[:size], nil, h, n, kernel.Linear)
		kernel.ApplyD2(l.act.kernel(), k.h[:size], k.d[:size], k.e[:size], k.h[:size])
		e.weights[i].Mul(k.zeta[:size], tau, n)
		kernel.MulTo(k.tau[:size], k.d[:size], k.zeta[:size])
		h, tau = k.h[:size], k.tau[:size]
	}

	last := len(e.m.layers) - 1
	for i := last; i >= 0; i-- {
		l, k := e.m.layers[i], &w.layers[i]
		size := l.out * n
		alpha, gamma := w.adjT[i&1][:size], w.adj[i&1][:size]
		if i == last {
			copy(alpha, p)
			clear(gamma)
		}
		kernel.Mul(gamma, k.d[:size])
		kernel.Mul(k.e[:size], k.zeta[:size])
		kernel.MulAdd(gamma, alpha, k.e[:size])
		kernel.Mul(alpha, k.d[:size])
		h, tau := u, tangents
		if i > 0 {
			below := &w.layers[i-1]
			h, tau = below.h[:l.in*n], below.tau[:l.in*n]
		}
		kernel.AddOuter(ptheta[l.w:l.b], alpha, tau, l.out, l.in, n)
		kernel.AddOuter(ptheta[l.w:l.b], gamma, h, l.out, l.in, n)
		kernel.AddRowSums(ptheta[l.b:l.b+l.out], gamma, n)
		if i > 0 {
			e.weights[i].MulT(w.adjT[(i-1)&1][:l.in*n], alpha, l.in, n)
			e.weights[i].MulT(w.adj[(i-1)&1][:l.in*n], gamma, l.in, n)
		}
	}
}

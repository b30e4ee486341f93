package neural

import "github.com/costate-go/costate/internal/kernel"

// Factored is an Evaluator of a network of affine layers, which sums the Kronecker factors of its curvature: where a layer sees
// z = [inputs; 1] and passes back δ, the gradient in its matrix [W b] is δzᵀ, and ⟨δzᵀ ⊗ δzᵀ⟩ is taken for ⟨δδᵀ⟩ ⊗ ⟨zzᵀ⟩ (Martens & Grosse,
// ICML 2015; for neural ODEs Liu, Chen & Theodorou, NeurIPS 2021).
type Factored interface {
	// FactorLayers are the layers in order; nil where the field has no such factors.
	FactorLayers() []Shape
	// AddFactors adds weight·Σ_s z zᵀ and weight·Σ_s δδᵀ of every layer at the states x (d×B) for the costates p (d×B) to a and b: matrices
	// of (In+1)² and Out² numbers, row-major, one layer after the other. The last row and column of the first are those of the bias.
	AddFactors(a, b []float64, weight, t float64, x, p []float64)
}

// FactorSizes are the lengths of the factors a and b of AddFactors.
func FactorSizes(layers []Shape) (a, b int) {
	for _, l := range layers {
		a += (l.In + 1) * (l.In + 1)
		b += l.Out * l.Out
	}
	return a, b
}

// factorsWork is the workspace of AddFactors: a layer's inputs with a row of ones, and these times the weight.
type factorsWork[T kernel.Float] struct{ z, scaled []T }

// FactorLayers implements Factored.
func (e *mlpEvaluator[T]) FactorLayers() []Shape { return e.m.Layers() }

// AddFactors implements Factored.
func (e *mlpEvaluator[T]) AddFactors(a, b []T, weight, t float64, x, p []T) {
	n := e.batch(x)
	e.outputs(p, n)
	u := e.inputs(t, x, n)
	keep := e.keep[:e.KeepLen(n)]
	e.forward(nil, u, n, keep)
	if need := (e.m.widest() + 1) * n; len(e.factors.z) < need {
		e.factors.z, e.factors.scaled = make([]T, need), make([]T, need)
	}
	rest := keep
	in, at := u, 0
	for i, l := range e.m.layers {
		size := l.in + 1
		z := e.factors.z[:size*n]
		copy(z, in[:l.in*n])
		kernel.Fill(z[l.in*n:], 1)
		scaled := e.factors.scaled[:size*n]
		kernel.ScaleTo(scaled, T(weight), z)
		kernel.AddOuter(a[at:at+size*size], scaled, z, size, size, n)
		at += size * size
		in, _, rest = nextKept(e.m, i, n, rest)
	}
	at = len(b)
	e.deltas(p, keep, n, func(i int, delta []T) {
		l := e.m.layers[i]
		at -= l.out * l.out
		scaled := e.factors.scaled[:l.out*n]
		kernel.ScaleTo(scaled, T(weight), delta)
		kernel.AddOuter(b[at:at+l.out*l.out], scaled, delta, l.out, l.out, n)
	})
}

// widest is the largest number of inputs or outputs of a layer.
func (m *MLP) widest() int {
	most := 0
	for _, l := range m.layers {
		most = max(most, l.in, l.out)
	}
	return most
}

// deltas visits δ_l of the layers, from the last, as backward does.
func (e *mlpEvaluator[T]) deltas(p, keep []T, n int, visit func(layer int, delta []T)) {
	delta := p
	end := len(keep)
	for i := len(e.m.layers) - 1; i >= 0; i-- {
		l := e.m.layers[i]
		nh, nd := e.m.kept(i)
		start := end - (nh+nd)*n
		h, d := keep[start:start+nh*n], keep[start+nh*n:end]
		end = start
		delta = e.throughActivation(i, n, delta, h, d)
		visit(i, delta)
		if i > 0 {
			next := e.ping[(i-1)&1][:l.in*n]
			e.weights[i].MulT(next, delta, l.in, n)
			delta = next
		}
	}
}

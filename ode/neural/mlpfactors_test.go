package neural

import (
	"math"
	"testing"

	"github.com/costate-go/costate/internal/rng"
)

// The gradient of one sample in a layer's [W b] is δzᵀ: its products G Gᵀ and GᵀG are δδᵀ|z|² and zzᵀ|δ|², and sums over samples are sums
// of those of single ones.
func TestFactorsAgainstGradients(t *testing.T) {
	for _, cfg := range []MLPConfig{
		{Dim: 3}, {Dim: 2, Hidden: []int{4}, Time: true}, {Dim: 2, Hidden: []int{3, 5}, Activation: GELU, Output: Tanh, Input: Cube},
	} {
		m := mustMLP(t, cfg)
		const n = 4
		theta := make([]float64, m.NumParams())
		m.Init(theta, 3)
		src := rng.New(1)
		x, p := make([]float64, cfg.Dim*n), make([]float64, cfg.Dim*n)
		for i := range x {
			x[i], p[i] = src.Normal(), src.Normal()
		}
		e := m.NewEvaluator(n)
		e.Bind(theta)
		f := e.(Factored)
		layers := f.FactorLayers()
		na, nb := FactorSizes(layers)
		a, b := make([]float64, na), make([]float64, nb)
		const weight, at = 0.7, 0.3
		f.AddFactors(a, b, weight, at, x, p)
		wantA, wantB := make([]float64, na), make([]float64, nb)
		for s := range n {
			xs, ps, g := make([]float64, cfg.Dim), make([]float64, cfg.Dim), make([]float64, len(theta))
			for i := range xs {
				xs[i], ps[i] = x[i*n+s], p[i*n+s]
			}
			e.VJP(nil, g, at, xs, ps)
			oa, ob := 0, 0
			for _, l := range layers {
				size := l.In + 1
				entry := func(o, k int) float64 {
					if k == l.In {
						return g[l.B+o]
					}
					return g[l.W+o*l.In+k]
				}
				// Of z the last entry is 1, and δ is the gradient in the bias.
				square := 0.0
				for o := range l.Out {
					square += entry(o, l.In) * entry(o, l.In)
				}
				for k := range size {
					for j := range size {
						for o := range l.Out {
							wantA[oa+k*size+j] += weight * entry(o, k) * entry(o, j) / square
						}
					}
				}
				for o := range l.Out {
					for q := range l.Out {
						wantB[ob+o*l.Out+q] += weight * entry(o, l.In) * entry(q, l.In)
					}
				}
				oa, ob = oa+size*size, ob+l.Out*l.Out
			}
		}
		for i, v := range a {
			if math.Abs(v-wantA[i]) > 1e-10*(1+math.Abs(v)) {
				t.Fatalf("%+v: a[%d] = %.12g, want %.12g", cfg, i, v, wantA[i])
			}
		}
		for i, v := range b {
			if math.Abs(v-wantB[i]) > 1e-10*(1+math.Abs(v)) {
				t.Fatalf("%+v: b[%d] = %.12g, want %.12g", cfg, i, v, wantB[i])
			}
		}
		if allocs := testing.AllocsPerRun(5, func() { f.AddFactors(a, b, weight, at, x, p) }); allocs != 0 {
			t.Errorf("%+v: %v allocations", cfg, allocs)
		}
	}
}

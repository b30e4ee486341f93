package pmp

import (
	"context"
	"math"
	"testing"

	"github.com/costate-go/costate/internal/rng"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/solvers"
)

// The metric is the Gauss–Newton matrix of E-MSA's penalty, damped, and is undone exactly; with blocks and without.
func TestMetric(t *testing.T) {
	for name, hidden := range map[string][]int{"one layer, in blocks": nil, "two layers": {3}} {
		t.Run(name, func(t *testing.T) {
			const n, nodes, damping = 10, 3, 0.3
			field, err := neural.NewMLP(neural.MLPConfig{Dim: 2, Hidden: hidden, Activation: neural.Tanh, Output: neural.Tanh})
			if err != nil {
				t.Fatal(err)
			}
			src := rng.New(3)
			p := &Problem{Field: field, T1: 1, X0: make([]float64, 2*n), Terminal: &SumError{Target: make([]float64, n), Weight: 1}}
			for i := range p.X0 {
				p.X0[i] = src.Normal()
			}
			p.Control = Control{Kind: PiecewiseConstant, Mesh: UniformMesh(0, 1, nodes)}
			w, err := NewSweeper(p, Settings{Steps: 2, Solver: ode.Settings{Method: solvers.RK4}})
			if err != nil {
				t.Fatal(err)
			}
			theta := make([]float64, w.NumControls())
			for i := range theta {
				theta[i] = 0.5 * src.Normal()
			}
			tr := w.NewTrajectory()
			if err := w.Forward(context.Background(), tr, theta); err != nil {
				t.Fatal(err)
			}
			w.Backward(tr)

			m := newMetric(w, damping, 1)
			m.follow(tr)
			f := w.NewFrozen()
			f.Rho = m.rho
			f.Freeze(tr)
			size := field.NumParams()
			want, g := make([]float64, size*size), make([]float64, size)
			for j := range nodes {
				f.GaussNewtonNode(w.lanes[0], want, g, j, w.mesh.node(theta, j))
				trace := 0.0
				for i := range size {
					trace += want[i*size+i]
				}
				entry := func(i, k int) float64 {
					v := want[max(i, k)*size+min(i, k)]
					if i == k {
						v += damping * trace / float64(size)
					}
					return v
				}
				d := make([]float64, len(theta))
				x := w.mesh.node(d, j)
				product, solution := make([]float64, size), make([]float64, size)
				for i := range solution {
					solution[i] = src.Normal()
				}
				for i := range product {
					for k, v := range solution {
						product[i] += entry(i, k) * v
					}
				}
				copy(x, product)
				m.solve(d)
				for i, v := range x {
					if math.Abs(v-solution[i]) > 1e-9 {
						t.Fatalf("node %d: entry %d of the solution is %g, want %g", j, i, v, solution[i])
					}
				}
			}
		})
	}
}

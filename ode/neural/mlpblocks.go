package neural

import "github.com/costate-go/costate/internal/kernel"

// blocksWork is the workspace of AddBlocks for a single layer: its inputs with a row of ones for the bias, these times weights, and
// a block.
type blocksWork[T kernel.Float] struct {
	groups [][]int
	inputs []T
	scaled []T
	weight []T
	block  []T
}

func (w *blocksWork[T]) init(m *MLP, width int) {
	if len(m.layers) != 1 {
		return
	}
	l := m.layers[0]
	for o := range l.out {
		var group []int
		for k := range l.in {
			group = append(group, l.w+o*l.in+k)
		}
		w.groups = append(w.groups, append(group, l.b+o))
	}
	size := l.in + 1
	w.inputs, w.scaled = make([]T, size*width), make([]T, size*width)
	w.weight, w.block = make([]T, width), make([]T, size*size)
}

// Blocks implements BlockNormal: in a single layer every output has its own row of the matrix and its own bias.
func (e *mlpEvaluator[T]) Blocks() [][]int { return e.blocks.groups }

// AddBlocks implements BlockNormal. With the inputs a = [T(x); 1], block o of the matrix is w Σ_s φ′(z_o,s)² a_s a_sᵀ.
func (e *mlpEvaluator[T]) AddBlocks(normal, g []T, weight, t float64, x, r, keep []T) {
	n := e.batch(x)
	e.outputs(r, n)
	l, w, params := e.m.layers[0], &e.blocks, e.m.params
	size := l.in + 1
	a, scaled, d2 := w.inputs[:size*n], w.scaled[:size*n], w.weight[:n]
	copy(a, e.inputs(t, x, n))
	kernel.Fill(a[l.in*n:], 1)
	_, d, _ := nextKept(e.m, 0, n, keep)
	for o := range l.out {
		ro := r[o*n : (o+1)*n]
		if d == nil {
			kernel.Fill(d2, T(weight))
			kernel.ScaleTo(scaled[:n], 1, ro)
		} else {
			do := d[o*n : (o+1)*n]
			kernel.MulTo(d2, do, do)
			kernel.Scale(d2, T(weight))
			kernel.MulTo(scaled[:n], ro, do)
		}
		kernel.AddOuter(g[l.w+o*l.in:][:l.in], scaled[:n], a[:l.in*n], 1, l.in, n)
		g[l.b+o] += kernel.Sum(scaled[:n])

		for k := range size {
			kernel.MulTo(scaled[k*n:(k+1)*n], a[k*n:(k+1)*n], d2)
		}
		clear(w.block)
		kernel.AddOuter(w.block, scaled, a, size, size, n)
		group := w.groups[o]
		for i, row := range group {
			at := normal[row*params:]
			for j, column := range group[:i+1] {
				at[column] += w.block[i*size+j]
			}
		}
	}
}

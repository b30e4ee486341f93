package kernel

import "sync"

// syrkRows is the number of rows of a Jacobian that go into one packed block.
const syrkRows = 48

// syrkWork is the packed block of Syrk: its non-zero columns one after another, and two of them times the weights.
type syrkWork struct {
	cols   []float64
	index  []int
	scaled [2 * syrkRows]float64
}

var syrkPool = sync.Pool{New: func() any { return new(syrkWork) }}

// Syrk computes g[i*p+j] += Σᵣ w[r]·jac[r*p+i]·jac[r*p+j] for i ≥ j: the lower triangle of the Gauss–Newton matrix
// JᵀWJ, with jac of len(jac)/p rows; the strict upper triangle is left alone. A nil w means ones. Columns that are zero
// throughout a block of 48 consecutive rows cost nothing, so rows with the same zeros (one output component of a
// network after another) should be adjacent. Safe for concurrent use on different g.
func Syrk(g []float64, p int, jac, w []float64) {
	if p == 0 {
		return
	}
	work := syrkPool.Get().(*syrkWork)
	if need := (p + 3) * syrkRows; cap(work.cols) < need {
		work.cols = make([]float64, need)
		work.index = make([]int, 0, p)
	}
	rows := len(jac) / p
	for r := 0; r < rows; r += syrkRows {
		nr := min(syrkRows, rows-r)
		var wr []float64
		if w != nil {
			wr = w[r : r+nr]
		}
		work.pack(jac[r*p:(r+nr)*p], p, nr)
		work.add(g, p, wr, nr)
	}
	syrkPool.Put(work)
}

// pack gathers the columns with a non-zero entry, each as nr consecutive numbers, followed by zero columns up to a
// multiple of four.
func (k *syrkWork) pack(jac []float64, p, nr int) {
	cols := k.cols[:cap(k.cols)]
	index := k.index[:0]
	at := 0
	for c := 0; c < p; c += 8 {
		wide := min(8, p-c)
		// Eight columns at a time, so that each cache line of the Jacobian is read once.
		dst := cols[at : at+wide*nr]
		var some [8]bool
		for r := range nr {
			row := jac[r*p+c:][:wide]
			for j, v := range row {
				dst[j*nr+r] = v
				if v != 0 {
					some[j] = true
				}
			}
		}
		for j := range wide {
			if !some[j] {
				continue
			}
			if from := c + j; at != len(index)*nr || true {
				copy(cols[len(index)*nr:][:nr], dst[j*nr:][:nr])
				index = append(index, from)
			}
		}
		at = len(index) * nr
	}
	k.index = index
	k.cols = cols
}

// add adds the products of the packed columns to the lower triangle of g.
func (k *syrkWork) add(g []float64, p int, w []float64, nr int) {
	m := len(k.index)
	cols := k.cols
	for i := 0; i < m; i += 2 {
		two := i+1 < m
		a := cols[i*nr:]
		if w != nil || !two {
			a = k.scaled[:2*nr]
			k.scale(a[:nr], cols[i*nr:], w)
			if two {
				k.scale(a[nr:], cols[(i+1)*nr:], w)
			}
		}
		g0 := g[k.index[i]*p:][:p]
		g1 := g0
		if two {
			g1 = g[k.index[i+1]*p:][:p]
		}
		j := 0
		for ; j+4 <= i+1; j += 4 {
			c00, c01, c02, c03, c10, c11, c12, c13 := dot24(a, cols[j*nr:], nr)
			at := k.index[j : j+4 : j+4]
			g0[at[0]] += c00
			g0[at[1]] += c01
			g0[at[2]] += c02
			g0[at[3]] += c03
			if two {
				g1[at[0]] += c10
				g1[at[1]] += c11
				g1[at[2]] += c12
				g1[at[3]] += c13
			}
		}
		for ; j <= i+1 && j < m; j++ {
			c0, c1 := dot21(a, cols[j*nr:], nr)
			if j <= i {
				g0[k.index[j]] += c0
			}
			if two {
				g1[k.index[j]] += c1
			}
		}
	}
}

func (k *syrkWork) scale(dst, col, w []float64) {
	col = col[:len(dst)]
	if w == nil {
		copy(dst, col)
		return
	}
	MulTo(dst, col, w)
}

// SymmetrizeLower copies the strict lower triangle of the p×p matrix g to the upper: g[i*p+j] = g[j*p+i] for i < j.
func SymmetrizeLower(g []float64, p int) {
	for i := range p {
		for j := range i {
			g[j*p+i] = g[i*p+j]
		}
	}
}

// GemvT computes g[j] += Σᵣ w[r]·jac[r*p+j], with w of len(jac)/p entries: the gradient Jᵀw of a least-squares sum.
func GemvT(g []float64, p int, jac, w []float64) {
	if p == 0 {
		return
	}
	rows := len(jac) / p
	addRows1(g[:p], w[:rows], jac, rows, p, p)
}

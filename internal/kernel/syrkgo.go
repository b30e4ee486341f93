package kernel

import "sync"

// syrkWork is the packed block of Syrk: its non-zero columns one after another, and two of them times the weights.
type syrkWork struct {
	cols   []float64
	index  []int
	scaled [2 * syrkRows]float64
}

var syrkPool = sync.Pool{New: func() any { return new(syrkWork) }}

func syrkGo(g []float64, p int, jac, w []float64) {
	work := syrkPool.Get().(*syrkWork)
	if need := (p + 8) * syrkRows; len(work.cols) < need {
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

// pack gathers the columns with a non-zero entry, each as nr consecutive numbers. Eight columns go at a time, so
// that each cache line of the Jacobian is read once; those that turn out zero are overwritten by the next.
func (k *syrkWork) pack(jac []float64, p, nr int) {
	index := k.index[:0]
	for c := 0; c < p; c += 8 {
		wide := min(8, p-c)
		dst := k.cols[len(index)*nr:][:wide*nr]
		for r := range nr {
			for j, v := range jac[r*p+c:][:wide] {
				dst[j*nr+r] = v
			}
		}
		for j := range wide {
			col := dst[j*nr:][:nr]
			if zero(col) {
				continue
			}
			if to := k.cols[len(index)*nr:][:nr]; &to[0] != &col[0] {
				copy(to, col)
			}
			index = append(index, c+j)
		}
	}
	k.index = index
}

// zero says whether all of x is zero.
func zero(x []float64) bool {
	for _, v := range x {
		if v != 0 {
			return false
		}
	}
	return true
}

// add adds the products of the packed columns to the lower triangle of g, two rows and three columns at a time.
func (k *syrkWork) add(g []float64, p int, w []float64, nr int) {
	m, cols := len(k.index), k.cols
	i := 0
	for ; i+2 <= m; i += 2 {
		a := cols[i*nr:][:2*nr]
		if w != nil {
			a = k.scaled[:2*nr]
			mulToGo(a[:nr], cols[i*nr:][:nr], w)
			mulToGo(a[nr:], cols[(i+1)*nr:][:nr], w)
		}
		g0, g1 := g[k.index[i]*p:][:p], g[k.index[i+1]*p:][:p]
		j := 0
		for ; j+3 <= i+1; j += 3 {
			c00, c01, c02, c10, c11, c12 := dot23(a, cols[j*nr:][:3*nr], nr)
			at := k.index[j : j+3 : j+3]
			g0[at[0]] += c00
			g0[at[1]] += c01
			g0[at[2]] += c02
			g1[at[0]] += c10
			g1[at[1]] += c11
			g1[at[2]] += c12
		}
		for ; j <= i+1; j++ {
			c0, c1 := dot21(a, cols[j*nr:][:nr], nr)
			if j <= i {
				g0[k.index[j]] += c0
			}
			g1[k.index[j]] += c1
		}
	}
	if i < m {
		a := cols[i*nr:][:nr]
		if w != nil {
			a = k.scaled[:nr]
			mulToGo(a, cols[i*nr:][:nr], w)
		}
		g0 := g[k.index[i]*p:][:p]
		j := 0
		for ; j+2 <= m; j += 2 {
			c0, c1 := dot21(cols[j*nr:][:2*nr], a, nr)
			g0[k.index[j]] += c0
			g0[k.index[j+1]] += c1
		}
		if j < m {
			g0[k.index[j]] += dot11(a, cols[j*nr:][:nr])
		}
	}
}

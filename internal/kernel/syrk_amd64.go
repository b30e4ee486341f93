//go:build !noasm

package kernel

import "sync"

// syrkGroups is the packed block of syrk: groups of eight columns of the Jacobian, one row of a group after another.
type syrkGroups struct {
	cols, scaled []float64
	index        []int // the number of each packed group
	corner       [64]float64
}

var syrkGroupsPool = sync.Pool{New: func() any { return new(syrkGroups) }}

func syrk(g []float64, p int, jac, w []float64) {
	if simd == portable {
		syrkGo(g, p, jac, w)
		return
	}
	k := syrkGroupsPool.Get().(*syrkGroups)
	if need := (p + 7) / 8 * 8 * syrkRows; len(k.cols) < need {
		k.cols, k.scaled, k.index = make([]float64, need), make([]float64, need), make([]int, 0, need/8/syrkRows)
	}
	g = g[:p*p]
	rows := len(jac) / p
	if w != nil {
		w = w[:rows]
	}
	for r := 0; r < rows; r += syrkRows {
		nr := min(syrkRows, rows-r)
		var wr []float64
		if w != nil {
			wr = w[r : r+nr]
		}
		k.pack(jac[r*p:(r+nr)*p], wr, p, nr)
		a := k.cols
		if w != nil {
			a = k.scaled
		}
		for i := range k.index {
			k.row(g, a[i*8*nr:][:8*nr], i, p, nr)
		}
	}
	syrkGroupsPool.Put(k)
}

// pack gathers the groups with a non-zero entry.
func (k *syrkGroups) pack(jac, w []float64, p, rows int) {
	k.index = k.index[:0]
	var weight *float64
	if w != nil {
		weight = &w[0]
	}
	for c := 0; c < p; c += 8 {
		at := len(k.index) * 8 * rows
		dst, scaled, cols := &k.cols[at], &k.scaled[at], min(8, p-c)
		var filled int
		if simd == avx512 {
			filled = packGroupAVX512(dst, scaled, &jac[c], weight, p, rows, cols)
		} else {
			filled = packGroupAVX2(dst, scaled, &jac[c], weight, p, rows, cols)
		}
		if filled != 0 {
			k.index = append(k.index, c/8)
		}
	}
}

// row adds the products of group i, a, with those before it and with itself.
func (k *syrkGroups) row(g, a []float64, i, p, rows int) {
	top := 8 * k.index[i]
	m := min(8, p-top)
	if i > 0 {
		syrkRow(&g[top*p], &k.cols[0], &k.index[0], i, &a[0], p, rows, m)
	}
	var first int
	k.corner = [64]float64{}
	syrkRow(&k.corner[0], &k.cols[i*8*rows], &first, 1, &a[0], 8, rows, 8)
	for r := range m {
		dst := g[(top+r)*p+top:][:r+1]
		for c := range dst {
			dst[c] += k.corner[8*r+c]
		}
	}
}

func syrkRow(dst, cols *float64, index *int, count int, a *float64, p, rows, m int) {
	if simd == avx512 {
		syrkRowAVX512(dst, cols, index, count, a, p, rows, m)
	} else {
		syrkRowAVX2(dst, cols, index, count, a, p, rows, m)
	}
}

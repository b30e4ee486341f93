//go:build !noasm

package kernel

import (
	"sync"
	"unsafe"
)

const (
	// gemmBlock is the number of results that stay in cache until the activation is applied to them.
	gemmBlock = 16384
	// panelRows is the number of rows of x that are packed, for a tile's width of columns, to be read from the first-level cache
	// again and again.
	panelRows = 128
	// packFrom is the number of rows of w from which on packing pays where the rows of x lie far apart.
	packFrom = 96
)

// panelBuffer has room for panelRows rows of three vectors.
type panelBuffer [panelRows * 24]float64

var panels = sync.Pool{New: func() any { return new(panelBuffer) }}

// gemm computes y = σ([y +] [bias +] w·x) for w m×k and x k×n, and d = σ' where d is not nil. Every entry of y is a chain of
// fused multiply-adds in the order of k, whatever n is. Where wt is not nil, it is the transpose of w with rows of ldt
// numbers, of which a single sample takes the columns for its vectors.
func gemm[T Float](y, w, wt, bias, x []T, ldt, m, k, n int, acc bool, act Activation, d []T) {
	if simd == portable || k == 0 {
		gemmGo(y, w, bias, x, m, k, n, acc, act, d)
		return
	}
	if m == 0 || n == 0 {
		return
	}
	y, w, x = y[:m*n], w[:m*k], x[:k*n]
	start := fromZero
	if bias != nil {
		bias, start = bias[:m], fromBias
	}
	if acc {
		start = fromY
	}
	if n == 1 && wt != nil {
		wt = wt[:(k-1)*ldt+m]
		if start == fromBias {
			copy(y, bias)
			start = fromY
		}
		gemmColumns(y, x, wt, nil, 1, k, ldt, 0, m, start)
		apply(act, y, d)
		return
	}
	if act == Linear && d == nil {
		gemmColumns(y, w, x, bias, m, k, n, 0, n, start)
		return
	}
	if m*n <= gemmBlock {
		gemmColumns(y, w, x, bias, m, k, n, 0, n, start)
		if d != nil {
			d = d[:m*n]
		}
		apply(act, y, d)
		return
	}
	width := max(gemmBlock/m/48, 2) * 48
	for c := 0; c < n; c += width {
		end := min(c+width, n)
		gemmColumns(y, w, x, bias, m, k, n, c, end, start)
		for i := 0; i < m*n; i += n {
			var di []T
			if d != nil {
				di = d[i+c : i+end]
			}
			apply(act, y[i+c:i+end], di)
		}
	}
}

// What a sum begins with.
const (
	fromZero = iota
	fromBias
	fromY
)

// tileColumns is the largest number of columns that one call of the assembly does.
func tileColumns[T Float]() int {
	columns := 8
	if simd == avx512 {
		columns = 24
	}
	if isSingle[T]() {
		columns *= 2
	}
	return columns
}

// gemmColumns does columns begin to end of rows that are ld long in x and y.
func gemmColumns[T Float](y, w, x, bias []T, m, k, ld, begin, end, start int) {
	tile := tileColumns[T]()
	if m >= packFrom && k >= panelRows/2 && ld > tile {
		gemmPacked(y, w, x, bias, m, k, ld, begin, end, start, tile)
		return
	}
	for c := begin; c < end; c += tile {
		gemmTile(y[c:], w, x[c:], bias, m, k, k, ld, ld, min(tile, end-c), start)
	}
}

// gemmPacked is gemmColumns with copies of the columns of x that lie side by side.
func gemmPacked[T Float](y, w, x, bias []T, m, k, ld, begin, end, start, tile int) {
	buffer := panels.Get().(*panelBuffer)
	panel := unsafe.Slice((*T)(unsafe.Pointer(buffer)), panelRows*tile)
	for c := begin; c < end; c += tile {
		cols, from := min(tile, end-c), start
		for r := 0; r < k; r += panelRows {
			rows := min(panelRows, k-r)
			for j := range rows {
				copy(panel[j*tile:j*tile+cols], x[(r+j)*ld+c:])
			}
			gemmTile(y[c:], w[r:], panel, bias, m, rows, k, ld, tile, cols, from)
			from = fromY
		}
	}
	panels.Put(buffer)
}

// gemmTile computes y[i*ldy+s] = start + Σⱼ w[i*ldw+j]·x[j*ldx+s] for i < m, j < k and s < cols.
func gemmTile[T Float](y, w, x, bias []T, m, k, ldw, ldy, ldx, cols, start int) {
	switch {
	case isSingle[T]() && simd == avx512:
		gemmF32AVX512(single(y), single(w), single(x), single(bias), m, k, ldw, ldy, ldx, cols, start)
	case isSingle[T]():
		gemmF32AVX2(single(y), single(w), single(x), single(bias), m, k, ldw, ldy, ldx, cols, start)
	case simd == avx512:
		gemmAVX512(double(y), double(w), double(x), double(bias), m, k, ldw, ldy, ldx, cols, start)
	default:
		gemmAVX2(double(y), double(w), double(x), double(bias), m, k, ldw, ldy, ldx, cols, start)
	}
}

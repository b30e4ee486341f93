//go:build !noasm

package kernel

import (
	"sync"
	"unsafe"
)

const (
	// gemmBlock is the number of results that stay in cache until the activation is applied to them.
	gemmBlock = 65536
	// panelRows is the number of rows of x that are packed, for a tile's width of columns, to be read from the first-level cache
	// again and again.
	panelRows = 128
	// packFrom is the number of rows of w from which on packing pays where the rows of x drive each other out of the cache: it has
	// cacheSize bytes, and rows that lie a multiple of pageSize apart share few of its sets.
	packFrom  = 96
	pageSize  = 4096
	cacheSize = 1 << 20
)

// panelBuffer has room for outerBlock rows of three vectors.
type panelBuffer [outerBlock * 24]float64

var panels = sync.Pool{New: func() any { return new(panelBuffer) }}

// product is y = init + w·x for m×k numbers w and k×cols numbers x, with rows that are ldw, ldx and ldy long. The assembly reads its
// fields in this order.
type product[T Float] struct {
	y, w, x, bias       *T
	m, k                int
	ldw, ldy, ldx, cols int
	start               int
	// Memory that will be wanted next, of which every tile of y brings so many lines of 64 bytes nearer. The address moves on, maybe
	// behind the last one, so that it must not be a pointer.
	next  uintptr
	lines int
}

// What sums begin with.
const (
	fromZero = iota
	fromBias
	fromY
	ontoY // zero, and the sum is added to y
)

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
	var p product[T] // field by field, since the smallest products notice a copy
	p.y, p.w, p.x = &y[0], &w[0], &x[0]
	p.m, p.k, p.ldw, p.ldy, p.ldx, p.cols = m, k, k, n, n, n
	if bias != nil {
		p.bias, p.start = &bias[:m][0], fromBias
	}
	if acc {
		p.start = fromY
	}
	if n == 1 && wt != nil {
		wt = wt[:(k-1)*ldt+m]
		if p.start == fromBias {
			copy(y, bias)
			p.start = fromY
		}
		p.w, p.x, p.m, p.ldx, p.ldy, p.cols = &x[0], &wt[0], 1, ldt, m, m
		p.run()
		apply(act, y, d)
		return
	}
	if act == Linear && d == nil {
		p.run()
		return
	}
	if m*n <= gemmBlock {
		p.run()
		if d != nil {
			d = d[:m*n]
		}
		apply(act, y, d)
		return
	}
	width := max(gemmBlock/m/48, 2) * 48
	for c := 0; c < n; c += width {
		end := min(c+width, n)
		q := p
		q.y, q.x, q.cols = &y[c], &x[c], end-c
		q.run()
		for i := 0; i < m*n; i += n {
			var di []T
			if d != nil {
				di = d[i+c : i+end]
			}
			apply(act, y[i+c:i+end], di)
		}
	}
}

// columns is how many numbers a number of vectors of the assembly has.
func columns[T Float](vectors int) int {
	if isSingle[T]() {
		return 16 * vectors
	}
	return 8 * vectors
}

// run computes the product, strip by strip of columns.
func (p *product[T]) run() {
	tile, strip, inner := 1, 2, 2
	if simd == avx512 {
		tile, strip, inner = 3, 8, 3
	}
	width := columns[T](tile)
	switch {
	case p.k <= inner || p.m <= 2:
		width = columns[T](strip)
	case p.m >= packFrom && p.crowded():
		p.packed(width)
		return
	}
	if p.cols <= width {
		p.strip(inner)
		return
	}
	q, lanes := *p, columns[T](1)
	for c := 0; c < p.cols; c += q.cols {
		q.y, q.x, q.cols = ahead(p.y, c), ahead(p.x, c), evenly(p.cols-c, width, lanes)
		q.strip(inner)
	}
}

// evenly is how many of the columns that are left the next strip takes: at most a width of vectors, but leaving more than one vector to the
// last strip, which alone has too few sums to keep the processor busy.
func evenly(left, width, lanes int) int {
	if left > width && left <= width+lanes {
		return (left/2 + lanes - 1) / lanes * lanes
	}
	return min(left, width)
}

// ahead is the address of the number n after p.
func ahead[T Float](p *T, n int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p), n*int(unsafe.Sizeof(*p))))
}

// crowded says whether the rows of x drive each other out of the cache.
func (p *product[T]) crowded() bool {
	stride := p.ldx * int(unsafe.Sizeof(*p.x))
	return stride%pageSize == 0 && stride*p.k > cacheSize
}

// packed is run with copies of the columns of x that lie side by side.
func (p *product[T]) packed(width int) {
	buffer := panels.Get().(*panelBuffer)
	panel := unsafe.Slice((*T)(unsafe.Pointer(buffer)), panelRows*width)
	x, q, lanes := unsafe.Slice(p.x, (p.k-1)*p.ldx+p.cols), *p, columns[T](1)
	q.x, q.ldx = &panel[0], width
	for c := 0; c < p.cols; c += q.cols {
		q.y, q.cols, q.start = ahead(p.y, c), evenly(p.cols-c, width, lanes), p.start
		for r := 0; r < p.k; r += panelRows {
			q.k = min(panelRows, p.k-r)
			for j := range q.k {
				copy(panel[j*width:j*width+q.cols], x[(r+j)*p.ldx+c:])
			}
			q.w = ahead(p.w, r)
			q.strip(0)
			q.start = fromY
		}
	}
	panels.Put(buffer)
}

// strip computes a product of so few columns that one call of the assembly does it.
func (p *product[T]) strip(inner int) {
	words := (*[13]uintptr)(unsafe.Pointer(p))
	wide := simd == avx512
	switch {
	case p.k <= inner:
		switch {
		case isSingle[T]() && wide:
			gemmShortF32AVX512(words)
		case isSingle[T]():
			gemmShortF32AVX2(words)
		case wide:
			gemmShortAVX512(words)
		default:
			gemmShortAVX2(words)
		}
	case p.m <= 2 && inner > 0:
		switch {
		case isSingle[T]() && wide:
			gemmFlatF32AVX512(words)
		case isSingle[T]():
			gemmFlatF32AVX2(words)
		case wide:
			gemmFlatAVX512(words)
		default:
			gemmFlatAVX2(words)
		}
	case isSingle[T]() && wide:
		gemmF32AVX512(words)
	case isSingle[T]():
		gemmF32AVX2(words)
	case wide:
		gemmAVX512(words)
	default:
		gemmAVX2(words)
	}
}

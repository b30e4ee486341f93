//go:build !noasm

package kernel

import "unsafe"

const (
	// outerBlock is the number of samples whose products are summed before they are added to the gradient.
	outerBlock = 256
	// outerRows and outerBatch are the outputs and samples from which on packing pays.
	outerRows, outerBatch = 32, 8
)

// packable says whether the gradient of a matrix is best taken by products with a packed batch: there are outputs enough to pay for the
// packing, and the inputs fill most of the vectors that they take, or half of them where the partial sums of few samples cost more.
func packable[T Float](out, in, n int) bool {
	lanes := columns[T](1)
	whole := (in + lanes - 1) / lanes * lanes
	return out >= outerRows && n >= outerBatch && (5*in >= 4*whole || n < 4*lanes && 2*in >= whole)
}

func addOuter[T Float](g, delta, x []T, out, in, n int) {
	if out == 0 || in == 0 || n == 0 {
		return
	}
	g, delta, x = g[:out*in], delta[:out*n], x[:in*n]
	switch {
	case simd == portable:
		addOuterGo(g, delta, x, out, in, n)
	case packable[T](out, in, n):
		addOuterPacked(g, delta, x, out, in, n)
	case isSingle[T]() && simd == avx512:
		addOuterF32AVX512(single(g), single(delta), single(x), out, in, n)
	case isSingle[T]():
		addOuterF32AVX2(single(g), single(delta), single(x), out, in, n)
	case simd == avx512:
		addOuterAVX512(double(g), double(delta), double(x), out, in, n)
	default:
		addOuterAVX2(double(g), double(delta), double(x), out, in, n)
	}
}

// addOuterPacked is addOuter by products: of delta with columns of xᵀ, which are packed. Every entry of the gradient gets sums over
// blocks of samples, each a chain of fused multiply-adds. While one strip of columns is multiplied the next one comes nearer: kept
// values were last seen on the way forward.
func addOuterPacked[T Float](g, delta, x []T, out, in, n int) {
	lanes, width := columns[T](1), columns[T](1)
	if simd == avx512 {
		width = 3 * lanes
	}
	buffer := panels.Get().(*panelBuffer)
	panel := unsafe.Slice((*T)(unsafe.Pointer(buffer)), outerBlock*width)
	var p product[T]
	p.x, p.m, p.ldw, p.ldx, p.ldy, p.start = &panel[0], out, n, width, in, ontoY
	blocks := (n + outerBlock - 1) / outerBlock
	for b := range blocks {
		lo, hi := n*b/blocks, n*(b+1)/blocks
		p.w, p.k = &delta[lo], hi-lo
		for c := 0; c < in; c += p.cols {
			p.y, p.cols = &g[c], evenly(in-c, width, lanes)
			for k := 0; k < p.cols; k += lanes {
				packRows(&panel[k], &x[(c+k)*n+lo], min(lanes, p.cols-k), hi-lo, n, width)
			}
			p.lines = 0
			if next := c + p.cols; next < in && blocks == 1 {
				p.next = uintptr(unsafe.Pointer(&x[next*n]))
				p.lines = evenly(in-next, width, lanes) * n * int(unsafe.Sizeof(x[0])) / 64 / (out / 8)
			}
			p.strip(0)
		}
	}
	panels.Put(buffer)
}

func addRowSums[T Float](g, delta []T, n int) {
	if len(g) == 0 || n == 0 {
		return
	}
	delta = delta[:len(g)*n]
	switch {
	case simd == portable:
		addRowSumsGo(g, delta, n)
	case isSingle[T]() && simd == avx512:
		addRowSumsF32AVX512(single(g), single(delta), len(g), n)
	case isSingle[T]():
		addRowSumsF32AVX2(single(g), single(delta), len(g), n)
	case simd == avx512:
		addRowSumsAVX512(double(g), double(delta), len(g), n)
	default:
		addRowSumsAVX2(double(g), double(delta), len(g), n)
	}
}

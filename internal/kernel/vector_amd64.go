//go:build !noasm

package kernel

// The routines on vectors. Those without sums give the bits of their twins in Go, which do short vectors.

const (
	shortVector = 8
	shortSum    = 16
)

func axpy(y []float64, a float64, x []float64) {
	switch {
	case len(y) < shortVector || simd == portable:
		axpyGo(y, a, x)
	case simd == avx512:
		axpyAVX512(&y[0], a, &x[0], len(y))
	default:
		axpyAVX2(&y[0], a, &x[0], len(y))
	}
}

func axpyTo(dst, y []float64, a float64, x []float64) {
	switch {
	case len(dst) < shortVector || simd == portable:
		axpyToGo(dst, y, a, x)
	case simd == avx512:
		axpyToAVX512(&dst[0], &y[0], a, &x[0], len(dst))
	default:
		axpyToAVX2(&dst[0], &y[0], a, &x[0], len(dst))
	}
}

func scaleTo(dst []float64, a float64, x []float64) {
	switch {
	case len(dst) < shortVector || simd == portable:
		scaleToGo(dst, a, x)
	case simd == avx512:
		scaleToAVX512(&dst[0], a, &x[0], len(dst))
	default:
		scaleToAVX2(&dst[0], a, &x[0], len(dst))
	}
}

func add(y, x []float64) {
	switch {
	case len(y) < shortVector || simd == portable:
		addGo(y, x)
	case simd == avx512:
		addAVX512(&y[0], &x[0], len(y))
	default:
		addAVX2(&y[0], &x[0], len(y))
	}
}

func mulTo(dst, x, y []float64) {
	switch {
	case len(dst) < shortVector || simd == portable:
		mulToGo(dst, x, y)
	case simd == avx512:
		mulToAVX512(&dst[0], &x[0], &y[0], len(dst))
	default:
		mulToAVX2(&dst[0], &x[0], &y[0], len(dst))
	}
}

func mulAdd(y, a, x []float64) {
	switch {
	case len(y) < shortVector || simd == portable:
		mulAddGo(y, a, x)
	case simd == avx512:
		mulAddAVX512(&y[0], &a[0], &x[0], len(y))
	default:
		mulAddAVX2(&y[0], &a[0], &x[0], len(y))
	}
}

func cube(dst, x []float64) {
	switch {
	case len(dst) < shortVector || simd == portable:
		cubeGo(dst, x)
	case simd == avx512:
		cubeAVX512(&dst[0], &x[0], len(dst))
	default:
		cubeAVX2(&dst[0], &x[0], len(dst))
	}
}

func mulCubeD(y, x []float64) {
	switch {
	case len(y) < shortVector || simd == portable:
		mulCubeDGo(y, x)
	case simd == avx512:
		mulCubeDAVX512(&y[0], &x[0], len(y))
	default:
		mulCubeDAVX2(&y[0], &x[0], len(y))
	}
}

func tanhD(d, h []float64) {
	switch {
	case len(d) < shortVector || simd == portable:
		tanhDGo(d, h)
	case simd == avx512:
		tanhDAVX512(&d[0], &h[0], len(d))
	default:
		tanhDAVX2(&d[0], &h[0], len(d))
	}
}

func mulTanhD(y, h []float64) {
	switch {
	case len(y) < shortVector || simd == portable:
		mulTanhDGo(y, h)
	case simd == avx512:
		mulTanhDAVX512(&y[0], &h[0], len(y))
	default:
		mulTanhDAVX2(&y[0], &h[0], len(y))
	}
}

func sigmoidD(d, h []float64) {
	switch {
	case len(d) < shortVector || simd == portable:
		sigmoidDGo(d, h)
	case simd == avx512:
		sigmoidDAVX512(&d[0], &h[0], len(d))
	default:
		sigmoidDAVX2(&d[0], &h[0], len(d))
	}
}

func mulSigmoidD(y, h []float64) {
	switch {
	case len(y) < shortVector || simd == portable:
		mulSigmoidDGo(y, h)
	case simd == avx512:
		mulSigmoidDAVX512(&y[0], &h[0], len(y))
	default:
		mulSigmoidDAVX2(&y[0], &h[0], len(y))
	}
}

func relu(dst, x []float64) {
	switch {
	case len(dst) < shortVector || simd == portable:
		reluGo(dst, x)
	case simd == avx512:
		reluAVX512(&dst[0], &x[0], len(dst))
	default:
		reluAVX2(&dst[0], &x[0], len(dst))
	}
}

func reluD(d, h []float64) {
	switch {
	case len(d) < shortVector || simd == portable:
		reluDGo(d, h)
	case simd == avx512:
		reluDAVX512(&d[0], &h[0], len(d))
	default:
		reluDAVX2(&d[0], &h[0], len(d))
	}
}

func mulReluD(y, h []float64) {
	switch {
	case len(y) < shortVector || simd == portable:
		mulReluDGo(y, h)
	case simd == avx512:
		mulReluDAVX512(&y[0], &h[0], len(y))
	default:
		mulReluDAVX2(&y[0], &h[0], len(y))
	}
}

func dot(x, y []float64) float64 {
	switch {
	case len(x) < shortSum || simd == portable:
		return dotGo(x, y)
	case simd == avx512:
		return dotAVX512(&x[0], &y[0], len(x))
	default:
		return dotAVX2(&x[0], &y[0], len(x))
	}
}

func sum(x []float64) float64 {
	switch {
	case len(x) < shortSum || simd == portable:
		return sumGo(x)
	case simd == avx512:
		return sumAVX512(&x[0], len(x))
	default:
		return sumAVX2(&x[0], len(x))
	}
}

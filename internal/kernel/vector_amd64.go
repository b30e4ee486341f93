//go:build !noasm

package kernel

// Short vectors are done by the twins in Go. The routines without sums, whose dispatch is generated, give the bits of these.
const (
	shortVector = 8
	shortSum    = 16
)

func dot[T Float](x, y []T) T {
	n := len(x)
	switch {
	case n < shortSum || simd == portable:
		return dotGo(x, y)
	case isSingle[T]() && simd == avx512:
		return T(dotF32AVX512(single(x), single(y), n))
	case isSingle[T]():
		return T(dotF32AVX2(single(x), single(y), n))
	case simd == avx512:
		return T(dotAVX512(double(x), double(y), n))
	}
	return T(dotAVX2(double(x), double(y), n))
}

func sum[T Float](x []T) T {
	n := len(x)
	switch {
	case n < shortSum || simd == portable:
		return sumGo(x)
	case isSingle[T]() && simd == avx512:
		return T(sumF32AVX512(single(x), n))
	case isSingle[T]():
		return T(sumF32AVX2(single(x), n))
	case simd == avx512:
		return T(sumAVX512(double(x), n))
	}
	return T(sumAVX2(double(x), n))
}

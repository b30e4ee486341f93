//go:build !noasm

package kernel

import "math"

func exp[T Float](dst, x []T) {
	n := len(dst)
	switch {
	case n == 0:
	case simd == portable:
		expGo(dst, x)
	case isSingle[T]() && simd == avx512:
		expF32AVX512(single(dst), single(x), n)
	case isSingle[T]():
		expF32AVX2(single(dst), single(x), n)
	case simd == avx512:
		expAVX512(double(dst), double(x), n)
	default:
		expAVX2(double(dst), double(x), n)
	}
}

// log leaves to Go what the assembly does not do. dst may be x, so the assembly works on blocks of which it keeps a copy.
func log[T Float](dst, x []T) {
	if simd == portable {
		logGo(dst, x)
		return
	}
	var block [blockSize]T
	for len(dst) > 0 {
		n := copy(block[:], x)
		if logBlock(dst[:n], block[:n]) != 0 {
			for i, v := range block[:n] {
				if w := float64(v); !(w >= leastNormal && w <= math.MaxFloat64) {
					logGo(dst[i:i+1], block[i:i+1])
				}
			}
		}
		dst, x = dst[n:], x[n:]
	}
}

const (
	blockSize = 256

	leastNormal = 0x1p-1022
)

func logBlock[T Float](dst, x []T) int {
	n := len(dst)
	switch {
	case isSingle[T]() && simd == avx512:
		return logF32AVX512(single(dst), single(x), n)
	case isSingle[T]():
		return logF32AVX2(single(dst), single(x), n)
	case simd == avx512:
		return logAVX512(double(dst), double(x), n)
	}
	return logAVX2(double(dst), double(x), n)
}

func softplus[T Float](h, d, z []T) {
	n := len(h)
	if n == 0 {
		return
	}
	if d == nil {
		switch {
		case simd == portable:
			softplusGo(h, nil, z)
		case isSingle[T]() && simd == avx512:
			softplusF32AVX512(single(h), single(z), n)
		case isSingle[T]():
			softplusF32AVX2(single(h), single(z), n)
		case simd == avx512:
			softplusAVX512(double(h), double(z), n)
		default:
			softplusAVX2(double(h), double(z), n)
		}
		return
	}
	switch {
	case simd == portable:
		softplusGo(h, d, z)
	case isSingle[T]() && simd == avx512:
		softplusDF32AVX512(single(h), single(d), single(z), n)
	case isSingle[T]():
		softplusDF32AVX2(single(h), single(d), single(z), n)
	case simd == avx512:
		softplusDAVX512(double(h), double(d), double(z), n)
	default:
		softplusDAVX2(double(h), double(d), double(z), n)
	}
}

func gelu[T Float](h, d, z []T) {
	n := len(h)
	if n == 0 {
		return
	}
	if d == nil {
		switch {
		case simd == portable:
			geluGo(h, nil, z)
		case isSingle[T]() && simd == avx512:
			geluF32AVX512(single(h), single(z), n)
		case isSingle[T]():
			geluF32AVX2(single(h), single(z), n)
		case simd == avx512:
			geluAVX512(double(h), double(z), n)
		default:
			geluAVX2(double(h), double(z), n)
		}
		return
	}
	switch {
	case simd == portable:
		geluGo(h, d, z)
	case isSingle[T]() && simd == avx512:
		geluDF32AVX512(single(h), single(d), single(z), n)
	case isSingle[T]():
		geluDF32AVX2(single(h), single(d), single(z), n)
	case simd == avx512:
		geluDAVX512(double(h), double(d), double(z), n)
	default:
		geluDAVX2(double(h), double(d), double(z), n)
	}
}

// sine leaves arguments to Go for which the reduction of the assembly is not exact enough.
func sine[T Float](h, d, z []T) {
	if simd == portable {
		sineGo(h, d, z)
		return
	}
	var block [blockSize]T
	for len(h) > 0 {
		n := copy(block[:], z)
		var db []T
		if d != nil {
			db = d[:n]
			d = d[n:]
		}
		if sineBlock(h[:n], db, block[:n]) != 0 {
			for i, v := range block[:n] {
				if !(v <= sineBound && v >= -sineBound) {
					var di []T
					if db != nil {
						di = db[i : i+1]
					}
					sineGo(h[i:i+1], di, block[i:i+1])
				}
			}
		}
		h, z = h[n:], z[n:]
	}
}

const sineBound = 51471 // 2¹⁵·π/2

func sineBlock[T Float](h, d, z []T) int {
	n := len(h)
	switch {
	case isSingle[T]() && simd == avx512 && d == nil:
		return sineF32AVX512(single(h), single(z), n)
	case isSingle[T]() && simd == avx512:
		return sineDF32AVX512(single(h), single(d), single(z), n)
	case isSingle[T]() && d == nil:
		return sineF32AVX2(single(h), single(z), n)
	case isSingle[T]():
		return sineDF32AVX2(single(h), single(d), single(z), n)
	case simd == avx512 && d == nil:
		return sineAVX512(double(h), double(z), n)
	case simd == avx512:
		return sineDAVX512(double(h), double(d), double(z), n)
	case d == nil:
		return sineAVX2(double(h), double(z), n)
	}
	return sineDAVX2(double(h), double(d), double(z), n)
}

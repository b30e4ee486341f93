package kernel

// The routines on vectors in Go: for processors without the instructions that the assembly needs, and its measure in tests.
// Where a product is added it is rounded first, by the conversion that keeps the compiler from fusing the two.

func axpyGo[T Float](y []T, a T, x []T) {
	x = x[:len(y)]
	for i := range y {
		y[i] += T(a * x[i])
	}
}

func axpyToGo[T Float](dst, y []T, a T, x []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = y[i] + T(a*x[i])
	}
}

func dotGo[T Float](x, y []T) T {
	y = y[:len(x)]
	var s0, s1, s2, s3 T
	for len(x) >= 4 && len(y) >= 4 {
		s0 += x[0] * y[0]
		s1 += x[1] * y[1]
		s2 += x[2] * y[2]
		s3 += x[3] * y[3]
		x, y = x[4:], y[4:]
	}
	for i, v := range x {
		s0 += v * y[i]
	}
	return (s0 + s1) + (s2 + s3)
}

func sumGo[T Float](x []T) T {
	var s0, s1, s2, s3 T
	for len(x) >= 4 {
		s0 += x[0]
		s1 += x[1]
		s2 += x[2]
		s3 += x[3]
		x = x[4:]
	}
	for _, v := range x {
		s0 += v
	}
	return (s0 + s1) + (s2 + s3)
}

func scaleToGo[T Float](dst []T, a T, x []T) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = a * x[i]
	}
}

func addGo[T Float](y, x []T) {
	x = x[:len(y)]
	for i := range y {
		y[i] += x[i]
	}
}

func mulToGo[T Float](dst, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] * y[i]
	}
}

func mulAddGo[T Float](y, a, x []T) {
	a, x = a[:len(y)], x[:len(y)]
	for i := range y {
		y[i] += T(a[i] * x[i])
	}
}

func cubeGo[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = v * v * v
	}
}

func mulCubeDGo[T Float](y, x []T) {
	x = x[:len(y)]
	for i, v := range x {
		y[i] *= 3 * v * v
	}
}

func tanhDGo[T Float](d, h []T) {
	d = d[:len(h)]
	for i, v := range h {
		d[i] = 1 - T(v*v)
	}
}

func mulTanhDGo[T Float](y, h []T) {
	h = h[:len(y)]
	for i, v := range h {
		y[i] *= 1 - T(v*v)
	}
}

func sigmoidDGo[T Float](d, h []T) {
	d = d[:len(h)]
	for i, v := range h {
		d[i] = v * (1 - v)
	}
}

func mulSigmoidDGo[T Float](y, h []T) {
	h = h[:len(y)]
	for i, v := range h {
		y[i] *= v * (1 - v)
	}
}

func reluGo[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = max(v, 0)
	}
}

func reluDGo[T Float](d, h []T) {
	d = d[:len(h)]
	for i, v := range h {
		d[i] = 0
		if v > 0 {
			d[i] = 1
		}
	}
}

func mulReluDGo[T Float](y, h []T) {
	h = h[:len(y)]
	for i, v := range h {
		if !(v > 0) {
			y[i] = 0
		}
	}
}

func transposeGo[T Float](dst, x []T, m, n int) {
	for i := range m {
		row := x[i*n : (i+1)*n]
		for j, v := range row {
			dst[j*m+i] = v
		}
	}
}

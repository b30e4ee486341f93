package kernel

// The routines on vectors in Go: for processors without the instructions that the assembly needs, and its measure in tests.

func axpyGo(y []float64, a float64, x []float64) {
	x = x[:len(y)]
	for i := range y {
		y[i] += a * x[i]
	}
}

func axpyToGo(dst, y []float64, a float64, x []float64) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = y[i] + a*x[i]
	}
}

func dotGo(x, y []float64) float64 {
	y = y[:len(x)]
	var s0, s1, s2, s3 float64
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

func sumGo(x []float64) float64 {
	var s0, s1, s2, s3 float64
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

func scaleToGo(dst []float64, a float64, x []float64) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = a * x[i]
	}
}

func addGo(y, x []float64) {
	x = x[:len(y)]
	for i := range y {
		y[i] += x[i]
	}
}

func mulToGo(dst, x, y []float64) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] * y[i]
	}
}

func mulAddGo(y, a, x []float64) {
	a, x = a[:len(y)], x[:len(y)]
	for i := range y {
		y[i] += a[i] * x[i]
	}
}

func cubeGo(dst, x []float64) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = v * v * v
	}
}

func mulCubeDGo(y, x []float64) {
	x = x[:len(y)]
	for i, v := range x {
		y[i] *= 3 * v * v
	}
}

func tanhDGo(d, h []float64) {
	d = d[:len(h)]
	for i, v := range h {
		d[i] = 1 - v*v
	}
}

func mulTanhDGo(y, h []float64) {
	h = h[:len(y)]
	for i, v := range h {
		y[i] *= 1 - v*v
	}
}

func sigmoidDGo(d, h []float64) {
	d = d[:len(h)]
	for i, v := range h {
		d[i] = v * (1 - v)
	}
}

func mulSigmoidDGo(y, h []float64) {
	h = h[:len(y)]
	for i, v := range h {
		y[i] *= v * (1 - v)
	}
}

func reluGo(dst, x []float64) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = max(v, 0)
	}
}

func reluDGo(d, h []float64) {
	d = d[:len(h)]
	for i, v := range h {
		d[i] = 0
		if v > 0 {
			d[i] = 1
		}
	}
}

func mulReluDGo(y, h []float64) {
	h = h[:len(y)]
	for i, v := range h {
		if !(v > 0) {
			y[i] = 0
		}
	}
}

package kernel

// Axpy computes y[i] += a·x[i].
func Axpy(y []float64, a float64, x []float64) {
	x = x[:len(y)]
	for i := range y {
		y[i] += a * x[i]
	}
}

// AxpyTo computes dst[i] = y[i] + a·x[i]. dst may be y or x.
func AxpyTo(dst, y []float64, a float64, x []float64) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = y[i] + a*x[i]
	}
}

// Dot returns Σᵢ x[i]·y[i], as the sum of four partial sums over i mod 4.
func Dot(x, y []float64) float64 {
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

// Sum returns Σᵢ x[i], as the sum of four partial sums over i mod 4.
func Sum(x []float64) float64 {
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

// Scale computes x[i] *= a.
func Scale(x []float64, a float64) {
	for i := range x {
		x[i] *= a
	}
}

// ScaleTo computes dst[i] = a·x[i]. dst may be x.
func ScaleTo(dst []float64, a float64, x []float64) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = a * x[i]
	}
}

// Fill computes x[i] = a.
func Fill(x []float64, a float64) {
	for i := range x {
		x[i] = a
	}
}

// Add computes y[i] += x[i].
func Add(y, x []float64) {
	x = x[:len(y)]
	for i := range y {
		y[i] += x[i]
	}
}

// Mul computes y[i] *= x[i].
func Mul(y, x []float64) {
	x = x[:len(y)]
	for i := range y {
		y[i] *= x[i]
	}
}

// MulTo computes dst[i] = x[i]·y[i]. dst may be x or y.
func MulTo(dst, x, y []float64) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] * y[i]
	}
}

// MulAdd computes y[i] += a[i]·x[i].
func MulAdd(y, a, x []float64) {
	a, x = a[:len(y)], x[:len(y)]
	for i := range y {
		y[i] += a[i] * x[i]
	}
}

// Cube computes dst[i] = x[i]³. dst may be x.
func Cube(dst, x []float64) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = v * v * v
	}
}

// MulCubeD computes y[i] *= 3·x[i]², the derivative of the cube.
func MulCubeD(y, x []float64) {
	x = x[:len(y)]
	for i, v := range x {
		y[i] *= 3 * v * v
	}
}

// Transpose computes dst[j*m+i] = x[i*n+j] for the m×n matrix x.
func Transpose(dst, x []float64, m, n int) {
	for i := range m {
		row := x[i*n : (i+1)*n]
		for j, v := range row {
			dst[j*m+i] = v
		}
	}
}

package kernel

// Axpy computes y[i] += a·x[i].
func Axpy(y []float64, a float64, x []float64) {
	x = x[:len(y)]
	axpy(y, a, x)
}

// AxpyTo computes dst[i] = y[i] + a·x[i]. dst may be y or x.
func AxpyTo(dst, y []float64, a float64, x []float64) {
	x, y = x[:len(dst)], y[:len(dst)]
	axpyTo(dst, y, a, x)
}

// Dot returns Σᵢ x[i]·y[i]. Equal lengths are summed in equal order.
func Dot(x, y []float64) float64 {
	y = y[:len(x)]
	return dot(x, y)
}

// Sum returns Σᵢ x[i]. Equal lengths are summed in equal order.
func Sum(x []float64) float64 {
	return sum(x)
}

// Scale computes x[i] *= a.
func Scale(x []float64, a float64) {
	ScaleTo(x, a, x)
}

// ScaleTo computes dst[i] = a·x[i]. dst may be x.
func ScaleTo(dst []float64, a float64, x []float64) {
	x = x[:len(dst)]
	scaleTo(dst, a, x)
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
	add(y, x)
}

// Mul computes y[i] *= x[i].
func Mul(y, x []float64) {
	MulTo(y, y, x)
}

// MulTo computes dst[i] = x[i]·y[i]. dst may be x or y.
func MulTo(dst, x, y []float64) {
	x, y = x[:len(dst)], y[:len(dst)]
	mulTo(dst, x, y)
}

// MulAdd computes y[i] += a[i]·x[i].
func MulAdd(y, a, x []float64) {
	a, x = a[:len(y)], x[:len(y)]
	mulAdd(y, a, x)
}

// Cube computes dst[i] = x[i]³. dst may be x.
func Cube(dst, x []float64) {
	x = x[:len(dst)]
	cube(dst, x)
}

// MulCubeD computes y[i] *= 3·x[i]², the derivative of the cube.
func MulCubeD(y, x []float64) {
	x = x[:len(y)]
	mulCubeD(y, x)
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

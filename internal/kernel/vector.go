package kernel

// Axpy computes y[i] += a·x[i].
func Axpy[T Float](y []T, a T, x []T) {
	x = x[:len(y)]
	axpy(y, a, x)
}

// AxpyTo computes dst[i] = y[i] + a·x[i]. dst may be y or x.
func AxpyTo[T Float](dst, y []T, a T, x []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	axpyTo(dst, y, a, x)
}

// Dot returns Σᵢ x[i]·y[i]. Equal lengths are summed in equal order.
func Dot[T Float](x, y []T) T {
	y = y[:len(x)]
	return dot(x, y)
}

// Sum returns Σᵢ x[i]. Equal lengths are summed in equal order.
func Sum[T Float](x []T) T {
	return sum(x)
}

// Scale computes x[i] *= a.
func Scale[T Float](x []T, a T) {
	ScaleTo(x, a, x)
}

// ScaleTo computes dst[i] = a·x[i]. dst may be x.
func ScaleTo[T Float](dst []T, a T, x []T) {
	x = x[:len(dst)]
	scaleTo(dst, a, x)
}

// Fill computes x[i] = a.
func Fill[T Float](x []T, a T) {
	for i := range x {
		x[i] = a
	}
}

// Add computes y[i] += x[i].
func Add[T Float](y, x []T) {
	x = x[:len(y)]
	add(y, x)
}

// Mul computes y[i] *= x[i].
func Mul[T Float](y, x []T) {
	MulTo(y, y, x)
}

// MulTo computes dst[i] = x[i]·y[i]. dst may be x or y.
func MulTo[T Float](dst, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	mulTo(dst, x, y)
}

// MulAdd computes y[i] += a[i]·x[i].
func MulAdd[T Float](y, a, x []T) {
	a, x = a[:len(y)], x[:len(y)]
	mulAdd(y, a, x)
}

// Cube computes dst[i] = x[i]³. dst may be x.
func Cube[T Float](dst, x []T) {
	x = x[:len(dst)]
	cube(dst, x)
}

// MulCubeD computes y[i] *= 3·x[i]², the derivative of the cube.
func MulCubeD[T Float](y, x []T) {
	x = x[:len(y)]
	mulCubeD(y, x)
}

// Transpose computes dst[j*m+i] = x[i*n+j] for the m×n matrix x.
func Transpose[T Float](dst, x []T, m, n int) {
	dst, x = dst[:m*n], x[:m*n]
	transpose(dst, x, m, n)
}

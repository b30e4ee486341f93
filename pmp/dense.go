package pmp

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// axpy adds a·x to y: for the few unknowns of classical problems, for which the call of a kernel would take longer.
func axpy(y []float64, a float64, x []float64) {
	for i, v := range x {
		y[i] += a * v
	}
}

// symmetrize makes an n × n matrix symmetric.
func symmetrize(a []float64, n int) {
	for i := range n {
		for j := range i {
			m := 0.5 * (a[i*n+j] + a[j*n+i])
			a[i*n+j], a[j*n+i] = m, m
		}
	}
}

// matrices returns so many slices of one size.
func matrices(count, size int) [][]float64 {
	all, out := make([]float64, count*size), make([][]float64, count)
	for k := range out {
		out[k] = all[k*size : (k+1)*size : (k+1)*size]
	}
	return out
}

// solveSymmetric replaces b (n × columns) by a⁻¹b with Cholesky's factor in place of a, and reports false where a is not positive definite.
func solveSymmetric(b, a []float64, n, columns int) bool {
	if !cholesky(a, n) {
		return false
	}
	choleskySolve(b, a, n, columns)
	return true
}

// cholesky replaces the lower triangle of a (n × n) by that of its factor, and reports false where a is not positive definite.
func cholesky(a []float64, n int) bool {
	for j := range n {
		row := a[j*n : j*n+j]
		pivot := a[j*n+j] - floats.Dot(row, row)
		if !(pivot > 0) || math.IsInf(pivot, 0) {
			return false
		}
		pivot = math.Sqrt(pivot)
		a[j*n+j] = pivot
		for i := j + 1; i < n; i++ {
			a[i*n+j] = (a[i*n+j] - floats.Dot(a[i*n:i*n+j], row)) / pivot
		}
	}
	return true
}

// choleskySolve replaces b (n × columns) by (ggᵀ)⁻¹b.
func choleskySolve(b, g []float64, n, columns int) {
	row := func(i int) []float64 { return b[i*columns : (i+1)*columns] }
	for i := range n {
		for k := range i {
			floats.AddScaled(row(i), -g[i*n+k], row(k))
		}
		floats.Scale(1/g[i*n+i], row(i))
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			floats.AddScaled(row(i), -g[k*n+i], row(k))
		}
		floats.Scale(1/g[i*n+i], row(i))
	}
}

// factorLU replaces a (n × n) by its factors, with the row exchanges in pivot, and reports false where a is singular.
func factorLU(a []float64, pivot []int, n int) bool {
	for j := range n {
		p := j
		for i := j + 1; i < n; i++ {
			if math.Abs(a[i*n+j]) > math.Abs(a[p*n+j]) {
				p = i
			}
		}
		if pivot[j] = p; a[p*n+j] == 0 || math.IsNaN(a[p*n+j]) {
			return false
		}
		if p != j {
			for c := range n {
				a[p*n+c], a[j*n+c] = a[j*n+c], a[p*n+c]
			}
		}
		for i := j + 1; i < n; i++ {
			l := a[i*n+j] / a[j*n+j]
			a[i*n+j] = l
			axpy(a[i*n+j+1:(i+1)*n], -l, a[j*n+j+1:(j+1)*n])
		}
	}
	return true
}

// solveLU replaces b by a⁻¹b, given a's factors.
func solveLU(b, lu []float64, pivot []int, n int) {
	for j, p := range pivot[:n] {
		b[j], b[p] = b[p], b[j]
	}
	for i := 1; i < n; i++ {
		b[i] -= floats.Dot(lu[i*n:i*n+i], b[:i])
	}
	for i := n - 1; i >= 0; i-- {
		b[i] = (b[i] - floats.Dot(lu[i*n+i+1:(i+1)*n], b[i+1:n])) / lu[i*n+i]
	}
}

// solveLUTransposed replaces b by (aᵀ)⁻¹b, given a's factors.
func solveLUTransposed(b, lu []float64, pivot []int, n int) {
	for i := range n {
		b[i] /= lu[i*n+i]
		axpy(b[i+1:n], -b[i], lu[i*n+i+1:(i+1)*n])
	}
	for i := n - 1; i > 0; i-- {
		axpy(b[:i], -b[i], lu[i*n:i*n+i])
	}
	for j := n - 1; j >= 0; j-- {
		p := pivot[j]
		b[j], b[p] = b[p], b[j]
	}
}

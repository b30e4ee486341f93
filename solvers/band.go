package solvers

import "math"

// Banded LU decomposition with partial pivoting. Row i of the factors holds the columns i − lower … i + lower +
// upper, to which row exchanges widen it; multipliers take the place of what is eliminated.

// bandLen is the length of the factors.
func bandLen(n, lower, upper int) int { return n * (2*lower + upper + 1) }

// bandFill stores σI − J in w for a banded J stored by rows of width lower + upper + 1.
func bandFill[T float64 | complex128](w []T, j []float64, n, lower, upper int, sigma T, number func(float64) T) {
	wide, narrow := 2*lower+upper+1, lower+upper+1
	for i := range n {
		row := w[i*wide : (i+1)*wide]
		clear(row[narrow:])
		for c, v := range j[i*narrow : (i+1)*narrow] {
			row[c] = number(-v)
		}
		row[lower] += sigma
	}
}

// bandFactor decomposes w and reports false where a pivot is zero or not finite.
func bandFactor[T float64 | complex128](w []T, pivot []int, lower, upper int, magnitude func(T) float64) bool {
	n, wide := len(pivot), 2*lower+upper+1
	for k := range n {
		last := min(n-1, k+lower)
		p, top := k, magnitude(w[k*wide+lower])
		for i := k + 1; i <= last; i++ {
			if a := magnitude(w[i*wide+lower+k-i]); a > top {
				p, top = i, a
			}
		}
		pivot[k] = p
		if !(top > 0 && top <= math.MaxFloat64) {
			return false
		}
		row := w[k*wide+lower : (k+1)*wide] // columns k, k + 1, …
		if p != k {
			other := w[p*wide+lower+k-p:][:len(row)]
			for c := range row {
				row[c], other[c] = other[c], row[c]
			}
		}
		for i := k + 1; i <= last; i++ {
			below := w[i*wide+lower+k-i:][:len(row)]
			if below[0] == 0 {
				continue
			}
			m := below[0] / row[0]
			below[0] = m
			for c := 1; c < len(row); c++ {
				below[c] -= m * row[c]
			}
		}
	}
	return true
}

// bandSolve replaces b by the solution.
func bandSolve[T float64 | complex128](w []T, pivot []int, b []T, lower, upper int) {
	n, wide := len(b), 2*lower+upper+1
	for k, p := range pivot {
		b[k], b[p] = b[p], b[k]
		for i := k + 1; i <= min(n-1, k+lower); i++ {
			b[i] -= w[i*wide+lower+k-i] * b[k]
		}
	}
	for i := n - 1; i >= 0; i-- {
		row := w[i*wide+lower : (i+1)*wide]
		s := b[i]
		for c := 1; c <= min(lower+upper, n-1-i); c++ {
			s -= row[c] * b[i+c]
		}
		b[i] = s / row[0]
	}
}

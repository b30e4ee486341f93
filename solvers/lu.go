package solvers

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// linear holds J and solves (σI − J) u = b. Up to smallest unknowns the loops below are faster than lapack64.
type linear struct {
	n, width int
	lower    int  // of a banded matrix
	banded   bool // J is stored by rows of width lower + upper + 1
	j        []float64
	w        []float64 // factors; of a dense matrix with the reciprocals of the pivots on its diagonal
	pivot    []int
	general  blas64.General // w, for lapack64
}

// smallest is the number of unknowns up to which the LU decomposition is our own.
const smallest = 16

func newLinear(spec *Jacobian, n int) linear {
	l := linear{n: n, width: spec.width(n), lower: spec.Lower, banded: spec.Banded, pivot: make([]int, n)}
	l.j = make([]float64, n*l.width)
	if l.banded {
		l.w = make([]float64, bandLen(n, spec.Lower, spec.Upper))
		return l
	}
	l.w = make([]float64, n*n)
	l.general = blas64.General{Rows: n, Cols: n, Stride: n, Data: l.w}
	return l
}

// factor decomposes σI − J and reports whether that could be done.
func (l *linear) factor(sigma float64) bool {
	n := l.n
	if l.banded {
		bandFill(l.w, l.j, n, l.lower, l.width-1-l.lower, sigma, func(v float64) float64 { return v })
		return bandFactor(l.w, l.pivot, l.lower, l.width-1-l.lower, math.Abs)
	}
	w := l.w[:len(l.j)]
	for i, v := range l.j {
		w[i] = -v
	}
	for i := 0; i < len(w); i += n + 1 {
		w[i] += sigma
	}
	if n > smallest {
		var sum float64
		for _, v := range w {
			sum += v - v
		}
		return sum == 0 && lapack64.Getrf(l.general, l.pivot)
	}
	return luFactor(w, l.pivot)
}

// solve replaces b by (σI − J)⁻¹ b.
func (l *linear) solve(b []float64) {
	switch {
	case l.banded:
		bandSolve(l.w, l.pivot, b, l.lower, l.width-1-l.lower)
	case l.n > smallest:
		lapack64.Getrs(blas.NoTrans, l.general, blas64.General{Rows: l.n, Cols: 1, Stride: 1, Data: b}, l.pivot)
	default:
		luSolve(l.w, l.pivot, b)
	}
}

// luFactor decomposes the matrix w, by rows, with partial pivoting. It reports false where a pivot is zero or not finite.
// Zero multipliers are passed over: Jacobians of few unknowns are often sparse.
func luFactor(w []float64, pivot []int) bool {
	n := len(pivot)
	for k := 0; k < n; k++ {
		p, top := k, math.Abs(w[k*n+k])
		for i := k + 1; i < n; i++ {
			if a := math.Abs(w[i*n+k]); a > top {
				p, top = i, a
			}
		}
		pivot[k] = p
		if !(top > 0 && top <= math.MaxFloat64) {
			return false
		}
		row := w[k*n : k*n+n]
		if p != k {
			other := w[p*n : p*n+n]
			for j, v := range row {
				row[j], other[j] = other[j], v
			}
		}
		inverse := 1 / row[k]
		row[k] = inverse
		row = row[k+1:]
		for i := k + 1; i < n; i++ {
			below := w[i*n+k : i*n+n]
			if below[0] == 0 {
				continue
			}
			m := below[0] * inverse
			below[0] = m
			below = below[1:][:len(row)]
			for j, v := range row {
				below[j] -= m * v
			}
		}
	}
	return true
}

// luSolve replaces b by the solution.
func luSolve(w []float64, pivot []int, b []float64) {
	n := len(b)
	for k, p := range pivot {
		if p != k {
			b[k], b[p] = b[p], b[k]
		}
	}
	for i := 1; i < n; i++ {
		s := b[i]
		for j, v := range w[i*n : i*n+i] {
			s -= v * b[j]
		}
		b[i] = s
	}
	for i := n - 1; i >= 0; i-- {
		row := w[i*n+i : i*n+n]
		s, rest := b[i], b[i+1:]
		for j, v := range row[1:] {
			s -= v * rest[j]
		}
		b[i] = s * row[0]
	}
}

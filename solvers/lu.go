package solvers

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// linear holds J and solves (σI − J) u = b. Of a dense J with few unknowns the loops below are faster than lapack64.
type linear struct {
	n, width int
	padded   int  // size of the matrix that is decomposed: five to seven unknowns are filled up to eight
	lower    int  // of a banded matrix
	banded   bool // J is stored by rows of width lower + upper + 1
	j        []float64
	w        []float64 // factors; of a small dense matrix by columns, with the reciprocals of the pivots on its diagonal
	pivot    []int
	sums     []float64      // of columns
	general  blas64.General // w, for lapack64
}

// blocked is the number of unknowns from which on lapack64 is faster than the loops below: it works on blocks. It
// starts goroutines and allocates a little for them.
const blocked = 144

func newLinear(spec *Jacobian, n int) linear {
	l := linear{n: n, width: spec.width(n), lower: spec.Lower, banded: spec.Banded, pivot: make([]int, n), sums: make([]float64, n)}
	l.j = make([]float64, n*l.width)
	l.padded = n
	if !l.banded && 5 <= n && n <= 7 {
		l.padded = 8
		l.pivot = make([]int, 8)
	}
	if l.banded {
		l.w = make([]float64, bandLen(n, spec.Lower, spec.Upper))
		return l
	}
	l.w = make([]float64, l.padded*l.padded)
	l.general = blas64.General{Rows: n, Cols: n, Stride: n, Data: l.w}
	return l
}

// factor decomposes σI − J and reports whether that could be done.
func (l *linear) factor(sigma float64) bool {
	n, size := l.n, l.padded
	if l.banded {
		bandFill(l.w, l.j, n, l.lower, l.width-1-l.lower, sigma, func(v float64) float64 { return v })
		return bandFactor(l.w, l.pivot, l.lower, l.width-1-l.lower, math.Abs)
	}
	w := l.w
	if n >= blocked {
		var sum float64
		for i, v := range l.j {
			w[i] = -v
			sum += v - v
		}
		for i := 0; i < len(w); i += n + 1 {
			w[i] += sigma
		}
		return sum == 0 && lapack64.Getrf(l.general, l.pivot)
	}
	for i := range n {
		row := l.j[i*n:][:n]
		at := i
		for _, v := range row {
			w[at] = -v
			at += size
		}
		w[i*(size+1)] += sigma
	}
	if size == n {
		return luFactor(w, l.pivot)
	}
	for i := n; i < size; i++ { // ones on the diagonal, zeros elsewhere
		clear(w[i*size:][:size])
		w[i*(size+1)] = 1
		for j := range n {
			w[j*size+i] = 0
		}
	}
	return luFactor(w, l.pivot)
}

// norm is the smaller of the largest row sum and the largest column sum of |J|, a bound on its eigenvalues.
func (l *linear) norm() float64 {
	clear(l.sums)
	var rows, columns float64
	for i := range l.n {
		var row float64
		for c, v := range l.j[i*l.width : (i+1)*l.width] {
			j := c
			if l.banded {
				if j = i + c - l.lower; j < 0 || j >= l.n {
					continue
				}
			}
			row += math.Abs(v)
			l.sums[j] += math.Abs(v)
		}
		rows = max(rows, row)
	}
	for _, v := range l.sums {
		columns = max(columns, v)
	}
	return min(rows, columns)
}

// solve replaces b by (σI − J)⁻¹ b.
func (l *linear) solve(b []float64) {
	switch {
	case l.banded:
		bandSolve(l.w, l.pivot, b, l.lower, l.width-1-l.lower)
	case l.n >= blocked:
		lapack64.Getrs(blas.NoTrans, l.general, blas64.General{Rows: l.n, Cols: 1, Stride: 1, Data: b}, l.pivot)
	case l.padded > l.n:
		var x [8]float64
		copy(x[:], b)
		luSolve(l.w, l.pivot, x[:])
		copy(b, x[:])
	default:
		luSolve(l.w, l.pivot, b)
	}
}

// luFactor decomposes the matrix w, stored by columns, with partial pivoting. It reports false where a pivot is zero
// or not finite. Columns rather than rows, so that no sum waits for the one before; zeros are passed over, because
// Jacobians of few unknowns are often sparse.
func luFactor(w []float64, pivot []int) bool {
	n := len(pivot)
	for k := range n {
		column := w[k*n:][:n]
		p, top := k, math.Abs(column[k])
		for i := k + 1; i < n; i++ {
			if a := math.Abs(column[i]); a > top {
				p, top = i, a
			}
		}
		pivot[k] = p
		if !(top > 0 && top <= math.MaxFloat64) {
			return false
		}
		if p != k {
			for j := 0; j < len(w); j += n {
				w[j+k], w[j+p] = w[j+p], w[j+k]
			}
		}
		inverse := 1 / column[k]
		column[k] = inverse
		column = column[k+1:]
		for i := range column {
			column[i] *= inverse
		}
		for j := k + 1; j < n; j++ {
			other := w[j*n+k:][:n-k]
			u := other[0]
			if u == 0 {
				continue
			}
			other = other[1:][:len(column)]
			for i, l := range column {
				other[i] -= u * l
			}
		}
	}
	for j := 1; j < n; j++ {
		column := w[j*n:][:j]
		for i := range column {
			column[i] *= w[i*n+i]
		}
	}
	return true
}

// luSolve replaces b by the solution.
func luSolve(w []float64, pivot []int, b []float64) {
	n := len(b)
	pivot = pivot[:n]
	for k, p := range pivot {
		if p != k {
			b[k], b[p] = b[p], b[k]
		}
	}
	switch n {
	case 2:
		solve2((*[4]float64)(w), (*[2]float64)(b))
		return
	case 3:
		solve3((*[9]float64)(w), (*[3]float64)(b))
		return
	case 4:
		solve4((*[16]float64)(w), (*[4]float64)(b))
		return
	case 8:
		solve8((*[64]float64)(w), (*[8]float64)(b))
		return
	}
	for k := 0; k < n-1; k++ {
		v, column := b[k], w[k*n+k+1:k*n+n]
		rest := b[k+1:][:len(column)]
		for i, l := range column {
			rest[i] -= l * v
		}
	}
	for k := range b {
		b[k] *= w[k*n+k]
	}
	for k := n - 1; k > 0; k-- {
		v, rest := b[k], b[:k]
		for i, u := range w[k*n:][:len(rest)] {
			rest[i] -= u * v
		}
	}
}

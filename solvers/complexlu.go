package solvers

import "math"

// complexLinear solves (σI − J) u = b for a complex σ and a real J.
type complexLinear struct {
	n, lower, upper int
	banded          bool
	w               []complex128
	pivot           []int
}

func newComplexLinear(spec *Jacobian, n int) complexLinear {
	l := complexLinear{n: n, lower: spec.Lower, upper: spec.Upper, banded: spec.Banded, pivot: make([]int, n)}
	if l.banded {
		l.w = make([]complex128, bandLen(n, l.lower, l.upper))
	} else {
		l.w = make([]complex128, n*n)
	}
	return l
}

// magnitude is the size by which pivots are chosen.
func magnitude(v complex128) float64 { return math.Abs(real(v)) + math.Abs(imag(v)) }

// factor decomposes σI − J and reports whether that could be done.
func (l *complexLinear) factor(sigma complex128, j []float64) bool {
	if l.banded {
		bandFill(l.w, j, l.n, l.lower, l.upper, sigma, func(v float64) complex128 { return complex(v, 0) })
		return bandFactor(l.w, l.pivot, l.lower, l.upper, magnitude)
	}
	n, w := l.n, l.w
	for i, v := range j {
		w[i] = complex(-v, 0)
	}
	for i := 0; i < len(w); i += n + 1 {
		w[i] += sigma
	}
	for k := range n {
		p, top := k, magnitude(w[k*n+k])
		for i := k + 1; i < n; i++ {
			if a := magnitude(w[i*n+k]); a > top {
				p, top = i, a
			}
		}
		l.pivot[k] = p
		if !(top > 0 && top <= math.MaxFloat64) {
			return false
		}
		row := w[k*n : k*n+n]
		if p != k {
			other := w[p*n : p*n+n]
			for c, v := range row {
				row[c], other[c] = other[c], v
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
			for c, v := range row {
				below[c] -= m * v
			}
		}
	}
	return true
}

// solve replaces b by (σI − J)⁻¹ b.
func (l *complexLinear) solve(b []complex128) {
	if l.banded {
		bandSolve(l.w, l.pivot, b, l.lower, l.upper)
		return
	}
	n, w := l.n, l.w
	for k, p := range l.pivot {
		b[k], b[p] = b[p], b[k]
	}
	for i := 1; i < n; i++ {
		s := b[i]
		for c, v := range w[i*n : i*n+i] {
			s -= v * b[c]
		}
		b[i] = s
	}
	for i := n - 1; i >= 0; i-- {
		s := b[i]
		for c := i + 1; c < n; c++ {
			s -= w[i*n+c] * b[c]
		}
		b[i] = s * w[i*n+i]
	}
}

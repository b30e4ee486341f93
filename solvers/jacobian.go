package solvers

import "math"

// Jacobian says how ∂f/∂x is obtained. The zero value means finite differences of a dense matrix, which cost n
// evaluations of f; those of a banded one cost Lower + Upper + 1.
type Jacobian struct {
	// Func stores ∂f_i/∂x_j at (t, x) in dst[i*n+j], or in dst[i*(Lower+Upper+1) + j−i+Lower] where the matrix is banded.
	// dst holds zeros at first and afterwards what was stored before: entries that are always zero need not be
	// stored. Func must not keep or change x, and must not keep dst. nil means finite differences.
	Func func(dst []float64, t float64, x []float64)
	// Banded says that ∂f_i/∂x_j is zero unless i − Lower ≤ j ≤ i + Upper.
	Banded       bool
	Lower, Upper int
	// Time stores ∂f/∂t, which Rosenbrock methods need; nil means differences, two evaluations at most.
	Time func(dst []float64, t float64, x []float64)
	// Autonomous says that f does not depend on t.
	Autonomous bool
	// Product stores (∂f/∂x)·v at (t, x) in dst. ESDIRK methods and BDF with Product and neither Func nor Banded solve their
	// equations by GMRES and never form a matrix.
	Product func(dst []float64, t float64, x, v []float64)
}

// matrixFree reports whether only products are available.
func (j *Jacobian) matrixFree() bool { return j.Product != nil && j.Func == nil && !j.Banded }

// width returns the numbers in a row of the matrix for n unknowns.
func (j *Jacobian) width(n int) int {
	if j.Banded {
		return j.Lower + j.Upper + 1
	}
	return n
}

// differentiator evaluates ∂f/∂x and ∂f/∂t with its own scratch.
type differentiator struct {
	spec  Jacobian
	n     int
	x, fx []float64 // scratch
	inc   []float64 // increments of a group of columns
}

func newDifferentiator(spec Jacobian, n int) differentiator {
	if spec.Banded && (spec.Lower < 0 || spec.Upper < 0 || spec.Lower >= n || spec.Upper >= n) {
		panic("solvers: half bandwidths must be in [0, n)")
	}
	mem := make([]float64, 3*n)
	return differentiator{spec: spec, n: n, x: mem[:n:n], fx: mem[n : 2*n : 2*n], inc: mem[2*n:]}
}

// space stores ∂f/∂x at (t, x) in dst and returns how often it evaluated f. f0 is f(t, x), h the size of the step.
//
// Columns that no row has in common share an evaluation (Curtis, Powell & Reid 1974): in a banded matrix those that
// are Lower + Upper + 1 apart. Increments are those of CVODE: relative to x, and large enough that rounding errors
// of f stay small against the tolerance.
func (d *differentiator) space(dst []float64, f Func, t, h float64, x, f0 []float64, tol *accuracy) int {
	if d.spec.Func != nil {
		d.spec.Func(dst, t, x)
		return 0
	}
	n, width := d.n, d.spec.width(d.n)
	var sum float64
	for i, v := range f0 {
		r := v / (tol.atol + tol.rtol*math.Abs(x[i]))
		sum += r * r
	}
	least := 1000 * math.Abs(h) * epsilon * math.Sqrt(float64(n)*sum)
	if !(least > 0) {
		least = 1
	}
	lower, upper := n-1, n-1
	if d.spec.Banded {
		lower, upper = d.spec.Lower, d.spec.Upper
	}
	copy(d.x, x)
	calls := 0
	for first := 0; first < min(width, n); first++ {
		for j := first; j < n; j += width {
			v := x[j]
			inc := max(rootEpsilon*math.Abs(v), least*(tol.atol+tol.rtol*math.Abs(v)))
			d.x[j] = v + inc
			d.inc[j] = d.x[j] - v
		}
		f(d.fx, t, d.x)
		calls++
		for j := first; j < n; j += width {
			d.x[j] = x[j]
			inverse := 1 / d.inc[j]
			for i := max(0, j-upper); i < min(n, j+lower+1); i++ {
				at := i*n + j
				if d.spec.Banded {
					at = i*width + j - i + lower
				}
				dst[at] = (d.fx[i] - f0[i]) * inverse
			}
		}
	}
	return calls
}

// time stores ∂f/∂t at (t, x) in dst and returns how often it evaluated f. Differences look into the step only, beyond
// which f may jump; they are of order two, so that they don't show in the order of a method.
func (d *differentiator) time(dst []float64, f Func, t, h float64, x, f0 []float64) int {
	switch {
	case d.spec.Autonomous:
		clear(dst)
		return 0
	case d.spec.Time != nil:
		d.spec.Time(dst, t, x)
		return 0
	}
	inc := math.Copysign(max(cubeRootEpsilon*math.Abs(t), 1e-3*math.Abs(h)), h)
	if math.Abs(inc) > math.Abs(h)/2 {
		inc = h / 2
	}
	t1 := t + inc
	inc = t1 - t
	f(d.fx, t1, x)
	same := true
	for i, v := range d.fx {
		same = same && v == f0[i]
	}
	if same {
		clear(dst)
		return 1
	}
	f(dst, t1+inc, x)
	for i, v := range d.fx {
		dst[i] = (4*(v-f0[i]) - (dst[i] - f0[i])) / (2 * inc)
	}
	return 2
}

const (
	rootEpsilon     = 0x1p-26
	cubeRootEpsilon = 6.055454452393343e-06
)

package solvers

import "math"

// BDF is the family of backward differentiation formulas of orders 1 to 5 in the modified form (NDF) of MATLAB's
// ode15s, with backward differences on equal steps: at a change of the step size the differences are interpolated.
// Order and step size are chosen together. One system of equations a step makes it the method for many unknowns and
// smooth solutions; formulas of order three and more are stable in a wedge only, and oscillations with little damping
// want another method. (L. F. Shampine, M. W. Reichelt, SIAM J. Sci. Comput. 18 (1997) 1–22.)
//
// Order reports the highest order, ErrorOrder that of the first step. Fixed steps begin with order one, too, and are
// therefore of order two as a whole.
var BDF Method = bdfMethod{}

type bdfMethod struct{}

func (bdfMethod) Name() string             { return "bdf" }
func (bdfMethod) String() string           { return "bdf" }
func (bdfMethod) Order() int               { return bdfTop }
func (bdfMethod) ErrorOrder() int          { return 1 }
func (bdfMethod) DenseOrder() int          { return bdfTop }
func (bdfMethod) NewStepper(n int) Stepper { return newBDF(n) }

const (
	bdfTop = 5 // the highest order
	// bdfGrowth is the growth of a step, after one that was cut short to end at a stop, beyond which the differences
	// are too inaccurate to go on with.
	bdfGrowth = 100
)

var (
	// bdfKappa are the modifications of the formulas that make their errors smaller. Order five would gain nothing; order
	// one, with which everything begins, stays the L-stable Euler method, unlike in ode15s.
	bdfKappa = [bdfTop + 1]float64{0, 0, -1.0 / 9, -0.0823, -0.0415, 0}
	// bdfGamma are Σ_{j≤k} 1/j, bdfAlpha (1 − κ)γ, bdfError the error constants κγ + 1/(k + 1).
	bdfGamma, bdfAlpha [bdfTop + 1]float64
	bdfError           [bdfTop + 2]float64
	// bdfNewton are the coefficients of Π_{i<j} (s − 1 + i)/(i + 1), by rising powers of s.
	bdfNewton [bdfTop + 1][bdfTop + 1]float64
)

func init() {
	for k := range bdfTop + 1 {
		if k > 0 {
			bdfGamma[k] = bdfGamma[k-1] + 1/float64(k)
		}
		bdfAlpha[k] = (1 - bdfKappa[k]) * bdfGamma[k]
		bdfError[k] = bdfKappa[k]*bdfGamma[k] + 1/float64(k+1)
	}
	bdfError[bdfTop+1] = 1.0 / (bdfTop + 2)
	bdfNewton[0][0] = 1
	for j := 1; j <= bdfTop; j++ {
		i := float64(j - 1)
		for m, v := range bdfNewton[j-1][:bdfTop] {
			bdfNewton[j][m] += v * (i - 1) / (i + 1)
			bdfNewton[j][m+1] += v / (i + 1)
		}
	}
}

// bdf is the Stepper of BDF. It is a Controller as well, which chooses order and step size.
type bdf struct {
	equations
	f     Func
	t     float64
	tNext float64
	h     float64 // size of the steps that the differences belong to; zero: none yet
	order int
	last  int // order of the last accepted step, for dense output
	next  int // order of the next step; zero: not chosen
	equal int // steps of the same size and order
	known bool

	x, xNext, f0, psi, err []float64
	k, trial               []float64
	d                      [bdfTop + 3][]float64 // backward differences ∇ʲx at the present point
}

func newBDF(n int) *bdf {
	if n < 1 {
		panic("solvers: a stepper needs at least one unknown")
	}
	r := &bdf{equations: newEquations(n)}
	mem := make([]float64, (7+len(r.d))*(n+8))
	next := func() []float64 {
		v := mem[:n:n]
		mem = mem[n+8:]
		return v
	}
	r.x, r.xNext, r.f0, r.psi, r.err, r.k, r.trial = next(), next(), next(), next(), next(), next(), next()
	for j := range r.d {
		r.d[j] = next()
	}
	return r
}

func (r *bdf) SetJacobian(j Jacobian) { r.set(j) }

func (r *bdf) SetTolerance(rtol, atol float64, norm Norm) { r.tol = newAccuracy(rtol, atol, norm) }

func (r *bdf) Begin(f Func, t float64, x []float64) {
	if len(x) != r.n {
		panic("solvers: length of x differs from the number of unknowns")
	}
	if !r.ready {
		r.set(Jacobian{})
	}
	r.f, r.t = f, t
	r.h, r.order, r.last, r.next, r.equal, r.known = 0, 1, 1, 0, 0, false
	r.forget()
	copy(r.x, x)
}

func (r *bdf) AttemptTo(tNext float64) error {
	h := tNext - r.t
	r.tNext = tNext
	switch {
	case r.h == 0, math.Abs(h) > bdfGrowth*math.Abs(r.h), h*r.h < 0:
		r.order, r.equal = 1, 0
		r.FirstStage()
		copy(r.d[0], r.x)
		for i, v := range r.f0 {
			r.d[1][i] = h * v
			r.d[2][i] = 0
		}
		r.h = h
	case math.Abs(h-r.h) > 1e-12*math.Abs(h):
		r.resize(h / r.h)
		r.h = h
	}
	// y = (prediction − Σ γ_j ∇ʲx/α) + (h/α) f(t + h, y)
	alpha := bdfAlpha[r.order]
	sigma := alpha / r.h
	copy(r.xNext, r.d[0])
	clear(r.psi)
	for j := 1; j <= r.order; j++ {
		g := bdfGamma[j] / alpha
		for i, v := range r.d[j] {
			r.xNext[i] += v
			r.psi[i] -= g * v
		}
	}
	for i, v := range r.xNext {
		r.psi[i] += v
	}
	for {
		err := r.prepare(r.f, r.t, r.h, r.x, sigma)
		if err == nil {
			copy(r.trial, r.xNext)
			err = r.solve(r.f, tNext, r.trial, r.k, r.psi, r.x, sigma)
		}
		if err == nil {
			break
		}
		if !r.retry(sigma) {
			return err
		}
	}
	c := bdfError[r.order]
	for i, v := range r.trial {
		r.d[r.order+2][i] = v - r.xNext[i] // the difference of order k + 1 at the new point
		r.err[i] = c * (v - r.xNext[i])
		r.xNext[i] = v
	}
	r.next = 0
	return nil
}

// resize interpolates the differences to steps of factor times the size.
func (r *bdf) resize(factor float64) {
	k := r.order
	var a, b, m [bdfTop + 1][bdfTop + 1]float64
	differences := func(dst *[bdfTop + 1][bdfTop + 1]float64, factor float64) {
		for j := range k + 1 {
			dst[0][j] = 1
			for i := 1; i <= k; i++ {
				dst[i][j] = 0
				if j > 0 {
					dst[i][j] = dst[i-1][j] * (float64(i-1) - factor*float64(j)) / float64(i)
				}
			}
		}
	}
	differences(&a, factor)
	differences(&b, 1)
	for i := range k + 1 {
		for j := range k + 1 {
			for l := range k + 1 {
				m[i][j] += a[i][l] * b[l][j]
			}
		}
	}
	for i := range r.n {
		var v [bdfTop + 1]float64
		for j := 1; j <= k; j++ {
			for l := 1; l <= k; l++ {
				v[j] += m[l][j] * r.d[l][i]
			}
		}
		for j := 1; j <= k; j++ {
			r.d[j][i] = v[j]
		}
	}
	r.equal = 0
}

// Factor implements Controller: the order of least cost and the step size for it, after k + 1 equal steps.
func (r *bdf) Factor(h *History) float64 {
	const shrink, grow, worth = 0.2, 10, 1.2
	k := r.order
	if h.Error > 1 {
		return max(shrink, min(bdfWorth(k, bdfSame, h.Error), maxShrink))
	}
	r.next = k
	if r.equal < k {
		return 1
	}
	best := bdfWorth(k, bdfSame, h.Error)
	delta := r.d[k+2]
	if k > 1 {
		for i, v := range r.d[k] {
			r.trial[i] = bdfError[k-1] * (v + delta[i])
		}
		if f := bdfWorth(k-1, bdfSame, r.size()); f > best {
			best, r.next = f, k-1
		}
	}
	if k < bdfTop {
		for i, v := range r.d[k+1] {
			r.trial[i] = bdfError[k+1] * (delta[i] - v)
		}
		if f := bdfWorth(k+1, bdfHigher, r.size()); f > best {
			best, r.next = f, k+1
		}
	}
	factor := min(grow, best)
	if h.Rejected {
		factor = min(1, factor)
	}
	if factor < worth && factor > 0.9 { // a change would cost a decomposition
		factor = 1
	}
	return max(shrink, factor)
}

// Steps aim at a tenth of the tolerance, as in CVODE at a sixth: errors of a multistep method add up over the steps
// that it remembers. A higher order must promise a little more.
const bdfSame, bdfHigher = 10, 15

// bdfWorth is the growth that order k permits.
func bdfWorth(k int, bias, size float64) float64 {
	return math.Pow(max(bias*size, 1e-10), -1/float64(k+1))
}

// size is the norm of the error in trial.
func (r *bdf) size() float64 { return r.tol.norm(r.trial, r.x, r.xNext, r.tol.rtol, r.tol.atol) }

func (r *bdf) Accept() {
	k := r.order
	if r.next == 0 { // nobody asked: fixed steps
		r.next = k
		if r.equal >= k && k < bdfTop {
			r.next++
		}
	}
	delta := r.d[k+2]
	for i, v := range delta {
		delta[i] = v - r.d[k+1][i]
		r.d[k+1][i] = v
	}
	for j := k; j >= 0; j-- {
		above := r.d[j+1]
		for i, v := range above {
			r.d[j][i] += v
		}
	}
	copy(r.d[0], r.xNext)
	r.equal++
	r.last = k
	if r.next != k {
		r.order, r.equal = r.next, 0
	}
	r.t = r.tNext
	r.x, r.xNext = r.xNext, r.x
	r.known = false
	r.moved()
}

func (r *bdf) T() float64               { return r.t }
func (r *bdf) X() []float64             { return r.x }
func (r *bdf) Proposed() []float64      { return r.xNext }
func (r *bdf) ErrorEstimate() []float64 { return r.err }
func (r *bdf) FirstStageKnown() bool    { return r.known }
func (r *bdf) Evaluations() int         { return r.calls }
func (r *bdf) Algebra() Algebra         { return r.work }

func (r *bdf) FirstStage() []float64 {
	if !r.known {
		r.f(r.f0, r.t, r.x)
		r.known = true
		r.calls++
	}
	return r.f0
}

func (r *bdf) DenseLen() int { return (bdfTop + 1) * r.n }

// Dense stores the polynomial through the last k + 1 points, of which those before the last two are interpolated ones.
func (r *bdf) Dense(dst []float64) {
	n := r.n
	clear(dst)
	defer copy(dst[:n], r.xNext) // where the step began, bit for bit
	for j := 0; j <= r.last; j++ {
		for m, w := range bdfNewton[j][:j+1] {
			if w == 0 {
				continue
			}
			c := dst[m*n : (m+1)*n]
			for i, v := range r.d[j] {
				c[i] += w * v
			}
		}
	}
}

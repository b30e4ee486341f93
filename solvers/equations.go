package solvers

import (
	"math"

	"github.com/costate-go/costate/internal/approx"
)

// equations solves the nonlinear equations of one stage after the other with simplified Newton iterations, whose matrix
// σI − J is kept while it serves: J until iterations converge slowly, the factors until σ changes.
type equations struct {
	n     int
	tol   accuracy
	work  Algebra
	calls int // of f, for differences and in iterations

	ready bool // diff and the matrix have been built, which for many unknowns is best left until it is clear how
	diff  differentiator
	lin   linear
	free  *gmres  // where there are only products with J
	sigma float64 // of the factors; zero: none
	fresh bool    // J belongs to the point of departure
	stale bool    // J is missing or has served its time

	eta   float64 // θ/(1 − θ) of the last stage, where θ is the rate of convergence
	worst float64 // largest θ since the last call of prepare

	fx, delta []float64
}

const (
	// slow is the rate of convergence from which on a new matrix is worth its price.
	slow = 0.1
	// small is the number of unknowns up to which a decomposition costs less than the iterations that it saves.
	small = 16
	// drift is by how much σ may move from that of the factors with more unknowns.
	drift = 0.1
)

func newEquations(n int) equations {
	return equations{n: n, tol: newAccuracy(0, 0, RMS), fx: make([]float64, n), delta: make([]float64, n)}
}

func (e *equations) set(j Jacobian) {
	e.ready = true
	e.diff = newDifferentiator(j, e.n)
	e.lin, e.free = linear{}, nil
	if j.matrixFree() {
		e.free = newGMRES(e.n)
	} else {
		e.lin = newLinear(&j, e.n)
	}
	e.forget()
}

// forget drops the matrix and all experience.
func (e *equations) forget() { e.sigma, e.fresh, e.stale, e.eta = 0, false, true, 1 }

// prepare makes the matrix for σ at (t, x); h is the size of the step.
func (e *equations) prepare(f Func, t, h float64, x []float64, sigma float64) error {
	e.worst = 0
	if e.free != nil {
		e.fresh, e.sigma = true, sigma
		return nil
	}
	if e.stale {
		if !e.fresh {
			if e.diff.spec.Func == nil { // differences need f itself, not a k that solves equations to a tolerance
				f(e.fx, t, x)
				e.calls++
			}
			e.calls += e.diff.space(e.lin.j, f, t, h, x, e.fx, &e.tol)
			e.work.Jacobians++
		}
		e.sigma, e.fresh, e.stale = 0, true, false
	}
	change := math.Abs(sigma - e.sigma)
	if change == 0 || e.n > small && change <= drift*math.Abs(e.sigma) {
		return nil
	}
	e.work.Factorizations++
	e.sigma = sigma
	if !e.lin.factor(sigma) {
		e.sigma, e.stale = 0, true
		return ErrSingular
	}
	return nil
}

// retry says, after iterations that failed, whether a better matrix can be made for σ, and asks prepare for it: first
// one with the right σ, then one with J at the point of departure.
func (e *equations) retry(sigma float64) bool {
	e.eta = 1
	switch {
	case e.free != nil:
		return false
	case e.sigma != sigma && e.sigma != 0:
		e.sigma = 0
		return true
	}
	again := !e.fresh
	e.stale = true
	return again
}

// moved tells that the step was accepted: J belongs to the past, and is given up if it served badly.
func (e *equations) moved() {
	e.fresh = false
	e.stale = e.stale || e.worst > slow
}

// solve finds y with y = ψ + k/σ, k = f(t, y), from the first guess in y, and stores k as (y − ψ)σ, which carries
// fewer of the errors that f amplifies than f(t, y) does. x is the scale of the problem.
func (e *equations) solve(f Func, t float64, y, k, psi, x []float64, sigma float64) error {
	limit := e.tol.newton()
	e.eta = approx.Exp2(0.8 * approx.Log2(max(e.eta, epsilon)))
	var last float64
	for it := 1; it <= e.tol.iterations; it++ {
		f(e.fx, t, y)
		e.calls++
		e.work.Iterations++
		delta := e.delta
		for i, v := range e.fx {
			delta[i] = v - (y[i]-psi[i])*sigma
		}
		if e.free != nil {
			if !e.free.solve(delta, e, t, y, sigma) {
				return ErrNotConverged
			}
		} else {
			e.lin.solve(delta)
		}
		size := e.tol.norm(delta, x, y, e.tol.rtol, e.tol.atol)
		if !(size <= math.MaxFloat64) {
			return ErrNotConverged
		}
		for i, v := range delta {
			y[i] += v
		}
		theta := 0.0
		if it > 1 {
			if theta = size / last; theta < 1 {
				e.eta = theta / (1 - theta)
			}
		}
		if min(e.eta, 1)*size <= limit || theta > e.tol.hopeless && size <= e.tol.rounding() {
			for i, v := range y {
				k[i] = (v - psi[i]) * sigma
			}
			e.worst = max(e.worst, theta)
			return nil
		}
		if !(theta <= e.tol.hopeless) || it > 1 && e.eta*size*approx.Power(theta, e.tol.iterations-it-1) > limit {
			return ErrNotConverged
		}
		last = size
	}
	return ErrNotConverged
}

package pmp

import (
	"fmt"

	"github.com/costate-go/costate/internal/kernel"
)

// Interpolated observations. The continuous extension of a step from x_n of size h is
//
//	x(t_n + σh) = x_n + h Σ_i b_i(σ) k_i,
//
// so with g = ∂ℓ/∂x at an observation inside the step, the discrete costate becomes
//
//	μ_i = h b_i λ_{n+1} + h Σ_{j>i} a_ji ξ_j + h b_i(σ) g,    λ_n = λ_{n+1} + Σ_i ξ_i + g.
//
// The last stage of a first-same-as-last method is f(t_{n+1}, x_{n+1}), the first stage of the next step: what its b_i(σ)
// brings is added there, and only where no next step shares it is it pulled back on its own.

func (w *Sweeper) checkInterpolation() error {
	tab := w.method
	if !tab.FSAL || len(tab.Dense) != len(tab.C) {
		return fmt.Errorf("%w: interpolated observations need a first-same-as-last method whose continuous extension has no stages of its own, and %s is not one; take tsit5 or dopri5",
			ErrProblem, tab.Name())
	}
	if w.Problem.Running != nil {
		return fmt.Errorf("%w: observations cannot be interpolated where there is a running cost, whose quadrature ends with a step", ErrProblem)
	}
	return nil
}

// horizon is where the steps of a segment must end at the latest: after the last one there is nothing that they could
// run into, and nothing that should shorten them.
func (w *Sweeper) horizon(segment int) float64 {
	b := w.segs[segment].b
	if segment == len(w.segs)-1 && w.Settings.Steps <= 0 && w.Settings.Solver.Step == 0 {
		b += 1e3 * (w.Problem.T1 - w.Problem.T0)
	}
	return b
}

// uses reports whether the solution, a later stage or an interpolated state depends on stage i of a step, and on this
// step's evaluation of it.
func (w *Sweeper) uses(st *step, i int) bool {
	return w.feeds[i] || st.tail && i == len(w.feeds)-1
}

// extension returns b_i(σ) at a time in or before the step.
func (w *Sweeper) extension(st *step, i int, t float64) float64 {
	sigma, sum := (t-st.t)/st.h, 0.0
	row := w.method.Dense[i]
	for m := len(row) - 1; m >= 0; m-- {
		sum = (sum + row[m]) * sigma
	}
	return sum
}

// observe stores the states at the observations that the last step passed, and at t₁.
func (w *Sweeper) observe(tp *tape) {
	st := &tp.steps[len(tp.steps)-1]
	if len(tp.steps) > 1 {
		st.seen = tp.steps[len(tp.steps)-2].seen
	}
	st.tail = false
	end := st.t + st.h
	last := st.segment == len(w.segs)-1 && end >= w.Problem.T1
	for ; st.seen < len(w.Problem.Observations) && (last || w.Problem.Observations[st.seen].T <= end); st.seen++ {
		tp.seen = grow(tp.seen, (st.seen+1)*tp.n)
		w.interpolate(tp.seen[st.seen*tp.n:(st.seen+1)*tp.n], tp, st, w.Problem.Observations[st.seen].T)
	}
	if last {
		w.interpolate(tp.end, tp, st, w.Problem.T1)
	}
}

func (w *Sweeper) interpolate(dst []float64, tp *tape, st *step, t float64) {
	var a [maxStages]float64
	var k [maxStages][]float64
	for i := range w.method.C {
		a[i], k[i] = st.h*w.extension(st, i, t), tp.rate(st.record(i))
	}
	s := len(w.method.C)
	kernel.Combine(dst, tp.state(st.first), a[:s], k[:s])
}

// maxStages is more than any first-same-as-last method here has.
const maxStages = 32

// observationCosts is the cost of the interpolated states.
func (w *Sweeper) observationCosts(tp *tape) (sum float64) {
	for o := range w.Problem.Observations {
		sum += w.Problem.Observations[o].Cost.Eval(nil, tp.seen[o*tp.n:(o+1)*tp.n], tp.lo, tp.batch)
	}
	return sum
}

// interpolatedJumps stores the gradients of all costs at interpolated states and finds the steps whose last stage nobody
// shares. lam, the gradient at t₁, becomes the costate at the end of the last step, which is zero.
func (w *Sweeper) interpolatedJumps(tp *tape, lam []float64) {
	n, count := tp.n, len(w.Problem.Observations)
	tp.jumps = grow(tp.jumps, (count+1)*n)
	clear(tp.jumps)
	for o := range w.Problem.Observations {
		w.Problem.Observations[o].Cost.Eval(tp.jumps[o*n:(o+1)*n], tp.seen[o*n:(o+1)*n], tp.lo, tp.batch)
	}
	copy(tp.jumps[count*n:], lam)
	clear(lam)
	for k := range tp.steps {
		lo, hi := w.jumpsOf(tp, k)
		shared := k+1 < len(tp.steps) && tp.steps[k+1].first == tp.steps[k].record(len(w.method.C)-1)
		tp.steps[k].tail = hi > lo && !shared
	}
}

// jumpsOf returns the range of the jumps inside step k, t₁ being that after the last observation.
func (w *Sweeper) jumpsOf(tp *tape, k int) (lo, hi int) {
	if k > 0 {
		lo = tp.steps[k-1].seen
	}
	hi = tp.steps[k].seen
	if k == len(tp.steps)-1 {
		hi++
	}
	return lo, hi
}

// jumpTime is where a jump lies.
func (w *Sweeper) jumpTime(o int) float64 {
	if o < len(w.Problem.Observations) {
		return w.Problem.Observations[o].T
	}
	return w.Problem.T1
}

// addJumps adds h b_i(σ) g over the jumps inside step k to μ_i; to the first stage what the step before has for its last.
func (w *Sweeper) addJumps(tp *tape, k, i int, mu []float64) {
	w.pull(tp, k, i, mu)
	last := len(w.method.C) - 1
	if i == 0 && k > 0 && tp.steps[k].first == tp.steps[k-1].record(last) {
		w.pull(tp, k-1, last, mu)
	}
}

func (w *Sweeper) pull(tp *tape, k, i int, mu []float64) {
	lo, hi := w.jumpsOf(tp, k)
	st := &tp.steps[k]
	for o := lo; o < hi; o++ {
		kernel.Axpy(mu, st.h*w.extension(st, i, w.jumpTime(o)), tp.jumps[o*tp.n:(o+1)*tp.n])
	}
}

// jump adds g over the jumps inside step k to the costate.
func (w *Sweeper) jump(tp *tape, k int, lam []float64) {
	lo, hi := w.jumpsOf(tp, k)
	for o := lo; o < hi; o++ {
		kernel.Add(lam, tp.jumps[o*tp.n:(o+1)*tp.n])
	}
}

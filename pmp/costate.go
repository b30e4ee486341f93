package pmp

import (
	"context"
	"math"

	"github.com/costate-go/costate/internal/kernel"
)

// Backward integrates the costate of tr backward over the steps of its forward sweep and stores ∇J. On a step
// from x_n of size h with stages X_i and λ = −p,
//
//	μ_i = h b_i λ_{n+1} + h Σ_{j>i} a_ji ξ_j,   ξ_i = f_x(X_i)ᵀ μ_i + h b_i L_x(X_i),   i = s … 1,
//	λ_n = λ_{n+1} + Σ_i ξ_i,                    ∇J += Σ_i f_θ(X_i)ᵀ μ_i + h b_i L_θ(X_i),
//
// and λ jumps by ∂ℓ_k/∂x at observations. No division by b_i: Dormand–Prince has b₂ = 0 (Hager, Numerische
// Mathematik 87, 2000; Sanz-Serna, SIAM Review 58, 2016). The step sequence is frozen, the controller is not
// differentiated.
func (w *Sweeper) Backward(tr *Trajectory) {
	if tr.lent {
		panic("pmp: Backward of what Gradient or Evaluate swept")
	}
	w.beginBack(tr)
	w.unbind()
	w.parallel(len(tr.shards), w.backward)
	w.totalGradient(tr)
}

// beginBack makes room for the gradients of all shards.
func (w *Sweeper) beginBack(tr *Trajectory) {
	w.tr = tr
	w.partial = grow(w.partial, len(tr.shards)*len(tr.StateGrad))
}

// totalGradient adds the gradients of all shards up.
func (w *Sweeper) totalGradient(tr *Trajectory) {
	size := len(tr.StateGrad)
	clear(tr.StateGrad)
	for k := range tr.shards {
		for i, v := range w.partial[k*size : (k+1)*size] {
			tr.StateGrad[i] += v
		}
		tr.Work.Add(w.costs[k].back)
		if err := w.costs[k].backErr; err != nil && tr.err == nil {
			tr.err = err
			tr.StateGrad[0] = math.NaN()
		}
	}
	for i := range tr.StateGrad {
		tr.StateGrad[i] /= float64(tr.samples)
	}
	copy(tr.Grad, tr.StateGrad)
	w.mesh.cost(tr.Grad, tr.Theta)
	tr.back = true
}

// backwardTape takes the costate of shard k back along its tape.
func (w *Sweeper) backwardTape(ln *Lane, tp *tape, k int) {
	size, c := w.NumControls(), &w.costs[k]
	g := w.partial[k*size : (k+1)*size]
	clear(g)
	switch {
	case w.Settings.Costate.continuous():
		c.back, c.backErr = w.backwardContinuous(context.Background(), ln, w.tr, tp, g)
	case w.reversible != nil:
		c.back, c.backErr = w.backwardReversible(ln, w.tr, tp, g), nil
	default:
		c.back, c.backErr = w.backwardShard(ln, w.tr, tp, g)
	}
}

func (w *Sweeper) backwardShard(ln *Lane, tr *Trajectory, tp *tape, grad []float64) (work Work, err error) {
	if w.Settings.Costate.again() {
		return w.backwardCheckpointed(ln, tr, tp, grad), nil
	}
	lam := ln.lam[:tp.n]
	ln.turn(tp)
	if w.rosenbrock != nil {
		tp.records = len(tp.steps) // without the points of an earlier way back
	}
	if tp.points {
		w.clearIdle(ln, tp)
	}
	w.terminalGradient(tp, lam)
	copy(tp.costate(len(tp.steps)), lam)
	if w.Settings.Interpolate {
		w.interpolatedJumps(tp, lam)
	}
	current := -1
	for k := len(tp.steps) - 1; k >= 0; k-- {
		st := &tp.steps[k]
		if st.segment != current {
			// The end of this step is the end of its segment: pass its observation and constraints.
			x := tp.end
			if k+1 < len(tp.steps) {
				x = tp.before(k + 1)
			}
			current = st.segment
			w.setSegment(ln, current)
			w.passEnd(ln, tr, tp, current, x, lam, grad)
		}
		if st.met > 0 {
			calls, err := w.crossBack(ln, tr, tp, k, lam, grad)
			if work.Backward += calls; err != nil {
				return work, err
			}
		}
		switch {
		case w.gamma != 0:
			work.Backward += w.backImplicit(ln, tr, tp, k, lam, grad)
		case w.rosenbrock != nil:
			work.Backward += w.backRosenbrock(ln, tr, tp, k, lam, grad)
		default:
			work.Backward += w.backStep(ln, tr, tp, k, lam, grad)
		}
		copy(tp.costate(k), lam)
		if k == 0 || tp.steps[k-1].segment != current {
			w.passStart(ln, tr, tp, current, tp.before(k), lam, grad)
		}
	}
	w.release(ln, grad)
	return work, nil
}

// clearIdle zeroes the μ of records, but for those that backStep will store anyway.
func (w *Sweeper) clearIdle(ln *Lane, tp *tape) {
	ln.stored = grow(ln.stored[:0], tp.records)
	clear(ln.stored)
	if w.gamma == 0 && w.rosenbrock == nil {
		for k := range tp.steps {
			st := &tp.steps[k]
			for i := range w.feeds {
				if w.uses(st, i) {
					ln.stored[st.record(i)] = true
				}
			}
		}
	}
	for r, stored := range ln.stored {
		if !stored {
			clear(tp.adj(r))
		}
	}
}

// passEnd takes the costate across what happens at the end of a segment, where the states are x.
func (w *Sweeper) passEnd(ln *Lane, tr *Trajectory, tp *tape, segment int, x, lam, grad []float64) {
	sg := &w.segs[segment]
	if sg.jump >= 0 {
		x = w.leapBack(ln, tr, tp, sg, lam, grad)
	}
	if sg.obs >= 0 {
		w.Problem.Observations[sg.obs].Cost.Eval(lam, x, tp.lo, tp.batch)
	}
	w.pathGradients(ln, tr, tp, sg.elem, sg.pb, before, x, lam, grad)
}

// passStart takes the costate across what happens at the start of a segment.
func (w *Sweeper) passStart(ln *Lane, tr *Trajectory, tp *tape, segment int, x, lam, grad []float64) {
	sg := &w.segs[segment]
	w.pathGradients(ln, tr, tp, sg.elem, sg.pa, after, x, lam, grad)
}

// terminalGradient stores the gradient of what the final states cost.
func (w *Sweeper) terminalGradient(tp *tape, lam []float64) {
	clear(lam)
	if w.Problem.Terminal != nil {
		w.Problem.Terminal.Eval(lam, tp.end, tp.lo, tp.batch)
	}
	for _, c := range w.Problem.Constraints {
		c.eval(lam, tp.end, tp.batch)
	}
}

// hold lets the evaluator sum the gradients of a node itself, of so many evaluations that it loses no digits.
func (w *Sweeper) hold(ln *Lane, node int, grad []float64) {
	const most = 64
	if ln.holder == nil || ln.held == node && ln.holds < most {
		ln.holds++
		return
	}
	w.release(ln, grad)
	ln.holder.Hold()
	ln.held, ln.holds = node, 1
}

// release adds what the evaluator holds to the gradient of its node.
func (w *Sweeper) release(ln *Lane, grad []float64) {
	if ln.held >= 0 {
		ln.holder.Release(w.mesh.node(grad, ln.held))
		ln.held = -1
	}
}

// follower is a later stage whose state holds a_ji k_i.
type follower struct {
	j int
	a float64
}

// stageAdjoint stores μ_i = h b_i λ + h Σ_{j>i} a_ji ξ_j in mu.
func (w *Sweeper) stageAdjoint(ln *Lane, st *step, i int, lam, mu []float64) {
	b, n := st.h*w.method.B[i], len(mu)
	if n <= 4 { // the call of a kernel would take longer
		for s, l := range lam {
			mu[s] = b * l
		}
		for _, f := range w.followers[i] {
			if w.uses(st, f.j) {
				c := st.h * f.a
				for s, v := range ln.xi[f.j][:n] {
					mu[s] += c * v
				}
			}
		}
		return
	}
	a, terms := ln.coef[:0], ln.terms[:0]
	if b != 0 {
		a, terms = append(a, b), append(terms, lam)
	}
	for _, f := range w.followers[i] {
		if w.uses(st, f.j) {
			a, terms = append(a, st.h*f.a), append(terms, ln.xi[f.j][:n])
		}
	}
	kernel.Combine(mu, nil, a, terms)
}

// addStages adds Σ ξ_i to λ.
func (w *Sweeper) addStages(ln *Lane, st *step, lam []float64) {
	n := len(lam)
	if n <= 4 {
		for i := range w.feeds {
			if w.uses(st, i) {
				for s, v := range ln.xi[i][:n] {
					lam[s] += v
				}
			}
		}
		return
	}
	a, terms := ln.coef[:0], ln.terms[:0]
	for i := range w.feeds {
		if w.uses(st, i) {
			a, terms = append(a, 1), append(terms, ln.xi[i][:n])
		}
	}
	kernel.Combine(lam, lam, a, terms)
}

// backStep takes the costate across step k.
func (w *Sweeper) backStep(ln *Lane, tr *Trajectory, tp *tape, k int, lam, grad []float64) (calls int) {
	tab, st := w.method, &tp.steps[k]
	for i := len(tab.C) - 1; i >= 0; i-- {
		if !w.uses(st, i) {
			continue // neither the solution nor a later stage uses it
		}
		r := st.record(i)
		xi, mu := ln.xi[i][:tp.n], ln.mu
		switch {
		case mu != nil:
		case tp.points:
			mu = tp.adj(r)
		default:
			ln.vec = grow(ln.vec, tp.n)
			mu = ln.vec
		}
		w.stageAdjoint(ln, st, i, lam, mu)
		if w.Settings.Interpolate {
			w.addJumps(tp, k, i, mu)
		}
		t, elem, x := tp.t[r], tp.elem[r], tp.before(k)
		if tp.states {
			x = tp.state(r)
		}
		u := w.bindAt(ln, tr.Theta, elem, t)
		first, _, weights := w.mesh.weights(elem, t)
		target, split := w.mesh.node(grad, first), weights != [4]float64{1}
		if split {
			target = ln.gtheta
			clear(target)
		}
		w.hold(ln, first, grad)
		if tp.keepLen > 0 {
			ln.keeper.VJPKept(xi, target, t, x, mu, tp.kept(r))
		} else {
			ln.ev.VJP(xi, target, t, x, mu)
		}
		calls++
		if w.Problem.Running != nil && tab.B[i] != 0 {
			w.Problem.Running.Eval(xi, target, st.h*tab.B[i], t, x, u, tp.lo, tp.batch)
		}
		if split {
			w.mesh.spread(grad, elem, t, target)
		}
	}
	w.addStages(ln, st, lam)
	if w.Settings.Interpolate {
		w.jump(tp, k, lam)
	}
	return calls
}

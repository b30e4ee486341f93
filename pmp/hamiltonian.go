package pmp

import (
	"math"

	"github.com/costate-go/costate/internal/kernel"
)

// Hamiltonian returns the times at which the accepted steps of the first shard begin, ascending, and the mean over the
// shard's samples of H(t, x, p, θ) = p·f − L − (½ν|θ|² + β|θ|₁) there, right after the jumps of p. It needs a backward sweep
// that keeps the points; without one, with the checkpointed costate and after Gradient both are nil.
func (w *Sweeper) Hamiltonian(tr *Trajectory) (t, h []float64) {
	if !tr.back || tr.sparse || len(tr.shards) == 0 {
		return nil, nil
	}
	return w.hamiltonianShard(&tr.shards[0], tr.Theta)
}

func (w *Sweeper) hamiltonianShard(tp *tape, theta []float64) (t, h []float64) {
	ln := w.lanes[0]
	ln.enter(tp)
	for k := range tp.steps {
		st := &tp.steps[k]
		t = append(t, st.t)
		h = append(h, w.hamiltonianAt(ln, tp, theta, st, k))
	}
	return t, h
}

// hamiltonianAt is the mean of H at the start of a step.
func (w *Sweeper) hamiltonianAt(ln *Lane, tp *tape, theta []float64, st *step, k int) float64 {
	u := w.mesh.at(ln.theta, theta, w.segs[st.segment].elem, st.t)
	return w.meanH(tp, st.t, tp.before(k), tp.rateBefore(k), tp.costate(k), u)
}

// meanH is the mean over a shard of −λ·f − L − ½ν|u|² − β|u|₁.
func (w *Sweeper) meanH(tp *tape, t float64, x, f, lam, u []float64) float64 {
	sum := -kernel.Dot(lam, f)
	if w.Problem.Running != nil {
		sum -= w.Problem.Running.Eval(nil, nil, 0, t, x, u, tp.lo, tp.batch)
	}
	sum /= float64(tp.batch)
	if w.mesh.costless() {
		return sum
	}
	for _, v := range u {
		sum -= w.mesh.price(v)
	}
	return sum
}

// MeanHamiltonian is the average of H over time and samples.
func (w *Sweeper) MeanHamiltonian(tr *Trajectory) float64 {
	ln := w.lanes[0]
	total := 0.0
	for i := range tr.shards {
		tp := &tr.shards[i]
		if tr.sparse {
			total += tp.hamiltonian
			continue
		}
		total += w.integrateH(ln, tp, tr.Theta)
	}
	return total / float64(tr.samples) / (w.Problem.T1 - w.Problem.T0)
}

// integrateH is Σ h H over the steps of a shard, H summed over its samples.
func (w *Sweeper) integrateH(ln *Lane, tp *tape, theta []float64) float64 {
	ln.turn(tp)
	sum := 0.0
	for k := range tp.steps {
		st := &tp.steps[k]
		sum += min(st.h, w.Problem.T1-st.t) * w.hamiltonianAt(ln, tp, theta, st, k)
	}
	return sum * float64(tp.batch)
}

// Drift is the largest variation of H between jumps of the costate or the dynamics, relative to 1 + max|H|. It
// vanishes, up to the solver's error, where f, L and the control don't depend on time; along a control on a mesh it
// also measures how far the control is from optimal. It is NaN where nothing but gradients came out, as after Gradient.
func (w *Sweeper) Drift(tr *Trajectory) float64 {
	if tr.sparse {
		return math.NaN()
	}
	worst, size := 0.0, 0.0
	ln := w.lanes[0]
	for i := range tr.shards {
		tp := &tr.shards[i]
		ln.enter(tp)
		lo, hi := math.Inf(1), math.Inf(-1)
		see := func(h float64) {
			lo, hi = min(lo, h), max(hi, h)
			worst, size = max(worst, hi-lo), max(size, math.Abs(h))
		}
		for k := range tp.steps {
			st := &tp.steps[k]
			see(w.hamiltonianAt(ln, tp, tr.Theta, st, k))
			if k > 0 && st.seen > tp.steps[k-1].seen || k == 0 && st.seen > 0 { // the costate jumps inside the step
				lo, hi = math.Inf(1), math.Inf(-1)
			}
			if k+1 < len(tp.steps) && tp.steps[k+1].segment == st.segment {
				if st.met > 0 {
					lo, hi = math.Inf(1), math.Inf(-1)
				}
				continue
			}
			// Just before the end of a segment, the costate has not jumped yet.
			see(w.hamiltonianBefore(ln, tr, tp, k+1))
			next := st.segment + 1
			if w.segs[st.segment].obs >= 0 || w.segs[st.segment].jump >= 0 || next < len(w.segs) && w.segs[next].restart && w.mesh.kind != PiecewiseConstant {
				lo, hi = math.Inf(1), math.Inf(-1)
			}
		}
	}
	return worst / (1 + size)
}

// costateBefore stores λ just before the end of step k−1, which ends a segment, in lam and returns the states there.
func (w *Sweeper) costateBefore(ln *Lane, tr *Trajectory, tp *tape, k int, lam []float64) (x []float64) {
	x = tp.end
	copy(lam, tp.costate(k))
	if k < len(tp.steps) {
		x = tp.before(k)
		w.passStart(ln, tr, tp, tp.steps[k].segment, x, lam, nil)
	}
	w.passEnd(ln, tr, tp, tp.steps[k-1].segment, x, lam, nil)
	if jump := w.segs[tp.steps[k-1].segment].jump; jump >= 0 {
		x = tp.leaps.at(jump)
	}
	return x
}

// hamiltonianBefore is the mean of H just before the end of step k−1, which ends a segment.
func (w *Sweeper) hamiltonianBefore(ln *Lane, tr *Trajectory, tp *tape, k int) float64 {
	st := &tp.steps[k-1]
	sg := &w.segs[st.segment]
	lam := ln.lam[:tp.n]
	x := w.costateBefore(ln, tr, tp, k, lam)
	ln.bound = -1
	u := w.bindAt(ln, tr.Theta, sg.elem, sg.b)
	w.setSegment(ln, st.segment)
	ln.fnew = grow(ln.fnew, tp.n)
	ln.ev.Eval(ln.fnew, sg.b, x)
	return w.meanH(tp, sg.b, x, ln.fnew, lam, u)
}

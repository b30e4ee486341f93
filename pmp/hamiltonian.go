package pmp

import "math"

// Hamiltonian returns the times of the accepted steps' starts, t₁ last, and there the mean over samples of
// H(t, x, p, θ) = p·f − L − (½ν|θ|² + β|θ|₁), right after the jumps of p. The trajectories of shards with steps
// of their own are taken from shard to shard at the shard's own times; only the first shard's times are
// returned, and H is that shard's mean. It needs a backward sweep.
func (w *Sweeper) Hamiltonian(tr *Trajectory) (t, h []float64) {
	if !tr.back || len(tr.shards) == 0 {
		return nil, nil
	}
	return w.hamiltonianShard(&tr.shards[0], tr.Theta)
}

func (w *Sweeper) hamiltonianShard(tp *tape, theta []float64) (t, h []float64) {
	ln := w.lanes[0]
	if ln.sample != nil {
		ln.sample.SetSamples(tp.lo)
	}
	for k := range tp.steps {
		st := &tp.steps[k]
		t = append(t, st.t)
		h = append(h, w.hamiltonianAt(ln, tp, theta, st, k))
	}
	return t, h
}

// hamiltonianAt is the mean of H at the start of a step.
func (w *Sweeper) hamiltonianAt(ln *lane, tp *tape, theta []float64, st *step, k int) float64 {
	r := st.first
	u := w.mesh.at(ln.theta, theta, w.segs[st.segment].elem, st.t)
	sum := 0.0
	for i, l := range tp.costate(k) {
		sum -= l * tp.rate(r)[i]
	}
	if w.Problem.Running != nil {
		sum -= w.Problem.Running.Eval(nil, nil, 0, st.t, tp.state(r), u, tp.lo, tp.batch)
	}
	sum /= float64(tp.batch)
	for _, v := range u {
		sum -= 0.5*w.mesh.l2*v*v + w.mesh.l1*math.Abs(v)
	}
	return sum
}

// MeanHamiltonian is the average of H over time and samples.
func (w *Sweeper) MeanHamiltonian(tr *Trajectory) float64 {
	ln := w.lanes[0]
	total := 0.0
	for i := range tr.shards {
		tp := &tr.shards[i]
		if ln.sample != nil {
			ln.sample.SetSamples(tp.lo)
		}
		sum := 0.0
		for k := range tp.steps {
			sum += tp.steps[k].h * w.hamiltonianAt(ln, tp, tr.Theta, &tp.steps[k], k)
		}
		total += sum * float64(tp.batch)
	}
	return total / float64(tr.samples) / (w.Problem.T1 - w.Problem.T0)
}

// Drift is the largest variation of H between jumps of the costate or the control, relative to 1 + max|H|. It
// vanishes, up to the solver's error, where f, L and the controls don't depend on time; along a control on a
// mesh it also measures how far the control is from optimal.
func (w *Sweeper) Drift(tr *Trajectory) float64 {
	worst, size := 0.0, 0.0
	for i := range tr.shards {
		tp := &tr.shards[i]
		_, h := w.hamiltonianShard(tp, tr.Theta)
		lo, hi := math.Inf(1), math.Inf(-1)
		segment := -1
		for k, v := range h {
			sg := tp.steps[k].segment
			if sg != segment && segment >= 0 && (w.segs[segment].obs >= 0 || w.segs[sg].restart && w.mesh.kind != PiecewiseConstant) {
				lo, hi = math.Inf(1), math.Inf(-1)
			}
			segment = sg
			lo, hi = min(lo, v), max(hi, v)
			worst = max(worst, hi-lo)
			size = max(size, math.Abs(v))
		}
	}
	return worst / (1 + size)
}

package pmp

import "math"

// slopes are the largest slope of H where no bound holds the control, and the largest that points inside at a bound, relative to
// slopeScale. Parameters that an L⁰ price keeps at zero have none.
func (w *Sweeper) slopes(tr *Trajectory) (inside, bound float64) {
	m, scale := w.mesh, w.slopeScale(tr)
	for j, mass := range m.mass {
		u, g := m.node(tr.Theta, j), m.node(tr.Grad, j)
		sphere := m.radius > 0 && m.onBound(u, 0)
		along, square := 0.0, 0.0 // slopes from the centre of a ball
		for i, v := range u {
			scale = max(scale, math.Abs(w.slope(tr, j, i)))
			if v == 0 && m.l0 > 0 {
				continue
			}
			right, left := m.slopesAt(v, -g[i]/mass)
			switch {
			case sphere:
				s := max(right, min(left, 0)) // zero where a kink holds v at zero
				along += s * v / m.radius
				square += s * s
			case v <= m.lower[i] && v >= m.upper[i]:
			case v <= m.lower[i]:
				bound = max(bound, right)
			case v >= m.upper[i]:
				bound = max(bound, -left)
			default:
				inside = max(inside, right, -left)
			}
		}
		if sphere {
			inside, bound = max(inside, math.Sqrt(max(square-along*along, 0))), max(bound, -along)
		}
	}
	if scale == 0 {
		scale = 1
	}
	return inside / scale, bound / scale
}

// slopesAt are the slopes of H to the right and to the left of v, where s is that of its smooth part.
func (m *mesh) slopesAt(v, s float64) (right, left float64) {
	right, left = s-m.l1, s-m.l1
	if v < 0 {
		right = s + m.l1
	}
	if v <= 0 {
		left = s + m.l1
	}
	return right, left
}

// scaleSamples is how many samples say what the size of slopes is.
const scaleSamples = 32

// slopeScale is the size that slopes of H have before a control is any good: without cancellation between samples, times, dynamics and prices, and
// with the costates that samples have which stay where they start. It is the largest
//
//	mean_s ∫ φ_j (|p_s·∂f/∂θ_i| + |∂L_s/∂θ_i| + |q_s·∂f/∂θ_i|) dt / m_j + ν|θ_ji| + β,   q_s = |∂Φ/∂x| + Σ_k |∂ℓ_k/∂x| at x_s(t₀),
//
// over nodes j and parameters i, the mean over some samples of the first shard. Whatever scales J, θ or t scales it like the slopes, and q keeps
// it from vanishing with p where every sample is fitted.
func (w *Sweeper) slopeScale(tr *Trajectory) (scale float64) {
	m, ln, tp := w.mesh, w.lanes[0], &tr.shards[0]
	stride := (tp.batch + scaleSamples - 1) / scaleSamples
	sums, one := make([]float64, len(tr.Theta)), &ln.one
	idle := w.idleCostates(tp)
	sampled := 0.0
	for s := 0; s < tp.batch; s += stride {
		sampled++
		ln.enter(tp)
		if ln.sample != nil {
			ln.sample.SetSamples(tp.lo + s)
		}
		w.eachPoint(ln, tp, func(st *step, r int) {
			t, elem := tp.t[r], w.segs[st.segment].elem
			u := w.bindAt(ln, tr.Theta, elem, t)
			gather(one.x, tp.state(r), tp.batch, s)
			first, count, weights := m.weights(elem, t)
			add := func(scale float64) {
				for k := range count {
					node := m.node(sums, first+k)
					for i, g := range ln.gtheta {
						node[i] += math.Abs(scale * weights[k] * g)
					}
				}
			}
			weight := tp.weight[r]
			if w.rosenbrock != nil {
				weight = st.h
			}
			gather(one.p, idle, tp.batch, s)
			clear(ln.gtheta)
			ln.ev.VJP(nil, ln.gtheta, t, one.x, one.p)
			add(weight)
			gather(one.p, tp.adj(r), tp.batch, s)
			clear(ln.gtheta)
			ln.ev.VJP(nil, ln.gtheta, t, one.x, one.p)
			add(1)
			if w.Problem.Running != nil && tp.weight[r] != 0 {
				clear(one.gx)
				clear(ln.gtheta)
				w.Problem.Running.Eval(one.gx, ln.gtheta, tp.weight[r], t, one.x, u, tp.lo+s, 1)
				add(1)
			}
		})
	}
	for j, mass := range m.mass {
		for i, v := range m.node(tr.Theta, j) {
			scale = max(scale, m.node(sums, j)[i]/(sampled*mass)+m.l2*math.Abs(v)+m.l1)
		}
	}
	return scale
}

// idleCostates are the sizes of the gradients of all costs of the states, where the states of a shard start.
func (w *Sweeper) idleCostates(tp *tape) []float64 {
	p, x := w.Problem, tp.state(tp.steps[0].first)
	sum, own := make([]float64, tp.n), make([]float64, tp.n)
	add := func(c Cost) {
		clear(own)
		c.Eval(own, x, tp.lo, tp.batch)
		for i, v := range own {
			sum[i] += math.Abs(v)
		}
	}
	if p.Terminal != nil {
		add(p.Terminal)
	}
	for _, o := range p.Observations {
		add(o.Cost)
	}
	return sum
}

// eachPoint visits the stages of a shard that the solution depends on, each once; of Rosenbrock methods the starts of steps.
func (w *Sweeper) eachPoint(ln *Lane, tp *tape, visit func(st *step, r int)) {
	segment := -1
	for k := range tp.steps {
		st := &tp.steps[k]
		if st.segment != segment {
			segment = st.segment
			w.setSegment(ln, segment)
		}
		if w.rosenbrock != nil { // whose points are those of differences, too
			visit(st, st.first)
			continue
		}
		for i := range w.method.C {
			if r := w.point(tp, k, i); r >= 0 {
				visit(st, r)
			}
		}
	}
}

package pmp

import (
	"math"
	"sort"
)

// ControlArc is a piece of one component of a control: an ArcKind's word: "lower", "upper", "zero" (at rest under an L¹
// price), "singular" (between the bounds, where H is linear in the control) or "interior".
type ControlArc struct {
	Component int     `json:"component"`
	Kind      string  `json:"kind"`
	From      float64 `json:"from"`
	To        float64 `json:"to"`
}

// shortest is the number of nodes that make an arc between two others; fewer are their transition.
const shortest = 3

// arcs are the pieces of the control of tr and the times at which it goes from one to the next.
func (w *Sweeper) arcs(tr *Trajectory) (arcs []ControlArc, switches []float64) {
	if w.mesh.kind == Constant || w.mesh.kind == CubicHermite || w.mesh.radius > 0 {
		return nil, nil
	}
	for i := range w.mesh.params {
		own := w.arcsOf(tr, i)
		for k := 1; k < len(own); k++ {
			switches = append(switches, own[k].From)
		}
		arcs = append(arcs, own...)
	}
	sort.Float64s(switches)
	return arcs, switches
}

// nodeTime is where a node's value belongs: its knot, or its interval's middle.
func (m *mesh) nodeTime(j int) float64 {
	if m.kind == PiecewiseLinear {
		return m.knots[j]
	}
	return 0.5 * (m.knots[j] + m.knots[j+1])
}

// run is a stretch of nodes of one kind.
type run struct {
	kind     ArcKind
	from, to int
}

func (w *Sweeper) arcsOf(tr *Trajectory, i int) []ControlArc {
	m := w.mesh
	var runs []run
	for j := range m.nodes {
		kind := w.nodeKind(m.node(tr.Theta, j)[i], i)
		if n := len(runs); n > 0 && runs[n-1].kind == kind {
			runs[n-1].to = j
		} else {
			runs = append(runs, run{kind, j, j})
		}
	}
	// Stretches too short for an arc are transitions; what is the same on both sides of one is one arc.
	var kept []run
	for k, r := range runs {
		if k > 0 && k < len(runs)-1 && r.to-r.from+1 < shortest {
			continue
		}
		if n := len(kept); n > 0 && kept[n-1].kind == r.kind {
			kept[n-1].to = r.to
		} else {
			kept = append(kept, r)
		}
	}
	arcs := make([]ControlArc, len(kept))
	for k, r := range kept {
		arcs[k] = ControlArc{Component: i, Kind: r.kind.String(), From: w.Problem.T0, To: w.Problem.T1}
		if k > 0 {
			t := w.switchTime(tr, i, kept[k-1], r)
			arcs[k-1].To, arcs[k].From = t, t
		}
	}
	return arcs
}

// nodeKind is the kind of arc that a value belongs to.
func (w *Sweeper) nodeKind(u float64, i int) ArcKind {
	m := w.mesh
	scale := m.upper[i] - m.lower[i]
	if math.IsInf(scale, 0) {
		scale = 1
	}
	switch {
	case u <= m.lower[i]+1e-6*scale:
		return LowerArc
	case u >= m.upper[i]-1e-6*scale:
		return UpperArc
	case !m.smooth() && math.Abs(u) <= 1e-3*scale:
		return ZeroArc
	case m.l2 == 0 && m.smooth():
		return SingularArc
	}
	return InteriorArc
}

// switchTime is where the control goes from run a to run b. Without a singular arc it is where the slope of H passes the value at
// which one formula of the maximizer follows the other. On a singular arc the slope says nothing; see ontoArc.
func (w *Sweeper) switchTime(tr *Trajectory, i int, a, b run) float64 {
	m := w.mesh
	switch {
	case b.kind == SingularArc:
		return w.ontoArc(tr, i, a.to, b.from, b.to-b.from, 1)
	case a.kind == SingularArc:
		return w.ontoArc(tr, i, b.from, a.to, a.to-a.from, -1)
	}
	t0, t1 := m.nodeTime(a.to), m.nodeTime(b.from)
	level := w.level(i, a.kind, b.kind)
	g0, g1 := w.slope(tr, a.to, i)-level, w.slope(tr, b.from, i)-level
	if g0*g1 < 0 {
		return t0 + (t1-t0)*g0/(g0-g1)
	}
	return 0.5 * (t0 + t1)
}

// ontoArc is the time between the node bang on a bound and the nearest node of a singular arc, of that length and going in the
// direction dir, at which a jump from the bound onto the arc leaves the integral of the control what it is: optimizers smear the
// jump over some nodes. The control of the arc is taken as the line through two nodes further inside.
func (w *Sweeper) ontoArc(tr *Trajectory, i, bang, nearest, length, dir int) float64 {
	m := w.mesh
	value := func(j int) float64 { return m.node(tr.Theta, j)[i] }
	from := func(j int) float64 { return math.Abs(m.nodeTime(j) - m.nodeTime(bang)) } // distances from the node on the bound
	shift := min(max(length/10, 3), length/2)
	one, two := nearest+dir*shift, nearest+dir*2*shift
	area := 0.0
	for j := bang; j != one; j += dir {
		area += 0.5 * (from(j+dir) - from(j)) * (value(j) + value(j+dir))
	}
	end, u0, u1 := from(one), value(bang), value(one)
	bend := 0.0
	if two != one {
		bend = (value(two) - u1) / (from(two) - end)
	}
	s := 0.5 * from(nearest)
	for range 20 {
		miss := u0*s + u1*(end-s) - 0.5*bend*(end-s)*(end-s) - area
		slope := u0 - u1 + bend*(end-s)
		if slope == 0 {
			break
		}
		s = min(max(s-miss/slope, 0), end)
	}
	return m.nodeTime(bang) + float64(dir)*s
}

// slope is ∂(p·f − L)/∂u at a node, the control's own price left out.
func (w *Sweeper) slope(tr *Trajectory, j, i int) float64 {
	m := w.mesh
	return -m.node(tr.Grad, j)[i]/m.mass[j] + m.l2*m.node(tr.Theta, j)[i]
}

// level is the slope at which the maximizer goes from one kind to the other.
func (w *Sweeper) level(i int, a, b ArcKind) float64 {
	m := w.mesh
	is := func(kind ArcKind) bool { return a == kind || b == kind }
	at := func(u float64) float64 { // on the side of the kink where u lies
		switch {
		case u > 0:
			return m.l2*u + m.l1
		case u < 0:
			return m.l2*u - m.l1
		}
		return 0
	}
	switch {
	case is(UpperArc) && is(LowerArc): // the slope at which both ends are worth the same
		lo, hi := m.lower[i], m.upper[i]
		return 0.5*m.l2*(hi+lo) + m.l1*(math.Abs(hi)-math.Abs(lo))/(hi-lo)
	case is(ZeroArc):
		if is(UpperArc) {
			return m.l1
		}
		if is(LowerArc) {
			return -m.l1
		}
		return 0
	case is(UpperArc):
		return at(m.upper[i])
	}
	return at(m.lower[i])
}

// atTheEnd measures transversality and the mean of H at t₁.
func (w *Sweeper) atTheEnd(tr *Trajectory) (transversality, final float64) {
	ln := w.lanes[0]
	for k := range tr.shards {
		tp := &tr.shards[k]
		ln.enter(tp)
		final += float64(tp.batch) * w.hamiltonianBefore(ln, tr, tp, len(tp.steps))
		lam := ln.lam[:tp.n]
		w.costateBefore(ln, tr, tp, len(tp.steps), lam)
		size := 0.0
		for _, v := range lam {
			size = max(size, math.Abs(v))
		}
		for _, c := range w.Problem.Constraints {
			for n, i := range c.Component {
				for _, x := range tp.end[i*tp.batch : (i+1)*tp.batch] {
					transversality = max(transversality, c.Sigma*math.Abs(x-c.Target[n])/(1+size))
				}
			}
		}
	}
	for k, c := range w.Problem.Paths {
		if !c.End {
			continue
		}
		w.Problem.eachPath(tr, k, func(s, _ int, g float64) {
			_, slope := c.lagrange(g, c.Mu[s])
			transversality = max(transversality, math.Abs(slope-c.Mu[s])/(1+math.Abs(slope)))
		})
	}
	return transversality, final / float64(tr.samples)
}

// autonomous tries whether f and L depend on time, at some points of the first shard.
func (w *Sweeper) autonomous(tr *Trajectory) bool {
	tp, ln := &tr.shards[0], w.lanes[0]
	ln.enter(tp)
	ln.fnew = grow(ln.fnew, tp.n)
	for k := 0; k < len(tp.steps); k += 1 + len(tp.steps)/5 {
		st := &tp.steps[k]
		sg := &w.segs[st.segment]
		w.setSegment(ln, st.segment)
		ln.bound = -1
		x, lam := tp.state(st.first), tp.costate(k)
		u := w.bindAt(ln, tr.Theta, sg.elem, st.t)
		at := func(t float64) float64 {
			ln.ev.Eval(ln.fnew, t, x)
			return w.meanH(tp, t, x, ln.fnew, lam, u)
		}
		if h := at(st.t); math.Abs(at(0.3*st.t+0.7*sg.b)-h) > 1e-9*(1+math.Abs(h)) {
			return false
		}
	}
	return true
}

// pathProducts are Σ w μ |g| and the least multiplier of the inequalities, means over samples and the worst.
func (p *Problem) pathProducts(tr *Trajectory) (products, least float64) {
	first := true
	for k, c := range p.Paths {
		n := c.slots(tr.mesh)
		p.eachPath(tr, k, func(s, slot int, g float64) {
			mu := c.Mu[s*n+slot]
			at, side := slot/2, slot%2
			if c.End {
				at, side = len(tr.mesh.points)-1, before
			}
			_, weight := c.slot(tr.mesh, at, side)
			products += weight * math.Abs(mu*g)
			if !c.Equality && (first || mu < least) {
				least, first = mu, false
			}
		})
	}
	return products / float64(tr.samples), least
}

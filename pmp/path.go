package pmp

import (
	"fmt"
	"math"
	"sort"

	"gonum.org/v1/gonum/floats"
)

// PathConstraint is the inequality g(t, x(t), θ(t)) ≤ 0, for every sample, at the knots of the control's mesh and at
// Times: with Mixed unset a constraint on the state, else one on state and control together. It adds
//
//	Σ_k w_k (max(0, μ_k + σ g_k)² − μ_k²) / 2σ
//
// to the cost that optimizers see (Rockafellar, 1973), where the weights w_k of the trapezoidal rule make the multipliers
// μ_k ≥ 0 those of ∫ μ g dt; AugmentedLagrangian updates them. The costate jumps at the points, p(t_k⁻) = p(t_k⁺) −
// w_k μ_k ∂g/∂x. Where a constraint on the state becomes active or is touched, μ has a peak of height 1/w_k: the mass of an atom.
type PathConstraint struct {
	// Name is for messages.
	Name string
	// G returns g. It is called by several goroutines at once and must keep none of its arguments.
	G func(t float64, x, u []float64) float64
	// Grad stores ∂g/∂x in gx (d) and ∂g/∂θ in gu (P); nil means central differences.
	Grad func(gx, gu []float64, t float64, x, u []float64)
	// Mixed says that g depends on the control. It is then held at both ends of every interval of a piecewise constant one.
	Mixed bool
	// Equality asks for g = 0 instead, with multipliers of either sign and the terms μ g + ½σ g².
	Equality bool
	// End holds the constraint at t₁ alone, with the weight 1.
	End bool
	// Times in (t₀, t₁) are further points where the constraint is held; steps end there.
	Times []float64
	// Mu are the multipliers, one sample's after the other's: see Problem.Path. Sigma is σ.
	Mu    []float64
	Sigma float64
}

// pathPoints sets the points of all path constraints: the knots and the constraints' own times.
func (p *Problem) pathPoints(m *mesh) error {
	if len(p.Paths) == 0 {
		return nil
	}
	points := append([]float64(nil), m.knots...)
	for k, c := range p.Paths {
		if c.G == nil {
			return fmt.Errorf("%w: path constraint %d (%s) has no function", ErrProblem, k, c.Name)
		}
		for _, t := range c.Times {
			if !(t > p.T0 && t < p.T1) {
				return fmt.Errorf("%w: path constraint %d (%s) names the time %g outside (%g, %g)", ErrProblem, k, c.Name, t, p.T0, p.T1)
			}
			points = append(points, t)
		}
	}
	sort.Float64s(points)
	m.points = points[:1]
	for _, t := range points[1:] {
		if t > m.points[len(m.points)-1] {
			m.points = append(m.points, t)
		}
	}
	return nil
}

// point is the index of the point at t, −1 where there is none.
func (m *mesh) point(t float64) int {
	if k := sort.SearchFloat64s(m.points, t); k < len(m.points) && m.points[k] == t {
		return k
	}
	return -1
}

// The sides of a point: values right after and right before it.
const (
	after  = 0
	before = 1
)

// slots is the number of multipliers for one sample: two for every point, of which some are not used.
func (c *PathConstraint) slots(m *mesh) int {
	if c.End {
		return 1
	}
	return 2 * len(m.points)
}

// slot is the multiplier for a side of a point and its weight, which is zero where the constraint is not held.
func (c *PathConstraint) slot(m *mesh, k, side int) (slot int, weight float64) {
	last := len(m.points) - 1
	if c.End {
		if k == last && side == before {
			return 0, 1
		}
		return 0, 0
	}
	left, right := 0.0, 0.0
	if k > 0 {
		left = 0.5 * (m.points[k] - m.points[k-1])
	}
	if k < last {
		right = 0.5 * (m.points[k+1] - m.points[k])
	}
	both := !c.Mixed || m.sloped() // nothing jumps: one value stands for both sides
	at := before
	if c.Mixed && k < last {
		at = after
	}
	switch {
	case both && (side != at || k == 0 && !c.Mixed): // the first state is given
		return 2*k + side, 0
	case both:
		return 2*k + side, left + right
	case side == after:
		return 2 * k, right
	}
	return 2*k + side, left
}

// pathSlots is the number of values of all constraints for one sample. Multipliers that are missing are made zero.
func (w *Sweeper) pathSlots() int {
	total := 0
	for _, c := range w.Problem.Paths {
		n := c.slots(w.mesh)
		if need := n * w.Problem.Samples(); len(c.Mu) < need {
			c.Mu = append(c.Mu, make([]float64, need-len(c.Mu))...)
		}
		total += n
	}
	return total
}

// lagrange returns the term of the augmented Lagrangian at g with the multiplier mu, and its derivative in g.
func (c *PathConstraint) lagrange(g, mu float64) (value, slope float64) {
	switch {
	case c.Sigma <= 0:
		return 0, 0
	case c.Equality:
		return g * (mu + 0.5*c.Sigma*g), mu + c.Sigma*g
	}
	slope = max(0, mu+c.Sigma*g)
	return (slope*slope - mu*mu) / (2 * c.Sigma), slope
}

// gap is by how much g misses what is asked for: feasibility and, with the multiplier, complementarity.
func (c *PathConstraint) gap(g, mu float64) (violation, total float64) {
	if c.Equality {
		return math.Abs(g), math.Abs(g)
	}
	violation = max(g, 0)
	if c.Sigma <= 0 {
		return violation, violation
	}
	return violation, math.Abs(max(g, -mu/c.Sigma))
}

// grad stores the derivatives of g in gx and gu. x and u are changed and restored when differences are taken.
func (c *PathConstraint) grad(gx, gu []float64, t float64, x, u []float64) {
	if c.Grad != nil {
		c.Grad(gx, gu, t, x, u)
		return
	}
	c.differences(gx, x, t, x, u)
	if clear(gu); c.Mixed {
		c.differences(gu, u, t, x, u)
	}
}

// differences stores central differences of g in the entries of at, which is x or u.
func (c *PathConstraint) differences(dst, at []float64, t float64, x, u []float64) {
	for i, v := range at {
		h := 6e-6 * (1 + math.Abs(v))
		at[i] = v + h
		up := c.G(t, x, u)
		at[i] = v - h
		dst[i] = (up - c.G(t, x, u)) / (2 * h)
		at[i] = v
	}
}

// pathValues evaluates all constraints on one side of the point k, where the states are x, and returns the terms of the
// augmented Lagrangian summed over samples.
func (w *Sweeper) pathValues(ln *Lane, tr *Trajectory, tp *tape, elem, k, side int, x []float64) float64 {
	if k < 0 {
		return 0
	}
	m, sum, first := w.mesh, 0.0, 0
	t := m.points[k]
	for _, c := range w.Problem.Paths {
		n := c.slots(m)
		if slot, weight := c.slot(m, k, side); weight > 0 {
			u := m.at(ln.theta, tr.Theta, elem, t)
			for s := range tp.batch {
				g := c.G(t, gather(ln.one.x, x, tp.batch, s), u)
				tp.g[(first+slot)*tp.batch+s] = g
				value, _ := c.lagrange(g, c.Mu[(tp.lo+s)*n+slot])
				sum += weight * value
			}
		}
		first += n
	}
	return sum
}

// pathGradients adds the gradients of the terms of pathValues to lam and grad.
func (w *Sweeper) pathGradients(ln *Lane, tr *Trajectory, tp *tape, elem, k, side int, x, lam, grad []float64) {
	if k < 0 {
		return
	}
	m, first := w.mesh, 0
	t := m.points[k]
	for _, c := range w.Problem.Paths {
		n := c.slots(m)
		slot, weight := c.slot(m, k, side)
		for s := 0; s < tp.batch && weight > 0; s++ {
			_, slope := c.lagrange(tp.g[(first+slot)*tp.batch+s], c.Mu[(tp.lo+s)*n+slot])
			if slope == 0 {
				continue
			}
			u := ln.one.u
			copy(u, m.at(ln.theta, tr.Theta, elem, t))
			c.grad(ln.one.gx, ln.one.gu, t, gather(ln.one.x, x, tp.batch, s), u)
			for i, v := range ln.one.gx {
				lam[i*tp.batch+s] += weight * slope * v
			}
			if !c.Mixed || grad == nil {
				continue
			}
			floats.Scale(weight*slope, ln.one.gu)
			m.spread(grad, elem, t, ln.one.gu)
		}
		first += n
	}
}

// one holds a sample and its gradients.
type one struct{ x, u, p, y, gx, gu []float64 }

// gather copies sample s of x into dst.
func gather(dst, x []float64, batch, s int) []float64 {
	for i := range dst {
		dst[i] = x[i*batch+s]
	}
	return dst
}

// mixed reports whether some constraint, jump or event depends on the control: then the slopes of frozen points are not all.
func (p *Problem) mixed() bool {
	if len(p.Jumps)+len(p.Events) > 0 {
		return true
	}
	for _, c := range p.Paths {
		if c.Mixed {
			return true
		}
	}
	return false
}

// eachPath visits the values of constraint number c that a sweep left behind.
func (p *Problem) eachPath(tr *Trajectory, c int, visit func(sample, slot int, g float64)) {
	first := 0
	for _, other := range p.Paths[:c] {
		first += other.slots(tr.mesh)
	}
	n := p.Paths[c].slots(tr.mesh)
	for k := range tr.shards {
		tp := &tr.shards[k]
		for s := range tp.batch {
			for slot := range n {
				if g := tp.g[(first+slot)*tp.batch+s]; !math.IsNaN(g) {
					visit(tp.lo+s, slot, g)
				}
			}
		}
	}
}

// PathPoint is what a path constraint does at one point for one sample.
type PathPoint struct {
	T float64
	// G is g, Mu the multiplier; Weight·Mu is the impulse that the costate takes.
	G, Mu, Weight float64
}

// Path returns the points of constraint number c (of Problem.Paths) for a sample, in the order of time.
func (p *Problem) Path(tr *Trajectory, c, sample int) []PathPoint {
	m, pc := tr.mesh, p.Paths[c]
	var out []PathPoint
	p.eachPath(tr, c, func(s, slot int, g float64) {
		if s != sample {
			return
		}
		k, side := slot/2, slot%2
		if pc.End {
			k, side = len(m.points)-1, before
		}
		_, weight := pc.slot(m, k, side)
		out = append(out, PathPoint{T: m.points[k], G: g, Mu: pc.Mu[s*pc.slots(m)+slot], Weight: weight})
	})
	sort.SliceStable(out, func(i, j int) bool { return out[i].T < out[j].T })
	// Of the two sides of a point, the one before comes first.
	for i := 1; i < len(out); i++ {
		if out[i].T == out[i-1].T {
			out[i-1], out[i] = out[i], out[i-1]
		}
	}
	return out
}

// PathViolation is the largest violation of the path constraints along tr, and the largest with complementarity:
// max |max(g, −μ/σ)|.
func (p *Problem) PathViolation(tr *Trajectory) (violation, total float64) {
	for k, c := range p.Paths {
		n := c.slots(tr.mesh)
		p.eachPath(tr, k, func(s, slot int, g float64) {
			v, both := c.gap(g, c.Mu[s*n+slot])
			violation, total = max(violation, v), max(total, both)
		})
	}
	return violation, total
}

// updatePaths takes the multipliers to those of the augmented Lagrangian at tr.
func (p *Problem) updatePaths(tr *Trajectory) {
	for k, c := range p.Paths {
		n := c.slots(tr.mesh)
		p.eachPath(tr, k, func(s, slot int, g float64) {
			_, c.Mu[s*n+slot] = c.lagrange(g, c.Mu[s*n+slot])
		})
	}
}

package pmp

import "math"

// Newton maximizes H̃ over a few parameters by Newton's method with second derivatives from central differences of ∂H̃/∂u, for controls that
// enter in any smooth way. Where H̃ is not concave its curvature is made so by a multiple of the identity; a step that does not
// raise H̃ is halved, and bounds are held by projection (Bertsekas, SIAM J. Control Optim. 20 (1982) 221–246).
type Newton struct {
	// Inner is the number of steps; 0 means 10. They end when a step changes u by less than 1e-13 of its size.
	Inner int

	nodes []newtonNode
}

type newtonNode struct {
	hess, a, g, up, down, x, trial []float64
	free                           []int
}

// Name implements Maximizer.
func (*Newton) Name() string { return "newton" }

// Prepare implements Maximizer.
func (n *Newton) Prepare(w *Sweeper) error {
	if err := w.mesh.smoothBox("newton"); err != nil {
		return err
	}
	n.nodes = make([]newtonNode, len(w.lanes))
	for i := range n.nodes {
		p := w.mesh.params
		vector := func() []float64 { return make([]float64, p) }
		n.nodes[i] = newtonNode{hess: make([]float64, p*p), a: make([]float64, p*p), g: vector(), up: vector(), down: vector(), x: vector(), trial: vector()}
	}
	return nil
}

// MaximizeNode implements Maximizer.
func (n *Newton) MaximizeNode(f *Frozen, ln *Lane, j int, u []float64) {
	inner := n.Inner
	if inner == 0 {
		inner = 10
	}
	nd := &n.nodes[ln.index]
	value := f.ValueNode(ln, j, u)
	for range inner {
		nd.expand(f, ln, j, u)
		step := nd.direction(f.w.mesh, u)
		size, moved := 0.0, false
		for _, v := range u {
			size = max(size, math.Abs(v))
		}
		for alpha := 1.0; step && alpha > 1e-6; alpha /= 2 {
			change := 0.0
			for i, v := range u {
				nd.trial[i] = v + alpha*nd.x[i]
			}
			f.w.mesh.clipNode(nd.trial)
			for i, v := range u {
				change = max(change, math.Abs(nd.trial[i]-v))
			}
			if change <= 1e-13*(1+size) {
				break
			}
			if v := f.ValueNode(ln, j, nd.trial); v > value {
				copy(u, nd.trial)
				value, moved = v, true
				break
			}
		}
		if !moved {
			return
		}
	}
}

// expand stores ∂H̃/∂u in g and −∂²H̃/∂u² in hess.
func (nd *newtonNode) expand(f *Frozen, ln *Lane, j int, u []float64) {
	p := len(u)
	copy(nd.trial, u)
	for c, v := range u {
		h := 6e-6 * (1 + math.Abs(v))
		nd.trial[c] = v + h
		f.GradientNode(ln, nd.up, j, nd.trial)
		nd.trial[c] = v - h
		f.GradientNode(ln, nd.down, j, nd.trial)
		nd.trial[c] = v
		for r := range p {
			nd.hess[r*p+c] = -(nd.up[r] - nd.down[r]) / (2 * h)
		}
	}
	symmetrize(nd.hess, p)
	f.GradientNode(ln, nd.g, j, u)
}

// direction stores Newton's step over the parameters that no bound holds in x, and reports whether there is one.
func (nd *newtonNode) direction(m *mesh, u []float64) bool {
	p := len(u)
	nd.free = nd.free[:0]
	scale := 0.0
	for i, v := range u {
		if v <= m.lower[i] && nd.g[i] < 0 || v >= m.upper[i] && nd.g[i] > 0 {
			continue
		}
		nd.free = append(nd.free, i)
		for k := range p {
			scale = max(scale, math.Abs(nd.hess[i*p+k]))
		}
	}
	k := len(nd.free)
	if k == 0 {
		return false
	}
	for shift := 0.0; shift <= 1e8*(scale+1e-300); shift = max(10*shift, 1e-6*(scale+1e-300)) {
		for r, i := range nd.free {
			for c, l := range nd.free {
				nd.a[r*k+c] = nd.hess[i*p+l]
			}
			nd.a[r*k+r] += shift
			nd.up[r] = nd.g[i]
		}
		if !solveSymmetric(nd.up[:k], nd.a[:k*k], k, 1) {
			continue
		}
		clear(nd.x)
		for r, i := range nd.free {
			nd.x[i] = nd.up[r]
		}
		return allFinite(nd.x)
	}
	return false
}

package pmp

import (
	"fmt"
	"math"

	"github.com/costate-go/costate/internal/rng"
)

// Ridge maximizes H̃ in closed form where the parameters enter f linearly, as the coefficients of a library of terms do: with E-MSA's
// penalty that is ridge regression of the vector field against the costate,
//
//	(ρ Σ φ h f_θᵀf_θ + m(ν + 2ε)I) δ = ∂H̃/∂u,
//
// one linear system per node, solved exactly. Bounds make it a quadratic program over a box, for which coordinates are
// maximized in turn, from the clipped solution, until they settle. L must not depend on the parameters.
type Ridge struct {
	nodes []ridgeNode
}

type ridgeNode struct {
	gn, a, g, x []float64
}

// Name implements Maximizer.
func (*Ridge) Name() string { return "ridge" }

// Prepare implements Maximizer.
func (r *Ridge) Prepare(w *Sweeper) error {
	if err := w.mesh.smoothBox("ridge"); err != nil {
		return err
	}
	if !w.lanes[0].hasJacobian() {
		return fmt.Errorf("%w: ridge needs a field with parameter Jacobians; use lbfgs", ErrMaximizer)
	}
	if !w.linear() {
		return fmt.Errorf("%w: the parameters do not enter f linearly, as ridge needs; use levenberg-marquardt or newton", ErrMaximizer)
	}
	p := w.mesh.params
	r.nodes = make([]ridgeNode, len(w.lanes))
	for i := range r.nodes {
		r.nodes[i] = ridgeNode{gn: make([]float64, p*p), a: make([]float64, p*p), g: make([]float64, p), x: make([]float64, p)}
	}
	return nil
}

// linear tries whether f at the first initial states is affine in the parameters.
func (w *Sweeper) linear() bool {
	n, d, p := w.Problem.Samples(), w.Problem.Field.Dim(), w.mesh.params
	batch := min(n, w.width)
	ln := w.lanes[0]
	ln.enter(&tape{})
	w.setSegment(ln, 0)
	x, src := make([]float64, d*batch), rng.New(1)
	for i := range d {
		copy(x[i*batch:(i+1)*batch], w.Problem.X0[i*n:])
	}
	var theta, rate [3][]float64
	for k := range 3 {
		theta[k], rate[k] = make([]float64, p), make([]float64, len(x))
		for i := range theta[k] {
			if theta[k][i] = 0.5 + src.Float64(); k == 2 {
				theta[k][i] = 0.5 * (theta[0][i] + theta[1][i])
			}
		}
		ln.ev.Bind(theta[k])
		ln.ev.Eval(rate[k], w.Problem.T0, x)
	}
	for i, v := range rate[2] {
		if math.Abs(v-0.5*(rate[0][i]+rate[1][i])) > 1e-9*(1+math.Abs(v)) {
			return false
		}
	}
	return true
}

// smoothBox refuses prices with kinks and balls.
func (m *mesh) smoothBox(name string) error {
	if !m.smooth() || m.radius > 0 {
		return fmt.Errorf("%w: %s needs a smooth control cost and no radius, and L1 = %g, L0 = %g", ErrMaximizer, name, m.l1, m.l0)
	}
	return nil
}

// MaximizeNode implements Maximizer.
func (r *Ridge) MaximizeNode(f *Frozen, ln *Lane, j int, u []float64) {
	nd, p, m := &r.nodes[ln.index], len(u), f.w.mesh
	f.GaussNewtonNode(ln, nd.gn, nd.g, j, u)
	trace := 0.0
	for i := range p {
		trace += nd.gn[i*p+i]
		for k := range i {
			nd.gn[k*p+i] = nd.gn[i*p+k]
		}
	}
	if !(trace > 0) || math.IsInf(trace, 0) {
		return
	}
	for i := range p { // terms that never occur have no equation
		nd.gn[i*p+i] += 1e-14 * trace
	}
	copy(nd.a, nd.gn)
	copy(nd.x, nd.g)
	if !solveSymmetric(nd.x, nd.a, p, 1) || !allFinite(nd.x) {
		return
	}
	inside := true
	for i, v := range u {
		t := v + nd.x[i]
		nd.x[i] = min(max(t, m.lower[i]), m.upper[i]) - v
		inside = inside && t >= m.lower[i] && t <= m.upper[i]
	}
	if !inside {
		nd.coordinates(m, u)
	}
	axpy(u, 1, nd.x)
	m.clipNode(u)
}

// coordinates maximizes g·x − ½xᵀ(gn)x over the box, one coordinate after the other.
func (nd *ridgeNode) coordinates(m *mesh, u []float64) {
	const passes = 1000
	p := len(u)
	for range passes {
		moved, size := 0.0, 0.0
		for i, v := range u {
			slope := nd.g[i]
			for k, x := range nd.x {
				slope -= nd.gn[i*p+k] * x
			}
			x := min(max(v+nd.x[i]+slope/nd.gn[i*p+i], m.lower[i]), m.upper[i]) - v
			moved, size = max(moved, math.Abs(x-nd.x[i])), max(size, math.Abs(x))
			nd.x[i] = x
		}
		if moved <= 1e-13*size {
			return
		}
	}
}

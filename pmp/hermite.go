package pmp

import (
	"fmt"

	"github.com/costate-go/costate/internal/kernel"
)

// A cubic Hermite control has two nodes per knot t_k: the value there, and the slope times the mean width of the intervals beside it, so that both have
// the same unit. On an interval of width h, with s = (t − t_k)/h, the four functions are (1 + 2s)(1 − s)², s(1 − s)², s²(3 − 2s) and s²(s − 1), the
// second and the last times h over the mean width.

// sloped reports whether a control changes within an interval.
func (m *mesh) sloped() bool { return m.kind == PiecewiseLinear || m.kind == CubicHermite }

// width is the mean width of the intervals beside knot k.
func (m *mesh) width(k int) float64 {
	last := len(m.knots) - 1
	switch k {
	case 0:
		return m.knots[1] - m.knots[0]
	case last:
		return m.knots[last] - m.knots[last-1]
	}
	return 0.5 * (m.knots[k+1] - m.knots[k-1])
}

// hermite returns the values of the four functions of element e at s in [0, 1], and their derivatives in s.
func (m *mesh) hermite(e int, s float64) (w, d [4]float64) {
	h := m.knots[e+1] - m.knots[e]
	a, b := h/m.width(e), h/m.width(e+1)
	r := 1 - s
	w = [4]float64{(1 + 2*s) * r * r, a * s * r * r, s * s * (3 - 2*s), -b * s * s * r}
	d = [4]float64{-6 * s * r, a * r * (1 - 3*s), 6 * s * r, b * s * (3*s - 2)}
	return w, d
}

// weights are the first node that acts on element e, how many do, and the values of their functions at time t.
func (m *mesh) weights(e int, t float64) (first, count int, w [4]float64) {
	if m.kind == CubicHermite {
		s := min((t-m.knots[e])/(m.knots[e+1]-m.knots[e]), 1)
		w, _ = m.hermite(e, s)
		return 2 * e, 4, w
	}
	a, b, wa, wb := m.basis(e, t)
	if a == b {
		return a, 1, [4]float64{wa}
	}
	return a, 2, [4]float64{wa, wb}
}

// spread adds the gradient g in θ(t) on element e to those of the nodes.
func (m *mesh) spread(grad []float64, e int, t float64, g []float64) {
	first, count, w := m.weights(e, t)
	for j := range count {
		if w[j] != 0 {
			kernel.Axpy(m.node(grad, first+j), w[j], g)
		}
	}
}

// newHermite makes room for the nodes of a cubic Hermite control. Masses are ∫φ², by which norms are about those in L².
func (m *mesh) newHermite(c Control) error {
	if c.Lower != nil || c.Upper != nil || c.Radius != 0 || c.L1 != 0 || c.L0 != 0 {
		return fmt.Errorf("%w: between its knots a cubic control holds no bounds and has no L1 and L0 price; take a piecewise linear one", ErrBound)
	}
	m.nodes = 2 * len(m.knots)
	m.mass = make([]float64, m.nodes)
	for e := range m.elements() {
		h := m.knots[e+1] - m.knots[e]
		a, b := h/m.width(e), h/m.width(e+1)
		for j, v := range [4]float64{13. / 35, a * a / 105, 13. / 35, b * b / 105} {
			m.mass[2*e+j] += v * h
		}
	}
	return nil
}

// hermiteCost is ∫½ν|u|² dt of a cubic Hermite control, and its gradient as in cost.
func (m *mesh) hermiteCost(grad, theta []float64) float64 {
	// ∫φ_iφ_j on [0, 1], times 420.
	gram := [4][4]float64{{156, 22, 54, -13}, {22, 4, 13, -3}, {54, 13, 156, -22}, {-13, -3, -22, 4}}
	sum := 0.0
	for e := range m.elements() {
		h := m.knots[e+1] - m.knots[e]
		scale := [4]float64{1, h / m.width(e), 1, h / m.width(e+1)}
		for i := range scale {
			for j := range scale {
				c := m.l2 * h * gram[i][j] * scale[i] * scale[j] / 420
				a, b := m.node(theta, 2*e+i), m.node(theta, 2*e+j)
				for k, v := range a {
					sum += 0.5 * c * v * b[k]
					if grad != nil {
						grad[(2*e+i)*m.params+k] += c * b[k]
					}
				}
			}
		}
	}
	return sum
}

// hermiteTransfer is Control.Transfer for cubic Hermite controls.
func (c Control) hermiteTransfer(theta, mesh []float64, p int) []float64 {
	old, fresh := c.prepared(p), Control{Kind: CubicHermite, Mesh: mesh}.prepared(p)
	out := make([]float64, 2*len(mesh)*p)
	for k, t := range mesh {
		e := old.element(t)
		h := old.knots[e+1] - old.knots[e]
		w, d := old.hermite(e, (t-old.knots[e])/h)
		value, slope := fresh.node(out, 2*k), fresh.node(out, 2*k+1)
		for j := range w {
			u := old.node(theta, 2*e+j)
			axpy(value, w[j], u)
			axpy(slope, d[j]/h*fresh.width(k), u)
		}
	}
	return out
}

package pmp

import "math"

// cost is the control's own cost ∫ ½ν|θ|² + β|θ|₁ + γ|θ|₀ dt; its gradient of the smooth part is added to grad unless nil.
func (m *mesh) cost(grad, theta []float64) float64 {
	sum := 0.0
	switch {
	case m.l2 != 0 && m.kind == CubicHermite:
		sum = m.hermiteCost(grad, theta)
	case m.l2 != 0:
		sum = m.quadraticCost(grad, theta)
	}
	if m.smooth() {
		return sum
	}
	for j, mass := range m.mass {
		part := 0.0
		for _, v := range m.node(theta, j) {
			part += m.kinks(v)
		}
		sum += mass * part
	}
	return sum
}

// kinks is β|u| + γ for u ≠ 0.
func (m *mesh) kinks(u float64) float64 {
	if u == 0 {
		return 0
	}
	return m.l1*math.Abs(u) + m.l0
}

// price is ½νu² + β|u| + γ for u ≠ 0.
func (m *mesh) price(u float64) float64 { return 0.5*m.l2*u*u + m.kinks(u) }

// costless reports whether the control itself costs nothing.
func (m *mesh) costless() bool { return m.l2 == 0 && m.smooth() }

func (m *mesh) quadraticCost(grad, theta []float64) float64 {
	sum := 0.0
	if m.kind == PiecewiseLinear {
		for e := 0; e < m.elements(); e++ {
			d := (m.knots[e+1] - m.knots[e]) / 6
			a, b := m.node(theta, e), m.node(theta, e+1)
			part := 0.0
			for i, ai := range a {
				bi := b[i]
				part += ai*ai + ai*bi + bi*bi
				if grad != nil {
					grad[e*m.params+i] += m.l2 * d * (2*ai + bi)
					grad[(e+1)*m.params+i] += m.l2 * d * (ai + 2*bi)
				}
			}
			sum += m.l2 * d * part
		}
	} else {
		for j, mass := range m.mass {
			part := 0.0
			for i, v := range m.node(theta, j) {
				part += v * v
				if grad != nil {
					grad[j*m.params+i] += m.l2 * mass * v
				}
			}
			sum += 0.5 * m.l2 * mass * part
		}
	}
	return sum
}

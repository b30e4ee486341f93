package pmp

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// ClosedForm maximizes exactly where f is affine in the control and the running cost depends on it only
// through ½ν|u|² + β|u|₁ + γ|u|₀: with g = ∂(p·f − L)/∂u averaged over the node,
//
//	u⁺ = clip_[0, upper]((2ε u_k + g − β)/(2ε + ν)),   u⁻ = clip_[lower, 0]((2ε u_k + g + β)/(2ε + ν)),
//
// and the better of both, or zero, which is free of γ: a hard threshold. With ν = ε = 0 the control is bang-bang (Borzì, The
// Sequential Quadratic Hamiltonian Method, 2023). In a ball |u| ≤ r the vector of these, without bounds, is shortened to the
// radius; with ν = ε = 0 it is r g/|g| after the threshold β.
type ClosedForm struct{}

// Name implements Maximizer.
func (ClosedForm) Name() string { return "closed-form" }

// Prepare implements Maximizer.
func (ClosedForm) Prepare(*Sweeper) error { return nil }

// MaximizeNode implements Maximizer.
func (ClosedForm) MaximizeNode(f *Frozen, _ *Lane, j int, u []float64) {
	m := f.w.mesh
	mass, old := m.mass[j], m.node(f.tr.Theta, j)
	grad := m.node(f.tr.Grad, j)
	for i := range u {
		// ∂J/∂θ holds the smooth control cost; taking its pointwise form out leaves −m g.
		u[i] = -grad[i]/mass + m.l2*old[i]
	}
	if m.radius > 0 {
		ballMax(u, old, f.Epsilon, m)
		return
	}
	for i, g := range u {
		u[i] = affineMax(g, old[i], f.Epsilon, m.l2, m.l1, m.l0, m.lower[i], m.upper[i])
	}
}

// affineMax returns argmax over [lo, hi] of g u − ½ν u² − β|u| − γ[u ≠ 0] − ε(u − old)².
func affineMax(g, old, eps, nu, beta, gamma, lo, hi float64) float64 {
	best, value := math.NaN(), math.Inf(-1)
	try := func(u float64) {
		v := g*u - 0.5*nu*u*u - beta*math.Abs(u) - eps*(u-old)*(u-old)
		if u != 0 {
			v -= gamma
		}
		if v > value || math.IsNaN(best) {
			best, value = u, v
		}
	}
	branch := func(slope, lo, hi float64) {
		if lo > hi {
			return
		}
		curve := 2*eps + nu
		switch {
		case curve > 0:
			try(min(max((2*eps*old+slope)/curve, lo), hi))
		case slope > 0:
			try(hi)
		case slope < 0:
			try(lo)
		default: // every control of the branch is a maximizer: stay
			try(min(max(old, lo), hi))
		}
	}
	if beta == 0 && gamma == 0 {
		branch(g, lo, hi)
		return best
	}
	branch(g-beta, max(lo, 0), hi)
	branch(g+beta, lo, min(hi, 0))
	if lo <= 0 && hi >= 0 {
		try(0)
	}
	return best
}

// ballMax replaces the slopes g in u by argmax over |u| ≤ r of g·u − ½ν|u|² − β|u|₁ − ε|u − old|².
func ballMax(u, old []float64, eps float64, m *mesh) {
	curve := 2*eps + m.l2
	for i, g := range u {
		c := g + 2*eps*old[i]
		u[i] = math.Copysign(max(math.Abs(c)-m.l1, 0), c)
	}
	size := floats.Norm(u, 2)
	switch {
	case size == 0:
		if curve == 0 && m.l1 == 0 {
			copy(u, old)
		}
	case size > m.radius*curve:
		floats.Scale(m.radius/size, u)
	default:
		floats.Scale(1/curve, u)
	}
}

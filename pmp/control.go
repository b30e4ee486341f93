package pmp

import (
	"errors"
	"fmt"
	"math"
	"sort"

	"gonum.org/v1/gonum/floats"
)

// Kind says how a control depends on time.
type Kind int

// The kinds of controls.
const (
	Constant          Kind = iota // one θ for all times: the usual neural ODE
	PiecewiseConstant             // one θ per interval of the mesh
	PiecewiseLinear               // one θ per knot of the mesh, linear in between
	CubicHermite                  // value and slope per knot, cubic in between: for gradient methods and lbfgs, without bounds
)

var kindNames = [...]string{"constant", "piecewise-constant", "piecewise-linear", "cubic-hermite"}

// String returns the name used in configuration files.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("Kind(%d)", int(k))
	}
	return kindNames[k]
}

// ParseKind returns the kind of that name.
func ParseKind(name string) (Kind, error) {
	for i, n := range kindNames {
		if n == name {
			return Kind(i), nil
		}
	}
	return 0, fmt.Errorf("pmp: unknown control %q: choose constant, piecewise-constant, piecewise-linear or cubic-hermite", name)
}

// Control describes the space of admissible controls and what the control itself costs. A control is stored
// as its nodes one after the other, P numbers each: the only node of a constant control, an interval's value,
// a knot's value, or a knot's value
// and, as the next node, its slope times the mean width of the intervals beside it.
type Control struct {
	Kind Kind
	// Mesh holds the knots, increasing from t₀ to t₁; ignored for a constant control. Knots are step
	// boundaries on both sweeps.
	Mesh []float64
	// Lower and Upper bound every parameter, length P or 1 (the same for all); nil means unbounded.
	Lower, Upper []float64
	// Radius, when positive, bounds the Euclidean norm of the parameters of a node instead: |θ(t)| ≤ Radius. It goes with neither bounds nor L0.
	Radius float64
	// L2 is ν, L1 is β and L0 is γ in the control cost ∫ ½ν|θ|² + β|θ|₁ + γ|θ|₀ dt, where |θ|₀ counts the parameters that are not zero.
	// For piecewise linear controls the first integral is exact and the others are taken by the trapezoidal rule.
	L2, L1, L0 float64
}

// UniformMesh returns n+1 equally spaced knots from t0 to t1.
func UniformMesh(t0, t1 float64, n int) []float64 {
	mesh := make([]float64, n+1)
	for i := range mesh {
		mesh[i] = t0 + (t1-t0)*float64(i)/float64(n)
	}
	mesh[n] = t1
	return mesh
}

// At returns θ(t) of a control whose nodes are theta: a view of a node where that is possible, else dst (length P)
// filled.
func (c Control) At(dst, theta []float64, t float64) []float64 {
	p := len(dst)
	if c.Kind == Constant {
		return theta[:p]
	}
	m := c.prepared(p)
	return m.at(dst, theta, m.element(t), t)
}

// prepared is the mesh for evaluations alone.
func (c Control) prepared(p int) *mesh { return &mesh{kind: c.Kind, knots: c.Mesh, params: p} }

// Errors of a problem's description.
var (
	ErrMesh  = errors.New("pmp: bad mesh")
	ErrBound = errors.New("pmp: bad bounds")
)

// mesh is a Control made ready for a horizon: knots, masses, and how time maps to nodes.
type mesh struct {
	kind   Kind
	knots  []float64 // at least two
	nodes  int
	params int
	mass   []float64 // ∫ of each node's basis function
	lower  []float64 // len params, −Inf where unbounded
	upper  []float64
	l2, l1 float64
	l0     float64
	radius float64   // 0: none
	free   bool      // no parameter has a bound
	points []float64 // where path constraints are held
}

func newMesh(c Control, t0, t1 float64, params int) (*mesh, error) {
	m := &mesh{kind: c.Kind, params: params, l2: c.L2, l1: c.L1, l0: c.L0, radius: c.Radius}
	switch c.Kind {
	case Constant:
		m.knots = []float64{t0, t1}
		m.nodes = 1
	case PiecewiseConstant, PiecewiseLinear, CubicHermite:
		m.knots = c.Mesh
		m.nodes = len(c.Mesh) - 1
		if c.Kind == PiecewiseLinear {
			m.nodes++
		}
		if len(c.Mesh) < 2 || c.Mesh[0] != t0 || c.Mesh[len(c.Mesh)-1] != t1 {
			return nil, fmt.Errorf("%w: a %v control needs knots from t0 = %g to t1 = %g", ErrMesh, c.Kind, t0, t1)
		}
		for i := 1; i < len(c.Mesh); i++ {
			if !(c.Mesh[i] > c.Mesh[i-1]) {
				return nil, fmt.Errorf("%w: knot %d at t = %g does not lie after knot %d at t = %g", ErrMesh, i, c.Mesh[i], i-1, c.Mesh[i-1])
			}
		}
	default:
		return nil, fmt.Errorf("%w: unknown kind of control %v", ErrMesh, c.Kind)
	}
	m.mass = make([]float64, m.nodes)
	for e := 0; e+1 < len(m.knots); e++ {
		d := m.knots[e+1] - m.knots[e]
		if m.kind == PiecewiseLinear {
			m.mass[e] += d / 2
			m.mass[e+1] += d / 2
		} else {
			m.mass[e] += d
		}
	}
	if c.Kind == CubicHermite {
		if err := m.newHermite(c); err != nil {
			return nil, err
		}
	}
	if c.L2 < 0 || c.L1 < 0 || c.L0 < 0 {
		return nil, fmt.Errorf("pmp: the control cost has a negative weight (L2 = %g, L1 = %g, L0 = %g)", c.L2, c.L1, c.L0)
	}
	if c.Radius < 0 || c.Radius > 0 && (c.Lower != nil || c.Upper != nil || c.L0 != 0) {
		return nil, fmt.Errorf("%w: the radius %g has to be positive, and stands alone: no Lower, Upper or L0", ErrBound, c.Radius)
	}
	var err error
	if m.lower, err = spread("lower", c.Lower, params, math.Inf(-1)); err != nil {
		return nil, err
	}
	if m.upper, err = spread("upper", c.Upper, params, math.Inf(1)); err != nil {
		return nil, err
	}
	m.free = m.radius == 0
	for i := range m.lower {
		m.free = m.free && math.IsInf(m.lower[i], -1) && math.IsInf(m.upper[i], 1)
		if !(m.lower[i] <= m.upper[i]) {
			return nil, fmt.Errorf("%w: parameter %d has the lower bound %g above the upper bound %g", ErrBound, i, m.lower[i], m.upper[i])
		}
	}
	return m, nil
}

func spread(name string, b []float64, params int, none float64) ([]float64, error) {
	out := make([]float64, params)
	switch {
	case b == nil:
		for i := range out {
			out[i] = none
		}
	case len(b) == params:
		copy(out, b)
	case len(b) == 1:
		for i := range out {
			out[i] = b[0]
		}
	default:
		return nil, fmt.Errorf("%w: %d %s bounds for %d parameters", ErrBound, len(b), name, params)
	}
	return out, nil
}

// bounded reports whether every parameter is bounded on both sides.
func (m *mesh) bounded() bool {
	if m.radius > 0 {
		return true
	}
	for i := range m.lower {
		if math.IsInf(m.lower[i], -1) || math.IsInf(m.upper[i], 1) {
			return false
		}
	}
	return true
}

// smooth reports whether the control's cost has no kinks and jumps.
func (m *mesh) smooth() bool { return m.l1 == 0 && m.l0 == 0 }

// elements is the number of intervals between knots.
func (m *mesh) elements() int { return len(m.knots) - 1 }

// element returns the interval [knots[e], knots[e+1]] that holds t.
func (m *mesh) element(t float64) int {
	e := sort.SearchFloat64s(m.knots, t)
	if e < len(m.knots) && m.knots[e] == t {
		e++
	}
	return min(max(e-1, 0), m.elements()-1)
}

// basis returns the two nodes that act on element e and their weights at time t; the second weight is zero
// for controls without a slope.
func (m *mesh) basis(e int, t float64) (a, b int, wa, wb float64) {
	switch m.kind {
	case Constant:
		return 0, 0, 1, 0
	case PiecewiseConstant:
		return e, e, 1, 0
	}
	s := min((t-m.knots[e])/(m.knots[e+1]-m.knots[e]), 1) // steps that pass over t₁ see the last knot's value
	return e, e + 1, 1 - s, s
}

// at returns the control on element e at time t: a view into theta where that is possible, else scratch filled.
func (m *mesh) at(scratch, theta []float64, e int, t float64) []float64 {
	if m.kind == CubicHermite {
		first, _, w := m.weights(e, t)
		clear(scratch)
		for j, v := range w {
			axpy(scratch, v, m.node(theta, first+j))
		}
		return scratch
	}
	a, b, wa, wb := m.basis(e, t)
	ta := m.node(theta, a)
	if m.kind != PiecewiseLinear {
		return ta
	}
	tb := m.node(theta, b)
	for i := range scratch {
		scratch[i] = wa*ta[i] + wb*tb[i]
	}
	return scratch
}

// node returns the parameters of node j, a view.
func (m *mesh) node(theta []float64, j int) []float64 {
	return theta[j*m.params : (j+1)*m.params : (j+1)*m.params]
}

// support returns the elements [lo, hi) on which node j acts.
func (m *mesh) support(j int) (lo, hi int) {
	switch m.kind {
	case Constant:
		return 0, 1
	case PiecewiseConstant:
		return j, j + 1
	}
	return max(j-1, 0), min(j+1, m.elements())
}

// dist2 is ‖a − b‖² in L²(t₀, t₁), with the mass of each node lumped.
func (m *mesh) dist2(a, b []float64) float64 {
	sum := 0.0
	for j, mass := range m.mass {
		part := 0.0
		ta, tb := m.node(a, j), m.node(b, j)
		for i, v := range ta {
			d := v - tb[i]
			part += d * d
		}
		sum += mass * part
	}
	return sum
}

// norm is ‖a‖ in L²(t₀, t₁).
func (m *mesh) norm(a []float64) float64 {
	sum := 0.0
	for j, mass := range m.mass {
		sum += mass * square(m.node(a, j))
	}
	return math.Sqrt(sum)
}

// dualNorm is the L²(t₀, t₁) norm of the function whose inner products with the basis are g.
func (m *mesh) dualNorm(g []float64) float64 {
	sum := 0.0
	for j, mass := range m.mass {
		sum += square(m.node(g, j)) / mass
	}
	return math.Sqrt(sum)
}

// square is |v|².
func square(v []float64) (sum float64) {
	for _, x := range v {
		sum += x * x
	}
	return sum
}

// onBound reports whether a bound holds parameter i of a node.
func (m *mesh) onBound(u []float64, i int) bool {
	if m.radius > 0 {
		return floats.Norm(u, 2) >= m.radius*(1-1e-12)
	}
	return u[i] <= m.lower[i] || u[i] >= m.upper[i]
}

// clip projects theta onto the bounds, in place.
func (m *mesh) clip(theta []float64) {
	if m.free {
		return
	}
	for j := 0; j < m.nodes; j++ {
		m.clipNode(m.node(theta, j))
	}
}

func (m *mesh) clipNode(u []float64) {
	if m.radius > 0 {
		if size := floats.Norm(u, 2); size > m.radius {
			floats.Scale(m.radius/size, u)
		}
		return
	}
	for i, v := range u {
		u[i] = math.Min(math.Max(v, m.lower[i]), m.upper[i])
	}
}

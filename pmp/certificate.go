package pmp

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/costate-go/costate/solvers"
)

// Certificate says what holds at a control, whichever optimizer made it. All of its entries but loss, times and lists vanish at an
// optimal control, up to what the mesh resolves.
type Certificate struct {
	// J is the cost.
	J float64 `json:"loss"`
	// Residual is ∫ max_θ H − H(θ) dt ≥ 0 along the trajectories, which vanishes where the maximum principle holds.
	// Where the maximum is not known in closed form (networks, whose Hamiltonian has no maximum without bounds)
	// it is that of H(θ) − |θ − θ_k|², to first order, and Exact is false.
	Residual float64 `json:"residual"`
	Exact    bool    `json:"exact"`
	// Drift is the variation of H along the path; see Sweeper.Drift. It need not vanish where Autonomous is false: where f or L
	// depend on time.
	Drift      float64 `json:"hamiltonian_drift"`
	Autonomous bool    `json:"autonomous"`
	// FinalHamiltonian is H(t₁) = −∂J/∂t₁: zero where t₁, were it free, is optimal.
	FinalHamiltonian float64 `json:"final_hamiltonian"`
	// ProjectedGradient is the L² norm of the step that a unit gradient step takes inside the bounds.
	ProjectedGradient float64 `json:"projected_gradient"`
	// Stationarity is the largest slope |∂H/∂θ| where no bound holds the control, and Complementarity the largest slope of H that points
	// from an active bound to the inside. Both are relative to the size of slopes where nothing is fitted and no contributions of samples,
	// times and prices cancel (docs/theory.md, section 7): about 1e-2 for a network before training, going to 0 with the slopes, whatever the units
	// of J, x, θ and t. At kinks of an L¹ price slopes are one-sided.
	Stationarity    float64 `json:"stationarity"`
	Complementarity float64 `json:"complementarity"`
	// OnBounds is the share of control time spent on a bound.
	OnBounds float64 `json:"on_bounds"`
	// Violation is the largest miss of the constraints. Transversality is the largest entry of p(t₁) + ∂Φ/∂x + Σ ζ ∂c/∂x, relative to
	// 1 + |p(t₁)|: by how much the costate's end differs from what the multipliers say.
	Violation      float64 `json:"violation"`
	Transversality float64 `json:"transversality"`
	// PathComplementarity is Σ w μ |g| of the path constraints, and LeastMultiplier the smallest μ of the inequalities; both 0 where
	// there are none.
	PathComplementarity float64 `json:"path_complementarity"`
	LeastMultiplier     float64 `json:"least_multiplier"`
	// CostateError is the relative difference between ∇J by the costate and by central differences along a random
	// direction, on the same steps.
	CostateError float64 `json:"costate_error"`
	// P0 is p(t₀) of a problem with one initial state.
	P0 []float64 `json:"p0,omitempty"`
	// Arcs are the pieces of a control on a mesh that enters the dynamics linearly, component after component, and Switches the times
	// in (t₀, t₁) at which some component goes from one arc to the next, in order.
	Arcs     []ControlArc `json:"arcs,omitempty"`
	Switches []float64    `json:"switches,omitempty"`
}

// Certify computes the certificate of the control theta.
func (w *Sweeper) Certify(ctx context.Context, theta []float64) (Certificate, error) {
	checked := w
	w, err := w.open()
	if err != nil {
		return Certificate{}, err
	}
	if checked.reversible == nil {
		checked = w
	}
	tr := w.NewTrajectory()
	if err := w.Forward(ctx, tr, theta); err != nil {
		return Certificate{}, err
	}
	w.Backward(tr)
	c := Certificate{J: tr.J, Drift: w.Drift(tr), Violation: w.Problem.Violation(tr), Autonomous: w.autonomous(tr)}
	c.Residual, c.Exact = w.Residual(tr)
	m := w.mesh
	step := make([]float64, len(theta))
	on, total := 0.0, 0.0
	for j, mass := range m.mass {
		u, g, s := m.node(theta, j), m.node(tr.Grad, j), m.node(step, j)
		for i, v := range u {
			s[i] = v - g[i]/mass
		}
		m.clipNode(s)
		for i, v := range u {
			s[i] -= v
			total += mass
			if m.onBound(u, i) {
				on += mass
			}
		}
	}
	c.ProjectedGradient = m.norm(step)
	c.OnBounds = on / total
	c.Stationarity, c.Complementarity = w.slopes(tr)
	c.Transversality, c.FinalHamiltonian = w.atTheEnd(tr)
	c.PathComplementarity, c.LeastMultiplier = w.Problem.pathProducts(tr)
	if w.Problem.Samples() == 1 {
		_, p := tr.Costate(0)
		c.P0 = p[0]
	}
	if w.Problem.Affine {
		c.Arcs, c.Switches = w.arcs(tr)
	}
	c.CostateError, err = CheckGradient(ctx, checked.Problem, checked.Settings, theta, 1)
	return c, err
}

// Failed names what does not hold to the tolerance: residual relative to 1 + |J|, drift where it has to vanish, the slopes of H,
// constraints and their multipliers, transversality, and the costate against differences. Controls on a mesh are off by what it
// resolves: 1e-2 suits some hundred intervals.
func (c Certificate) Failed(tolerance float64) []string {
	var out []string
	for _, v := range []struct {
		name  string
		value float64
		due   bool
	}{
		{"residual", c.Residual / (1 + math.Abs(c.J)), true},
		{"hamiltonian_drift", c.Drift, c.Autonomous},
		{"stationarity", c.Stationarity, c.Exact},
		{"complementarity", c.Complementarity, true},
		{"violation", c.Violation, true},
		{"transversality", c.Transversality, true},
		{"path_complementarity", c.PathComplementarity / (1 + math.Abs(c.J)), true},
		{"least_multiplier", -c.LeastMultiplier, true},
		{"costate_error", c.CostateError, true},
	} {
		if v.due && !(v.value <= tolerance) {
			out = append(out, v.name)
		}
	}
	return out
}

// String is a table.
func (c Certificate) String() string {
	var b strings.Builder
	row := func(name string, v float64, note string) { fmt.Fprintf(&b, "%-22s %12.4g   %s\n", name, v, note) }
	exact := "exact"
	if !c.Exact {
		exact = "to first order"
	}
	drift := "H is constant along an extremal"
	if !c.Autonomous {
		drift = "the problem depends on time"
	}
	fmt.Fprintf(&b, "%-22s %12.8g\n", "J", c.J)
	row("∫ max H − H", c.Residual, exact)
	row("drift of H", c.Drift, drift)
	row("H(t₁)", c.FinalHamiltonian, "−∂J/∂t₁")
	row("slopes inside", c.Stationarity, "of H, where no bound holds the control")
	row("slopes at bounds", c.Complementarity, "of H, towards the inside")
	row("projected gradient", c.ProjectedGradient, "")
	row("on bounds", c.OnBounds, "share of the time")
	row("violation", c.Violation, "of the constraints")
	row("transversality", c.Transversality, "p(t₁) against the multipliers")
	row("Σ w μ |g|", c.PathComplementarity, "of the path constraints")
	row("least μ", c.LeastMultiplier, "")
	row("costate", c.CostateError, "against central differences")
	if c.P0 != nil {
		fmt.Fprintf(&b, "p(t₀)                  %.8g\n", c.P0)
	}
	for _, a := range c.Arcs {
		fmt.Fprintf(&b, "u%-21d %12v   on [%.6g, %.6g]\n", a.Component+1, a.Kind, a.From, a.To)
	}
	return b.String()
}

// open is a sweeper whose trajectories can be looked at: w itself, or one with the discrete costate of the first shard, which
// has room where all of them might not.
func (w *Sweeper) open() (*Sweeper, error) {
	if w.Settings.Costate == Discrete {
		return w, nil
	}
	p, s := Excerpt(w.Problem, w.Settings)
	return NewSweeper(p, s)
}

// Excerpt returns a problem and settings whose trajectories can be looked at in any case: the given ones, or with a costate
// that keeps no points the first shard's samples and the discrete costate, of RK4 where the method is a reversible one.
func Excerpt(p *Problem, s Settings) (*Problem, Settings) {
	if s.Costate == Discrete {
		return p, s
	}
	if s.Costate == Reversible {
		s.Solver.Method = solvers.RK4
	}
	s.Costate = Discrete
	return firstShard(p, s), s
}

// firstShard is p with the samples of the first shard alone.
func firstShard(p *Problem, s Settings) *Problem {
	q := *p
	width := s.ShardWidth
	if width <= 0 {
		width = 128
	}
	if n, d := p.Samples(), p.Field.Dim(); n > width {
		q.X0 = make([]float64, d*width)
		for i := range d {
			copy(q.X0[i*width:(i+1)*width], p.X0[i*n:i*n+width])
		}
	}
	return &q
}

// Residual is the PMP residual of a trajectory whose backward sweep is done, and whether it is exact.
func (w *Sweeper) Residual(tr *Trajectory) (residual float64, exact bool) {
	m := w.mesh
	exact = w.Problem.Affine && (m.l2 > 0 || m.bounded()) && m.kind != CubicHermite
	f := w.NewFrozen()
	if !exact {
		f.Epsilon = 1
	}
	f.tr = tr
	best := append([]float64(nil), tr.Theta...)
	f.Maximize(ClosedForm{}, best)
	// With g = ∂(p·f − L)/∂θ at θ, the gain is exact where H is affine in θ but for its separable cost.
	for j, mass := range m.mass {
		old, u, grad := m.node(tr.Theta, j), m.node(best, j), m.node(tr.Grad, j)
		for i, v := range u {
			g := -grad[i]/mass + m.l2*old[i]
			d := v - old[i]
			gain := g*d - (m.price(v) - m.price(old[i])) - f.Epsilon*d*d
			residual += mass * gain
		}
	}
	return max(residual, 0), exact
}

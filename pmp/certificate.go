package pmp

import (
	"context"
	"math"

	"github.com/costate-go/costate/internal/rng"
	"github.com/costate-go/costate/ode"
)

// Certificate says what holds at a control, whichever optimizer made it.
type Certificate struct {
	// J is the cost.
	J float64 `json:"loss"`
	// Residual is ∫ max_θ H − H(θ) dt ≥ 0 along the trajectories, which vanishes where the maximum principle holds.
	// Where the maximum is not known in closed form (networks, whose Hamiltonian has no maximum without bounds)
	// it is that of H(θ) − |θ − θ_k|², to first order, and Exact is false.
	Residual float64 `json:"residual"`
	Exact    bool    `json:"exact"`
	// Drift is the variation of H along the path; see Sweeper.Drift.
	Drift float64 `json:"hamiltonian_drift"`
	// ProjectedGradient is the L² norm of the step that a unit gradient step takes inside the bounds.
	ProjectedGradient float64 `json:"projected_gradient"`
	// OnBounds is the share of control time spent on a bound.
	OnBounds float64 `json:"on_bounds"`
	// Violation is the largest miss of the constraints.
	Violation float64 `json:"violation"`
	// CostateError is the relative difference between ∇J by the costate and by central differences along a random
	// direction, on the same steps.
	CostateError float64 `json:"costate_error"`
}

// Certify computes the certificate of the control theta.
func (w *Sweeper) Certify(ctx context.Context, theta []float64) (Certificate, error) {
	w, err := w.open()
	if err != nil {
		return Certificate{}, err
	}
	tr := w.NewTrajectory()
	if err := w.Forward(ctx, tr, theta); err != nil {
		return Certificate{}, err
	}
	w.Backward(tr)
	c := Certificate{J: tr.J, Drift: w.Drift(tr), Violation: w.Problem.Violation(tr)}
	c.Residual, c.Exact = w.Residual(tr)
	m := w.mesh
	step := make([]float64, len(theta))
	on, total := 0.0, 0.0
	for j, mass := range m.mass {
		u, g, s := m.node(theta, j), m.node(tr.Grad, j), m.node(step, j)
		for i, v := range u {
			s[i] = min(max(v-g[i]/mass, m.lower[i]), m.upper[i]) - v
			total += mass
			if v <= m.lower[i] || v >= m.upper[i] {
				on += mass
			}
		}
	}
	c.ProjectedGradient = m.norm(step)
	c.OnBounds = on / total
	c.CostateError, err = CheckGradient(ctx, w.Problem, w.Settings, theta, 1)
	return c, err
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
// that keeps no points the first shard's samples and the discrete costate.
func Excerpt(p *Problem, s Settings) (*Problem, Settings) {
	if s.Costate == Discrete {
		return p, s
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
	exact = w.Problem.Affine && (m.l2 > 0 || m.bounded())
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
			gain := g*d - 0.5*m.l2*(v*v-old[i]*old[i]) - m.l1*(math.Abs(v)-math.Abs(old[i])) - f.Epsilon*d*d
			residual += mass * gain
		}
	}
	return max(residual, 0), exact
}

// CheckGradient compares ⟨∇J, d⟩ by the costate with central differences of J along a random direction d drawn
// from seed, relative to the larger of both, or to a hundredth of the costate's part of the slope without
// cancellation, where that is more, as it is near an optimum. The steps of the forward sweep at theta are used for all of them, so
// that only rounding and the differences' own error O(h⁴) remain. Of the batch it uses the first shard; the L¹ cost of the
// control, which has kinks, is left out, and path constraints have a penalty weight of 1 at most, with the multipliers they have.
func CheckGradient(ctx context.Context, p *Problem, s Settings, theta []float64, seed uint64) (float64, error) {
	q := *firstShard(p, s)
	q.Control.L1 = 0
	q.Paths = nil
	for _, c := range p.Paths { // heavy penalties bend within a difference
		light := *c
		light.Sigma = min(c.Sigma, 1)
		q.Paths = append(q.Paths, &light)
	}
	if s.Steps <= 0 && s.Solver.Step == 0 {
		// Find the steps, then force them.
		_, tr, err := solve(ctx, &q, s, theta)
		if err != nil {
			return 0, err
		}
		q.Breaks = append([]float64(nil), p.Breaks...)
		for _, st := range tr.shards[0].steps[1:] {
			q.Breaks = append(q.Breaks, st.t)
		}
		s.Steps = 1
		s.Solver = ode.Settings{Method: s.Solver.Method}
	}
	w, tr, err := solve(ctx, &q, s, theta)
	if err != nil {
		return 0, err
	}
	w.Backward(tr)
	d := make([]float64, len(theta))
	src := rng.New(seed)
	size, slope, scale := 0.0, 0.0, 0.0
	for i := range d {
		d[i] = src.Normal()
		size += theta[i] * theta[i]
		slope += d[i] * tr.Grad[i]
		scale += math.Abs(d[i] * tr.StateGrad[i])
	}
	h := 1e-5 * (1 + math.Sqrt(size/float64(len(theta))))
	at := func(scale float64) (float64, error) {
		shifted := make([]float64, len(theta))
		for i := range shifted {
			shifted[i] = theta[i] + scale*d[i]
		}
		err := w.Forward(ctx, tr, shifted)
		return tr.Augmented, err
	}
	// Fourth-order central difference.
	var f [4]float64
	for k, scale := range [4]float64{-2 * h, -h, h, 2 * h} {
		if f[k], err = at(scale); err != nil {
			return 0, err
		}
	}
	diff := (f[0] - 8*f[1] + 8*f[2] - f[3]) / (12 * h)
	return math.Abs(diff-slope) / max(math.Abs(diff), math.Abs(slope), 1e-2*scale, 1e-300), nil
}

// solve sweeps p forward under theta with a new Sweeper.
func solve(ctx context.Context, p *Problem, s Settings, theta []float64) (*Sweeper, *Trajectory, error) {
	w, err := NewSweeper(p, s)
	if err != nil {
		return nil, nil, err
	}
	tr := w.NewTrajectory()
	return w, tr, w.Forward(ctx, tr, theta)
}

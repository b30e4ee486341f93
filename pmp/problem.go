package pmp

import (
	"errors"
	"fmt"
	"math"
	"sort"

	"github.com/costate-go/costate/ode/neural"
)

// Cost is a cost of the state at one instant, Φ or ℓ_k. Implementations are used by several goroutines at once
// and must not change while a sweep runs.
type Cost interface {
	// Eval returns Σ_s cost(x_s) over the samples lo … lo+batch−1, whose states are x (d×batch, batch
	// last, B = len(x)/d), and adds the gradient in x to grad (d×B) unless that is nil.
	Eval(grad, x []float64, lo, batch int) float64
}

// Running is the part of the running cost L(t, x, θ) that depends on the state.
type Running interface {
	// Eval returns Σ_s L(t, x_s, θ) over the samples lo … lo+B−1, adds w·∂L/∂x to gx (d×B) and w·Σ_s ∂L/∂θ to
	// gtheta (P). gx and gtheta are nil when only the value is wanted.
	Eval(gx, gtheta []float64, w, t float64, x, theta []float64, lo, batch int) float64
}

// Observation is a cost ℓ_k of the state at a time t_k in (t₀, t₁].
type Observation struct {
	T    float64
	Cost Cost
}

// Problem is an optimal control problem for a batch of initial states.
type Problem struct {
	// Field is the dynamics f(t, x, θ) of d states and P parameters. A field whose Evaluator implements
	// neural.SampleBatch or Piecewise is told which samples and which smooth piece of time it works on.
	Field neural.Field
	// T0 < T1 is the horizon.
	T0, T1 float64
	// X0 holds the initial states, d×N, batch last. N may change between sweeps.
	X0 []float64
	// Running, Terminal and Observations are the costs; each may be absent. Observations are sorted by time.
	Running      Running
	Terminal     Cost
	Observations []Observation
	// Constraints are terminal equality constraints, held by an augmented Lagrangian.
	Constraints []*TerminalConstraint
	// Paths are constraints on states and controls along the way, or at t₁ in general form, held likewise.
	Paths []*PathConstraint
	// Control is the space of controls and what they cost.
	Control Control
	// Affine says that f is affine in the control and that L does not depend on it but through Control.L2 and L1:
	// then the Hamiltonian's maximum is known in closed form.
	Affine bool
	// Jumps are changes of the states at given times, sorted.
	Jumps []Jump
	// Events are changes of the states where they themselves ask for it.
	Events []Event
	// Breaks are times where f is discontinuous in t, besides the knots of a piecewise constant control.
	Breaks []float64
}

// Piecewise is an Evaluator whose field is smooth only between certain times.
type Piecewise interface {
	// SetPiece says that the following evaluations lie in [a, b] and want the one-sided values there.
	SetPiece(a, b float64)
}

// ErrProblem reports a problem that cannot be posed as described.
var ErrProblem = errors.New("pmp: bad problem")

// TerminalConstraint is the equality c(x(t₁)) = x(t₁) − Target = 0 on the components that are listed. It adds
// ζ·c + (σ/2)|c|² to the cost that optimizers see.
type TerminalConstraint struct {
	Component []int     // which states
	Target    []float64 // their values at t₁
	Zeta      []float64 // multipliers ζ, updated by AugmentedLagrangian
	Sigma     float64   // penalty weight σ
}

// eval returns Σ_s ζ·c + (σ/2)|c|² for a shard and adds its gradient to grad.
func (c *TerminalConstraint) eval(grad, x []float64, batch int) float64 {
	sum := 0.0
	for k, i := range c.Component {
		for s := 0; s < batch; s++ {
			v := x[i*batch+s] - c.Target[k]
			sum += v * (c.Zeta[k] + 0.5*c.Sigma*v)
			if grad != nil {
				grad[i*batch+s] += c.Zeta[k] + c.Sigma*v
			}
		}
	}
	return sum
}

// Samples is N, the number of initial states.
func (p *Problem) Samples() int { return len(p.X0) / p.Field.Dim() }

// segment is a stretch of time between step boundaries.
type segment struct {
	a, b    float64
	elem    int  // control element
	restart bool // f jumps at a
	obs     int  // index of the observation at b, −1 where there is none
	jump    int  // index of the jump of the states at b, −1 where there is none
	pa, pb  int  // points of path constraints at a and b, −1 where there is none
}

// compile checks the problem and cuts the horizon at knots, breaks and, where steps land on them, observations.
func (p *Problem) compile(land bool) (*mesh, []segment, error) {
	if p.Field == nil || p.Field.Dim() <= 0 {
		return nil, nil, fmt.Errorf("%w: no field", ErrProblem)
	}
	if !(p.T1 > p.T0) || math.IsInf(p.T1-p.T0, 0) {
		return nil, nil, fmt.Errorf("%w: the horizon [%g, %g] is empty or infinite", ErrProblem, p.T0, p.T1)
	}
	m, err := newMesh(p.Control, p.T0, p.T1, p.Field.NumParams())
	if err != nil {
		return nil, nil, err
	}
	for k, o := range p.Observations {
		if !(o.T > p.T0 && o.T <= p.T1) {
			return nil, nil, fmt.Errorf("%w: observation %d at t = %g lies outside (%g, %g]", ErrProblem, k, o.T, p.T0, p.T1)
		}
		if k > 0 && !(o.T > p.Observations[k-1].T) {
			return nil, nil, fmt.Errorf("%w: observation %d at t = %g does not lie after observation %d", ErrProblem, k, o.T, k-1)
		}
	}
	for k, c := range p.Constraints {
		if len(c.Component) != len(c.Target) || len(c.Zeta) != len(c.Target) {
			return nil, nil, fmt.Errorf("%w: constraint %d needs as many targets and multipliers as components", ErrProblem, k)
		}
		for _, i := range c.Component {
			if i < 0 || i >= p.Field.Dim() {
				return nil, nil, fmt.Errorf("%w: constraint %d names state %d of %d", ErrProblem, k, i, p.Field.Dim())
			}
		}
	}
	if err := p.pathPoints(m); err != nil {
		return nil, nil, err
	}
	if err := p.checkJumps(); err != nil {
		return nil, nil, err
	}
	if err := p.checkEvents(); err != nil {
		return nil, nil, err
	}
	cuts := append([]float64(nil), m.knots...)
	for _, j := range p.Jumps {
		cuts = append(cuts, j.T)
	}
	cuts = append(cuts, m.points...)
	for _, o := range p.Observations {
		if land {
			cuts = append(cuts, o.T)
		}
	}
	for _, t := range p.Breaks {
		if t > p.T0 && t < p.T1 {
			cuts = append(cuts, t)
		}
	}
	sort.Float64s(cuts)
	var segs []segment
	obs := 0
	for i := 1; i < len(cuts); i++ {
		a, b := cuts[i-1], cuts[i]
		if a == b {
			continue
		}
		s := segment{a: a, b: b, elem: m.element(a), obs: -1, jump: p.jumpAt(b), pa: m.point(a), pb: m.point(b)}
		if land && obs < len(p.Observations) && p.Observations[obs].T == b {
			s.obs = obs
			obs++
		}
		if len(segs) > 0 {
			s.restart = contains(p.Breaks, a) || segs[len(segs)-1].jump >= 0 || (m.kind == PiecewiseConstant && s.elem != segs[len(segs)-1].elem)
		}
		segs = append(segs, s)
	}
	return m, segs, nil
}

func contains(list []float64, t float64) bool {
	for _, v := range list {
		if v == t {
			return true
		}
	}
	return false
}

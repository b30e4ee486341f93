package pmp

import (
	"context"
	"fmt"
	"math"
)

// AugmentedLagrangian holds the constraints of a problem: an inner optimizer lowers J + Σ ζ·c + (σ/2)|c|² and the like
// for path constraints, then ζ ← ζ + σc and μ ← max(0, μ + σg), also where the violation stands still before the inner problem is
// solved, and σ grows where the violation does not shrink by itself (Hestenes,
// 1969; Powell, 1969; Rockafellar, 1973; Nocedal & Wright, 2nd ed., algorithm 17.4). At the solution ζ = −p(t₁) on the components of
// terminal constraints.
type AugmentedLagrangian struct {
	Inner Optimizer
	// Tolerance is the violation to reach, max|c| and max|max(g, −μ/σ)|; 0 means 1e-6.
	Tolerance float64
	// Sigma is the first penalty weight where a constraint sets none; 0 means 10. Growth multiplies it; 0 means 10.
	Sigma, Growth float64
	// PenaltyOnly keeps ζ = 0 and drives the violation down by σ alone.
	PenaltyOnly bool
	// Keep starts from the multipliers and penalty weights that the problem has, where it has any.
	Keep bool
	// MaxInner bounds the inner iterations between updates; 0 means 200.
	MaxInner int

	w         *Sweeper
	inner     float64 // inner iterations since the last update
	violation float64 // at the last update
	outer     float64
	last      float64 // violation, and
	still     float64 // for how many iterations it has hardly changed
}

// Name implements Optimizer.
func (o *AugmentedLagrangian) Name() string { return o.Inner.Name() }

// Theta implements Optimizer.
func (o *AugmentedLagrangian) Theta() []float64 { return o.Inner.Theta() }

// Refresh implements Optimizer.
func (o *AugmentedLagrangian) Refresh() { o.Inner.Refresh() }

// Init implements Optimizer.
func (o *AugmentedLagrangian) Init(ctx context.Context, w *Sweeper, theta []float64) error {
	o.w = w
	for _, d := range []struct {
		v   *float64
		def float64
	}{{&o.Tolerance, 1e-6}, {&o.Sigma, 10}, {&o.Growth, 10}} {
		if *d.v == 0 {
			*d.v = d.def
		}
	}
	if o.MaxInner == 0 {
		o.MaxInner = 200
	}
	for _, c := range w.Problem.Constraints {
		if !o.Keep || c.Sigma == 0 {
			clear(c.Zeta)
			c.Sigma = o.Sigma
		}
	}
	for _, c := range w.Problem.Paths {
		if !o.Keep || c.Sigma == 0 {
			clear(c.Mu)
			c.Sigma = o.Sigma
		}
	}
	o.inner, o.outer, o.violation, o.last, o.still = 0, 0, math.Inf(1), math.Inf(1), 0
	return o.Inner.Init(ctx, w, theta)
}

// Step implements Optimizer: one inner step, and an update of multipliers where the inner problem is solved or the violation stands still.
func (o *AugmentedLagrangian) Step(ctx context.Context) (Iterate, error) {
	const mostSigma = 1e10
	it, err := o.Inner.Step(ctx)
	if err != nil {
		return it, err
	}
	o.inner++
	if it.Stop == Diverged {
		return it, nil
	}
	_, v := o.w.Problem.PathViolation(it.Trajectory)
	v = max(v, o.w.Problem.EndViolation(it.Trajectory))
	solved := it.Stop != InProgress || o.inner >= float64(o.MaxInner)
	if !solved && !o.settled(it.Accepted, v) {
		return it, nil
	}
	if v <= o.Tolerance {
		if it.Stop == InProgress { // the multipliers are right, the control is not yet
			o.inner = 0
			return it, nil
		}
		it.Message = fmt.Sprintf("%s; the constraints hold to %.2g", it.Message, v)
		return it, nil
	}
	grow := solved && v > 0.25*o.violation || o.PenaltyOnly
	if !o.PenaltyOnly {
		o.update(it.Trajectory)
	}
	if grow {
		if sigma := o.raise(); sigma > mostSigma {
			it.Stop, it.Message = NoProgress, fmt.Sprintf("the constraints are missed by %.3g even with the penalty weight %.1g: they may be out of reach with these bounds", v, sigma)
			return it, nil
		}
	}
	if solved {
		o.violation = v
	}
	o.inner, o.still = 0, 0
	o.outer++
	it.Stop, it.Message = InProgress, ""
	o.Inner.Refresh()
	return it, nil
}

// settled tells that the violation has not changed by much for some iterations: what the inner problem still gains then says little of
// the constraints, and better multipliers need not wait for it.
func (o *AugmentedLagrangian) settled(accepted bool, v float64) bool {
	const iterations, change, far = 5, 0.05, 10
	if !accepted || o.PenaltyOnly || v <= far*o.Tolerance { // near the end only a solved problem says which constraints hold
		return false
	}
	if math.Abs(v-o.last) <= change*v {
		o.still++
	} else {
		o.still = 0
	}
	o.last = v
	return o.still >= iterations
}

// update takes the multipliers from the augmented Lagrangian at tr.
func (o *AugmentedLagrangian) update(tr *Trajectory) {
	final := tr.Final(nil)
	for _, c := range o.w.Problem.Constraints {
		for k, i := range c.Component {
			c.Zeta[k] += c.Sigma * (final[i*tr.samples] - c.Target[k])
		}
	}
	o.w.Problem.updatePaths(tr)
}

// raise multiplies all penalty weights and returns the largest.
func (o *AugmentedLagrangian) raise() (most float64) {
	for _, c := range o.w.Problem.Constraints {
		c.Sigma *= o.Growth
		most = max(most, c.Sigma)
	}
	for _, c := range o.w.Problem.Paths {
		c.Sigma *= o.Growth
		most = max(most, c.Sigma)
	}
	return most
}

// Violation is the largest violation of the problem's constraints along tr, zero where there are none.
func (p *Problem) Violation(tr *Trajectory) float64 {
	v, _ := p.PathViolation(tr)
	return max(v, p.EndViolation(tr))
}

// EndViolation is max|c| over terminal constraints and samples.
func (p *Problem) EndViolation(tr *Trajectory) float64 {
	worst := 0.0
	for k := range tr.shards {
		tp := &tr.shards[k]
		for _, c := range p.Constraints {
			for n, i := range c.Component {
				for _, x := range tp.end[i*tp.batch : (i+1)*tp.batch] {
					worst = max(worst, math.Abs(x-c.Target[n]))
				}
			}
		}
	}
	return worst
}

// Save implements Optimizer.
func (o *AugmentedLagrangian) Save() State {
	s := o.Inner.Save()
	s["lagrangian"] = []float64{o.inner, o.outer, o.violation, o.last, o.still}
	for k, c := range o.w.Problem.Constraints {
		s[fmt.Sprintf("lagrangian.%d", k)] = append([]float64{c.Sigma}, c.Zeta...)
	}
	for k, c := range o.w.Problem.Paths {
		s[fmt.Sprintf("lagrangian.path.%d", k)] = append([]float64{c.Sigma}, c.Mu...)
	}
	return s
}

// Load implements Optimizer.
func (o *AugmentedLagrangian) Load(s State) error {
	if err := s.scalars("lagrangian", &o.inner, &o.outer, &o.violation, &o.last, &o.still); err != nil {
		return err
	}
	for k, c := range o.w.Problem.Constraints {
		v := make([]float64, 1+len(c.Zeta))
		if err := s.vector(fmt.Sprintf("lagrangian.%d", k), v); err != nil {
			return err
		}
		c.Sigma = v[0]
		copy(c.Zeta, v[1:])
	}
	o.w.pathSlots() // makes room for the multipliers
	for k, c := range o.w.Problem.Paths {
		v := make([]float64, 1+len(c.Mu))
		if err := s.vector(fmt.Sprintf("lagrangian.path.%d", k), v); err != nil {
			return err
		}
		c.Sigma = v[0]
		copy(c.Mu, v[1:])
	}
	return o.Inner.Load(s)
}

package pmp

import (
	"context"
	"fmt"
	"math"
)

// MSA is the method of successive approximations (Chernousko & Lyubushin, 1982): the states forward from θ, the
// costate backward, and θ⁺ = argmax H at every time. Nothing keeps J from rising: it contracts only on short
// horizons or under strong contraction, and on others it is stopped as diverging.
type MSA struct {
	// Maximizer defaults to ClosedForm.
	Maximizer Maximizer
	// Kappa stops when ‖θ⁺ − θ‖² < Kappa; 0 means 1e-10.
	Kappa float64

	base
	frozen *Frozen
	best   float64
	stale  float64 // iterations since J improved on best
	next   []float64
}

// Name implements Optimizer.
func (o *MSA) Name() string { return "msa" }

// Init implements Optimizer.
func (o *MSA) Init(_ context.Context, w *Sweeper, theta []float64) error {
	if err := o.initFrozen(w, theta); err != nil {
		return err
	}
	if o.Maximizer == nil {
		o.Maximizer = ClosedForm{}
	}
	if _, own := o.Maximizer.(Projector); !own && w.mesh.l2 == 0 && !w.mesh.bounded() {
		return fmt.Errorf("%w: without bounds and without a control cost ½ν|θ|² the Hamiltonian has no maximum; set control bounds or l2, or use sqh or emsa", ErrMaximizer)
	}
	o.frozen = w.NewFrozen()
	o.best, o.stale = math.Inf(1), 0
	o.next = make([]float64, len(theta))
	return o.prepare(o.Maximizer)
}

// patience is how many iterations without a better J are taken for divergence.
const patience = 20

// Step implements Optimizer.
func (o *MSA) Step(ctx context.Context) (Iterate, error) {
	var it Iterate
	if err := o.begin(ctx, &it); err != nil {
		if o.iter > 0 {
			return it, fmt.Errorf("%w: %w; %s", ErrDiverged, err, msaAdvice)
		}
		return it, err
	}
	o.describe(&it, o.cur)
	it.Accepted = true
	o.frozen.Freeze(o.cur)
	copy(o.next, o.theta)
	o.frozen.Maximize(o.Maximizer, o.next)
	it.Residual = o.frozen.Value(o.next) - o.frozen.Value(o.theta)
	tau := o.w.mesh.dist2(o.next, o.theta)
	it.StepParameter = math.Sqrt(tau)
	if it.Augmented < o.best-1e-9*math.Abs(o.best) {
		o.best, o.stale = it.Augmented, 0
	} else {
		o.stale++
	}
	kappa := o.Kappa
	if kappa == 0 {
		kappa = 1e-10
	}
	switch {
	case tau < kappa:
		it.Stop, it.Message = Converged, fmt.Sprintf("the control changed by ‖Δθ‖² = %.3g < %.3g", tau, kappa)
	case o.stale >= patience:
		it.Stop = Diverged
		it.Message = fmt.Sprintf("J has not fallen below %.6g for %d iterations while the control still changes by ‖Δθ‖ = %.3g: plain MSA does not contract here; %s", o.best, patience, math.Sqrt(tau), msaAdvice)
	default:
		copy(o.theta, o.next)
		o.fresh = false
	}
	o.iter++
	return it, nil
}

const msaAdvice = `use optimizer.kind = "sqh", which accepts only descent, or shorten the horizon`

// Save implements Optimizer.
func (o *MSA) Save() State {
	s := o.save()
	s["msa"] = []float64{o.best, o.stale}
	return s
}

// Load implements Optimizer.
func (o *MSA) Load(s State) error {
	if err := o.load(s); err != nil {
		return err
	}
	return s.scalars("msa", &o.best, &o.stale)
}

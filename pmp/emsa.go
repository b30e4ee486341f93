package pmp

import (
	"context"
	"fmt"
	"math"

	"github.com/costate-go/costate/ode/neural"
)

// EMSA is the extended method of successive approximations (Li, Chen, Tai & E, Maximum Principle Based
// Algorithms for Deep Learning, JMLR 18, 2018): θ⁺ maximizes the Hamiltonian augmented by penalties ρ/2 on the
// infeasibility of the frozen states and costates. Published with a fixed ρ and no test of acceptance; here a
// trial is accepted when J falls, and ρ follows the ratio of the actual to the predicted decrease.
type EMSA struct {
	// Maximizer defaults to LevenbergMarquardt with two inner steps.
	Maximizer Maximizer
	// Rho is the initial ρ, per sample and unit time. 0 means that ρ for which a step of the vector field along the
	// costate moves the states by about half of their own size over the horizon.
	Rho float64
	// Fixed keeps ρ and accepts every trial, as published.
	Fixed bool
	// PenalizeCostate adds the second penalty. It needs a field with second derivatives and a maximizer that
	// looks at H̃ itself (lbfgs).
	PenalizeCostate bool
	// Seed is the stream of the perturbations of LBFGS.Perturbation.
	Seed uint64
	// Tolerance stops when ‖∂J/∂θ‖ in L² falls below it; 0 means never.
	Tolerance float64

	base
	frozen *Frozen
	trial  *Trajectory
	next   []float64
	rho    float64
	fails  float64 // rejections in a row
	ready  bool    // frozen holds cur
}

// Name implements Optimizer.
func (o *EMSA) Name() string { return "emsa" }

// Init implements Optimizer.
func (o *EMSA) Init(_ context.Context, w *Sweeper, theta []float64) error {
	if err := o.initFrozen(w, theta); err != nil {
		return err
	}
	if w.mesh.kind == PiecewiseLinear {
		return fmt.Errorf("%w: emsa measures infeasibility interval by interval and takes constant and piecewise constant controls; use sqh", ErrMaximizer)
	}
	if o.Maximizer == nil {
		o.Maximizer = &LevenbergMarquardt{}
	}
	if o.PenalizeCostate {
		if _, ok := w.lanes[0].ev.(neural.SecondOrder); !ok {
			return fmt.Errorf("%w: the costate penalty needs a field with second derivatives; switch penalty_costate off", ErrMaximizer)
		}
	}
	if b, ok := o.Maximizer.(*LBFGS); ok {
		b.Noise = make([]float64, len(theta))
	}
	o.frozen = w.NewFrozen()
	o.frozen.PenalizeCostate = o.PenalizeCostate
	o.trial = w.NewTrajectory()
	o.next = make([]float64, len(theta))
	o.rho, o.fails, o.ready = o.Rho, 0, false
	return o.prepare(o.Maximizer)
}

// Refresh implements Optimizer.
func (o *EMSA) Refresh() {
	o.base.Refresh()
	o.ready, o.fails = false, 0
}

// Step implements Optimizer: one trial, that is one maximization and one forward solve.
func (o *EMSA) Step(ctx context.Context) (Iterate, error) {
	const (
		hardest = 1e15 // ρ beyond which no progress is possible
		retries = 40
	)
	var it Iterate
	if err := o.begin(ctx, &it); err != nil {
		return it, err
	}
	if o.rho == 0 {
		o.frozen.Freeze(o.cur)
		o.ready = true
		o.rho = o.frozen.firstRho()
	}
	o.frozen.Rho = o.rho
	if !o.ready {
		o.frozen.Freeze(o.cur)
		o.ready = true
	}
	copy(o.next, o.theta)
	if b, ok := o.Maximizer.(*LBFGS); ok && b.Perturbation > 0 {
		fillUniform(b.Noise, b.Perturbation, o.Seed, uint64(o.iter))
	}
	before := o.frozen.Value(o.theta)
	o.frozen.Maximize(o.Maximizer, o.next)
	it.StepParameter = o.rho
	gain, penalty := o.frozen.Parts(o.next)
	predicted := gain - before
	it.Residual = predicted - penalty

	old := o.cur.Augmented
	solveErr := o.w.Forward(ctx, o.trial, o.next)
	it.Work.Add(o.trial.Work)
	if ctx.Err() != nil {
		return it, solveErr
	}
	o.iter++
	actual := old - o.trial.Augmented
	switch {
	case solveErr != nil && o.Fixed:
		return it, fmt.Errorf("%w: %w; raise rho or let it adapt", ErrDiverged, solveErr)
	case solveErr == nil && (actual > 0 || o.Fixed):
		o.accept(&it, actual, predicted)
	default:
		it.Rollbacks = 1
		o.rho *= 4
		o.fails++
		o.describe(&it, o.cur)
		if o.rho > hardest || o.fails > retries || o.Fixed {
			it.Stop, it.Message = NoProgress, fmt.Sprintf("no step of the vector field along the costate lowers J any more (ρ = %.3g)", o.rho)
		}
	}
	if it.Accepted {
		it.stationary(o.Tolerance)
	}
	return it, nil
}

// accept makes the trial the iterate and adapts ρ.
func (o *EMSA) accept(it *Iterate, actual, predicted float64) {
	o.trial = o.advance(it, o.trial, o.next)
	o.ready, o.fails = false, 0
	if o.Fixed {
		return
	}
	switch ratio := actual / predicted; {
	case ratio > 0.75:
		o.rho = max(o.rho/3, 1e-12)
	case ratio < 0.25 || math.IsNaN(ratio):
		o.rho *= 2
	}
}

// Save implements Optimizer.
func (o *EMSA) Save() State {
	s := o.save()
	s["emsa"] = []float64{o.rho, o.fails}
	if lm, ok := o.Maximizer.(*LevenbergMarquardt); ok {
		s["emsa.kappa"] = append([]float64(nil), lm.Kappa...)
	}
	return s
}

// Load implements Optimizer.
func (o *EMSA) Load(s State) error {
	if err := o.load(s); err != nil {
		return err
	}
	if err := s.scalars("emsa", &o.rho, &o.fails); err != nil {
		return err
	}
	if lm, ok := o.Maximizer.(*LevenbergMarquardt); ok {
		return s.vector("emsa.kappa", lm.Kappa)
	}
	return nil
}

package pmp

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// SNOpt is the second-order optimizer for neural ODEs of Liu, Chen & Theodorou (NeurIPS 2021): with z what a layer sees at a state on the
// trajectory and δ what the costate passes back to it there, A = ⟨zzᵀ⟩ and B = ⟨δδᵀ⟩ are collected along the costate sweep, and the step of
// a layer with the gradient G is
//
//	ΔW = −α B⁻¹ G A⁻¹,
//
// Newton's step where the curvature is B ⊗ A. Both are averaged over iterations and damped (Martens & Grosse, ICML 2015). The rate α grows
// by a fifth after a step that lowers J on its batch, and is halved, with the step undone, otherwise.
//
// It takes networks in float64 with controls that are constant or piecewise constant.
type SNOpt struct {
	// Rate is the first α; 0 means that with which the first step changes the control by about a tenth of its norm.
	Rate float64
	// Damping is λ in A + √λ (tr A/n) I; 0 means 1e-2. Decay is the weight of the past in A and B; 0 means 0.9.
	Damping, Decay float64
	// Every is the number of iterations between factorizations; 0 means 1.
	Every int
	// Momentum averages preconditioned gradients; 0 means none.
	Momentum float64
	// Fixed keeps α and tests nothing, for one forward sweep less.
	Fixed bool
	// Schedule multiplies α over Total iterations.
	Schedule Schedule
	Total    int
	// Tolerance stops when the L² norm of ∂J/∂θ on a batch falls below it; 0 means never.
	Tolerance float64
	// Trials bounds the trials on one batch; 0 means 6.
	Trials int

	base
	factors  *kronecker
	trial    *Trajectory
	dir      []float64
	velocity []float64
	next     []float64
	rate     float64
	fails    float64 // batches in a row without a step
}

// Name implements Optimizer.
func (o *SNOpt) Name() string { return "snopt" }

// Init implements Optimizer.
func (o *SNOpt) Init(_ context.Context, w *Sweeper, theta []float64) error {
	if err := o.initFrozen(w, theta); err != nil {
		return err
	}
	if w.mesh.kind == PiecewiseLinear {
		return fmt.Errorf("%w: snopt takes constant and piecewise constant controls; use lbfgs", ErrProblem)
	}
	if o.factors = newKronecker(w); o.factors == nil {
		return fmt.Errorf("%w: snopt needs a network of affine layers in float64; use lbfgs", ErrProblem)
	}
	if !w.mesh.smooth() {
		return fmt.Errorf("%w: snopt takes no L1 and no L0 cost; use sqh or batch-pmp", ErrProblem)
	}
	for _, d := range []struct {
		v   *float64
		def float64
	}{{&o.Damping, 1e-2}, {&o.Decay, 0.9}} {
		if *d.v == 0 {
			*d.v = d.def
		}
	}
	if o.Every == 0 {
		o.Every = 1
	}
	if o.Trials == 0 {
		o.Trials = 6
	}
	o.trial = w.NewTrajectory()
	n := len(theta)
	o.dir, o.velocity, o.next = make([]float64, n), make([]float64, n), make([]float64, n)
	o.rate, o.fails = o.Rate, 0
	return nil
}

// Step implements Optimizer: one batch. The loss it reports is that of the control before the update.
func (o *SNOpt) Step(ctx context.Context) (Iterate, error) {
	it, err := o.slopes(ctx, o.Tolerance)
	if err != nil || it.Stop != InProgress {
		return it, err
	}
	o.direct()
	if o.rate == 0 {
		o.rate = o.first()
	}
	factor := o.Schedule.Factor(o.iter, o.Total)
	o.iter++
	for trial := 1; ; trial++ {
		it.StepParameter = o.rate * factor
		for i, v := range o.theta {
			o.next[i] = v - it.StepParameter*o.dir[i]
		}
		o.w.mesh.clip(o.next)
		if o.Fixed {
			break
		}
		solveErr := o.w.Forward(ctx, o.trial, o.next)
		it.Work.Add(o.trial.Work)
		if ctx.Err() != nil {
			return it, solveErr
		}
		if solveErr == nil && o.trial.Augmented < o.cur.Augmented {
			o.rate *= 1.2
			break
		}
		it.Rollbacks++
		o.rate *= 0.5
		if trial >= o.Trials {
			clear(o.velocity)
			if o.fails++; o.fails >= patience {
				it.Stop, it.Message = NoProgress, fmt.Sprintf("no step lowered J on %d batches in a row (α = %.3g)", patience, o.rate)
			}
			return it, nil
		}
	}
	copy(o.theta, o.next)
	o.fresh, o.fails = false, 0
	it.Accepted = true
	return it, nil
}

// direct stores the preconditioned gradient, averaged where there is momentum, in dir.
func (o *SNOpt) direct() {
	m, q := o.w.mesh, o.factors
	decay := o.Decay
	if o.iter == 0 {
		decay = 0
	}
	q.collect(o.cur, decay)
	if o.iter%o.Every == 0 {
		q.damp = o.Damping
		o.w.parallel(m.nodes, q.invert)
	}
	for j, mass := range m.mass {
		d := m.node(o.dir, j)
		for i, g := range m.node(o.cur.Grad, j) {
			d[i] = g / mass
		}
	}
	q.precondition(o.dir)
	for i, d := range o.dir {
		o.velocity[i] = o.Momentum*o.velocity[i] + (1-o.Momentum)*d
	}
	copy(o.dir, o.velocity)
	if floats.Dot(o.dir, o.cur.Grad) <= 0 && !o.Fixed { // no descent on this batch: forget the past
		clear(o.velocity)
	}
}

// first is the rate of a first step of a tenth of the control's norm.
func (o *SNOpt) first() float64 {
	size := o.w.mesh.norm(o.theta)
	if size == 0 {
		size = 1
	}
	if rate := 0.1 * size / o.w.mesh.norm(o.dir); rate > 0 && !math.IsInf(rate, 0) {
		return rate
	}
	return 1
}

// Save implements Optimizer.
func (o *SNOpt) Save() State {
	s := o.save()
	s["snopt"] = []float64{o.rate, o.fails}
	for name, v := range o.vectors() {
		s["snopt."+name] = append([]float64(nil), v...)
	}
	return s
}

func (o *SNOpt) vectors() map[string][]float64 {
	q := o.factors
	return map[string][]float64{"velocity": o.velocity, "a": q.a, "b": q.b, "fa": q.fa, "fb": q.fb}
}

// Load implements Optimizer.
func (o *SNOpt) Load(s State) error {
	if err := o.load(s); err != nil {
		return err
	}
	if err := s.scalars("snopt", &o.rate, &o.fails); err != nil {
		return err
	}
	for name, v := range o.vectors() {
		if err := s.vector("snopt."+name, v); err != nil {
			return err
		}
	}
	return nil
}

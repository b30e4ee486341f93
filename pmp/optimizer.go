package pmp

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// StopReason says why an optimizer has nothing more to do.
type StopReason int

// The reasons. Running means that another step may help.
const (
	InProgress StopReason = iota
	Converged             // the control changed by less than the tolerance
	Stationary            // the (projected) gradient is below the tolerance
	NoProgress            // no acceptable step was found
	Diverged              // the iterates move away
)

var reasonText = [...]string{"running", "converged", "stationary", "no-progress", "diverged"}

// String returns a word for summaries.
func (r StopReason) String() string {
	if r < 0 || int(r) >= len(reasonText) {
		return fmt.Sprintf("StopReason(%d)", int(r))
	}
	return reasonText[r]
}

// ErrDiverged is wrapped by the error of an optimizer whose iterates move away.
var ErrDiverged = errors.New("pmp: the iteration diverges")

// Iterate is what one step of an optimizer did.
type Iterate struct {
	// Loss is J at Theta, the control at which it was measured: a view into the optimizer, valid until its next
	// step. Augmented includes the terms of the augmented Lagrangian.
	Loss, Augmented float64
	Theta           []float64
	// Before is J of the control that the step began with, on the same data; equal to Loss where that is the control measured.
	Before float64
	// Trajectory is the swept trajectory of Theta, valid as long. Its costate may be missing after a rejected trial. That of optimizers which
	// need no points, Gradient, Batch and QuasiNewton, is one of Sweeper.Gradient: to look at its path, sweep Theta by Forward and Backward.
	Trajectory *Trajectory
	// Hamiltonian is the time average of the mean Hamiltonian along the trajectories.
	Hamiltonian float64
	// Residual estimates the PMP residual: how much the (augmented) Hamiltonian was raised, or could be raised to
	// first order under a unit proximal term.
	Residual float64
	// GradNorm is the L²(t₀, t₁) norm of ∂J/∂θ, ControlNorm that of θ.
	GradNorm, ControlNorm float64
	// StepParameter is what set the size of the update: ε, ρ, λ, ‖Δθ‖, the step length or the learning rate.
	StepParameter float64
	// Accepted tells whether the trial became the iterate; Rollbacks counts trials undone in this step.
	Accepted  bool
	Rollbacks int
	// Work is what the step cost.
	Work Work
	// Stop is why the optimizer is done, InProgress while it is not. Message explains it to a person.
	Stop    StopReason
	Message string
}

// State is the memory of an optimizer by name: what has to be stored to continue bit for bit.
type State map[string][]float64

// Optimizer turns sweeps and maximizers into iterates. It belongs to one goroutine.
type Optimizer interface {
	// Name is the optimizer's name in configuration files.
	Name() string
	// Init starts from the control theta (copied) on the sweeper's problem.
	Init(ctx context.Context, w *Sweeper, theta []float64) error
	// Step does one iteration. An error means that the iterate could not be computed at all; outcomes such as
	// convergence or a rejected trial are in the Iterate.
	Step(ctx context.Context) (Iterate, error)
	// Theta is the present control, a view.
	Theta() []float64
	// Refresh tells that the problem's data, costs or multipliers changed since the last step.
	Refresh()
	// Save returns the optimizer's memory, and Load restores it after Init.
	Save() State
	Load(State) error
}

// base is what optimizers share.
type base struct {
	w      *Sweeper
	theta  []float64
	cur    *Trajectory
	points bool // those of trajectories are wanted
	fresh  bool // cur was swept forward and backward at theta
	paid   bool // the next sweep repeats one that was counted before the state was saved
	iter   int
}

func (b *base) init(w *Sweeper, theta []float64) error {
	if len(theta) != w.NumControls() {
		return fmt.Errorf("%w: the control has %d numbers and the problem %d nodes of %d parameters", ErrProblem, len(theta), w.Nodes(), w.Params())
	}
	b.w = w
	b.theta = append(b.theta[:0], theta...)
	w.mesh.clip(b.theta)
	b.cur = w.NewTrajectory()
	b.fresh = false
	b.iter = 0
	return nil
}

// initFrozen is init for optimizers that work on all points of a trajectory.
func (b *base) initFrozen(w *Sweeper, theta []float64) error {
	if k := w.Settings.Costate; k != Discrete {
		return fmt.Errorf("%w: maximizers work on all points of a trajectory at once, which the costate %v does not keep; take the discrete costate, a gradient method or lbfgs", ErrProblem, k)
	}
	if w.mesh.kind == CubicHermite {
		return fmt.Errorf("%w: maximizers choose the control node by node, which cubic controls don't permit; take a piecewise linear one, a gradient method or lbfgs", ErrProblem)
	}
	b.points = true
	return b.init(w, theta)
}

// prepare prepares the maximizer and moves the control to where it is allowed.
func (b *base) prepare(mx Maximizer) error {
	if err := mx.Prepare(b.w); err != nil {
		return err
	}
	if p, ok := mx.(Projector); ok {
		p.Project(b.w, b.theta)
	}
	return nil
}

// Theta is the present control.
func (b *base) Theta() []float64 { return b.theta }

// Refresh forgets the sweep of the present control.
func (b *base) Refresh() { b.fresh, b.paid = false, false }

// sweep makes cur the trajectory of theta with its costate, and adds what that cost to the iterate's work.
func (b *base) sweep(ctx context.Context, it *Iterate) error {
	if b.fresh {
		return nil
	}
	err := b.gradient(ctx, b.cur, b.theta)
	if b.fresh = err == nil; b.fresh && b.paid {
		b.paid = false
		return nil
	}
	it.Work.Add(b.cur.Work)
	return err
}

// gradient makes tr the trajectory of theta with its costate and gradient, and with its points where they are wanted.
func (b *base) gradient(ctx context.Context, tr *Trajectory, theta []float64) error {
	var err error
	if b.points {
		err = b.w.Forward(ctx, tr, theta)
	} else {
		err = b.w.Gradient(ctx, tr, theta)
	}
	if err != nil {
		return err
	}
	if math.IsNaN(tr.Augmented) || math.IsInf(tr.Augmented, 0) {
		return fmt.Errorf("pmp: the cost of the control is %g: check data, scaling and the initial control", tr.Augmented)
	}
	if b.points {
		b.w.Backward(tr)
	}
	return tr.err
}

// begin is sweep at the beginning of a step.
func (b *base) begin(ctx context.Context, it *Iterate) error {
	err := b.sweep(ctx, it)
	it.Before = b.cur.J
	return err
}

// slopes sweeps the present control, on the batch at hand, and describes it. It is stationary where ‖∂J/∂θ‖ is below the tolerance.
func (b *base) slopes(ctx context.Context, tolerance float64) (Iterate, error) {
	var it Iterate
	if err := b.begin(ctx, &it); err != nil {
		return it, err
	}
	b.describe(&it, b.cur)
	it.Residual = 0.25 * it.GradNorm * it.GradNorm
	if it.stationary(tolerance) {
		it.Accepted = true
	}
	return it, nil
}

// stationary stops where ‖∂J/∂θ‖ is below the tolerance, and says whether it is.
func (it *Iterate) stationary(tolerance float64) bool {
	if !(it.GradNorm < tolerance) {
		return false
	}
	it.Stop, it.Message = Stationary, fmt.Sprintf("‖∂J/∂θ‖ = %.3g < %.3g", it.GradNorm, tolerance)
	return true
}

// save begins a State: the iterations done, and whether the present control was swept.
func (b *base) save() State {
	fresh := 0.0
	if b.fresh || b.paid {
		fresh = 1
	}
	return State{"base": {float64(b.iter), fresh}}
}

func (b *base) load(s State) error {
	var iter, fresh float64
	if err := s.scalars("base", &iter, &fresh); err != nil {
		return err
	}
	b.iter, b.fresh, b.paid = int(iter), false, fresh != 0
	return nil
}

// advance makes the trial, swept forward at next, the present iterate, and returns the trajectory that is free now.
func (b *base) advance(it *Iterate, trial *Trajectory, next []float64) (free *Trajectory) {
	free, b.cur = b.cur, trial
	copy(b.theta, next)
	b.w.Backward(trial)
	it.Work.Backward += trial.Work.Backward
	b.fresh = true
	it.Accepted = true
	b.describe(it, trial)
	return free
}

// describe fills the parts of an iterate that follow from a swept trajectory.
func (b *base) describe(it *Iterate, tr *Trajectory) {
	it.Loss, it.Augmented, it.Theta, it.Trajectory = tr.J, tr.Augmented, tr.Theta, tr
	it.ControlNorm = b.w.mesh.norm(tr.Theta)
	if tr.back {
		it.GradNorm = b.w.mesh.dualNorm(tr.Grad)
		it.Hamiltonian = b.w.MeanHamiltonian(tr)
	}
}

func (s State) vector(name string, dst []float64) error {
	v, ok := s[name]
	if !ok || len(v) != len(dst) {
		return fmt.Errorf("pmp: the optimizer's state has %d numbers for %q and %d are needed", len(v), name, len(dst))
	}
	copy(dst, v)
	return nil
}

func (s State) scalars(name string, dst ...*float64) error {
	v := make([]float64, len(dst))
	if err := s.vector(name, v); err != nil {
		return err
	}
	for i, p := range dst {
		*p = v[i]
	}
	return nil
}

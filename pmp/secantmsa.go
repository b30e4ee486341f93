package pmp

import (
	"context"
	"fmt"
)

// SecantMSA is the method of successive approximations with a memory. Every iteration maximizes the Hamiltonian along the present states and
// costates, to first order in the change δ of the control, less a quadratic model of what δ makes infeasible. The model is that of E-MSA
// (Li, Chen, Tai & E, JMLR 18, 2018),
//
//	½ δᵀ(ρ Σ f_θᵀf_θ + κI) δ,
//
// corrected by what the last iterations have shown of the curvature of J: pairs of changes of the control and of ∂J/∂θ (Nocedal & Wright,
// Numerical Optimization, 2nd ed., algorithm 7.4). Its maximizer is known in closed form, and J decides how far to go there. The sum, over a
// sample of the points, serves several iterations. Without the memory this is E-MSA with one step of Gauss and Newton, without the sum
// limited-memory BFGS.
//
// It takes full batches, constant and piecewise constant controls without bounds, fields with parameter Jacobians and the discrete costate.
type SecantMSA struct {
	// QuasiNewton has the number of pairs, the line search and the tolerance.
	QuasiNewton
	// Every is the number of iterations that share a sum; 0 means 20.
	Every int
	// Damping is κ over the mean of the diagonal of the sum; 0 means 1.
	Damping float64
}

// Name implements Optimizer.
func (o *SecantMSA) Name() string { return "secant-msa" }

// Init implements Optimizer.
func (o *SecantMSA) Init(ctx context.Context, w *Sweeper, theta []float64) error {
	if err := o.initFrozen(w, theta); err != nil {
		return err
	}
	if w.mesh.kind == PiecewiseLinear {
		return fmt.Errorf("%w: secant-msa takes constant and piecewise constant controls; use lbfgs", ErrProblem)
	}
	if !w.lanes[0].hasJacobian() {
		return fmt.Errorf("%w: secant-msa needs a field with parameter Jacobians; use lbfgs", ErrProblem)
	}
	if o.Every == 0 {
		o.Every = 20
	}
	if o.Damping == 0 {
		o.Damping = 1
	}
	o.metric = newMetric(w, o.Damping, o.Every)
	return o.QuasiNewton.Init(ctx, w, theta)
}

// Refresh implements Optimizer.
func (o *SecantMSA) Refresh() {
	o.QuasiNewton.Refresh()
	o.metric.age = 0
}

// Save implements Optimizer.
func (o *SecantMSA) Save() State {
	st := o.QuasiNewton.Save()
	o.metric.save(st)
	return st
}

// Load implements Optimizer.
func (o *SecantMSA) Load(st State) error {
	if err := o.QuasiNewton.Load(st); err != nil {
		return err
	}
	return o.metric.load(st)
}

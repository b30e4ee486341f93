package pmp

import (
	"context"
	"fmt"
	"math"
)

// Batch maximizes the Hamiltonian on mini-batches. With g the slope of H at every node on the batch at hand and its average over
// batches
//
//	M ← αM + (1 − α)g,
//
// corrected for its start at zero, θ⁺ maximizes M·u − ½ν|u|² − β|u|₁ − γ|u|₀ − ε|u − θ|² over the admissible set, node by node in closed form:
// bounds, balls and sparsity hold exactly in every iteration (Li & Hao, ICML 2018, for the average; Hofmann & Borzì, arXiv
// 2504.11647, 2025, for the layer-wise maximization of the augmented Hamiltonian, which is α = 0).
//
// ε adapts to the curvature that is seen on the batch: with G the gain of g·u − price that the step promises, κ = (J⁺ − J + G)/‖θ⁺ − θ‖² is what
// was missing, and ε follows its average over iterations. A trial that raises J on its batch where ε < κ is undone and taken again with ε = 2κ.
type Batch struct {
	// Average is α; 0 is none.
	Average float64
	// Epsilon is the first ε; 0 means that with which the first step changes the control by about a tenth of its norm.
	Epsilon float64
	// Fixed keeps ε and tests nothing, for one forward sweep less.
	Fixed bool
	// Trials bounds the trials on one batch; 0 means 6. Blend is the weight of a new κ in ε; 0 means 0.1.
	Trials int
	Blend  float64
	// Tolerance stops when the L² norm of ∂J/∂θ on a batch falls below it; 0 means never.
	Tolerance float64
	// Schedule divides ε by its factor over Total iterations, so that steps shrink as learning rates do.
	Schedule Schedule
	Total    int

	base
	trial  *Trajectory
	mean   []float64 // M
	next   []float64
	slope  []float64
	eps    float64
	weight float64 // that M's entries sum to
	fails  float64 // batches in a row without a step
}

// Name implements Optimizer.
func (o *Batch) Name() string { return "batch-pmp" }

// Init implements Optimizer.
func (o *Batch) Init(_ context.Context, w *Sweeper, theta []float64) error {
	if err := o.init(w, theta); err != nil {
		return err
	}
	if w.mesh.kind == CubicHermite {
		return fmt.Errorf("%w: batch-pmp chooses the control node by node, which cubic controls don't permit; take a piecewise linear one", ErrProblem)
	}
	if o.Average < 0 || o.Average >= 1 {
		return fmt.Errorf("%w: the average's α = %g has to be in [0, 1)", ErrProblem, o.Average)
	}
	if o.Trials == 0 {
		o.Trials = 6
	}
	if o.Blend == 0 {
		o.Blend = 0.1
	}
	o.trial = w.NewTrajectory()
	n := len(theta)
	o.mean, o.next, o.slope = make([]float64, n), make([]float64, n), make([]float64, n)
	o.eps, o.weight, o.fails = o.Epsilon, 0, 0
	return nil
}

// Step implements Optimizer: one batch. The loss it reports is that of the control before the update.
func (o *Batch) Step(ctx context.Context) (Iterate, error) {
	it, err := o.slopes(ctx, o.Tolerance)
	if err != nil || it.Stop != InProgress {
		return it, err
	}
	o.average()
	if o.eps == 0 {
		o.eps = o.first()
	}
	factor := max(o.Schedule.Factor(o.iter, o.Total), 1e-6)
	o.iter++
	for trial := 1; ; trial++ {
		it.StepParameter = o.eps / factor
		o.maximize(it.StepParameter)
		tau := o.w.mesh.dist2(o.next, o.theta)
		if o.Fixed || tau == 0 {
			o.take()
			if it.Accepted = true; tau == 0 && o.Average == 0 {
				it.Stop, it.Message = Converged, "the control maximizes the Hamiltonian of its batch at every node"
			}
			return it, nil
		}
		solveErr := o.w.Evaluate(ctx, o.trial, o.next)
		it.Work.Add(o.trial.Work)
		if ctx.Err() != nil {
			return it, solveErr
		}
		change := o.trial.Augmented - o.cur.Augmented
		missing := (change + o.promise()) / tau
		if solveErr != nil || math.IsNaN(missing) || math.IsInf(missing, 0) {
			missing = 5 * it.StepParameter
		}
		if change < 0 || missing <= it.StepParameter {
			o.eps = max((1-o.Blend)*o.eps+o.Blend*missing, 1e-12)
			o.take()
			it.Accepted = true
			return it, nil
		}
		it.Rollbacks++
		o.eps = max(2*missing, 2*o.eps) // more than κ alone asks for, and surely more than before
		if trial >= o.Trials {
			if o.fails++; o.fails >= patience {
				it.Stop, it.Message = NoProgress, fmt.Sprintf("no step lowered J on %d batches in a row (ε = %.3g)", patience, o.eps)
			}
			return it, nil
		}
	}
}

// first is the ε for a first step of a tenth of the control's norm.
func (o *Batch) first() float64 {
	size := o.w.mesh.norm(o.theta)
	if size == 0 {
		size = 1
	}
	if eps := 5 * o.w.mesh.norm(o.mean) / (o.weight * size); eps > 0 && !math.IsInf(eps, 0) {
		return eps
	}
	return 1
}

// average updates M and the slope on this batch.
func (o *Batch) average() {
	m := o.w.mesh
	o.weight = o.Average*o.weight + 1 - o.Average
	for j, mass := range m.mass {
		slope, mean, u, grad := m.node(o.slope, j), m.node(o.mean, j), m.node(o.theta, j), m.node(o.cur.Grad, j)
		for i, g := range grad {
			slope[i] = m.l2*u[i] - g/mass
			mean[i] = o.Average*mean[i] + (1-o.Average)*slope[i]
		}
	}
}

// maximize stores argmax M·u − price(u) − ε|u − θ|² in next.
func (o *Batch) maximize(eps float64) {
	m := o.w.mesh
	for j := range m.nodes {
		u, old, mean := m.node(o.next, j), m.node(o.theta, j), m.node(o.mean, j)
		for i, g := range mean {
			u[i] = g / o.weight
		}
		if m.radius > 0 {
			ballMax(u, old, eps, m)
			continue
		}
		for i, g := range u {
			u[i] = affineMax(g, old[i], eps, m.l2, m.l1, m.l0, m.lower[i], m.upper[i])
		}
	}
}

// promise is the gain Σ m [g·(θ⁺ − θ) − price(θ⁺) + price(θ)] on this batch.
func (o *Batch) promise() float64 {
	m, sum := o.w.mesh, 0.0
	for j, mass := range m.mass {
		u, old, slope := m.node(o.next, j), m.node(o.theta, j), m.node(o.slope, j)
		for i, g := range slope {
			sum += mass * (g*(u[i]-old[i]) - m.price(u[i]) + m.price(old[i]))
		}
	}
	return sum
}

// take makes next the control.
func (o *Batch) take() {
	copy(o.theta, o.next)
	o.fresh, o.fails = false, 0
}

// Save implements Optimizer.
func (o *Batch) Save() State {
	s := o.save()
	s["batch"] = []float64{o.eps, o.weight, o.fails}
	s["batch.mean"] = append([]float64(nil), o.mean...)
	return s
}

// Load implements Optimizer.
func (o *Batch) Load(s State) error {
	if err := o.load(s); err != nil {
		return err
	}
	if err := s.scalars("batch", &o.eps, &o.weight, &o.fails); err != nil {
		return err
	}
	return s.vector("batch.mean", o.mean)
}

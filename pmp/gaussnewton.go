package pmp

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// GaussNewton is the Gauss–Newton method on the trajectory least-squares problem, damped after Levenberg and Marquardt. With the
// Linearization S of the observed states and the curvatures W of their costs, each iteration solves
//
//	(B + λD) δ = −∇J,   B = SᵀWS/N + R,
//
// R being the second derivative of ½ν|θ|², and accepts θ + δ if J falls. Where there are few unknowns B is formed from tangent
// sweeps and factorized by Cholesky, and D = diag B plus a thousandth of its mean. Otherwise conjugate gradients solve the system, with
// a tangent and a costate sweep per product, until the residual is min(0.1, (‖∇J‖/‖∇J₀‖)^½) of that of δ = 0; D is the mass of
// the nodes times the curvature of B along the gradient.
//
// λ = κ·min(1, ‖∇J‖/‖∇J₀‖): κ follows the ratio of the actual to the predicted decrease by Nielsen's rule (Madsen, Nielsen &
// Tingleff, Methods for Non-Linear Least Squares Problems, 2nd ed., 2004), and with λ the damping falls with the gradient, so that
// convergence is quadratic where residuals vanish (Fan & Yuan, Computing 74, 2005).
//
// It works on full batches and controls without bounds, and needs costs that are Curved.
type GaussNewton struct {
	// Dense is the largest number of unknowns for which B is formed; 0 means 50, negative never.
	Dense int
	// Damping is the first κ; 0 means 0.3.
	Damping float64
	// Products bounds the products of one iteration's conjugate gradients; 0 means 50.
	Products int
	// Tolerance stops when the L² norm of ∂J/∂θ falls below it; 0 means 1e-10.
	Tolerance float64
	// StepTolerance stops when ‖δ‖ falls below it times ‖θ‖; 0 means 1e-12.
	StepTolerance float64

	base
	lin         *Linearization
	trial       *Trajectory
	next, delta []float64
	kappa, grow float64 // κ and what it is multiplied with after a rejection
	first       float64 // ‖∇J₀‖
	fails       float64 // rejections in a row
	ready       bool    // lin holds cur, and normal its B
	counted     bool    // its Normal was counted before the state was saved

	normal, factor []float64 // m×m
	scale          []float64 // D
	cg             conjugateGradients
}

// Name implements Optimizer.
func (o *GaussNewton) Name() string { return "gauss-newton" }

// Init implements Optimizer.
func (o *GaussNewton) Init(_ context.Context, w *Sweeper, theta []float64) error {
	lin, err := w.NewLinearization()
	if err != nil {
		return err
	}
	if err := w.Problem.curved(); err != nil {
		return err
	}
	if !w.mesh.free || !w.mesh.smooth() {
		return fmt.Errorf("%w: gauss-newton takes no bounds and no L1 cost; use sqh", ErrProblem)
	}
	o.points = true // tangents start from the states of all stages
	if err := o.init(w, theta); err != nil {
		return err
	}
	for _, d := range []struct {
		v   *float64
		def float64
	}{{&o.Damping, 0.3}, {&o.Tolerance, 1e-10}, {&o.StepTolerance, 1e-12}} {
		if *d.v == 0 {
			*d.v = d.def
		}
	}
	if o.Dense == 0 {
		o.Dense = 50
	}
	if o.Products == 0 {
		o.Products = 50
	}
	n := len(theta)
	o.lin, o.trial = lin, w.NewTrajectory()
	o.next, o.delta, o.scale = make([]float64, n), make([]float64, n), make([]float64, n)
	if o.dense() {
		o.normal, o.factor = make([]float64, n*n), make([]float64, n*n)
	} else {
		o.cg.init(n)
	}
	o.kappa, o.grow, o.first, o.fails = o.Damping, 2, 0, 0
	o.ready, o.counted = false, false
	return nil
}

func (o *GaussNewton) dense() bool { return len(o.theta) <= o.Dense }

// Refresh implements Optimizer.
func (o *GaussNewton) Refresh() {
	o.base.Refresh()
	o.ready, o.counted, o.fails = false, false, 0
}

// Step implements Optimizer: one trial, that is one damped system and one forward solve.
func (o *GaussNewton) Step(ctx context.Context) (Iterate, error) {
	const (
		hardest = 1e16 // κ beyond which steps vanish
		retries = 30
		digits  = 1e-15 // of J
	)
	var it Iterate
	if err := o.begin(ctx, &it); err != nil {
		return it, err
	}
	o.describe(&it, o.cur)
	it.Accepted = true
	if o.first == 0 {
		o.first = it.GradNorm
	}
	if it.stationary(o.Tolerance) {
		return it, nil
	}
	o.linearize(&it)
	relative := min(1, it.GradNorm/o.first)
	lambda := o.kappa * relative
	it.StepParameter = lambda
	predicted, ok := o.solve(ctx, &it, lambda, relative)
	if err := ctx.Err(); err != nil {
		return it, err
	}
	size, old := o.w.mesh.norm(o.delta), o.cur.Augmented
	if ok && o.fails == 0 && (size <= o.StepTolerance*(it.ControlNorm+o.StepTolerance) || predicted <= digits*math.Abs(old)) {
		it.Stop, it.Message = Converged, fmt.Sprintf("a step of %.2g in the norm of the control would lower J by %.2g", size, predicted)
		return it, nil
	}
	var solveErr error
	if ok {
		floats.AddTo(o.next, o.theta, o.delta)
		solveErr = o.w.Forward(ctx, o.trial, o.next)
		it.Work.Add(o.trial.Work)
		if ctx.Err() != nil {
			return it, solveErr
		}
	}
	o.iter++
	if actual := old - o.trial.Augmented; ok && solveErr == nil && actual > 0 {
		o.accept(&it, actual/predicted)
		return it, nil
	}
	it.Accepted, it.Rollbacks = false, 1
	o.kappa *= o.grow
	o.grow *= 2
	o.fails++
	if o.kappa > hardest || o.fails > retries {
		it.Stop, it.Message = NoProgress, fmt.Sprintf("no damped Gauss–Newton step lowers J any more (λ = %.3g): J may be as low as the accuracy of the solver shows; tighten its tolerances to go on", lambda)
	}
	return it, nil
}

// accept makes the trial the iterate and adapts κ to the ratio of the actual to the predicted decrease.
func (o *GaussNewton) accept(it *Iterate, ratio float64) {
	const least = 1e-14
	o.trial = o.advance(it, o.trial, o.next)
	it.Residual = 0.25 * it.GradNorm * it.GradNorm
	o.ready, o.fails = false, 0
	x := 2*ratio - 1
	o.kappa = max(o.kappa*min(max(1./3, 1-x*x*x), 2), least)
	o.grow = 2
}

// linearize makes B and D those of cur.
func (o *GaussNewton) linearize(it *Iterate) {
	if o.ready {
		return
	}
	o.ready = true
	o.lin.Attach(o.cur)
	if !o.dense() {
		o.cg.curvature = 0
		return
	}
	o.lin.Normal(o.normal)
	if !o.counted {
		it.Work.Add(o.lin.Work)
	}
	o.counted = false
	n, mean := len(o.theta), 0.0
	for i := range n {
		mean += o.normal[i*n+i] / float64(n)
	}
	for i := range n {
		o.scale[i] = o.normal[i*n+i] + 1e-3*mean
	}
}

// solve stores the step in delta and returns the decrease of J that the model promises: with the residual
// r = −∇J − (B + λD)δ, it is −δ·∇J − ½δᵀBδ = ½δ·(λDδ − ∇J + r). It reports false where the system cannot be solved.
func (o *GaussNewton) solve(ctx context.Context, it *Iterate, lambda, relative float64) (predicted float64, ok bool) {
	g := o.cur.Grad
	var r []float64
	if o.dense() {
		n := len(g)
		copy(o.factor, o.normal)
		for i := range n {
			o.factor[i*n+i] += lambda * o.scale[i]
		}
		floats.ScaleTo(o.next, -1, g)
		if !solveSPD(o.delta, o.factor, o.next) || !allFinite(o.delta) {
			return 0, false
		}
	} else {
		o.lin.Work = Work{}
		o.conjugate(ctx, lambda, min(0.1, math.Sqrt(relative)))
		it.Work.Add(o.lin.Work)
		r = o.cg.r
	}
	for i, d := range o.delta {
		p := lambda*o.scale[i]*d - g[i]
		if r != nil {
			p += r[i]
		}
		predicted += 0.5 * d * p
	}
	return predicted, predicted > 0 && allFinite(o.delta)
}

// conjugateGradients is the workspace of the method of Hestenes & Stiefel.
type conjugateGradients struct {
	r, z, p, q []float64
	curvature  float64 // of B along the gradient, relative to the masses; 0 while unknown
}

func (c *conjugateGradients) init(n int) {
	c.r, c.z, c.p, c.q = make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
}

// conjugate solves (B + λD) δ = −∇J until the residual, measured like gradients, is eta times that of δ = 0 (Nocedal & Wright, 2nd
// ed., algorithm 7.1), preconditioned with the masses of the nodes, to which D is proportional.
func (o *GaussNewton) conjugate(ctx context.Context, lambda, eta float64) {
	c, m := &o.cg, o.w.mesh
	clear(o.delta)
	floats.ScaleTo(c.r, -1, o.cur.Grad)
	precondition := func() (next float64) {
		for i, r := range c.r {
			c.z[i] = r / m.mass[i/m.params]
			next += r * c.z[i]
		}
		return next
	}
	rz := precondition()
	copy(c.p, c.z)
	stop := eta * eta * rz
	for range o.Products {
		if ctx.Err() != nil {
			return
		}
		o.lin.Product(c.q, c.p)
		curve := floats.Dot(c.p, c.q)
		if c.curvature == 0 { // p = −M⁻¹∇J: rz is its squared norm
			c.curvature = curve / rz
			for i := range o.scale {
				o.scale[i] = c.curvature * m.mass[i/m.params]
			}
		}
		for i, p := range c.p {
			damp := lambda * o.scale[i] * p
			c.q[i] += damp
			curve += p * damp
		}
		if !(curve > 0) {
			return
		}
		alpha := rz / curve
		floats.AddScaled(o.delta, alpha, c.p)
		floats.AddScaled(c.r, -alpha, c.q)
		next := precondition()
		if next <= stop {
			return
		}
		beta := next / rz
		rz = next
		for i, z := range c.z {
			c.p[i] = z + beta*c.p[i]
		}
	}
}

// Save implements Optimizer.
func (o *GaussNewton) Save() State {
	s := o.save()
	counted := 0.0
	if o.dense() && (o.ready || o.counted) {
		counted = 1
	}
	s["gauss-newton"] = []float64{o.kappa, o.grow, o.first, o.fails, counted}
	return s
}

// Load implements Optimizer.
func (o *GaussNewton) Load(s State) error {
	if err := o.load(s); err != nil {
		return err
	}
	var counted float64
	if err := s.scalars("gauss-newton", &o.kappa, &o.grow, &o.first, &o.fails, &counted); err != nil {
		return err
	}
	o.ready, o.counted = false, counted != 0
	return nil
}

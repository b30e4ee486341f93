package pmp

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// Riccati is Newton's method on the discrete problem. Every iteration minimizes the second-order expansion of the cost along the linearized
// steps, a linear-quadratic problem on the mesh, by Riccati's recursion (Bryson & Ho, Applied Optimal Control, 1975, §5.2 and §6;
// Dunn & Bertsekas, J. Optim. Theory Appl. 63 (1989) 23–38): its work grows with the number of intervals alone. A linear-quadratic problem is
// solved by the first step, which leaves the feedback gains behind; others converge quadratically near a solution where J is strictly
// convex. Penalties of any weight don't slow it down, which makes it the inner optimizer for constraints.
//
// It takes one initial state, smooth costs, and observations and breaks at knots only. Bounds are held by projection (Bertsekas,
// SIAM J. Control Optim. 20 (1982) 221–246).
type Riccati struct {
	// Tolerance stops when the decrease that the expansion predicts is below Tolerance·(1 + |J|); 0 means 1e-14.
	Tolerance float64
	// Searches bounds the halvings of a step before the expansion is made more convex; 0 means 6.
	Searches int

	base
	st    *stage
	trial *Trajectory
	delta []float64
	next  []float64
	eps   float64 // proximal weight
	most  float64 // largest curvature seen
	fails float64

	n      int         // states of the recursion: x, and the node before for piecewise linear controls
	value  [][]float64 // per knot: V_zz
	slope  [][]float64 // V_z
	gain   [][]float64 // per interval: P × n
	offset [][]float64
	jac    [][]float64 // of the state at an interval's end: d × arguments
	q      riccatiScratch
}

// riccatiScratch is one stage of the recursion.
type riccatiScratch struct {
	hess, node, t, ts []float64 // t: next unknowns by arguments
	r, z, zn          []float64
	free              []int
	chol, rhs         []float64
}

// Name implements Optimizer.
func (o *Riccati) Name() string { return "riccati" }

// Init implements Optimizer.
func (o *Riccati) Init(_ context.Context, w *Sweeper, theta []float64) error {
	if err := o.initFrozen(w, theta); err != nil {
		return err
	}
	if err := w.explicitOnly("riccati"); err != nil {
		return err
	}
	p := w.Problem
	switch {
	case p.Samples() != 1:
		return fmt.Errorf("%w: riccati takes one initial state, got %d; use sqh or lbfgs", ErrProblem, p.Samples())
	case !w.mesh.smooth() || w.mesh.radius > 0:
		return fmt.Errorf("%w: riccati needs a smooth control cost without a radius, and L1 = %g, L0 = %g; use sqh", ErrProblem, w.mesh.l1, w.mesh.l0)
	case len(p.Jumps)+len(p.Events) > 0:
		return fmt.Errorf("%w: riccati does not go across jumps and events; use sqh or lbfgs", ErrProblem)
	case len(w.segs) != w.mesh.elements():
		return fmt.Errorf("%w: riccati needs breaks, observations and times of constraints at knots of the control's mesh", ErrProblem)
	case w.Settings.Interpolate:
		return fmt.Errorf("%w: riccati needs steps that end at observations", ErrProblem)
	}
	if o.Tolerance == 0 {
		o.Tolerance = 1e-14
	}
	if o.Searches == 0 {
		o.Searches = 6
	}
	o.st = newStage(w)
	o.trial = w.NewTrajectory()
	o.delta, o.next = make([]float64, len(theta)), make([]float64, len(theta))
	o.eps, o.most, o.fails = 0, 0, 0
	size, pn := o.st.size, o.st.p
	o.n = size - pn
	d, rows := o.st.d, o.st.d+pn
	intervals := w.mesh.elements()
	o.value, o.slope, o.gain, o.offset = matrices(intervals+1, o.n*o.n), matrices(intervals+1, o.n), matrices(intervals, pn*o.n), matrices(intervals, pn)
	o.jac = matrices(intervals, d*size)
	o.q = riccatiScratch{
		hess: make([]float64, size*size), node: make([]float64, rows*rows), t: make([]float64, rows*size), ts: make([]float64, rows*size),
		r: make([]float64, size), z: make([]float64, o.n), zn: make([]float64, o.n), chol: make([]float64, pn*pn), rhs: make([]float64, pn*(o.n+1)),
	}
	return nil
}

// Step implements Optimizer: one Newton step.
func (o *Riccati) Step(ctx context.Context) (Iterate, error) {
	const (
		least = 1e-10 // of the largest curvature: proximal weights below it are zero
		hard  = 1e12
	)
	var it Iterate
	if err := o.begin(ctx, &it); err != nil {
		return it, err
	}
	o.describe(&it, o.cur)
	for !o.recursion() {
		o.stiffen()
		if o.eps > hard*o.most || o.most == 0 {
			it.Stop, it.Message = NoProgress, "the second-order expansion of the cost has no minimum, whatever is added to its curvature"
			return it, nil
		}
	}
	o.rollout()
	decrease := -floats.Dot(o.cur.Grad, o.delta)
	it.StepParameter, it.Residual = o.eps, 0.5*decrease
	if decrease < o.Tolerance*(1+math.Abs(o.cur.Augmented)) {
		it.Accepted = true
		it.Stop, it.Message = Stationary, fmt.Sprintf("the second-order expansion predicts a decrease of %.3g", 0.5*decrease)
		return it, nil
	}
	o.iter++
	alpha := 1.0
	for range o.Searches {
		for i, v := range o.theta {
			o.next[i] = v + alpha*o.delta[i]
		}
		o.w.mesh.clip(o.next)
		solveErr := o.w.Forward(ctx, o.trial, o.next)
		it.Work.Add(o.trial.Work)
		if ctx.Err() != nil {
			return it, solveErr
		}
		noise := 1e-14 * (1 + math.Abs(o.cur.Augmented))
		if solveErr == nil && o.trial.Augmented <= o.cur.Augmented-1e-4*alpha*decrease+noise {
			o.trial = o.advance(&it, o.trial, o.next)
			o.fails = 0
			if o.eps *= 0.1; alpha < 1 {
				o.eps *= 10
			}
			if o.eps < least*o.most {
				o.eps = 0
			}
			return it, nil
		}
		it.Rollbacks++
		alpha *= 0.5
	}
	o.stiffen()
	if o.fails++; o.fails > 30 {
		it.Stop, it.Message = NoProgress, fmt.Sprintf("no step along Newton's direction lowers J, even with the weight %.3g added to its curvature", o.eps)
	}
	return it, nil
}

// stiffen raises the proximal weight.
func (o *Riccati) stiffen() { o.eps = max(10*o.eps, 1e-8*o.most) }

// Gain returns the feedback of the last recursion on interval e, a view: the control's best answer to a small change δz of what it can see at the
// interval's start is Gain·δz (P × n, row major). For a piecewise constant control z is the state, and the gain that of the
// linear-quadratic regulator; for a piecewise linear one, whose node at the interval's end is chosen, it is the state and the node at the
// interval's start.
func (o *Riccati) Gain(e int) []float64 { return o.gain[e] }

// Value returns the second derivatives of the cost to go in z at knot e by the last recursion (n × n), a view.
func (o *Riccati) Value(e int) []float64 { return o.value[e] }

// Refresh implements Optimizer.
func (o *Riccati) Refresh() {
	o.base.Refresh()
	o.eps, o.fails = 0, 0
}

// Save implements Optimizer.
func (o *Riccati) Save() State {
	s := o.save()
	s["riccati"] = []float64{o.eps, o.most, o.fails}
	return s
}

// Load implements Optimizer.
func (o *Riccati) Load(s State) error {
	if err := o.load(s); err != nil {
		return err
	}
	return s.scalars("riccati", &o.eps, &o.most, &o.fails)
}

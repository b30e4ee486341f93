package pmp

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/optimize"
)

// QuasiNewton is limited-memory BFGS on ∇J with a line search for the strong Wolfe conditions (Nocedal & Wright,
// Numerical Optimization, 2nd ed., algorithms 7.4 and 7.5; line search of Moré & Thuente from gonum). It works on
// full batches and controls without bounds.
type QuasiNewton struct {
	// Pairs is the number of pairs (s, y) kept; 0 means 10.
	Pairs int
	// Tolerance stops when the L² norm of ∂J/∂θ falls below it; 0 means 1e-10.
	Tolerance float64
	// Searches bounds the evaluations of one line search; 0 means 25.
	Searches int

	base
	s, y  [][]float64 // oldest first
	dir   []float64
	start []float64
	grad  []float64
	alpha []float64
	trial *Trajectory

	metric *metric // of SecantMSA: the first guess of the curvature; nil: a multiple of the identity
	scaled []float64
}

// Name implements Optimizer.
func (o *QuasiNewton) Name() string { return "lbfgs" }

// Init implements Optimizer.
func (o *QuasiNewton) Init(_ context.Context, w *Sweeper, theta []float64) error {
	if err := o.init(w, theta); err != nil {
		return err
	}
	if !w.mesh.free || !w.mesh.smooth() {
		return fmt.Errorf("%w: quasi-Newton methods take no bounds and no L1 cost; use sqh", ErrProblem)
	}
	if o.Pairs == 0 {
		o.Pairs = 10
	}
	if o.Tolerance == 0 {
		o.Tolerance = 1e-10
	}
	if o.Searches == 0 {
		o.Searches = 25
	}
	o.s, o.y = nil, nil
	n := len(theta)
	o.dir, o.start, o.grad = make([]float64, n), make([]float64, n), make([]float64, n)
	o.alpha, o.scaled = make([]float64, o.Pairs), make([]float64, n)
	o.trial = w.NewTrajectory()
	return nil
}

// Refresh implements Optimizer.
func (o *QuasiNewton) Refresh() {
	o.base.Refresh()
	o.s, o.y = nil, nil
}

// Step implements Optimizer: one line search.
func (o *QuasiNewton) Step(ctx context.Context) (Iterate, error) {
	var it Iterate
	if err := o.begin(ctx, &it); err != nil {
		return it, err
	}
	o.describe(&it, o.cur)
	if it.stationary(o.Tolerance) {
		it.Accepted = true
		return it, nil
	}
	copy(o.start, o.theta)
	copy(o.grad, o.cur.Grad)
	if o.metric != nil {
		o.metric.follow(o.cur)
	}
	slope := o.direction()
	if !(slope < 0) {
		o.s, o.y = nil, nil
		slope = o.direction()
	}
	step := 1.0
	if len(o.s) == 0 && o.metric == nil {
		step = min(1, 1/floats.Norm(o.grad, 1))
	}
	it.StepParameter = step
	ok, used, err := o.search(ctx, &it, slope, step)
	if err != nil {
		return it, err
	}
	o.iter++
	if !ok {
		copy(o.theta, o.start)
		o.fresh = false
		it.Rollbacks = 1
		if len(o.s) == 0 {
			it.Stop, it.Message = NoProgress, "the line search found no lower J along the negative gradient"
		}
		o.s, o.y = nil, nil
		return it, nil
	}
	it.StepParameter = used
	o.remember()
	it.Accepted = true
	it.Residual = 0
	o.describe(&it, o.cur)
	it.Residual = 0.25 * it.GradNorm * it.GradNorm
	return it, nil
}

// direction stores −H∇J in dir by the two-loop recursion and returns its slope. Between the loops stands the inverse of the first guess,
// scaled by the last pair.
func (o *QuasiNewton) direction() float64 {
	d := o.dir
	copy(d, o.grad)
	for k := len(o.s) - 1; k >= 0; k-- {
		o.alpha[k] = floats.Dot(o.s[k], d) / floats.Dot(o.s[k], o.y[k])
		floats.AddScaled(d, -o.alpha[k], o.y[k])
	}
	last := len(o.s) - 1
	switch {
	case o.metric != nil:
		o.metric.solve(d)
		if last >= 0 {
			copy(o.scaled, o.y[last])
			o.metric.solve(o.scaled)
			floats.Scale(floats.Dot(o.s[last], o.y[last])/floats.Dot(o.scaled, o.y[last]), d)
		}
	case last >= 0:
		floats.Scale(floats.Dot(o.s[last], o.y[last])/floats.Dot(o.y[last], o.y[last]), d)
	}
	for k := range o.s {
		beta := floats.Dot(o.y[k], d) / floats.Dot(o.s[k], o.y[k])
		floats.AddScaled(d, o.alpha[k]-beta, o.s[k])
	}
	floats.Scale(-1, d)
	return floats.Dot(d, o.grad)
}

// search looks along dir for a point that satisfies the strong Wolfe conditions. On success theta and cur are there.
func (o *QuasiNewton) search(ctx context.Context, it *Iterate, slope, step float64) (ok bool, used float64, err error) {
	line := &optimize.MoreThuente{DecreaseFactor: 1e-4, CurvatureFactor: 0.9}
	value := o.cur.Augmented
	line.Init(value, slope, step)
	best, bestStep := value, 0.0
	for range o.Searches {
		floats.AddScaledTo(o.theta, o.start, step, o.dir)
		err := o.gradient(ctx, o.trial, o.theta)
		it.Work.Add(o.trial.Work)
		if ctx.Err() != nil {
			return false, 0, err
		}
		if err != nil {
			// Out of the region where the dynamics can be solved: start again closer.
			step *= 0.1
			line.Init(value, slope, step)
			continue
		}
		if o.trial.Augmented < best {
			best, bestStep = o.trial.Augmented, step
		}
		op, next, lineErr := line.Iterate(o.trial.Augmented, floats.Dot(o.trial.Grad, o.dir))
		if op == optimize.MajorIteration {
			o.cur, o.trial = o.trial, o.cur
			o.fresh = true
			return true, step, nil
		}
		if lineErr != nil {
			break
		}
		step = next
	}
	if bestStep == 0 {
		return false, 0, nil
	}
	// No Wolfe point, but a lower J: take it.
	floats.AddScaledTo(o.theta, o.start, bestStep, o.dir)
	o.fresh = false
	err = o.sweep(ctx, it)
	return err == nil, bestStep, err
}

// remember files the pair of the step that was taken.
func (o *QuasiNewton) remember() {
	s, y := make([]float64, len(o.theta)), make([]float64, len(o.theta))
	floats.SubTo(s, o.theta, o.start)
	floats.SubTo(y, o.cur.Grad, o.grad)
	if !(floats.Dot(s, y) > 1e-14*floats.Norm(s, 2)*floats.Norm(y, 2)) {
		return
	}
	o.s, o.y = append(o.s, s), append(o.y, y)
	if len(o.s) > o.Pairs {
		o.s, o.y = o.s[1:], o.y[1:]
	}
}

// Save implements Optimizer.
func (o *QuasiNewton) Save() State {
	st := o.save()
	st["lbfgs"] = []float64{float64(len(o.s))}
	for k := range o.s {
		st[fmt.Sprintf("lbfgs.s%02d", k)] = append([]float64(nil), o.s[k]...)
		st[fmt.Sprintf("lbfgs.y%02d", k)] = append([]float64(nil), o.y[k]...)
	}
	return st
}

// Load implements Optimizer.
func (o *QuasiNewton) Load(st State) error {
	var pairs float64
	if err := o.load(st); err != nil {
		return err
	}
	if err := st.scalars("lbfgs", &pairs); err != nil {
		return err
	}
	o.s, o.y = nil, nil
	for k := range int(pairs) {
		s, y := make([]float64, len(o.theta)), make([]float64, len(o.theta))
		if err := st.vector(fmt.Sprintf("lbfgs.s%02d", k), s); err != nil {
			return err
		}
		if err := st.vector(fmt.Sprintf("lbfgs.y%02d", k), y); err != nil {
			return err
		}
		o.s, o.y = append(o.s, s), append(o.y, y)
	}
	return nil
}

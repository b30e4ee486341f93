package pmp

import (
	"fmt"
	"math"

	"github.com/costate-go/costate/ode/neural"
)

// Durations makes the times unknown at which a piecewise constant control changes: on a new time τ in [0, n] its n intervals have length 1, and
//
//	dx/dτ = v f(t, x, u),   dt/dτ = v,   dJ/dτ = v (L + ½ν|u|² + β|u|₁),
//
// with the duration v of an interval as one more parameter of its node and t as one more state (the control parametrization
// enhancing transform: Lee, Teo, Rehbock & Jennings, Automatica 35 (1999) 1401–1407). The horizon is fixed by a terminal constraint on t, or
// free. With Modes the values of the control are given, interval by interval, and durations are all that is unknown.
//
// The problem that comes out is not affine. Riccati, SQH with Newton and gradient methods solve it.
type Durations struct {
	// Problem has a piecewise constant control, neither observations nor breaks nor path constraints, and no L0 price.
	Problem *Problem
	// Modes are the controls of the intervals, nil where they are unknown.
	Modes [][]float64
	// FreeEnd leaves t₁ free: the problem's own is where the durations begin.
	FreeEnd bool
	// Least and Most bound the durations; 0 means 1e-6 and 10 times the problem's horizon.
	Least, Most float64
	// Autonomous says that neither f nor L depends on time, which saves evaluations.
	Autonomous bool
}

// Pose returns the problem on τ and a control to start from: theta, which is ignored with Modes, with equal durations.
func (d *Durations) Pose(theta []float64) (*Problem, []float64, error) {
	p, n := d.Problem, len(d.Modes)
	c := p.Control
	if n == 0 {
		n = len(c.Mesh) - 1
	}
	switch {
	case d.Modes == nil && (c.Kind != PiecewiseConstant || n < 1):
		return nil, nil, fmt.Errorf("%w: durations need a piecewise constant control, got %v", ErrProblem, c.Kind)
	case len(p.Observations) > 0 || len(p.Breaks) > 0 || len(p.Paths) > 0 || len(p.Jumps)+len(p.Events) > 0:
		return nil, nil, fmt.Errorf("%w: durations go without observations, breaks, jumps, events and path constraints", ErrProblem)
	case c.L0 != 0 || c.Radius != 0:
		return nil, nil, fmt.Errorf("%w: durations go without an L0 price and a radius", ErrProblem)
	}
	horizon, params := p.T1-p.T0, p.Field.NumParams()
	own := params
	if d.Modes != nil {
		theta, c.Lower, c.Upper = nil, nil, nil
		own = 1
		for k, u := range d.Modes {
			if len(u) != params {
				return nil, nil, fmt.Errorf("%w: mode %d has %d parameters and the field %d", ErrProblem, k, len(u), params)
			}
			theta = append(theta, float64(k)) // which mode, a constant
		}
	} else if len(theta) != n*params {
		return nil, nil, fmt.Errorf("%w: the control has %d numbers, need %d intervals of %d", ErrProblem, len(theta), n, params)
	}
	dim, samples := p.Field.Dim(), p.Samples()
	f := &durationsField{d: d, own: own}
	q := &Problem{Field: f, T1: float64(n), X0: make([]float64, (dim+1)*samples), Running: &durationsCost{f: f}}
	copy(q.X0, p.X0)
	for s := range samples {
		q.X0[dim*samples+s] = p.T0
	}
	if p.Terminal != nil {
		q.Terminal = firstRows{p.Terminal, dim}
	}
	for _, e := range p.Constraints {
		e := *e
		e.Zeta = make([]float64, len(e.Target))
		q.Constraints = append(q.Constraints, &e)
	}
	if !d.FreeEnd {
		q.Constraints = append(q.Constraints, &TerminalConstraint{Component: []int{dim}, Target: []float64{p.T1}, Zeta: make([]float64, 1)})
	}
	lower, err := spread("lower", c.Lower, own, math.Inf(-1))
	if err != nil {
		return nil, nil, err
	}
	upper, err := spread("upper", c.Upper, own, math.Inf(1))
	if err != nil {
		return nil, nil, err
	}
	least, most := d.Least, d.Most
	if least == 0 {
		least = 1e-6
	}
	if most == 0 {
		most = 10 * horizon
	}
	q.Control = Control{Kind: PiecewiseConstant, Mesh: UniformMesh(0, float64(n), n), Lower: append(lower, least), Upper: append(upper, most)}
	start := make([]float64, 0, n*(own+1))
	for k := range n {
		start = append(start, theta[k*own:(k+1)*own]...)
		start = append(start, horizon/float64(n))
	}
	return q, start, nil
}

// Times are the ends of the intervals of a control of the problem on τ, t₀ first.
func (d *Durations) Times(theta []float64) []float64 {
	width := d.own() + 1
	times := []float64{d.Problem.T0}
	for k := width - 1; k < len(theta); k += width {
		times = append(times, times[len(times)-1]+theta[k])
	}
	return times
}

// Control returns the space of controls on the mesh that was found, and the control.
func (d *Durations) Control(theta []float64) (Control, []float64) {
	c := d.Problem.Control
	c.Kind, c.Mesh = PiecewiseConstant, d.Times(theta)
	var u []float64
	own := d.own()
	for k := range len(c.Mesh) - 1 {
		u = append(u, d.control(theta[k*(own+1):])...)
	}
	return c, u
}

// own is the number of a node's parameters that say what the control is: its values, or the number of its mode.
func (d *Durations) own() int {
	if d.Modes != nil {
		return 1
	}
	return d.Problem.Field.NumParams()
}

// control is the control of a node, a view.
func (d *Durations) control(theta []float64) []float64 {
	if d.Modes == nil {
		return theta[:d.Problem.Field.NumParams()]
	}
	return d.Modes[min(max(int(math.Round(theta[0])), 0), len(d.Modes)-1)]
}

// difference is the step of central differences in time.
func (d *Durations) difference() float64 {
	return 6e-6 * (1 + math.Abs(d.Problem.T0) + math.Abs(d.Problem.T1))
}

// durationsField is (v f(t, x, u), v).
type durationsField struct {
	d   *Durations
	own int // see Durations.own
}

func (f *durationsField) Dim() int       { return f.d.Problem.Field.Dim() + 1 }
func (f *durationsField) NumParams() int { return f.own + 1 }

func (f *durationsField) NewEvaluator(width int) neural.Evaluator {
	inner := f.d.Problem.Field
	n := inner.Dim() * width
	e := &durationsEvaluator{f: f, ev: inner.NewEvaluator(width), u: make([]float64, inner.NumParams()), rate: make([]float64, n), up: make([]float64, n), pull: make([]float64, n)}
	e.sample, _ = e.ev.(neural.SampleBatch)
	e.timed, _ = e.ev.(neural.TimeBatch)
	e.times = make([]float64, width)
	return e
}

type durationsEvaluator struct {
	f              *durationsField
	ev             neural.Evaluator
	sample         neural.SampleBatch
	timed          neural.TimeBatch
	times          []float64
	u              []float64
	v              float64
	rate, up, pull []float64
}

// SetSamples implements neural.SampleBatch.
func (e *durationsEvaluator) SetSamples(lo int) {
	if e.sample != nil {
		e.sample.SetSamples(lo)
	}
}

// Bind implements neural.Evaluator.
func (e *durationsEvaluator) Bind(theta []float64) {
	e.v = theta[e.f.own]
	copy(e.u, e.f.d.control(theta))
	e.ev.Bind(e.u)
}

// given says that the control is no unknown: its derivatives are left out, and it stays what it is.
func (f *durationsField) given() bool { return f.d.Modes != nil }

// split returns the states of the inner field, the first sample's time, and the batch size. All samples have the same time, unless somebody
// asks otherwise.
func (e *durationsEvaluator) split(x []float64) (states []float64, t float64, batch int) {
	dim := e.f.Dim()
	batch = len(x) / dim
	n := (dim - 1) * batch
	e.at(0, x[n:])
	return x[:n], x[n], batch
}

// at makes the inner field see the samples' times, shifted by h, where it can.
func (e *durationsEvaluator) at(h float64, times []float64) {
	if e.timed == nil {
		return
	}
	for s, t := range times {
		e.times[s] = t + h
	}
	e.timed.SetTimes(e.times[:len(times)])
}

// Eval implements neural.Evaluator.
func (e *durationsEvaluator) Eval(dx []float64, _ float64, x []float64) {
	states, t, _ := e.split(x)
	n := len(states)
	e.ev.Eval(dx[:n], t, states)
	for i := range n {
		dx[i] *= e.v
	}
	for i := n; i < len(x); i++ {
		dx[i] = e.v
	}
}

// slope stores f_t in up.
func (e *durationsEvaluator) slope(t float64, states, times []float64) []float64 {
	n := len(states)
	up := e.up[:n]
	if e.f.d.Autonomous {
		clear(up)
		return up
	}
	h := e.f.d.difference()
	e.at(h, times)
	e.ev.Eval(up, t+h, states)
	e.at(-h, times)
	e.ev.Eval(e.rate[:n], t-h, states)
	e.at(0, times)
	for i, v := range e.rate[:n] {
		up[i] = (up[i] - v) / (2 * h)
	}
	return up
}

// VJP implements neural.Evaluator.
func (e *durationsEvaluator) VJP(px, ptheta []float64, _ float64, x, p []float64) {
	states, t, batch := e.split(x)
	n := len(states)
	if ptheta != nil {
		e.ev.Eval(e.rate[:n], t, states)
		for i, v := range e.rate[:n] {
			ptheta[e.f.own] += v * p[i]
		}
		for _, v := range p[n:] {
			ptheta[e.f.own] += v
		}
	}
	pull := e.pull[:n]
	for i := range pull {
		pull[i] = e.v * p[i]
	}
	if px != nil {
		clear(px[n:])
		for i, v := range e.slope(t, states, x[n:]) {
			px[n+i%batch] += pull[i] * v
		}
		px = px[:n]
	}
	if ptheta != nil {
		ptheta = ptheta[:e.f.own]
	}
	if e.f.given() {
		ptheta = nil
	}
	e.ev.VJP(px, ptheta, t, states, pull)
}

// JVP implements neural.Evaluator.
func (e *durationsEvaluator) JVP(dst []float64, _ float64, x, dx, dtheta []float64) {
	states, t, batch := e.split(x)
	n := len(states)
	var du, inner []float64
	dv := 0.0
	if dtheta != nil {
		dv = dtheta[e.f.own]
		if !e.f.given() {
			du = dtheta[:e.f.own]
		}
	}
	if dx != nil {
		inner = dx[:n]
	}
	e.ev.JVP(dst[:n], t, states, inner, du)
	if dx != nil {
		for i, v := range e.slope(t, states, x[n:]) {
			dst[i] += v * dx[n+i%batch]
		}
	}
	e.ev.Eval(e.rate[:n], t, states)
	for i, v := range e.rate[:n] {
		dst[i] = e.v*dst[i] + dv*v
	}
	for i := n; i < len(x); i++ {
		dst[i] = dv
	}
}

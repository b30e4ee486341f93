package ode

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/costate-go/costate/solvers"
)

// Solve integrates p from T0 to T1. The solution until then comes with an error, too; it is nil only where problem or
// settings are invalid. Errors are *Error, which wraps one of the sentinels, and *SettingsError. Methods, controllers and norms may serve
// several calls at once.
func Solve(ctx context.Context, p Problem, s Settings) (*Solution, error) {
	it, err := NewIntegrator(max(1, len(p.X0)), s)
	if err != nil {
		return nil, err
	}
	if err := p.check(&s); err != nil {
		return nil, err
	}
	if s.Step == 0 && it.s.Method.ErrorOrder() == 0 && p.T0 != p.T1 {
		return nil, &SettingsError{Field: "Step", Value: 0, Remedy: "give a step size: " + it.s.Method.Name() + " has no error estimate"}
	}
	r := newRun(p, s, it)
	reason, err := r.loop(ctx)
	r.sol.finish(it, reason)
	if s.OnProgress != nil {
		r.reportProgress(r.sol.end, time.Now())
	}
	return r.sol, err
}

// run is one call of Solve.
type run struct {
	p   Problem
	s   Settings
	it  *Integrator
	sol *Solution

	back   bool
	stops  []float64 // those inside the interval, in the direction of integration, and T1
	saveAt []float64 // still to come
	f      solvers.Func
	window window
	coeffs []float64                 // continuous extension of the last step
	known  bool                      // coeffs belongs to the last step
	x      []float64                 // scratch
	watch  *watcher                  // nil without events
	after  []float64                 // state after events that changed it
	lost   bool                      // times of an event accumulate
	point  func(s float64) []float64 // interpolate

	began, reported time.Time // progress
}

func newRun(p Problem, s Settings, it *Integrator) *run {
	n := len(p.X0)
	p.F = p.rightHandSide()
	r := &run{p: p, s: s, it: it, back: p.T1 < p.T0, saveAt: s.SaveAt, f: p.F,
		sol: &Solution{n: n, end: math.NaN()}, coeffs: make([]float64, it.Stepper().DenseLen()), x: make([]float64, n)}
	for _, t := range s.Stops {
		if min(p.T0, p.T1) < t && t < max(p.T0, p.T1) {
			r.stops = append(r.stops, t)
		}
	}
	slices.Sort(r.stops)
	r.stops = slices.Compact(r.stops)
	if r.back {
		slices.Reverse(r.stops)
	}
	if len(r.stops) > 0 {
		r.window = window{f: p.F, from: p.T0, fromIn: p.T0, to: r.stops[0], toIn: math.Nextafter(r.stops[0], p.T0)}
		r.f = r.window.eval
	}
	r.stops = append(r.stops, p.T1)
	if len(s.Events) > 0 {
		r.watch, r.point = newWatcher(s.Events, n), r.interpolate
		r.watch.begin(p.T0, slices.Clone(p.X0))
		r.after = make([]float64, n)
	}
	if s.OnProgress != nil {
		r.began = time.Now()
		r.reported = r.began
	}
	if d := &r.sol.dense; !s.SkipDense {
		*d = denseOutput{kept: true, knots: []float64{p.T0}, length: len(r.coeffs)}
	}
	return r
}

// window evaluates a right-hand side that may jump at the ends of [from, to] from inside. Stages beyond an end, which
// compositions with steps back and forth have, see it as it is there.
type window struct {
	f            solvers.Func
	from, fromIn float64
	to, toIn     float64
}

func (w *window) inside(t float64) float64 {
	switch {
	case (t <= w.from) == (w.from < w.to) || t == w.from:
		t = w.fromIn
	case (t >= w.to) == (w.from < w.to) || t == w.to:
		t = w.toIn
	}
	return t
}

func (w *window) eval(dx []float64, t float64, x []float64) { w.f(dx, w.inside(t), x) }

// jacobian is the problem's, evaluated inside the window as well.
func (r *run) jacobian() solvers.Jacobian {
	j := r.p.Jacobian
	if len(r.stops) == 1 {
		return j
	}
	if f := j.Func; f != nil {
		j.Func = func(dst []float64, t float64, x []float64) { f(dst, r.window.inside(t), x) }
	}
	if f := j.Time; f != nil {
		j.Time = func(dst []float64, t float64, x []float64) { f(dst, r.window.inside(t), x) }
	}
	if f := j.Product; f != nil {
		j.Product = func(dst []float64, t float64, x, v []float64) { f(dst, r.window.inside(t), x, v) }
	}
	return j
}

// values is the problem's, evaluated inside the window as well.
func (r *run) values() solvers.Values {
	v := r.p.values()
	if len(r.stops) == 1 {
		return v
	}
	if f := v.F2; f != nil {
		v.F2 = func(t, x, y float64) (float64, float64) { return f(r.window.inside(t), x, y) }
	}
	if f := v.F3; f != nil {
		v.F3 = func(t, x, y, z float64) (float64, float64, float64) { return f(r.window.inside(t), x, y, z) }
	}
	if f := v.F4; f != nil {
		v.F4 = func(t, x, y, z, w float64) (float64, float64, float64, float64) {
			return f(r.window.inside(t), x, y, z, w)
		}
	}
	return v
}

// partition is the problem's, evaluated inside the window as well.
func (r *run) partition() solvers.Partition {
	p := r.p.Partition
	if len(r.stops) == 1 {
		return p
	}
	if f := p.Velocity; f != nil {
		p.Velocity = func(dst []float64, t float64, x []float64) { f(dst, r.window.inside(t), x) }
	}
	if f := p.Force; f != nil {
		p.Force = func(dst []float64, t float64, x []float64) { f(dst, r.window.inside(t), x) }
	}
	return p
}

func (r *run) loop(ctx context.Context) (Reason, error) {
	it := r.it
	it.SetJacobian(r.jacobian())
	it.SetPartition(r.partition())
	it.SetValues(r.values())
	it.Start(r.f, r.p.T0, r.p.X0, r.p.T1)
	r.saveFirst()
	for k, stop := range r.stops {
		for it.T() != stop {
			if err := it.Step(ctx, stop); err != nil {
				return reasonOf(err), err
			}
			r.known = false
			if r.stepDone() {
				if r.lost {
					return EventsAccumulate, &Error{Reason: EventsAccumulate, T: r.sol.end, H: it.H(), Norm: it.ErrorNorm(), Component: r.watch.back, Stats: it.Stats()}
				}
				return StoppedByEvent, nil
			}
			if r.s.OnProgress != nil {
				r.progress()
			}
			if r.s.OnStep != nil && !r.s.OnStep(it) {
				r.saveLast()
				return StoppedByCaller, nil
			}
		}
		if k+1 < len(r.stops) {
			next := r.stops[k+1]
			r.window.from, r.window.fromIn = stop, math.Nextafter(stop, r.p.T1)
			r.window.to, r.window.toIn = next, next
			if k+2 < len(r.stops) {
				r.window.toIn = math.Nextafter(next, stop)
			}
			it.Restart(r.f)
		}
	}
	r.saveLast()
	return Finished, nil
}

func reasonOf(err error) Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return InvalidSettings
}

func (r *run) saveFirst() {
	if r.s.SaveAt == nil {
		r.sol.save(r.p.T0, r.p.X0)
	}
	for len(r.saveAt) > 0 && r.saveAt[0] == r.p.T0 {
		r.sol.save(r.p.T0, r.p.X0)
		r.saveAt = r.saveAt[1:]
	}
}

// saveLast saves the last state where only the ends are wanted.
func (r *run) saveLast() {
	if r.s.SaveAt == nil && r.s.EndOnly && r.it.T() != r.p.T0 {
		r.sol.save(r.it.T(), r.it.X())
	}
}

// stepDone stores what is wanted of the last step and reports whether a terminal event ends the integration.
func (r *run) stepDone() (ended bool) {
	it := r.it
	t := it.T()
	var o outcome
	if r.watch != nil {
		if o = r.events(); o.cut {
			t = o.t
		}
		if r.lost = o.lost; r.lost {
			r.sol.end, r.sol.final = it.TPrev(), slices.Clone(r.after)
			return true
		}
	}
	if d := &r.sol.dense; d.kept {
		d.coeffs = append(d.coeffs, r.extension()...)
		d.knots = append(d.knots, t)
		if o.cut {
			rescale(d.coeffs[len(d.coeffs)-d.length:], r.sol.n, (t-it.TPrev())/it.H())
		}
	}
	x := it.X()
	if r.s.SaveAt != nil {
		for len(r.saveAt) > 0 && (r.saveAt[0] == t || (r.saveAt[0] < t) != r.back) {
			at := r.saveAt[0]
			r.saveAt = r.saveAt[1:]
			if at == it.T() {
				r.sol.save(at, x)
				continue
			}
			r.sol.save(at, r.interpolate((at-it.TPrev())/it.H()))
		}
	}
	if o.cut {
		x = r.interpolate(o.s)
	}
	if r.s.SaveAt == nil && (o.ended || !r.s.EndOnly) {
		r.sol.save(t, x)
	}
	switch {
	case o.ended:
		r.sol.end, r.sol.final = t, slices.Clone(x)
	case o.changed:
		if r.s.SaveAt == nil && !r.s.EndOnly {
			r.sol.save(t, r.after)
		}
		it.Jump(t, r.after)
	}
	return o.ended
}

// progressEvery is the time between reports of progress.
const progressEvery = 100 * time.Millisecond

// progress reports it when it is time to.
func (r *run) progress() {
	if r.it.stats.Accepted%clockEvery != 0 && r.it.T() != r.p.T1 {
		return
	}
	if now := time.Now(); now.Sub(r.reported) >= progressEvery {
		r.reportProgress(r.it.T(), now)
	}
}

func (r *run) reportProgress(t float64, now time.Time) {
	fraction := 1.0
	if r.p.T1 != r.p.T0 {
		fraction = (t - r.p.T0) / (r.p.T1 - r.p.T0)
	}
	r.reported = now
	r.s.OnProgress(Progress{Fraction: fraction, T: t, Stats: r.it.Stats(), Elapsed: now.Sub(r.began)})
}

// extension returns the continuous extension of the last step.
func (r *run) extension() []float64 {
	if !r.known {
		r.it.Stepper().Dense(r.coeffs)
		r.known = true
	}
	return r.coeffs
}

// interpolate returns the state at a part s of the last step.
func (r *run) interpolate(s float64) []float64 {
	solvers.EvalDense(r.x, r.extension(), s)
	return r.x
}

// rescale turns a polynomial in s into one in s/factor.
func rescale(coeffs []float64, n int, factor float64) {
	power := 1.0
	for m := 0; m*n < len(coeffs); m++ {
		for i := range coeffs[m*n : (m+1)*n] {
			coeffs[m*n+i] *= power
		}
		power *= factor
	}
}

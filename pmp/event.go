package pmp

import (
	"errors"
	"fmt"
	"math"

	"github.com/costate-go/costate/internal/kernel"
	"github.com/costate-go/costate/ode"
)

// Event is a change of the state where the solution itself asks for it, x⁺ = Map(τ, x⁻, θ(τ)) at every time τ at which E(t, x, θ) changes
// its sign: an impact, a threshold, a switch of the dynamics. For the latter the state has an entry that names the piece which the field
// is on, and Map changes it; an entry on which nothing moves any more ends the process at the event.
//
// A step ends at τ, to rounding, and τ depends on what came before. With H = p·f − L on both sides the costate is
//
//	p(τ⁻) = Map_xᵀ p⁺ + κ E_x,   κ = (H⁺ − H⁻ − p⁺·Map_t)/(E_t + E_x·f⁻),   H⁻ = (Map_xᵀp⁺)·f⁻ − L⁻,
//
// that is p⁻ = Sᵀp⁺ with the saltation matrix S = Map_x + (f⁺ − Map_x f⁻ − Map_t) E_x / (E_t + E_x·f⁻) where there is no running cost (Aizerman &
// Gantmakher, Q. J. Mech. Appl. Math. 11 (1958) 385–398; Kong et al., Saltation Matrices, Proc. IEEE 112 (2024) 585–608), and
// ∇_θ J += −Map_θᵀp⁺ − κ E_θ. Here f and H are those of the discrete steps before and after, so that the gradient is as exact as that of the
// discrete costate is otherwise.
//
// Events take explicit methods and the discrete costate, and samples with steps of their own: shards are one sample wide. Times at which two
// events happen at once, or an observation, knot or break falls on one, and events that the solution only touches, have no derivative.
// An event at the very time of an observation comes before it. Functions are called by several goroutines at once, and must keep none of
// their arguments.
type Event struct {
	// E is the event function. A sign at t₀ or after a jump that differs from the one before is no event.
	E func(t float64, x, u []float64) float64
	// Direction > 0 takes only changes from negative to positive, < 0 only the opposite ones, 0 both.
	Direction int
	// Map stores the state after the event in dst (d).
	Map func(dst []float64, t float64, x, u []float64)
	// Grad stores E_x in ex (d) and E_u in eu (P), all entries of both, and returns E_t; nil means central differences.
	Grad func(ex, eu []float64, t float64, x, u []float64) (et float64)
	// VJP stores Map_xᵀp in px (d) and Map_uᵀp in pu (P), and returns p·Map_t; nil means central differences.
	VJP func(px, pu []float64, t float64, x, u, p []float64) (pt float64)
}

// Crossing is an event that happened.
type Crossing struct {
	Event         int // index in Problem.Events
	T             float64
	Before, After []float64 // states, d
	P             []float64 // the costate right before the event, d; nil without a backward sweep
}

// eventLane is a lane's workspace for events.
type eventLane struct {
	watcher        *ode.Watcher
	u, lam         []float64
	ex, eu, px, pu []float64
	grad           []float64 // that nobody wants
	clock          clock
}

// ErrEvent reports an event that cannot be met, or has no derivative.
var ErrEvent = errors.New("pmp: bad event")

func (p *Problem) checkEvents() error {
	for k, e := range p.Events {
		if e.E == nil || e.Map == nil {
			return fmt.Errorf("%w: event %d needs an event function E and a Map", ErrProblem, k)
		}
	}
	return nil
}

// watch begins to look for events in the steps of it.
func (rc *recorder) watch(it *ode.Integrator) {
	ev := &rc.ln.events
	if ev.watcher == nil {
		events := make([]ode.Event, len(rc.w.Problem.Events))
		for k := range events {
			e := &rc.w.Problem.Events[k]
			events[k] = ode.Event{Direction: e.Direction, G: func(t float64, x []float64) float64 { return e.E(t, x, rc.control(t)) }}
		}
		ev.watcher = ode.NewWatcher(events, it)
	}
	ev.watcher.Begin(it.T(), it.X())
}

// control is θ(t) on the present element, valid until it is asked for again.
func (rc *recorder) control(t float64) []float64 {
	ev := &rc.ln.events
	ev.u = grow(ev.u, rc.w.mesh.params)
	return rc.w.mesh.at(ev.u, rc.theta, rc.elem, t)
}

// meet looks for an event in the last step. Where there is one the step ends there instead, and the integration goes on from the state
// that it leaves; until is where the step would have ended.
func (w *Sweeper) meet(rc *recorder, it *ode.Integrator) (until float64, err error) {
	tp, ln := rc.tp, rc.ln
	until = it.T()
	rc.on = false // what the continuous extension evaluates is no stage of a step
	rc.extending = true
	k, part := ln.events.watcher.First(it)
	rc.extending = false
	switch {
	case k < 0:
		return until, nil
	case part == 0:
		return until, fmt.Errorf("%w: event %d comes back at t = %g so soon that rounding hides when: times accumulate; let Map bring the state to rest before that", ErrEvent, k, it.TPrev())
	}
	st := &tp.steps[len(tp.steps)-1]
	tp.records = rc.base // without the first stage of a step that will not be taken
	x := tp.departures.at(len(tp.met))
	noise, err := w.land(rc, st, k, x, part*it.H(), it.H())
	// Steps may have events in another order than their extension.
	for tries := 0; err == nil; tries++ {
		other := ln.events.watcher.Earlier(k, st.end, x)
		if other < 0 {
			break
		}
		if tries == len(w.Problem.Events) {
			return until, fmt.Errorf("%w: events %d and %d happen at once at t = %g; let one of them do what both do", ErrEvent, k, other, st.end)
		}
		k = other
		noise, err = w.land(rc, st, k, x, st.h, it.H())
	}
	if err != nil {
		return until, err
	}
	tp.met = append(tp.met, k)
	st.met = len(tp.met)
	e := &w.Problem.Events[k]
	st.end = min(st.end, until)
	u, one, ev := rc.control(st.end), &ln.one, &ln.events
	e.Map(one.x, st.end, x, u)
	it.Jump(st.end, one.x)
	rc.first = -1
	// Where E is zero still, the side on which the solution leaves is said by its slope: it may come back very soon.
	w.eventRoom(ev, len(x))
	copy(one.u, u)
	slope := e.gradient(ev, one, st.end)
	rc.calls++
	w.bindAt(ln, rc.theta, rc.elem, st.end)
	ln.ev.Eval(one.gx, st.end, it.X())
	ev.watcher.Happened(k, noise, slope+kernel.Dot(ev.ex, one.gx), st.end, it.X())
	return until, nil
}

// eventRoom makes room for derivatives.
func (w *Sweeper) eventRoom(ev *eventLane, n int) {
	ev.lam, ev.px, ev.ex = grow(ev.lam, n), grow(ev.px, n), grow(ev.ex, n)
	ev.pu, ev.eu = grow(ev.pu, w.mesh.params), grow(ev.eu, w.mesh.params)
}

// land takes the step st again so that it ends where event k is zero, at about t + h, by the secant method on h, and stores the state there
// in x. The step was one of whole at first. It returns how far from zero rounding leaves the event function.
func (w *Sweeper) land(rc *recorder, st *step, k int, x []float64, h, whole float64) (noise float64, err error) {
	e := &w.Problem.Events[k]
	value := func(h float64) float64 {
		w.retakeStep(rc, st, x, h)
		return e.E(st.end, x, rc.control(st.end))
	}
	from := e.E(st.t, rc.tp.state(st.first), rc.control(st.t))
	// The extension is off by a small power of the step size.
	h0, g0 := h, value(h)
	h1 := h + 1e-6*h + 1e-8*math.Abs(st.t)
	slope := 0.0
	for i := range 50 {
		g1 := value(h1)
		size := math.Abs(st.end) + h1
		if math.Abs(h1-h0) > 1e-9*size { // or the last slope is a better one
			slope = (g1 - g0) / (h1 - h0)
		}
		next := h1 - g1/slope
		noise = max(math.Abs(g1), 0x1p-52*size*math.Abs(slope))
		stuck := i > 1 && math.Abs(g1) >= math.Abs(g0)/4 && math.Abs(next-h1) <= 1e-5*size // in the rounding of the step
		if stuck {
			noise = max(noise, math.Abs(g0))
		}
		if stuck || g1 == 0 || math.Abs(next-h1) <= 0x1p-52*size {
			if st.end <= st.t || math.Abs(slope)*h1 < 1e-6*math.Abs(from) {
				break // at once, or hardly across
			}
			return noise, nil
		}
		if !(next > 0 && next <= 1.01*whole) {
			break
		}
		h0, g0, h1 = h1, g1, next
	}
	return noise, fmt.Errorf("%w: event %d near t = %g is not met in a step of %g: either another one happens at once, or the solution only touches it, or steps are too large",
		ErrEvent, k, st.t+h, whole)
}

// retakeStep computes the stages of the last step again for the size h, in their records, and stores the state at its end in x.
func (w *Sweeper) retakeStep(rc *recorder, st *step, x []float64, h float64) {
	tab, tp, ln := w.method, rc.tp, rc.ln
	st.h, st.end = h, st.t+h
	start := tp.state(st.first)
	copy(x, start)
	for i, b := range tab.B {
		r := st.record(i)
		if i > 0 {
			tp.t[r] = st.t + tab.C[i]*h
			if tab.C[i] == 1 {
				tp.t[r] = st.end
			}
			stage := tp.state(r)
			copy(stage, start)
			for j, a := range tab.A[i] {
				kernel.Axpy(stage, h*a, tp.rate(st.record(j)))
			}
			rc.calls++
			w.bindAt(ln, rc.theta, tp.elem[r], tp.t[r])
			if tp.keepLen > 0 {
				ln.keeper.EvalKeep(tp.rate(r), tp.t[r], stage, tp.kept(r))
			} else {
				ln.ev.Eval(tp.rate(r), tp.t[r], stage)
			}
		}
		tp.weight[r] = h * b
		kernel.Axpy(x, h*b, tp.rate(r))
	}
	tp.metric[st.record(w.anchor)] = h
}

// crossBack takes λ from right after the event at the end of step k to right before it. The multiplier κ makes J − κE stationary in the
// event's time, of which the steps before and after are functions:
//
//	λ⁻ = Map_xᵀλ⁺ − κE_x,   d/dτ (J of the step before, from λ⁻, and of the step after) + λ⁺·Map_t − κE_t = 0,
//
// an equation that is linear in κ, so that two values of its left-hand side say where it vanishes.
func (w *Sweeper) crossBack(ln *Lane, tr *Trajectory, tp *tape, k int, lam, grad []float64) (calls int, err error) {
	st, ev, one := &tp.steps[k], &ln.events, &ln.one
	index := tp.met[st.met-1]
	e, sg, x := &w.Problem.Events[index], &w.segs[st.segment], tp.departures.at(st.met-1)
	w.eventRoom(ev, tp.n)
	copy(one.u, w.mesh.at(ln.theta, tr.Theta, sg.elem, st.end))
	copy(one.x, x)
	copy(one.p, lam)
	slip := 0.0 // d/dτ of what follows
	if k+1 < len(tp.steps) {
		w.wind(ln, tr, tp, &tp.steps[k+1])
		slip = w.shift(ln, tp, &tp.steps[k+1], false)
	}
	pt, et := e.pull(ev, one, st.end), e.gradient(ev, one, st.end)
	w.mesh.spread(grad, sg.elem, st.end, ev.pu)
	if w.mesh.sloped() {
		u := w.speed(ln, tr, sg, st.end)
		pt += kernel.Dot(ev.pu, u)
		et += kernel.Dot(ev.eu, u)
	}
	w.wind(ln, tr, tp, st)
	w.release(ln, grad)
	ev.grad = grow(ev.grad, len(grad))
	balance := func(kappa float64) float64 {
		kernel.ScaleTo(ev.lam, 1, ev.px)
		kernel.Axpy(ev.lam, -kappa, ev.ex)
		calls += w.backStep(ln, tr, tp, k, ev.lam, ev.grad)
		w.release(ln, ev.grad)
		return w.shift(ln, tp, st, true) + slip + pt - kappa*et
	}
	kappa, size := 0.0, 0.0
	if b := balance(0); b != 0 {
		size += math.Abs(et) // of the slopes of E along the step
		for i, v := range ev.ex {
			top := 0.0
			for s := range w.method.C {
				top = max(top, math.Abs(tp.rate(st.record(s))[i]))
			}
			size += math.Abs(v) * top
		}
		trial := b / size
		kappa = trial * b / (b - balance(trial))
		if !(math.Abs(b) > 1e-8*size*math.Abs(kappa)) {
			return calls, fmt.Errorf("%w: the solution only touches event %d at t = %g, where its time has no derivative", ErrEvent, index, st.end)
		}
	}
	kernel.ScaleTo(lam, 1, ev.px)
	kernel.Axpy(lam, -kappa, ev.ex)
	kernel.Scale(ev.eu, -kappa)
	w.mesh.spread(grad, sg.elem, st.end, ev.eu)
	copy(tp.arrivals.at(st.met-1), lam)
	return calls, nil
}

// pull stores the derivatives of the map, applied to the p of one, at x and u, and returns that in time.
func (e *Event) pull(ev *eventLane, one *one, t float64) (pt float64) {
	if e.VJP != nil {
		return e.VJP(ev.px, ev.pu, t, one.x, one.u, one.p)
	}
	time, dt := [1]float64{t}, [1]float64{}
	value := func() float64 {
		e.Map(one.y, time[0], one.x, one.u)
		return kernel.Dot(one.p, one.y)
	}
	slopes(ev.px, one.x, value)
	slopes(ev.pu, one.u, value)
	slopes(dt[:], time[:], value)
	return dt[0]
}

// gradient stores the derivatives of the event function at x and u, and returns that in time.
func (e *Event) gradient(ev *eventLane, one *one, t float64) (et float64) {
	if e.Grad != nil {
		return e.Grad(ev.ex, ev.eu, t, one.x, one.u)
	}
	time, dt := [1]float64{t}, [1]float64{}
	value := func() float64 { return e.E(time[0], one.x, one.u) }
	slopes(ev.ex, one.x, value)
	slopes(ev.eu, one.u, value)
	slopes(dt[:], time[:], value)
	return dt[0]
}

// Events are the events that sample s met, in order. There are none to see after Gradient and Evaluate.
func (tr *Trajectory) Events(s int) []Crossing {
	tp, _ := tr.shardOf(s)
	if tp == nil {
		return nil
	}
	var out []Crossing
	for k := range tp.steps {
		st := &tp.steps[k]
		if st.met == 0 {
			continue
		}
		c := Crossing{Event: tp.met[st.met-1], T: st.end, Before: column(tp.departures.at(st.met-1), 1, 0), After: column(tp.end, 1, 0)}
		if k+1 < len(tp.steps) {
			c.After = column(tp.state(tp.steps[k+1].first), 1, 0)
		}
		if tr.back {
			c.P = column(tp.arrivals.at(st.met-1), 1, 0)
			for i := range c.P {
				c.P[i] = -c.P[i]
			}
		}
		out = append(out, c)
	}
	return out
}

package ode

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/costate-go/costate/solvers"
)

// batchRun is one call of SolveBatch.
type batchRun struct {
	b       *Batch
	s       *Settings
	sol     *BatchSolution
	step    *batchStepper
	control solvers.Controller
	lanes   []lane // of the samples that are under way, in the order of their columns
	began   time.Time
}

// lane is where a sample stands.
type lane struct {
	sample    int
	end       float64
	dir       float64
	proposal  float64 // size of the next attempt
	last      float64 // signed size of the last accepted step
	history   solvers.History
	halvings  int
	fixed     int // fixed steps to make; zero: adaptive
	made      int // fixed steps made
	start     float64
	saveAt    []float64
	size      float64 // of the present attempt
	cutShort  bool
	norm      float64
	leaving   bool
	rejection bool
}

func newBatchRun(b *Batch, s *Settings, tab *solvers.Tableau) *batchRun {
	n := b.samples()
	r := &batchRun{b: b, s: s, began: time.Now(), control: solvers.Prepare(s.Controller, tab.ErrorOrder()+1)}
	r.sol = b.solution()
	var active []int
	for i := range n {
		t0, t1 := at(b.T0, i), at(b.T1, i)
		r.sol.T[i] = t0
		l := lane{sample: i, start: t0, end: t1, dir: math.Copysign(1, t1-t0), proposal: s.FirstStep, norm: math.NaN()}
		l.history.Order = tab.ErrorOrder() + 1
		if b.SaveAt != nil {
			l.saveAt = b.SaveAt[i]
		}
		for len(l.saveAt) > 0 && l.saveAt[0] == t0 {
			r.save(&l, r.column(b.X0, n, i))
		}
		if t0 == t1 {
			r.sol.Reasons[i] = Finished
			continue
		}
		if s.Step > 0 {
			l.fixed = max(1, int(math.Ceil(math.Abs(t1-t0)/s.Step-1e-9)))
		}
		r.lanes = append(r.lanes, l)
		active = append(active, i)
	}
	r.step = newBatchStepper(b, tab, active)
	return r
}

// column copies a sample out of an array of the given width.
func (r *batchRun) column(x []float64, width, j int) []float64 {
	out := make([]float64, r.b.Dim)
	for i := range out {
		out[i] = x[i*width+j]
	}
	return out
}

func (r *batchRun) save(l *lane, x []float64) {
	r.sol.Saved[l.sample] = append(r.sol.Saved[l.sample], x...)
	l.saveAt = l.saveAt[1:]
}

func (r *batchRun) loop(ctx context.Context) error {
	if len(r.lanes) > 0 && r.s.Step == 0 && r.s.FirstStep == 0 {
		r.firstSteps()
	}
	for len(r.lanes) > 0 {
		if reason, cause := r.mustStop(ctx); cause != nil {
			for j := range r.lanes {
				r.leave(j, reason, cause)
			}
			r.sweep()
			break
		}
		for j := range r.lanes {
			r.propose(j)
		}
		if r.sweep(); len(r.lanes) == 0 {
			break
		}
		r.step.attempt()
		for j := range r.lanes {
			r.judge(j)
		}
		r.saveInside()
		for j := range r.lanes {
			r.accept(j)
		}
		r.sweep()
	}
	r.sol.Calls = r.step.calls
	if r.s.OnProgress != nil {
		r.s.OnProgress(Progress{Fraction: 1, T: math.NaN(), Elapsed: time.Since(r.began)})
	}
	return r.sol.failure()
}

// failure is the error of the first sample that has one.
func (s *BatchSolution) failure() error {
	if i := slices.IndexFunc(s.Errors, func(err error) bool { return err != nil }); i >= 0 {
		return fmt.Errorf("sample %d: %w", i, s.Errors[i])
	}
	return nil
}

func (r *batchRun) mustStop(ctx context.Context) (Reason, error) {
	if ctx != nil {
		if cause := ctx.Err(); cause != nil {
			return Cancelled, cause
		}
	}
	if r.s.MaxTime > 0 && time.Since(r.began) > r.s.MaxTime {
		return OutOfTime, ErrMaxTime
	}
	return Unfinished, nil
}

// propose chooses the size and the end of the next attempt of lane j.
func (r *batchRun) propose(j int) {
	l, st := &r.lanes[j], r.step
	t := st.t[j]
	stats := &r.sol.Stats[l.sample]
	if r.s.MaxSteps > 0 && stats.Accepted+stats.Rejected >= r.s.MaxSteps {
		r.leave(j, TooManySteps, nil)
		return
	}
	if l.fixed > 0 {
		st.next[j] = l.end
		if l.made+1 < l.fixed {
			st.next[j] = l.start + (l.end-l.start)*(float64(l.made+1)/float64(l.fixed))
		}
		l.size = math.Abs(st.next[j] - t)
		return
	}
	floor := stepFloor(t, r.s.MinStep)
	h := l.proposal
	if r.s.MaxStep > 0 {
		h = min(h, r.s.MaxStep)
	}
	if !l.rejection {
		h = max(h, floor)
	}
	size, next := cutStep(h, t, l.end, floor, r.s.MaxStep)
	if size < floor && next != l.end || next == t {
		reason := StepTooSmall
		if l.halvings > 0 {
			reason = NonFinite
		}
		l.size = size
		r.leave(j, reason, nil)
		return
	}
	l.size, l.cutShort, st.next[j] = size, size < 0.99*h, next
}

// judge decides on the attempt of lane j.
func (r *batchRun) judge(j int) {
	l, st := &r.lanes[j], r.step
	stats := &r.sol.Stats[l.sample]
	finite := st.finite(j)
	if l.fixed > 0 {
		if !finite {
			r.leave(j, NonFinite, nil)
		}
		return
	}
	l.norm = st.norm(j, r.s.RTol, r.s.ATol)
	hist := &l.history
	hist.Rejected = l.rejection
	l.rejection = true
	switch {
	case !isFinite(l.norm) || !finite:
		stats.Rejected++
		if l.halvings++; l.halvings > maxHalvings {
			r.leave(j, NonFinite, nil)
			return
		}
		l.proposal = l.size / 2
	default:
		hist.Error, hist.Ratio = l.norm, 0
		if l.last != 0 {
			hist.Ratio = l.size / math.Abs(l.last)
		}
		factor := r.control.Factor(hist)
		if l.norm > 1 {
			stats.Rejected++
			l.proposal = l.size * min(factor, 0.999)
			return
		}
		l.rejection = false
		if l.cutShort {
			l.proposal = max(l.proposal, l.size*factor)
			return
		}
		l.proposal = l.size * factor
		hist.Last, hist.BeforeLast = max(l.norm, math.SmallestNonzeroFloat64), hist.Last
	}
}

// saveInside interpolates what is wanted of the steps that are about to be accepted.
func (r *batchRun) saveInside() {
	st := r.step
	wanted := false
	for j := range r.lanes {
		l := &r.lanes[j]
		wanted = wanted || r.takes(l) && len(l.saveAt) > 0 && (l.saveAt[0]-st.next[j])*l.dir < 0
	}
	if wanted {
		st.extend()
	}
	x := make([]float64, 0)
	for j := range r.lanes {
		l := &r.lanes[j]
		for r.takes(l) && len(l.saveAt) > 0 && (l.saveAt[0]-st.next[j])*l.dir <= 0 {
			if l.saveAt[0] == st.next[j] {
				r.save(l, r.column(st.xNext, len(r.lanes), j))
				continue
			}
			if len(x) == 0 {
				x = make([]float64, r.b.Dim)
			}
			st.interpolate(x, j, (l.saveAt[0]-st.t[j])/(st.next[j]-st.t[j]))
			r.save(l, x)
		}
	}
}

// takes reports whether the attempt of a lane is accepted.
func (r *batchRun) takes(l *lane) bool { return !l.rejection && !l.leaving }

func (r *batchRun) accept(j int) {
	l, st := &r.lanes[j], r.step
	stats := &r.sol.Stats[l.sample]
	stats.Evaluations += st.shared
	if !r.takes(l) {
		return
	}
	l.last = st.next[j] - st.t[j]
	l.made++
	l.halvings = 0
	stats.accept(math.Abs(l.last))
	st.accept(j)
	if st.t[j] == l.end {
		r.leave(j, Finished, nil)
	}
}

// leave marks a lane that has come to its end and stores where it stands.
func (r *batchRun) leave(j int, reason Reason, cause error) {
	l, st := &r.lanes[j], r.step
	if l.leaving {
		return
	}
	l.leaving = true
	r.sol.Reasons[l.sample] = reason
	r.sol.T[l.sample] = st.t[j]
	n, width := r.b.samples(), len(r.lanes)
	for i := range r.b.Dim {
		r.sol.X[i*n+l.sample] = st.x[i*width+j]
	}
	if reason == Finished {
		return
	}
	e := &Error{Reason: reason, T: st.t[j], H: l.dir * l.size, Norm: l.norm, Component: st.worst(j, r.s.RTol, r.s.ATol), Stats: r.sol.Stats[l.sample]}
	switch reason {
	case StepTooSmall:
		e.Limit = stepFloor(st.t[j], r.s.MinStep)
	case TooManySteps:
		e.Limit = float64(r.s.MaxSteps)
	case OutOfTime:
		e.Limit = r.s.MaxTime.Seconds()
	case Cancelled:
		e.Cause = cause
	}
	r.sol.Errors[l.sample] = e
}

// sweep lets the lanes go that are leaving.
func (r *batchRun) sweep() {
	if !slices.ContainsFunc(r.lanes, func(l lane) bool { return l.leaving }) {
		return
	}
	r.step.keep(func(j int) bool { return !r.lanes[j].leaving })
	r.lanes = slices.DeleteFunc(r.lanes, func(l lane) bool { return l.leaving })
	if r.s.OnProgress != nil {
		n := r.b.samples()
		r.s.OnProgress(Progress{Fraction: float64(n-len(r.lanes)) / float64(n), T: math.NaN(), Elapsed: time.Since(r.began)})
	}
}

// firstSteps is firstStep for every lane, with two evaluations of the batch.
func (r *batchRun) firstSteps() {
	st, s := r.step, r.s
	st.start()
	width, dim := len(r.lanes), r.b.Dim
	first := make([]float64, width)
	for j := range r.lanes {
		l := &r.lanes[j]
		limit := math.Abs(l.end - st.t[j])
		if s.MaxStep > 0 {
			limit = min(limit, s.MaxStep)
		}
		d0, d1 := st.weigh(st.x, j, s.RTol, s.ATol), st.weigh(st.k[0], j, s.RTol, s.ATol)
		h := 1e-6
		if d0 >= 1e-5 && d1 >= 1e-5 {
			h = 0.01 * d0 / d1
		}
		first[j] = min(h, limit)
		st.times[j] = st.t[j] + l.dir*first[j]
		for i := range dim {
			st.stage[i*width+j] = st.x[i*width+j] + l.dir*first[j]*st.k[0][i*width+j]
		}
	}
	st.eval(st.err, st.times, st.stage)
	for at, v := range st.k[0] {
		st.err[at] -= v
	}
	for j := range r.lanes {
		l := &r.lanes[j]
		r.sol.Stats[l.sample].Evaluations += 2
		limit := math.Abs(l.end - st.t[j])
		if s.MaxStep > 0 {
			limit = min(limit, s.MaxStep)
		}
		d := max(st.weigh(st.k[0], j, s.RTol, s.ATol), st.weigh(st.err, j, s.RTol, s.ATol)/first[j])
		h := max(1e-6, first[j]*1e-3)
		if d > 1e-15 {
			h = math.Pow(0.01/d, 1/float64(l.history.Order))
		}
		if l.proposal = min(100*first[j], h, limit); !(l.proposal > 0) {
			l.proposal = min(1e-6, limit)
		}
	}
	st.shared = 0
}

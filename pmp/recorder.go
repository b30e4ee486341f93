package pmp

import (
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/solvers"
)

// recorder is the right-hand side of a forward sweep: it evaluates f and records what it saw.
type recorder struct {
	w     *Sweeper
	ln    *Lane
	tp    *tape
	theta []float64
	elem  int
	on    bool // an attempt is under way
	base  int  // records of accepted steps
	first int  // record of the first stage of the step, −1 while unknown
	calls int
	// Steps are taken again, some of them without records.
	replaying bool
	extending bool // the continuous extension is evaluated
	f         solvers.Func
	begin     func()
}

func (rc *recorder) eval(dx []float64, t float64, x []float64) {
	rc.calls++
	rc.w.bindAt(rc.ln, rc.theta, rc.elem, t)
	if !rc.on {
		// The guess of the first step size, the way to a step, or the continuous extension; of that only the first stage of the
		// next step, which comes first where it is not known yet, is a stage.
		if !rc.extending && (rc.calls > 1 || rc.replaying) || rc.extending && rc.first >= 0 {
			rc.ln.ev.Eval(dx, t, x)
			return
		}
		rc.first = rc.base
	}
	r := rc.tp.addTime(t, rc.elem)
	k := rc.stepFrom(r)
	rc.file(&rc.tp.x, rc.tp.states, r, k, x)
	if rc.tp.keepLen > 0 {
		rc.ln.keeper.EvalKeep(dx, t, x, rc.tp.kept(r))
	} else {
		rc.ln.ev.Eval(dx, t, x)
	}
	rc.file(&rc.tp.f, rc.tp.points, r, k, dx)
}

// file files what belongs to record r in an arena: of all records, or of those that are the start of a step k ≥ 0.
func (rc *recorder) file(a *arena, all bool, r, k int, v []float64) {
	switch {
	case all:
		copy(a.at(r), v)
	case k >= 0:
		copy(a.at(k), v)
	}
}

// stepFrom is the step that starts at record r, where the first stage or one of the same place is evaluated there, and −1 for others.
func (rc *recorder) stepFrom(r int) int {
	under := len(rc.tp.steps)
	if r == rc.first {
		return under
	}
	if st := rc.step(); rc.w.method.FSAL && r == st.record(len(rc.w.method.C)-1) {
		return under + 1
	}
	return -1
}

// step is the step under way, by its records.
func (rc *recorder) step() step {
	st := step{first: rc.first, rest: rc.base}
	if rc.first == rc.base {
		st.rest++
	}
	return st
}

// beforeAttempt forgets the stages of a rejected attempt, but for the first, which is not evaluated again.
func (rc *recorder) beforeAttempt() {
	rc.on = true
	switch {
	case rc.first < 0:
		rc.tp.records = rc.base
		rc.first = rc.base
	case rc.first == rc.base:
		rc.tp.records = rc.base + 1
	default:
		rc.tp.records = rc.base
	}
}

// rewind forgets all records but the first stage of the next step, where it is known.
func (rc *recorder) rewind() {
	tp, kept := rc.tp, 0
	if rc.first >= 0 {
		kept = 1
		if rc.first > 0 {
			copy(tp.state(0), tp.state(rc.first))
			copy(tp.rate(0), tp.rate(rc.first))
			tp.t[0], tp.elem[0], tp.weight[0], tp.metric[0] = tp.t[rc.first], tp.elem[rc.first], 0, 0
		}
		rc.first = 0
	}
	tp.records, rc.base = kept, kept
}

// endStep files the stages of an accepted step.
func (w *Sweeper) endStep(rc *recorder, it *ode.Integrator, sg int) {
	tp, h := rc.tp, it.H()
	st := rc.step()
	st.t, st.h, st.end, st.segment = it.TPrev(), h, it.T(), sg
	tp.steps = append(tp.steps, st)
	for i, b := range w.method.B {
		tp.weight[st.record(i)] += h * b
	}
	tp.metric[st.record(w.anchor)] = h
	rc.base = tp.records
	rc.first = -1
	if w.method.FSAL {
		rc.first = tp.records - 1
	}
}

// record is the record of stage i.
func (st *step) record(i int) int {
	if i == 0 {
		return st.first
	}
	return st.rest + i - 1
}

// runningCost is Σ_i h b_i L(t_i, X_i, θ) over the last step.
func (w *Sweeper) runningCost(rc *recorder, tr *Trajectory) float64 {
	if w.rosenbrock != nil {
		return w.rosenbrockCost(rc, tr)
	}
	tp := rc.tp
	st := &tp.steps[len(tp.steps)-1]
	sum := 0.0
	for i, b := range w.method.B {
		if b == 0 {
			continue
		}
		r := st.record(i)
		u := w.mesh.at(rc.ln.theta, rc.theta, tp.elem[r], tp.t[r])
		sum += st.h * b * w.Problem.Running.Eval(nil, nil, 0, tp.t[r], tp.state(r), u, tp.lo, tp.batch)
	}
	return sum
}

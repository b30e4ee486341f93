package pmp

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/solvers"
)

// Settings say how sweeps are computed. The zero value means Tsit5 with the tolerances of ode.Settings on one
// thread.
type Settings struct {
	// Solver holds method, tolerances, controller and limits. The method must be a Runge–Kutta tableau.
	Solver ode.Settings
	// Steps, when positive, takes that many equal steps between neighbouring knots, observations and breaks
	// instead of adapting the step size.
	Steps int
	// Interpolate lets steps pass over observations and over T1, whose states are then read off the continuous extension of the
	// steps, instead of ending steps there: fewer evaluations where observations are dense, with the extension's error in
	// the states. The costate is exactly that of the interpolated states. Knots of the control and breaks stay step
	// boundaries. The last step evaluates f beyond T1. The method must be first-same-as-last with an extension of its own stages, and the
	// problem without a running cost.
	Interpolate bool
	// Threads is the number of goroutines; 0 means 1. It never changes a bit of any result.
	Threads int
	// ShardWidth is the number of samples integrated together, with steps of their own; 0 means 128. Problems with events take them one by one.
	ShardWidth int
	// Costate is how costates and gradients are computed; Discrete by default.
	Costate CostateKind
	// KeepBytes bounds the memory for intermediate values kept for the backward sweep, per trajectory, or on the tapes of Gradient; beyond it
	// they are computed again. 0 means 1 GiB, negative means never keep. With the costate Checkpointed it bounds all that a
	// trajectory holds.
	KeepBytes int64
	// MaxBytes bounds the memory of a trajectory, and of the tapes of Gradient: a sweep that outgrows it fails with ErrMemory. 0 means no bound.
	MaxBytes int64
}

// Sweeper integrates states forward and costates backward for one problem. It belongs to one goroutine, and
// uses Settings.Threads of its own while sweeping.
type Sweeper struct {
	Problem  *Problem
	Settings Settings

	mesh        *mesh
	segs        []segment
	method      *solvers.Tableau
	feeds       []bool // stages that the solution or a later stage uses
	followers   [][]follower
	anchor      int // the first stage with b ≠ 0, where feasibility penalties are measured
	width       int
	threads     int
	lanes       []*Lane
	records     int       // of a shard as Footprint found them
	partial     []float64 // shards × len θ, gradient of each shard
	costs       []shardCost
	reversible  *solvers.Reversible // nil for tableaux
	gamma       float64             // diagonal of an ESDIRK method, 0 for others
	rosenbrock  *solvers.Rosenbrock // nil for others
	costWeights []float64           // of Rosenbrock methods: the weights of running costs
	costDrift   float64
	slots       int // values of path constraints for one sample

	// The sweep under way, for tasks that are built once.
	ctx      context.Context
	tr       *Trajectory
	purpose  purpose
	tapes    int // in use at a time
	forward  func(ln *Lane, k int)
	backward func(ln *Lane, k int)
	borrow   func(ln *Lane, k int)
}

type shardCost struct {
	j, constraint float64
	work          Work
	err           error
	back          Work // of the way back, and its error
	backErr       error
}

// NewSweeper checks the problem and builds the workspace.
func NewSweeper(p *Problem, s Settings) (*Sweeper, error) {
	m, segs, err := p.compile(!s.Interpolate)
	if err != nil {
		return nil, err
	}
	method := s.Solver.Method
	if method == nil {
		method = solvers.Tsit5
	}
	if s.Steps <= 0 && s.Solver.Step == 0 && method.ErrorOrder() == 0 {
		return nil, fmt.Errorf("%w: %s has no error estimate: set a number of fixed steps", ErrProblem, method.Name())
	}
	if s.Steps > 0 {
		s.Solver.Step = p.T1 - p.T0
	}
	w := &Sweeper{Problem: p, Settings: s, mesh: m, segs: segs, width: s.ShardWidth, threads: max(1, s.Threads)}
	if w.width <= 0 {
		w.width = 128
	}
	if err := w.use(method); err != nil {
		return nil, err
	}
	if err := w.suits(); err != nil {
		return nil, err
	}
	w.wire()
	w.forward = func(ln *Lane, k int) { w.costs[k] = w.forwardTape(ln, &w.tr.shards[k], k) }
	w.backward = func(ln *Lane, k int) { w.backwardTape(ln, &w.tr.shards[k], k) }
	w.borrow = w.borrowTape
	for i := range w.threads {
		ln, err := w.newLane(i)
		if err != nil {
			return nil, err
		}
		w.lanes = append(w.lanes, ln)
	}
	return w, nil
}

// NumControls is the length of a control: nodes × P.
func (w *Sweeper) NumControls() int { return w.mesh.nodes * w.mesh.params }

// Nodes is the number of nodes of the control and Params the number of parameters of each.
func (w *Sweeper) Nodes() int  { return w.mesh.nodes }
func (w *Sweeper) Params() int { return w.mesh.params }

// NewTrajectory returns an empty trajectory for this sweeper.
func (w *Sweeper) NewTrajectory() *Trajectory {
	n := w.NumControls()
	return &Trajectory{Theta: make([]float64, n), Grad: make([]float64, n), StateGrad: make([]float64, n), mesh: w.mesh, dim: w.Problem.Field.Dim()}
}

// parallel runs task(lane, i) for i = 0 … n−1 on the sweeper's goroutines, in any order.
func (w *Sweeper) parallel(n int, task func(ln *Lane, i int)) {
	if w.threads == 1 || n == 1 {
		for i := 0; i < n; i++ {
			task(w.lanes[0], i)
		}
		return
	}
	var wg sync.WaitGroup
	var next atomic.Int64
	for k := range min(w.threads, n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				task(w.lanes[k], i)
			}
		})
	}
	wg.Wait()
}

// bindAt makes the evaluator of the lane hold θ(t) on an element.
func (w *Sweeper) bindAt(ln *Lane, theta []float64, elem int, t float64) []float64 {
	u := w.mesh.at(ln.theta, theta, elem, t)
	if w.mesh.sloped() || ln.bound != elem {
		ln.ev.Bind(u)
		ln.bound = elem
	}
	return u
}

// unbind makes all lanes forget which control their evaluators hold.
func (w *Sweeper) unbind() {
	for _, ln := range w.lanes {
		ln.bound = -1
	}
}

func (w *Sweeper) setSegment(ln *Lane, k int) {
	if ln.piece != nil {
		ln.piece.SetPiece(w.segs[k].a, w.segs[k].b)
	}
}

// Forward integrates the states under the control theta and stores cost and path in tr. On an error, tr.J is
// not to be used; errors come from package ode and wrap its sentinels.
func (w *Sweeper) Forward(ctx context.Context, tr *Trajectory, theta []float64) error {
	w.begin(tr, theta, forAll)
	w.ctx = ctx
	w.parallel(len(tr.shards), w.forward)
	w.ctx = nil
	return w.total(tr)
}

// begin prepares a sweep.
func (w *Sweeper) begin(tr *Trajectory, theta []float64, p purpose) {
	copy(tr.Theta, theta)
	n := w.Problem.Samples()
	shards := (n + w.width - 1) / w.width
	if cap(tr.shards) < shards {
		tr.shards = append(tr.shards[:cap(tr.shards)], make([]tape, shards-cap(tr.shards))...)
	}
	tr.shards = tr.shards[:shards]
	tr.samples = n
	tr.back, tr.lent = false, p != forAll
	tr.sparse = tr.lent || w.Settings.Costate != Discrete
	tr.err = nil
	tr.Work = Work{Solves: 1}
	if cap(w.costs) < shards {
		w.costs = make([]shardCost, shards)
	}
	w.costs = w.costs[:shards]
	w.tr, w.slots = tr, w.pathSlots() // samples may have come
	w.purpose, w.tapes = p, shards
	if tr.lent {
		w.tapes = min(shards, w.threads)
	}
	w.unbind()
}

// total adds the costs of all shards up.
func (w *Sweeper) total(tr *Trajectory) error {
	var j, c float64
	for k := range w.costs {
		if w.costs[k].err != nil {
			return w.costs[k].err
		}
		j += w.costs[k].j
		c += w.costs[k].constraint
		tr.Work.Add(w.costs[k].work)
	}
	n := float64(tr.samples)
	tr.J = j/n + w.mesh.cost(nil, tr.Theta)
	tr.Augmented = tr.J + c/n
	return nil
}

// keepLen decides whether intermediate values are kept: so many tapes with as many records as last time must fit.
func (w *Sweeper) keepLen(ln *Lane, tp *tape, batch, tapes int) int {
	if ln.keeper == nil || w.implicit() || w.Settings.KeepBytes < 0 || w.purpose == forCost || w.Settings.Costate.continuous() {
		return 0
	}
	one := ln.keeper.KeepLen(batch)
	records := max(tp.records, w.records, len(w.segs)*len(w.method.C))
	budget := w.budget()
	if w.Settings.Costate.again() { // the values of one step, if they leave most of the room to checkpoints, on any number of threads
		records, tapes = len(w.method.C), (w.Problem.Samples()+w.width-1)/w.width
		budget /= 4
	}
	if int64(one)*8*int64(records)*int64(tapes) > budget {
		return 0
	}
	return one
}

// budget is how many bytes a trajectory may hold beyond what it must.
func (w *Sweeper) budget() int64 {
	if w.Settings.KeepBytes == 0 {
		return 1 << 30
	}
	return w.Settings.KeepBytes
}

// filesPoints tells whether all points of a trajectory are filed: where somebody may look at them, where stages are passed over once more,
// and where records don't last.
func (w *Sweeper) filesPoints() bool {
	s := &w.Settings
	return w.purpose != forGradient || s.Interpolate || s.Costate != Discrete || len(w.Problem.Events) > 0 || w.gamma != 0
}

// filesStates tells whether the states of all stages are filed: for maximizers, and where the costate needs them.
func (w *Sweeper) filesStates(ln *Lane, points, keeps bool) bool {
	if points || !keeps || w.Problem.Running != nil {
		return true
	}
	k, ok := ln.keeper.(neural.StateKeeper)
	return !ok || !k.KeepsStates()
}

// forwardShard integrates the states of shard k, recording them on the tape.
func (w *Sweeper) forwardShard(ctx context.Context, ln *Lane, tr *Trajectory, tp *tape, k int) (out shardCost) {
	p, dim := w.Problem, w.Problem.Field.Dim()
	lo := k * w.width
	batch := min(w.width, tr.samples-lo)
	tp.reset(lo, batch, dim, w.keepLen(ln, tp, batch, w.tapes))
	tp.points = w.filesPoints()
	tp.states = w.filesStates(ln, tp.points, tp.keepLen > 0)
	it := ln.its[tp.n]
	rc := &ln.rec
	if it == nil {
		var err error
		if it, err = ode.NewIntegrator(tp.n, w.Settings.Solver); err != nil {
			out.err = err
			return out
		}
		ln.its[tp.n] = it
		if w.implicit() {
			it.SetJacobian(solvers.Jacobian{Func: ln.matrix, Time: ln.times})
		} else {
			it.BeforeAttempt = rc.begin
		}
	}
	*rc = recorder{w: w, ln: ln, tp: tp, theta: tr.Theta, elem: w.segs[0].elem, first: -1, f: rc.f, begin: rc.begin}
	ln.turn(tp)
	checkpointed := w.Settings.Costate.again() && w.purpose != forCost
	continuous := w.Settings.Costate.continuous() && w.purpose != forCost
	if continuous {
		tp.dense.reset(it.Stepper().DenseLen())
		tp.ends.reset(tp.n)
	}
	x0 := ln.lam[:tp.n]
	for i := 0; i < dim; i++ {
		copy(x0[i*batch:(i+1)*batch], p.X0[i*tr.samples+lo:i*tr.samples+lo+batch])
	}
	w.setSegment(ln, 0)
	if w.Settings.Steps > 0 {
		it.SetFixedStep((w.segs[0].b - w.segs[0].a) / float64(w.Settings.Steps))
	}
	if checkpointed {
		w.beginCheckpoints(tp, x0, tr.samples)
	}
	tp.resetPaths(w.slots)
	tp.leaps.reset(tp.n)
	f := rc.f
	if w.implicit() {
		f = ln.plain
	}
	it.Start(f, p.T0, x0, p.T1)
	for sgi := range w.segs {
		sg := &w.segs[sgi]
		rc.elem = sg.elem
		if sgi > 0 {
			w.setSegment(ln, sgi)
			if w.Settings.Steps > 0 {
				it.SetFixedStep((sg.b - sg.a) / float64(w.Settings.Steps))
			}
			switch {
			case w.segs[sgi-1].jump >= 0: // where the integrator begins anew by itself
				rc.first = -1
			case sg.restart:
				it.Restart(f)
				rc.first = -1
			}
		}
		if len(p.Events) > 0 {
			rc.watch(it)
		}
		out.constraint += w.pathValues(ln, tr, tp, sg.elem, sg.pa, after, it.X())
		stop := sg.b
		if w.Settings.Interpolate {
			stop = w.horizon(sgi)
		}
		resume := sg.a // the end of a step that an event cut short
		for it.T() < sg.b {
			next := stop
			if it.T() < resume {
				next = resume
			}
			if err := it.Step(ctx, next); err != nil {
				out.err = err
				return out
			}
			switch {
			case w.gamma != 0:
				w.endImplicit(rc, it, sgi)
			case w.rosenbrock != nil:
				w.endRosenbrock(rc, it, sgi)
			default:
				w.endStep(rc, it, sgi)
			}
			if len(p.Events) > 0 {
				var err error
				if resume, err = w.meet(rc, it); err != nil {
					out.err = err
					return out
				}
			}
			if err := w.outgrown(tp, tr.samples, it.T()); err != nil {
				out.err = err
				return out
			}
			if w.Settings.Interpolate {
				w.observe(tp)
			}
			if p.Running != nil {
				out.j += w.runningCost(rc, tr)
			}
			if continuous {
				w.remember(tp, it, sgi)
			}
			if w.purpose == forCost || w.Settings.Costate != Discrete {
				rc.rewind()
			}
			if checkpointed && it.T() < p.T1 {
				tp.checkpoints.pass(len(tp.steps), it.X())
			}
		}
		out.constraint += w.pathValues(ln, tr, tp, sg.elem, sg.pb, before, it.X())
		if sg.obs >= 0 {
			out.j += p.Observations[sg.obs].Cost.Eval(nil, it.X(), lo, batch)
		}
		if sg.jump >= 0 {
			w.leap(ln, tr, tp, sg, x0, it.X())
			it.Jump(sg.b, x0)
		}
	}
	if w.Settings.Interpolate {
		out.j += w.observationCosts(tp)
	} else {
		copy(tp.end, it.X())
	}
	if p.Terminal != nil {
		out.j += p.Terminal.Eval(nil, tp.end, lo, batch)
	}
	for _, c := range p.Constraints {
		out.constraint += c.eval(nil, tp.end, batch)
	}
	st := it.Stats()
	out.work = Work{Forward: rc.calls, Accepted: st.Accepted, Rejected: st.Rejected, MinStep: st.MinStep, MaxStep: st.MaxStep}
	return out
}

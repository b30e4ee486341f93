package pmp

import (
	"fmt"

	"github.com/costate-go/costate/internal/kernel"
)

// Linearization is the derivative S of the observed states — those at observations and at t₁ — in the control: the exact one
// of the steps that a trajectory took, whose sequence is frozen. With the stages X_i that the forward sweep recorded, a
// direction dθ of the control moves them by
//
//	dX_i = dx + h Σ_j a_ij dk_j,   dk_i = f_x(X_i) dX_i + f_θ(X_i) dθ(t_i),   dx⁺ = dx + h Σ_i b_i dk_i,
//
// and Sᵀ is the costate sweep of Backward with jumps that are given. With the curvatures W of the costs, SᵀWS/N is the
// Gauss–Newton matrix of mean_s Σ_k ℓ_k. It belongs to one goroutine.
type Linearization struct {
	// Work is what all products since Attach cost; a Jacobian–vector product counts as an evaluation of f.
	Work Work

	w       *Sweeper
	tr      *Trajectory
	lanes   []tangentLane
	shards  []tangentShard
	partial []float64 // shards × numbers that are summed
	in      []float64 // of the product under way
	columns int       // m, of which
	group   int       // so many are carried together

	product, forward, pull, column, gram func(ln *Lane, k int)
}

// tangentLane is a lane's workspace.
type tangentLane struct {
	dx, stage []float64   // group·n
	k         [][]float64 // dk_i of each stage, the same
	mu        []float64   // n
	dtheta    []float64   // P
	unit      []float64   // P zeros between uses
	weighed   []float64   // (K+1)·n
}

// tangentShard is what belongs to a shard. Observed states are stored one after the other, that at t₁ last, (K+1)·n numbers.
type tangentShard struct {
	at      []int     // the record of the state at each observation, −1 for the last state
	seen    []float64 // tangents, and
	seeds   []float64 // the jumps that Sᵀ takes
	columns []float64 // tangents of all unit directions
	work    Work
	calls   []int // of each group of columns
}

// NewLinearization builds the workspace. The sweeper must end steps at observations and keep its stages.
func (w *Sweeper) NewLinearization() (*Linearization, error) {
	if err := w.explicitOnly("gauss-newton"); err != nil {
		return nil, err
	}
	if len(w.Problem.Jumps)+len(w.Problem.Events) > 0 {
		return nil, fmt.Errorf("%w: tangents are not taken across jumps and events; take lbfgs", ErrProblem)
	}
	if w.mesh.kind == CubicHermite {
		return nil, fmt.Errorf("%w: tangents are taken of nodes that act on two intervals at most, which those of cubic controls do not; take lbfgs", ErrProblem)
	}
	switch {
	case w.Settings.Interpolate:
		return nil, fmt.Errorf("%w: tangents are taken to observations where steps end, and these are interpolated; set Interpolate to false (solver.observe = \"land\")", ErrProblem)
	case w.Settings.Costate != Discrete:
		return nil, fmt.Errorf("%w: tangents follow the stages of all steps, which are kept with the discrete costate alone and not with %v; take that, a gradient method or lbfgs", ErrProblem, w.Settings.Costate)
	}
	l := &Linearization{w: w, lanes: make([]tangentLane, len(w.lanes))}
	for i := range l.lanes {
		l.lanes[i] = tangentLane{mu: make([]float64, w.width*w.Problem.Field.Dim()), k: make([][]float64, len(w.method.C)),
			dtheta: make([]float64, w.mesh.params), unit: make([]float64, w.mesh.params)}
	}
	l.room(w.width * w.Problem.Field.Dim())
	l.product, l.forward, l.pull, l.column, l.gram = l.productTask, l.forwardTask, l.pullTask, l.columnTask, l.gramTask
	return l, nil
}

// room makes the lanes carry n numbers at once.
func (l *Linearization) room(n int) {
	for i := range l.lanes {
		tl := &l.lanes[i]
		tl.dx, tl.stage = grow(tl.dx, n), grow(tl.stage, n)
		for j := range tl.k {
			tl.k[j] = grow(tl.k[j], n)
		}
	}
}

// Attach turns to the trajectory of a forward sweep by Forward.
func (l *Linearization) Attach(tr *Trajectory) {
	if tr.sparse {
		panic("pmp: what Gradient or Evaluate swept has no stages for tangents to follow")
	}
	l.tr, l.Work = tr, Work{}
	if cap(l.shards) < len(tr.shards) {
		l.shards = append(l.shards[:cap(l.shards)], make([]tangentShard, len(tr.shards)-cap(l.shards))...)
	}
	l.shards = l.shards[:len(tr.shards)]
	count := len(l.w.Problem.Observations)
	for k := range l.shards {
		sh, tp := &l.shards[k], &tr.shards[k]
		sh.at = grow(sh.at, count)
		sh.seen, sh.seeds = grow(sh.seen, (count+1)*tp.n), grow(sh.seeds, (count+1)*tp.n)
		for i := range tp.steps {
			if o := l.observedAfter(tp, i); o >= 0 {
				sh.at[o] = -1
				if i+1 < len(tp.steps) {
					sh.at[o] = tp.steps[i+1].first
				}
			}
		}
	}
}

// observedAfter is the observation at the end of step k, −1 where there is none.
func (l *Linearization) observedAfter(tp *tape, k int) int {
	if sg := tp.steps[k].segment; k+1 == len(tp.steps) || tp.steps[k+1].segment != sg {
		return l.w.segs[sg].obs
	}
	return -1
}

// NumObserved is the length of all observed states: (K+1)·d·N for K observations and t₁.
func (l *Linearization) NumObserved() int {
	return (len(l.w.Problem.Observations) + 1) * len(l.w.Problem.X0)
}

// States stores the observed states, each d×N and batch last, that at t₁ after those at observations.
func (l *Linearization) States(dst []float64) {
	for k := range l.shards {
		sh, tp := &l.shards[k], &l.tr.shards[k]
		for o := range len(sh.at) + 1 {
			copy(sh.seen[o*tp.n:(o+1)*tp.n], l.state(k, o))
		}
		l.exchange(dst, k, sh.seen, false)
	}
}

// Tangent stores S·v in dst, laid out as States does, for a direction v of the control.
func (l *Linearization) Tangent(dst, v []float64) {
	l.in = v
	l.w.parallel(len(l.shards), l.forward)
	for k := range l.shards {
		l.exchange(dst, k, l.shards[k].seen, false)
		l.Work.Add(l.shards[k].work)
	}
}

// Adjoint stores Sᵀ·g in dst, as long as the control, for g laid out as States does.
func (l *Linearization) Adjoint(dst, g []float64) {
	for k := range l.shards {
		l.exchange(g, k, l.shards[k].seeds, true)
	}
	l.partial = grow(l.partial, len(l.shards)*len(dst))
	l.w.parallel(len(l.shards), l.pull)
	l.sum(dst)
}

// exchange copies between a shard's observed states and those of the whole batch.
func (l *Linearization) exchange(all []float64, k int, part []float64, in bool) {
	tp, samples := &l.tr.shards[k], l.tr.samples
	for i := range len(part) / tp.batch {
		one, row := part[i*tp.batch:(i+1)*tp.batch], all[i*samples+tp.lo:i*samples+tp.lo+tp.batch]
		if in {
			copy(one, row)
		} else {
			copy(row, one)
		}
	}
}

// Product stores (SᵀWS/N + R)·v in dst, R being the second derivative of the control's own ½ν|θ|²: a tangent sweep and a costate sweep.
func (l *Linearization) Product(dst, v []float64) {
	l.in = v
	l.partial = grow(l.partial, len(l.shards)*len(dst))
	l.w.parallel(len(l.shards), l.product)
	l.sum(dst)
	for i := range dst {
		dst[i] /= float64(l.tr.samples)
	}
	l.w.mesh.cost(dst, v)
}

// sum adds what the shards stored, in their order, and what they cost.
func (l *Linearization) sum(dst []float64) {
	clear(dst)
	for k := range l.shards {
		kernel.Add(dst, l.partial[k*len(dst):(k+1)*len(dst)])
		l.Work.Add(l.shards[k].work)
	}
}

// Normal stores the lower triangle of the same matrix in dst (m×m for a control of m numbers), from the tangents of all
// unit directions: m tangent sweeps and no costate sweep.
func (l *Linearization) Normal(dst []float64) {
	const (
		together = 512 // numbers, which keeps loops over small states busy and large ones in the cache
		most     = 8
	)
	w, m, n := l.w, l.w.NumControls(), l.tr.shards[0].n
	l.partial = grow(l.partial, len(l.shards)*m*m)
	l.columns, l.group = m, min(max(together/n, 1), most, m)
	groups := (m + l.group - 1) / l.group
	l.room(max(l.group*n, len(l.lanes[0].mu)))
	for k := range l.shards {
		sh := &l.shards[k]
		sh.columns, sh.calls = grow(sh.columns, m*len(sh.seen)), grow(sh.calls, groups)
	}
	for i := range l.lanes {
		l.lanes[i].weighed = grow(l.lanes[i].weighed, len(l.shards[0].seen))
	}
	w.parallel(groups*len(l.shards), l.column)
	w.parallel(len(l.shards), l.gram)
	for k := range l.shards {
		sh := &l.shards[k]
		sh.work = Work{}
		for _, calls := range sh.calls {
			sh.work.Forward += calls
		}
	}
	l.sum(dst[:m*m])
	for i := range m {
		for j := range i + 1 {
			dst[i*m+j] /= float64(l.tr.samples)
		}
	}
	w.mesh.addCurvature(dst)
}

func (l *Linearization) forwardTask(ln *Lane, k int) {
	sh := &l.shards[k]
	sh.work = Work{Forward: l.tangents(ln, k, sh.seen, direction{v: l.in, count: 1})}
}

func (l *Linearization) productTask(ln *Lane, k int) {
	l.forwardTask(ln, k)
	sh, forward := &l.shards[k], l.shards[k].work
	l.weigh(k, sh.seeds, sh.seen)
	l.pullTask(ln, k)
	sh.work.Add(forward)
}

// pullTask takes a shard's seeds back to the control.
func (l *Linearization) pullTask(ln *Lane, k int) {
	w, tp, sh := l.w, &l.tr.shards[k], &l.shards[k]
	m := w.NumControls()
	grad := l.partial[k*m : (k+1)*m]
	clear(grad)
	sh.work = Work{}
	lam := ln.lam[:tp.n]
	copy(lam, sh.seeds[len(sh.seeds)-tp.n:])
	ln.enter(tp)
	ln.mu = l.lanes[ln.index].mu[:tp.n]
	for i, current := len(tp.steps)-1, -1; i >= 0; i-- {
		if sg := tp.steps[i].segment; sg != current {
			current = sg
			w.setSegment(ln, sg)
		}
		if o := l.observedAfter(tp, i); o >= 0 {
			kernel.Add(lam, sh.seeds[o*tp.n:(o+1)*tp.n])
		}
		sh.work.Backward += w.backStep(ln, l.tr, tp, i, lam, grad)
	}
	w.release(ln, grad)
	ln.mu = nil
}

// columnTask takes the tangents of a group of unit directions through one shard.
func (l *Linearization) columnTask(ln *Lane, task int) {
	k, g := task%len(l.shards), task/len(l.shards)
	sh, first := &l.shards[k], g*l.group
	d := direction{first: first, count: min(l.group, l.columns-first)}
	sh.calls[g] = l.tangents(ln, k, sh.columns[first*len(sh.seen):(first+d.count)*len(sh.seen)], d)
}

// gramTask stores the lower triangle of a shard's SᵀWS.
func (l *Linearization) gramTask(ln *Lane, k int) {
	sh, m := &l.shards[k], l.columns
	size := len(sh.seen)
	a := l.partial[k*m*m : (k+1)*m*m]
	weighed := l.lanes[ln.index].weighed[:size]
	for j := range m {
		l.weigh(k, weighed, sh.columns[j*size:(j+1)*size])
		for i := j; i < m; i++ {
			a[i*m+j] = kernel.Dot(sh.columns[i*size:(i+1)*size], weighed)
		}
	}
}

// weigh stores W·v in dst for the observed states of a shard.
func (l *Linearization) weigh(k int, dst, v []float64) {
	p, tp := l.w.Problem, &l.tr.shards[k]
	clear(dst)
	for o := range p.Observations {
		if c, ok := p.Observations[o].Cost.(Curved); ok {
			c.AddCurvature(dst[o*tp.n:(o+1)*tp.n], l.state(k, o), v[o*tp.n:(o+1)*tp.n], tp.lo, tp.batch)
		}
	}
	o := len(p.Observations)
	dst, v = dst[o*tp.n:], v[o*tp.n:]
	if c, ok := p.Terminal.(Curved); ok {
		c.AddCurvature(dst, tp.end, v, tp.lo, tp.batch)
	}
	for _, c := range p.Constraints {
		c.addCurvature(dst, v, tp.batch)
	}
}

// state is a shard's state at observation o.
func (l *Linearization) state(k, o int) []float64 {
	sh, tp := &l.shards[k], &l.tr.shards[k]
	if o < len(sh.at) && sh.at[o] >= 0 {
		return tp.state(sh.at[o])
	}
	return tp.end
}

// direction is a change of the control, v, or where that is nil several: the unit vectors from first on.
type direction struct {
	v            []float64
	first, count int
}

// begins is the first element of the mesh on which the direction is not zero.
func (m *mesh) begins(d direction) int {
	if d.v != nil {
		return 0
	}
	lo, _ := m.support(d.first / m.params)
	return lo
}

// tangents stores the tangents of a shard's observed states along d in dst, one direction after the other.
func (l *Linearization) tangents(ln *Lane, k int, dst []float64, d direction) (calls int) {
	w, tp, n := l.w, &l.tr.shards[k], l.tr.shards[k].n
	size := len(dst) / d.count
	dx := l.lanes[ln.index].dx[:d.count*n]
	clear(dx)
	ln.enter(tp)
	first := w.mesh.begins(d)
	for i, current := 0, -1; i < len(tp.steps); i++ {
		sg := tp.steps[i].segment
		if w.segs[sg].elem >= first {
			if sg != current {
				current = sg
				w.setSegment(ln, sg)
			}
			calls += l.step(ln, tp, i, dx, d)
		}
		if o := l.observedAfter(tp, i); o >= 0 {
			for c := range d.count {
				copy(dst[c*size+o*n:c*size+(o+1)*n], dx[c*n:])
			}
		}
	}
	for c := range d.count {
		copy(dst[(c+1)*size-n:(c+1)*size], dx[c*n:])
	}
	return calls
}

// step takes tangents across step k.
func (l *Linearization) step(ln *Lane, tp *tape, k int, dx []float64, d direction) (calls int) {
	w, tab, st, tl := l.w, l.w.method, &tp.steps[k], &l.lanes[ln.index]
	n, stage := tp.n, tl.stage[:len(dx)]
	for i := range tab.C {
		if !w.feeds[i] {
			continue
		}
		a, terms := ln.coef[:0], ln.terms[:0]
		for j := range i {
			if c := st.h * tab.A[i][j]; c != 0 {
				a, terms = append(a, c), append(terms, tl.k[j][:len(dx)])
			}
		}
		kernel.Combine(stage, dx, a, terms)
		r := st.record(i)
		t, elem, x := tp.t[r], tp.elem[r], tp.state(r)
		w.bindAt(ln, l.tr.Theta, elem, t)
		for c := range d.count {
			dk, dX := tl.k[i][c*n:(c+1)*n], stage[c*n:(c+1)*n]
			if d.v != nil {
				ln.ev.JVP(dk, t, x, dX, w.mesh.at(tl.dtheta, d.v, elem, t))
				continue
			}
			if at := (d.first + c) % w.mesh.params; w.mesh.unit(tl.unit, d.first+c, elem, t) {
				ln.ev.JVP(dk, t, x, dX, tl.unit)
				tl.unit[at] = 0
			} else {
				ln.ev.JVP(dk, t, x, dX, nil)
			}
		}
		calls += d.count
	}
	a, terms := ln.coef[:0], ln.terms[:0]
	for i, b := range tab.B {
		if c := st.h * b; c != 0 {
			a, terms = append(a, c), append(terms, tl.k[i][:len(dx)])
		}
	}
	kernel.Combine(dx, dx, a, terms)
	return calls
}

// unit adds the value at t of the control whose only number that is not zero is the c-th, a one, to dst, and reports whether it is
// any.
func (m *mesh) unit(dst []float64, c, elem int, t float64) bool {
	na, nb, wa, wb := m.basis(elem, t)
	weight := 0.0
	switch node := c / m.params; {
	case node == na:
		weight = wa
	case node == nb:
		weight = wb
	}
	dst[c%m.params] += weight
	return weight != 0
}

// addCurvature adds the second derivative of ½ν∫|θ|² dt to the lower triangle of a (m×m).
func (m *mesh) addCurvature(a []float64) {
	if m.l2 == 0 {
		return
	}
	size, p := m.nodes*m.params, m.params
	for j := range m.nodes {
		for i := j * p; i < (j+1)*p; i++ {
			if m.kind != PiecewiseLinear {
				a[i*size+i] += m.l2 * m.mass[j]
				continue
			}
			a[i*size+i] += m.l2 * m.mass[j] * 2 / 3
			if j > 0 {
				a[i*size+i-p] += m.l2 * (m.knots[j] - m.knots[j-1]) / 6
			}
		}
	}
}

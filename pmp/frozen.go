package pmp

import (
	"math"
	"slices"

	"github.com/costate-go/costate/internal/kernel"
	"github.com/costate-go/costate/ode/neural"
)

// Frozen is the Hamiltonian at the frozen points of a trajectory as a function of the control alone, node by
// node: for node j with basis function φ_j and mass m_j = ∫φ_j,
//
//	H̃_j(u) = mean_s Σ_r φ_j(t_r) [ −μ_r·f(X_r, u) − w_r L(X_r, u) ] − m_j(½ν|u|² + β|u|₁) + c_j·u
//	        − mean_s Σ_r φ_j(t_r) (ρ/2) h_r [ |f(X_r, u) − ẋ_r|² + |f_x(X_r, u)ᵀp_r − f_x(X_r, θ_j)ᵀp_r|² ] − m_j ε|u − θ_j|²,
//
// where r runs over the stages of all steps, −μ_r is the stage's costate times its quadrature weight, and h_r is
// the step size on one stage of a step (the anchor, the first with b_i ≠ 0) and zero on others. The penalties (Li, Chen, Tai & E, JMLR 18, 2018) measure how
// far u makes the frozen states and costates infeasible; ε is the proximal term of SQH. The linear term c_j
// makes ∂H̃_j/∂u at θ_j equal −∂J/∂θ_j exactly; it vanishes but for piecewise linear controls and constraints on the control.
//
// Rosenbrock methods have other points in place of stages: all those at which their costates evaluate f and L, differences included, with h_r on
// the first stage.
//
// Nodes are independent of each other: maximizing Σ_j H̃_j is maximizing every one of them.
type Frozen struct {
	w  *Sweeper
	tr *Trajectory
	// Rho is ρ, Epsilon is ε.
	Rho, Epsilon float64
	// PenalizeCostate adds the second penalty; the field's Evaluator must implement neural.SecondOrder.
	PenalizeCostate bool

	shift []float64   // c, nodes × P
	own   []float64   // scratch for c
	rates [][]float64 // per shard: records × n, f_x(X_r, θ)ᵀp_r where h_r ≠ 0
	sums  []float64   // per node values

	// The tasks of the sweeper's goroutines, built once, and what they work on.
	arg, grad                 []float64
	mx                        Maximizer
	parts, gradient, maximize func(ln *Lane, j int)
}

// NewFrozen freezes nothing yet: call Freeze after a backward sweep.
func (w *Sweeper) NewFrozen() *Frozen {
	f := &Frozen{w: w, shift: make([]float64, w.NumControls())}
	m := w.mesh
	f.parts = func(ln *Lane, j int) {
		f.sums[2*j], f.sums[2*j+1] = f.partsNode(ln, j, m.node(f.arg, j))
	}
	f.gradient = func(ln *Lane, j int) { f.GradientNode(ln, m.node(f.grad, j), j, m.node(f.arg, j)) }
	f.maximize = func(ln *Lane, j int) { f.mx.MaximizeNode(f, ln, j, m.node(f.arg, j)) }
	return f
}

// Freeze takes the points of tr, whose backward sweep must be done, after Forward. tr must stay unchanged while f is in use.
func (f *Frozen) Freeze(tr *Trajectory) {
	if tr.sparse {
		panic("pmp: a trajectory of checkpoints, or what Gradient or Evaluate swept, has no points to freeze")
	}
	f.tr = tr
	clear(f.shift)
	if f.PenalizeCostate {
		f.freezeCostateRates()
	}
	if f.w.mesh.kind != PiecewiseLinear && !f.w.Problem.mixed() {
		return
	}
	// c_j = −∂J/∂θ_j − ∂H̃_j/∂u(θ_j).
	f.own = grow(f.own, len(f.shift))
	own := f.own
	rho, eps := f.Rho, f.Epsilon
	f.Rho, f.Epsilon = 0, 0
	f.Gradient(own, tr.Theta)
	f.Rho, f.Epsilon = rho, eps
	for i, g := range tr.Grad {
		f.shift[i] = -g - own[i]
	}
}

// Trajectory is what was frozen.
func (f *Frozen) Trajectory() *Trajectory { return f.tr }

// freezeCostateRates stores f_xᵀp on the anchor stages of all steps.
func (f *Frozen) freezeCostateRates() {
	w, tr := f.w, f.tr
	for len(f.rates) < len(tr.shards) {
		f.rates = append(f.rates, nil)
	}
	w.parallel(len(tr.shards), func(ln *Lane, k int) {
		tp := &tr.shards[k]
		f.rates[k] = grow(f.rates[k], tp.records*tp.n)
		f.eachStep(ln, tp, func(step, r int) {
			w.bindAt(ln, tr.Theta, tp.elem[r], tp.t[r])
			p := f.pointCostate(ln, tp, step, r)
			ln.ev.VJP(f.rates[k][r*tp.n:(r+1)*tp.n], nil, tp.t[r], tp.state(r), p)
		})
	})
}

// pointCostate is p at the anchor stage of step k: the costate that the stage itself sees, −μ/(h b), or that of the step's start for Rosenbrock
// methods.
func (f *Frozen) pointCostate(ln *Lane, tp *tape, k, r int) []float64 {
	ln.vec = grow(ln.vec, tp.n)
	if f.w.rosenbrock != nil {
		kernel.ScaleTo(ln.vec, -1, tp.costate(k))
		return ln.vec
	}
	kernel.ScaleTo(ln.vec, -1/(tp.metric[r]*f.w.method.B[f.w.anchor]), tp.adj(r))
	return ln.vec
}

// eachStep visits the anchor stage of every step of a shard.
func (f *Frozen) eachStep(ln *Lane, tp *tape, visit func(k, r int)) {
	ln.enter(tp)
	segment := -1
	for k := range tp.steps {
		st := &tp.steps[k]
		if st.segment != segment {
			segment = st.segment
			f.w.setSegment(ln, segment)
		}
		r := st.anchor
		if f.w.rosenbrock == nil {
			r = st.record(f.w.anchor)
		}
		visit(k, r)
	}
}

// points are how many records of a step maximizers work on, and point is one of them, −1 where it is not used or another step's.
func (w *Sweeper) pointsOf(st *step) int {
	if w.rosenbrock != nil {
		return st.beyond - st.points
	}
	return len(w.method.C)
}

func (w *Sweeper) point(tp *tape, k, i int) int {
	st := &tp.steps[k]
	switch {
	case w.rosenbrock != nil:
		return st.points + i
	case !w.uses(st, i), i == 0 && w.gamma != 0 && k > 0 && tp.steps[k-1].record(len(w.method.C)-1) == st.first:
		return -1
	}
	return st.record(i)
}

// eachStage visits every stage of a shard that acts on node j, with its weight φ_j; k is the number of its step.
func (f *Frozen) eachStage(ln *Lane, tp *tape, j int, visit func(k, r int, phi float64)) {
	ln.enter(tp)
	m := f.w.mesh
	lo, hi := m.support(j)
	a, b := m.knots[lo], m.knots[hi]
	segment := -1
	for k := firstStep(tp.steps, a); k < len(tp.steps); k++ {
		st := &tp.steps[k]
		if st.t >= b {
			break
		}
		if st.segment != segment {
			segment = st.segment
			f.w.setSegment(ln, segment)
		}
		for i := range f.w.pointsOf(st) {
			r := f.w.point(tp, k, i)
			if r < 0 {
				continue
			}
			na, nb, wa, wb := m.basis(tp.elem[r], tp.t[r])
			phi := 0.0
			if na == j {
				phi = wa
			}
			if nb == j && wb != 0 {
				phi += wb
			}
			if phi != 0 {
				visit(k, r, phi)
			}
		}
	}
}

// firstStep is the first step that starts at a or later.
func firstStep(steps []step, a float64) int {
	lo, hi := 0, len(steps)
	for lo < hi {
		mid := (lo + hi) / 2
		if steps[mid].t < a {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// separable is the part of H̃_j that does not look at the states; its gradient is added to g unless nil. The
// L¹ and L⁰ terms enter the value only.
func (f *Frozen) separable(j int, g, u []float64) float64 {
	m := f.w.mesh
	mass, old := m.mass[j], m.node(f.tr.Theta, j)
	shift := m.node(f.shift, j)
	sum := 0.0
	for i, v := range u {
		d := v - old[i]
		sum += -mass*(m.price(v)+f.Epsilon*d*d) + shift[i]*v
		if g != nil {
			g[i] += -mass*(m.l2*v+2*f.Epsilon*d) + shift[i]
		}
	}
	return sum
}

// ValueNode returns H̃_j(u).
func (f *Frozen) ValueNode(ln *Lane, j int, u []float64) float64 {
	plain, penalty := f.partsNode(ln, j, u)
	return plain - penalty
}

// partsNode returns H̃_j(u) without the feasibility penalties, and these.
func (f *Frozen) partsNode(ln *Lane, j int, u []float64) (plain, penalty float64) {
	own := f.isOwn(j, u)
	for k := range f.tr.shards {
		h, q := f.partsShard(ln, k, j, u, own)
		plain += h
		penalty += q
	}
	n := float64(f.tr.samples)
	return plain/n + f.separable(j, nil, u), penalty / n
}

// isOwn reports whether u is the control that was frozen: there f is known and nothing is infeasible.
func (f *Frozen) isOwn(j int, u []float64) bool {
	return f.w.mesh.kind != PiecewiseLinear && slices.Equal(u, f.w.mesh.node(f.tr.Theta, j))
}

func (f *Frozen) partsShard(ln *Lane, k, j int, u []float64, own bool) (plain, penalty float64) {
	tp := &f.tr.shards[k]
	ln.fnew = grow(ln.fnew, tp.n)
	if !own {
		ln.ev.Bind(u)
	}
	f.eachStage(ln, tp, j, func(step, r int, phi float64) {
		x, rate := tp.state(r), tp.rate(r)
		if !own {
			rate = ln.fnew
			ln.ev.Eval(rate, tp.t[r], x)
		}
		v := -kernel.Dot(tp.adj(r), rate)
		if f.w.Problem.Running != nil && tp.weight[r] != 0 {
			v -= tp.weight[r] * f.w.Problem.Running.Eval(nil, nil, 0, tp.t[r], x, u, tp.lo, tp.batch)
		}
		plain += phi * v
		if q := 0.5 * f.Rho * tp.metric[r]; q != 0 && !own {
			penalty += phi * q * distance2(rate, tp.rate(r))
			if f.PenalizeCostate {
				p := f.pointCostate(ln, tp, step, r)
				ln.ev.VJP(ln.fnew, nil, tp.t[r], x, p)
				penalty += phi * q * distance2(ln.fnew, f.rates[k][r*tp.n:(r+1)*tp.n])
			}
		}
	})
	return plain, penalty
}

func distance2(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		d := v - b[i]
		sum += d * d
	}
	return sum
}

// GradientNode stores ∂H̃_j/∂u in g. The L¹ and L⁰ terms are left out.
func (f *Frozen) GradientNode(ln *Lane, g []float64, j int, u []float64) {
	clear(g)
	for k := range f.tr.shards {
		f.gradientShard(ln, g, k, j, u)
	}
	for i := range g {
		g[i] /= float64(f.tr.samples)
	}
	f.separable(j, g, u)
}

// gradientShard adds the shard's part of N·∂H̃_j/∂u to g.
func (f *Frozen) gradientShard(ln *Lane, g []float64, k, j int, u []float64) {
	tp, own := &f.tr.shards[k], f.isOwn(j, u)
	ln.res = grow(ln.res, tp.n)
	ln.fnew = grow(ln.fnew, tp.n)
	ln.ev.Bind(u)
	f.eachStage(ln, tp, j, func(step, r int, phi float64) {
		x, res := tp.state(r), ln.res
		q := f.residual(ln, tp, r, phi, own)
		f.pullBack(ln, tp, g, r, own)
		f.runningGradient(ln, tp, g, r, phi, u)
		if q != 0 && f.PenalizeCostate && !own {
			p := f.pointCostate(ln, tp, step, r)
			ln.ev.VJP(ln.fnew, nil, tp.t[r], x, p)
			for i, v := range f.rates[k][r*tp.n : (r+1)*tp.n] {
				res[i] = -q * (ln.fnew[i] - v)
			}
			ln.ev.(neural.SecondOrder).VJPGrad(g, tp.t[r], x, p, res)
		}
	})
}

// residual stores the weights of f's derivatives at a stage, −φμ − q(f − ẋ) with q = φρh, in the lane's res, and
// returns q.
func (f *Frozen) residual(ln *Lane, tp *tape, r int, phi float64, own bool) (q float64) {
	res := ln.res
	for i, m := range tp.adj(r) {
		res[i] = -phi * m
	}
	q = phi * f.Rho * tp.metric[r]
	if q == 0 || own {
		return q
	}
	ln.ev.Eval(ln.fnew, tp.t[r], tp.state(r))
	for i, v := range tp.rate(r) {
		res[i] -= q * (ln.fnew[i] - v)
	}
	return q
}

// pullBack adds f_θᵀ·res at a stage to g, from the values that the forward sweep kept where they hold.
func (f *Frozen) pullBack(ln *Lane, tp *tape, g []float64, r int, own bool) {
	if own && tp.keepLen > 0 {
		ln.keeper.VJPKept(nil, g, tp.t[r], tp.state(r), ln.res, tp.kept(r))
		return
	}
	ln.ev.VJP(nil, g, tp.t[r], tp.state(r), ln.res)
}

// runningGradient takes φ times the running cost's gradient off g.
func (f *Frozen) runningGradient(ln *Lane, tp *tape, g []float64, r int, phi float64, u []float64) {
	if f.w.Problem.Running != nil && tp.weight[r] != 0 {
		f.w.Problem.Running.Eval(ln.xi[0][:tp.n], g, -phi*tp.weight[r], tp.t[r], tp.state(r), u, tp.lo, tp.batch)
	}
}

// Gradient stores ∂H̃/∂θ of all nodes in g.
func (f *Frozen) Gradient(g, theta []float64) {
	f.grad, f.arg = g, theta
	f.w.parallel(f.w.mesh.nodes, f.gradient)
}

// Value returns Σ_j H̃_j(θ_j).
func (f *Frozen) Value(theta []float64) float64 {
	plain, penalty := f.Parts(theta)
	return plain - penalty
}

// Parts returns Σ_j H̃_j(θ_j) without the feasibility penalties, and these.
func (f *Frozen) Parts(theta []float64) (plain, penalty float64) {
	nodes := f.w.mesh.nodes
	f.sums = grow(f.sums, 2*nodes)
	f.arg = theta
	f.w.parallel(nodes, f.parts)
	for j := range nodes {
		plain += f.sums[2*j]
		penalty += f.sums[2*j+1]
	}
	return plain, penalty
}

// GaussNewtonNode stores ∂H̃_j/∂u in g and the Gauss–Newton matrix of −H̃_j, P×P with its lower triangle set, in
// gn: ρ Σ φ h f_θᵀf_θ + m_j(ν + 2ε)I. The second penalty enters neither.
func (f *Frozen) GaussNewtonNode(ln *Lane, gn, g []float64, j int, u []float64) {
	clear(gn)
	clear(g)
	for k := range f.tr.shards {
		f.gaussNewtonShard(ln, gn, g, k, j, u)
	}
	scale := 1 / float64(f.tr.samples)
	for i := range gn {
		gn[i] *= scale
	}
	for i := range g {
		g[i] *= scale
	}
	f.separable(j, g, u)
	m := f.w.mesh
	for i := 0; i < m.params; i++ {
		gn[i*m.params+i] += m.mass[j] * (m.l2 + 2*f.Epsilon)
	}
}

func (f *Frozen) gaussNewtonShard(ln *Lane, gn, g []float64, k, j int, u []float64) {
	tp, params, own := &f.tr.shards[k], f.w.mesh.params, f.isOwn(j, u)
	if ln.blocks != nil {
		f.blocksShard(ln, gn, g, tp, j, u, own)
		return
	}
	jacobian := ln.ev.(neural.ParamJacobian)
	ln.jac = grow(ln.jac, tp.n*params)
	ln.rows = grow(ln.rows, tp.n)
	ln.fnew = grow(ln.fnew, tp.n)
	ln.res = grow(ln.res, tp.n)
	ln.ev.Bind(u)
	f.eachStage(ln, tp, j, func(_, r int, phi float64) {
		if q := f.residual(ln, tp, r, phi, own); q != 0 {
			kernel.Fill(ln.rows, q)
			jacobian.ParamJacobian(ln.jac, tp.t[r], tp.state(r))
			kernel.Syrk(gn, params, ln.jac, ln.rows)
			kernel.GemvT(g, params, ln.jac, ln.res)
		} else {
			f.pullBack(ln, tp, g, r, own)
		}
		f.runningGradient(ln, tp, g, r, phi, u)
	})
}

// blocksShard is gaussNewtonShard for fields whose matrix falls into blocks, which they sum themselves.
func (f *Frozen) blocksShard(ln *Lane, gn, g []float64, tp *tape, j int, u []float64, own bool) {
	ln.rows = grow(ln.rows, ln.blocks.KeepLen(tp.batch))
	ln.fnew = grow(ln.fnew, tp.n)
	ln.res = grow(ln.res, tp.n)
	ln.ev.Bind(u)
	f.eachStage(ln, tp, j, func(_, r int, phi float64) {
		x := tp.state(r)
		q := phi * f.Rho * tp.metric[r]
		if q == 0 {
			f.residual(ln, tp, r, phi, own)
			f.pullBack(ln, tp, g, r, own)
		} else {
			ln.blocks.EvalKeep(ln.fnew, tp.t[r], x, ln.rows)
			kernel.ScaleTo(ln.res, -phi, tp.adj(r))
			if !own {
				kernel.Axpy(ln.res, -q, ln.fnew)
				kernel.Axpy(ln.res, q, tp.rate(r))
			}
			ln.blocks.AddBlocks(gn, g, q, tp.t[r], x, ln.res, ln.rows)
		}
		f.runningGradient(ln, tp, g, r, phi, u)
	})
}

// firstRho is 2(t₁ − t₀)·‖p‖/‖x‖, root mean squares over the anchor stages.
func (f *Frozen) firstRho() float64 {
	var pp, xx float64
	ln := f.w.lanes[0]
	for k := range f.tr.shards {
		tp := &f.tr.shards[k]
		f.eachStep(ln, tp, func(k, r int) {
			p := f.pointCostate(ln, tp, k, r)
			pp += tp.metric[r] * kernel.Dot(p, p)
			xx += tp.metric[r] * kernel.Dot(tp.state(r), tp.state(r))
		})
	}
	horizon := f.w.Problem.T1 - f.w.Problem.T0
	if rho := 2 * horizon * math.Sqrt(pp/xx); rho > 0 && !math.IsInf(rho, 0) {
		return rho
	}
	return 1
}

package pmp

import (
	"fmt"
	"math"

	"github.com/costate-go/costate/internal/kernel"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/solvers"
)

// rosenbrock is a lane's workspace for the costate of Rosenbrock methods, which takes every step again from its first state:
//
//	(σI − J) u_i = f(t_i, X_i) + Σ_{j<i} (c_ij/h) u_j + hγ_i f_t,   X_i = x + Σ_{j<i} a_ij u_j,   x⁺ = x + Σ m_i u_i
//
// with J = f_x and f_t at the step's start and σ = 1/(hγ). A running cost is one more state, ċ = L, on which nothing depends, so that what the
// method makes of it is known beforehand,
//
//	∫ L dt ≈ h Σ_i w_i L(t_i, X_i) + h L_x·v + h² g L_t,   v = Σ_i w_i u_i,   w_i = γ(m_i + Σ_{j>i} c_ji w_j),   g = Σ_i w_i γ_i,
//
// with L_x and L_t at the step's start: of the order of the method.
type rosenbrock struct {
	u, x, q, xi  [][]float64 // of the stages: n each
	w, ft, shift []float64   // n
	v, dv, dx    []float64   // n: v, and how L_x·v depends on it and on x
	lu           []float64   // samples × d²: factors of σI − J
	pivot        []int       // samples × d
	rhs          []float64   // d
}

// useRosenbrock prepares the sweeper for a Rosenbrock method.
func (w *Sweeper) useRosenbrock(m *solvers.Rosenbrock) error {
	s := &w.Settings
	if s.Costate != Discrete || s.Interpolate {
		return fmt.Errorf("%w: %s has the discrete costate alone, with steps that end at observations", ErrProblem, m.Name())
	}
	w.rosenbrock, w.costWeights = m, make([]float64, len(m.M))
	for i := len(m.M) - 1; i >= 0; i-- {
		sum := m.M[i]
		for j := i + 1; j < len(m.M); j++ {
			sum += m.C[j][i] * w.costWeights[j]
		}
		w.costWeights[i] = m.Gamma * sum
		w.costDrift += w.costWeights[i] * m.GammaSum[i]
	}
	if s.ShardWidth <= 0 {
		w.width = 8
	}
	return nil
}

// implicit reports whether steps solve equations.
func (w *Sweeper) implicit() bool { return w.gamma != 0 || w.rosenbrock != nil }

// fourth are the weights of the central difference of fourth order at ±1 and ±2, over 12.
var fourth = [...]struct{ at, weight float64 }{{-2, 1. / 12}, {-1, -8. / 12}, {1, 8. / 12}, {2, -1. / 12}}

// instant is the step of differences in time.
func (w *Sweeper) instant() float64 {
	return 1e-3 * max(1e-3, min(1, (w.Problem.T1-w.Problem.T0)/10))
}

// timeSlope stores ∂f/∂t at (t, x) by differences of fourth order.
func (rc *recorder) timeSlope(dst []float64, t float64, x []float64) {
	delta := rc.w.instant()
	rc.ln.fnew = grow(rc.ln.fnew, len(x))
	clear(dst)
	for _, c := range fourth {
		rc.plain(rc.ln.fnew, t+c.at*delta, x)
		kernel.Axpy(dst, c.weight/delta, rc.ln.fnew)
	}
}

// endRosenbrock files an accepted step: where it began, and f there.
func (w *Sweeper) endRosenbrock(rc *recorder, it *ode.Integrator, sg int) {
	tp, ln := rc.tp, rc.ln
	x := ln.lam[:tp.n]
	if len(tp.steps) > 0 {
		x = ln.mui[:tp.n]
	}
	r := tp.add(it.TPrev(), rc.elem, x)
	rc.plain(tp.rate(r), it.TPrev(), x)
	tp.steps = append(tp.steps, step{t: it.TPrev(), h: it.H(), end: it.T(), first: r, rest: r, segment: sg})
	tp.metric[r] = it.H()
	rc.base, rc.first = tp.records, -1
	ln.mui = grow(ln.mui, tp.n)
	copy(ln.mui, it.X())
}

// workspace makes room for the stages of a batch.
func (rb *rosenbrock) workspace(stages, n, batch int) {
	d := n / batch
	for len(rb.u) < stages {
		rb.u, rb.x, rb.q, rb.xi = append(rb.u, nil), append(rb.x, nil), append(rb.q, nil), append(rb.xi, nil)
	}
	for i := range stages {
		rb.u[i], rb.x[i], rb.q[i], rb.xi[i] = grow(rb.u[i], n), grow(rb.x[i], n), grow(rb.q[i], n), grow(rb.xi[i], n)
	}
	rb.w, rb.ft, rb.shift = grow(rb.w, n), grow(rb.ft, n), grow(rb.shift, n)
	rb.v, rb.dv, rb.dx = grow(rb.v, n), grow(rb.dv, n), grow(rb.dx, n)
	rb.lu, rb.pivot, rb.rhs = grow(rb.lu, batch*d*d), grow(rb.pivot, batch*d), grow(rb.rhs, d)
}

// backRosenbrock takes the costate across step k. With the costates q_i of the stages' equations and ξ_i of their states,
//
//	(σI − J)ᵀ q_i = m_i λ⁺ + Σ_{j>i} (a_ji ξ_j + (c_ji/h) q_j),   ξ_i = f_x(X_i)ᵀ q_i,
//	λ = λ⁺ + Σ ξ_i + ∂/∂x Σ [q_i·J u_i + hγ_i q_i·f_t],
//
// and likewise for θ. The derivative of q·Ju is that of the vector–Jacobian product along u, a difference of fourth order; the running cost's
// L_x·v, which every u_i is part of, is another one.
//
// All that θ enters is f and L at some points with some weights. Where maximizers ask for them they are filed like stages.
func (w *Sweeper) backRosenbrock(ln *Lane, tr *Trajectory, tp *tape, k int, lam, grad []float64) (calls int) {
	m, st, rb := w.rosenbrock, &tp.steps[k], &ln.rosenbrock
	n, batch, h := tp.n, tp.batch, st.h
	elem, x := w.segs[st.segment].elem, tp.state(st.first)
	s := len(m.Alpha)
	rb.workspace(s, n, batch)
	calls = w.retake(ln, tr, tp, st)
	running := w.Problem.Running
	st.points, st.beyond = tp.records, tp.records
	// pull stores f_xᵀp + weight·L_x at a point in dst and adds what belongs to θ to the gradient.
	pull := func(dst, p []float64, weight, t float64, at []float64) {
		u := w.bindAt(ln, tr.Theta, elem, t)
		clear(ln.gtheta)
		ln.ev.VJP(dst, ln.gtheta, t, at, p)
		if running != nil && weight != 0 {
			running.Eval(dst, ln.gtheta, weight, t, at, u, tp.lo, batch)
		}
		w.mesh.spread(grad, elem, t, ln.gtheta)
		calls++
		if tp.points {
			w.filePoint(ln, tp, elem, t, weight, at, p)
			st.beyond = tp.records
		}
	}
	out := rb.xi[0]
	clear(rb.dx)
	clear(rb.dv)
	clear(rb.w)
	if running != nil {
		w.costDirection(rb)
		eps := reach(x, rb.v)
		if eps == 0 {
			eps = 1 // anything: L_x is what J depends on v
		}
		for _, c := range fourth {
			copy(rb.shift, x)
			kernel.Axpy(rb.shift, c.at*eps, rb.v)
			pull(out, rb.w, h*c.weight/eps, st.t, rb.shift) // of f nothing
			kernel.Add(rb.dx, out)
			kernel.Axpy(rb.dv, c.at*eps, out)
		}
	}
	for i := s - 1; i >= 0; i-- {
		q := rb.q[i]
		kernel.ScaleTo(q, m.M[i], lam)
		kernel.Axpy(q, w.costWeights[i], rb.dv)
		for j := i + 1; j < s; j++ {
			kernel.Axpy(q, m.A[j][i], rb.xi[j])
			kernel.Axpy(q, m.C[j][i]/h, rb.q[j])
		}
		rb.solve(q, batch, true)
		pull(rb.xi[i], q, h*w.costWeights[i], rb.time(m, st, i), rb.x[i])
	}
	if tp.points {
		st.anchor = tp.records - 1 // the first stage, which is the state at the step's start
		tp.metric[st.anchor] = h
	}
	kernel.Add(lam, rb.dx)
	for i := range s {
		kernel.Add(lam, rb.xi[i])
		kernel.Axpy(rb.w, h*m.GammaSum[i], rb.q[i])
	}
	for i := range s {
		eps := reach(x, rb.u[i])
		if eps == 0 {
			continue
		}
		for _, c := range fourth {
			copy(rb.shift, x)
			kernel.Axpy(rb.shift, c.at*eps, rb.u[i])
			kernel.ScaleTo(rb.ft, c.weight/eps, rb.q[i])
			pull(out, rb.ft, 0, st.t, rb.shift)
			kernel.Add(lam, out)
		}
	}
	delta := w.instant()
	for _, c := range fourth {
		kernel.ScaleTo(rb.ft, c.weight/delta, rb.w)
		pull(out, rb.ft, h*h*w.costDrift*c.weight/delta, st.t+c.at*delta, x)
		kernel.Add(lam, out)
	}
	return calls
}

// reach is the step of differences at x along u, 0 where u is zero.
func reach(x, u []float64) float64 {
	size, length := 1.0, 0.0
	for c, v := range u {
		size, length = max(size, math.Abs(x[c])), max(length, math.Abs(v))
	}
	if length == 0 {
		return 0
	}
	return 1e-3 * size / length
}

// costDirection stores v = Σ w_i u_i.
func (w *Sweeper) costDirection(rb *rosenbrock) {
	clear(rb.v)
	for i, c := range w.costWeights {
		kernel.Axpy(rb.v, c, rb.u[i])
	}
}

// filePoint adds a point to the records: where f has the costate p and L the weight.
func (w *Sweeper) filePoint(ln *Lane, tp *tape, elem int, t, weight float64, at, p []float64) {
	r := tp.add(t, elem, at)
	ln.ev.Eval(tp.rate(r), t, at)
	copy(tp.adj(r), p)
	tp.weight[r] = weight
}

// rosenbrockCost is ∫ L dt over the last step.
func (w *Sweeper) rosenbrockCost(rc *recorder, tr *Trajectory) float64 {
	m, ln, tp := w.rosenbrock, rc.ln, rc.tp
	st, rb := &tp.steps[len(tp.steps)-1], &ln.rosenbrock
	x, elem, h := tp.state(st.first), w.segs[st.segment].elem, st.h
	rb.workspace(len(m.Alpha), tp.n, tp.batch)
	rc.calls += w.retake(ln, tr, tp, st) + len(m.Alpha)
	sum := 0.0
	add := func(weight, t float64, at []float64) {
		u := w.mesh.at(ln.theta, tr.Theta, elem, t)
		sum += weight * w.Problem.Running.Eval(nil, nil, 0, t, at, u, tp.lo, tp.batch)
	}
	for i, c := range w.costWeights {
		add(h*c, rb.time(m, st, i), rb.x[i])
	}
	w.costDirection(rb)
	eps, delta := reach(x, rb.v), w.instant()
	for _, c := range fourth {
		if eps > 0 {
			copy(rb.shift, x)
			kernel.Axpy(rb.shift, c.at*eps, rb.v)
			add(h*c.weight/eps, st.t, rb.shift)
		}
		add(h*h*w.costDrift*c.weight/delta, st.t+c.at*delta, x)
	}
	return sum
}

// time is that of a stage.
func (rb *rosenbrock) time(m *solvers.Rosenbrock, st *step, i int) float64 {
	if m.Alpha[i] == 1 {
		return st.end
	}
	return st.t + m.Alpha[i]*st.h
}

// retake computes the stages of a step again, and the factors of its matrix.
func (w *Sweeper) retake(ln *Lane, tr *Trajectory, tp *tape, st *step) (calls int) {
	m, rb, n, batch := w.rosenbrock, &ln.rosenbrock, tp.n, tp.batch
	d, elem, x, h := n/batch, w.segs[st.segment].elem, tp.state(st.first), st.h
	w.bindAt(ln, tr.Theta, elem, st.t)
	rows := ln.jacobianRows(st.t, x, batch)
	sigma := 1 / (h * m.Gamma)
	for s := range batch {
		a := rb.lu[s*d*d : (s+1)*d*d]
		for i := range d {
			for j := range d {
				a[i*d+j] = -rows[i*n+j*batch+s]
			}
			a[i*d+i] += sigma
		}
		if !factorLU(a, rb.pivot[s*d:(s+1)*d], d) {
			a[0] = math.NaN() // a step whose matrix is singular was taken all the same
		}
	}
	delta := w.instant()
	clear(rb.ft)
	for _, c := range fourth {
		t := st.t + c.at*delta
		w.bindAt(ln, tr.Theta, elem, t)
		ln.ev.Eval(rb.shift, t, x)
		kernel.Axpy(rb.ft, c.weight/delta, rb.shift)
	}
	for i := range m.Alpha {
		t, stage, u := rb.time(m, st, i), rb.x[i], rb.u[i]
		copy(stage, x)
		for j, a := range m.A[i] {
			kernel.Axpy(stage, a, rb.u[j])
		}
		w.bindAt(ln, tr.Theta, elem, t)
		ln.ev.Eval(u, t, stage)
		for j, c := range m.C[i] {
			kernel.Axpy(u, c/h, rb.u[j])
		}
		kernel.Axpy(u, h*m.GammaSum[i], rb.ft)
		rb.solve(u, batch, false)
	}
	return d
}

// solve replaces v by (σI − J)⁻¹v, or by the transpose's, sample by sample.
func (rb *rosenbrock) solve(v []float64, batch int, transposed bool) {
	d := len(v) / batch
	b := rb.rhs
	for s := range batch {
		gather(b, v, batch, s)
		lu, pivot := rb.lu[s*d*d:(s+1)*d*d], rb.pivot[s*d:(s+1)*d]
		if transposed {
			solveLUTransposed(b, lu, pivot, d)
		} else {
			solveLU(b, lu, pivot, d)
		}
		for i, a := range b {
			v[i*batch+s] = a
		}
	}
}

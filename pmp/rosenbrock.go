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
// with J = f_x and f_t at the step's start and σ = 1/(hγ).
type rosenbrock struct {
	u, x, q, xi  [][]float64 // of the stages: n each
	w, ft, shift []float64   // n
	lu           []float64   // samples × d²: factors of σI − J
	pivot        []int       // samples × d
	rhs          []float64   // d
}

// useRosenbrock prepares the sweeper for a Rosenbrock method.
func (w *Sweeper) useRosenbrock(m *solvers.Rosenbrock) error {
	s := &w.Settings
	switch {
	case s.Costate != Discrete || s.Interpolate:
		return fmt.Errorf("%w: %s has the discrete costate alone, with steps that end at observations", ErrProblem, m.Name())
	case w.Problem.Running != nil:
		return fmt.Errorf("%w: %s takes no running cost of the state; take an ESDIRK method", ErrProblem, m.Name())
	}
	w.rosenbrock = m
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
	rb.lu, rb.pivot, rb.rhs = grow(rb.lu, batch*d*d), growInt(rb.pivot, batch*d), grow(rb.rhs, d)
}

// backRosenbrock takes the costate across step k. With the costates q_i of the stages' equations and ξ_i of their states,
//
//	(σI − J)ᵀ q_i = m_i λ⁺ + Σ_{j>i} (a_ji ξ_j + (c_ji/h) q_j),   ξ_i = f_x(X_i)ᵀ q_i,
//	λ = λ⁺ + Σ ξ_i + ∂/∂x Σ [q_i·J u_i + hγ_i q_i·f_t],
//
// and likewise for θ. The derivative of q·Ju is that of the vector–Jacobian product along u, a difference of fourth order.
func (w *Sweeper) backRosenbrock(ln *Lane, tr *Trajectory, tp *tape, k int, lam, grad []float64) (calls int) {
	m, st, rb := w.rosenbrock, &tp.steps[k], &ln.rosenbrock
	n, batch, h := tp.n, tp.batch, st.h
	elem, x := w.segs[st.segment].elem, tp.state(st.first)
	s := len(m.Alpha)
	rb.workspace(s, n, batch)
	calls = w.retake(ln, tr, tp, st)
	pull := func(dst, p []float64, t float64, at []float64) {
		w.bindAt(ln, tr.Theta, elem, t)
		clear(ln.gtheta)
		ln.ev.VJP(dst, ln.gtheta, t, at, p)
		w.mesh.spread(grad, elem, t, ln.gtheta)
		calls++
	}
	for i := s - 1; i >= 0; i-- {
		q := rb.q[i]
		kernel.ScaleTo(q, m.M[i], lam)
		for j := i + 1; j < s; j++ {
			kernel.Axpy(q, m.A[j][i], rb.xi[j])
			kernel.Axpy(q, m.C[j][i]/h, rb.q[j])
		}
		rb.solve(q, batch, true)
		pull(rb.xi[i], q, rb.time(m, st, i), rb.x[i])
	}
	clear(rb.w)
	for i := range s {
		kernel.Add(lam, rb.xi[i])
		kernel.Axpy(rb.w, h*m.GammaSum[i], rb.q[i])
	}
	out := rb.xi[0]
	for i := range s {
		size, length := 1.0, 0.0
		for c, v := range rb.u[i] {
			size, length = max(size, math.Abs(x[c])), max(length, math.Abs(v))
		}
		if length == 0 {
			continue
		}
		eps := 1e-3 * size / length
		for _, c := range fourth {
			copy(rb.shift, x)
			kernel.Axpy(rb.shift, c.at*eps, rb.u[i])
			kernel.ScaleTo(rb.ft, c.weight/eps, rb.q[i])
			pull(out, rb.ft, st.t, rb.shift)
			kernel.Add(lam, out)
		}
	}
	delta := w.instant()
	for _, c := range fourth {
		kernel.ScaleTo(rb.ft, c.weight/delta, rb.w)
		pull(out, rb.ft, st.t+c.at*delta, x)
		kernel.Add(lam, out)
	}
	return calls
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

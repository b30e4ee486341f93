package pmp

import (
	"fmt"
	"math"

	"github.com/costate-go/costate/internal/kernel"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/solvers"
)

// useESDIRK prepares the sweeper for a diagonally implicit method, whose strictly lower triangle is treated like that of an explicit
// one. Shards are narrow, since their samples share the equations of a step.
func (w *Sweeper) useESDIRK(m *solvers.ESDIRK) error {
	s := &w.Settings
	if s.Costate != Discrete || s.Interpolate {
		return fmt.Errorf("%w: %s has the discrete costate alone, with steps that end at observations", ErrProblem, m.Name())
	}
	w.method = &solvers.Tableau{C: m.C, A: m.A, B: m.B, FSAL: true}
	w.gamma = m.Gamma
	if s.ShardWidth <= 0 {
		w.width = 8
	}
	return nil
}

// explicitOnly refuses implicit methods, diagonally or linearly.
func (w *Sweeper) explicitOnly(name string) error {
	if w.implicit() {
		return fmt.Errorf("%w: %s follows the stages of explicit methods; take one, or a gradient method", ErrProblem, name)
	}
	return nil
}

// implicitAnchor is the stage with the largest weight that no other step shares.
func (w *Sweeper) implicitAnchor() {
	w.anchor = 1
	for i, b := range w.method.B[:len(w.method.B)-1] {
		if i > 0 && b > w.method.B[w.anchor] {
			w.anchor = i
		}
	}
}

// plain is the right-hand side of implicit steps, whose evaluations are not stages.
func (rc *recorder) plain(dx []float64, t float64, x []float64) {
	rc.calls++
	rc.w.bindAt(rc.ln, rc.theta, rc.elem, t)
	rc.ln.ev.Eval(dx, t, x)
}

// jacobian stores ∂f/∂x of a batch, block by block, from products with unit costates.
func (rc *recorder) jacobian(dst []float64, t float64, x []float64) {
	n, batch := rc.tp.n, rc.tp.batch
	rc.w.bindAt(rc.ln, rc.theta, rc.elem, t)
	rows := rc.ln.jacobianRows(t, x, batch)
	for i := range n / batch {
		for j := range n / batch {
			for s := range batch {
				dst[(i*batch+s)*n+j*batch+s] = rows[i*n+j*batch+s]
			}
		}
	}
	rc.calls += 2 * n / batch
}

// jacobianRows are the rows ∂f_i/∂x (d × n) of all samples at the control that is bound.
func (ln *Lane) jacobianRows(t float64, x []float64, batch int) []float64 {
	n := len(x)
	d := n / batch
	ln.jacobian = grow(ln.jacobian, d*n)
	ln.unit = grow(ln.unit, n)
	unit := ln.unit
	for i := range d {
		clear(unit)
		kernel.Fill(unit[i*batch:(i+1)*batch], 1)
		ln.ev.VJP(ln.jacobian[i*n:(i+1)*n], nil, t, x, unit)
	}
	return ln.jacobian
}

// endImplicit files the stages of an accepted step, which the stepper has as slopes.
func (w *Sweeper) endImplicit(rc *recorder, it *ode.Integrator, sg int) {
	tp, tab := rc.tp, w.method
	h, t := it.H(), it.TPrev()
	slopes := it.Stepper().(solvers.Sloped).Slopes()
	x0 := rc.ln.lam[:tp.n]
	if tp.records > 0 {
		x0 = tp.state(tp.records - 1)
	}
	if rc.first < 0 {
		rc.first = tp.add(t, rc.elem, x0)
		copy(tp.rate(rc.first), slopes[0])
	}
	st := step{t: t, h: h, end: it.T(), first: rc.first, rest: tp.records, segment: sg}
	last := len(tab.C) - 1
	for i := 1; i <= last; i++ {
		r := tp.add(t+tab.C[i]*h, rc.elem, x0)
		x := tp.state(r)
		for j, a := range tab.A[i] {
			if a != 0 {
				kernel.Axpy(x, h*a, slopes[j])
			}
		}
		kernel.Axpy(x, h*w.gamma, slopes[i])
		if i == last {
			copy(x, it.X())
			tp.t[r] = it.T()
		}
		copy(tp.rate(r), slopes[i])
	}
	tp.steps = append(tp.steps, st)
	for i, b := range tab.B {
		tp.weight[st.record(i)] += h * b
	}
	tp.metric[st.record(w.anchor)] = h
	rc.base = tp.records
	rc.first = tp.records - 1
}

// backImplicit is backStep for diagonally implicit methods. X_i = x + h Σ_{j≤i} a_ij k_j holds its own slope, so that with r_i = h b_i λ + h Σ_{j>i} a_ji ξ_j
//
//	(I − hγ f_xᵀ) μ_i = r_i + hγ h b_i L_x,   ξ_i = f_xᵀμ_i + h b_i L_x,   i = s … 2,
//
// sample by sample, and the first stage is explicit. Its equations are taken as solved exactly.
func (w *Sweeper) backImplicit(ln *Lane, tr *Trajectory, tp *tape, k int, lam, grad []float64) (calls int) {
	tab, st := w.method, &tp.steps[k]
	ln.mui = grow(ln.mui, tp.n)
	mu := ln.mui
	for i := len(tab.C) - 1; i >= 0; i-- {
		r := st.record(i)
		xi := ln.xi[i][:tp.n]
		w.stageAdjoint(ln, st, i, lam, mu)
		t, x := tp.t[r], tp.state(r)
		elem := w.segs[st.segment].elem // the first stage's record may be the last one of another element
		u := w.bindAt(ln, tr.Theta, elem, t)
		weight := st.h * tab.B[i]
		if i > 0 {
			if w.Problem.Running != nil {
				clear(xi)
				clear(ln.gtheta)
				w.Problem.Running.Eval(xi, ln.gtheta, weight, t, x, u, tp.lo, tp.batch)
				kernel.Axpy(mu, st.h*w.gamma, xi)
			}
			calls += ln.solveStage(mu, st.h*w.gamma, t, x, tp.batch)
		}
		kernel.Add(tp.adj(r), mu)
		clear(ln.gtheta)
		ln.ev.VJP(xi, ln.gtheta, t, x, mu)
		calls++
		if w.Problem.Running != nil {
			w.Problem.Running.Eval(xi, ln.gtheta, weight, t, x, u, tp.lo, tp.batch)
		}
		w.mesh.spread(grad, elem, t, ln.gtheta)
	}
	for i := range tab.C {
		kernel.Add(lam, ln.xi[i][:tp.n])
	}
	return calls
}

// solveStage replaces mu by (I − c f_xᵀ)⁻¹ mu, sample by sample.
func (ln *Lane) solveStage(mu []float64, c, t float64, x []float64, batch int) (calls int) {
	n := len(x)
	d := n / batch
	rows := ln.jacobianRows(t, x, batch)
	ln.dense, ln.pivot = grow(ln.dense, d*d+d), grow(ln.pivot, d)
	a, b := ln.dense[:d*d], ln.dense[d*d:]
	for s := range batch {
		for j := range d {
			for i := range d {
				a[j*d+i] = -c * rows[i*n+j*batch+s]
			}
			a[j*d+j]++
			b[j] = mu[j*batch+s]
		}
		if !factorLU(a, ln.pivot, d) {
			a[0] = math.NaN() // a step whose equations have no solution was taken all the same
		}
		solveLU(b, a, ln.pivot, d)
		for j, v := range b {
			mu[j*batch+s] = v
		}
	}
	return d
}

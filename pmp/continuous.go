package pmp

import (
	"context"
	"fmt"
	"math"

	"github.com/costate-go/costate/internal/kernel"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/solvers"
)

// Continuous costates integrate λ = −p of the differential equations themselves backward, with steps of their own:
//
//	λ̇ = −f_xᵀλ − L_x,   λ(t₁) = Φ_x,   λ(t_k⁻) = λ(t_k⁺) + ∂ℓ_k/∂x,   ∇J = ∫ f_θᵀλ + L_θ dt,
//
// where x is taken from the dense output of the forward sweep (Interpolated) or integrated backward along with λ
// (Backsolve). θ is in neither equation: the integral is taken by Gauss quadrature on every accepted step, as SciML's GaussAdjoint
// does. The gradient is that of the exact problem up to the tolerance, not that of the discretized one.

// gauss are the nodes on [0, 1] and the weights of the quadrature of order 8.
var gauss = [4][2]float64{
	{0.06943184420297371, 0.17392742256872693}, {0.33000947820757187, 0.32607257743127307},
	{0.66999052179242813, 0.32607257743127307}, {0.93056815579702629, 0.17392742256872693},
}

func (k CostateKind) continuous() bool { return k == Interpolated || k == Backsolve }

func (w *Sweeper) checkContinuous() error {
	if tab := w.method; w.Settings.Costate == Interpolated && (!tab.FSAL || len(tab.DenseC) > 0) {
		return fmt.Errorf("%w: the interpolated costate needs a first-same-as-last method whose continuous extension has no stages of its own, and %s is not one; take tsit5 or dopri5",
			ErrProblem, tab.Name())
	}
	if w.Settings.Interpolate {
		return fmt.Errorf("%w: observations are interpolated with the discrete costate alone", ErrProblem)
	}
	return nil
}

// remember stores after a step of the forward sweep what the way back needs.
func (w *Sweeper) remember(tp *tape, it *ode.Integrator, segment int) {
	if w.Settings.Costate == Interpolated {
		it.Stepper().Dense(tp.dense.at(len(tp.steps) - 1))
	}
	if it.T() == w.segs[segment].b {
		copy(tp.ends.at(segment), it.X())
	}
}

// adjoint is one shard's way back.
type adjoint struct {
	w    *Sweeper
	ln   *Lane
	tr   *Trajectory
	tp   *tape
	grad []float64

	segment int
	step    int // the step of the forward sweep that was last looked at
	f       solvers.Func
	it      *ode.Integrator
	coeffs  []float64 // dense output of the last step back
	z       []float64 // λ, or x and λ
	x, pull []float64 // scratch
	work    Work
}

// backwardContinuous is backwardShard by a differential equation.
func (w *Sweeper) backwardContinuous(ctx context.Context, ln *Lane, tr *Trajectory, tp *tape, grad []float64) (Work, error) {
	n := tp.n
	a := ln.adjoints[n]
	if a == nil {
		a = &adjoint{w: w, ln: ln}
		a.f = a.rate
		size := n
		if w.Settings.Costate == Backsolve {
			size = 2 * n
		}
		var err error
		if a.it, err = ode.NewIntegrator(size, w.Settings.Solver); err != nil {
			return Work{}, err
		}
		a.z, a.x, a.pull = make([]float64, size), make([]float64, n), make([]float64, n)
		a.coeffs = make([]float64, a.it.Stepper().DenseLen())
		ln.adjoints[n] = a
	}
	a.tr, a.tp, a.grad, a.work = tr, tp, grad, Work{}
	a.step = len(tp.steps) - 1
	ln.enter(tp)
	tp.hamiltonian = 0
	lam := a.lambda(a.z)
	w.terminalGradient(tp, lam)
	for a.segment = len(w.segs) - 1; a.segment >= 0; a.segment-- {
		if err := a.across(ctx); err != nil {
			return a.work, fmt.Errorf("pmp: the costate on the way back: %w", err)
		}
	}
	return a.work, nil
}

// lambda and state are the parts of what is integrated.
func (a *adjoint) lambda(z []float64) []float64 { return z[len(z)-a.tp.n:] }
func (a *adjoint) state(z []float64) []float64  { return z[:len(z)-a.tp.n] }

// across takes the costate across a segment, from its end to its beginning.
func (a *adjoint) across(ctx context.Context) error {
	w, tp, sg := a.w, a.tp, &a.w.segs[a.segment]
	end := tp.ends.at(a.segment)
	copy(a.state(a.z), end) // backsolve starts from the state that is known there
	if sg.obs >= 0 {
		w.Problem.Observations[sg.obs].Cost.Eval(a.lambda(a.z), end, tp.lo, tp.batch)
	}
	w.setSegment(a.ln, a.segment)
	it := a.it
	if w.Settings.Steps > 0 {
		it.SetFixedStep((sg.b - sg.a) / float64(w.Settings.Steps))
	}
	it.Start(a.f, sg.b, a.z, sg.a)
	for it.T() > sg.a {
		if err := it.Step(ctx, sg.a); err != nil {
			return err
		}
		it.Stepper().Dense(a.coeffs)
		for _, g := range gauss {
			a.quadrature(it.TPrev()+g[0]*it.H(), g[0], g[1]*math.Abs(it.H()))
		}
	}
	copy(a.z, it.X())
	return nil
}

// at returns x(t) for a point of the integration.
func (a *adjoint) at(t float64, z []float64) []float64 {
	if len(z) > a.tp.n {
		return a.state(z)
	}
	steps := a.tp.steps
	for a.step > 0 && t < steps[a.step].t {
		a.step--
	}
	for a.step < len(steps)-1 && t > steps[a.step].end {
		a.step++
	}
	st := &steps[a.step]
	solvers.EvalDense(a.x, a.tp.dense.at(a.step), (t-st.t)/st.h)
	return a.x
}

// rate is ż: λ̇ = −f_xᵀλ − L_x and, for backsolve, ẋ = f.
func (a *adjoint) rate(dz []float64, t float64, z []float64) {
	w, ln, tp := a.w, a.ln, a.tp
	elem := w.segs[a.segment].elem
	u := w.bindAt(ln, a.tr.Theta, elem, t)
	x, lam, dlam := a.at(t, z), a.lambda(z), a.lambda(dz)
	if len(z) > tp.n {
		ln.ev.Eval(a.state(dz), t, x)
		a.work.Forward++
	}
	ln.ev.VJP(dlam, nil, t, x, lam)
	a.work.Backward++
	if w.Problem.Running != nil {
		w.Problem.Running.Eval(dlam, ln.gtheta, 1, t, x, u, tp.lo, tp.batch) // its gradient in θ belongs to the quadrature
	}
	kernel.Scale(dlam, -1)
}

// quadrature adds weight·(f_θᵀλ + L_θ) at a node of the last step to the gradient.
func (a *adjoint) quadrature(t, s, weight float64) {
	w, ln, tp := a.w, a.ln, a.tp
	elem := w.segs[a.segment].elem
	solvers.EvalDense(a.z, a.coeffs, s)
	u := w.bindAt(ln, a.tr.Theta, elem, t)
	x, lam := a.at(t, a.z), a.lambda(a.z)
	ln.fnew = grow(ln.fnew, tp.n)
	ln.ev.Eval(ln.fnew, t, x)
	a.work.Forward++
	tp.hamiltonian += weight * float64(tp.batch) * w.meanH(tp, t, x, ln.fnew, lam, u)
	kernel.ScaleTo(a.pull, weight, lam)
	clear(ln.gtheta)
	ln.ev.VJP(nil, ln.gtheta, t, x, a.pull)
	a.work.Backward++
	if w.Problem.Running != nil {
		clear(ln.xi[0][:tp.n])
		w.Problem.Running.Eval(ln.xi[0][:tp.n], ln.gtheta, weight, t, x, u, tp.lo, tp.batch)
	}
	w.mesh.spread(a.grad, elem, t, ln.gtheta)
}

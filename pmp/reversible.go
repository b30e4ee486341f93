package pmp

import (
	"context"
	"fmt"

	"github.com/costate-go/costate/internal/kernel"
	"github.com/costate-go/costate/solvers"
)

// reversible is a lane's workspace for methods whose steps can be undone. Asynchronous leapfrog carries a velocity y = v beside the state
// x, reversible Heun a second state y = z with k = f(t, z).
type reversible struct {
	w          *Sweeper
	ln         *Lane
	tr         *Trajectory
	tp         *tape
	grad       []float64
	leapfrog   bool
	elem       int
	x, y, k    []float64
	mid        []float64 // x at the middle of a step, or k at its end
	lam, nu    []float64 // costates of x and y, with the sign of λ
	kappa      []float64 // and of k
	pull, half []float64
	work       Work
}

// checkReversible says whether the costate fits the method.
func checkReversible(m solvers.Method, s *Settings) (*solvers.Reversible, error) {
	r, ok := m.(*solvers.Reversible)
	switch {
	case !ok && s.Costate == Reversible:
		return nil, fmt.Errorf("%w: the reversible costate needs a reversible method, alf or revheun, and %s is not one", ErrProblem, m.Name())
	case ok && s.Costate != Reversible:
		return nil, fmt.Errorf("%w: %s has the reversible costate, not %v", ErrProblem, m.Name(), s.Costate)
	case ok && (s.Steps <= 0 || s.Interpolate):
		return nil, fmt.Errorf("%w: %s takes fixed steps, a number of them between knots, that end at observations", ErrProblem, m.Name())
	}
	return r, nil
}

func (w *Sweeper) reversibleLane(ln *Lane, tr *Trajectory, tp *tape) *reversible {
	r := ln.reversibles[tp.n]
	if r == nil {
		vector := func() []float64 { return make([]float64, tp.n) }
		r = &reversible{
			w: w, ln: ln, leapfrog: w.reversible == solvers.AsynchronousLeapfrog, x: vector(), y: vector(), k: vector(), mid: vector(),
			lam: vector(), nu: vector(), kappa: vector(), pull: vector(), half: vector(),
		}
		ln.reversibles[tp.n] = r
	}
	r.tr, r.tp, r.work = tr, tp, Work{}
	ln.enter(tp)
	return r
}

// enter turns to a segment.
func (r *reversible) enter(segment int) {
	r.w.setSegment(r.ln, segment)
	r.elem = r.w.segs[segment].elem
}

// rate stores f(t, x) in dst.
func (r *reversible) rate(dst []float64, t float64, x []float64) {
	r.w.bindAt(r.ln, r.tr.Theta, r.elem, t)
	r.ln.ev.Eval(dst, t, x)
	r.work.Forward++
}

// time is that of step i of a segment, the segment's end for the last.
func (r *reversible) time(sg *segment, i int) float64 {
	n := r.w.Settings.Steps
	if i == n {
		return sg.b
	}
	return sg.a + (sg.b-sg.a)*float64(i)/float64(n)
}

// begin forgets the past of the method at x.
func (r *reversible) begin(t float64) {
	if r.leapfrog {
		r.rate(r.y, t, r.x)
		return
	}
	copy(r.y, r.x)
	r.rate(r.k, t, r.y)
}

// step goes from t to t + h and returns ∫L by the rule of the method: the midpoint's, or the trapezoidal one.
func (r *reversible) step(t, h float64) (cost float64) {
	if r.leapfrog {
		kernel.Axpy(r.x, h/2, r.y)
		r.rate(r.mid, t+h/2, r.x)
		cost = h * r.running(nil, nil, 0, t+h/2, r.x)
		for i, f := range r.mid {
			r.y[i] = 2*f - r.y[i]
		}
		kernel.Axpy(r.x, h/2, r.y)
		return cost
	}
	cost = h / 2 * r.running(nil, nil, 0, t, r.y)
	for i, x := range r.x {
		r.y[i] = 2*x - r.y[i] + h*r.k[i]
	}
	r.rate(r.mid, t+h, r.y)
	kernel.Axpy(r.x, h/2, r.k)
	kernel.Axpy(r.x, h/2, r.mid)
	r.k, r.mid = r.mid, r.k
	return cost + h/2*r.running(nil, nil, 0, t+h, r.y)
}

// running is the running cost L at a point; see Running.
func (r *reversible) running(gx, gtheta []float64, weight, t float64, x []float64) float64 {
	if r.w.Problem.Running == nil {
		return 0
	}
	u := r.w.mesh.at(r.ln.theta, r.tr.Theta, r.elem, t)
	return r.w.Problem.Running.Eval(gx, gtheta, weight, t, x, u, r.tp.lo, r.tp.batch)
}

// forwardReversible is forwardShard for reversible methods. It keeps x and y where the method begins anew, and nothing else.
func (w *Sweeper) forwardReversible(ctx context.Context, ln *Lane, tr *Trajectory, tp *tape, k int) (out shardCost) {
	p, dim := w.Problem, w.Problem.Field.Dim()
	lo := k * w.width
	batch := min(w.width, tr.samples-lo)
	tp.reset(lo, batch, dim, 0)
	tp.resetPaths(w.slots)
	tp.ends.reset(2 * tp.n)
	r := w.reversibleLane(ln, tr, tp)
	for i := range dim {
		copy(r.x[i*batch:(i+1)*batch], p.X0[i*tr.samples+lo:i*tr.samples+lo+batch])
	}
	kept := 0
	keep := func() {
		end := tp.ends.at(kept)
		copy(end, r.x)
		copy(end[tp.n:], r.y)
		kept++
	}
	for sgi := range w.segs {
		sg := &w.segs[sgi]
		if sg.restart {
			keep()
		}
		r.enter(sgi)
		if sgi == 0 || sg.restart {
			r.begin(sg.a)
		}
		out.constraint += w.pathValues(ln, tr, tp, sg.elem, sg.pa, after, r.x)
		for i := range w.Settings.Steps {
			if out.err = ctx.Err(); out.err != nil {
				return out
			}
			t := r.time(sg, i)
			h := r.time(sg, i+1) - t
			out.j += r.step(t, h)
			out.work.Add(Work{Accepted: 1, MinStep: h, MaxStep: h})
		}
		out.constraint += w.pathValues(ln, tr, tp, sg.elem, sg.pb, before, r.x)
		if sg.obs >= 0 {
			out.j += p.Observations[sg.obs].Cost.Eval(nil, r.x, lo, batch)
		}
	}
	keep()
	copy(tp.end, r.x)
	if p.Terminal != nil {
		out.j += p.Terminal.Eval(nil, tp.end, lo, batch)
	}
	for _, c := range p.Constraints {
		out.constraint += c.eval(nil, tp.end, batch)
	}
	out.work.Forward = r.work.Forward
	return out
}

// backwardReversible is backwardShard for reversible methods: the states are computed backward along with the costates.
func (w *Sweeper) backwardReversible(ln *Lane, tr *Trajectory, tp *tape, grad []float64) Work {
	r := w.reversibleLane(ln, tr, tp)
	r.grad = grad
	kept := 0
	for i := range w.segs {
		if w.segs[i].restart {
			kept++
		}
	}
	w.terminalGradient(tp, r.lam)
	clear(r.nu)
	clear(r.kappa)
	tp.hamiltonian = 0
	last := len(w.segs) - 1
	for sgi := last; sgi >= 0; sgi-- {
		sg := &w.segs[sgi]
		r.enter(sgi)
		if sgi == last || w.segs[sgi+1].restart {
			end := tp.ends.at(kept)
			copy(r.x, end)
			copy(r.y, end[tp.n:])
			kept--
			if !r.leapfrog {
				r.rate(r.k, sg.b, r.y)
			}
		}
		w.passEnd(ln, tr, tp, sgi, r.x, r.lam, grad)
		for i := w.Settings.Steps - 1; i >= 0; i-- {
			t := r.time(sg, i)
			r.back(t, r.time(sg, i+1)-t)
		}
		w.passStart(ln, tr, tp, sgi, r.x, r.lam, grad)
		if sgi == 0 || sg.restart {
			r.unbegin(sg.a)
		}
	}
	return r.work
}

// back undoes the step from t to t + h and takes the costates across it. For leapfrog
//
//	x_½ = x + (h/2)v,  v⁺ = 2f(x_½) − v,  x⁺ = x_½ + (h/2)v⁺:    ν⁺ += (h/2)λ⁺,  λ_½ = λ⁺ + f_xᵀ 2ν⁺,  ν = −ν⁺ + (h/2)λ_½,  λ = λ_½
//
// and for Heun with κ, the costate of k = f(z), which is used in two steps,
//
//	z⁺ = 2x − z + hk,  k⁺ = f(z⁺),  x⁺ = x + (h/2)(k + k⁺):    κ⁺ += (h/2)λ⁺,  ζ⁺ += f_xᵀκ⁺,  κ = (h/2)λ⁺ + hζ⁺,  λ = λ⁺ + 2ζ⁺,  ζ = −ζ⁺.
func (r *reversible) back(t, h float64) {
	if r.leapfrog {
		kernel.Axpy(r.x, -h/2, r.y)
		r.rate(r.mid, t+h/2, r.x)
		kernel.Axpy(r.nu, h/2, r.lam)
		kernel.ScaleTo(r.pull, 2, r.nu)
		r.pullBack(r.lam, r.pull, h, t+h/2, r.x)
		r.hamiltonian(h, t+h/2, r.x, r.mid)
		for i, f := range r.mid {
			r.y[i] = 2*f - r.y[i]
			r.nu[i] = -r.nu[i] + h/2*r.lam[i]
		}
		kernel.Axpy(r.x, -h/2, r.y)
		return
	}
	kernel.Axpy(r.kappa, h/2, r.lam)
	r.pullBack(r.nu, r.kappa, h/2, t+h, r.y)
	for i, l := range r.lam {
		r.kappa[i] = h/2*l + h*r.nu[i]
		r.lam[i] += 2 * r.nu[i]
		r.nu[i] = -r.nu[i]
	}
	kernel.Axpy(r.x, -h/2, r.k)
	for i, x := range r.x { // which is x⁺ − (h/2)k⁺ so far: z = 2x⁺ − z⁺ − hk⁺
		r.y[i] = 2*x - r.y[i]
	}
	r.rate(r.mid, t, r.y)
	kernel.Axpy(r.x, -h/2, r.mid)
	r.k, r.mid = r.mid, r.k
	r.runningBack(r.nu, h/2, t, r.y)
	r.hamiltonian(h, t, r.y, r.k)
}

// pullBack adds f_xᵀp + weight·L_x at a point to lam, and f_θᵀp + weight·L_θ to the gradient.
func (r *reversible) pullBack(lam, p []float64, weight, t float64, x []float64) {
	w, ln := r.w, r.ln
	w.bindAt(ln, r.tr.Theta, r.elem, t)
	clear(ln.gtheta)
	ln.ev.VJP(r.half, ln.gtheta, t, x, p)
	r.work.Backward++
	kernel.Add(lam, r.half)
	r.running(lam, ln.gtheta, weight, t, x)
	w.mesh.spread(r.grad, r.elem, t, ln.gtheta)
}

// runningBack is pullBack for the running cost alone.
func (r *reversible) runningBack(lam []float64, weight, t float64, x []float64) {
	if r.w.Problem.Running == nil {
		return
	}
	clear(r.ln.gtheta)
	r.running(lam, r.ln.gtheta, weight, t, x)
	r.w.mesh.spread(r.grad, r.elem, t, r.ln.gtheta)
}

// unbegin takes the costates across begin.
func (r *reversible) unbegin(t float64) {
	if r.leapfrog {
		r.pullBack(r.lam, r.nu, 0, t, r.x)
	} else {
		r.pullBack(r.nu, r.kappa, 0, t, r.y)
		kernel.Add(r.lam, r.nu)
		clear(r.kappa)
	}
	clear(r.nu)
}

func (r *reversible) hamiltonian(h, t float64, x, f []float64) {
	u := r.w.mesh.at(r.ln.theta, r.tr.Theta, r.elem, t)
	r.tp.hamiltonian += h * float64(r.tp.batch) * r.w.meanH(r.tp, t, x, f, r.lam, u)
}

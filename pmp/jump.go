package pmp

import (
	"fmt"
	"math"

	"github.com/costate-go/costate/internal/kernel"
)

// Jump is a change of the states at a given time, x(T⁺) = Map(x(T⁻), θ(T⁻)), sample by sample: a dose, an impulse, a change of
// phase. Observations and constraints at T see the states before it. The costate jumps too,
//
//	p(T⁻) = Map_xᵀ p(T⁺),   ∇_θ J += −Map_θᵀ p(T⁺),
//
// and steps begin anew. It takes explicit methods and the discrete costate.
type Jump struct {
	T float64
	// Map stores the states after the jump in dst (d). It is called by several goroutines at once, and must keep none of its arguments.
	Map func(dst, x, u []float64)
	// VJP stores Map_xᵀp in px (d) and Map_θᵀp in pu (P); nil means central differences.
	VJP func(px, pu []float64, x, u, p []float64)
}

// checkJumps checks the jumps of a problem, which are sorted by time.
func (p *Problem) checkJumps() error {
	for k, j := range p.Jumps {
		switch {
		case j.Map == nil:
			return fmt.Errorf("%w: jump %d has no map", ErrProblem, k)
		case !(j.T > p.T0 && j.T < p.T1):
			return fmt.Errorf("%w: jump %d at t = %g lies outside (%g, %g)", ErrProblem, k, j.T, p.T0, p.T1)
		case k > 0 && !(j.T > p.Jumps[k-1].T):
			return fmt.Errorf("%w: jump %d at t = %g does not lie after jump %d", ErrProblem, k, j.T, k-1)
		}
	}
	return nil
}

// jumpAt is the index of the jump at t, −1 where there is none.
func (p *Problem) jumpAt(t float64) int {
	for k, j := range p.Jumps {
		if j.T == t {
			return k
		}
	}
	return -1
}

// leap stores the states after a jump in after and keeps those before, x, on the tape.
func (w *Sweeper) leap(ln *Lane, tr *Trajectory, tp *tape, sg *segment, after, x []float64) {
	copy(tp.leaps.at(sg.jump), x)
	j := &w.Problem.Jumps[sg.jump]
	u := w.mesh.at(ln.theta, tr.Theta, sg.elem, sg.b)
	for s := range tp.batch {
		j.Map(ln.one.gx, gather(ln.one.x, x, tp.batch, s), u)
		for i, v := range ln.one.gx {
			after[i*tp.batch+s] = v
		}
	}
}

// leapBack takes the costate across a jump and returns the states before it.
func (w *Sweeper) leapBack(ln *Lane, tr *Trajectory, tp *tape, sg *segment, lam, grad []float64) (x []float64) {
	x = tp.leaps.at(sg.jump)
	j := &w.Problem.Jumps[sg.jump]
	one := &ln.one
	copy(one.u, w.mesh.at(ln.theta, tr.Theta, sg.elem, sg.b))
	for s := range tp.batch {
		gather(one.x, x, tp.batch, s)
		gather(one.p, lam, tp.batch, s)
		if j.VJP != nil {
			j.VJP(one.gx, one.gu, one.x, one.u, one.p)
		} else {
			value := func() float64 {
				j.Map(one.y, one.x, one.u)
				return kernel.Dot(one.p, one.y)
			}
			slopes(one.gx, one.x, value)
			slopes(one.gu, one.u, value)
		}
		for i, v := range one.gx {
			lam[i*tp.batch+s] = v
		}
		if grad != nil {
			w.mesh.spread(grad, sg.elem, sg.b, one.gu)
		}
	}
	return x
}

// slopes stores the derivatives of a value in the entries of at, which it looks at, by central differences.
func slopes(dst, at []float64, value func() float64) {
	for i, v := range at {
		h := 6e-6 * (1 + math.Abs(v))
		slope := 0.0
		for _, side := range [2]float64{1, -1} {
			at[i] = v + side*h
			slope += side * value()
		}
		at[i] = v
		dst[i] = slope / (2 * h)
	}
}

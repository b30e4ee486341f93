package pmp

import "github.com/costate-go/costate/internal/kernel"

// clock is what the stages of a step do as time goes by: how J changes when an end of the step is moved. A stage at t_i = t + c_i h has
//
//	dJ/dτ = Σ_i (h'/h)(μ_i·k_i + h b_i L_i) + t_i'(μ_i·∂f/∂t + h b_i ∂L/∂t),
//
// since μ_i·k_i sums all that is proportional to h; h' = 1 and t_i' = c_i where τ is the end of the step, h' = −1 and t_i' = 1 − c_i where it
// is the start. The partial derivatives are taken along the control, by differences of fourth order that stay inside a segment.
type clock struct {
	rate []float64 // stages × n: ∂f/∂t + f_θ θ̇
	f    []float64
	cost []float64 // stages: L, and
	drop []float64 // ∂L/∂t + L_θ θ̇
	u    []float64 // θ̇
}

// stencil are five times around t, inside [a, b], and the weights that give the derivative at t.
func (w *Sweeper) stencil(a, b, t float64) (at, weight [5]float64) {
	delta := min(w.instant(), (b-a)/4)
	centre := min(max(t, a+2*delta), b-2*delta)
	s := (t - centre) / delta
	for m := range at {
		at[m] = centre + float64(m-2)*delta
		for skip := range at {
			if skip == m {
				continue
			}
			term := 1 / float64(m-skip)
			for j := range at {
				if j != m && j != skip {
					term *= (s - float64(j-2)) / float64(m-j)
				}
			}
			weight[m] += term / delta
		}
	}
	return at, weight
}

// wind sets the clock of a lane to a step.
func (w *Sweeper) wind(ln *Lane, tr *Trajectory, tp *tape, st *step) {
	c, n, stages := &ln.events.clock, tp.n, len(w.method.C)
	c.rate, c.f = grow(c.rate, stages*n), grow(c.f, n)
	c.cost, c.drop = grow(c.cost, stages), grow(c.drop, stages)
	clear(c.rate)
	clear(c.drop)
	sg, running := &w.segs[st.segment], w.Problem.Running
	w.setSegment(ln, st.segment)
	for i := range stages {
		if !w.uses(st, i) {
			continue
		}
		r := st.record(i)
		x := tp.state(r)
		at, weight := w.stencil(sg.a, sg.b, tp.t[r])
		for m, t := range at {
			u := w.bindAt(ln, tr.Theta, sg.elem, t)
			ln.ev.Eval(c.f, t, x)
			kernel.Axpy(c.rate[i*n:(i+1)*n], weight[m], c.f)
			if running != nil {
				c.drop[i] += weight[m] * running.Eval(nil, nil, 0, t, x, u, tp.lo, tp.batch)
			}
		}
		if running != nil {
			c.cost[i] = running.Eval(nil, nil, 0, tp.t[r], x, w.mesh.at(ln.theta, tr.Theta, sg.elem, tp.t[r]), tp.lo, tp.batch)
		}
	}
}

// shift is dJ/dτ for an end of the step to which the clock is set, by the costates of its stages.
func (w *Sweeper) shift(ln *Lane, tp *tape, st *step, end bool) (slope float64) {
	c, tab, n := &ln.events.clock, w.method, tp.n
	for i, b := range tab.B {
		if !w.uses(st, i) {
			continue
		}
		r := st.record(i)
		stretch := kernel.Dot(tp.adj(r), tp.rate(r))/st.h + b*c.cost[i]
		drift := kernel.Dot(tp.adj(r), c.rate[i*n:(i+1)*n]) + st.h*b*c.drop[i]
		if end {
			slope += stretch + tab.C[i]*drift
		} else {
			slope += -stretch + (1-tab.C[i])*drift
		}
	}
	return slope
}

// speed is θ̇ at a time of a segment.
func (w *Sweeper) speed(ln *Lane, tr *Trajectory, sg *segment, t float64) []float64 {
	c := &ln.events.clock
	c.u = grow(c.u, w.mesh.params)
	clear(c.u)
	at, weight := w.stencil(sg.a, sg.b, t)
	for m, t := range at {
		kernel.Axpy(c.u, weight[m], w.mesh.at(ln.theta, tr.Theta, sg.elem, t))
	}
	return c.u
}

package pmp

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// Refinement solves a problem on a mesh that is refined where the maximum principle is violated most: on every round an optimizer is run,
// the PMP residual ∫ max_u H − H(u) dt is measured interval by interval, and the intervals that hold most of it are halved. The next round
// starts from the same control on the finer mesh, and from the multipliers of terminal constraints. A control with kinks or jumps gets a fine mesh
// at them alone.
type Refinement struct {
	// Problem is refined on a copy of its mesh. It has to be Affine, with bounds or a price ½ν|u|², one shard of samples, and a
	// control on a mesh.
	Problem  *Problem
	Settings Settings
	// Optimizer makes a new one for every round. AugmentedLagrangian is told to keep the multipliers.
	Optimizer func() Optimizer
	// Tolerance is the residual to reach; 0 means 1e-6. Intervals bounds the mesh; 0 means 1000. Rounds bounds the solves; 0
	// means 20. Iterations bounds the steps of the optimizer in one; 0 means 2000.
	Tolerance                     float64
	Intervals, Rounds, Iterations int
	// Share of the residual is held by the intervals that are halved; 0 means 0.7 (Dörfler, SIAM J. Numer. Anal. 33 (1996)).
	Share float64
}

// Refined is what a Refinement found.
type Refined struct {
	// Problem has the last mesh, Theta is the control on it, J its cost and Residual its PMP residual.
	Problem     *Problem
	Theta       []float64
	J, Residual float64
	// Rounds are residual, cost and number of intervals of every round.
	Rounds []RefinementRound
	// Stop is Converged where the residual fell below the tolerance, NoProgress where a limit was met. Message explains it.
	Stop    StopReason
	Message string
	Work    Work
}

// RefinementRound is one round of a Refinement.
type RefinementRound struct {
	Intervals   int
	J, Residual float64
	// Inner is why the optimizer stopped.
	Inner StopReason
}

// Solve refines from the control theta on the problem's mesh.
func (r Refinement) Solve(ctx context.Context, theta []float64) (*Refined, error) {
	for _, d := range []struct {
		v   *int
		def int
	}{{&r.Intervals, 1000}, {&r.Rounds, 20}, {&r.Iterations, 2000}} {
		if *d.v == 0 {
			*d.v = d.def
		}
	}
	if r.Tolerance == 0 {
		r.Tolerance = 1e-6
	}
	if r.Share == 0 {
		r.Share = 0.7
	}
	p := *r.Problem
	p.Control.Mesh = slices.Clone(p.Control.Mesh)
	out := &Refined{Problem: &p, Theta: slices.Clone(theta)}
	for round := 1; ; round++ {
		residuals, err := r.round(ctx, out, round > 1)
		if err != nil {
			return out, err
		}
		switch {
		case out.Residual <= r.Tolerance:
			out.Stop, out.Message = Converged, fmt.Sprintf("the residual is %.3g on %d intervals", out.Residual, len(residuals))
			return out, nil
		case round == r.Rounds || len(residuals) >= r.Intervals:
			out.Stop, out.Message = NoProgress, fmt.Sprintf("the residual is %.3g on %d intervals after %d rounds; permit more of them", out.Residual, len(residuals), round)
			return out, nil
		}
		r.halve(out, residuals)
	}
}

// round runs the optimizer and measures the residual of every interval.
func (r Refinement) round(ctx context.Context, out *Refined, again bool) ([]float64, error) {
	w, err := NewSweeper(out.Problem, r.Settings)
	if err != nil {
		return nil, err
	}
	o := r.Optimizer()
	if a, ok := o.(*AugmentedLagrangian); ok {
		a.Keep = a.Keep || again
	}
	if err := o.Init(ctx, w, out.Theta); err != nil {
		return nil, err
	}
	var last Iterate
	for range r.Iterations {
		if last, err = o.Step(ctx); err != nil {
			return nil, err
		}
		out.Work.Add(last.Work)
		if last.Stop != InProgress {
			break
		}
	}
	out.Theta = slices.Clone(o.Theta())
	tr := w.NewTrajectory()
	if err := w.Forward(ctx, tr, out.Theta); err != nil {
		return nil, err
	}
	w.Backward(tr)
	residuals, err := w.Residuals(tr)
	if err != nil {
		return nil, err
	}
	out.J, out.Residual = tr.J, 0
	for _, v := range residuals {
		out.Residual += v
	}
	out.Rounds = append(out.Rounds, RefinementRound{Intervals: len(residuals), J: tr.J, Residual: out.Residual, Inner: last.Stop})
	return residuals, nil
}

// halve cuts the intervals with the largest residuals, which hold the share, in two.
func (r Refinement) halve(out *Refined, residuals []float64) {
	order := make([]int, len(residuals))
	for e := range order {
		order[e] = e
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case residuals[a] > residuals[b]:
			return -1
		case residuals[a] < residuals[b]:
			return 1
		}
		return 0
	})
	cut := make([]bool, len(residuals))
	held, room := 0.0, r.Intervals-len(residuals)
	for _, e := range order {
		if held >= r.Share*out.Residual || room == 0 {
			break
		}
		cut[e] = true
		held += residuals[e]
		room--
	}
	p := out.Problem
	old, control := p.Control.Mesh, p.Control
	mesh := []float64{old[0]}
	for e, c := range cut {
		if c {
			mesh = append(mesh, 0.5*(old[e]+old[e+1]))
		}
		mesh = append(mesh, old[e+1])
	}
	out.Theta = control.Transfer(out.Theta, mesh, p.Field.NumParams())
	p.Control.Mesh = mesh
	for _, c := range p.Paths { // their points are others now
		c.Mu = nil
	}
}

// Transfer is a control whose nodes are theta on another mesh, of p parameters: exactly the same where the mesh contains the old knots. A constant
// control is its own.
func (c Control) Transfer(theta, mesh []float64, p int) []float64 {
	switch c.Kind {
	case Constant:
		return slices.Clone(theta)
	case CubicHermite:
		return c.hermiteTransfer(theta, mesh, p)
	}
	times := slices.Clone(mesh)
	if c.Kind == PiecewiseConstant {
		times = times[:len(mesh)-1]
		for e := range times {
			times[e] = 0.5 * (mesh[e] + mesh[e+1])
		}
	}
	out := make([]float64, 0, len(times)*p)
	u := make([]float64, p)
	for _, t := range times {
		out = append(out, c.At(u, theta, t)...)
	}
	return out
}

// Residuals are the PMP residuals of the intervals between knots, ∫ max_u H(t, u) − H(t, u(t)) dt at the stages of the steps: not node by node,
// as Residual has it, but at every time, so that they also measure what the mesh does not resolve.
func (w *Sweeper) Residuals(tr *Trajectory) ([]float64, error) {
	m := w.mesh
	if !w.Problem.Affine || m.l2 == 0 && !m.bounded() || m.kind == Constant {
		return nil, fmt.Errorf("%w: residuals of intervals need dynamics affine in a control on a mesh with bounds or a price", ErrProblem)
	}
	if err := w.explicitOnly("the residual of intervals"); err != nil {
		return nil, err
	}
	if len(tr.shards) != 1 || tr.sparse || !tr.back {
		return nil, fmt.Errorf("%w: residuals of intervals need one shard of samples, swept by Forward and Backward with the discrete costate", ErrProblem)
	}
	out := make([]float64, m.elements())
	ln, tp := w.lanes[0], &tr.shards[0]
	ln.enter(tp)
	g, best := make([]float64, m.params), make([]float64, m.params)
	p := make([]float64, tp.n)
	for k := range tp.steps {
		st := &tp.steps[k]
		w.setSegment(ln, st.segment)
		for i, b := range w.method.B {
			if b <= 0 {
				continue
			}
			r := st.record(i)
			h := st.h * b
			u := w.bindAt(ln, tr.Theta, tp.elem[r], tp.t[r])
			for c, v := range tp.adj(r) {
				p[c] = -v / h
			}
			clear(g)
			ln.ev.VJP(nil, g, tp.t[r], tp.state(r), p)
			if w.Problem.Running != nil {
				w.Problem.Running.Eval(ln.xi[0][:tp.n], g, -1, tp.t[r], tp.state(r), u, tp.lo, tp.batch)
			}
			for c := range g {
				g[c] /= float64(tp.batch)
			}
			out[tp.elem[r]] += h * w.gainAt(best, g, u)
		}
	}
	return out, nil
}

// gainAt is max_v g·v − price(v) over the admissible set less its value at u.
func (w *Sweeper) gainAt(best, g, u []float64) float64 {
	m := w.mesh
	copy(best, g)
	if m.radius > 0 {
		ballMax(best, u, 0, m)
	} else {
		for i, s := range g {
			best[i] = affineMax(s, u[i], 0, m.l2, m.l1, m.l0, m.lower[i], m.upper[i])
		}
	}
	gain := 0.0
	for i, v := range best {
		gain += g[i]*(v-u[i]) - m.price(v) + m.price(u[i])
	}
	return math.Max(gain, 0)
}

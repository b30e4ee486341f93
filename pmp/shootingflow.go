package pmp

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
)

// system is state, costate and cost, y = (x, p, ∫L), with the control that maximizes H. It is read only.
type system struct {
	problem      *Problem
	d, m         int
	l2, l1       float64
	lower, upper []float64
	formulas     [][]formula
	given        func(u []float64, t float64, x, p []float64) // Shooting.Law
}

func newSystem(p *Problem, law func(u []float64, t float64, x, p []float64)) (*system, error) {
	c := &p.Control
	sys := &system{problem: p, d: p.Field.Dim(), m: p.Field.NumParams(), l2: c.L2, l1: c.L1, given: law}
	if c.L2 < 0 || c.L1 < 0 {
		return nil, fmt.Errorf("%w: the control cost has a negative weight (L2 = %g, L1 = %g)", ErrProblem, c.L2, c.L1)
	}
	var err error
	if sys.lower, err = spread("lower", c.Lower, sys.m, math.Inf(-1)); err != nil {
		return nil, err
	}
	if sys.upper, err = spread("upper", c.Upper, sys.m, math.Inf(1)); err != nil {
		return nil, err
	}
	for i := range sys.m {
		if !(sys.lower[i] < sys.upper[i]) {
			return nil, fmt.Errorf("%w: control %d has the lower bound %g and the upper bound %g", ErrBound, i, sys.lower[i], sys.upper[i])
		}
		if law != nil {
			continue
		}
		list, err := formulas(c.L2, c.L1, sys.lower[i], sys.upper[i])
		if err != nil {
			return nil, err
		}
		sys.formulas = append(sys.formulas, list)
	}
	return sys, nil
}

// flow integrates a system. It belongs to one goroutine.
type flow struct {
	*system
	ev       neural.Evaluator
	mode     []int // formula of each control
	singular int   // the control on its singular arc, −1: none
	law      func(t float64, x, p []float64) float64

	u, v, g, zero, lx, lu []float64
	dir, at               [2][]float64 // directions and displaced points of nested differences
	solves, evals         int
}

func (sys *system) newFlow() *flow {
	f := &flow{system: sys, ev: sys.problem.Field.NewEvaluator(1), mode: make([]int, sys.m), singular: -1}
	for _, b := range []*[]float64{&f.u, &f.v, &f.g, &f.zero, &f.lu} {
		*b = make([]float64, sys.m)
	}
	f.lx = make([]float64, sys.d)
	for k := range f.dir {
		f.dir[k], f.at[k] = make([]float64, 2*sys.d+1), make([]float64, 2*sys.d+1)
	}
	return f
}

// slope stores ∂(p·f)/∂u, which does not depend on u.
func (f *flow) slope(g []float64, t float64, y []float64) {
	clear(g)
	f.ev.Bind(f.zero)
	f.ev.VJP(nil, g, t, y[:f.d], y[f.d:2*f.d])
}

// bang sets the controls that don't stay singular.
func (f *flow) bang(u []float64, t float64, y []float64) {
	f.slope(f.g, t, y)
	for i := range u {
		if i != f.singular {
			u[i] = f.formulas[i][f.mode[i]].at(f.g[i])
		}
	}
}

// control stores u(t).
func (f *flow) control(u []float64, t float64, y []float64) {
	if f.given != nil {
		f.given(u, t, y[:f.d], y[f.d:2*f.d])
		return
	}
	if f.singular >= 0 {
		u[f.singular] = f.singularControl(t, y)
	}
	f.bang(u, t, y)
}

// rate stores the right-hand side with the given value of the singular control.
func (f *flow) rate(dy []float64, t float64, y []float64, singular float64) {
	if f.singular >= 0 {
		f.v[f.singular] = singular
	}
	f.bang(f.v, t, y)
	f.eval(dy, t, y, f.v)
}

// eval stores (H_p, −H_x, L).
func (f *flow) eval(dy []float64, t float64, y, u []float64) {
	f.evals++
	d := f.d
	x, p := y[:d], y[d:2*d]
	f.ev.Bind(u)
	f.ev.Eval(dy[:d], t, x)
	f.ev.VJP(dy[d:2*d], nil, t, x, p)
	cost := 0.0
	for _, v := range u {
		cost += 0.5*f.l2*v*v + f.l1*math.Abs(v)
	}
	clear(f.lx)
	if r := f.problem.Running; r != nil {
		cost += r.Eval(f.lx, f.lu, 1, t, x, u, 0, 1)
	}
	for i, l := range f.lx {
		dy[d+i] = l - dy[d+i]
	}
	dy[2*d] = cost
}

// rhs is the right-hand side along an arc.
func (f *flow) rhs(dy []float64, t float64, y []float64) {
	f.control(f.u, t, y)
	f.eval(dy, t, y, f.u)
}

// hamiltonian returns H and how far the control is from maximizing it.
func (f *flow) hamiltonian(t float64, y []float64) (h, gap float64) {
	dy := make([]float64, 2*f.d+1)
	f.rhs(dy, t, y)
	h = -dy[2*f.d]
	for i := range f.d {
		h += y[f.d+i] * dy[i]
	}
	if f.given != nil {
		return h, f.givenGap(dy, t, y, h)
	}
	f.slope(f.g, t, y)
	value := func(i int, u float64) float64 { return f.g[i]*u - 0.5*f.l2*u*u - f.l1*math.Abs(u) }
	for i, u := range f.u {
		const slack = 1e-8
		if span := f.upper[i] - f.lower[i]; u < f.lower[i]-slack*span || u > f.upper[i]+slack*span {
			return h, math.Inf(1)
		}
		best := f.formulas[i][f.choose(i, f.g[i])].at(f.g[i])
		gap += max(0, value(i, best)-value(i, u))
	}
	return h, gap
}

// givenGap is by how much H grows over its value h when one control of a given law is moved, near and far.
func (f *flow) givenGap(dy []float64, t float64, y []float64, h float64) (gap float64) {
	for i, u := range f.u {
		if u < f.lower[i] || u > f.upper[i] {
			return math.Inf(1)
		}
		for _, move := range [...]float64{-1, -0.1, -1e-3, 1e-3, 0.1, 1} {
			copy(f.v, f.u)
			f.v[i] = min(max(u+move*(1+math.Abs(u)), f.lower[i]), f.upper[i])
			f.eval(dy, t, y, f.v)
			moved := -dy[2*f.d]
			for k := range f.d {
				moved += y[f.d+k] * dy[k]
			}
			gap = max(gap, moved-h)
		}
	}
	return gap
}

// stretch is a piece of an extremal on which every control follows one formula.
type stretch struct {
	system   *system
	sol      *ode.Solution
	a, b     float64
	arc      int
	mode     []int
	singular int
	law      func(t float64, x, p []float64) float64
}

func (s *stretch) enter(f *flow) {
	copy(f.mode, s.mode)
	f.singular, f.law = s.singular, s.law
}

var errChatter = errors.New("the control switches again and again, as on a singular arc: declare one in Arcs")

// run carries y from a to b along an arc. Without a structure (no kinds) the formulas follow the slopes, and changes are located
// as events. keep, unless nil, is called with what was integrated.
func (sh *shooter) run(ctx context.Context, f *flow, y []float64, a, b float64, arc int, keep func(stretch)) error {
	spec := &sh.arcs[arc]
	f.singular, f.law = -1, nil
	for i, kind := range spec.Kinds {
		if kind == SingularArc {
			f.singular, f.law = i, spec.Singular
			continue
		}
		f.mode[i] = f.find(i, kind)
	}
	free := spec.Kinds == nil && f.given == nil
	if free {
		f.slope(f.g, a, y)
		for i, g := range f.g {
			f.mode[i] = f.choose(i, g)
		}
	}
	const most = 1000
	for range most {
		s := sh.ode
		s.EndOnly, s.SkipDense = true, keep == nil
		var events []threshold
		if free {
			events = f.thresholds()
			s.Events = f.watch(events)
		}
		sol, err := ode.Solve(ctx, ode.Problem{F: f.rhs, X0: y, T0: a, T1: b}, s)
		f.solves++
		if err != nil {
			return err
		}
		end := sol.End()
		copy(y, sol.Final())
		if keep != nil {
			keep(stretch{system: f.system, sol: sol, a: a, b: end, arc: arc, mode: append([]int(nil), f.mode...), singular: f.singular, law: f.law})
		}
		if sol.Reason != ode.StoppedByEvent {
			return nil
		}
		if a = end; a >= b {
			return nil
		}
		e := events[sol.Events[len(sol.Events)-1].Event]
		f.mode[e.control] += e.way
	}
	return errChatter
}

// threshold is where a control goes over to its next formula.
type threshold struct {
	control, way int
	slope        float64
}

// thresholds lists where the present formulas end.
func (f *flow) thresholds() []threshold {
	var list []threshold
	for i, k := range f.mode {
		now := &f.formulas[i][k]
		if !math.IsInf(now.from, 0) {
			list = append(list, threshold{i, -1, now.from})
		}
		if !math.IsInf(now.to, 0) {
			list = append(list, threshold{i, 1, now.to})
		}
	}
	return list
}

func (f *flow) watch(list []threshold) []ode.Event {
	var events []ode.Event
	for _, e := range list {
		events = append(events, ode.Event{
			G: func(t float64, y []float64) float64 {
				f.slope(f.g, t, y)
				return f.g[e.control] - e.slope
			},
			Direction: e.way, Terminal: true,
		})
	}
	return events
}

package pmp

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"

	"github.com/costate-go/costate/ode"
)

// shooter is one solution by shooting. Its unknowns are, in this order: p(t₀), (x, p) at the inner nodes, switching times, t₁ if
// free. Its equations are continuity at the nodes, what holds where arcs meet, and the conditions at t₁.
type shooter struct {
	s         *Shooting
	system    *system
	d, parts  int
	arcs      []Arc
	meets     []meet
	fixed     []bool
	target    []float64
	ode       ode.Settings
	tolerance float64
	most      int

	legs  []leg // of the last full evaluation
	flow  *flow
	final []float64 // y at t₁
}

// leg is an integration over a piece. Differences of one unknown leave most legs as they are.
type leg struct {
	a, b       float64
	start, end []float64
}

func (l *leg) is(a, b float64, y []float64) bool {
	return l.a == a && l.b == b && floats.Equal(l.start, y)
}

// nodes is the number of inner nodes.
func (sh *shooter) nodes() int { return len(sh.arcs) * (sh.parts - 1) }

func (sh *shooter) unknowns() int {
	n := sh.d + 2*sh.d*sh.nodes() + len(sh.meets)
	if sh.s.FreeTime {
		n++
	}
	return n
}

// times returns where the arcs begin and end, or false where they are out of order.
func (sh *shooter) times(z []float64) ([]float64, bool) {
	p := sh.s.Problem
	t := append([]float64{p.T0}, z[sh.d+2*sh.d*sh.nodes():]...)
	if !sh.s.FreeTime {
		t = append(t, p.T1)
	}
	for k := 1; k < len(t); k++ {
		if !(t[k] > t[k-1]) {
			return t, false
		}
	}
	return t, true
}

// start turns a guess into unknowns.
func (sh *shooter) start(ctx context.Context, g Guess) ([]float64, error) {
	p := sh.s.Problem
	z := make([]float64, sh.unknowns())
	if g.P0 != nil {
		if len(g.P0) != sh.d {
			return nil, fmt.Errorf("%w: the guess of p(t0) has %d numbers for %d states", ErrProblem, len(g.P0), sh.d)
		}
		copy(z, g.P0)
	}
	t1 := p.T1
	if sh.s.FreeTime && g.T1 != 0 {
		t1 = g.T1
	}
	tail := z[sh.d+2*sh.d*sh.nodes():]
	switch len(g.Switches) {
	case len(sh.meets):
		copy(tail, g.Switches)
	case 0:
		for k := range sh.meets {
			tail[k] = p.T0 + (t1-p.T0)*float64(k+1)/float64(len(sh.arcs))
		}
	default:
		return nil, fmt.Errorf("%w: the guess has %d switching times for %d arcs", ErrProblem, len(g.Switches), len(sh.arcs))
	}
	if sh.s.FreeTime {
		tail[len(tail)-1] = t1
	}
	times, ok := sh.times(z)
	if !ok {
		return nil, fmt.Errorf("%w: the guess has times out of order: %v", ErrProblem, times)
	}
	return z, sh.guessNodes(ctx, g, z, times)
}

// guessNodes fills states and costates at the inner nodes.
func (sh *shooter) guessNodes(ctx context.Context, g Guess, z, times []float64) error {
	if sh.nodes() == 0 {
		return nil
	}
	f := sh.system.newFlow()
	y := sh.initial(z)
	at := z[sh.d:]
	for k := range sh.arcs {
		for j := range sh.parts {
			a, b := sh.part(times, k, j)
			if g.Path == nil {
				if err := sh.run(ctx, f, y, a, b, k, nil); err != nil {
					return &ShootingError{Stop: Diverged, Residual: math.NaN(), Step: math.NaN(), Reason: "the guess cannot be integrated; give a Path", Cause: err}
				}
			} else if err := g.Path(y[:sh.d], y[sh.d:2*sh.d], b); err != nil {
				return fmt.Errorf("%w: the guess of the path fails at t = %g: %w", ErrProblem, b, err)
			}
			if j < sh.parts-1 {
				at = at[copy(at, y[:2*sh.d]):]
			}
		}
	}
	return nil
}

func (sh *shooter) initial(z []float64) []float64 {
	y := make([]float64, 2*sh.d+1)
	copy(y, sh.s.Problem.X0)
	copy(y[sh.d:], z[:sh.d])
	return y
}

// part is the j-th piece of arc k.
func (sh *shooter) part(times []float64, k, j int) (a, b float64) {
	at := func(j int) float64 {
		if j == sh.parts {
			return times[k+1]
		}
		return times[k] + (times[k+1]-times[k])*float64(j)/float64(sh.parts)
	}
	return at(j), at(j + 1)
}

var errOrder = errors.New("the switching times are out of order")

// equations stores the residual at z. With reuse, legs that are the same as in the last full evaluation are not integrated again;
// without, the legs are kept for that. keep is called with all pieces.
func (sh *shooter) equations(ctx context.Context, r, z []float64, reuse bool, keep func(stretch)) error {
	times, ok := sh.times(z)
	if !ok {
		return errOrder
	}
	f, d := sh.flow, sh.d
	y := sh.initial(z)
	nodes := z[d:]
	if !reuse {
		sh.legs = sh.legs[:0]
	}
	n, cost := 0, 0.0 // equations so far, ∫L so far
	for k := range sh.arcs {
		if k > 0 {
			n += sh.meeting(f, r[n:], k, times[k], y)
		} else if i := sh.opening(); i >= 0 {
			f.slope(f.g, times[0], y)
			r[n] = f.g[i]
			n++
		}
		for j := range sh.parts {
			a, b := sh.part(times, k, j)
			y[2*d] = 0 // the cost of this leg, so that the start is the same whatever the legs before cost
			if old := k*sh.parts + j; reuse && sh.legs[old].is(a, b, y) {
				copy(y, sh.legs[old].end)
			} else {
				start := append([]float64(nil), y...)
				if err := sh.run(ctx, f, y, a, b, k, keep); err != nil {
					return err
				}
				if !reuse {
					sh.legs = append(sh.legs, leg{a: a, b: b, start: start, end: append([]float64(nil), y...)})
				}
			}
			cost += y[2*d]
			if j < sh.parts-1 {
				floats.SubTo(r[n:n+2*d], y[:2*d], nodes[:2*d])
				copy(y, nodes[:2*d])
				nodes, n = nodes[2*d:], n+2*d
			}
		}
	}
	n += sh.conditions(r[n:], y)
	if sh.s.FreeTime {
		r[n], _ = f.hamiltonian(times[len(times)-1], y)
		n++
	}
	if !reuse {
		y[2*d] = cost
		sh.final = append(sh.final[:0], y...)
	}
	for _, v := range r[:n] {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return errors.New("the equations are not finite there")
		}
	}
	return nil
}

// meeting stores what has to vanish where arc k begins, and returns how much.
func (sh *shooter) meeting(f *flow, r []float64, k int, t float64, y []float64) int {
	m := &sh.meets[k-1]
	if m.exit {
		return 0
	}
	n := 0
	if !m.last {
		f.slope(f.g, t, y)
		r[n] = f.g[m.control] - m.threshold
		n++
	}
	if m.enter {
		f.singular = m.control
		r[n] = f.slopeRate(t, y)
	}
	return m.equations()
}

// conditions stores the violation of the conditions at t₁.
func (sh *shooter) conditions(r, y []float64) int {
	x, p := y[:sh.d], y[sh.d:2*sh.d]
	grad := make([]float64, sh.d)
	if c := sh.s.Problem.Terminal; c != nil {
		c.Eval(grad, x, 0, 1)
	}
	for i := range sh.d {
		if sh.fixed[i] {
			r[i] = x[i] - sh.target[i]
		} else {
			r[i] = p[i] + grad[i]
		}
	}
	return sh.d
}

// cost is J of the last full evaluation.
func (sh *shooter) cost() float64 {
	y := sh.final
	j := y[2*sh.d]
	if c := sh.s.Problem.Terminal; c != nil {
		j += c.Eval(nil, y[:sh.d], 0, 1)
	}
	return j
}

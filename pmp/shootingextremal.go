package pmp

import (
	"fmt"
	"math"
	"sort"
)

// Extremal is a solution of the maximum principle.
type Extremal struct {
	// J is the cost, P0 = p(t₀), X1 = x(t₁), P1 = p(t₁).
	J          float64
	P0, X1, P1 []float64
	T0, T1     float64
	// Switches are the times at which the control changes its formula, in order: where arcs meet, and, without a given
	// structure, where bounds are reached or left.
	Switches []float64
	// Residual is the largest violation of the equations, in their own units.
	Residual float64
	// Drift is max H − min H, relative to 1 + max|H|. It vanishes where nothing depends on time explicitly.
	Drift float64
	// Gap is the largest of max_u H − H(u), relative to 1 + |H|, at the ends of steps: a given structure that is not
	// optimal has a gap. On singular arcs a control out of its bounds makes it +Inf.
	Gap float64
	// Iterations counts Newton steps, Solves integrations over a piece, Evaluations right-hand sides of state and costate.
	Iterations, Solves, Evaluations int
	// Stop is why the iteration ended, InProgress at MaxIterations. Message explains it to a person.
	Stop    StopReason
	Message string

	unknowns []float64
	pieces   []stretch
}

// Guess is the extremal as a guess for a problem like its own.
func (e *Extremal) Guess() Guess {
	g := Guess{P0: append([]float64(nil), e.P0...), T1: e.T1}
	for k := 1; k < len(e.pieces); k++ {
		if e.pieces[k].arc != e.pieces[k-1].arc {
			g.Switches = append(g.Switches, e.pieces[k].a)
		}
	}
	g.Path = func(x, p []float64, t float64) error { return e.At(x, p, nil, t) }
	return g
}

// Steps are the ends of the integration's steps, t₀ and t₁ included; pieces begin with a repeated time, so that both sides
// of a jump of the control are there. X, P and U may be had with At.
func (e *Extremal) Steps() []float64 {
	var t []float64
	for i := range e.pieces {
		t = append(t, e.pieces[i].sol.Steps()...)
	}
	return t
}

// At stores state (d), costate (d) and control at time t; each may be nil. Where the control jumps it has its right-hand value.
func (e *Extremal) At(x, p, u []float64, t float64) error {
	k := len(e.pieces) - 1
	for k > 0 && t < e.pieces[k].a {
		k--
	}
	if k < 0 {
		return fmt.Errorf("%w: the extremal has no trajectory", ErrShooting)
	}
	pc := &e.pieces[k]
	y := make([]float64, pc.sol.Dim())
	if err := pc.sol.At(y, t); err != nil {
		return err
	}
	d := len(y) / 2
	copy(x, y[:d])
	copy(p, y[d:2*d])
	if u != nil {
		f := pc.system.newFlow()
		pc.enter(f)
		f.control(u, t, y)
	}
	return nil
}

// GuessFrom is a swept trajectory of one sample as a guess: its costate, from whatever control, and its path. It needs
// Forward and Backward, without checkpoints.
func GuessFrom(tr *Trajectory) (Guess, error) {
	t, x := tr.Path(0)
	_, p := tr.Costate(0)
	if len(p) == 0 || len(x) != len(p) {
		return Guess{}, fmt.Errorf("%w: a guess needs a trajectory with its costate: sweep it by Forward and Backward, with the discrete costate", ErrProblem)
	}
	between := func(dst []float64, rows [][]float64, k int, s float64) {
		for i := range dst {
			dst[i] = rows[k-1][i] + s*(rows[k][i]-rows[k-1][i])
		}
	}
	return Guess{P0: p[0], T1: t[len(t)-1], Path: func(xt, pt []float64, at float64) error {
		k := min(max(sort.SearchFloat64s(t, at), 1), len(t)-1)
		s := (at - t[k-1]) / (t[k] - t[k-1])
		between(xt, x, k, s)
		between(pt, p, k, s)
		return nil
	}}, nil
}

// inspect follows the Hamiltonian along the path and notes the switches.
func (e *Extremal) inspect(f *flow) {
	lo, hi, most := math.Inf(1), math.Inf(-1), 0.0
	y := make([]float64, 2*f.d+1)
	for k := range e.pieces {
		pc := &e.pieces[k]
		pc.enter(f)
		if k > 0 && pc.differs(&e.pieces[k-1]) {
			e.Switches = append(e.Switches, pc.a)
		}
		for _, t := range pc.sol.Steps() {
			if pc.sol.At(y, t) != nil {
				continue
			}
			h, gap := f.hamiltonian(t, y)
			lo, hi, most = min(lo, h), max(hi, h), max(most, math.Abs(h))
			e.Gap = max(e.Gap, gap/(1+math.Abs(h)))
		}
	}
	e.Drift = (hi - lo) / (1 + most)
}

// differs reports whether another formula holds than on the piece before.
func (s *stretch) differs(before *stretch) bool {
	if s.singular != before.singular {
		return true
	}
	for i := range s.mode {
		if i != s.singular && s.mode[i] != before.mode[i] {
			return true
		}
	}
	return false
}

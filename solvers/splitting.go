package solvers

import (
	"fmt"
	"math/big"
)

// Splitting is a symmetric composition of leapfrog steps of the sizes γ_1 h, …, γ_m h, for right-hand sides in two halves
// (Partition): symplectic for separable Hamiltonians, and symmetric in time. A leapfrog step is half a kick of p by F,
// a drift of q along V, and half a kick; neighbouring kicks are one. Steps are of a fixed size, whose changes would
// spoil the conservation of energy. The continuous extension is the cubic Hermite interpolant of order 3 (2 for a
// method of order 2).
//
// A Splitting is a Method. A step costs m evaluations of F and of V.
type Splitting struct {
	// Weights holds γ_1, …, γ_m.
	Weights []float64
	// Source is the publication that the weights come from.
	Source string

	name  string
	order int
	exact []*big.Rat
}

// newSplitting makes a method of the first half of its weights, the middle one included.
func newSplitting(name, source string, order int, half string) *Splitting {
	p := coefficientParser{name: name}
	w := p.row("Weights", half, -1)
	if p.err != nil {
		panic(p.err)
	}
	for i := len(w) - 2; i >= 0; i-- {
		w = append(w, w[i])
	}
	return &Splitting{Weights: rounded(w), Source: source, name: name, order: order, exact: w}
}

// SymplecticMethods returns the built-in methods for right-hand sides in two halves. They are not among Methods, which
// take any right-hand side.
func SymplecticMethods() []Method { return []Method{Leapfrog, Yoshida4, Yoshida6, KahanLi8} }

// Name is the method's name in reports.
func (m *Splitting) Name() string { return m.name }

// String is the name.
func (m *Splitting) String() string { return m.name }

// Order is the order of the method.
func (m *Splitting) Order() int { return m.order }

// ErrorOrder is zero: there is no estimate.
func (m *Splitting) ErrorOrder() int { return 0 }

// DenseOrder is the order of the continuous extension.
func (m *Splitting) DenseOrder() int { return min(m.order, 3) }

// NewStepper returns a Stepper for n unknowns, an even number: n/2 of q, then n/2 of p. It implements Partitioned.
func (m *Splitting) NewStepper(n int) Stepper {
	if n < 2 || n%2 != 0 {
		panic(fmt.Sprintf("solvers: %s needs an even number of unknowns, q and p of the same length, not %d", m.name, n))
	}
	s := &splittingStepper{base: newBase(n, false), d: n / 2, kicks: []float64{m.Weights[0] / 2}, drifts: m.Weights}
	for i := 1; i < len(m.Weights); i++ {
		s.kicks = append(s.kicks, (m.Weights[i-1]+m.Weights[i])/2)
	}
	s.kicks = append(s.kicks, s.kicks[0])
	s.force, s.forceNext = make([]float64, s.d), make([]float64, s.d)
	s.all = make([]float64, n)
	s.slope = [2][]float64{make([]float64, n), make([]float64, n)}
	return s
}

type splittingStepper struct {
	base
	d                int
	kicks, drifts    []float64
	halves           Partition
	split            bool      // halves are given
	force, forceNext []float64 // F at the ends of the step
	all              []float64 // the whole right-hand side
	slope            [2][]float64
}

func (s *splittingStepper) SetPartition(p Partition) { s.halves, s.split = p, p.Force != nil }

func (s *splittingStepper) evalForce(dst []float64, t float64, x []float64) {
	s.evals++
	if s.split {
		s.halves.Force(dst, t, x[:s.d])
		return
	}
	s.f(s.all, t, x)
	copy(dst, s.all[s.d:])
}

// evalVelocity returns V(t, p), valid until the next evaluation.
func (s *splittingStepper) evalVelocity(t float64, x []float64) []float64 {
	switch {
	case !s.split:
		s.evals++
		s.f(s.all, t, x)
	case s.halves.Velocity == nil:
		return x[s.d:]
	default:
		s.halves.Velocity(s.all[:s.d], t, x[s.d:])
	}
	return s.all[:s.d]
}

func (s *splittingStepper) AttemptTo(tNext float64) error {
	h := tNext - s.t
	s.tNext, s.h = tNext, h
	if !s.known {
		s.evalForce(s.force, s.t, s.x)
		s.known = true
	}
	x := s.xNext
	copy(x, s.x)
	q, p := x[:s.d], x[s.d:]
	force := s.force
	var passedQ, passedP float64 // the time of each half, as a part of the step
	for i, drift := range s.drifts {
		kick := s.kicks[i]
		for j, f := range force {
			p[j] += kick * h * f
		}
		passedP += kick
		for j, v := range s.evalVelocity(s.t+passedP*h, x) {
			q[j] += drift * h * v
		}
		passedQ += drift
		at := s.t + passedQ*h
		if i == len(s.drifts)-1 {
			at = tNext
		}
		force = s.forceNext
		s.evalForce(force, at, x)
	}
	for j, f := range force {
		p[j] += s.kicks[0] * h * f
	}
	return nil
}

func (s *splittingStepper) Accept() {
	s.accept()
	s.force, s.forceNext = s.forceNext, s.force
	s.known = true
}

func (s *splittingStepper) ErrorEstimate() []float64 { return nil }

func (s *splittingStepper) FirstStage() []float64 {
	s.fill(s.slope[0], s.t, s.x, s.force, &s.known)
	return s.slope[0]
}

// fill stores the whole right-hand side, with the force, which is evaluated unless it is known.
func (s *splittingStepper) fill(dst []float64, t float64, x, force []float64, known *bool) {
	if !*known {
		s.evalForce(force, t, x)
		*known = true
	}
	copy(dst[:s.d], s.evalVelocity(t, x))
	copy(dst[s.d:], force)
}

func (s *splittingStepper) Dense(dst []float64) {
	yes := true
	s.fill(s.slope[0], s.t-s.h, s.xNext, s.forceNext, &yes) // where the step began: buffers have changed roles
	s.fill(s.slope[1], s.t, s.x, s.force, &yes)
	hermite(dst, s.xNext, s.slope[0], s.x, s.slope[1], s.h)
}

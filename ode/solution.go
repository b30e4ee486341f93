package ode

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/costate-go/costate/solvers"
)

// Solution is what Solve returns, also along with an error: then it holds what was computed until then.
type Solution struct {
	// T holds the saved times and X[i] the state at T[i].
	T []float64
	X [][]float64
	// Events holds what happened, in order.
	Events []Occurrence
	// Stats counts the work.
	Stats Stats
	// Reason is why the integration ended.
	Reason Reason

	n     int
	flat  []float64 // rows of X
	end   float64
	final []float64
	dense denseOutput
}

// denseOutput holds the continuous extensions of all steps.
type denseOutput struct {
	kept   bool
	knots  []float64 // ends of the steps, the beginning first
	coeffs []float64
	length int
}

// Dim is the number of unknowns.
func (s *Solution) Dim() int { return s.n }

// End is the time at which the integration ended.
func (s *Solution) End() float64 { return s.end }

// Final is the state at End. It belongs to the Solution.
func (s *Solution) Final() []float64 { return s.final }

// At stores the state at time t in dst, of length Dim, by the continuous extension of the method: exact to the last
// bit at the ends of the steps and of the order of the extension in between. t must lie between the
// beginning and End, up to rounding. At is safe for concurrent use and costs no evaluations of the right-hand side.
func (s *Solution) At(dst []float64, t float64) error {
	return s.at(dst, t, false)
}

// RateAt stores the derivative of At in t, which approximates f(t, x(t)) with an order less.
func (s *Solution) RateAt(dst []float64, t float64) error {
	return s.at(dst, t, true)
}

func (s *Solution) at(dst []float64, t float64, rate bool) error {
	d := &s.dense
	if len(dst) != s.n {
		panic("ode: length of dst differs from the number of unknowns")
	}
	if !d.kept {
		return fmt.Errorf("%w: the solution was computed with SkipDense", ErrNoDense)
	}
	steps := len(d.knots) - 1
	first, last := d.knots[0], d.knots[max(steps, 0)]
	if slack := 1e-14 * (math.Abs(t) + math.Abs(last-first)); t != last && math.Abs(t-last) <= slack {
		t = last // a rounding error beyond the end, such as t0 + 100·(t1 − t0)/100
	}
	if !(min(first, last) <= t && t <= max(first, last)) {
		return fmt.Errorf("%w at t = %.9g: the solution covers [%.9g, %.9g]", ErrNoDense, t, first, last)
	}
	if !rate && t == last {
		copy(dst, s.final)
		return nil
	}
	if steps == 0 {
		return fmt.Errorf("%w: no step was made", ErrNoDense)
	}
	back := last < first
	i := sort.Search(steps, func(i int) bool {
		if back {
			return d.knots[i+1] < t
		}
		return d.knots[i+1] > t
	})
	i = min(i, steps-1)
	h := d.knots[i+1] - d.knots[i]
	c := d.coeffs[i*d.length : (i+1)*d.length]
	if rate {
		solvers.EvalDenseRate(dst, c, (t-d.knots[i])/h, h)
	} else {
		solvers.EvalDense(dst, c, (t-d.knots[i])/h)
	}
	return nil
}

// Steps returns the ends of the accepted steps, the beginning first; nil without dense output.
func (s *Solution) Steps() []float64 { return slices.Clone(s.dense.knots) }

func (s *Solution) save(t float64, x []float64) {
	s.T = append(s.T, t)
	s.flat = append(s.flat, x...)
}

// finish cuts the saved numbers into rows.
func (s *Solution) finish(it *Integrator, r Reason) {
	s.Reason, s.Stats = r, it.Stats()
	s.X = make([][]float64, len(s.T))
	for i := range s.X {
		s.X[i] = s.flat[i*s.n : (i+1)*s.n : (i+1)*s.n]
	}
	if math.IsNaN(s.end) {
		s.end = it.T()
		s.final = slices.Clone(it.X())
	}
}

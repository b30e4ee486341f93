package ode

import (
	"math"

	"github.com/costate-go/costate/solvers"
)

// Sensitivity asks how the solution x(t; x₀, p) of a problem with parameters p changes with its initial state and its
// parameters: for directions (δx₀, δp) it carries along δx, the solution of the variational equation
//
//	d/dt δx = f_x(t, x) δx + f_p(t, x) δp,   δx(t₀) = δx₀
//
// (Hairer, Nørsett & Wanner, Solving ODEs I, section I.14). Problem makes a larger problem of it that Solve, with all its
// settings, takes like any other; the local errors of δx are controlled with those of x.
type Sensitivity struct {
	// JVP stores f_x(t, x) dx + f_p(t, x) dp in dst. It must not keep or change its arguments. dp is nil where the
	// direction does not change parameters. nil JVP: one-sided differences of F, which know no parameters and leave δx
	// with half the digits of F.
	JVP func(dst []float64, t float64, x, dx, dp []float64)
	// States and Params are the directions: the k-th is (States[k], Params[k]). Entries and whole lists may be nil, which
	// stands for zeros. The slices are not changed.
	States, Params [][]float64
}

// UnitDirections are the k unit vectors of length n.
func UnitDirections(n int) [][]float64 {
	out := make([][]float64, n)
	for i := range out {
		out[i] = make([]float64, n)
		out[i][i] = 1
	}
	return out
}

// Directions is the number of directions.
func (s *Sensitivity) Directions() int { return max(len(s.States), len(s.Params)) }

// Problem is p with a state that goes on with the directions' δx, each as long as X0. Right-hand sides of events and step
// callbacks see the larger state, whose first entries are x. An evaluation costs one of F and one of JVP a direction; the
// problem belongs to one goroutine. Jumps at stops, and changes of the state by events, are not differentiated.
func (s *Sensitivity) Problem(p Problem) Problem {
	n, m := len(p.X0), s.Directions()
	out := Problem{T0: p.T0, T1: p.T1, X0: make([]float64, n*(1+m))}
	copy(out.X0, p.X0)
	for k, d := range s.States {
		if d == nil {
			continue
		}
		if len(d) != n {
			panic("ode: a direction of the initial state must be as long as X0")
		}
		copy(out.X0[n*(1+k):], d)
	}
	f := p.rightHandSide()
	if f == nil { // which Solve reports
		return out
	}
	jvp := s.JVP
	if jvp == nil {
		jvp = differences(f, n)
	}
	out.F = func(dx []float64, t float64, x []float64) {
		f(dx[:n], t, x[:n])
		for k := range m {
			var dp []float64
			if k < len(s.Params) {
				dp = s.Params[k]
			}
			at := n * (1 + k)
			jvp(dx[at:at+n], t, x[:n], x[at:at+n], dp)
		}
	}
	return out
}

// Split cuts a state of the larger problem, for n original unknowns, into x and the δx of direction k. Both are parts of
// state.
func (s *Sensitivity) Split(state []float64, n, k int) (x, dx []float64) {
	return state[:n:n], state[n*(1+k) : n*(2+k) : n*(2+k)]
}

// differences is f_x dx by a one-sided difference.
func differences(f solvers.Func, n int) func(dst []float64, t float64, x, dx, dp []float64) {
	base, moved := make([]float64, n), make([]float64, n)
	return func(dst []float64, t float64, x, dx, dp []float64) {
		if dp != nil {
			panic("ode: sensitivities to parameters need a JVP")
		}
		var size, length float64
		for i, v := range x {
			size = max(size, math.Abs(v))
			length = max(length, math.Abs(dx[i]))
		}
		if length == 0 {
			clear(dst)
			return
		}
		e := 0x1p-26 * (1 + size) / length
		for i, v := range x {
			moved[i] = v + e*dx[i]
		}
		f(base, t, x)
		f(dst, t, moved)
		for i, v := range base {
			dst[i] = (dst[i] - v) / e
		}
	}
}

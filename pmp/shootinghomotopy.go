package pmp

import (
	"context"
	"errors"
	"fmt"
)

// Homotopy reaches a hard problem from an easy one: it solves Family(λ) for growing λ from 0 to 1, each from the line through the
// two solutions before, and halves the step in λ where Newton's method fails (Allgower & Georg, Introduction to Numerical
// Continuation Methods, 2003, chapter 2). Horizons that grow, prices that vanish and bounds that tighten are families.
type Homotopy struct {
	// Family returns the problem at λ in [0, 1]; all have the same unknowns.
	Family func(lambda float64) *Shooting
	// First is the first step in λ; 0 means ¼. Least is the smallest; 0 means 1e-4.
	First, Least float64
}

// Solve returns the extremal at λ = 1. The error says how far λ came; it wraps ErrShooting.
func (h Homotopy) Solve(ctx context.Context, g Guess) (*Extremal, error) {
	step, least := h.First, h.Least
	if step == 0 {
		step = 0.25
	}
	if least == 0 {
		least = 1e-4
	}
	last, err := h.Family(0).Solve(ctx, g)
	if err != nil {
		return last, fmt.Errorf("pmp: the homotopy's first problem, λ = 0: %w", err)
	}
	total := *last
	at, behind, before := 0.0, 0.0, last.unknowns // λ of the last two solutions
	// Newton steps for one λ; where more are needed, a smaller step in λ is cheaper.
	const most = 12
	for at < 1 {
		next := min(1, at+step)
		sh, err := h.Family(next).compile()
		if err != nil {
			return last, err
		}
		if sh.unknowns() != len(last.unknowns) {
			return last, fmt.Errorf("%w: the homotopy's problem at λ = %g has %d unknowns, not %d", ErrProblem, next, sh.unknowns(), len(last.unknowns))
		}
		sh.most = min(sh.most, most)
		z := append([]float64(nil), last.unknowns...)
		if at > behind {
			for i := range z {
				z[i] += (next - at) / (at - behind) * (last.unknowns[i] - before[i])
			}
		}
		e, err := sh.newton(ctx, z)
		if e != nil {
			total.Iterations += e.Iterations
			total.Solves += e.Solves
			total.Evaluations += e.Evaluations
		}
		switch {
		case err == nil:
			behind, before, at, last = at, last.unknowns, next, e
			step *= 2
		case !errors.Is(err, ErrShooting) || step/2 < least:
			return last, fmt.Errorf("pmp: the homotopy is at λ = %g and fails at %g: %w", at, next, err)
		default:
			step /= 2
		}
	}
	last.Message += fmt.Sprintf("; %d iterations along the homotopy", total.Iterations)
	last.Iterations, last.Solves, last.Evaluations = total.Iterations, total.Solves, total.Evaluations
	return last, nil
}

package ode

import "fmt"

// Stats count the work of an integration.
type Stats struct {
	// Evaluations of the right-hand side, those for the first step size and for dense output included.
	Evaluations int
	// Accepted and Rejected steps, among the latter those whose equations could not be solved.
	Accepted, Rejected int
	// Jacobians, Factorizations and Iterations of Newton's method in implicit steps, as solvers.Algebra counts them.
	Jacobians, Factorizations, Iterations int
	// MinStep and MaxStep are the absolute sizes of the smallest and the largest accepted step; zero: none yet.
	MinStep, MaxStep float64
	// Stiff says that stability rather than accuracy seemed to limit the steps for a while.
	Stiff bool
}

// String is a phrase for messages, such as "120 steps, 3 rejected, 738 evaluations".
func (s Stats) String() string {
	text := fmt.Sprintf("%d steps, %d rejected, %d evaluations", s.Accepted, s.Rejected, s.Evaluations)
	if s.Factorizations > 0 || s.Iterations > 0 {
		text += fmt.Sprintf(", %d Jacobians, %d factorizations", s.Jacobians, s.Factorizations)
	}
	return text
}

func (s *Stats) accept(h float64) {
	if s.Accepted == 0 || h < s.MinStep {
		s.MinStep = h
	}
	if h > s.MaxStep {
		s.MaxStep = h
	}
	s.Accepted++
}

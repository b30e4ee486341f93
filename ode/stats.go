package ode

import "fmt"

// Stats count the work of an integration.
type Stats struct {
	// Evaluations of the right-hand side, those for the first step size and for dense output included.
	Evaluations int
	// Accepted and Rejected steps.
	Accepted, Rejected int
	// MinStep and MaxStep are the absolute sizes of the smallest and the largest accepted step; zero: none yet.
	MinStep, MaxStep float64
	// Stiff says that stability rather than accuracy seemed to limit the steps for a while.
	Stiff bool
}

// String is a phrase for messages, such as "120 steps, 3 rejected, 738 evaluations".
func (s Stats) String() string {
	return fmt.Sprintf("%d steps, %d rejected, %d evaluations", s.Accepted, s.Rejected, s.Evaluations)
}

func (s *Stats) accept(h float64) {
	if s.Accepted == 0 || h < s.MinStep {
		s.MinStep = h
	}
	s.MaxStep = max(s.MaxStep, h)
	s.Accepted++
}

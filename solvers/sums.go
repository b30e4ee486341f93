package solvers

import "github.com/costate-go/costate/internal/kernel"

// addTo stores x + h Σ a_j k_j in dst, in one pass over all vectors. dst may be x.
func (s *sum) addTo(dst, x []float64, h float64) { kernel.Combine(dst, x, s.scaled(h), s.k) }

// scaleTo stores h Σ a_j k_j in dst.
func (s *sum) scaleTo(dst []float64, h float64) { kernel.Combine(dst, nil, s.scaled(h), s.k) }

// scaled returns the h a_j, which a later call overwrites.
func (s *sum) scaled(h float64) []float64 {
	if s.ha == nil {
		s.ha = make([]float64, len(s.a))
	}
	for i, a := range s.a {
		s.ha[i] = h * a
	}
	return s.ha
}

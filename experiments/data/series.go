package data

import (
	"fmt"
	"slices"

	"github.com/costate-go/costate/experiments/systems"
)

// SeriesOptions says how a trajectory is observed. Times have the unit of the equation.
type SeriesOptions struct {
	Points    int     // observations, ≥ 2
	T0, T1    float64 // T1 > T0
	Irregular bool    // sorted uniform random times, T0 and T1 included, instead of a regular grid
	Noise     float64 // standard deviation of Gaussian noise on every entry
	Seed      uint64
}

// System is a solution of a known equation, from the initial state x0 with the given parameters; nil means the usual ones.
func System(s *systems.System, parameters, x0 []float64, o SeriesOptions) (*Series, error) {
	if parameters == nil {
		parameters = s.Values
	}
	if x0 == nil {
		x0 = s.X0
	}
	f := s.Field().F
	return generate(s.Name, s.States, x0, func(dx []float64, t float64, x []float64) { f(dx, t, x, parameters) }, o)
}

func generate(source string, names []string, x0 []float64, f func(dx []float64, t float64, x []float64), o SeriesOptions) (*Series, error) {
	if o.Points < 2 || !(o.T1 > o.T0) {
		return nil, fmt.Errorf("%w: %s needs 2 points or more and t1 > t0, got %d points on [%g, %g]", ErrData, source, o.Points, o.T0, o.T1)
	}
	n := o.Points
	t := make([]float64, n)
	r := Stream(o.Seed, "data times")
	for {
		for k := range t {
			t[k] = o.T0 + (o.T1-o.T0)*float64(k)/float64(n-1)
			if o.Irregular && k > 0 && k < n-1 {
				t[k] = o.T0 + (o.T1-o.T0)*r.Float64()
			}
		}
		t[n-1] = o.T1
		slices.Sort(t)
		if strictly(t) {
			break
		}
	}
	x, err := trajectory(f, t, x0)
	if err != nil {
		return nil, fmt.Errorf("%w: generating %s: %w", ErrData, source, err)
	}
	s := &Series{Source: source, TimeName: "t", Names: names, T: t, X: x}
	if o.Noise > 0 {
		s.Truth = slices.Clone(x)
		r := Stream(o.Seed, "data noise")
		for i := range s.X {
			s.X[i] += o.Noise * r.Normal()
		}
	}
	s.Hash = hashNumbers(s.T, s.X)
	return s, nil
}

func strictly(t []float64) bool {
	for k := 1; k < len(t); k++ {
		if t[k] <= t[k-1] {
			return false
		}
	}
	return true
}

package data

import (
	"fmt"
	"slices"
)

// SeriesOptions says how a trajectory is observed. Times have the unit of the equation.
type SeriesOptions struct {
	Points    int     // observations, ≥ 2
	T0, T1    float64 // T1 > T0
	Irregular bool    // sorted uniform random times, T0 and T1 included, instead of a regular grid
	Noise     float64 // standard deviation of Gaussian noise on every entry
	Seed      uint64
}

// Spiral is y' = y³A (row vector, cubes entry by entry) with A = [[−0.1, 2], [−2, −0.1]] from (2, 0): the
// demonstration of Chen et al., Neural Ordinary Differential Equations, NeurIPS 2018.
func Spiral(o SeriesOptions) (*Series, error) {
	return generate("spiral", []string{"y1", "y2"}, []float64{2, 0}, func(dy []float64, _ float64, y []float64) {
		a, b := y[0]*y[0]*y[0], y[1]*y[1]*y[1]
		dy[0] = -0.1*a - 2*b
		dy[1] = 2*a - 0.1*b
	}, o)
}

// LotkaVolterra is x' = 1.5x − xy, y' = xy − 3y from (1, 1).
func LotkaVolterra(o SeriesOptions) (*Series, error) {
	return generate("lotka_volterra", []string{"prey", "predator"}, []float64{1, 1}, func(dx []float64, _ float64, x []float64) {
		dx[0] = 1.5*x[0] - x[0]*x[1]
		dx[1] = x[0]*x[1] - 3*x[1]
	}, o)
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

package data

import (
	"fmt"

	"gonum.org/v1/gonum/interp"
)

// Signal is the inputs of a series as functions of time, for samples that follow its trajectories: piecewise linear or natural cubic
// splines, constant beyond the ends. It is safe for concurrent use but for Follow.
type Signal struct {
	of     []int // trajectory of each sample
	inputs [][]interp.Predictor
}

// Signal interpolates the inputs of a series, linearly or, with cubic, by splines. of lists the trajectories of samples.
func (s *Series) Signal(cubic bool, of []int) (*Signal, error) {
	out := &Signal{of: of}
	m := len(s.InputNames)
	for _, r := range s.Trajectories() {
		var list []interp.Predictor
		for i := range m {
			var u []float64
			for k := r[0]; k < r[1]; k++ {
				u = append(u, s.U[k*m+i])
			}
			var f interp.FittablePredictor = new(interp.PiecewiseLinear)
			if cubic {
				f = new(interp.NaturalCubic)
			}
			if err := f.Fit(s.T[r[0]:r[1]], u); err != nil {
				return nil, fmt.Errorf("%w: input %s: %w", ErrData, s.InputNames[i], err)
			}
			list = append(list, f)
		}
		out.inputs = append(out.inputs, list)
	}
	return out, nil
}

// Follow says which trajectories the samples follow from now on.
func (s *Signal) Follow(of []int) { s.of = of }

// At implements neural.Signal.
func (s *Signal) At(dst []float64, t float64, sample int) {
	for i, f := range s.inputs[s.of[sample]] {
		dst[i] = f.Predict(t)
	}
}

package solvers

import (
	"math"

	"github.com/costate-go/costate/internal/kernel"
)

// Norm measures the error of a step against the tolerances: err_i is weighed by
//
//	sc_i = atol + rtol·max(|x_i|, |x⁺_i|),
//
// and a step is good enough if the norm is at most one. The slices have the same length and are not kept.
// NaN or +Inf come back where err is not finite.
type Norm func(err, x, xNext []float64, rtol, atol float64) float64

// RMS is the root mean square of err_i/sc_i over all entries, the usual choice (Hairer, Nørsett & Wanner II.4); NaN where an x⁺_i is not finite.
func RMS(err, x, xNext []float64, rtol, atol float64) float64 {
	return math.Sqrt(kernel.SumErrorSquares(err, x, xNext, rtol, atol) * (1 / float64(len(err))))
}

// Max is the largest |err_i|/sc_i.
func Max(err, x, xNext []float64, rtol, atol float64) float64 {
	x, xNext = x[:len(err)], xNext[:len(err)]
	var top float64
	for i, e := range err {
		top = max(top, math.Abs(e)/(atol+rtol*max(math.Abs(x[i]), math.Abs(xNext[i]))))
	}
	return top
}

// MaxOverSamples returns the largest root mean square of a sample, for states that are batches of the given
// number of samples, batch last: entry i of sample s is x[i*samples+s]. No sample hides its error behind the
// others.
func MaxOverSamples(samples int) Norm {
	if samples < 1 {
		panic("solvers: a batch needs at least one sample")
	}
	return func(err, x, xNext []float64, rtol, atol float64) float64 {
		if len(err)%samples != 0 {
			panic("solvers: number of unknowns is not a multiple of the number of samples")
		}
		const width = 64 // samples at a time: entries of a sample lie far apart, those of neighbours together
		var top float64
		for lo := 0; lo < samples; lo += width {
			var sums [width]float64
			w := min(width, samples-lo)
			for at := lo; at < len(err); at += samples {
				kernel.AddErrorSquares(sums[:w], err[at:at+w], x[at:at+w], xNext[at:at+w], rtol, atol)
			}
			for _, v := range sums[:w] {
				top = max(top, v)
			}
		}
		return math.Sqrt(top / float64(len(err)/samples))
	}
}

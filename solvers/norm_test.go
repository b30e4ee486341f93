package solvers

import (
	"math"
	"testing"
)

func TestNorms(t *testing.T) {
	err := []float64{1e-3, -2e-3, 3e-3, 0}
	x := []float64{1, -4, 0, 2}
	next := []float64{-3, 2, 0.5, 1}
	const rtol, atol = 1e-2, 1e-3
	var w [4]float64 // by hand
	for i, top := range []float64{3, 4, 0.5, 2} {
		w[i] = math.Abs(err[i]) / (atol + rtol*top)
	}
	rms := func(v ...float64) float64 {
		var s float64
		for _, u := range v {
			s += u * u
		}
		return math.Sqrt(s / float64(len(v)))
	}
	for _, c := range []struct {
		name string
		norm Norm
		want float64
	}{
		{"rms", RMS, rms(w[:]...)},
		{"max", Max, max(w[0], w[1], w[2])},
		{"samples 1", MaxOverSamples(1), rms(w[:]...)},
		{"samples 2", MaxOverSamples(2), max(rms(w[0], w[2]), rms(w[1], w[3]))},
		{"samples 4", MaxOverSamples(4), max(w[0], w[1], w[2])},
	} {
		if got := c.norm(err, x, next, rtol, atol); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%s: %g, want %g", c.name, got, c.want)
		}
		for _, bad := range []float64{math.NaN(), math.Inf(1)} {
			if got := c.norm([]float64{0, bad, 0, 0}, x, next, rtol, atol); got-got == 0 {
				t.Errorf("%s: %g for an error of %g", c.name, got, bad)
			}
		}
		if a := testing.AllocsPerRun(10, func() { c.norm(err, x, next, rtol, atol) }); a != 0 {
			t.Errorf("%s: %g allocations", c.name, a)
		}
	}
}

func TestMaxOverSamplesInBlocks(t *testing.T) {
	const dim, samples = 3, 37 // more samples than a block, not a multiple of it
	n := dim * samples
	err, x := make([]float64, n), make([]float64, n)
	err[1*samples+36] = 3
	if got, want := MaxOverSamples(samples)(err, x, x, 1, 1), 3/math.Sqrt(dim); math.Abs(got-want) > 1e-15 {
		t.Errorf("%g, want %g", got, want)
	}
}

package ode

import (
	"math"
	"testing"

	"github.com/costate-go/costate/solvers"
)

func TestFirstStep(t *testing.T) {
	guess := func(f solvers.Func, x0 []float64, span, hMax float64) float64 {
		n := len(x0)
		f0 := make([]float64, n)
		f(f0, 0, x0)
		return firstStep(f, 0, x0, f0, make([]float64, n), make([]float64, n), span, hMax, 5, solvers.RMS, 1e-6, 1e-6)
	}
	decay := func(rate float64) solvers.Func {
		return func(dx []float64, _ float64, x []float64) { dx[0] = -rate * x[0] }
	}
	// By hand for ẋ = −λx, x = 1: sc = 2·10⁻⁶, d₁ = λ/sc, d₂ = λ²/sc up to the Euler step, h = (0.01/max)^(1/5).
	for _, c := range []struct{ rate, want float64 }{
		{1, math.Pow(0.01*2e-6, 0.2)},
		{30, math.Pow(0.01*2e-6/900, 0.2)},
	} {
		if got := guess(decay(c.rate), []float64{1}, 1000, 0); math.Abs(got/c.want-1) > 1e-6 {
			t.Errorf("rate %g: first step %g, want %g", c.rate, got, c.want)
		}
	}
	if got := guess(decay(1), []float64{1}, -1e-5, 0); got != 1e-5 {
		t.Errorf("in a short interval: %g", got)
	}
	if got := guess(decay(1), []float64{1}, 1000, 1e-4); got != 1e-4 {
		t.Errorf("with a bound: %g", got)
	}
	zero := func(dx []float64, _ float64, _ []float64) { dx[0] = 0 }
	if got := guess(zero, []float64{0}, 10, 0); got != 1e-6 {
		t.Errorf("where nothing moves: %g", got)
	}
	nan := func(dx []float64, _ float64, _ []float64) { dx[0] = math.NaN() }
	if got := guess(nan, []float64{1}, 10, 0); !(got > 0 && got <= 10) {
		t.Errorf("where f is not finite: %g", got)
	}
}

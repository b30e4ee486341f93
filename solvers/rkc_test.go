package solvers

import (
	"errors"
	"math"
	"testing"
)

// A step on ẋ = λx is the polynomial of a method of order 2, bounded by one from zero to the end of the interval that the
// number of stages promises, and by about 1 − ε/3 away from zero.
func TestRKCStability(t *testing.T) {
	for stages := 2; stages <= 60; stages++ {
		n := float64(stages)
		extent := 2.0 / 3 * (n*n - 1) * (1 - 2.0/15*rkcDamping)
		growth := func(z float64) float64 {
			s := RKC.NewStepper(1).(*rkcStepper)
			s.Begin(func(dx []float64, _ float64, x []float64) { dx[0] = z * x[0] }, 0, []float64{1})
			s.tNext, s.h = 1, 1
			s.step(stages, s.FirstStage())
			return s.xNext[0]
		}
		for i := 1; i <= 200; i++ {
			if z := -extent * float64(i) / 200; math.Abs(growth(z)) > 1 {
				t.Fatalf("%d stages: growth %g at z = %g", stages, growth(z), z)
			}
		}
		if g := math.Abs(growth(-1.3 * extent)); g < 1 {
			t.Errorf("%d stages are stable at %g, beyond %g", stages, -1.3*extent, -extent)
		}
		const z = 1e-3 // e^z − P(z) = O(z³)
		if d := math.Abs(growth(z) - math.Exp(z)); d > z*z*z/5 {
			t.Errorf("%d stages: off by %g at z = %g", stages, d, z)
		}
		needed := 1 + int(math.Sqrt(1+1.54*extent))
		if needed < stages {
			t.Errorf("%d stages would be taken for a spectral radius that needs %d", needed, stages)
		}
	}
}

// The power iteration bounds the spectral radius from above, and not by much.
func TestSpectralRadius(t *testing.T) {
	const n = 60
	diffusion := func(dx []float64, _ float64, x []float64) {
		for i := range x {
			left, right := 0.0, 0.0
			if i > 0 {
				left = x[i-1]
			}
			if i < n-1 {
				right = x[i+1]
			}
			dx[i] = 1000 * (left - 2*x[i] + right)
		}
	}
	x := make([]float64, n)
	for i := range x {
		x[i] = math.Sin(math.Pi * float64(i+1) / (n + 1))
	}
	s := RKC.NewStepper(n).(*rkcStepper)
	s.Begin(diffusion, 0, x)
	s.AttemptTo(0.01)
	exact := 4000 * math.Pow(math.Cos(math.Pi/(2*(n+1))), 2)
	if s.radius < 0.95*exact || s.radius > 1.3*exact {
		t.Errorf("spectral radius %g, estimated %g", exact, s.radius)
	}
	own := (&Chebyshev{SpectralRadius: func(float64, []float64) float64 { return 7 }}).NewStepper(n).(*rkcStepper)
	own.Begin(diffusion, 0, x)
	own.AttemptTo(0.01)
	if own.radius != 7 || own.Evaluations() != 3 {
		t.Errorf("radius %g after %d evaluations, given 7", own.radius, own.Evaluations())
	}
	if err := s.AttemptTo(1e6); !errors.Is(err, ErrStages) {
		t.Errorf("a step of far too many stages: %v", err)
	}
	for _, f := range []Func{
		func(dx []float64, _ float64, x []float64) { clear(dx) },
		func(dx []float64, _ float64, x []float64) {
			for i := range dx {
				dx[i] = 1
			}
		},
	} {
		s.Begin(f, 0, make([]float64, n))
		if err := s.AttemptTo(1); err != nil || s.Proposed()[0]-s.Proposed()[n-1] != 0 {
			t.Errorf("a constant right-hand side: %v, %v", s.Proposed(), err)
		}
	}
}

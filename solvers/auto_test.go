package solvers

import (
	"math"
	"testing"
)

// decay has an eigenvalue that is small, then large, then small again.
func decay(dx []float64, t float64, x []float64) {
	rate := 1.0
	if 1 < t && t < 3 {
		rate = 1e5
	}
	dx[0], dx[1] = -rate*(x[0]-math.Cos(t)), x[0]-x[1]
}

func TestAutoGoesThereAndBack(t *testing.T) {
	for _, rtol := range []float64{1e-4, 1e-8} {
		a := Auto.NewStepper(2).(*auto)
		a.SetTolerance(rtol, rtol, RMS)
		if tight := a.explicit == a.tight; tight != (rtol < autoTight) {
			t.Errorf("rtol %g: Verner's method is %v", rtol, tight)
		}
		a.Begin(decay, 0, []float64{1, 1})
		h := 1e-3
		changes, stiff := 0, false
		var stiffAt, calmAt float64
		coeffs, at := make([]float64, a.DenseLen()), make([]float64, 2)
		for steps := 0; a.T() < 5 && steps < 5000; {
			if err := a.AttemptTo(a.T() + h); err != nil {
				t.Fatal(err)
			}
			e := RMS(a.ErrorEstimate(), a.X(), a.Proposed(), rtol, rtol)
			f := a.Factor(&History{Error: e})
			h = min(h*f, 0.2)
			if e > 1 {
				continue
			}
			steps++
			a.Accept()
			a.Dense(coeffs)
			EvalDense(at, coeffs, 1)
			near(t, "dense output", at, a.X(), 1e-9)
			if a.isStiff() != stiff {
				stiff = !stiff
				changes++
				if stiff {
					stiffAt = a.T()
				} else {
					calmAt = a.T()
				}
			}
		}
		if a.T() < 5 || changes != 2 || !(1 < stiffAt && stiffAt < 1.5 && 2.9 < calmAt && calmAt < 4) {
			t.Errorf("rtol %g: at t = %g after %d changes, stiff at %g, calm at %g", rtol, a.T(), changes, stiffAt, calmAt)
		}
	}
}

func TestVernerStability(t *testing.T) {
	growth := func(z float64) float64 {
		next, _, _ := naive(Verner76, func(dx []float64, _ float64, x []float64) { dx[0] = -z * x[0] }, 0, 1, []float64{1})
		return math.Abs(next[0])
	}
	if a, b := growth(0.98*2*autoVerner), growth(1.03*2*autoVerner); a > 1 || b < 1 {
		t.Errorf("|R| is %g and %g on either side of −%g", a, b, 2*autoVerner)
	}
	for _, n := range []int{1, 6} { // few unknowns take another path
		r := Verner76.NewStepper(n).(explicitStepper)
		x := make([]float64, n)
		x[0] = 1
		r.Begin(func(dx []float64, _ float64, x []float64) {
			for i, v := range x {
				dx[i] = -300 * v
			}
		}, 0, x)
		r.AttemptTo(0.01)
		r.Accept()
		if got := r.stiffnessAfter(1e-2); math.Abs(got-3) > 1e-9 {
			t.Errorf("n = %d: h|λ| is estimated as %g, want 3", n, got)
		}
	}
}

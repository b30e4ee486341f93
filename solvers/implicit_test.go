package solvers

import (
	"fmt"
	"math"
	"math/cmplx"
	"slices"
	"testing"
)

// implicit are the methods whose Steppers solve equations.
func implicit() []Method {
	var out []Method
	for _, m := range Methods() {
		if _, ok := m.NewStepper(1).(Implicit); ok {
			out = append(out, m)
		}
	}
	return out
}

func swingJacobian(dst []float64, t float64, x []float64) {
	dst[1] = 1
	dst[3], dst[5] = -(1 + 0.1*x[2]), -0.1*x[0]
	dst[6], dst[7], dst[8] = x[1], x[0], -0.5*t
}

func swingProduct(dst []float64, t float64, x, v []float64) {
	var j [9]float64
	swingJacobian(j[:], t, x)
	for i := range dst {
		dst[i] = j[3*i]*v[0] + j[3*i+1]*v[1] + j[3*i+2]*v[2]
	}
}

// walk makes a few steps, one of them after a rejected attempt, and returns where they end.
func walk(t *testing.T, s Stepper, f Func, x []float64) (path []float64) {
	t.Helper()
	s.Begin(f, 0.2, x)
	for step := range 6 {
		h := 0.05 + 0.01*float64(step)
		if step == 3 {
			if err := s.AttemptTo(s.T() + 3*h); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.AttemptTo(s.T() + h); err != nil {
			t.Fatal(err)
		}
		path = append(append(path, s.ErrorEstimate()...), s.Proposed()...)
		s.Accept()
	}
	return path
}

// However the Jacobian is obtained, the steps are the same but for the errors of differences.
func TestJacobians(t *testing.T) {
	x := []float64{1, 0.5, -0.3}
	for _, m := range implicit() {
		s := m.NewStepper(3).(Implicit)
		differences := walk(t, s, swing, x)
		work := s.Algebra()
		if m != Auto && (work.Jacobians == 0 || work.Factorizations == 0) {
			t.Errorf("%s counts %+v", m.Name(), work)
		}
		for name, j := range map[string]Jacobian{
			"analytic": {Func: swingJacobian},
			"banded":   {Banded: true, Lower: 2, Upper: 2},
			"products": {Product: swingProduct},
		} {
			s.SetJacobian(j)
			near(t, m.Name()+", "+name, walk(t, s, swing, x), differences, 1e-7)
		}
		fresh := m.NewStepper(3).(Implicit)
		fresh.SetJacobian(Jacobian{Func: swingJacobian})
		first := walk(t, fresh, swing, x)
		s.SetJacobian(Jacobian{Func: swingJacobian})
		if again := walk(t, s, swing, x); !slices.Equal(first, again) {
			t.Errorf("%s: a used Stepper gives other bits", m.Name())
		}
	}
}

// chain is a stiff banded problem: heat conduction with a source.
func chain(dx []float64, _ float64, x []float64) {
	n := len(x)
	for i := range x {
		var left, right float64
		if i > 0 {
			left = x[i-1]
		}
		if i+1 < n {
			right = x[i+1]
		}
		dx[i] = 40*(left-2*x[i]+right) + x[i]*(1-x[i])
	}
}

func chainJacobian(dst []float64, _ float64, x []float64) {
	for i, v := range x {
		dst[3*i], dst[3*i+1], dst[3*i+2] = 40, -80+1-2*v, 40
	}
}

func chainProduct(dst []float64, _ float64, x, v []float64) {
	n := len(x)
	for i := range dst {
		dst[i] = (-80 + 1 - 2*x[i]) * v[i]
		if i > 0 {
			dst[i] += 40 * v[i-1]
		}
		if i+1 < n {
			dst[i] += 40 * v[i+1]
		}
	}
}

func TestBandedAgainstDense(t *testing.T) {
	for _, n := range []int{5, 40} {
		x := make([]float64, n)
		for i := range x {
			x[i] = math.Sin(math.Pi * float64(i+1) / float64(n+1))
		}
		for _, m := range implicit() {
			if m == Auto {
				continue
			}
			s := m.NewStepper(n).(Implicit)
			before := s.Evaluations()
			dense := walk(t, s, chain, x)
			denseCalls := s.Evaluations() - before
			s.SetJacobian(Jacobian{Banded: true, Lower: 1, Upper: 1, Autonomous: true})
			before = s.Evaluations()
			near(t, fmt.Sprintf("%s, n = %d, differences", m.Name(), n), walk(t, s, chain, x), dense, 1e-4)
			if calls := s.Evaluations() - before; calls >= denseCalls {
				t.Errorf("%s, n = %d: %d evaluations with a banded Jacobian, %d with a dense one", m.Name(), n, calls, denseCalls)
			}
			s.SetJacobian(Jacobian{Banded: true, Lower: 1, Upper: 1, Autonomous: true, Func: chainJacobian})
			near(t, fmt.Sprintf("%s, n = %d, banded", m.Name(), n), walk(t, s, chain, x), dense, 1e-4)
			s.SetJacobian(Jacobian{Product: chainProduct, Autonomous: true})
			near(t, fmt.Sprintf("%s, n = %d, products", m.Name(), n), walk(t, s, chain, x), dense, 1e-4)
		}
	}
}

// growth is |x₁|/|x₀| of one step of size one on Dahlquist's problem ẋ = λx in its real form.
func growth(t *testing.T, s Implicit, lambda complex128) float64 {
	t.Helper()
	re, im := real(lambda), imag(lambda)
	f := func(dx []float64, _ float64, x []float64) { dx[0], dx[1] = re*x[0]-im*x[1], im*x[0]+re*x[1] }
	s.SetJacobian(Jacobian{Autonomous: true, Func: func(dst []float64, _ float64, _ []float64) {
		dst[0], dst[1], dst[2], dst[3] = re, -im, im, re
	}})
	s.Begin(f, 0, []float64{1, 0})
	if err := s.AttemptTo(1); err != nil {
		t.Fatalf("λ = %g: %v", lambda, err)
	}
	return math.Hypot(s.Proposed()[0], s.Proposed()[1])
}

// One step of a method is stable in the whole left half plane and damps what is infinitely stiff.
func TestStabilityOnDahlquist(t *testing.T) {
	for _, m := range implicit() {
		if m == Auto { // begins with an explicit method
			continue
		}
		s := m.NewStepper(2).(Implicit)
		for angle := 90.0; angle <= 180; angle += 3 {
			for _, size := range []float64{0.1, 0.5, 1, 2, 3, 5, 8, 13, 20, 50, 200, 1e4} {
				z := cmplx.Rect(size, angle*math.Pi/180)
				if angle == 90 {
					z = complex(0, size)
				}
				if r := growth(t, s, z); r > 1+1e-9 {
					t.Errorf("%s: |R(%.3g)| = %.12g", m.Name(), z, r)
				}
			}
		}
		infinity := 0.0
		if m == Kvaerno4 {
			infinity = 0.7175
		}
		if r := growth(t, s, -1e8); math.Abs(r-infinity) > 1e-4 {
			t.Errorf("%s: |R(−10⁸)| = %.3g, want %g", m.Name(), r, infinity)
		}
		if r := growth(t, s, -0.01); math.Abs(r-math.Exp(-0.01)) > 1e-4 {
			t.Errorf("%s: |R(−0.01)| = %.12g", m.Name(), r)
		}
	}
}

func TestImplicitStepAllocatesNothing(t *testing.T) {
	for _, m := range implicit() {
		for name, j := range map[string]Jacobian{
			"differences": {}, "analytic": {Func: swingJacobian}, "banded": {Banded: true, Lower: 2, Upper: 2},
			"products": {Product: swingProduct},
		} {
			s := m.NewStepper(3).(Implicit)
			s.SetJacobian(j)
			s.Begin(swing, 0, []float64{1, 2, 3})
			coeffs := make([]float64, s.DenseLen())
			if a := testing.AllocsPerRun(100, func() {
				s.AttemptTo(s.T() + 1e-3)
				s.ErrorEstimate()
				s.Accept()
				s.Dense(coeffs)
			}); a != 0 {
				t.Errorf("%s, %s: %g allocations in a step", m.Name(), name, a)
			}
		}
	}
}

func TestSingularMatrixIsReported(t *testing.T) {
	for _, m := range implicit() {
		if m == Auto {
			continue
		}
		s := m.NewStepper(1).(Implicit)
		s.SetJacobian(Jacobian{Func: func(dst []float64, _ float64, _ []float64) { dst[0] = math.NaN() }})
		s.Begin(func(dx []float64, _ float64, x []float64) { dx[0] = -x[0] }, 0, []float64{1})
		if err := s.AttemptTo(0.1); err == nil {
			t.Errorf("%s takes a Jacobian that is not a number", m.Name())
		}
	}
}

// The continuous extension begins and ends where the step does.
func TestImplicitDenseEnds(t *testing.T) {
	for _, m := range implicit() {
		s := m.NewStepper(3)
		x := []float64{1, 0.5, -0.3}
		s.Begin(swing, 0.2, x)
		coeffs, at := make([]float64, s.DenseLen()), make([]float64, 3)
		for range 8 {
			if err := s.AttemptTo(s.T() + 0.05); err != nil {
				t.Fatal(err)
			}
			s.Accept()
			s.Dense(coeffs)
			EvalDense(at, coeffs, 0)
			near(t, m.Name()+" begin", at, x, 1e-14)
			EvalDense(at, coeffs, 1)
			near(t, m.Name()+" end", at, s.X(), 1e-12)
			copy(x, s.X())
		}
	}
}

package solvers

import (
	"math"
	"slices"
	"testing"
)

func swing(dx []float64, t float64, x []float64) {
	dx[0] = x[1] + math.Sin(t)
	dx[1] = -x[0] * (1 + 0.1*x[2])
	dx[2] = x[0]*x[1] - 0.5*t*x[2]
}

// both returns the Stepper of a tableau and the one for many unknowns.
func both(tab *Tableau, n int) []Stepper { return []Stepper{tab.NewStepper(n), newRungeKutta(tab, n)} }

// naive computes a step by the definition.
func naive(tab *Tableau, f Func, t, h float64, x []float64) (next, err []float64, k [][]float64) {
	n := len(x)
	combine := func(base []float64, w []float64) []float64 {
		out := make([]float64, n)
		for i := range out {
			if base != nil {
				out[i] = base[i]
			}
			for j, a := range w {
				out[i] += h * a * k[j][i]
			}
		}
		return out
	}
	for i, c := range tab.C {
		ki := make([]float64, n)
		f(ki, t+c*h, combine(x, tab.A[i]))
		k = append(k, ki)
	}
	next = combine(x, tab.B)
	if tab.E != nil {
		err = combine(nil, tab.E)
	}
	return next, err, k
}

// largest is the largest absolute coefficient, at least one: what rounding errors of stages and sums grow with.
func largest(rows [][]float64, more ...[]float64) float64 {
	top := 1.0
	for _, row := range append(slices.Clone(rows), more...) {
		for _, v := range row {
			top = max(top, math.Abs(v))
		}
	}
	return top
}

func near(t *testing.T, what string, got, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= tol) {
			t.Fatalf("%s: entry %d is %.17g, want %.17g", what, i, got[i], want[i])
		}
	}
}

func TestStepByDefinition(t *testing.T) {
	for _, tab := range tableaux() {
		size := largest(tab.A, tab.B)
		for i, s := range append(both(tab, 3), both(tab, 3)...) {
			dir := 1.0
			if i >= 2 {
				dir = -1
			}
			x, now := []float64{1, 0.5, -0.3}, 0.2
			s.Begin(swing, now, x)
			for step := range 7 {
				h := dir * (0.05 + 0.01*float64(step))
				if step == 3 { // a rejected attempt leaves no trace
					if err := s.AttemptTo(now + 3*h); err != nil {
						t.Fatal(err)
					}
				}
				if err := s.AttemptTo(now + h); err != nil {
					t.Fatal(err)
				}
				want, wantErr, _ := naive(tab, swing, now, h, x)
				near(t, tab.Name()+" x⁺", s.Proposed(), want, size*1e-15)
				near(t, tab.Name()+" error", s.ErrorEstimate(), wantErr, size*1e-15)
				near(t, tab.Name()+" x", s.X(), x, 0)
				s.Accept()
				now += h
				if s.T() != now {
					t.Fatalf("%s: T is %g, want %g", tab.Name(), s.T(), now)
				}
				copy(x, s.X())
			}
		}
	}
}

func TestEvaluations(t *testing.T) {
	for _, tab := range tableaux() {
		for _, s := range both(tab, 3) {
			calls := 0
			f := func(dx []float64, t float64, x []float64) { calls++; swing(dx, t, x) }
			s.Begin(f, 0, []float64{1, 2, 3})
			expect := func(what string, want int, known bool) {
				t.Helper()
				if calls != want || s.Evaluations() != want || s.FirstStageKnown() != known {
					t.Errorf("%s: after %s %d calls, %d counted, first stage known %v; want %d, %v",
						tab.Name(), what, calls, s.Evaluations(), s.FirstStageKnown(), want, known)
				}
			}
			st := tab.Stages()
			expect("Begin", 0, false)
			s.AttemptTo(0.1)
			expect("an attempt", st, true)
			s.AttemptTo(0.05)
			expect("a second attempt", 2*st-1, true)
			s.Accept()
			expect("Accept", 2*st-1, tab.FSAL)
			extra := 1
			if tab.FSAL {
				extra = 0
			}
			first := s.FirstStage()
			expect("FirstStage", 2*st-1+extra, true)
			want := make([]float64, 3)
			swing(want, s.T(), s.X())
			near(t, tab.Name()+" first stage", first, want, 0)
			s.Begin(f, s.T(), s.X())
			expect("Begin", 2*st-1+extra, false)
		}
	}
}

func TestLandsBitForBit(t *testing.T) {
	var last, beyond float64
	f := func(dx []float64, t float64, x []float64) { last = t; beyond = max(beyond, t); dx[0] = x[0] }
	for _, tab := range tableaux() {
		for _, s := range both(tab, 1) {
			s.Begin(f, -1, []float64{1})
			s.AttemptTo(0.1) // −1 + 1.1 is not 0.1 in floating point
			if tab.FSAL && last != 0.1 || beyond > 0.1 {
				t.Errorf("%s: last stage at %.17g, latest at %.17g", tab.Name(), last, beyond)
			}
			s.Accept()
			if s.T() != 0.1 {
				t.Errorf("%s: ended at %.17g", tab.Name(), s.T())
			}
		}
	}
}

func TestDenseByDefinition(t *testing.T) {
	for _, tab := range tableaux() {
		for _, s := range both(tab, 3) {
			x, now, h := []float64{1, 0.5, -0.3}, 0.2, 0.11
			s.Begin(swing, now, x)
			coeffs := make([]float64, s.DenseLen())
			size := largest(tab.A, append(slices.Clone(tab.DenseA), tab.Dense...)...)
			for range 4 {
				s.AttemptTo(now + h)
				next, _, k := naive(tab, swing, now, h, x)
				if !tab.FSAL {
					end := make([]float64, 3)
					swing(end, now+h, next)
					k = append(k, end)
				}
				for i, c := range tab.DenseC {
					at := append([]float64(nil), x...)
					for j, a := range tab.DenseA[i] {
						for l := range at {
							at[l] += h * a * k[j][l]
						}
					}
					ki := make([]float64, 3)
					swing(ki, now+c*h, at)
					k = append(k, ki)
				}
				s.Accept()
				s.Dense(coeffs)
				for _, at := range []float64{0, 0.3, 0.77, 1} {
					got, want := make([]float64, 3), append([]float64(nil), x...)
					rate, wantRate := make([]float64, 3), make([]float64, 3)
					for i, row := range tab.Dense {
						for m, d := range row {
							for j := range want {
								want[j] += h * d * math.Pow(at, float64(m+1)) * k[i][j]
								wantRate[j] += d * float64(m+1) * math.Pow(at, float64(m)) * k[i][j]
							}
						}
					}
					EvalDense(got, coeffs, at)
					near(t, tab.Name()+" dense", got, want, size*1e-14)
					EvalDenseRate(rate, coeffs, at, h)
					near(t, tab.Name()+" rate", rate, wantRate, size*1e-12)
				}
				got := make([]float64, 3)
				EvalDense(got, coeffs, 1)
				near(t, tab.Name()+" end", got, s.X(), size*1e-14)
				copy(x, s.X())
				now += h
			}
		}
	}
}

func TestStepAllocatesNothing(t *testing.T) {
	for _, tab := range tableaux() {
		for _, s := range both(tab, 3) {
			s.Begin(swing, 0, []float64{1, 2, 3})
			coeffs := make([]float64, s.DenseLen())
			if a := testing.AllocsPerRun(100, func() {
				s.AttemptTo(s.T() + 1e-3)
				s.ErrorEstimate()
				s.Accept()
				s.Dense(coeffs)
			}); a != 0 {
				t.Errorf("%s: %g allocations in a step", tab.Name(), a)
			}
		}
	}
}

func TestStiffnessRatio(t *testing.T) {
	const lambda, h = -300.0, 0.01
	f := func(dx []float64, _ float64, x []float64) { dx[0] = lambda * x[0] }
	for _, tab := range tableaux() {
		for _, s := range both(tab, 1) {
			s.Begin(f, 0, []float64{1})
			s.AttemptTo(h)
			want := 0.0
			if tab.RealStability > 0 {
				want = -lambda * h / tab.RealStability
			}
			if got := s.(StiffnessTester).StiffnessRatio(); math.Abs(got-want) > 1e-12 {
				t.Errorf("%s: ratio %g, want %g", tab.Name(), got, want)
			}
		}
	}
}

// RealStability is where the stability function leaves the unit disc on the negative real axis.
func TestRealStability(t *testing.T) {
	growth := func(tab *Tableau, z float64) float64 {
		next, _, _ := naive(tab, func(dx []float64, _ float64, x []float64) { dx[0] = -z * x[0] }, 0, 1, []float64{1})
		return math.Abs(next[0])
	}
	for _, tab := range tableaux() {
		if tab.RealStability == 0 {
			continue
		}
		if growth(tab, 0.97*tab.RealStability) > 1 || growth(tab, 1.03*tab.RealStability) < 1 {
			t.Errorf("%s: |R| is %g and %g on either side of −%g", tab.Name(),
				growth(tab, 0.97*tab.RealStability), growth(tab, 1.03*tab.RealStability), tab.RealStability)
		}
	}
}

func TestStepperPanics(t *testing.T) {
	for name, f := range map[string]func(){
		"no unknowns":  func() { Tsit5.NewStepper(0) },
		"wrong length": func() { Tsit5.NewStepper(2).Begin(swing, 0, make([]float64, 3)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

// The norm that comes with a step is the norm of its estimates, for every number of unknowns.
func TestAttemptRMS(t *testing.T) {
	f := func(dx []float64, t float64, x []float64) {
		for i := range x {
			dx[i] = math.Sin(t+float64(i)) - x[i]*x[len(x)-1-i]
		}
	}
	for _, tab := range tableaux() {
		if tab.E == nil {
			continue
		}
		for n := 1; n <= 9; n++ {
			x := make([]float64, n)
			for i := range x {
				x[i] = math.Cos(float64(i))
			}
			for _, s := range both(tab, n) {
				s.Begin(f, 0, x)
				for range 3 {
					square := s.(RMSStepper).AttemptRMS(s.T()+0.2, 1e-3, 1e-5)
					want := RMS(s.ErrorEstimate(), s.X(), s.Proposed(), 1e-3, 1e-5)
					if e2 := s.(SecondEstimator).SecondErrorEstimate(); e2 != nil {
						want = CombineEstimates(want, RMS(e2, s.X(), s.Proposed(), 1e-3, 1e-5))
					}
					if math.Abs(math.Sqrt(square)-want) > 1e-14*want {
						t.Errorf("%v, %d unknowns: norm %.17g, want %.17g", tab, n, math.Sqrt(square), want)
					}
					s.Accept()
				}
			}
		}
	}
}

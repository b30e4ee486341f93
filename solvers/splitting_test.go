package solvers

import (
	"math"
	"math/big"
	"testing"
)

// The order of a composition, measured with 400 bits on q̈ = 2q³, q = 1/(1 − t), backward in time from t = 0, where
// nothing comes near the pole.
func TestSplittingOrder(t *testing.T) {
	exact := func(t *big.Float) []long {
		q := newLong().Quo(whole(1), newLong().Sub(whole(1), t))
		return []long{q, times(q, q)}
	}
	for _, method := range SymplecticMethods() {
		m := method.(*Splitting)
		weights := numbers(m.exact)
		fail := func(n int64) float64 {
			h := number(big.NewRat(-1, n))
			half := number(big.NewRat(1, 2))
			x := exact(newLong())
			kick := func(weight long) {
				f := times(whole(2), times(x[0], times(x[0], x[0])))
				x[1] = plus(x[1], times(times(weight, h), f))
			}
			for range n {
				for _, w := range weights {
					kick(times(half, w))
					x[0] = plus(x[0], times(times(w, h), x[1]))
					kick(times(half, w))
				}
			}
			return distanceLong(x, exact(whole(-1)))
		}
		if order := math.Log2(fail(200) / fail(400)); math.Abs(order-float64(m.Order())) > 0.1 {
			t.Errorf("%v: order %.3f, nominal %d", m, order, m.Order())
		}
	}
}

// The conditions that weights alone can show: Σγ = 1, Σγ³ = 0 from order 4, Σγ⁵ = 0 from order 6, Σγ⁷ = 0 from order 8.
func TestSplittingWeights(t *testing.T) {
	for _, method := range SymplecticMethods() {
		m := method.(*Splitting)
		for power := 1; power < m.Order(); power += 2 {
			sum := newLong()
			for _, w := range numbers(m.exact) {
				p := whole(1)
				for range power {
					p.Mul(p, w)
				}
				sum.Add(sum, p)
			}
			want := 0.0
			if power == 1 {
				want = 1
			}
			if d, _ := newLong().Sub(sum, newLong().SetFloat64(want)).Float64(); math.Abs(d) > 1e-25 {
				t.Errorf("%v: Σγ^%d is off by %g", m, power, d)
			}
		}
	}
}

// A pendulum with a force that depends on time and a velocity that is not the momentum itself.
var driven = Partition{
	Velocity: func(dq []float64, t float64, p []float64) {
		for i, v := range p {
			dq[i] = 1.5 * v
		}
	},
	Force: func(dp []float64, t float64, q []float64) {
		for i, v := range q {
			dp[i] = -math.Sin(v) + 0.1*math.Cos(t)
		}
	},
}

// With halves or with the whole right-hand side, a step is the same, and a step back undoes it.
func TestSplittingStep(t *testing.T) {
	x0 := []float64{1, -0.5, 0.3, 0.7}
	for _, m := range SymplecticMethods() {
		whole, split := m.NewStepper(4), m.NewStepper(4).(Partitioned)
		split.SetPartition(driven)
		for _, s := range []Stepper{whole, split} {
			s.Begin(driven.Func(), 0.2, x0)
			s.AttemptTo(5) // a rejected attempt leaves no trace
			s.AttemptTo(0.45)
			s.Accept()
		}
		near(t, m.Name()+" halves", split.X(), whole.X(), 0)
		a, b := make([]float64, whole.DenseLen()), make([]float64, whole.DenseLen())
		whole.Dense(a)
		split.Dense(b)
		near(t, m.Name()+" dense", b, a, 0)
		for _, end := range []struct {
			s    float64
			x    []float64
			time float64
		}{{0, x0, 0.2}, {1, split.X(), 0.45}} {
			got, want := make([]float64, 4), make([]float64, 4)
			EvalDense(got, b, end.s)
			near(t, m.Name()+" dense value", got, end.x, 1e-15)
			EvalDenseRate(got, b, end.s, 0.25)
			driven.Func()(want, end.time, end.x)
			near(t, m.Name()+" dense slope", got, want, 1e-14)
		}
		near(t, m.Name()+" first stage", split.FirstStage(), whole.FirstStage(), 0)
		split.AttemptTo(0.2)
		split.Accept()
		near(t, m.Name()+" back", split.X(), x0, 4e-15)
		if a := testing.AllocsPerRun(10, func() {
			split.AttemptTo(split.T() + 0.1)
			split.Accept()
			split.Dense(b)
		}); a != 0 {
			t.Errorf("%s: %g allocations", m.Name(), a)
		}
	}
	for _, n := range []int{0, 3} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("no panic for %d unknowns", n)
				}
			}()
			Leapfrog.NewStepper(n)
		}()
	}
}

// Many steps of changing size and the same steps back end where they began.
func TestReversibleMethods(t *testing.T) {
	for _, m := range []Method{AsynchronousLeapfrog, ReversibleHeun} {
		s := m.NewStepper(3)
		x0 := []float64{1, 0.5, -0.3}
		s.Begin(swing, 0.2, x0)
		times := []float64{0.2}
		for i := range 50 {
			times = append(times, times[i]+0.02+0.01*math.Sin(float64(i)))
		}
		for _, at := range times[1:] {
			s.AttemptTo(at + 0.5) // a rejected attempt leaves no trace
			s.AttemptTo(at)
			s.Accept()
		}
		for i := len(times) - 2; i >= 0; i-- {
			s.AttemptTo(times[i])
			s.Accept()
		}
		if s.T() != 0.2 {
			t.Errorf("%v: came back to %g", m, s.T())
		}
		near(t, m.Name()+" there and back", s.X(), x0, 1e-13)
	}
}

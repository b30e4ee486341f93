package solvers

import (
	"math"
	"testing"
)

func TestFactors(t *testing.T) {
	five := func(e float64) History { return History{Error: e, Order: 5} }
	for _, c := range []struct {
		name string
		c    Controller
		h    History
		want float64
	}{
		// torchdiffeq: min(10, max(0.9/e^(1/5), 1 if e < 1 else 0.2))
		{"I accepted", I{}, five(0.01), 0.9 * math.Pow(0.01, -0.2)},
		{"I never shrinks an accepted step", I{}, five(0.9), 1},
		{"I grows at most tenfold", I{}, five(1e-9), 10},
		{"I without error", I{}, five(0), 10},
		{"I rejected", I{}, five(4), 0.9 * math.Pow(4, -0.2)},
		{"I shrinks at most fivefold", I{}, five(1e9), 0.2},
		{"I limits", I{Limits{Safety: 0.8, MinFactor: 0.5, MaxFactor: 2}}, five(1e9), 0.5},
		{"I no growth after rejection", I{}, History{Error: 0.01, Order: 5, Rejected: true}, 1},
		{"I growth after rejection", I{Limits{GrowAfterRejection: true}}, History{Error: 0.01, Order: 5, Rejected: true}, 0.9 * math.Pow(0.01, -0.2)},
		{"PI without history is elementary", PI{}, five(0.3), 0.9 * math.Pow(0.3, -1.0/5)},
		{"PI", PI{}, History{Error: 0.3, Last: 0.1, Order: 5}, 0.9 * math.Pow(0.3, -0.7/5) * math.Pow(0.1, 0.4/5)},
		{"PI other constants", PI{Beta1: 0.6, Beta2: -0.2}, History{Error: 0.3, Last: 0.1, Order: 3}, 0.9 * math.Pow(0.3, -0.6/3) * math.Pow(0.1, 0.2/3)},
		{"PI rejected", PI{}, History{Error: 3, Last: 0.1, Order: 5}, 0.9 * math.Pow(3, -0.2)},
		{"PI no growth after rejection", PI{}, History{Error: 1e-3, Last: 0.5, Order: 5, Rejected: true}, 1},
		{"Gustafsson without history is elementary", Gustafsson{}, five(0.3), 0.9 * math.Pow(0.3, -1.0/5)},
		{"Gustafsson foresees a growing error", Gustafsson{}, History{Error: 0.3, Last: 0.1, Ratio: 1.2, Order: 4},
			0.9 * math.Pow(0.3, -1.0/4) * 1.2 * math.Pow(0.1/0.3, 1.0/4)},
		{"Gustafsson does not exceed the elementary one", Gustafsson{}, History{Error: 0.3, Last: 0.5, Ratio: 2, Order: 4}, 0.9 * math.Pow(0.3, -1.0/4)},
		{"PID", PID{}, History{Error: 0.3, Last: 0.1, BeforeLast: 0.7, Order: 5},
			0.9 * math.Pow(0.3, -0.49/5) * math.Pow(0.1, 0.34/5) * math.Pow(0.7, -0.10/5)},
		{"PID with a short history", PID{}, History{Error: 0.3, Last: 0.1, Order: 5}, 0.9 * math.Pow(0.3, -0.49/5) * math.Pow(0.1, 0.24/5)},
		{"Gustafsson without history is elementary", Gustafsson{}, History{Error: 0.3, Order: 5}, 0.9 * math.Pow(0.3, -1.0/5)},
		{"Gustafsson foresees trouble", Gustafsson{}, History{Error: 0.3, Last: 0.1, Ratio: 1.1, Order: 5}, 0.9 * min(math.Pow(0.3, -0.2), 1.1*math.Pow(0.1/(0.3*0.3), 0.2))},
		{"Gustafsson at ease", Gustafsson{}, History{Error: 0.1, Last: 0.5, Ratio: 1.5, Order: 5}, 0.9 * math.Pow(0.1, -1.0/5)},
		{"Gustafsson rejected", Gustafsson{}, History{Error: 3, Last: 0.1, Ratio: 1.5, Order: 5}, 0.9 * math.Pow(3, -0.2)},
		{"PID step ratio", PID{Beta1: 0.25, Beta2: 0.25, Alpha: 0.25}, History{Error: 0.3, Last: 0.1, Ratio: 2, Order: 4},
			0.9 * math.Pow(0.3, -0.25/4) * math.Pow(0.1, -0.25/4) * math.Pow(2, -0.25)},
	} {
		if got := c.c.Factor(&c.h); math.Abs(got-c.want) > 3e-6*c.want {
			t.Errorf("%s: factor %.9g, want %.9g", c.name, got, c.want)
		}
	}
}

func TestRejectionAlwaysShrinks(t *testing.T) {
	for _, c := range []Controller{I{}, PI{}, PID{}, Gustafsson{}, Prepare(PI{}, 5)} {
		for _, e := range []float64{1 + 1e-15, 1.1, 10, 1e300, math.MaxFloat64} {
			if f := c.Factor(&History{Error: e, Last: 1e-4, Order: 5}); !(f > 0 && f < 1) {
				t.Errorf("%T: factor %g after an error of %g", c, f, e)
			}
		}
	}
}

// A SquareController does what it does as a Controller.
func TestFactorOfSquare(t *testing.T) {
	for order := 2; order <= 14; order += 3 {
		for _, c := range []Controller{PI{}, PI{Beta1: 1, Beta2: 0.1}, PID{}, PI{Limits: Limits{Safety: 0.7, MinFactor: 0.4, MaxFactor: 3}}} {
			quick, ok := Prepare(c, order).(SquareController)
			if !ok {
				t.Fatalf("%T has no factor of the square", c)
			}
			for _, last := range []float64{0, 1e-9, 1e-3, 0.7} {
				for _, before := range []float64{0, 1e-5, 0.9} {
					for e := 1e-13; e < 1e9; e *= 1.77 {
						h := History{Error: e, Last: last, BeforeLast: before, Order: order, Rejected: before > 0.5}
						got, want := quick.FactorOfSquare(e*e, &h), c.Factor(&h)
						if math.Abs(got-want) > 2e-5*want {
							t.Fatalf("%+v after %+v: factor %.9g of the square, %.9g of the error", c, h, got, want)
						}
					}
				}
			}
		}
	}
	if _, ok := Prepare(PID{Beta1: 0.25, Beta2: 0.25, Alpha: 0.25}, 4).(SquareController); ok {
		t.Error("a filter of the ratio of steps cannot do with the square alone")
	}
}

package data_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/systems"
)

// Reference: quadruple precision, two tolerances.
func TestLotkaVolterraReference(t *testing.T) {
	for _, irregular := range []bool{false, true} {
		s, err := data.System(systems.ByName("lotka_volterra"), nil, nil, data.SeriesOptions{Points: 57, T0: 0, T1: 10, Irregular: irregular, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		got, want := s.Row(s.Len()-1), []float64{1.0263447675750893191, 0.90969107813604161755}
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-11 {
				t.Errorf("irregular %v, entry %d at t = 10: %.15g, want %.15g", irregular, i, got[i], want[i])
			}
		}
	}
}

// The spiral has an invariant to check against: with u = ‖y‖⁴ = Σ y_i⁴, u' = 4 Σ y³·y' = −0.4 Σ y_i⁶ (A's skew part drops out).
func TestSpiral(t *testing.T) {
	s, err := data.System(systems.ByName("spiral"), nil, nil, data.SeriesOptions{Points: 1000, T0: 0, T1: 25})
	if err != nil {
		t.Fatal(err)
	}
	if s.Len() != 1000 || s.T[999] != 25 || s.Row(0)[0] != 2 || s.Row(0)[1] != 0 {
		t.Fatalf("ends: %d points, t %g, y0 %v", s.Len(), s.T[999], s.Row(0))
	}
	quartic := func(k int) float64 { y := s.Row(k); return math.Pow(y[0], 4) + math.Pow(y[1], 4) }
	sextic := func(k int) float64 { y := s.Row(k); return math.Pow(y[0], 6) + math.Pow(y[1], 6) }
	for k := 300; k < 998; k += 2 { // Simpson over two intervals, where the motion is slow
		h := s.T[k+1] - s.T[k]
		want := -0.4 * h / 3 * (sextic(k) + 4*sextic(k+1) + sextic(k+2))
		if got := quartic(k+2) - quartic(k); math.Abs(got-want) > 1e-5*math.Abs(want) {
			t.Fatalf("k = %d: change of Σ y⁴ is %.10g, want %.10g", k, got, want)
		}
	}
}

func TestNoiseAndTimes(t *testing.T) {
	o := data.SeriesOptions{Points: 5000, T0: -1, T1: 3, Irregular: true, Noise: 0.3, Seed: 9}
	s, err := data.System(systems.ByName("lotka_volterra"), nil, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(s.T) || s.T[0] != -1 || s.T[4999] != 3 {
		t.Error("times must be sorted and end at t0 and t1")
	}
	sum, sq := 0.0, 0.0
	for i := range s.X {
		e := s.X[i] - s.Truth[i]
		sum += e
		sq += e * e
	}
	n := float64(len(s.X))
	if m, sd := sum/n, math.Sqrt(sq/n); math.Abs(m) > 4*0.3/math.Sqrt(n) || math.Abs(sd-0.3) > 4*0.3/math.Sqrt(2*n) {
		t.Errorf("noise has mean %g and deviation %g, want 0 and 0.3", m, sd)
	}
	again, _ := data.System(systems.ByName("lotka_volterra"), nil, nil, o)
	o.Seed = 10
	other, _ := data.System(systems.ByName("lotka_volterra"), nil, nil, o)
	if again.Hash != s.Hash || other.Hash == s.Hash || len(s.Hash) != 64 {
		t.Error("the same seed must give the same numbers, another seed others")
	}
	if _, err := data.System(systems.ByName("spiral"), nil, nil, data.SeriesOptions{Points: 1, T1: 1}); !errors.Is(err, data.ErrData) {
		t.Errorf("one point: %v", err)
	}
}

func TestLoad(t *testing.T) {
	for _, c := range []struct {
		over        []string
		length, dim int
	}{
		{nil, 1000, 2}, {[]string{"data.source=lotka_volterra"}, 100, 2}, {[]string{"data.source=sine"}, 200, 1},
		{[]string{"task=classify"}, 1000, 2}, {[]string{"task=classify", "data.source=moons", "data.samples=30"}, 30, 2},
	} {
		cfg, err := config.Parse("x", nil, c.over...)
		if err != nil {
			t.Fatal(err)
		}
		var length, dim int
		if s, err := data.LoadSeries(cfg); err == nil {
			length, dim = s.Len(), s.Dim()
		} else if p, err := data.LoadPoints(cfg); err == nil {
			length, dim = p.Len(), p.Dim()
		}
		if length != c.length || dim != c.dim {
			t.Errorf("%q: %d × %d, want %d × %d", c.over, length, dim, c.length, c.dim)
		}
	}
}

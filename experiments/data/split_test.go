package data_test

import (
	"math"
	"slices"
	"testing"

	"github.com/costate-go/costate/experiments/data"
)

func TestWindows(t *testing.T) {
	for _, c := range []struct{ n, length, stride, count, last int }{
		{1000, 10, 5, 199, 990}, {1000, 10, 0, 199, 990}, {21, 5, 4, 5, 16}, {22, 5, 4, 6, 17}, {10, 0, 0, 1, 0}, {10, 30, 3, 1, 0}, {10, 2, 0, 9, 8},
	} {
		w := data.Windows(c.n, c.length, c.stride)
		if len(w) != c.count || w[len(w)-1].Start != c.last {
			t.Errorf("%+v: %d windows, the last at %d", c, len(w), w[len(w)-1].Start)
		}
		for _, x := range w {
			if x.Start < 0 || x.Start+x.Len > c.n {
				t.Errorf("%+v: window %+v leaves the series", c, x)
			}
		}
	}
}

func TestSplitPoints(t *testing.T) {
	s := data.SplitPoints(100, 0.2, 0.1, 4)
	all := slices.Concat(s.Train, s.Validation, s.Test)
	slices.Sort(all)
	for i, v := range all {
		if i != v {
			t.Fatal("not a partition")
		}
	}
	if len(s.Train) != 70 || len(s.Validation) != 20 || len(s.Test) != 10 || !slices.IsSorted(s.Validation) {
		t.Errorf("sizes %d %d %d", len(s.Train), len(s.Validation), len(s.Test))
	}
	if u := data.SplitPoints(100, 0.2, 0.1, 4); !slices.Equal(u.Test, s.Test) {
		t.Error("the same seed gives another split")
	}
	if u := data.SplitPoints(2, 0.9, 0.9, 1); len(u.Train) != 1 {
		t.Errorf("one sample must stay for training: %+v", u)
	}
}

func TestSplitWindowsDoesNotLeak(t *testing.T) {
	w := data.Windows(1000, 10, 5)
	for seed := range uint64(20) {
		for _, byTime := range []bool{false, true} {
			s := data.SplitWindows(w, 0.2, 0.1, byTime, seed)
			covered := func(list []int) map[int]bool { // by steps between observations: end points may be shared
				m := map[int]bool{}
				for _, i := range list {
					for k := range w[i].Len - 1 {
						m[w[i].Start+k] = true
					}
				}
				return m
			}
			tr, va, te := covered(s.Train), covered(s.Validation), covered(s.Test)
			for k := range 1000 {
				if tr[k] && va[k] || tr[k] && te[k] || va[k] && te[k] {
					t.Fatalf("seed %d, by time %v: step %d is in two sets", seed, byTime, k)
				}
			}
			if len(s.Test) != 20 || len(s.Validation) < 35 || len(s.Train) < 115 {
				t.Errorf("seed %d, by time %v: %d, %d, %d windows", seed, byTime, len(s.Train), len(s.Validation), len(s.Test))
			}
			if byTime && (slices.Max(s.Train) > slices.Min(s.Validation) || slices.Max(s.Validation) > slices.Min(s.Test)) {
				t.Error("by time: the held-out windows must be the last ones")
			}
		}
	}
}

func TestScaler(t *testing.T) {
	nan := math.NaN()
	x := []float64{1, 5, 1e9, 3, 5, nan, 5, 5, 1e9 + 2, 100, 7, 0}
	s := data.FitScaler(x, 3, []int{0, 1, 2})
	want := data.Scaler{Transform: "none", Mean: []float64{3, 5, 1e9 + 1}, Std: []float64{math.Sqrt(8.0 / 3), 1, 1}}
	for i := range 3 {
		if s.Mean[i] != want.Mean[i] || math.Abs(s.Std[i]-want.Std[i]) > 1e-15 {
			t.Errorf("column %d: mean %g, deviation %g", i, s.Mean[i], s.Std[i])
		}
	}
	y := slices.Clone(x)
	s.Apply(y)
	if math.Abs(y[0]+2/math.Sqrt(8.0/3)) > 1e-15 {
		t.Errorf("scaled: %v", y)
	}
	s.Invert(y)
	for i := range x {
		if math.Abs(y[i]-x[i]) > 1e-6 || math.IsNaN(x[i]) != math.IsNaN(y[i]) {
			t.Errorf("entry %d: %g comes back as %g", i, x[i], y[i])
		}
	}
	s.Transform = "log"
	z := []float64{0, 0, 0}
	data.Scaler{Transform: "log"}.InvertAll(z)
	if z[0] != 1 {
		t.Errorf("exp 0 = %g", z[0])
	}
}

func TestStreams(t *testing.T) {
	if data.Stream(1, "a").Next() == data.Stream(1, "b").Next() || data.Stream(1, "a").Next() == data.Stream(2, "a").Next() {
		t.Error("streams coincide")
	}
	if data.Stream(1, "a").Next() != data.Stream(1, "a").Next() {
		t.Error("a stream is not reproducible")
	}
}

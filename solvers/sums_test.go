package solvers

import (
	"math"
	"testing"
)

func TestSums(t *testing.T) {
	const guard = 3
	for _, n := range []int{1, 2, 3, 8, 33} {
		for terms := 0; terms <= 16; terms++ {
			wide := make([]float64, n+2*guard)
			for i := range wide {
				wide[i] = math.Inf(1)
			}
			dst := wide[guard : guard+n : guard+n]
			x := make([]float64, n)
			var s sum
			for j := range terms {
				k := make([]float64, n)
				for i := range k {
					k[i] = math.Sin(float64(i + 7*j))
				}
				s.k = append(s.k, k)
				s.a = append(s.a, 0.3*float64(j)-1)
			}
			const h = 0.37
			for _, withX := range []bool{true, false} {
				for i := range x {
					x[i] = math.Cos(float64(i))
				}
				if withX {
					s.addTo(dst, x, h)
				} else {
					s.scaleTo(dst, h)
				}
				for i := range dst {
					want := 0.0
					if withX {
						want = x[i]
					}
					for j := range s.k {
						want += h * s.a[j] * s.k[j][i]
					}
					if !(math.Abs(dst[i]-want) < 1e-14) {
						t.Fatalf("n=%d terms=%d x=%v: entry %d is %g, want %g", n, terms, withX, i, dst[i], want)
					}
				}
			}
			for i, v := range wide {
				if (i < guard || i >= guard+n) && !math.IsInf(v, 1) {
					t.Fatalf("n=%d terms=%d: wrote outside dst", n, terms)
				}
			}
		}
	}
}

func TestSumLeavesOutZeros(t *testing.T) {
	nan := []float64{math.NaN()}
	s := newSum([]float64{1, 0, 2}, [][]float64{{1}, nan, {10}})
	var dst [1]float64
	s.addTo(dst[:], []float64{100}, 1)
	if dst[0] != 121 {
		t.Errorf("sum is %g, want 121", dst[0])
	}
}

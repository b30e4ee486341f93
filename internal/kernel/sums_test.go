package kernel

import (
	"fmt"
	"math"
	"testing"
)

func TestCombine(t *testing.T) { eachLevel(t, testCombine) }

func testCombine(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 5, 7, 8, 9, 17, 31, 32, 33, 100, 700} {
		for terms := 0; terms <= 17; terms++ {
			name := fmt.Sprintf("n=%d/terms=%d", n, terms)
			g := newGuarded[float64](t)
			x, dst, a := g.vec(n), g.vec(n), g.vec(terms)
			var k [][]float64
			want := make([]float64, n)
			for j := range terms {
				k = append(k, g.vec(n))
				for i := range want {
					want[i] += a[j] * k[j][i]
				}
			}
			Combine(dst, nil, a, k)
			near(t, name+" alone", dst, want, terms)
			for i := range want {
				want[i] += x[i]
			}
			Combine(dst, x, a, k)
			near(t, name, dst, want, terms)
			Combine(x, x, a, k)
			same := 0
			for i := range x {
				if x[i] == dst[i] {
					same++
				}
			}
			if same != n {
				t.Errorf("%s: in place %d of %d numbers differ", name, n-same, n)
			}
			g.check(name)
		}
	}
}

func TestErrorSquares(t *testing.T) { eachLevel(t, testErrorSquares) }

func testErrorSquares(t *testing.T) {
	for _, n := range []int{0, 1, 3, 7, 8, 9, 31, 33, 100} {
		for _, atol := range []float64{1e-3, 0} {
			name := fmt.Sprintf("n=%d/atol=%v", n, atol)
			g := newGuarded[float64](t)
			err, x, next, sum := g.vec(n), g.vec(n), g.vec(n), g.vec(n)
			const rtol = 0.1
			total, want := 0.0, clone(sum)
			for i, e := range err {
				r := e / (atol + rtol*math.Max(math.Abs(x[i]), math.Abs(next[i])))
				total += r * r
				want[i] += r * r
			}
			got := SumErrorSquares(err, x, next, rtol, atol)
			near(t, name, []float64{got / (1 + total)}, []float64{total / (1 + total)}, n)
			AddErrorSquares(sum, err, x, next, rtol, atol)
			near(t, name+" one by one", sum, want, 1)
			g.check(name)
			if n > 0 { // what is not finite shows, wherever it stands
				for _, v := range [][]float64{err, next} {
					for _, i := range []int{0, n / 2, n - 1} {
						for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
							old := v[i]
							v[i] = bad
							if s := SumErrorSquares(err, x, next, rtol, atol); s <= math.MaxFloat64 {
								t.Errorf("%s: %v at %d is lost", name, bad, i)
							}
							copy(sum, want)
							if AddErrorSquares(sum, err, x, next, rtol, atol); sum[i] <= math.MaxFloat64 {
								t.Errorf("%s: %v at %d is lost one by one", name, bad, i)
							}
							v[i] = old
						}
					}
				}
			}
		}
	}
}

func TestSumsAllocateNothing(t *testing.T) { eachLevel(t, testSumsAllocateNothing) }

func testSumsAllocateNothing(t *testing.T) {
	x, k := make([]float64, 40), [][]float64{make([]float64, 40), make([]float64, 40)}
	if a := testing.AllocsPerRun(10, func() {
		a := [2]float64{1, 2}
		Combine(x, x, a[:], k)
		AddErrorSquares(x, x, x, x, 1, SumErrorSquares(x, x, x, 1, 1))
	}); a != 0 {
		t.Errorf("%v allocations", a)
	}
}

func TestNarrowAndWiden(t *testing.T) { eachLevel(t, testNarrowAndWiden) }

func testNarrowAndWiden(t *testing.T) {
	for _, n := range everyWidth {
		wide, narrow := newGuarded[float64](t), newGuarded[float32](t)
		x, y, s := wide.vec(n), wide.vec(n), narrow.vec(n)
		Narrow(s, x)
		want := clone(y)
		for i := range want {
			if s[i] != float32(x[i]) {
				t.Fatalf("n=%d: entry %d is %v, want %v", n, i, s[i], float32(x[i]))
			}
			want[i] += float64(s[i])
		}
		AddWiden(y, s)
		near(t, "AddWiden", y, want, -8)
		Widen(y, s)
		for i := range y {
			if y[i] != float64(s[i]) {
				t.Fatalf("n=%d: entry %d is %v, want %v", n, i, y[i], s[i])
			}
		}
		wide.check("float64")
		narrow.check("float32")
	}
}

var everyWidth = []int{0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 40}

func BenchmarkCombine(b *testing.B) { benchLevels(b, benchCombine) }

func benchCombine(b *testing.B) {
	for _, n := range []int{5, 20, 256, 2048} {
		for _, terms := range []int{1, 3, 7, 13} {
			dst, x, a := make([]float64, n), make([]float64, n), make([]float64, terms)
			k := make([][]float64, terms)
			for j := range k {
				k[j] = make([]float64, n)
			}
			b.Run(fmt.Sprintf("n=%d/terms=%d", n, terms), func(b *testing.B) {
				for b.Loop() {
					Combine(dst, x, a, k)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n*terms), "ns/term")
			})
		}
	}
}

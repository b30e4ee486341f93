package kernel

import (
	"fmt"
	"math"
	"testing"

	"github.com/costate-go/costate/internal/rng"
)

// guarded hands out slices that lie between regions of NaN. A routine that reads outside gets a NaN into its
// result; one that writes outside is found by check.
type guarded[T Float] struct {
	t      *testing.T
	r      *rng.Source
	whole  [][]T
	length []int
}

const guard = 32

func newGuarded[T Float](t *testing.T) *guarded[T] { return &guarded[T]{t: t, r: rng.New(1)} }

// vec returns n random numbers. Its capacity ends with its length.
func (g *guarded[T]) vec(n int) []T {
	w := make([]T, n+2*guard)
	for i := range w {
		w[i] = T(math.NaN())
	}
	for i := range n {
		w[guard+i] = T(g.r.Normal())
	}
	g.whole, g.length = append(g.whole, w), append(g.length, n)
	return w[guard : guard+n]
}

func (g *guarded[T]) check(name string) {
	g.t.Helper()
	for k, w := range g.whole {
		for i, v := range w {
			inside := i >= guard && i < guard+g.length[k]
			if inside == (v != v) {
				g.t.Fatalf("%s: slice %d of length %d: entry %d is %v", name, k, g.length[k], i-guard, v)
			}
		}
	}
}

// near compares with a bound for sums of about terms products of normal numbers.
func near[T Float](t *testing.T, name string, got, want []T, terms int) {
	t.Helper()
	tol := 4.5 * epsilon[T]() * float64(terms+8)
	for i := range want {
		g, w := float64(got[i]), float64(want[i])
		if !(math.Abs(g-w) <= tol*(1+math.Abs(w))*4) {
			t.Fatalf("%s: entry %d is %v, want %v", name, i, got[i], want[i])
		}
	}
}

// epsilon is the distance of the number after 1 from 1.
func epsilon[T Float]() float64 {
	var one T = 1
	if T(1+0x1p-30) == one {
		return 0x1p-23
	}
	return 0x1p-52
}

func clone[T Float](x []T) []T { return append([]T(nil), x...) }

// eachType runs a test with float64 and with float32, each with every instruction set that the processor has.
func eachType(t *testing.T, double, single func(t *testing.T)) {
	t.Run("float64", func(t *testing.T) { eachLevel(t, double) })
	t.Run("float32", func(t *testing.T) { eachLevel(t, single) })
}

var sizes = []int{1, 2, 3, 4, 5, 7, 8, 9, 17}

func eachShape(f func(name string, out, in, n int)) {
	for _, out := range sizes {
		for _, in := range sizes {
			for _, n := range []int{1, 2, 3, 4, 5, 20, 33} {
				f(fmt.Sprintf("out=%d/in=%d/n=%d", out, in, n), out, in, n)
			}
		}
	}
	f("panels", 6, 70, 131) // more columns than one pass holds
	f("panels odd", 5, 111, 97)
}

// naive returns init + W·X.
func naive[T Float](init, w, x []T, out, in, n int) []T {
	y := clone(init)
	for o := range out {
		for s := range n {
			for k := range in {
				y[o*n+s] += w[o*in+k] * x[k*n+s]
			}
		}
	}
	return y
}

func transposed[T Float](x []T, m, n int) []T {
	y := make([]T, len(x))
	for i := range m {
		for j := range n {
			y[j*m+i] = x[i*n+j]
		}
	}
	return y
}

// gflops reports the rate, and how much it is of what the processor could do, measured right after.
func gflops[T Float](b *testing.B, flop int) {
	rate := float64(flop) * float64(b.N) / float64(b.Elapsed().Nanoseconds())
	b.StopTimer()
	b.ReportMetric(rate, "GFLOP/s")
	if p := fmaPeak[T](); p > 0 {
		b.ReportMetric(100*rate/p, "%peak")
	}
}

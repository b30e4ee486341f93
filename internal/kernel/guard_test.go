package kernel

import (
	"fmt"
	"math"
	"testing"

	"github.com/costate-go/costate/internal/rng"
)

// guarded hands out slices that lie between regions of NaN. A routine that reads outside gets a NaN into its
// result; one that writes outside is found by check.
type guarded struct {
	t      *testing.T
	r      *rng.Source
	whole  [][]float64
	length []int
}

const guard = 16

func newGuarded(t *testing.T) *guarded { return &guarded{t: t, r: rng.New(1)} }

// vec returns n random numbers. Its capacity ends with its length.
func (g *guarded) vec(n int) []float64 {
	w := make([]float64, n+2*guard)
	for i := range w {
		w[i] = math.NaN()
	}
	for i := range n {
		w[guard+i] = g.r.Normal()
	}
	g.whole, g.length = append(g.whole, w), append(g.length, n)
	return w[guard : guard+n]
}

func (g *guarded) check(name string) {
	g.t.Helper()
	for k, w := range g.whole {
		for i, v := range w {
			inside := i >= guard && i < guard+g.length[k]
			if inside == math.IsNaN(v) {
				g.t.Fatalf("%s: slice %d of length %d: entry %d is %v", name, k, g.length[k], i-guard, v)
			}
		}
	}
}

// near compares with a bound for sums of about terms products of normal numbers.
func near(t *testing.T, name string, got, want []float64, terms int) {
	t.Helper()
	tol := 1e-15 * float64(terms+8)
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tol*(1+math.Abs(want[i]))*4) {
			t.Fatalf("%s: entry %d is %v, want %v", name, i, got[i], want[i])
		}
	}
}

func clone(x []float64) []float64 { return append([]float64(nil), x...) }

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
func naive(init, w, x []float64, out, in, n int) []float64 {
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

func transposed(x []float64, m, n int) []float64 {
	y := make([]float64, len(x))
	for i := range m {
		for j := range n {
			y[j*m+i] = x[i*n+j]
		}
	}
	return y
}

// gflops reports the rate, and how much it is of what the processor could do, measured right after.
func gflops(b *testing.B, flop int) {
	rate := float64(flop) * float64(b.N) / float64(b.Elapsed().Nanoseconds())
	b.StopTimer()
	b.ReportMetric(rate, "GFLOP/s")
	if p := fmaPeak(); p > 0 {
		b.ReportMetric(100*rate/p, "%peak")
	}
}

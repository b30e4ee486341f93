package benchmarks

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/costate-go/costate/internal/kernel"
)

// BenchmarkPeak does nothing but independent fused multiply-adds in registers: the limit of one core.
func BenchmarkPeak(b *testing.B) {
	b.Run("dtype=f64", benchPeak[float64])
	b.Run("dtype=f32", benchPeak[float32])
}

func benchPeak[T kernel.Float](b *testing.B) {
	if kernel.Peak[T](1) == 0 {
		b.Skip("no assembly on this processor or in this build")
	}
	flop := kernel.Peak[T](1 << 14)
	run := func() { kernel.Peak[T](1 << 14) }
	for b.Loop() {
		run()
	}
	b.StopTimer()
	b.ReportMetric(float64(flop)/fastest(20, run)[0], "GFLOP/s")
}

// fastest runs some functions in turn, for about a millisecond each, a number of times, and returns the least nanoseconds of one
// call of each: on a machine that does other things as well these can be compared, averages cannot.
func fastest(rounds int, f ...func()) []float64 {
	best, calls := make([]float64, len(f)), make([]int, len(f))
	for i := range f {
		calls[i] = 1
		begin := time.Now()
		f[i]()
		if d := time.Since(begin); d < time.Millisecond {
			calls[i] = int(time.Millisecond/max(d, 20)) + 1
		}
		best[i] = math.Inf(1)
	}
	for range rounds {
		for i := range f {
			begin := time.Now()
			for range calls[i] {
				f[i]()
			}
			best[i] = min(best[i], float64(time.Since(begin).Nanoseconds())/float64(calls[i]))
		}
	}
	return best
}

// BenchmarkGemm multiplies an m×k matrix with a k×n batch: whole layers, and the skinny ones of networks on the plane. Besides the
// rate it reports how much that is of the limit of the core (%peak), and how many times it is that of the same product in Go (×go), all
// three measured in turn.
func BenchmarkGemm(b *testing.B) {
	for _, c := range []struct{ m, n, k int }{
		{512, 256, 256}, {256, 512, 256}, {128, 64, 64}, {64, 128, 64}, {20, 50, 2}, {2, 50, 20}, {50, 20, 2}, {2, 20, 50},
		{1, 128, 64}, {784, 100, 2048}, {2048, 100, 2048},
	} {
		b.Run(fmt.Sprintf("dtype=f64/m=%d/n=%d/k=%d", c.m, c.n, c.k), func(b *testing.B) { benchGemm[float64](b, c.m, c.n, c.k) })
		b.Run(fmt.Sprintf("dtype=f32/m=%d/n=%d/k=%d", c.m, c.n, c.k), func(b *testing.B) { benchGemm[float32](b, c.m, c.n, c.k) })
	}
}

func benchGemm[T kernel.Float](b *testing.B, m, n, k int) {
	w := kernel.NewWeights[T](m, k)
	w.Pack(numbers[T](m*k), numbers[T](m))
	x, y := numbers[T](k*n), make([]T, m*n)
	flop := float64(2 * m * n * k)
	for b.Loop() {
		w.Mul(y, x, n)
	}
	b.StopTimer()
	limit := kernel.Peak[T](1)
	best := fastest(20, func() { w.Mul(y, x, n) }, func() { w.MulGo(y, x, n) }, func() { kernel.Peak[T](1 << 14) })
	b.ReportMetric(flop/best[0], "GFLOP/s")
	b.ReportMetric(best[1]/best[0], "×go")
	if limit > 0 {
		b.ReportMetric(100*flop/best[0]/(float64(limit<<14)/best[2]), "%peak")
	}
}

// BenchmarkOuter is the gradient in an out×in matrix of a batch of n, which sums along the batch.
func BenchmarkOuter(b *testing.B) {
	for _, c := range []struct{ out, in, n int }{
		{256, 256, 256}, {256, 64, 256}, {64, 256, 256}, {64, 64, 128}, {64, 16, 128}, {16, 64, 128}, {100, 48, 20}, {50, 50, 20}, {32, 32, 10}, {32, 32, 200}, {50, 2, 20}, {2, 50, 20}, {64, 64, 2000},
	} {
		b.Run(fmt.Sprintf("dtype=f64/out=%d/in=%d/n=%d", c.out, c.in, c.n), func(b *testing.B) { benchOuter[float64](b, c.out, c.in, c.n) })
		b.Run(fmt.Sprintf("dtype=f32/out=%d/in=%d/n=%d", c.out, c.in, c.n), func(b *testing.B) { benchOuter[float32](b, c.out, c.in, c.n) })
	}
}

func benchOuter[T kernel.Float](b *testing.B, out, in, n int) {
	delta, x, g := numbers[T](out*n), numbers[T](in*n), make([]T, out*in)
	run := func() { kernel.AddOuter(g, delta, x, out, in, n) }
	for b.Loop() {
		run()
	}
	b.StopTimer()
	flop, limit := float64(2*out*in*n), kernel.Peak[T](1)
	best := fastest(20, run, func() { kernel.Peak[T](1 << 14) })
	b.ReportMetric(flop/best[0], "GFLOP/s")
	if limit > 0 {
		b.ReportMetric(100*flop/best[0]/(float64(limit<<14)/best[1]), "%peak")
	}
}

// numbers are n numbers between −3 and 3.
func numbers[T kernel.Float](n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = T(3 * math.Sin(float64(i)))
	}
	return x
}

// BenchmarkTanh is the hyperbolic tangent of a thousand numbers that lie in the first-level cache, and BenchmarkActivation that of
// the other activations with their derivatives.
func BenchmarkTanh(b *testing.B) {
	b.Run("dtype=f64", func(b *testing.B) { benchActivation[float64](b, kernel.Tanh, false) })
	b.Run("dtype=f32", func(b *testing.B) { benchActivation[float32](b, kernel.Tanh, false) })
}

// BenchmarkActivation is σ and σ′ of a thousand numbers.
func BenchmarkActivation(b *testing.B) {
	for _, c := range []struct {
		name string
		act  kernel.Activation
	}{
		{"tanh", kernel.Tanh}, {"sigmoid", kernel.Sigmoid}, {"softplus", kernel.Softplus}, {"relu", kernel.ReLU}, {"sine", kernel.Sine}, {"gelu", kernel.GELU},
	} {
		b.Run("act="+c.name+"/dtype=f64", func(b *testing.B) { benchActivation[float64](b, c.act, true) })
		b.Run("act="+c.name+"/dtype=f32", func(b *testing.B) { benchActivation[float32](b, c.act, true) })
	}
}

func benchActivation[T kernel.Float](b *testing.B, act kernel.Activation, derivative bool) {
	const n = 1000
	x, h, d := numbers[T](n), make([]T, n), make([]T, n)
	apply := func() { kernel.Apply(act, h, x) }
	if derivative {
		apply = func() { kernel.ApplyD1(act, h, d, x) }
	}
	for b.Loop() {
		apply()
	}
	b.StopTimer()
	b.ReportMetric(fastest(20, apply)[0]/n, "ns/elem")
}

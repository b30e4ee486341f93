package kernel

import (
	"fmt"
	"testing"
)

func TestAddOuter(t *testing.T) {
	eachType(t, testAddOuter[float64], testAddOuter[float32])
}

func testAddOuter[T Float](t *testing.T) {
	eachOuter(func(name string, out, in, n int) {
		g := newGuarded[T](t)
		delta, x, grad := g.vec(out*n), g.vec(in*n), g.vec(out*in)
		want := naive(grad, delta, transposed(x, in, n), out, n, in)
		AddOuter(grad, delta, x, out, in, n)
		near(t, name, grad, want, n)

		sums := g.vec(out)
		want = clone(sums)
		for o := range out {
			for s := range n {
				want[o] += delta[o*n+s]
			}
		}
		AddRowSums(sums, delta, n)
		near(t, name+" sums", sums, want, n)

		a, b, o := g.vec(out), g.vec(in), g.vec(out*in)
		Outer(o, a, b)
		near(t, name+" outer", o, naive(make([]T, out*in), a, b, out, 1, in), 0)
		g.check(name)
	})
}

// eachOuter is eachShape with shapes that are packed: with every remainder of a strip, and of several blocks of samples.
func eachOuter(f func(name string, out, in, n int)) {
	eachShape(f)
	for _, c := range [][3]int{{32, 8, 8}, {33, 13, 9}, {40, 16, 10}, {37, 17, 11}, {34, 25, 31}, {35, 49, 70}, {32, 63, 33}, {41, 65, 130}, {32, 16, 257}, {39, 50, 515}, {64, 97, 1026}} {
		f(fmt.Sprintf("packed out=%d/in=%d/n=%d", c[0], c[1], c[2]), c[0], c[1], c[2])
	}
}

func TestPackedOuterAllocatesNothing(t *testing.T) {
	eachType(t, testPackedOuterAllocatesNothing[float64], testPackedOuterAllocatesNothing[float32])
}

func testPackedOuterAllocatesNothing[T Float](t *testing.T) {
	const out, in, n = 40, 33, 70
	g := newGuarded[T](t)
	grad, delta, x := g.vec(out*in), g.vec(out*n), g.vec(in*n)
	if a := testing.AllocsPerRun(10, func() { AddOuter(grad, delta, x, out, in, n) }); a != 0 {
		t.Errorf("%v allocations", a)
	}
}

func BenchmarkAddOuter(b *testing.B) { benchLevels(b, benchAddOuter) }

func benchAddOuter(b *testing.B) {
	for _, c := range []struct{ out, in, n int }{{50, 2, 20}, {2, 50, 20}, {50, 2, 198}, {2, 50, 198}, {64, 64, 128}, {256, 256, 64}} {
		g, delta, x := make([]float64, c.out*c.in), make([]float64, c.out*c.n), make([]float64, c.in*c.n)
		b.Run(fmt.Sprintf("out=%d/in=%d/n=%d", c.out, c.in, c.n), func(b *testing.B) {
			for b.Loop() {
				AddOuter(g, delta, x, c.out, c.in, c.n)
			}
			gflops[float64](b, 2*c.out*c.in*c.n)
		})
	}
}

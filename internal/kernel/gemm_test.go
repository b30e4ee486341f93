package kernel

import (
	"fmt"
	"testing"
)

func TestProducts(t *testing.T) {
	eachType(t, testProducts[float64], testProducts[float32])
}

func testProducts[T Float](t *testing.T) {
	eachShape(func(name string, out, in, n int) {
		g := newGuarded[T](t)
		w, b, x, delta := g.vec(out*in), g.vec(out), g.vec(in*n), g.vec(out*n)
		p := NewWeights[T](out, in)
		p.Pack(w, b)

		zero := make([]T, out*n)
		bias := make([]T, out*n)
		AddRows(bias, b, n)
		for o := range out {
			for s := range n {
				if bias[o*n+s] != b[o] {
					t.Fatalf("%s: AddRows", name)
				}
			}
		}
		y := g.vec(out * n)
		p.Mul(y, x, n)
		near(t, name+" Mul", y, naive(zero, w, x, out, in, n), in)
		p.Affine(y, nil, x, n, Linear)
		near(t, name+" Affine", y, naive(bias, w, x, out, in, n), in)

		before := g.vec(out * n)
		y2 := g.vec(out * n)
		copy(y2, before)
		MulAddTo(y2, w, x, out, in, n)
		near(t, name+" MulAddTo", y2, naive(before, w, x, out, in, n), in)

		for _, rows := range []int{in, in - 1} {
			z := g.vec(rows * n)
			p.MulT(z, delta, rows, n)
			near(t, name+" MulT", z, naive(make([]T, in*n), transposed(w, out, in), delta, in, out, n)[:rows*n], out)
		}
		for i := range out {
			near(t, name+" Row", p.Row(i), w[i*in:(i+1)*in], 0)
		}
		g.check(name)
	})
}

// Rows that lie a multiple of a page apart, and more than the cache holds, are packed; large matrices take many tiles.
func TestLargeProducts(t *testing.T) {
	eachType(t, testLargeProducts[float64], testLargeProducts[float32])
}

func testLargeProducts[T Float](t *testing.T) {
	for _, c := range []struct{ out, in, n int }{{97, 260, 1024}, {2048, 3, 5}, {3, 2048, 7}, {5, 4, 2048}, {2048, 2, 1}, {1, 2048, 1}, {130, 1100, 9}} {
		g := newGuarded[T](t)
		w, b, x := g.vec(c.out*c.in), g.vec(c.out), g.vec(c.in*c.n)
		p := NewWeights[T](c.out, c.in)
		p.Pack(w, b)
		y := g.vec(c.out * c.n)
		p.Mul(y, x, c.n)
		name := fmt.Sprintf("%d×%d×%d", c.out, c.in, c.n)
		near(t, name, y, naive(make([]T, c.out*c.n), w, x, c.out, c.in, c.n), c.in)
		before := clone(y)
		MulAddTo(y, w, x, c.out, c.in, c.n)
		near(t, name+" added", y, naive(before, w, x, c.out, c.in, c.n), c.in)
		g.check(name)
	}
}

// The activation is fused: same bits as product and activation one after the other.
func TestAffineActivation(t *testing.T) {
	eachType(t, testAffineActivation[float64], testAffineActivation[float32])
}

func testAffineActivation[T Float](t *testing.T) {
	eachShape(func(name string, out, in, n int) {
		g := newGuarded[T](t)
		w, b, x := g.vec(out*in), g.vec(out), g.vec(in*n)
		p := NewWeights[T](out, in)
		p.Pack(w, b)
		for act := Linear; act <= GELU; act++ {
			h, d, z := g.vec(out*n), g.vec(out*n), g.vec(out*n)
			p.Affine(z, nil, x, n, Linear)
			p.Affine(h, nil, x, n, act)
			wantH, wantD := make([]T, out*n), make([]T, out*n)
			ApplyD1(act, wantH, wantD, z)
			for i := range h {
				if h[i] != wantH[i] {
					t.Fatalf("%s activation %d: %v, want %v", name, act, h[i], wantH[i])
				}
			}
			p.Affine(h, d, x, n, act)
			for i := range h {
				if h[i] != wantH[i] || d[i] != wantD[i] {
					t.Fatalf("%s activation %d with derivative: %v, %v, want %v, %v", name, act, h[i], d[i], wantH[i], wantD[i])
				}
			}
		}
		g.check(name)
	})
}

// Large batches go in blocks, each with its activation, with the same bits.
func TestAffineBlocks(t *testing.T) {
	eachType(t, testAffineBlocks[float64], testAffineBlocks[float32])
}

func testAffineBlocks[T Float](t *testing.T) {
	for _, c := range []struct{ out, in, n int }{{33, 3, 701}, {300, 2, 100}, {2, 3, 10007}, {33, 3, 2501}, {700, 2, 193}} {
		g := newGuarded[T](t)
		w, b, x := g.vec(c.out*c.in), g.vec(c.out), g.vec(c.in*c.n)
		p := NewWeights[T](c.out, c.in)
		p.Pack(w, b)
		z, h, d, h0 := g.vec(c.out*c.n), g.vec(c.out*c.n), g.vec(c.out*c.n), g.vec(c.out*c.n)
		p.Affine(z, nil, x, c.n, Linear)
		for _, act := range []Activation{Tanh, Sigmoid, Softplus} {
			p.Affine(h, d, x, c.n, act)
			p.Affine(h0, nil, x, c.n, act)
			wantH, wantD := make([]T, len(z)), make([]T, len(z))
			ApplyD1(act, wantH, wantD, z)
			near(t, "value", h, wantH, -8)
			near(t, "derivative", d, wantD, -8)
			near(t, "value alone", h0, wantH, -8)
		}
		g.check("blocks")
	}
}

func TestProductsAllocateNothing(t *testing.T) {
	eachType(t, testProductsAllocateNothing[float64], testProductsAllocateNothing[float32])
}

func testProductsAllocateNothing[T Float](t *testing.T) {
	const out, in, n = 10, 7, 30
	g := newGuarded[T](t)
	w, b, x, y, d := g.vec(out*in), g.vec(out), g.vec(in*n), g.vec(out*n), g.vec(out*n)
	x[3] = 1e3 // saturates
	p := NewWeights[T](out, in)
	p.Pack(w, b)
	for _, batch := range []int{1, n} {
		a := testing.AllocsPerRun(10, func() {
			for act := Linear; act <= GELU; act++ {
				p.Affine(y, d, x, batch, act)
				if act.FromValue() {
					MulD1(act, d, y)
				}
			}
			p.MulT(x, d, in, batch)
			AddOuter(w, d, x, out, in, batch)
			AddRowSums(b, d, batch)
			Axpy(y, Dot(d, y), d)
		})
		if a != 0 {
			t.Errorf("batch of %d: %v allocations", batch, a)
		}
	}
}

// A sample gets the same bits in every batch.
func TestProductsDoNotDependOnBatch(t *testing.T) {
	eachType(t, testProductsDoNotDependOnBatch[float64], testProductsDoNotDependOnBatch[float32])
}

func testProductsDoNotDependOnBatch[T Float](t *testing.T) {
	const out, in, n = 19, 61, 101
	g := newGuarded[T](t)
	w, b, x, delta := g.vec(out*in), g.vec(out), g.vec(in*n), g.vec(out*n)
	for i := range x {
		x[i] *= 3 // some activations saturate
	}
	p := NewWeights[T](out, in)
	p.Pack(w, b)
	for _, c := range []struct {
		name     string
		rows     int
		x        []T
		multiply func(y, x []T, n int)
	}{
		{"Affine tanh", out, x, func(y, x []T, n int) { p.Affine(y, nil, x, n, Tanh) }},
		{"Affine sigmoid", out, x, func(y, x []T, n int) { p.Affine(y, nil, x, n, Sigmoid) }},
		{"Mul", out, x, p.Mul},
		{"MulT", in, delta, func(y, x []T, n int) { p.MulT(y, x, in, n) }},
		{"MulT without the last", in - 1, delta, func(y, x []T, n int) { p.MulT(y, x, in-1, n) }},
		{"MulAddTo", out, x, func(y, x []T, n int) { Fill(y, 0.5); MulAddTo(y, w, x, out, in, n) }},
	} {
		y := g.vec(c.rows * n)
		c.multiply(y, c.x, n)
		from := len(c.x) / n
		for _, m := range []int{1, 2, 5, 8, 30, 64} {
			xm, ym := g.vec(from*m), g.vec(c.rows*m)
			for lo := 0; lo+m <= n; lo += m {
				for k := range from {
					copy(xm[k*m:(k+1)*m], c.x[k*n+lo:])
				}
				c.multiply(ym, xm, m)
				for o := range c.rows {
					for s := range m {
						if ym[o*m+s] != y[o*n+lo+s] {
							t.Fatalf("%s: batch of %d, sample %d: %v, want %v", c.name, m, lo+s, ym[o*m+s], y[o*n+lo+s])
						}
					}
				}
			}
		}
		g.check(c.name)
	}
}

func BenchmarkAffine(b *testing.B) { benchLevels(b, benchAffine) }

func benchAffine(b *testing.B) {
	for _, c := range []struct{ out, in, n int }{{50, 2, 20}, {2, 50, 20}, {50, 2, 198}, {2, 50, 198}, {64, 64, 128}, {256, 256, 64}} {
		p := NewWeights[float64](c.out, c.in)
		x, y := make([]float64, c.in*c.n), make([]float64, c.out*c.n)
		b.Run(fmt.Sprintf("out=%d/in=%d/n=%d", c.out, c.in, c.n), func(b *testing.B) {
			for b.Loop() {
				p.Affine(y, nil, x, c.n, Linear)
			}
			gflops[float64](b, 2*c.out*c.in*c.n)
		})
	}
}

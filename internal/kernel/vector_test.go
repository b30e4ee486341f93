package kernel

import "testing"

func TestVectors(t *testing.T) { eachLevel(t, testVectors) }

func testVectors(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 4, 5, 7, 8, 31} {
		g := newGuarded(t)
		x, y, z, dst := g.vec(n), g.vec(n), g.vec(n), g.vec(n)
		check := func(name string, f func(i int) float64) {
			t.Helper()
			for i := range n {
				if want := f(i); dst[i] != want {
					t.Fatalf("%s n=%d: entry %d is %v, want %v", name, n, i, dst[i], want)
				}
			}
		}
		copy(dst, y)
		Axpy(dst, 2.5, x)
		check("Axpy", func(i int) float64 { return y[i] + 2.5*x[i] })
		AxpyTo(dst, y, -1.5, x)
		check("AxpyTo", func(i int) float64 { return y[i] + -1.5*x[i] })
		ScaleTo(dst, 3, x)
		check("ScaleTo", func(i int) float64 { return 3 * x[i] })
		Scale(dst, 2)
		check("Scale", func(i int) float64 { return 2 * (3 * x[i]) })
		Fill(dst, 7)
		check("Fill", func(int) float64 { return 7 })
		Add(dst, x)
		check("Add", func(i int) float64 { return 7 + x[i] })
		copy(dst, y)
		Mul(dst, x)
		check("Mul", func(i int) float64 { return y[i] * x[i] })
		MulTo(dst, x, z)
		check("MulTo", func(i int) float64 { return x[i] * z[i] })
		copy(dst, y)
		MulAdd(dst, x, z)
		check("MulAdd", func(i int) float64 { return y[i] + x[i]*z[i] })
		Cube(dst, x)
		check("Cube", func(i int) float64 { return x[i] * x[i] * x[i] })
		copy(dst, y)
		MulCubeD(dst, x)
		check("MulCubeD", func(i int) float64 { return y[i] * (3 * x[i] * x[i]) })

		dot, sum := 0.0, 0.0
		for i := range n {
			dot += x[i] * y[i]
			sum += x[i]
		}
		near(t, "Dot", []float64{Dot(x, y)}, []float64{dot}, n)
		near(t, "Sum", []float64{Sum(x)}, []float64{sum}, n)
		g.check("vectors")
	}
}

func TestTranspose(t *testing.T) {
	for _, m := range sizes {
		for _, n := range sizes {
			g := newGuarded(t)
			x, dst := g.vec(m*n), g.vec(m*n)
			Transpose(dst, x, m, n)
			near(t, "Transpose", dst, transposed(x, m, n), 0)
			g.check("Transpose")
		}
	}
}

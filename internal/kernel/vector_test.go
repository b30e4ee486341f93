package kernel

import "testing"

func TestVectors(t *testing.T) {
	eachType(t, testVectors[float64], testVectors[float32])
}

func testVectors[T Float](t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 4, 5, 7, 8, 31} {
		g := newGuarded[T](t)
		x, y, z, dst := g.vec(n), g.vec(n), g.vec(n), g.vec(n)
		check := func(name string, f func(i int) T) {
			t.Helper()
			for i := range n {
				if want := f(i); dst[i] != want {
					t.Fatalf("%s n=%d: entry %d is %v, want %v", name, n, i, dst[i], want)
				}
			}
		}
		copy(dst, y)
		Axpy(dst, 2.5, x)
		check("Axpy", func(i int) T { return y[i] + 2.5*x[i] })
		AxpyTo(dst, y, -1.5, x)
		check("AxpyTo", func(i int) T { return y[i] + -1.5*x[i] })
		ScaleTo(dst, 3, x)
		check("ScaleTo", func(i int) T { return 3 * x[i] })
		Scale(dst, 2)
		check("Scale", func(i int) T { return 2 * (3 * x[i]) })
		Fill(dst, 7)
		check("Fill", func(int) T { return 7 })
		Add(dst, x)
		check("Add", func(i int) T { return 7 + x[i] })
		copy(dst, y)
		Mul(dst, x)
		check("Mul", func(i int) T { return y[i] * x[i] })
		MulTo(dst, x, z)
		check("MulTo", func(i int) T { return x[i] * z[i] })
		copy(dst, y)
		MulAdd(dst, x, z)
		check("MulAdd", func(i int) T { return y[i] + x[i]*z[i] })
		Cube(dst, x)
		check("Cube", func(i int) T { return x[i] * x[i] * x[i] })
		copy(dst, y)
		MulCubeD(dst, x)
		check("MulCubeD", func(i int) T { return y[i] * (3 * x[i] * x[i]) })

		var dot, sum T
		for i := range n {
			dot += x[i] * y[i]
			sum += x[i]
		}
		near(t, "Dot", []T{Dot(x, y)}, []T{dot}, n)
		near(t, "Sum", []T{Sum(x)}, []T{sum}, n)
		g.check("vectors")
	}
}

func TestTranspose(t *testing.T) {
	eachType(t, testTranspose[float64], testTranspose[float32])
}

func testTranspose[T Float](t *testing.T) {
	more := append([]int{16, 18, 31, 33, 64}, sizes...)
	for _, m := range more {
		for _, n := range more {
			g := newGuarded[T](t)
			x, dst := g.vec(m*n), g.vec(m*n)
			Transpose(dst, x, m, n)
			for i, v := range transposed(x, m, n) {
				if dst[i] != v {
					t.Fatalf("%d×%d: entry %d is %v, want %v", m, n, i, dst[i], v)
				}
			}
			g.check("Transpose")
		}
	}
}

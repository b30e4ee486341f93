package kernel

import (
	"fmt"
	"math"
	"testing"
)

func TestSyrk(t *testing.T) { eachLevel(t, testSyrk) }

func testSyrk(t *testing.T) {
	for _, p := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 30, 53} {
		for _, rows := range []int{0, 1, 2, 5, 63, 64, 65, 131} {
			for _, zeros := range []string{"none", "blocks", "all"} {
				for _, weighted := range []bool{true, false} {
					name := fmt.Sprintf("P=%d/rows=%d/zeros=%s/weighted=%v", p, rows, zeros, weighted)
					g := newGuarded[float64](t)
					jac, w, m := g.vec(rows*p), g.vec(rows), g.vec(p*p)
					for i := range jac {
						r, c := i/p, i%p
						if zeros == "all" || zeros == "blocks" && (c/3+r/70)%2 == 0 {
							jac[i] = 0
						}
					}
					if !weighted {
						for i := range w {
							w[i] = 1
						}
					}
					want := clone(m)
					grad := g.vec(p)
					wantGrad := clone(grad)
					for r := range rows {
						for i := range p {
							wantGrad[i] += w[r] * jac[r*p+i]
							for j := range i + 1 {
								want[i*p+j] += w[r] * jac[r*p+i] * jac[r*p+j]
							}
						}
					}
					GemvT(grad, p, jac, w)
					near(t, name+" GemvT", grad, wantGrad, rows)
					if !weighted {
						w = nil
					}
					Syrk(m, p, jac, w)
					near(t, name, m, want, rows)
					SymmetrizeLower(m, p)
					for i := range p {
						for j := range p {
							if m[i*p+j] != m[j*p+i] {
								t.Fatalf("%s: not symmetric", name)
							}
						}
					}
					g.check(name)
				}
			}
		}
	}
}

// A NaN anywhere in the Jacobian shows in the normal matrix: it is no zero column.
func TestSyrkNaN(t *testing.T) { eachLevel(t, testSyrkNaN) }

func testSyrkNaN(t *testing.T) {
	jac := make([]float64, 6)
	jac[4] = math.NaN()
	g := make([]float64, 9)
	Syrk(g, 3, jac, nil)
	if !math.IsNaN(g[4]) {
		t.Errorf("g = %v", g)
	}
}

func TestSyrkAllocatesNothing(t *testing.T) { eachLevel(t, testSyrkAllocatesNothing) }

func testSyrkAllocatesNothing(t *testing.T) {
	const p, rows = 30, 100
	g, jac, w := make([]float64, p*p), make([]float64, rows*p), make([]float64, rows)
	for i := range jac {
		jac[i] = 1
	}
	if a := testing.AllocsPerRun(20, func() { Syrk(g, p, jac, w) }); a != 0 {
		t.Errorf("%v allocations", a)
	}
}

func BenchmarkSyrk(b *testing.B) { benchLevels(b, benchSyrk) }

func benchSyrk(b *testing.B) {
	const rows = 4000
	for _, p := range []int{30, 100, 252, 300} {
		jac, w, g := make([]float64, rows*p), make([]float64, rows), make([]float64, p*p)
		for i := range jac {
			jac[i] = math.Sin(float64(i)) + 2
		}
		b.Run(fmt.Sprintf("P=%d/rows=%d", p, rows), func(b *testing.B) {
			for b.Loop() {
				Syrk(g, p, jac, w)
			}
			gflops[float64](b, rows*p*(p+1))
		})
	}
}

package solvers

import (
	"math"
	"math/rand/v2"
	"testing"
)

// σI − J times the solution must give back the right-hand side, for matrices of every size and form.
func TestLinearSolves(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 4, 5, 8, 9, 16, 17, 33, 70, 150} {
		for _, band := range [][2]int{{-1, -1}, {0, 0}, {1, 1}, {2, 1}, {0, 3}, {3, 0}, {4, 7}} {
			spec := Jacobian{Banded: band[0] >= 0, Lower: max(0, band[0]), Upper: max(0, band[1])}
			if max(spec.Lower, spec.Upper) >= n {
				continue
			}
			l := newLinear(&spec, n)
			full := make([]float64, n*n)
			for i := range n {
				for j := range n {
					if spec.Banded && (j < i-spec.Lower || j > i+spec.Upper) || random.Float64() < 0.3 && i != j {
						continue
					}
					v := random.NormFloat64()
					full[i*n+j] = v
					if spec.Banded {
						l.j[i*l.width+j-i+spec.Lower] = v
					} else {
						l.j[i*n+j] = v
					}
				}
			}
			const sigma = 0.3
			if !l.factor(sigma) {
				t.Fatalf("n = %d, band %v: not factored", n, band)
			}
			x, b := make([]float64, n), make([]float64, n)
			for i := range x {
				x[i] = random.NormFloat64()
			}
			for i := range b {
				b[i] = sigma * x[i]
				for j := range x {
					b[i] -= full[i*n+j] * x[j]
				}
			}
			want := append([]float64(nil), b...)
			l.solve(b)
			top := 1.0
			for _, v := range b {
				top = max(top, math.Abs(v))
			}
			for i := range b {
				r := sigma*b[i] - want[i]
				for j := range x {
					r -= full[i*n+j] * b[j]
				}
				if math.Abs(r) > 1e-14*float64(n)*top {
					t.Fatalf("n = %d, band %v: residual %g", n, band, r)
				}
			}
		}
	}
}

func TestSingularMatrices(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 6, 8, 20, 150} {
		for name, v := range map[string]float64{"singular": 0, "NaN": math.NaN(), "infinite": math.Inf(1)} {
			l := newLinear(&Jacobian{}, n)
			l.j[n*n-1] = v
			if l.factor(0) {
				t.Errorf("n = %d: a %s matrix was factored", n, name)
			}
		}
	}
}

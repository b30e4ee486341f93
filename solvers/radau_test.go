package solvers

import (
	"math"
	"testing"
)

// radauA is the Radau IIA matrix, from the collocation conditions C(3).
func radauA() [3][3]float64 {
	s6 := math.Sqrt(6)
	return [3][3]float64{
		{(88 - 7*s6) / 360, (296 - 169*s6) / 1800, (-2 + 3*s6) / 225},
		{(296 + 169*s6) / 1800, (88 + 7*s6) / 360, (-2 - 3*s6) / 225},
		{(16 - s6) / 36, (16 + s6) / 36, 1.0 / 9},
	}
}

func times3(a, b [3][3]float64) (c [3][3]float64) {
	for i := range 3 {
		for j := range 3 {
			for l := range 3 {
				c[i][j] += a[i][l] * b[l][j]
			}
		}
	}
	return c
}

func isIdentity(t *testing.T, what string, m [3][3]float64) {
	t.Helper()
	for i := range 3 {
		for j := range 3 {
			want := 0.0
			if i == j {
				want = 1
			}
			if math.Abs(m[i][j]-want) > 1e-13 {
				t.Errorf("%s: entry %d, %d is %.16g", what, i, j, m[i][j])
			}
		}
	}
}

func TestRadauCoefficients(t *testing.T) {
	a := radauA()
	for q := 1; q <= 3; q++ { // C(3)
		for i := range 3 {
			var sum float64
			for j := range 3 {
				sum += a[i][j] * math.Pow(radauC[j], float64(q-1))
			}
			if want := math.Pow(radauC[i], float64(q)) / float64(q); math.Abs(sum-want) > 1e-15 {
				t.Errorf("C(%d), stage %d: %g, want %g", q, i+1, sum, want)
			}
		}
	}
	for q := 1; q <= 6; q++ { // B(5), and not B(6)
		var sum float64
		for j := range 3 {
			sum += a[2][j] * math.Pow(radauC[j], float64(q-1))
		}
		if d := math.Abs(sum - 1/float64(q)); (d < 1e-15) != (q <= 5) {
			t.Errorf("B(%d) missed by %g", q, d)
		}
	}
	isIdentity(t, "T T⁻¹", times3(radauT, radauTI))
	lambda := [3][3]float64{{radauGamma, 0, 0}, {0, radauAlpha, -radauBeta}, {0, radauBeta, radauAlpha}}
	isIdentity(t, "T Λ T⁻¹ A", times3(times3(times3(radauT, lambda), radauTI), a))
	var powers [3][3]float64
	for i, c := range radauC {
		powers[i] = [3]float64{c, c * c, c * c * c}
	}
	isIdentity(t, "polynomial", times3(powers, radauP))
}

// The embedded formula x + h γ₀ f(t, x) + Σ b̂_i f_i with γ₀ = 1/γ is of order 3: less x⁺ it is γ₀ h (f₀ + Σ e_i z_i
// / h).
func TestRadauErrorWeights(t *testing.T) {
	a := radauA()
	for q := 1; q <= 4; q++ { // against f = t^(q−1), of which z_i = h^q c_i^q/q
		var sum float64
		if q == 1 {
			sum = 1
		}
		for i := range 3 {
			var z float64
			for j := range 3 {
				z += a[i][j] * math.Pow(radauC[j], float64(q-1))
			}
			sum += radauE[i] * z
		}
		if (math.Abs(sum) < 1e-13) != (q <= 3) {
			t.Errorf("error of f = t^%d is %g", q-1, sum)
		}
	}
}

package approx

import (
	"math"
	"testing"
)

func TestPowers(t *testing.T) {
	for x := 1e-300; x < 1e300; x *= 1.0937 {
		if d := math.Abs(Log2(x) - math.Log2(x)); d > 5e-6 {
			t.Fatalf("log₂ %g is off by %g", x, d)
		}
	}
	for x := -700.0; x < 700; x += 0.0917 {
		if d := math.Abs(Exp2(x)/math.Exp2(x) - 1); d > 1e-7 {
			t.Fatalf("2^%g is off by %g", x, d)
		}
	}
}

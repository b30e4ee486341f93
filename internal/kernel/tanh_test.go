package kernel

import (
	"math"
	"math/big"
	"testing"
)

const bits = 200

func tanh1(x float64) float64 {
	v := [1]float64{x}
	TanhTo(v[:], v[:])
	return v[0]
}

func sigmoid1(x float64) float64 {
	v := [1]float64{x}
	SigmoidTo(v[:], v[:])
	return v[0]
}

// bigExpm1 returns eˣ − 1 in 200 bits: the argument is halved until it is
// small, and e²ʸ − 1 = (eʸ − 1)(eʸ − 1 + 2) doubles the series back.
func bigExpm1(x float64) *big.Float {
	v := new(big.Float).SetPrec(bits).SetFloat64(x)
	halvings := 0
	for v.Sign() != 0 && v.MantExp(nil) > -8 {
		v.Quo(v, big.NewFloat(2))
		halvings++
	}
	sum, term := new(big.Float).SetPrec(bits), new(big.Float).SetPrec(bits).SetInt64(1)
	for n := int64(1); n < 40; n++ {
		term.Mul(term, v)
		term.Quo(term, new(big.Float).SetPrec(bits).SetInt64(n))
		sum.Add(sum, term)
	}
	for range halvings {
		y2 := new(big.Float).SetPrec(bits).Add(sum, big.NewFloat(2))
		sum.Mul(sum, y2)
	}
	return sum
}

// ulps is |got − want| in units in the last place of want.
func ulps(got float64, want *big.Float) float64 {
	w, _ := want.Float64()
	d := new(big.Float).SetPrec(bits).SetFloat64(got)
	d.Sub(d, want)
	e, _ := d.Float64()
	u := math.Nextafter(math.Abs(w), math.Inf(1)) - math.Abs(w)
	return math.Abs(e) / u
}

func testPoints() []float64 {
	var p []float64
	for x := -21.9; x < 21.9; x += 0.00937 {
		p = append(p, x)
	}
	for x := 1e-300; x < 45; x *= 1.31 {
		p = append(p, x, -x)
	}
	for k := -700; k <= 700; k++ { // borders of the table
		x := (float64(k) + 0.5) / 32
		p = append(p, x, math.Nextafter(x, 0), math.Nextafter(x, 100))
	}
	for k := -60; k <= 60; k++ { // borders of the reduction of the logistic function
		x := (float64(k) + 0.5) * math.Ln2 / 2
		p = append(p, x, math.Nextafter(x, 0), math.Nextafter(x, 100))
	}
	return p
}

func TestTanhAgainstBig(t *testing.T) { eachLevel(t, testTanhAgainstBig) }

func testTanhAgainstBig(t *testing.T) {
	worst, at := 0.0, 0.0
	for _, x := range testPoints() {
		e := bigExpm1(2 * x)
		want := new(big.Float).SetPrec(bits).Quo(e, new(big.Float).SetPrec(bits).Add(e, big.NewFloat(2)))
		if u := ulps(tanh1(x), want); u > worst {
			worst, at = u, x
		}
		if tanh1(-x) != -tanh1(x) {
			t.Errorf("not odd at %v", x)
		}
	}
	t.Logf("largest error %.3f ulp at %v", worst, at)
	if worst > 2 {
		t.Errorf("error %.3f ulp at %v, limit 2", worst, at)
	}
}

func TestSigmoidAgainstBig(t *testing.T) { eachLevel(t, testSigmoidAgainstBig) }

func testSigmoidAgainstBig(t *testing.T) {
	worst, at := 0.0, 0.0
	for _, x := range testPoints() {
		e := bigExpm1(-x)
		want := new(big.Float).SetPrec(bits).Quo(big.NewFloat(1), e.Add(e, big.NewFloat(2)))
		if u := ulps(sigmoid1(x), want); u > worst {
			worst, at = u, x
		}
	}
	t.Logf("largest error %.3f ulp at %v", worst, at)
	if worst > 2.5 {
		t.Errorf("error %.3f ulp at %v, limit 2.5", worst, at)
	}
}

func TestSpecialValues(t *testing.T) { eachLevel(t, testSpecialValues) }

func testSpecialValues(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"tanh ∞", tanh1(inf), 1}, {"tanh −∞", tanh1(-inf), -1}, {"tanh 25", tanh1(25), 1}, {"tanh 21.99", tanh1(21.99), 1},
		{"tanh 0", tanh1(0), 0}, {"tanh tiny", tanh1(5e-324), 5e-324}, {"sigmoid 0", sigmoid1(0), 0.5},
		{"sigmoid ∞", sigmoid1(inf), 1}, {"sigmoid −∞", sigmoid1(-inf), 0}, {"sigmoid 50", sigmoid1(50), 1},
		{"sigmoid −700", sigmoid1(-700), math.Exp(-700)},
	} {
		if c.got != c.want {
			t.Errorf("%s = %v, want %v", c.name, c.got, c.want)
		}
	}
	if v := tanh1(nan); v == v {
		t.Error("tanh NaN is a number")
	}
	if v := sigmoid1(nan); v == v {
		t.Error("sigmoid NaN is a number")
	}
}

func BenchmarkTanh(b *testing.B) { benchLevels(b, benchTanh) }

func benchTanh(b *testing.B) {
	x := make([]float64, 1000)
	y := make([]float64, 1000)
	for i := range x {
		x[i] = math.Sin(float64(i)) * 3
	}
	b.Run("fn=kernel", func(b *testing.B) {
		for b.Loop() {
			TanhTo(y, x)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/elem")
	})
	b.Run("fn=math", func(b *testing.B) {
		for b.Loop() {
			for i, v := range x {
				y[i] = math.Tanh(v)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/elem")
	})
}

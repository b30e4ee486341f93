package kernel

import (
	"fmt"
	"math"
	"testing"
)

// direct are the definitions, by package math.
var direct = map[Activation]func(z float64) float64{
	Linear:   func(z float64) float64 { return z },
	Tanh:     math.Tanh,
	Sigmoid:  func(z float64) float64 { return 1 / (1 + math.Exp(-z)) },
	Softplus: func(z float64) float64 { return math.Log(1 + math.Exp(z)) },
	ReLU:     func(z float64) float64 { return math.Max(z, 0) },
	Sine:     math.Sin,
	GELU:     func(z float64) float64 { return z * 0.5 * (1 + math.Erf(z/math.Sqrt2)) },
}

func TestActivations(t *testing.T) { eachLevel(t, testActivations) }

func testActivations(t *testing.T) {
	for act := Linear; act <= GELU; act++ {
		for z := -7.95; z < 8; z += 0.1 {
			h, d, e := []float64{0}, []float64{0}, []float64{0}
			at := func(z float64) (float64, float64) {
				h, d := []float64{0}, []float64{0}
				ApplyD1(act, h, d, []float64{z})
				return h[0], d[0]
			}
			ApplyD2(act, h, d, e, []float64{z})
			if want := direct[act](z); math.Abs(h[0]-want) > 1e-14*(1+math.Abs(want)) {
				t.Errorf("activation %d at %v: %v, want %v", act, z, h[0], want)
			}
			const s = 1e-3
			h1, d1 := at(z + s)
			h0, d0 := at(z - s)
			h2, d2 := at(z + 2*s)
			h3, d3 := at(z - 2*s)
			want1 := (8*(h1-h0) - (h2 - h3)) / (12 * s)
			want2 := (8*(d1-d0) - (d2 - d3)) / (12 * s)
			if math.Abs(d[0]-want1) > 1e-10 || math.Abs(e[0]-want2) > 1e-10 {
				t.Errorf("activation %d at %v: derivatives %v, %v, differences %v, %v", act, z, d[0], e[0], want1, want2)
			}
			y := []float64{1}
			if act.FromValue() {
				if MulD1(act, y, h); y[0] != d[0] {
					t.Errorf("activation %d at %v: MulD1 %v, ApplyD1 %v", act, z, y[0], d[0])
				}
			}
		}
	}
}

// Values far out keep their relative accuracy; NaN stays NaN.
func TestActivationTails(t *testing.T) { eachLevel(t, testActivationTails) }

func testActivationTails(t *testing.T) {
	for _, c := range []struct {
		act  Activation
		z    float64
		want float64
	}{
		{Softplus, -50, math.Exp(-50)}, {Softplus, -740, math.Exp(-740)}, {Softplus, 800, 800},
		{Sigmoid, -100, math.Exp(-100)}, {Sigmoid, 100, 1},
		{GELU, -20, -20 * 0.5 * math.Erfc(20/math.Sqrt2)}, {GELU, 40, 40},
		{ReLU, -1, 0}, {Tanh, 30, 1}, {Tanh, -1e300, -1},
	} {
		h := []float64{0}
		Apply(c.act, h, []float64{c.z})
		// 1e-12: an error of one unit in z = −20 moves Φ by z² = 400 units.
		if math.Abs(h[0]-c.want) > 1e-12*math.Abs(c.want)+5e-324 {
			t.Errorf("activation %d at %v: %v, want %v", c.act, c.z, h[0], c.want)
		}
	}
	for act := Linear; act <= GELU; act++ {
		h, d := []float64{0}, []float64{0}
		ApplyD1(act, h, d, []float64{math.NaN()})
		if !math.IsNaN(h[0]) {
			t.Errorf("activation %d of NaN is %v", act, h[0])
		}
	}
}

func TestUnknownActivationPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Apply(Activation(99), []float64{1}, []float64{1})
}

func BenchmarkActivation(b *testing.B) { benchLevels(b, benchActivation) }

func benchActivation(b *testing.B) {
	z, h, d := make([]float64, 1000), make([]float64, 1000), make([]float64, 1000)
	for i := range z {
		z[i] = 3 * math.Sin(float64(i))
	}
	for act := Tanh; act <= GELU; act++ {
		b.Run(fmt.Sprintf("act=%d", act), func(b *testing.B) {
			for b.Loop() {
				ApplyD1(act, h, d, z)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/elem")
		})
	}
}

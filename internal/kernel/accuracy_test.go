package kernel

import (
	"math"
	"math/big"
	"testing"
)

// Functions of 200 bits, against which the kernels are measured.

func bigOf(x float64) *big.Float { return new(big.Float).SetPrec(bits).SetFloat64(x) }

func bigExp(x float64) *big.Float { return bigExpOf(bigOf(x)) }

// bigLog solves eʸ = x by Newton's method from the logarithm in float64.
func bigLog(x *big.Float) *big.Float {
	v, _ := x.Float64()
	y := bigOf(log1(v))
	for range 4 {
		// y += 2(x − eʸ)/(x + eʸ), cubically convergent; eʸ from the two parts of y.
		e := bigExpOf(y)
		num := new(big.Float).SetPrec(bits).Sub(x, e)
		den := new(big.Float).SetPrec(bits).Add(x, e)
		num.Quo(num, den)
		y.Add(y, num.Add(num, num))
	}
	return y
}

// bigExpOf is the exponential function of a number that is no float64.
func bigExpOf(y *big.Float) *big.Float {
	v := new(big.Float).SetPrec(bits).Set(y)
	halvings := 0
	for v.Sign() != 0 && v.MantExp(nil) > -8 {
		v.Quo(v, big.NewFloat(2))
		halvings++
	}
	sum, term := bigOf(1), bigOf(1)
	for n := int64(1); n < 40; n++ {
		term.Mul(term, v)
		term.Quo(term, bigOf(float64(n)))
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	return sum
}

// bigSin and bigCos are Taylor series; 400 bits leave enough where the terms of 50 radians cancel.
func bigSin(x float64) *big.Float { return bigTrig(x, 1) }
func bigCos(x float64) *big.Float { return bigTrig(x, 0) }

func bigTrig(x float64, first int64) *big.Float {
	const prec = 600
	v := new(big.Float).SetPrec(prec).SetFloat64(x)
	square := new(big.Float).SetPrec(prec).Mul(v, v)
	sum, term := new(big.Float).SetPrec(prec), new(big.Float).SetPrec(prec).SetInt64(1)
	if first == 1 {
		term.Set(v)
	}
	for n := first; n < 1200; n += 2 {
		sum.Add(sum, term)
		term.Mul(term, square)
		term.Quo(term, new(big.Float).SetPrec(prec).SetInt64(-(n+1)*(n+2)))
		if term.Sign() == 0 || term.MantExp(nil) < -500 {
			break
		}
	}
	return sum
}

// bigNormal is Φ(x): ½ + φ(x)(x + x³/3 + x⁵/15 + …).
func bigNormal(x float64) *big.Float {
	const prec = 1400
	v := new(big.Float).SetPrec(prec).SetFloat64(x)
	square := new(big.Float).SetPrec(prec).Mul(v, v)
	sum, term := new(big.Float).SetPrec(prec), new(big.Float).SetPrec(prec).Set(v)
	for n := int64(1); n < 9000; n += 2 {
		sum.Add(sum, term)
		term.Mul(term, square)
		term.Quo(term, new(big.Float).SetPrec(prec).SetInt64(n+2))
		if term.Sign() == 0 || term.MantExp(nil) < -1300 {
			break
		}
	}
	sum.Mul(sum, bigDensity(x, prec))
	return sum.Add(sum, big.NewFloat(0.5))
}

// bigDensity is Φ'(x) = e^(−x²/2)/√(2π).
func bigDensity(x float64, prec uint) *big.Float {
	v := new(big.Float).SetPrec(prec).SetFloat64(x)
	v.Mul(v, v)
	v.Quo(v, big.NewFloat(-2))
	halvings := 0
	for v.Sign() != 0 && v.MantExp(nil) > -8 {
		v.Quo(v, big.NewFloat(2))
		halvings++
	}
	sum, term := new(big.Float).SetPrec(prec).SetInt64(1), new(big.Float).SetPrec(prec).SetInt64(1)
	for n := int64(1); n < 600; n++ {
		term.Mul(term, v)
		term.Quo(term, new(big.Float).SetPrec(prec).SetInt64(n))
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	root := new(big.Float).SetPrec(prec).Mul(bigPi(prec), big.NewFloat(2))
	return sum.Quo(sum, root.Sqrt(root))
}

func bigPi(prec uint) *big.Float {
	arctan := func(n int64) *big.Float {
		x := new(big.Float).SetPrec(prec).Quo(big.NewFloat(1).SetPrec(prec), new(big.Float).SetInt64(n))
		square := new(big.Float).SetPrec(prec).Mul(x, x)
		sum := new(big.Float).SetPrec(prec)
		for k := int64(1); x.MantExp(nil) > -int(prec); k += 2 {
			t := new(big.Float).SetPrec(prec).Quo(x, new(big.Float).SetInt64(k))
			if k%4 == 3 {
				t.Neg(t)
			}
			sum.Add(sum, t)
			x.Mul(x, square)
		}
		return sum
	}
	a, b := arctan(5), arctan(239)
	a.Mul(a, big.NewFloat(16))
	b.Mul(b, big.NewFloat(4))
	return a.Sub(a, b)
}

func one(f func(h, x []float64), x float64) float64 {
	v := [1]float64{x}
	f(v[:], v[:])
	return v[0]
}

// measure reports the largest error of f in units in the last place of the exact value, or of scale where it is larger, which
// may not exceed limit.
func measure(t *testing.T, name string, points []float64, limit float64, f func(h, x []float64), exact func(x float64) (want *big.Float, scale float64)) {
	t.Helper()
	worst, at := 0.0, 0.0
	got := make([]float64, len(points))
	f(got, points)
	for i, x := range points {
		want, scale := exact(x)
		w, _ := want.Float64()
		if math.IsInf(w, 0) {
			if got[i] != w {
				t.Errorf("%s of %v is %v, want %v", name, x, got[i], w)
			}
			continue
		}
		d := new(big.Float).SetPrec(bits).SetFloat64(got[i])
		e, _ := d.Sub(d, want).Float64()
		size := max(math.Abs(w), scale)
		if u := math.Abs(e) / (math.Nextafter(size, math.Inf(1)) - size); u > worst || u != u {
			worst, at = u, x
		}
	}
	t.Logf("%s: largest error %.3f ulp at %v", name, worst, at)
	if !(worst <= limit) {
		t.Errorf("%s: error %.3f ulp at %v, limit %v", name, worst, at, limit)
	}
}

func TestExpAgainstBig(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		var points []float64
		for x := -747.3; x < 712; x += 0.731 {
			points = append(points, x, x/700)
		}
		points = append(points, 709.782712893384, 709.7827128933841, -745.1332191019412, -745.13321910194122, -708.4, 0, 1e-300, math.Inf(1), math.Inf(-1))
		measure(t, "exp", points, 2, ExpTo[float64], func(x float64) (*big.Float, float64) {
			switch {
			case math.IsInf(x, 1):
				return new(big.Float).SetInf(false), 0
			case math.IsInf(x, -1):
				return new(big.Float), 0
			}
			return bigExp(x), 0
		})
		if v := one(ExpTo[float64], math.NaN()); v == v {
			t.Errorf("exp NaN = %v", v)
		}
	})
}

func TestLogAgainstBig(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		points := []float64{1, math.Nextafter(1, 2), math.Nextafter(1, 0), math.Sqrt2, math.Sqrt2 / 2, math.MaxFloat64, 0x1p-1022, 5e-324, 1e-310}
		for x := 1e-300; x < 1e300; x *= 3.1 {
			points = append(points, x)
		}
		for x := 0.3; x < 3; x += 0.0073 {
			points = append(points, x)
		}
		measure(t, "log", points, 4, LogTo[float64], func(x float64) (*big.Float, float64) { return bigLog(bigOf(x)), 0 })
		for _, c := range [][2]float64{{0, math.Inf(-1)}, {math.Inf(1), math.Inf(1)}} {
			if v := one(LogTo[float64], c[0]); v != c[1] {
				t.Errorf("log %v = %v, want %v", c[0], v, c[1])
			}
		}
		for _, x := range []float64{-1, math.NaN(), math.Inf(-1)} {
			if v := one(LogTo[float64], x); v == v {
				t.Errorf("log %v = %v", x, v)
			}
		}
	})
}

// curve points for activations: dense where they bend, and far out.
func curvePoints() []float64 {
	var p []float64
	for x := -9.0; x < 9; x += 0.0171 {
		p = append(p, x)
	}
	for x := 1e-17; x < 1000; x *= 1.7 {
		p = append(p, x, -x)
	}
	return append(p, 0)
}

func TestSoftplusAgainstBig(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		d := func(h, x []float64) { softplus(make([]float64, len(x)), h, x) }
		measure(t, "softplus", curvePoints(), 4, func(h, x []float64) { softplus(h, nil, x) }, func(x float64) (*big.Float, float64) {
			if x < -100 {
				return bigExp(x), 0 // the next term is 40 digits smaller
			}
			return bigLog(new(big.Float).SetPrec(bits).Add(bigOf(1), bigExp(x))), 0
		})
		measure(t, "derivative of softplus", curvePoints(), 4, d, func(x float64) (*big.Float, float64) {
			e := bigExp(-x)
			return new(big.Float).SetPrec(bits).Quo(bigOf(1), e.Add(e, bigOf(1))), 0
		})
	})
}

func TestSineAgainstBig(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		var points []float64
		for _, x := range curvePoints() {
			if math.Abs(x) < 200 {
				points = append(points, x)
			}
		}
		for k := range 60 { // where the value is small, and where the quadrants meet
			for _, x := range []float64{float64(k) * math.Pi / 2, float64(k)*math.Pi/2 + math.Pi/4} {
				points = append(points, x, math.Nextafter(x, 0), -math.Nextafter(x, 1000))
			}
		}
		scale := 0.0
		if simd == portable {
			scale = 1 // package math, which reduces less exactly near multiples of π
		}
		measure(t, "sin", points, 4, func(h, x []float64) { sine(h, nil, x) }, func(x float64) (*big.Float, float64) { return bigSin(x), scale })
		measure(t, "cos", points, 4, func(h, x []float64) { sine(make([]float64, len(x)), h, x) }, func(x float64) (*big.Float, float64) { return bigCos(x), scale })

		// Farther out package math, which reduces exactly, is the measure, in units of 1.
		far := []float64{51470.999, 51471.001, -51471.5, 1e6, -1e9, 1e300, 47123.889803846896, 22}
		for x := 200.0; x < 51471; x += 17.7713 {
			far = append(far, x, -x, math.Round(x/math.Pi)*math.Pi)
		}
		h, d := make([]float64, len(far)), make([]float64, len(far))
		sine(h, d, far)
		for i, x := range far {
			if s, c := math.Sincos(x); math.Abs(h[i]-s) > 4.5e-16 || math.Abs(d[i]-c) > 4.5e-16 {
				t.Errorf("at %v: %v, %v, want %v, %v", x, h[i], d[i], s, c)
			}
		}
	})
}

// The derivative of GELU vanishes at −0.75, a difference of two numbers: its error is measured in units of the larger.
func TestGELUAgainstBig(t *testing.T) {
	var points []float64
	for x := -38.5; x < 12; x += 0.2531 {
		points = append(points, x)
	}
	for x := 1e-17; x < 1; x *= 3.3 {
		points = append(points, x, -x)
	}
	cdf := map[float64]*big.Float{}
	for _, x := range points {
		cdf[x] = bigNormal(x)
	}
	eachLevel(t, func(t *testing.T) {
		least := 0.0
		if simd == portable {
			least = 0x1p-1015 // Φ is subnormal before it is multiplied by x
		}
		measure(t, "GELU", points, 4, func(h, x []float64) { gelu(h, nil, x) }, func(x float64) (*big.Float, float64) {
			return new(big.Float).SetPrec(1400).Mul(cdf[x], bigOf(x)), least
		})
		measure(t, "derivative of GELU", points, 4, func(h, x []float64) { gelu(make([]float64, len(x)), h, x) }, func(x float64) (*big.Float, float64) {
			slope := bigDensity(x, 300)
			slope.Mul(slope, bigOf(x))
			a, _ := slope.Float64()
			return slope.SetPrec(1400).Add(slope, cdf[x]), max(math.Abs(a), least)
		})
	})
}

// In float32 package math, with 29 bits more, is exact enough. Every function is measured over the whole range of numbers.
func TestSinglesOverAllNumbers(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit float64
		f     func(h, x []float32)
		exact func(x float64) float64
	}{
		{"tanh", 2, tanh[float32], math.Tanh},
		{"exp", 2, exp[float32], math.Exp},
		{"log", 1, log[float32], math.Log},
		{"sigmoid", 4, sigmoid[float32], func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }},
		{"softplus", 1, func(h, x []float32) { softplus(h, nil, x) }, func(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }},
		{"derivative of softplus", 1, func(h, x []float32) { softplus(make([]float32, len(x)), h, x) }, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }},
		{"sine", 1, func(h, x []float32) { sine(h, nil, x) }, math.Sin},
		{"cosine", 1, func(h, x []float32) { sine(make([]float32, len(x)), h, x) }, math.Cos},
		{"GELU", 1, func(h, x []float32) { gelu(h, nil, x) }, func(x float64) float64 {
			return math.Max(x, -geluOut) * 0.5 * math.Erfc(-x/math.Sqrt2)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachLevel(t, func(t *testing.T) {
				x, h := make([]float32, 0, 4096), make([]float32, 4096)
				worst, at := 0.0, float32(0)
				check := func() {
					c.f(h[:len(x)], x)
					for i, v := range x {
						got, want := float64(h[i]), c.exact(float64(v))
						w := float32(want)
						switch {
						case want != want || math.IsInf(float64(w), 0):
							if got != float64(w) && (got == got || want == want) {
								t.Fatalf("%v: %v, want %v", v, got, want)
							}
							continue
						}
						size := max(float32(math.Abs(want)), 0)
						ulp := float64(math.Nextafter32(size, float32(math.Inf(1)))) - float64(size)
						if u := math.Abs(got-want) / ulp; !(u <= worst) {
							worst, at = u, v
						}
					}
					x = x[:0]
				}
				for b := uint64(0); b < 1<<32; b += 19937 {
					x = append(x, math.Float32frombits(uint32(b)))
					if len(x) == cap(x) {
						check()
					}
				}
				check()
				t.Logf("largest error %.3f ulp at %v", worst, at)
				if !(worst <= c.limit) {
					t.Errorf("error %.3f ulp at %v, limit %v", worst, at, c.limit)
				}
			})
		})
	}
}

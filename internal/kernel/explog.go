package kernel

import "math"

// ExpTo computes dst[i] = exp(x[i]), within 2 units in the last place. dst may be x.
func ExpTo[T Float](dst, x []T) {
	x = x[:len(dst)]
	exp(dst, x)
}

// LogTo computes dst[i] = ln(x[i]), within 4 units in the last place. dst may be x.
func LogTo[T Float](dst, x []T) {
	x = x[:len(dst)]
	log(dst, x)
}

func expGo[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = T(exp1(float64(v)))
	}
}

func logGo[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = T(log1(float64(v)))
	}
}

// exp1 is math.Exp, which on amd64 overflows too early.
func exp1(x float64) float64 {
	const e709 = 8.218407461554972e+307
	if x > 709 {
		return e709 * math.Exp(x-709)
	}
	return math.Exp(x)
}

// log1 is math.Log, which on amd64 takes subnormal numbers for larger ones.
func log1(x float64) float64 {
	if x > 0 && x < 0x1p-1022 {
		return math.Log(x*0x1p54) - 54*math.Ln2
	}
	return math.Log(x)
}

// softplusGo computes h[i] = ln(1 + exp z[i]) and, where d is not nil, d[i] = 1/(1 + exp −z[i]).
func softplusGo[T Float](h, d, z []T) {
	z = z[:len(h)]
	for i, v := range z {
		e := math.Exp(-math.Abs(float64(v)))
		h[i] = T(math.Max(float64(v), 0) + math.Log1p(e))
		if d == nil {
			continue
		}
		s := 1 / (1 + e)
		if v < 0 {
			s *= e
		}
		d[i] = T(s)
	}
}

// sineGo computes h[i] = sin z[i] and, where d is not nil, d[i] = cos z[i].
func sineGo[T Float](h, d, z []T) {
	z = z[:len(h)]
	for i, v := range z {
		if d == nil {
			h[i] = T(math.Sin(float64(v)))
			continue
		}
		s, c := math.Sincos(float64(v))
		h[i], d[i] = T(s), T(c)
	}
}

// geluOut is where the tail of the normal distribution vanishes.
const geluOut = 40

// geluGo computes h[i] = z[i]·Φ(z[i]) and, where d is not nil, d[i] = Φ(z[i]) + z[i]·Φ'(z[i]).
func geluGo[T Float](h, d, z []T) {
	z = z[:len(h)]
	for i, v := range z {
		x := max(float64(v), -geluOut) // also where it is infinite
		c := normalCDF(x)
		h[i] = T(x * c)
		if d != nil {
			x = min(x, geluOut)
			d[i] = T(c + x*normalDensity(x))
		}
	}
}

// normalCDF returns Φ(x) = ½ erfc(−x/√2). The rounding error of the argument, which far out moves the result by hundreds of units in
// the last place, is made good to first order.
func normalCDF(x float64) float64 {
	const sqrt2Low = -9.667293313452913e-17 // √2 less its float64
	y := -x / math.Sqrt2
	rest := -(math.FMA(y, math.Sqrt2, x) + y*sqrt2Low) / math.Sqrt2
	return 0.5*math.Erfc(y) - rest*math.Exp(-y*y)/math.Sqrt(math.Pi)
}

// geluCurvature computes e[i] = Φ'(z[i])(2 − z[i]²).
func geluCurvature[T Float](e, z []T) {
	for i, v := range z {
		x := min(max(float64(v), -geluOut), geluOut)
		e[i] = T(normalDensity(x) * (2 - x*x))
	}
}

// normalDensity returns Φ'(z) = e^(−z²/2)/√(2π), with the square in two parts.
func normalDensity(z float64) float64 {
	const root = 0.39894228040143267793994605993438186847585863116493
	square := z * z
	return root * math.Exp(-0.5*square) * (1 - 0.5*math.FMA(z, z, -square))
}

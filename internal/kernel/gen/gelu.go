package main

import (
	"math/big"
	"slices"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The tail of the normal distribution is 1 − Φ(a) = exp(−a²/2)·G(t)/(1 + a), a ≥ 0, with t = (a − c)/(a + c) between −1 and 1 and
// a polynomial G (after Shepherd & Laframboise, Mathematics of Computation 36 (1981) 249–253).
const (
	tailCentre = 5.5
	tailDegree = 26
)

func tailPolynomial(t *big.Float) *big.Float {
	a := quo(prod(number(tailCentre), plus(number(1), t)), minus(number(1), t))
	return prod(normalTail(a), plus(number(1), a))
}

// gelus writes z·Φ(z).
func gelus(g *gen) {
	g.masks()
	double := map[string]float64{
		"centre": tailCentre, "outmost": 40, "minus outmost": -40, "minus half": -0.5, "root": 0.39894228040143267793994605993438,
		"far": 30, "shift": 128, "small": 0x1p-128,
	}
	for i, v := range fit(tailPolynomial, -1, 1, tailDegree) {
		double[term("g", i)] = v
	}
	g.declare(slices.Concat(exponentialConstants(), numbers(double), []constant{{name: "sign", bits: 1 << 63}})...)
	g.wide("gelu", "func(h, x *float64, n int)", []string{"h"}, []string{"gelu computes h[i] = x[i]·Φ(x[i]) for i < n, Φ the normal distribution function."},
		func(x, _ reg.VecVirtual) []reg.VecVirtual {
			phi, _, unit := g.normal(x)
			g.do(g.mul, x, phi, phi)
			g.do(g.mul, unit, phi, phi)
			return []reg.VecVirtual{phi}
		})
	g.wide("geluD", "func(h, d, x *float64, n int)", []string{"h", "d"},
		[]string{"geluD computes h[i] = x[i]·Φ(x[i]) and d[i] = Φ(x[i]) + x[i]·Φ′(x[i]) for i < n."},
		func(x, _ reg.VecVirtual) []reg.VecVirtual {
			phi, e, unit := g.normal(x)
			h := g.reg()
			g.do(g.mul, x, phi, h)
			g.do(g.mul, unit, h, h)
			g.do(g.mul, g.c("root"), e, e)
			g.clamp(x, "", "outmost") // e is zero there, and x may be infinite
			g.do(g.fma, x, e, phi)
			g.do(g.mul, unit, phi, phi)
			return []reg.VecVirtual{h, phi}
		})
}

// normal returns Φ(x) and exp(−x²/2), both over a power of two, unit, and bounds x from below where Φ vanishes.
func (g *gen) normal(x reg.VecVirtual) (phi, e, unit reg.VecVirtual) {
	unit = g.reg()
	g.clamp(x, "minus outmost", "")
	a, square, rest, b := g.reg(), g.reg(), g.reg(), g.reg()
	g.do(g.move, g.c("sign"), b)
	g.do(g.andn, x, b, a)
	g.clamp(a, "", "outmost")
	// The square in two parts: an error of one unit in the last place of 700 moves the exponential function by as many.
	g.do(g.mul, a, a, square)
	g.do(g.move, square, rest)
	g.do(g.VFMSUB231PD, a, a, rest)
	g.do(g.mul, g.c("minus half"), square, square)
	g.do(g.mul, g.c("minus half"), rest, rest)
	g.clamp(square, "bottom", "")
	// Far out everything is larger by 2¹²⁸ for a while, so that only the results are rounded as subnormal numbers.
	shift := g.reg()
	g.do(g.move, g.c("one"), unit)
	if g.avx512 {
		k := g.K()
		g.do(g.VCMPPD, operand.U8(notLess), g.c("far"), a, k)
		g.VMOVUPD_Z(g.c("shift"), k, shift)
		g.do(g.move, g.c("small"), k, unit)
	} else {
		far := g.reg()
		g.do(g.VCMPPD, operand.U8(notLess), g.c("far"), a, far)
		g.do(g.and, g.c("shift"), far, shift)
		g.blend(far, g.c("small"), unit, unit)
	}
	e = g.shiftedExp(square, shift)
	g.do(g.fma, e, rest, e)

	t, q, den := g.reg(), g.reg(), g.reg()
	g.do(g.sub, g.c("centre"), a, t)
	g.do(g.add, g.c("centre"), a, b)
	g.do(g.div, b, t, t)
	g.polynomial(q, t, "g", tailDegree)
	g.do(g.add, g.c("one"), a, den)
	g.do(g.div, den, q, q)
	g.do(g.mul, e, q, q)
	// Φ is 1 − q where x ≥ 0, and 1 over unit is 1 or 2¹²⁸.
	phi = g.reg()
	g.do(g.move, g.c("one"), den)
	g.do(g.div, unit, den, den)
	g.do(g.sub, q, den, den)
	if g.avx512 {
		k := g.K()
		g.VPMOVQ2M(x, k)
		g.do(g.move, den, phi)
		g.do(g.move, q, k, phi)
	} else {
		g.blend(x, q, den, phi)
	}
	return phi, e, unit
}

package main

import (
	"slices"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The bits of π/2 in three parts, of which the first two have 33 bits, so that up to 2²⁰ times them is exact (Cody & Waite 1980;
// the parts are those of fdlibm).
const (
	halfPi1 = 0x1.921fb544p+00
	halfPi2 = 0x1.0b4611a6p-34
	halfPi3 = 0x1.3198a2e037073p-69

	sineBound = 51471 // 2¹⁵·π/2
)

// sines writes sin, and sin and cos.
func sines(g *gen) {
	g.masks()
	double := map[string]float64{
		"one": 1, "half": 0.5, "two over pi": 0.63661977236758134308, "magic": 0x1.8p52, "pi1": halfPi1, "pi2": halfPi2, "pi3": halfPi3,
		"bound": sineBound, "minus bound": -sineBound,
	}
	const quarter = 0.617 // (π/4)²
	for i, v := range fit(sineQuotient, 0, quarter, sineDegree) {
		double[term("s", i)] = v
	}
	for i, v := range fit(cosineQuotient, 0, quarter, cosineDegree) {
		double[term("c", i)] = v
	}
	g.declare(slices.Concat(numbers(double), []constant{{name: "sign", bits: 1 << 63}, {name: "integer one", bits: 1}})...)
	doc := "for i < n but where not |x[i]| ≤ 51471, and returns 0 if there is no such x[i]."
	g.wide("sine", "func(h, x *float64, n int) int", []string{"h"}, []string{"sine computes h[i] = sin x[i] " + doc},
		func(x, flag reg.VecVirtual) []reg.VecVirtual {
			s, c, m := g.sincos(x, flag)
			return []reg.VecVirtual{g.turned(s, c, m)}
		})
	g.wide("sineD", "func(h, d, x *float64, n int) int", []string{"h", "d"},
		[]string{"sineD computes h[i] = sin x[i] and d[i] = cos x[i]", doc},
		func(x, flag reg.VecVirtual) []reg.VecVirtual {
			s, c, m := g.sincos(x, flag)
			h := g.turned(s, c, m)
			g.do(g.VPADDQ, g.c("integer one"), m, m)
			return []reg.VecVirtual{h, g.turned(s, c, m)}
		})
}

const (
	sineDegree   = 6 // of (sin(r)/r − 1)/r² in r²
	cosineDegree = 5 // of (cos r − 1 + r²/2)/r⁴ in r²
)

// sincos returns sin r and cos r where x = k·π/2 + r, |r| ≤ π/4, with k in the lowest bits of m.
func (g *gen) sincos(x, flag reg.VecVirtual) (s, c, m reg.VecVirtual) {
	g.unless(flag, x, "minus bound", "bound")
	k, w, r, t, u := g.reg(), g.reg(), g.reg(), g.reg(), g.reg()
	m = g.reg()
	g.do(g.move, g.c("magic"), m)
	g.do(g.fma, g.c("two over pi"), x, m)
	g.do(g.sub, g.c("magic"), m, k)
	g.do(g.fnma, g.c("pi1"), k, x) // exact
	g.do(g.mul, g.c("pi2"), k, w)  // exact
	g.do(g.sub, w, x, r)
	// t is the error of r = x − w (Knuth's sum of two), less k·π₃: it counts where r is small.
	g.do(g.sub, x, r, t)
	g.do(g.sub, t, r, u)
	g.do(g.sub, u, x, u)
	g.do(g.add, w, t, t)
	g.do(g.sub, t, u, t)
	g.do(g.fnma, g.c("pi3"), k, t)

	z, half, q := g.reg(), g.reg(), g.reg()
	g.do(g.mul, r, r, z)
	g.do(g.mul, g.c("half"), z, half)
	// sin(r + t) = r + (r³s(r²) + t(1 − r²/2))
	s = g.reg()
	g.polynomial(q, z, "s", sineDegree)
	g.do(g.mul, r, z, s)
	g.do(g.mul, s, q, s)
	one := g.reg()
	g.do(g.move, g.c("one"), one)
	g.do(g.sub, half, one, w)
	g.do(g.fma, w, t, s)
	g.do(g.add, r, s, s)
	// cos(r + t) = w + (((1 − w) − r²/2) + (r⁴c(r²) − rt)), w = 1 − r²/2
	c = g.reg()
	g.polynomial(q, z, "c", cosineDegree)
	g.do(g.sub, w, one, c)
	g.do(g.sub, half, c, c)
	g.do(g.mul, z, z, z)
	g.do(g.fma, q, z, c)
	g.do(g.fnma, r, t, c)
	g.do(g.add, w, c, c)
	return s, c, m
}

// turned returns s, c, −s or −c for the two lowest bits of m.
func (g *gen) turned(s, c, m reg.VecVirtual) reg.VecVirtual {
	odd, sign, out := g.reg(), g.reg(), g.reg()
	g.do(g.VPSLLQ, operand.U8(63), m, odd)
	g.do(g.VPSLLQ, operand.U8(62), m, sign)
	g.do(g.and, g.c("sign"), sign, sign)
	if g.avx512 {
		k := g.K()
		g.VPMOVQ2M(odd, k)
		g.do(g.move, s, out)
		g.do(g.move, c, k, out)
	} else {
		g.blend(odd, c, s, out)
	}
	g.do(g.VXORPD, sign, out, out)
	return out
}

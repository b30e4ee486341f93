package main

import (
	"math"
	"slices"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// exponentialConstants are those of exp and log1p in float64. Adding magic rounds to an integer, which then stands in the
// lowest bits.
func exponentialConstants() []constant {
	double := map[string]float64{
		"one": 1, "two": 2, "half": 0.5, "log2e": math.Log2E, "magic": 0x1.8p52,
		"ln2 hi": 0x1.62e42feep-1, "ln2 lo": 1.90821492927058770002e-10, "top": 710, "bottom": -746,
	}
	for i, v := range fit(expQuotient, -math.Ln2/2, math.Ln2/2, expDegree) {
		double[term("e", i)] = v
	}
	for i, v := range fit(logQuotient, 0, 1.0/9, log1pDegree) {
		double[term("l", i)] = v
	}
	return numbers(double)
}

const (
	expDegree   = 10 // of (eʳ − 1 − r)/r², |r| ≤ ½ln 2
	log1pDegree = 11 // of (artanh(s)/s − 1)/s² in s², |s| ≤ ⅓
)

// exponentials writes exp, log and softplus.
func exponentials(g *gen) {
	g.masks()
	single := map[string]float64{
		"one": 1, "half": 0.5, "log2e": math.Log2E, "magic": 0x1.8p23, "ln2 hi": 0x1.62e4p-1, "ln2 lo": math.Ln2 - 0x1.62e4p-1, "top": 89, "bottom": -104,
	}
	for i, v := range fit(expQuotient, -math.Ln2/2, math.Ln2/2, 4) {
		single[term("e", i)] = v
	}
	g.declare(slices.Concat(exponentialConstants(), singles(single), []constant{
		{name: "sign", bits: 1 << 63}, {name: "sqrt half", value: math.Sqrt2 / 2},
		{name: "one over sqrt half", bits: math.Float64bits(1) - math.Float64bits(math.Sqrt2/2)},
		{name: "least", value: 0x1p-1022},
		{name: "greatest", value: math.MaxFloat64}, {name: "exponent", bits: 0x4330000000000000}, {name: "bias", value: 0x1p52 + 1023},
		{name: "mantissa", bits: 1<<52 - 1},
	})...)
	g.each(func() {
		g.text("exp", "func(dst, x *float64, n int)", "exp computes dst[i] = exp x[i] for i < n.")
		dst, x, n := g.param("dst"), g.param("x"), g.param("n")
		g.pass(n, []reg.GPVirtual{dst, x}, func(vectors int, masked bool) {
			v := g.vecs(vectors)
			for i := range v {
				g.load(v[i], mem(x, 64*i), masked)
			}
			g.eachReg(v, func(i, h int) {
				g.clamp(v[i][h], "bottom", "top")
				v[i][h] = g.exp(v[i][h])
			})
			for i := range v {
				g.store(v[i], mem(dst, 64*i), masked)
			}
		})
		g.done()
	})
	g.wide("log", "func(dst, x *float64, n int) int", []string{"dst"},
		[]string{"log computes dst[i] = ln x[i] for i < n but where x[i] is not a positive normal number, and returns 0 if there is", "no such x[i]."},
		func(x reg.VecVirtual, flag reg.VecVirtual) []reg.VecVirtual {
			g.unless(flag, x, "least", "greatest")
			return []reg.VecVirtual{g.log(x)}
		})
	g.wide("softplus", "func(h, x *float64, n int)", []string{"h"},
		[]string{"softplus computes h[i] = ln(1 + exp x[i]) for i < n."},
		func(x, _ reg.VecVirtual) []reg.VecVirtual {
			_, h := g.softplus(x)
			return []reg.VecVirtual{h}
		})
	g.wide("softplusD", "func(h, d, x *float64, n int)", []string{"h", "d"},
		[]string{"softplusD computes h[i] = ln(1 + exp x[i]) and d[i] = 1/(1 + exp −x[i]) for i < n."},
		func(x, _ reg.VecVirtual) []reg.VecVirtual {
			e, h := g.softplus(x)
			num, den := g.reg(), g.reg()
			g.choose(num, x, "one", e) // 1 or e over 1 + e
			g.do(g.add, g.c("one"), e, den)
			g.do(g.div, den, num, num)
			return []reg.VecVirtual{h, num}
		})
}

// eachReg does body for every register of some vecs, woven with AVX-512.
func (g *gen) eachReg(v []vec, body func(i, h int)) {
	if g.avx512 && len(v) > 1 {
		g.weave(len(v), func(i int) { body(i, 0) })
		return
	}
	for i := range v {
		for h := range v[i] {
			body(i, h)
		}
	}
}

// wide writes a routine from x to one or two results that computes in float64. Numbers of float32 are widened and results
// rounded. A routine that returns an int gets a register whose lanes it may set to something else than zero.
func (g *gen) wide(name, signature string, out []string, doc []string, body func(x, flag reg.VecVirtual) []reg.VecVirtual) {
	for _, narrow := range []bool{false, true} {
		g.eachSet(func() {
			g.single = narrow
			g.text(name, signature, slices.Clone(doc)...)
			x, n := g.param("x"), g.param("n")
			var dst []reg.GPVirtual
			for _, o := range out {
				dst = append(dst, g.param(o))
			}
			flag := g.vec()[:1]
			g.zero(flag)
			width := 8 * g.size()
			g.passes(n, append(dst, x), 8, width, 2, func(vectors int, masked bool) {
				results := make([][]vec, vectors)
				v := g.vecs(vectors)
				for i := range v {
					g.widen(v[i], mem(x, width*i), masked)
					results[i] = make([]vec, len(dst))
				}
				g.single = false
				g.eachReg(v, func(i, h int) {
					for j, r := range body(v[i][h], flag[0]) {
						results[i][j] = append(results[i][j], r)
					}
				})
				g.single = narrow
				for i := range results {
					for j, r := range results[i] {
						g.narrow(r, mem(dst[j], width*i), masked)
					}
				}
			})
			if signature[len(signature)-1] == 't' {
				g.Store(g.any(flag[0]), g.ReturnIndex(0))
			}
			g.done()
		})
	}
	g.single = false
}

// any is zero if all bits of r are.
func (g *gen) any(r reg.VecVirtual) reg.GPVirtual {
	out := g.GP64()
	if g.avx512 {
		k := g.K()
		g.VPTESTMQ(r, r, k)
		g.KMOVB(k, out.As32())
		return out
	}
	g.XORQ(out, out)
	g.VPTEST(r, r)
	g.SETNE(out.As8())
	return out
}

// widen loads eight numbers as float64.
func (g *gen) widen(v vec, p operand.Mem, masked bool) {
	if !g.single {
		g.load(v, p, masked)
		return
	}
	for h, r := range v {
		q := p.Offset(16 * h)
		switch {
		case !masked:
			g.VCVTPS2PD(q, r)
		case g.avx512:
			g.VCVTPS2PD_Z(q, g.k, r)
		default:
			t := g.XMM()
			g.VMOVUPS(g.maskAt(16*h), t)
			g.VMASKMOVPS(q, t, t)
			g.VCVTPS2PD(t, r)
		}
	}
}

// narrow stores eight float64 as numbers.
func (g *gen) narrow(v vec, p operand.Mem, masked bool) {
	if !g.single {
		g.store(v, p, masked)
		return
	}
	for h, r := range v {
		q := p.Offset(16 * h)
		if g.avx512 {
			t := g.YMM()
			g.VCVTPD2PS(r, t)
			if masked {
				g.VMOVUPS(t, g.k, q)
			} else {
				g.VMOVUPS(t, q)
			}
			continue
		}
		t := g.XMM()
		g.VCVTPD2PSY(r, t)
		if masked {
			m := g.XMM()
			g.VMOVUPS(g.maskAt(16*h), m)
			g.VMASKMOVPS(t, m, q)
		} else {
			g.VMOVUPS(t, q)
		}
	}
}

// clamp bounds x from below and above, but for NaN.
func (g *gen) clamp(x reg.VecVirtual, lo, hi string) {
	t := g.reg()
	if lo != "" {
		g.do(g.move, g.c(lo), t)
		g.do(g.max, x, t, x)
	}
	if hi != "" {
		g.do(g.move, g.c(hi), t)
		g.do(g.min, x, t, x)
	}
}

// polynomial evaluates Σ cᵢzⁱ into q by Horner's rule.
func (g *gen) polynomial(q, z reg.VecVirtual, name string, degree int) {
	g.do(g.move, g.c(term(name, degree)), q)
	for i := degree - 1; i >= 0; i-- {
		g.do(g.fma213, g.c(term(name, i)), z, q)
	}
}

// exp returns exp x for x between the bounds where it overflows and where it vanishes: x = k·ln 2 + r, eˣ = 2ᵏ(1 + r + r²e(r)).
func (g *gen) exp(x reg.VecVirtual) reg.VecVirtual { return g.shiftedExp(x, nil) }

// shiftedExp is exp times 2 to the power of shift, or of nothing.
func (g *gen) shiftedExp(x, shift reg.VecVirtual) reg.VecVirtual {
	m, k, q, z := g.reg(), g.reg(), g.reg(), g.reg()
	g.do(g.move, g.c("magic"), m)
	g.do(g.fma, g.c("log2e"), x, m)
	g.do(g.sub, g.c("magic"), m, k)
	g.do(g.fnma, g.c("ln2 hi"), k, x)
	g.do(g.fnma, g.c("ln2 lo"), k, x)
	degree := expDegree
	if g.single {
		degree = 4
	}
	if shift != nil {
		g.do(g.add, shift, k, k)
	}
	g.polynomial(q, x, "e", degree)
	g.do(g.mul, x, x, z)
	g.do(g.fma213, x, z, q)
	g.do(g.add, g.c("one"), q, q)
	if g.avx512 {
		g.do(g.scalef, k, q, q)
		return q
	}
	// 2ᵏ in two factors, of which only the second can round.
	g.do(g.move, g.c("magic"), m)
	g.do(g.fma, g.c("half"), k, m)
	g.do(g.sub, g.c("magic"), m, x)
	g.do(g.sub, x, k, k)
	g.do(g.add, g.c("magic"), k, k)
	g.power(m)
	g.power(k)
	g.do(g.mul, m, q, q)
	g.do(g.mul, k, q, q)
	return q
}

// log1p returns 2·artanh s = 2s + 2s³l(s²) where s is num/den: ln((den + num)/(den − num)).
func (g *gen) log1p(num, den reg.VecVirtual) reg.VecVirtual {
	s, u, q := g.reg(), g.reg(), g.reg()
	g.do(g.div, den, num, s)
	g.do(g.mul, s, s, u)
	g.polynomial(q, u, "l", log1pDegree)
	g.do(g.add, s, s, s)
	g.do(g.mul, s, u, u)
	g.do(g.fma213, s, u, q)
	return q
}

// softplus returns e = exp(−|x|) and max(x, 0) + ln(1 + e).
func (g *gen) softplus(x reg.VecVirtual) (e, h reg.VecVirtual) {
	a, den := g.reg(), g.reg()
	g.do(g.or, g.c("sign"), x, a)
	g.clamp(a, "bottom", "")
	e = g.exp(a)
	g.do(g.add, g.c("two"), e, den)
	l := g.log1p(e, den)
	h = g.reg()
	zero := g.reg()
	g.VXORPD(zero, zero, zero)
	g.do(g.max, x, zero, h)
	g.do(g.add, l, h, h)
	return e, h
}

// choose sets dst to the constant where x ≥ 0 and to other where x < 0, both by the sign bit.
func (g *gen) choose(dst, x reg.VecVirtual, name string, other reg.VecVirtual) {
	if g.avx512 {
		k := g.K()
		g.VPMOVQ2M(x, k)
		g.do(g.move, g.c(name), dst)
		g.do(g.move, other, k, dst)
		return
	}
	t := g.reg()
	g.do(g.move, g.c(name), t)
	g.blend(x, other, t, dst)
}

// unless sets lanes of flag where not lo ≤ x ≤ hi.
func (g *gen) unless(flag, x reg.VecVirtual, lo, hi string) {
	const notGreaterEqual, notLessEqual = 9, 6
	for _, c := range []struct {
		predicate uint8
		name      string
	}{{notGreaterEqual, lo}, {notLessEqual, hi}} {
		t := g.reg()
		if g.avx512 {
			k := g.K()
			g.VCMPPD(operand.U8(c.predicate), g.c(c.name), x, k)
			g.VPMOVM2Q(k, t)
		} else {
			g.VCMPPD(operand.U8(c.predicate), g.c(c.name), x, t)
		}
		g.or(t, flag, flag)
	}
}

// log returns ln x for positive normal x = 2ᵏm with √½ ≤ m < √2: k·ln 2 + 2·artanh((m − 1)/(m + 1)).
func (g *gen) log(x reg.VecVirtual) reg.VecVirtual {
	k, den := g.reg(), g.reg()
	g.do(g.VPADDQ, g.c("one over sqrt half"), x, x) // as integers: one more in the exponent where the mantissa is that of √½ or more
	g.do(g.VPSRLQ, operand.U8(52), x, k)
	g.do(g.or, g.c("exponent"), k, k)
	g.do(g.sub, g.c("bias"), k, k)
	g.do(g.and, g.c("mantissa"), x, x)
	g.do(g.VPADDQ, g.c("sqrt half"), x, x)
	g.do(g.add, g.c("one"), x, den)
	g.do(g.sub, g.c("one"), x, x)
	s, u, q := g.reg(), g.reg(), g.reg()
	g.do(g.div, den, x, s)
	g.do(g.mul, s, s, u)
	g.polynomial(q, u, "l", log1pDegree)
	g.do(g.add, s, s, s)
	g.do(g.mul, s, u, u)
	g.do(g.mul, u, q, q)
	g.do(g.fma, g.c("ln2 lo"), k, q)
	g.do(g.add, s, q, q)
	g.do(g.fma, g.c("ln2 hi"), k, q)
	return q
}

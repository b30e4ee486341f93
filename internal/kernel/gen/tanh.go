package main

import (
	"maps"
	"math"
	"slices"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// hyperbolic writes the hyperbolic tangent and the logistic function. With x = k·½ln 2 + r, |r| ≤ ¼ln 2, a = 2ᵏ and
// T = tanh r = r + r³q(r²),
//
//	tanh x = ((a − 1) + T(a + 1)) / ((a + 1) + T(a − 1)),    1/(1 + e⁻²ˣ) = a(1 + T) / ((a + 1) + T(a − 1)),
//
// and where a ≥ 8, so that rounding near 1 counts once, tanh x = 1 + 2(T − 1) / ((a + 1) + T(a − 1)).
func hyperbolic(g *gen) {
	g.masks()
	signs := []constant{{name: "sign", bits: 1 << 63}, {name: "sign", bits: 1<<63 | 1<<31, single: true}}
	common := map[string]float64{"one": 1, "two": 2, "minus two": -2, "eight": 8, "forty": 40, "half": 0.5, "scale": 2 / math.Ln2}
	double, single := maps.Clone(common), maps.Clone(common)
	maps.Copy(double, map[string]float64{"bound": 20, "magic": 0x1.8p52, "hi": 0x1.62e42fefap-2, "lo": 0x1.cf79abc9e3b3ap-41})
	maps.Copy(single, map[string]float64{"bound": 10, "magic": 0x1.8p23, "hi": 0x1.62e4p-2, "lo": 0x1.62e42fefa39efp-2 - 0x1.62e4p-2})
	quotient := fit(tanhQuotient, 0, math.Pow(math.Ln2/4, 2), 6)
	for i, v := range quotient {
		double[term("q", i)] = v
	}
	for i, v := range fit(tanhQuotient, 0, math.Pow(math.Ln2/4, 2), 3) {
		single[term("q", i)] = v
	}
	g.declare(slices.Concat(signs, numbers(double), singles(single))...)
	g.each(func() {
		g.text("tanh", "func(dst, x *float64, n int)", "tanh computes dst[i] = tanh x[i] for i < n.")
		dst, x, n := g.param("dst"), g.param("x"), g.param("n")
		g.hold("sign", "one", "scale", "magic", "hi", "lo", "bound", "q0", "q1", "q2", "q3")
		g.pass(n, []reg.GPVirtual{dst, x}, func(vectors int, masked bool) {
			if vectors == 1 {
				v := g.vec()
				for h := range v {
					g.loadHalf(v[h], mem(x, 0), h, masked)
					v[h] = tanh(g, v[h])
				}
				g.store(v, mem(dst, 0), masked)
				return
			}
			g.weave(vectors, func(i int) {
				v := g.vec()
				g.load(v, mem(x, 64*i), false)
				v[0] = tanh(g, v[0])
				g.store(v, mem(dst, 64*i), false)
			})
		})
		g.done()
	})
	g.each(func() {
		g.text("sigmoid", "func(dst, x *float64, n int) int",
			"sigmoid computes dst[i] = 1/(1 + exp(−x[i])), eight at a time, until it meets eight that are not all smaller than",
			"40 in absolute value, and returns how many it did.")
		dst, x, n := g.param("dst"), g.param("x"), g.param("n")
		g.hold("sign", "one", "scale", "magic", "hi", "lo", "q0", "q1", "q2", "q3")
		g.pass(n, []reg.GPVirtual{dst, x}, func(vectors int, masked bool) {
			v := g.vecs(vectors)
			for i := range v {
				g.load(v[i], mem(x, 64*i), masked)
				out := g.GP32()
				for h := range v[i] {
					g.outside(v[i][h], h, out)
				}
				g.TESTL(out, out)
				g.JNE(operand.LabelRef(map[bool]string{true: "one", false: "stop"}[vectors > 1]))
			}
			if vectors == 1 {
				for h := range v[0] {
					v[0][h] = sigmoid(g, v[0][h])
				}
			} else {
				g.weave(vectors, func(i int) { v[i][0] = sigmoid(g, v[i][0]) })
			}
			for i := range v {
				g.store(v[i], mem(dst, 64*i), masked)
			}
		})
		g.XORQ(n, n)
		g.Label("stop")
		done := g.GP64()
		g.MOVQ(g.arg("n"), done)
		g.SUBQ(n, done)
		g.Store(done, g.ReturnIndex(0))
		g.done()
	})
}

// degree is that of q.
func (g *gen) degree() int {
	if g.single {
		return 3
	}
	return 6
}

// pass goes over n numbers, with AVX-512 three vecs at a time, then one, and the rest masked.
func (g *gen) pass(n reg.GPVirtual, ptr []reg.GPVirtual, body func(vectors int, masked bool)) {
	g.passes(n, ptr, g.lanes(), 64, 3, body)
}

// passes goes over n numbers, with AVX-512 several vecs at a time, then one, and the rest masked. A vec is a number of lanes that
// take a number of bytes in memory.
func (g *gen) passes(n reg.GPVirtual, ptr []reg.GPVirtual, lanes, bytes, several int, body func(vectors int, masked bool)) {
	loop := func(label, next string, vectors int) {
		g.Label(label)
		g.CMPQ(n, operand.I32(lanes*vectors))
		g.JLT(operand.LabelRef(next))
		body(vectors, false)
		for _, p := range ptr {
			g.ADDQ(operand.I32(bytes*vectors), p)
		}
		g.SUBQ(operand.I32(lanes*vectors), n)
		g.JMP(operand.LabelRef(label))
	}
	if g.avx512 {
		loop("several", "one", several)
	}
	loop("one", "rest", 1)
	g.Label("rest")
	g.TESTQ(n, n)
	g.JLE(operand.LabelRef("end"))
	g.setMask(n)
	body(1, true)
	g.Label("end")
}

// outside sets bits of out where not |x| < 40.
func (g *gen) outside(x reg.VecVirtual, h int, out reg.GPVirtual) {
	t := g.reg()
	if g.avx512 {
		g.andn(x, g.c("sign").(reg.VecVirtual), t)
		k := g.K()
		g.compare(operand.U8(notLess), g.c("forty"), t, k)
		g.KMOVW(k, out)
		return
	}
	g.move(g.c("sign"), t)
	g.andn(x, t, t)
	g.compare(operand.U8(notLess), g.c("forty"), t, t)
	if h == 0 {
		g.signBits(t, out)
		return
	}
	o := g.GP32()
	g.signBits(t, o)
	g.ORL(o, out)
}

// Predicates of compare, which hold for NaN but for the last.
const (
	notLess = 5
	less    = 1
)

// reduced returns T, a − 1, a + 1 and a.
func reduced(g *gen, v reg.VecVirtual) (t, am, ap, a reg.VecVirtual) {
	a, k, z, q := g.reg(), g.reg(), g.reg(), g.reg()
	g.do(g.move, g.c("magic"), a)
	g.do(g.fma, g.c("scale"), v, a)
	g.do(g.sub, g.c("magic"), a, k)
	g.do(g.fnma, g.c("hi"), k, v)
	g.do(g.fnma, g.c("lo"), k, v)
	if g.avx512 {
		g.do(g.scalef, k, g.c("one"), a)
	} else {
		g.power(a)
	}
	g.do(g.mul, v, v, z)
	g.polynomial(q, z, "q", g.degree())
	g.do(g.mul, v, z, z)
	g.do(g.fma, q, z, v)
	am, ap = k, q
	g.do(g.sub, g.c("one"), a, am)
	g.do(g.add, g.c("one"), a, ap)
	return v, am, ap, a
}

// power turns k, in the lowest bits of a, into 2ᵏ.
func (g *gen) power(a reg.VecVirtual) {
	if g.single {
		g.do(g.VPSLLD, operand.U8(23), a, a)
		g.do(g.VPADDD, g.c("one"), a, a)
		return
	}
	g.do(g.VPSLLQ, operand.U8(52), a, a)
	g.do(g.VPADDQ, g.c("one"), a, a)
}

func tanh(g *gen, x reg.VecVirtual) reg.VecVirtual {
	v := g.reg()
	if g.avx512 {
		g.do(g.andn, x, g.c("sign"), v)
		g.do(g.min, v, g.c("bound"), v) // the second operand of the instruction, |x|, where it is NaN
	} else {
		g.do(g.move, g.c("sign"), v)
		g.do(g.andn, x, v, v)
		t := g.reg()
		g.do(g.move, g.c("bound"), t)
		g.do(g.min, v, t, v)
	}
	t, num, den, a := reduced(g, v)
	// num = T·factor + num, where factor is a + 1 and num a − 1, or 2 and −2.
	factor := g.reg()
	g.do(g.move, den, factor)
	g.do(g.fma, num, t, den)
	if g.avx512 {
		k := g.K()
		g.do(g.compare, operand.U8(notLess), g.c("eight"), a, k)
		g.do(g.move, g.c("two"), k, factor)
		g.do(g.move, g.c("minus two"), k, num)
		g.do(g.fma, factor, t, num)
		g.do(g.div, den, num, num)
		g.do(g.add, g.c("one"), num, k, num)
		g.sign(num, x)
		return num
	}
	g.do(g.compare, operand.U8(notLess), g.c("eight"), a, a)
	g.blend(a, g.c("two"), factor, factor)
	g.blend(a, g.c("minus two"), num, num)
	g.do(g.fma, factor, t, num)
	g.do(g.and, g.c("one"), a, a)
	g.do(g.div, den, num, num)
	g.do(g.add, a, num, num)
	g.sign(num, x)
	return num
}

// sign gives y ≥ 0 the sign of x, which is used up.
func (g *gen) sign(y, x reg.VecVirtual) {
	if g.avx512 {
		const orAnd = 0xf8 // first | second & third
		g.do(g.VPTERNLOGQ, operand.U8(orAnd), g.c("sign"), x, y)
		return
	}
	g.do(g.and, g.c("sign"), x, x)
	g.do(g.or, x, y, y)
}

func sigmoid(g *gen, x reg.VecVirtual) reg.VecVirtual {
	g.do(g.mul, g.c("half"), x, x)
	t, am, ap, a := reduced(g, x)
	g.do(g.fma, am, t, ap)
	g.do(g.fma213, a, a, t)
	g.do(g.div, ap, t, t)
	return t
}

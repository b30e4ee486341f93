package main

import (
	"math"

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
	f := map[string]float64{
		"sign": math.Copysign(0, -1), "one": 1, "two": 2, "minus two": -2, "eight": 8, "twenty": 20, "forty": 40, "half": 0.5,
		"scale": 2.8853900817779268147198493620037842, "magic": 0x1.8p52,
		"hi": 0x1.62e42fefap-2, "lo": 0x1.cf79abc9e3b3ap-41,
		"q0": -0.3333333333333333, "q1": 0.13333333333332836, "q2": -0.05396825396560651, "q3": 0.021869488006597864,
		"q4": -0.008863185040949143, "q5": 0.0035896525264814527, "q6": -0.001395382800521272,
	}
	order := []string{"sign", "one", "two", "minus two", "eight", "twenty", "forty", "half", "scale", "magic", "hi", "lo", "q0", "q1", "q2", "q3", "q4", "q5", "q6"}
	bits := map[string]uint64{}
	for name, v := range f {
		bits[name] = math.Float64bits(v)
	}
	g.declare(bits, order)
	common := []string{"sign", "one", "scale", "magic", "hi", "lo", "q0", "q1", "q2", "q3", "q4", "q5", "q6"}
	g.each(func() {
		g.text("tanh", "func(dst, x *float64, n int)", "tanh computes dst[i] = tanh x[i] for i < n.")
		dst, x, n := g.param("dst"), g.param("x"), g.param("n")
		g.hold("sign", "one", "scale", "magic", "hi", "lo", "twenty", "q0", "q1", "q2", "q3", "q4")
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
		g.hold(common...)
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

// pass goes over n numbers, with AVX-512 three vectors at a time, then one, and the rest masked.
func (g *gen) pass(n reg.GPVirtual, ptr []reg.GPVirtual, body func(vectors int, masked bool)) {
	loop := func(label, next string, vectors int) {
		g.Label(label)
		g.CMPQ(n, operand.I32(8*vectors))
		g.JLT(operand.LabelRef(next))
		body(vectors, false)
		for _, p := range ptr {
			g.ADDQ(operand.I32(64*vectors), p)
		}
		g.SUBQ(operand.I32(8*vectors), n)
		g.JMP(operand.LabelRef(label))
	}
	if g.avx512 {
		loop("three", "one", 3)
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
	const notLess = 5
	if g.avx512 {
		g.VANDNPD(x, g.c("sign").(reg.VecVirtual), t)
		k := g.K()
		g.VCMPPD(operand.U8(notLess), g.c("forty"), t, k)
		g.KMOVB(k, out)
		return
	}
	g.VMOVUPD(g.c("sign"), t)
	g.VANDNPD(x, t, t)
	g.VCMPPD(operand.U8(notLess), g.c("forty"), t, t)
	if h == 0 {
		g.VMOVMSKPD(t, out)
		return
	}
	o := g.GP32()
	g.VMOVMSKPD(t, o)
	g.ORL(o, out)
}

// reduced returns T, a − 1, a + 1 and a.
func reduced(g *gen, v reg.VecVirtual) (t, am, ap, a reg.VecVirtual) {
	a, k, z, q := g.reg(), g.reg(), g.reg(), g.reg()
	g.do(g.VMOVUPD, g.c("magic"), a)
	g.do(g.VFMADD231PD, g.c("scale"), v, a)
	g.do(g.VSUBPD, g.c("magic"), a, k)
	g.do(g.VFNMADD231PD, g.c("hi"), k, v)
	g.do(g.VFNMADD231PD, g.c("lo"), k, v)
	if g.avx512 {
		g.do(g.VSCALEFPD, k, g.c("one"), a)
	} else {
		g.do(g.VPSLLQ, operand.U8(52), a, a)
		g.do(g.VPADDQ, g.c("one"), a, a)
	}
	g.do(g.VMULPD, v, v, z)
	g.do(g.VMOVUPD, g.c("q6"), q)
	for _, c := range []string{"q5", "q4", "q3", "q2", "q1", "q0"} {
		g.do(g.VFMADD213PD, g.c(c), z, q)
	}
	g.do(g.VMULPD, v, z, z)
	g.do(g.VFMADD231PD, q, z, v)
	am, ap = k, q
	g.do(g.VSUBPD, g.c("one"), a, am)
	g.do(g.VADDPD, g.c("one"), a, ap)
	return v, am, ap, a
}

func tanh(g *gen, x reg.VecVirtual) reg.VecVirtual {
	v := g.reg()
	if g.avx512 {
		g.do(g.VANDNPD, x, g.c("sign"), v)
		g.do(g.VMINPD, v, g.c("twenty"), v) // the second operand of the instruction, |x|, where it is NaN
	} else {
		g.do(g.VMOVUPD, g.c("sign"), v)
		g.do(g.VANDNPD, x, v, v)
		t := g.reg()
		g.do(g.VMOVUPD, g.c("twenty"), t)
		g.do(g.VMINPD, v, t, v)
	}
	t, num, den, a := reduced(g, v)
	// num = T·factor + num, where factor is a + 1 and num a − 1, or 2 and −2.
	factor := g.reg()
	g.do(g.VMOVUPD, den, factor)
	g.do(g.VFMADD231PD, num, t, den)
	const notLess = 5
	if g.avx512 {
		k := g.K()
		g.do(g.VCMPPD, operand.U8(notLess), g.c("eight"), a, k)
		g.do(g.VMOVUPD, g.c("two"), k, factor)
		g.do(g.VMOVUPD, g.c("minus two"), k, num)
		g.do(g.VFMADD231PD, factor, t, num)
		g.do(g.VDIVPD, den, num, num)
		g.do(g.VADDPD, g.c("one"), num, k, num)
		const orAnd = 0xf8 // first | second & third
		g.do(g.VPTERNLOGQ, operand.U8(orAnd), g.c("sign"), x, num)
		return num
	}
	g.do(g.VCMPPD, operand.U8(notLess), g.c("eight"), a, a)
	g.VBLENDVPD(a, g.c("two"), factor, factor)
	g.VBLENDVPD(a, g.c("minus two"), num, num)
	g.do(g.VFMADD231PD, factor, t, num)
	g.do(g.VANDPD, g.c("one"), a, a)
	g.do(g.VDIVPD, den, num, num)
	g.do(g.VADDPD, a, num, num)
	g.do(g.VANDPD, g.c("sign"), x, x)
	g.do(g.VORPD, x, num, num)
	return num
}

func sigmoid(g *gen, x reg.VecVirtual) reg.VecVirtual {
	g.do(g.VMULPD, g.c("half"), x, x)
	t, am, ap, a := reduced(g, x)
	g.do(g.VFMADD231PD, am, t, ap)
	g.do(g.VFMADD213PD, a, a, t)
	g.do(g.VDIVPD, ap, t, t)
	return t
}

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
		"sign": math.Copysign(0, -1), "one": 1, "two": 2, "eight": 8, "twenty": 20, "forty": 40, "half": 0.5,
		"scale": 2.8853900817779268147198493620037842, "magic": 0x1.8p52,
		"hi": 0x1.62e42fefap-2, "lo": 0x1.cf79abc9e3b3ap-41,
		"q0": -0.3333333333333333, "q1": 0.13333333333332836, "q2": -0.05396825396560651, "q3": 0.021869488006597864,
		"q4": -0.008863185040949143, "q5": 0.0035896525264814527, "q6": -0.001395382800521272,
	}
	order := []string{"sign", "one", "two", "eight", "twenty", "forty", "half", "scale", "magic", "hi", "lo", "q0", "q1", "q2", "q3", "q4", "q5", "q6"}
	bits := map[string]uint64{}
	for name, v := range f {
		bits[name] = math.Float64bits(v)
	}
	g.declare(bits, order)
	common := []string{"sign", "one", "scale", "magic", "hi", "lo", "q0", "q1", "q2", "q3", "q4", "q5", "q6"}
	g.each(func() {
		g.text("tanh", "func(dst, x *float64, n int)", "tanh computes dst[i] = tanh x[i] for i < n.")
		dst, x, n := g.param("dst"), g.param("x"), g.param("n")
		g.hold(append(common, "two", "eight", "twenty")...)
		g.pass(n, []reg.GPVirtual{dst, x}, func(masked bool) {
			v := g.vec()
			for h := range v {
				g.loadHalf(v[h], mem(x, 0), h, masked)
				v[h] = tanh(g, v[h])
			}
			g.store(v, mem(dst, 0), masked)
		})
		g.done()
	})
	g.each(func() {
		g.text("sigmoid", "func(dst, x *float64, n int) int",
			"sigmoid computes dst[i] = 1/(1 + exp(−x[i])), eight at a time, until it meets eight that are not all smaller than",
			"40 in absolute value, and returns how many it did.")
		dst, x, n := g.param("dst"), g.param("x"), g.param("n")
		g.hold(append(common, "half", "forty")...)
		g.pass(n, []reg.GPVirtual{dst, x}, func(masked bool) {
			v := g.vec()
			g.load(v, mem(x, 0), masked)
			out := g.GP32()
			for h := range v {
				g.outside(v[h], h, out)
			}
			g.TESTL(out, out)
			g.JNE(operand.LabelRef("stop"))
			for h := range v {
				v[h] = sigmoid(g, v[h])
			}
			g.store(v, mem(dst, 0), masked)
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

// pass goes over n numbers, eight at a time, the rest masked.
func (g *gen) pass(n reg.GPVirtual, ptr []reg.GPVirtual, body func(masked bool)) {
	g.Label("one")
	g.CMPQ(n, operand.I32(8))
	g.JLT(operand.LabelRef("rest"))
	body(false)
	for _, p := range ptr {
		g.ADDQ(operand.I32(64), p)
	}
	g.SUBQ(operand.I32(8), n)
	g.JMP(operand.LabelRef("one"))
	g.Label("rest")
	g.TESTQ(n, n)
	g.JLE(operand.LabelRef("end"))
	g.setMask(n)
	body(true)
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

// reduced returns T, a − 1 and a + 1, and a.
func reduced(g *gen, v reg.VecVirtual) (t, am, ap, a reg.VecVirtual) {
	a = g.reg()
	k := g.reg()
	g.VMOVUPD(g.c("magic"), a)
	g.VFMADD231PD(g.c("scale"), v, a)
	g.VSUBPD(g.c("magic"), a, k)
	g.VFNMADD231PD(g.c("hi"), k, v)
	g.VFNMADD231PD(g.c("lo"), k, v)
	g.VPSLLQ(operand.U8(52), a, a)
	g.VPADDQ(g.c("one"), a, a)
	z, z2 := g.reg(), k
	g.VMULPD(v, v, z)
	g.VMULPD(z, z, z2)
	e, f, h := g.reg(), g.reg(), g.reg()
	g.VMOVUPD(g.c("q1"), e)
	g.VFMADD213PD(g.c("q0"), z, e)
	g.VMOVUPD(g.c("q3"), f)
	g.VFMADD213PD(g.c("q2"), z, f)
	g.VMOVUPD(g.c("q5"), h)
	g.VFMADD213PD(g.c("q4"), z, h)
	g.VFMADD231PD(g.c("q6"), z2, h)
	g.VFMADD231PD(h, z2, f)
	g.VFMADD231PD(f, z2, e)
	g.VMULPD(v, z, z)
	g.VFMADD231PD(e, z, v)
	am, ap = e, f
	g.VSUBPD(g.c("one"), a, am)
	g.VADDPD(g.c("one"), a, ap)
	return v, am, ap, a
}

func tanh(g *gen, x reg.VecVirtual) reg.VecVirtual {
	sign, v := g.reg(), g.reg()
	g.VANDPD(g.c("sign"), x, sign)
	g.VXORPD(sign, x, x)
	g.VMOVUPD(g.c("twenty"), v)
	g.VMINPD(x, v, v) // the second operand of the instruction, x, where one is NaN
	t, am, ap, a := reduced(g, v)
	num, whole, tail := g.reg(), g.reg(), g.reg()
	g.VMOVAPD(am, num)
	g.VFMADD231PD(ap, t, num)
	g.VFMADD231PD(am, t, ap)
	g.VADDPD(t, t, tail)
	g.VSUBPD(g.c("two"), tail, tail)
	g.VXORPD(whole, whole, whole)
	const notLess = 5
	if g.avx512 {
		k := g.K()
		g.VCMPPD(operand.U8(notLess), g.c("eight"), a, k)
		g.VMOVAPD(tail, k, num)
		g.VMOVAPD(g.c("one"), k, whole)
	} else {
		g.VCMPPD(operand.U8(notLess), g.c("eight"), a, a)
		g.VBLENDVPD(a, tail, num, num)
		g.VANDPD(g.c("one"), a, whole)
	}
	g.VDIVPD(ap, num, num)
	g.VADDPD(whole, num, num)
	g.VORPD(sign, num, num)
	return num
}

func sigmoid(g *gen, x reg.VecVirtual) reg.VecVirtual {
	g.VMULPD(g.c("half"), x, x)
	t, am, ap, a := reduced(g, x)
	g.VFMADD231PD(am, t, ap)
	g.VFMADD213PD(a, a, t)
	g.VDIVPD(ap, t, t)
	return t
}

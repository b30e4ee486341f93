package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// half adds the upper 32 bytes of a vec to the lower.
func (g *gen) half(v vec) reg.VecVirtual {
	t := g.YMM()
	if g.avx512 {
		g.VEXTRACTF64X4(operand.U8(1), v[0], t)
		g.add(t, v[0].AsY(), t)
	} else {
		g.add(v[1], v[0], t)
	}
	return t
}

// reduce sums the lanes of 1, 2 or 4 vecs into as many adjacent numbers, and adds these to p: for float64 each as
// ((0+4)+(1+5)) + ((2+6)+(3+7)), for float32 in an order that does not depend on how many there are either.
func (g *gen) reduce(v []vec, p operand.Mem) {
	if g.single {
		g.reduceSingle(v, p)
		return
	}
	switch len(v) {
	case 4:
		a, b := g.pair(v[0], v[1]), g.pair(v[2], v[3])
		lo, hi := g.YMM(), g.YMM()
		if g.avx512 { // instructions that can name all 32 registers
			g.VSHUFF64X2(operand.U8(0), b, a, lo)
			g.VSHUFF64X2(operand.U8(3), b, a, hi)
		} else {
			g.VPERM2F128(operand.U8(0x20), b, a, lo)
			g.VPERM2F128(operand.U8(0x31), b, a, hi)
		}
		g.VADDPD(hi, lo, lo)
		g.VADDPD(p, lo, lo)
		g.VMOVUPD(lo, p)
	case 2:
		x := g.fold(g.pair(v[0], v[1]))
		g.VADDPD(p, x, x)
		g.VMOVUPD(x, p)
	case 1:
		x := g.sum(v[0])
		g.VADDSD(p, x, x)
		g.VMOVSD(x, p)
	}
}

func (g *gen) reduceSingle(v []vec, p operand.Mem) {
	switch len(v) {
	case 4:
		x := g.fold(g.pairs(g.pair(v[0], v[1]), g.pair(v[2], v[3])))
		g.VADDPS(p, x, x)
		g.VMOVUPS(x, p)
	case 2:
		q, y := g.pair(v[0], v[1]), g.XMM()
		x := g.fold(g.pairs(q, q))
		g.VMOVSD(p, y)
		g.VADDPS(y, x, x)
		g.VMOVSD(x, p)
	case 1:
		x := g.sum(v[0])
		g.VADDSS(p, x, x)
		g.VMOVSS(x, p)
	}
}

// pair adds the halves of a and of b, and neighbouring numbers of these. For float64 a₀+a₁, b₀+b₁, a₂+a₃, b₂+b₃ come back, for
// float32 a₀+a₁, a₂+a₃, b₀+b₁, b₂+b₃, a₄+a₅, ….
func (g *gen) pair(a, b vec) reg.VecVirtual {
	x, y := g.half(a), g.half(b)
	if g.single {
		return g.pairs(x, y)
	}
	lo, hi := g.YMM(), g.YMM()
	g.VUNPCKLPD(y, x, lo)
	g.VUNPCKHPD(y, x, hi)
	g.VADDPD(hi, lo, lo)
	return lo
}

// pairs adds neighbouring float32 of x and of y in every 16 bytes.
func (g *gen) pairs(x, y reg.VecVirtual) reg.VecVirtual {
	lo, hi := g.like(x), g.like(x)
	g.VSHUFPS(operand.U8(0x88), y, x, lo)
	g.VSHUFPS(operand.U8(0xdd), y, x, hi)
	g.VADDPS(hi, lo, lo)
	return lo
}

// like is a new register as wide as r.
func (g *gen) like(r reg.VecVirtual) reg.VecVirtual {
	if r.Size() == 16 {
		return g.XMM()
	}
	return g.YMM()
}

// fold adds the upper 16 of 32 bytes to the lower.
func (g *gen) fold(y reg.VecVirtual) reg.VecVirtual {
	x := g.XMM()
	if g.avx512 {
		g.VEXTRACTF64X2(operand.U8(1), y, x)
	} else {
		g.VEXTRACTF128(operand.U8(1), y, x)
	}
	g.add(x, y.AsX(), x)
	return x
}

// sum returns the sum of a vec in its lowest lane.
func (g *gen) sum(v vec) reg.VecVirtual {
	x := g.half(v)
	if g.single {
		x = g.pairs(x, x)
		return g.fold(g.pairs(x, x))
	}
	hi := g.YMM()
	g.VUNPCKHPD(x, x, hi)
	g.VADDPD(hi, x, x)
	return g.fold(x)
}

package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// syrks writes the two loops of the rank-k update: packing columns in groups of eight, and the products of a group with
// others.
func syrks(g *gen) {
	g.masks()
	g.each(func() { pack(g) })
	g.avx512 = true
	update(g, 3)
	g.each(func() { update(g, 1) })
}

func pack(g *gen) {
	g.text("packGroup", "func(dst, scaled, src, w *float64, p, rows, cols int) int",
		"packGroup computes dst[8*r+c] = src[r*p+c] and, where w is not nil, scaled[8*r+c] = w[r]·src[r*p+c] for r < rows and",
		"c < cols ≤ 8, with zeros for the other c < 8. It returns 0 if all are zero, something else if not.")
	dst, scaled, src, w := g.param("dst"), g.param("scaled"), g.param("src"), g.param("w")
	p, rows, cols := g.bytes(g.param("p")), g.param("rows"), g.param("cols")
	g.setMask(cols)
	seen := g.vec()
	g.zero(seen)
	body := func(weighted, masked bool) {
		v := g.vec()
		g.load(v, mem(src, 0), masked)
		g.store(v, mem(dst, 0), false)
		for h := range v {
			if g.avx512 {
				g.VPORQ(v[h], seen[h], seen[h])
			} else {
				g.VORPD(v[h], seen[h], seen[h])
			}
		}
		if weighted {
			s := g.reg()
			g.broadcast(mem(w, 0), s)
			for h := range v {
				g.VMULPD(s, v[h], v[h])
			}
			g.store(v, mem(scaled, 0), false)
			g.ADDQ(operand.I32(8), w)
			g.ADDQ(operand.I32(64), scaled)
		}
		g.ADDQ(p, src)
		g.ADDQ(operand.I32(64), dst)
		g.DECQ(rows)
	}
	g.TESTQ(w, w)
	g.JEQ(operand.LabelRef("plain"))
	g.CMPQ(cols, operand.I32(8))
	g.JLT(operand.LabelRef("scaledmasked"))
	for _, c := range []struct {
		label            string
		weighted, masked bool
	}{{"scaledfull", true, false}, {"scaledmasked", true, true}, {"", false, false}, {"plainfull", false, false}, {"plainmasked", false, true}} {
		if c.label == "" {
			g.Label("plain")
			g.CMPQ(cols, operand.I32(8))
			g.JLT(operand.LabelRef("plainmasked"))
			continue
		}
		g.Label(c.label)
		body(c.weighted, c.masked)
		g.JNE(operand.LabelRef(c.label))
		g.JMP(operand.LabelRef("end"))
	}
	g.Label("end")
	// The sign does not count: −0 is zero.
	out := g.GP64()
	if g.avx512 {
		g.VPADDQ(seen[0], seen[0], seen[0])
		k := g.K()
		g.VPTESTMQ(seen[0], seen[0], k)
		g.KMOVB(k, out.As32())
	} else {
		g.VORPD(seen[1], seen[0], seen[0])
		g.VPADDQ(seen[0], seen[0], seen[0])
		zero, o := g.YMM(), g.GP32()
		g.VXORPD(zero, zero, zero)
		g.VPCMPEQQ(zero, seen[0], seen[0])
		g.VMOVMSKPD(seen[0], o)
		g.XORL(operand.I8(15), o)
		g.MOVL(o, out.As32())
	}
	g.Store(out, g.ReturnIndex(0))
	g.done()
}

// update writes the product of a group of columns with one or three others.
func update(g *gen, groups int) {
	name, signature := "syrk1", "func(g0, b0, a *float64, p, rows, m int)"
	doc := []string{"syrk1 computes g0[i*p+c] += Σᵣ a[8*r+i]·b0[8*r+c] for i < m ≤ 8, c < 8 and r < rows, the sum in the order of r."}
	if groups == 3 {
		name, signature = "syrk3", "func(g0, g1, g2, b0, b1, b2, a *float64, p, rows, m int)"
		doc = []string{"syrk3 does what syrk1 does for g0 and b0, g1 and b1, g2 and b2."}
	}
	g.text(name, signature, doc...)
	height := 8
	if !g.avx512 {
		height = 4
	}
	gs, bs := make([]reg.GPVirtual, groups), make([]reg.GPVirtual, groups)
	for i := range gs {
		gs[i] = g.param(fmt.Sprintf("g%d", i))
	}
	p, m := g.bytes(g.param("p")), g.param("m")
	for begin := 0; begin < 8; begin += height {
		for i := range bs {
			bs[i] = g.param(fmt.Sprintf("b%d", i))
		}
		a, rows := g.param("a"), g.param("rows")
		acc := make([][]vec, height)
		for r := range acc {
			acc[r] = g.vecs(groups)
			for _, v := range acc[r] {
				g.zero(v)
			}
		}
		loop := fmt.Sprintf("loop%d", begin)
		g.Label(loop)
		b := g.vecs(groups)
		for i, v := range b {
			g.load(v, mem(bs[i], 0), false)
			g.ADDQ(operand.I32(64), bs[i])
		}
		for r, row := range acc {
			s := g.reg()
			g.broadcast(mem(a, 8*(begin+r)), s)
			for i, v := range row {
				for h := range v {
					g.VFMADD231PD(b[i][h], s, v[h])
				}
			}
		}
		g.ADDQ(operand.I32(64), a)
		g.DECQ(rows)
		g.JNE(operand.LabelRef(loop))
		for _, row := range acc {
			for i, v := range row {
				for h := range v {
					q := mem(gs[i], 32*h)
					g.VADDPD(q, v[h], v[h])
					g.VMOVUPD(v[h], q)
				}
				g.ADDQ(p, gs[i])
			}
			g.DECQ(m)
			g.JEQ(operand.LabelRef("end"))
		}
	}
	g.Label("end")
	g.done()
}

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
	g.eachSet(func() { pack(g) })
	g.eachSet(func() { update(g) })
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

// update writes the products of a group of columns with others, with AVX-512 three at a time.
func update(g *gen) {
	g.text("syrkRow", "func(dst, cols *float64, index *int, count int, a *float64, p, rows, m int)",
		"syrkRow computes dst[i*p+8*index[j]+c] += Σᵣ a[8*r+i]·cols[8*(j*rows+r)+c] for i < m ≤ 8, c < 8, j < count and",
		"r < rows, the sum in the order of r.")
	height, widths := 4, []int{1}
	if g.avx512 {
		height, widths = 8, []int{3, 2, 1}
	}
	dst, cols, index, count := g.param("dst"), g.param("cols"), g.param("index"), g.param("count")
	p, size := g.bytes(g.param("p")), g.param("rows")
	g.SHLQ(operand.U8(6), size)
	for i, width := range widths {
		label, next := fmt.Sprintf("groups%d", width), "end"
		if i+1 < len(widths) {
			next = fmt.Sprintf("groups%d", widths[i+1])
		}
		g.Label(label)
		g.CMPQ(count, operand.I8(int8(width)))
		g.JLT(operand.LabelRef(next))
		out, m := make([]reg.GPVirtual, width), g.param("m")
		for j := range out {
			out[j] = g.GP64()
			g.MOVQ(mem(index, 8*j), out[j])
			g.SHLQ(operand.U8(6), out[j])
			g.ADDQ(dst, out[j])
		}
		for begin := 0; begin < 8; begin += height {
			g.products(fmt.Sprintf("%sfrom%d", label, begin), out, cols, size, p, m, begin, height, label+"done")
		}
		g.Label(label + "done")
		for range width {
			g.ADDQ(size, cols)
		}
		g.ADDQ(operand.I8(int8(8*width)), index)
		g.SUBQ(operand.I8(int8(width)), count)
		g.JMP(operand.LabelRef(label))
	}
	g.Label("end")
	g.done()
}

// products does height rows, up to three groups side by side; those that lie behind row m are not stored.
func (g *gen) products(label string, out []reg.GPVirtual, cols, size, p, m reg.GPVirtual, begin, height int, done string) {
	a, rows, b := g.param("a"), g.param("rows"), g.GP64()
	g.MOVQ(cols, b)
	acc := make([][]vec, height)
	for r := range acc {
		acc[r] = g.vecs(len(out))
		for _, v := range acc[r] {
			g.zero(v)
		}
	}
	g.Label(label)
	x := g.vecs(len(out))
	for i, v := range x {
		q := operand.Mem{Base: b}
		if i > 0 {
			q.Index, q.Scale = size, uint8(i)
		}
		g.load(v, q, false)
	}
	g.ADDQ(operand.I32(64), b)
	for r, row := range acc {
		s := g.reg()
		g.broadcast(mem(a, 8*(begin+r)), s)
		for i, v := range row {
			for h := range v {
				g.VFMADD231PD(x[i][h], s, v[h])
			}
		}
	}
	g.ADDQ(operand.I32(64), a)
	g.DECQ(rows)
	g.JNE(operand.LabelRef(label))
	for _, row := range acc {
		for i, v := range row {
			for h := range v {
				q := mem(out[i], 32*h)
				g.VADDPD(q, v[h], v[h])
				g.VMOVUPD(v[h], q)
			}
			g.ADDQ(p, out[i])
		}
		g.DECQ(m)
		g.JEQ(operand.LabelRef(done))
	}
}

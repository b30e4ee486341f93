package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
)

// packs writes the copies of a few rows of a matrix as columns that lie side by side, for products that sum along the rows.
func packs(g *gen) { g.each(func() { packRows(g) }) }

// columnsOf is how many columns of the rows 16 bytes hold.
func (g *gen) columnsOf() int { return 16 / g.size() }

func packRows(g *gen) {
	g.text("packRows", "func(dst, src *float64, rows, n, ld, width int)",
		"packRows computes dst[s*width+r] = src[r*ld+s] for r < rows ≤ "+map[bool]string{false: "8", true: "16"}[g.single]+" and s < n, where n is at least "+fmt.Sprint(g.columnsOf())+
			". What a whole vector", "of eight numbers takes behind row rows−1 is filled with that row.")
	step := g.columnsOf()
	dst, src, rows, n := g.param("dst"), g.param("src"), g.param("rows"), g.param("n")
	ld, width := g.bytes(g.param("ld")), g.bytes(g.param("width"))
	ld3, ld5, ld7, width3 := g.times(ld, 3), g.times(ld, 5), g.times(ld, 7), g.times(width, 3)
	ahead := g.times(width, step)
	again := func(label string, body func()) {
		g.Label(label)
		body()
		g.ADDQ(operand.I32(16), src)
		g.ADDQ(ahead, dst)
		g.SUBQ(operand.I32(step), n)
		g.CMPQ(n, operand.I32(step))
		g.JGE(operand.LabelRef(label))
		g.TESTQ(n, n)
		g.JLE(operand.LabelRef("end"))
		// The last columns once more, together with those that are left.
		back := g.GP64()
		g.MOVQ(n, back)
		g.SUBQ(operand.I32(step), back)
		g.LEAQ(operand.Mem{Base: src, Index: back, Scale: uint8(g.size())}, src)
		g.IMULQ(width, back)
		g.ADDQ(back, dst)
		g.MOVQ(operand.I32(step), n)
		g.JMP(operand.LabelRef(label))
	}
	store := func(v vec, s int) {
		p := operand.Mem{Base: dst}
		switch s {
		case 1, 2:
			p.Index, p.Scale = width, uint8(s)
		case 3:
			p.Index, p.Scale = width3, 1
		}
		g.store(v, p, false)
	}
	g.CMPQ(rows, operand.I32(g.lanes()))
	g.JLT(operand.LabelRef("few"))
	again("all", func() {
		upper := g.GP64()
		g.LEAQ(operand.Mem{Base: src, Index: ld, Scale: 8}, upper)
		v := g.vecs(step)
		for r := range g.lanes() {
			p := operand.Mem{Base: src}
			if r >= 8 {
				p.Base = upper
			}
			switch r % 8 {
			case 1, 2, 4:
				p.Index, p.Scale = ld, uint8(r%8)
			case 3, 6:
				p.Index, p.Scale = ld3, uint8(r%8/3)
			case 5:
				p.Index, p.Scale = ld5, 1
			case 7:
				p.Index, p.Scale = ld7, 1
			}
			g.insert(p, v[r%step], r/step)
		}
		for s, u := range g.transpose(v) {
			store(u, s)
		}
	})
	g.Label("few")
	again("some", func() {
		p, to, none := g.GP64(), g.GP64(), g.GP64()
		g.MOVQ(src, p)
		g.MOVQ(ld, to)
		g.XORQ(none, none)
		v := g.vecs(step)
		for r := range g.lanes() {
			g.insert(mem(p, 0), v[r%step], r/step)
			if r+1 < g.lanes() {
				g.CMPQ(rows, operand.I32(r+1))
				g.CMOVQLE(none, to)
				g.ADDQ(to, p)
			}
		}
		for s, u := range g.transpose(v) {
			store(u, s)
		}
	})
	g.Label("end")
	g.done()
}

// insert loads 16 bytes into one of the four quarters of a vec, from the first on.
func (g *gen) insert(p operand.Mem, v vec, quarter int) {
	switch {
	case g.avx512 && quarter > 0:
		g.VINSERTF32X4(operand.U8(uint8(quarter)), p, v[0], v[0])
	case quarter%2 > 0:
		g.VINSERTF128(operand.U8(1), p, v[quarter/2], v[quarter/2])
	default:
		g.VMOVUPS(p, v[quarter/2].AsX())
	}
}

// transpose transposes the square of numbers in each quarter of two or four vecs.
func (g *gen) transpose(v []vec) []vec {
	unpack := func(instruction func(...operand.Op), a, b vec) vec {
		out := g.vec()
		for h := range out {
			instruction(b[h], a[h], out[h])
		}
		return out
	}
	if !g.single {
		return []vec{unpack(g.VUNPCKLPD, v[0], v[1]), unpack(g.VUNPCKHPD, v[0], v[1])}
	}
	lo0, lo1 := unpack(g.VUNPCKLPS, v[0], v[1]), unpack(g.VUNPCKLPS, v[2], v[3])
	hi0, hi1 := unpack(g.VUNPCKHPS, v[0], v[1]), unpack(g.VUNPCKHPS, v[2], v[3])
	return []vec{unpack(g.VUNPCKLPD, lo0, lo1), unpack(g.VUNPCKHPD, lo0, lo1), unpack(g.VUNPCKLPD, hi0, hi1), unpack(g.VUNPCKHPD, hi0, hi1)}
}

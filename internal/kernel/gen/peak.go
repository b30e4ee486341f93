package main

import "github.com/mmcloughlin/avo/operand"

// peak writes the loop that benchmarks compare with: nothing but independent fused multiply-adds.
func peak(g *gen) {
	g.each(func() {
		g.text("peak", "func(n int)", "peak does n times 12 fused multiply-adds of a register.")
		n := g.param("n")
		regs := g.vecs(12 / len(g.vec()))
		one := g.vec()[:1]
		g.zero(one)
		for _, v := range regs {
			g.zero(v)
		}
		g.Label("loop")
		for _, v := range regs {
			for _, r := range v {
				g.fma(one[0], one[0], r)
			}
		}
		g.SUBQ(operand.I8(1), n)
		g.JNE(operand.LabelRef("loop"))
		g.done()
	})
}

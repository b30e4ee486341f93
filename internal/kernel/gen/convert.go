package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// converts writes the passage between float64 and float32.
func converts(g *gen) {
	g.masks()
	g.eachSet(func() {
		convert(g, "narrow", "func(dst *float32, x *float64, n int)", "narrow computes dst[i] = x[i] for i < n.", false, func(x, dst reg.GPVirtual, masked bool) {
			v := g.vec()
			g.load(v, mem(x, 0), masked)
			g.single = true
			g.narrow(v, mem(dst, 0), masked)
		})
	})
	for _, name := range []string{"widen", "addWiden"} {
		doc := " computes dst[i] = x[i] for i < n."
		if name == "addWiden" {
			doc = " computes dst[i] += x[i] for i < n."
		}
		g.eachSet(func() {
			convert(g, name, "func(dst *float64, x *float32, n int)", name+doc, true, func(x, dst reg.GPVirtual, masked bool) {
				v := g.vec()
				g.single = true
				g.widen(v, mem(x, 0), masked)
				g.single = false
				if name == "addWiden" {
					for h, r := range v {
						u := g.reg()
						g.loadHalf(u, mem(dst, 0), h, masked)
						g.add(u, r, r)
					}
				}
				g.store(v, mem(dst, 0), masked)
			})
		})
	}
}

// convert goes over n numbers, eight at a time.
func convert(g *gen, name, signature, doc string, widening bool, body func(x, dst reg.GPVirtual, masked bool)) {
	g.text(name, signature, doc)
	x, dst, n := g.param("x"), g.param("dst"), g.param("n")
	from, to := 8, 4
	if widening {
		from, to = 4, 8
	}
	g.Label("eight")
	g.CMPQ(n, operand.I32(8))
	g.JLT(operand.LabelRef("rest"))
	body(x, dst, false)
	g.single = false
	g.ADDQ(operand.I32(8*from), x)
	g.ADDQ(operand.I32(8*to), dst)
	g.SUBQ(operand.I32(8), n)
	g.JMP(operand.LabelRef("eight"))
	g.Label("rest")
	g.TESTQ(n, n)
	g.JLE(operand.LabelRef("end"))
	g.setMasks(n)
	body(x, dst, true)
	g.single = false
	g.Label("end")
	g.done()
}

package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// outers writes the gradients of a matrix, where packing does not pay, and of a bias: scalar products along the batch, a tile of them at
// a time, each with eight partial sums.
func outers(g *gen) {
	g.masks()
	g.each(func() { outer(g) })
	g.each(func() { rowSums(g) })
}

func outer(g *gen) {
	g.text("addOuter", "func(grad, delta, x *float64, out, in, n int)",
		"addOuter computes grad[o*in+k] += Σₛ delta[o*n+s]·x[k*n+s] for o < out, k < in and s < n. The sum is over eight partial",
		"sums.")
	d, m := g.param("delta"), g.param("out")
	gp := g.param("grad")
	ld := g.bytes(g.param("n"))
	ld3 := g.times(ld, 3)
	in := g.GP64()
	t := g.param("n")
	g.ANDQ(operand.I32(g.lanes()-1), t)
	g.setMask(t)
	heights, sizes := []int{2, 1}, []int{2, 1}
	var ld5 reg.GPVirtual
	if g.avx512 {
		heights, sizes = []int{6, 4, 2, 1}, []int{4, 2, 1}
		ld5 = g.times(ld, 5)
	}
	row := func(base reg.GPVirtual, r int) operand.Mem {
		p := operand.Mem{Base: base}
		switch r {
		case 1, 2, 4:
			p.Index, p.Scale = ld, uint8(r)
		case 3, 6:
			p.Index, p.Scale = ld3, uint8(r/3)
		case 5:
			p.Index, p.Scale = ld5, 1
		}
		return p
	}
	forward := func(base reg.GPVirtual, rows int) { g.LEAQ(row(base, rows), base) }
	for i, rows := range heights {
		label, next := fmt.Sprintf("rows%d", rows), "end"
		if i+1 < len(heights) {
			next = fmt.Sprintf("rows%d", heights[i+1])
		}
		g.Label(label)
		g.CMPQ(m, operand.I32(rows))
		g.JLT(operand.LabelRef(next))
		x := g.param("x")
		g.MOVQ(g.arg("in"), in)
		for j, cols := range sizes {
			here, after := fmt.Sprintf("%scols%d", label, cols), label+"done"
			if j+1 < len(sizes) {
				after = fmt.Sprintf("%scols%d", label, sizes[j+1])
			}
			g.Label(here)
			g.CMPQ(in, operand.I32(cols))
			g.JLT(operand.LabelRef(after))
			acc := make([][]vec, rows)
			for r := range acc {
				acc[r] = g.vecs(cols)
				for _, v := range acc[r] {
					g.zero(v)
				}
			}
			dq, xq, n := g.GP64(), g.GP64(), g.param("n")
			g.MOVQ(d, dq)
			g.MOVQ(x, xq)
			body := func(masked bool) {
				for h := range acc[0][0] {
					b := make([]reg.VecVirtual, cols)
					for c := range b {
						b[c] = g.reg()
						g.loadHalf(b[c], row(xq, c), h, masked)
					}
					for r := range acc {
						a := g.reg()
						g.loadHalf(a, row(dq, r), h, masked)
						for c := range b {
							g.fma(b[c], a, acc[r][c][h])
						}
					}
				}
			}
			g.SUBQ(operand.I32(g.lanes()), n)
			g.JLT(operand.LabelRef(here + "rest"))
			g.Label(here + "loop")
			body(false)
			g.ADDQ(operand.I32(64), dq)
			g.ADDQ(operand.I32(64), xq)
			g.SUBQ(operand.I32(g.lanes()), n)
			g.JGE(operand.LabelRef(here + "loop"))
			g.Label(here + "rest")
			g.ADDQ(operand.I32(g.lanes()), n)
			g.JEQ(operand.LabelRef(here + "reduce"))
			body(true)
			g.Label(here + "reduce")
			p, ldg := g.GP64(), g.bytes(g.param("in"))
			g.MOVQ(gp, p)
			for r := range acc {
				g.reduce(acc[r], mem(p, 0))
				if r+1 < rows {
					g.ADDQ(ldg, p)
				}
			}
			g.ADDQ(operand.I32(g.size()*cols), gp)
			forward(x, cols)
			g.SUBQ(operand.I32(cols), in)
			g.JMP(operand.LabelRef(here))
		}
		g.Label(label + "done")
		if rows > 1 { // gp stands at the end of the first row
			skip := g.bytes(g.param("in"))
			skip2 := g.times(skip, rows-1)
			g.ADDQ(skip2, gp)
		}
		forward(d, rows)
		g.SUBQ(operand.I32(rows), m)
		g.JMP(operand.LabelRef(label))
	}
	g.Label("end")
	g.done()
}

func rowSums(g *gen) {
	g.text("addRowSums", "func(grad, delta *float64, out, n int)",
		"addRowSums computes grad[o] += Σₛ delta[o*n+s] for o < out and s < n. The sum is over eight partial sums.")
	gp, d, m, ld := g.param("grad"), g.param("delta"), g.param("out"), g.bytes(g.param("n"))
	ld3 := g.times(ld, 3)
	t := g.param("n")
	g.ANDQ(operand.I32(g.lanes()-1), t)
	g.setMask(t)
	for i, rows := range []int{4, 1} {
		label := fmt.Sprintf("rows%d", rows)
		g.Label(label)
		g.CMPQ(m, operand.I32(rows))
		g.JLT(operand.LabelRef([]string{"rows1", "end"}[i]))
		acc := g.vecs(rows)
		for _, v := range acc {
			g.zero(v)
		}
		p, n := g.GP64(), g.param("n")
		g.MOVQ(d, p)
		body := func(masked bool) {
			for r, v := range acc {
				q := mem(p, 0)
				switch r {
				case 1, 2:
					q.Index, q.Scale = ld, uint8(r)
				case 3:
					q.Index, q.Scale = ld3, 1
				}
				for h := range v {
					u := g.reg()
					g.loadHalf(u, q, h, masked)
					g.add(u, v[h], v[h])
				}
			}
		}
		g.SUBQ(operand.I32(g.lanes()), n)
		g.JLT(operand.LabelRef(label + "rest"))
		g.Label(label + "loop")
		body(false)
		g.ADDQ(operand.I32(64), p)
		g.SUBQ(operand.I32(g.lanes()), n)
		g.JGE(operand.LabelRef(label + "loop"))
		g.Label(label + "rest")
		g.ADDQ(operand.I32(g.lanes()), n)
		g.JEQ(operand.LabelRef(label + "reduce"))
		body(true)
		g.Label(label + "reduce")
		g.reduce(acc, mem(gp, 0))
		g.ADDQ(operand.I32(g.size()*rows), gp)
		g.LEAQ(operand.Mem{Base: d, Index: ld, Scale: uint8(rows)}, d)
		g.SUBQ(operand.I32(rows), m)
		g.JMP(operand.LabelRef(label))
	}
	g.Label("end")
	g.done()
}

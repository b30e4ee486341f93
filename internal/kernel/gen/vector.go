package main

import (
	"fmt"
	"slices"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// elementwise is a routine without sums: products and sums are rounded one by one, so that the bits are those of Go.
type elementwise struct {
	name, signature, doc string
	dst                  string
	src                  []string // what op takes, in this order
	scalar               bool
	op                   func(g *gen, x []reg.VecVirtual, a, one reg.VecVirtual) reg.VecVirtual
	one, three           bool
}

// elementwises are the routines without sums.
var elementwises = []elementwise{
	{name: "axpy", signature: "func(y *float64, a float64, x *float64, n int)", doc: "y[i] += a·x[i]",
		dst: "y", src: []string{"y", "x"}, scalar: true,
		op: func(g *gen, x []reg.VecVirtual, a, _ reg.VecVirtual) reg.VecVirtual {
			g.mul(a, x[1], x[1])
			g.add(x[1], x[0], x[0])
			return x[0]
		}},
	{name: "axpyTo", signature: "func(dst, y *float64, a float64, x *float64, n int)", doc: "dst[i] = y[i] + a·x[i]",
		dst: "dst", src: []string{"y", "x"}, scalar: true,
		op: func(g *gen, x []reg.VecVirtual, a, _ reg.VecVirtual) reg.VecVirtual {
			g.mul(a, x[1], x[1])
			g.add(x[1], x[0], x[0])
			return x[0]
		}},
	{name: "scaleTo", signature: "func(dst *float64, a float64, x *float64, n int)", doc: "dst[i] = a·x[i]",
		dst: "dst", src: []string{"x"}, scalar: true,
		op: func(g *gen, x []reg.VecVirtual, a, _ reg.VecVirtual) reg.VecVirtual {
			g.mul(a, x[0], x[0])
			return x[0]
		}},
	{name: "add", signature: "func(y, x *float64, n int)", doc: "y[i] += x[i]",
		dst: "y", src: []string{"y", "x"},
		op: func(g *gen, x []reg.VecVirtual, _, _ reg.VecVirtual) reg.VecVirtual {
			g.add(x[1], x[0], x[0])
			return x[0]
		}},
	{name: "mulTo", signature: "func(dst, x, y *float64, n int)", doc: "dst[i] = x[i]·y[i]",
		dst: "dst", src: []string{"x", "y"},
		op: func(g *gen, x []reg.VecVirtual, _, _ reg.VecVirtual) reg.VecVirtual {
			g.mul(x[1], x[0], x[0])
			return x[0]
		}},
	{name: "mulAdd", signature: "func(y, a, x *float64, n int)", doc: "y[i] += a[i]·x[i]",
		dst: "y", src: []string{"y", "a", "x"},
		op: func(g *gen, x []reg.VecVirtual, _, _ reg.VecVirtual) reg.VecVirtual {
			g.mul(x[2], x[1], x[1])
			g.add(x[1], x[0], x[0])
			return x[0]
		}},
	{name: "cube", signature: "func(dst, x *float64, n int)", doc: "dst[i] = x[i]³",
		dst: "dst", src: []string{"x"},
		op: func(g *gen, x []reg.VecVirtual, _, _ reg.VecVirtual) reg.VecVirtual {
			t := g.reg()
			g.mul(x[0], x[0], t)
			g.mul(t, x[0], t)
			return t
		}},
	{name: "mulCubeD", signature: "func(y, x *float64, n int)", doc: "y[i] *= 3·x[i]²",
		dst: "y", src: []string{"y", "x"}, three: true,
		op: func(g *gen, x []reg.VecVirtual, _, three reg.VecVirtual) reg.VecVirtual {
			t := g.reg()
			g.mul(three, x[1], t)
			g.mul(t, x[1], t)
			g.mul(t, x[0], t)
			return t
		}},
	{name: "tanhD", signature: "func(d, h *float64, n int)", doc: "d[i] = 1 − h[i]²",
		dst: "d", src: []string{"h"}, one: true,
		op: func(g *gen, x []reg.VecVirtual, _, one reg.VecVirtual) reg.VecVirtual {
			g.mul(x[0], x[0], x[0])
			g.sub(x[0], one, x[0])
			return x[0]
		}},
	{name: "mulTanhD", signature: "func(y, h *float64, n int)", doc: "y[i] *= 1 − h[i]²",
		dst: "y", src: []string{"y", "h"}, one: true,
		op: func(g *gen, x []reg.VecVirtual, _, one reg.VecVirtual) reg.VecVirtual {
			g.mul(x[1], x[1], x[1])
			g.sub(x[1], one, x[1])
			g.mul(x[1], x[0], x[0])
			return x[0]
		}},
	{name: "sigmoidD", signature: "func(d, h *float64, n int)", doc: "d[i] = h[i]·(1 − h[i])",
		dst: "d", src: []string{"h"}, one: true,
		op: func(g *gen, x []reg.VecVirtual, _, one reg.VecVirtual) reg.VecVirtual {
			t := g.reg()
			g.sub(x[0], one, t)
			g.mul(t, x[0], t)
			return t
		}},
	{name: "mulSigmoidD", signature: "func(y, h *float64, n int)", doc: "y[i] *= h[i]·(1 − h[i])",
		dst: "y", src: []string{"y", "h"}, one: true,
		op: func(g *gen, x []reg.VecVirtual, _, one reg.VecVirtual) reg.VecVirtual {
			t := g.reg()
			g.sub(x[1], one, t)
			g.mul(t, x[1], t)
			g.mul(t, x[0], t)
			return t
		}},
	{name: "relu", signature: "func(dst, x *float64, n int)", doc: "dst[i] = max(x[i], 0)",
		dst: "dst", src: []string{"x"},
		op: func(g *gen, x []reg.VecVirtual, _, _ reg.VecVirtual) reg.VecVirtual {
			t := g.reg()
			g.VXORPD(t, t, t)
			g.max(x[0], t, x[0]) // x where it is NaN
			g.add(t, x[0], x[0]) // no −0
			return x[0]
		}},
	{name: "reluD", signature: "func(d, h *float64, n int)", doc: "d[i] = 1 where h[i] > 0, 0 elsewhere,",
		dst: "d", src: []string{"h"}, one: true,
		op: func(g *gen, x []reg.VecVirtual, _, one reg.VecVirtual) reg.VecVirtual {
			return positive(g, x[0], one)
		}},
	{name: "mulReluD", signature: "func(y, h *float64, n int)", doc: "y[i] = 0 unless h[i] > 0",
		dst: "y", src: []string{"y", "h"},
		op: func(g *gen, x []reg.VecVirtual, _, _ reg.VecVirtual) reg.VecVirtual {
			return positive(g, x[1], x[0])
		}},
}

func vectors(g *gen) {
	g.masks()
	values := map[string]float64{"one": 1, "three": 3}
	g.declare(append(numbers(values), singles(values)...)...)
	for _, e := range elementwises {
		g.each(func() { e.write(g) })
	}
	g.each(func() { dots(g, "dot", "func(x, y *float64, n int) float64", "y") })
	g.each(func() { dots(g, "sum", "func(x *float64, n int) float64", "") })
}

func (e elementwise) write(g *gen) {
	g.text(e.name, e.signature, e.name+" computes "+e.doc+" for i < n.")
	names := append([]string{e.dst}, e.src...)
	ptr := map[string]reg.GPVirtual{}
	for _, s := range names {
		if ptr[s] == nil {
			ptr[s] = g.param(s)
		}
	}
	n := g.param("n")
	var a, c reg.VecVirtual
	if e.scalar {
		a = g.reg()
		g.broadcast(g.arg("a"), a)
	}
	if e.one || e.three {
		name := "one"
		if e.three {
			name = "three"
		}
		c = g.reg()
		g.broadcast(g.place(name), c)
	}
	block := func(vectors int, masked bool) {
		for i := range vectors {
			parts := make([]vec, len(e.src))
			for j, s := range e.src {
				parts[j] = g.vec()
				g.load(parts[j], mem(ptr[s], 64*i), masked)
			}
			out := make(vec, len(parts[0]))
			for h := range out {
				var x []reg.VecVirtual
				for _, p := range parts {
					x = append(x, p[h])
				}
				out[h] = e.op(g, x, a, c)
			}
			g.store(out, mem(ptr[e.dst], 64*i), masked)
		}
	}
	step := func(vectors int) {
		for i, s := range names {
			if slices.Index(names, s) == i {
				g.ADDQ(operand.I32(64*vectors), ptr[s])
			}
		}
		g.SUBQ(operand.I32(g.lanes()*vectors), n)
	}
	g.stream(n, usual, block, step)
	g.done()
}

// positive returns y where x > 0, 0 elsewhere.
func positive(g *gen, x, y reg.VecVirtual) reg.VecVirtual {
	t := g.reg()
	g.VXORPD(t, t, t)
	const greater = 30
	if g.avx512 {
		k := g.K()
		g.compare(operand.U8(greater), t, x, k)
		if g.single {
			g.VMOVAPS_Z(y, k, t)
		} else {
			g.VMOVAPD_Z(y, k, t)
		}
		return t
	}
	g.compare(operand.U8(greater), t, x, t)
	g.and(y, t, t)
	return t
}

// usual are the widths of stream.
var usual = []int{4, 1}

// stream goes over n numbers, so many vectors at a time as widths has, the last of which is one, and the rest masked.
func (g *gen) stream(n reg.GPVirtual, widths []int, block func(vectors int, masked bool), step func(vectors int)) {
	for i, vectors := range widths {
		here, next := fmt.Sprint("of", vectors), "rest"
		if i+1 < len(widths) {
			next = fmt.Sprint("of", widths[i+1])
		}
		g.Label(here)
		g.CMPQ(n, operand.I32(vectors*g.lanes()))
		g.JLT(operand.LabelRef(next))
		block(vectors, false)
		step(vectors)
		g.JMP(operand.LabelRef(here))
	}
	g.Label("rest")
	g.TESTQ(n, n)
	g.JLE(operand.LabelRef("end"))
	g.setMask(n)
	block(1, true)
	g.Label("end")
}

// dots writes the scalar product, or the sum where there is no second factor: four vectors of eight partial sums.
func dots(g *gen, name, signature, second string) {
	doc := name + " returns Σᵢ x[i]"
	if second != "" {
		doc += "·y[i]"
	}
	g.text(name, signature, doc+" for i < n.")
	x := g.param("x")
	var y reg.GPVirtual
	if second != "" {
		y = g.param(second)
	}
	n := g.param("n")
	acc := g.vecs(4)
	for _, v := range acc {
		g.zero(v)
	}
	block := func(vectors int, masked bool) {
		for i := range vectors {
			for h := range acc[i] {
				u := g.reg()
				g.loadHalf(u, mem(x, 64*i), h, masked)
				if second == "" {
					g.add(u, acc[i][h], acc[i][h])
					continue
				}
				v := g.reg()
				g.loadHalf(v, mem(y, 64*i), h, masked)
				g.fma(v, u, acc[i][h])
			}
		}
	}
	step := func(vectors int) {
		g.ADDQ(operand.I32(64*vectors), x)
		if second != "" {
			g.ADDQ(operand.I32(64*vectors), y)
		}
		g.SUBQ(operand.I32(g.lanes()*vectors), n)
	}
	g.stream(n, usual, block, step)
	for h := range acc[0] {
		g.add(acc[1][h], acc[0][h], acc[0][h])
		g.add(acc[3][h], acc[2][h], acc[2][h])
		g.add(acc[2][h], acc[0][h], acc[0][h])
	}
	s := g.sum(acc[0])
	g.Store(s, g.ReturnIndex(0))
	g.done()
}

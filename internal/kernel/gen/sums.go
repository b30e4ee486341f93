package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sums writes what Runge–Kutta methods do with the whole state, for float64: linear combinations of stages in one pass, and errors
// against tolerances.
func sums(g *gen) {
	g.masks()
	g.declare(constant{name: "magnitude", bits: 1<<63 - 1})
	g.eachSet(func() { combination(g) })
	g.eachSet(func() { errorSquares(g, true) })
	g.eachSet(func() { errorSquares(g, false) })
}

func combination(g *gen) {
	g.text("combine", "func(dst, x, a *float64, k *[]float64, terms, n int)",
		"combine computes dst[i] = x[i] + Σⱼ a[j]·k[j][i] for i < n and j < terms, terms ≥ 1, without x where it is nil. The products are",
		"summed in the order of j.")
	dst, x, a, k, terms, n := g.param("dst"), g.param("x"), g.param("a"), g.param("k"), g.param("terms"), g.param("n")
	at := g.GP64() // bytes from the beginning
	g.XORQ(at, at)
	block := func(vectors int, masked bool) {
		label := fmt.Sprint("by", vectors)
		if masked {
			label = "rest"
		}
		acc := g.vecs(vectors)
		coefficient, slice, left := g.GP64(), g.GP64(), g.GP64()
		g.MOVQ(a, coefficient)
		g.MOVQ(k, slice)
		g.MOVQ(terms, left)
		for _, v := range acc {
			g.zero(v)
		}
		g.Label(label + "terms")
		c, p := g.reg(), g.GP64()
		g.MOVQ(operand.Mem{Base: slice}, p)
		g.ADDQ(at, p)
		g.broadcast(mem(coefficient, 0), c)
		for i, v := range acc {
			for h, r := range v {
				u := g.reg()
				g.loadHalf(u, mem(p, 64*i), h, masked)
				g.fma(u, c, r)
			}
		}
		g.ADDQ(operand.I32(8), coefficient)
		g.ADDQ(operand.I32(24), slice)
		g.DECQ(left)
		g.JNE(operand.LabelRef(label + "terms"))
		g.TESTQ(x, x)
		g.JEQ(operand.LabelRef(label + "store"))
		for i, v := range acc {
			for h, r := range v {
				u := g.reg()
				g.loadHalf(u, mem(x, 64*i), h, masked)
				g.add(u, r, r)
			}
		}
		g.ADDQ(operand.I32(64*vectors), x)
		g.Label(label + "store")
		for i, v := range acc {
			g.store(v, mem(dst, 64*i), masked)
		}
	}
	widths := usual
	if g.avx512 {
		widths = []int{8, 4, 1}
	}
	g.stream(n, widths, block, func(vectors int) {
		g.ADDQ(operand.I32(64*vectors), dst)
		g.ADDQ(operand.I32(64*vectors), at)
		g.SUBQ(operand.I32(8*vectors), n)
	})
	g.done()
}

// errorSquares writes the squares of weighted errors, summed over all numbers or added number by number.
func errorSquares(g *gen, total bool) {
	if total {
		g.text("sumErrorSquares", "func(err, x, next *float64, rtol, atol float64, n int) float64",
			"sumErrorSquares returns Σᵢ (err[i]/(atol + rtol·max(|x[i]|, |next[i]|)))² for i < n, NaN where a next[i] is not finite.")
	} else {
		g.text("addErrorSquares", "func(sum, err, x, next *float64, rtol, atol float64, n int)",
			"addErrorSquares computes sum[i] += (err[i]/(atol + rtol·max(|x[i]|, |next[i]|)))² for i < n.")
	}
	names := []string{"err", "x", "next"}
	if !total {
		names = append(names, "sum")
	}
	ptr := map[string]reg.GPVirtual{}
	for _, p := range names {
		ptr[p] = g.param(p)
	}
	n := g.param("n")
	rtol, atol, magnitude := g.reg(), g.reg(), g.reg()
	g.broadcast(g.arg("rtol"), rtol)
	g.broadcast(g.arg("atol"), atol)
	g.broadcast(g.place("magnitude"), magnitude)
	acc := g.vecs(1)[0]
	for _, r := range acc {
		g.VXORPD(r, r, r)
	}
	block := func(vectors int, masked bool) {
		for i := range vectors {
			for h := range acc {
				e, x, next := g.reg(), g.reg(), g.reg()
				g.loadHalf(e, mem(ptr["err"], 64*i), h, masked)
				g.loadHalf(x, mem(ptr["x"], 64*i), h, masked)
				g.loadHalf(next, mem(ptr["next"], 64*i), h, masked)
				missing := g.reg() // 0, or NaN where next is not finite
				g.sub(next, next, missing)
				g.and(magnitude, x, x)
				g.and(magnitude, next, next)
				g.max(next, x, x) // next where it is NaN
				g.mul(rtol, x, x)
				g.add(atol, x, x)
				g.div(x, e, e)
				g.add(missing, e, e)
				if masked { // where there is no number it may be 0/0
					g.only(e, h)
				}
				if total {
					g.fma(e, e, acc[h])
					continue
				}
				s := g.reg()
				g.loadHalf(s, mem(ptr["sum"], 64*i), h, masked)
				g.fma(e, e, s)
				g.storeHalf(s, mem(ptr["sum"], 64*i), h, masked)
			}
		}
	}
	g.stream(n, usual, block, func(vectors int) {
		for _, p := range names {
			g.ADDQ(operand.I32(64*vectors), ptr[p])
		}
		g.SUBQ(operand.I32(8*vectors), n)
	})
	if total {
		g.Store(g.sum(acc), g.ReturnIndex(0))
	}
	g.done()
}

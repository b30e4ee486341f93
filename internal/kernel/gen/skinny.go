package main

import (
	"fmt"
	"slices"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// productSignature is that of the routines whose arguments come in a block of words, the fields of product: passing thirteen arguments
// from one function to the next takes longer than the smallest products.
const productSignature = "func(p *[13]uintptr)"

var productFields = []string{"y", "w", "x", "bias", "m", "k", "ldw", "ldy", "ldx", "cols", "start", "next", "lines"}

// field loads an argument of a product.
func (g *gen) field(name string) reg.GPVirtual {
	r := g.GP64()
	g.MOVQ(g.arg("p"), r)
	g.MOVQ(mem(r, 8*slices.Index(productFields, name)), r)
	return r
}

// skinny writes the products that tiles of gemm fit badly: with few inputs, where a strip of x stays in registers while the rows of
// w pass by, and with few outputs, where the sums of a strip of y do. A strip is as many vecs wide as there are registers for. Every entry
// is the same chain of operations as in gemm, and has the same bits.
func skinny(g *gen) {
	g.masks()
	g.each(func() {
		g.text("gemmShort", productSignature, "gemmShort is gemm for 1 ≤ k ≤ "+fmt.Sprint(shortInner(g.avx512))+", with up to "+
			fmt.Sprint(stripVectors(g.avx512))+" vectors of eight columns.")
		k := g.field("k")
		for inner := 1; inner <= shortInner(g.avx512); inner++ {
			next := fmt.Sprintf("inner%d", inner+1)
			if inner < shortInner(g.avx512) {
				g.CMPQ(k, operand.I32(inner))
				g.JNE(operand.LabelRef(next))
			}
			g.strips(fmt.Sprintf("k%d", inner), func(label string, vectors int) { g.short(label, inner, vectors) })
			if inner < shortInner(g.avx512) {
				g.Label(next)
			}
		}
	})
	g.each(func() {
		g.text("gemmFlat", productSignature, "gemmFlat is gemm for 1 ≤ m ≤ 2, with up to "+fmt.Sprint(stripVectors(g.avx512))+" vectors of eight columns.")
		m := g.field("m")
		g.CMPQ(m, operand.I32(1))
		g.JEQ(operand.LabelRef("single"))
		g.strips("two", func(label string, vectors int) { g.flat(label, 2, vectors) })
		g.Label("single")
		g.strips("one", func(label string, vectors int) { g.flat(label, 1, vectors) })
	})
}

// stripVectors is the largest width of a strip, shortInner the largest number of inputs.
func stripVectors(avx512 bool) int {
	if avx512 {
		return 8
	}
	return 2
}

func shortInner(avx512 bool) int {
	if avx512 {
		return 3
	}
	return 2
}

// strips writes body for every width of a strip, of which the last vector is masked.
func (g *gen) strips(label string, body func(label string, vectors int)) {
	for c := stripVectors(g.avx512); c >= 1; c-- {
		n, next := g.field("cols"), fmt.Sprintf("%sstrip%d", label, c-1)
		g.SUBQ(operand.I32(g.lanes()*(c-1)), n)
		if c > 1 {
			g.JLE(operand.LabelRef(next))
		}
		g.setMask(n)
		body(fmt.Sprintf("%swidth%d", label, c), c)
		g.done()
		if c > 1 {
			g.Label(next)
		}
	}
}

// begin jumps to where sums begin with zero, the bias, or y, and lets each store what it begins with.
func (g *gen) begin(label string, acc [][]vec, y, bias, ldy reg.GPVirtual) {
	start := g.field("start")
	g.CMPQ(start, operand.I32(1))
	g.JEQ(operand.LabelRef(label + "bias"))
	g.JGT(operand.LabelRef(label + "add"))
	for _, row := range acc {
		for _, v := range row {
			g.zero(v)
		}
	}
	g.JMP(operand.LabelRef(label + "begin"))
	g.Label(label + "bias")
	for r, row := range acc {
		g.broadcast(mem(bias, g.size()*r), row[0][0])
		for c, v := range row {
			for h := range v {
				if c+h > 0 {
					g.VMOVAPD(row[0][0], v[h])
				}
			}
		}
	}
	g.JMP(operand.LabelRef(label + "begin"))
	g.Label(label + "add")
	for r, row := range acc {
		p := operand.Mem{Base: y}
		if r > 0 {
			p.Index, p.Scale = ldy, 1
		}
		for c, v := range row {
			g.load(v, p.Offset(64*c), c == len(row)-1)
		}
	}
	g.Label(label + "begin")
}

// short keeps a strip of x and goes down the rows.
func (g *gen) short(label string, inner, vectors int) {
	y, w, bias, m := g.field("y"), g.field("w"), g.field("bias"), g.field("m")
	ldw, ldy := g.bytes(g.field("ldw")), g.bytes(g.field("ldy"))
	x, ldx := g.field("x"), g.bytes(g.field("ldx"))
	strip := make([][]vec, inner)
	for j := range strip {
		strip[j] = g.vecs(vectors)
		for c, v := range strip[j] {
			g.load(v, mem(x, 64*c), c == vectors-1)
		}
		if j+1 < inner {
			g.ADDQ(ldx, x)
		}
	}
	row := func(init func(c int, v vec)) {
		a := make([]reg.VecVirtual, inner)
		for j := range a {
			a[j] = g.reg()
			g.broadcast(mem(w, g.size()*j), a[j])
		}
		for c := range vectors {
			v := g.vec()
			init(c, v)
			for j := range inner {
				for h := range v {
					g.fma(strip[j][c][h], a[j], v[h])
				}
			}
			g.store(v, mem(y, 64*c), c == vectors-1)
		}
		g.ADDQ(ldw, w)
		g.ADDQ(ldy, y)
		g.DECQ(m)
	}
	start := g.field("start")
	g.CMPQ(start, operand.I32(1))
	g.JEQ(operand.LabelRef(label + "bias"))
	g.JGT(operand.LabelRef(label + "add"))
	g.Label(label + "zero")
	row(func(_ int, v vec) { g.zero(v) })
	g.JNE(operand.LabelRef(label + "zero"))
	g.done()
	g.Label(label + "bias")
	b := g.reg()
	g.broadcast(mem(bias, 0), b)
	g.ADDQ(operand.I32(g.size()), bias)
	row(func(_ int, v vec) {
		for h := range v {
			g.VMOVAPD(b, v[h])
		}
	})
	g.JNE(operand.LabelRef(label + "bias"))
	g.done()
	g.Label(label + "add")
	row(func(c int, v vec) { g.load(v, mem(y, 64*c), c == vectors-1) })
	g.JNE(operand.LabelRef(label + "add"))
}

// flat keeps the sums of a strip of one or two rows.
func (g *gen) flat(label string, rows, vectors int) {
	y, w, bias, k := g.field("y"), g.field("w"), g.field("bias"), g.field("k")
	ldw, ldy := g.bytes(g.field("ldw")), g.bytes(g.field("ldy"))
	x, ldx := g.field("x"), g.bytes(g.field("ldx"))
	acc := make([][]vec, rows)
	for r := range acc {
		acc[r] = g.vecs(vectors)
	}
	g.begin(label, acc, y, bias, ldy)
	g.Label(label + "loop")
	a := make([]reg.VecVirtual, rows)
	for r := range a {
		a[r] = g.reg()
		p := operand.Mem{Base: w}
		if r > 0 {
			p.Index, p.Scale = ldw, 1
		}
		g.broadcast(p, a[r])
	}
	for c := range vectors {
		b := g.vec()
		g.load(b, mem(x, 64*c), c == vectors-1)
		for r := range acc {
			for h := range b {
				g.fma(b[h], a[r], acc[r][c][h])
			}
		}
	}
	g.ADDQ(operand.I32(g.size()), w)
	g.ADDQ(ldx, x)
	g.DECQ(k)
	g.JNE(operand.LabelRef(label + "loop"))
	for r, row := range acc {
		p := operand.Mem{Base: y}
		if r > 0 {
			p.Index, p.Scale = ldy, 1
		}
		for c, v := range row {
			g.store(v, p.Offset(64*c), c == vectors-1)
		}
	}
}

package main

import (
	"fmt"
	"slices"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// products writes the product of a matrix with a few columns of a batch, one vec of columns with AVX2, up to three with
// AVX-512. The tile of y stays in registers; every entry is one chain of fused multiply-adds in the order of k. While a tile of long sums
// is computed, the memory that it is stored to comes nearer, and a few lines of what will be wanted next.
func products(g *gen) {
	g.masks()
	g.each(func() {
		g.text("gemm", productSignature,
			"gemm computes y[i*ldy+s] = init + Σⱼ w[i*ldw+j]·x[j*ldx+s] for i < m, j < k and s < cols, where init is 0, bias[i] or",
			"y[i*ldy+s] for start = 0, 1, 2; for start = 3 it adds the sum, which begins with 0, to y[i*ldy+s]. cols is at least 1 and at most what "+map[bool]string{true: "three vectors", false: "one vector"}[g.avx512]+" of eight numbers hold.")
		t := tile{gen: g, y: g.field("y"), w: g.field("w"), bias: g.field("bias"), m: g.field("m"),
			ldw: g.bytes(g.field("ldw")), ldy: g.bytes(g.field("ldy"))}
		t.ldw3 = g.times(t.ldw, 3)
		t.ldw5 = g.times(t.ldw, 5)
		if g.avx512 {
			t.ldw7 = g.times(t.ldw, 7)
			for c := 3; c >= 1; c-- {
				n := g.field("cols")
				g.SUBQ(operand.I32(g.lanes()*(c-1)), n)
				if c > 1 {
					g.JLE(operand.LabelRef(fmt.Sprintf("vectors%d", c-1)))
				}
				g.setMask(n)
				t.all(fmt.Sprintf("v%d", c), []int{8, 4, 2, 1}, c, true)
				g.done()
				if c > 1 {
					g.Label(fmt.Sprintf("vectors%d", c-1))
				}
			}
			return
		}
		n := g.field("cols")
		g.CMPQ(n, operand.I32(g.lanes()))
		g.JLT(operand.LabelRef("partial"))
		t.all("full", []int{6, 4, 2, 1}, 1, false)
		g.done()
		g.Label("partial")
		g.setMask(n)
		t.all("masked", []int{6, 4, 2, 1}, 1, true)
		g.done()
	})
}

// prefetchFrom is the number of terms of a sum that take as long as memory.
const prefetchFrom = 48

type tile struct {
	*gen
	y, w, bias, m              reg.GPVirtual
	ldw, ldw3, ldw5, ldw7, ldy reg.GPVirtual
}

// all goes down the rows with tiles of the given heights.
func (t *tile) all(name string, heights []int, vectors int, masked bool) {
	for i, r := range heights {
		label, next := fmt.Sprintf("%srows%d", name, r), fmt.Sprintf("%send", name)
		if i+1 < len(heights) {
			next = fmt.Sprintf("%srows%d", name, heights[i+1])
		}
		t.Label(label)
		t.CMPQ(t.m, operand.I32(r))
		t.JLT(operand.LabelRef(next))
		t.one(label, r, vectors, masked)
		t.SUBQ(operand.I32(r), t.m)
		t.JMP(operand.LabelRef(label))
	}
	t.Label(name + "end")
}

// row is where w lies in row r of the tile.
func (t *tile) row(w reg.GPVirtual, r int) operand.Mem {
	p := operand.Mem{Base: w}
	switch r {
	case 1, 2, 4:
		p.Index, p.Scale = t.ldw, uint8(r)
	case 3, 6:
		p.Index, p.Scale = t.ldw3, uint8(r/3)
	case 5:
		p.Index, p.Scale = t.ldw5, 1
	case 7:
		p.Index, p.Scale = t.ldw7, 1
	}
	return p
}

// one computes a tile and goes on to the next.
func (t *tile) one(label string, rows, vectors int, masked bool) {
	acc := make([][]vec, rows)
	for r := range acc {
		acc[r] = t.vecs(vectors)
	}
	last := func(c int) bool { return masked && c == vectors-1 }

	if rows >= 6 {
		t.fetch(label, rows, vectors)
	}
	start := t.field("start")
	t.CMPQ(start, operand.I8(1))
	t.JEQ(operand.LabelRef(label + "bias"))
	t.CMPQ(start, operand.I8(2))
	t.JEQ(operand.LabelRef(label + "add"))
	for _, row := range acc {
		for _, v := range row {
			t.zero(v)
		}
	}
	t.JMP(operand.LabelRef(label + "begin"))
	t.Label(label + "bias")
	for r, row := range acc {
		for c, v := range row {
			for h := range v {
				if c+h == 0 {
					t.broadcast(mem(t.bias, t.size()*r), v[h])
				} else {
					t.VMOVAPD(row[0][0], v[h])
				}
			}
		}
	}
	t.ADDQ(operand.I32(t.size()*rows), t.bias)
	t.JMP(operand.LabelRef(label + "begin"))
	t.Label(label + "add")
	y := t.GP64()
	t.MOVQ(t.y, y)
	for r, row := range acc {
		for c, v := range row {
			t.load(v, mem(y, 64*c), last(c))
		}
		if r+1 < rows {
			t.ADDQ(t.ldy, y)
		}
	}

	t.Label(label + "begin")
	x, k, w, ldx := t.field("x"), t.field("k"), t.GP64(), t.bytes(t.field("ldx"))
	t.MOVQ(t.w, w)
	t.TESTQ(k, k)
	t.JLE(operand.LabelRef(label + "store"))
	t.Label(label + "loop")
	b := t.vecs(vectors)
	for c, v := range b {
		t.load(v, mem(x, 64*c), last(c))
	}
	for r, row := range acc {
		if vectors == 1 && t.avx512 {
			t.pick(t.VFMADD231PD_BCST, t.VFMADD231PS_BCST)(t.row(w, r), b[0][0], row[0][0])
			continue
		}
		a := t.reg()
		t.broadcast(t.row(w, r), a)
		for c, v := range row {
			for h := range v {
				t.fma(b[c][h], a, v[h])
			}
		}
	}
	t.ADDQ(operand.I32(t.size()), w)
	t.ADDQ(ldx, x)
	t.DECQ(k)
	t.JNE(operand.LabelRef(label + "loop"))

	t.Label(label + "store")
	start = t.field("start")
	t.CMPQ(start, operand.I8(3))
	t.JEQ(operand.LabelRef(label + "onto"))
	for _, row := range acc {
		for c, v := range row {
			t.store(v, mem(t.y, 64*c), last(c))
		}
		t.ADDQ(t.ldy, t.y)
	}
	t.JMP(operand.LabelRef(label + "next"))
	t.Label(label + "onto")
	for _, row := range acc {
		for c, v := range row {
			t.addTo(v, mem(t.y, 64*c), last(c))
		}
		t.ADDQ(t.ldy, t.y)
	}
	t.Label(label + "next")
	for left := rows; left > 0; {
		s := 8
		for s > left {
			s /= 2
		}
		t.LEAQ(operand.Mem{Base: t.w, Index: t.ldw, Scale: uint8(s)}, t.w)
		left -= s
	}
}

// fetch brings what a tile of long sums will be stored to nearer, and a few lines of what will be wanted next.
func (t *tile) fetch(label string, rows, vectors int) {
	inner := t.field("k")
	t.CMPQ(inner, operand.I8(prefetchFrom))
	t.JLT(operand.LabelRef(label + "start"))
	ahead := t.GP64()
	t.MOVQ(t.y, ahead)
	for r := range rows {
		for c := range vectors {
			t.PREFETCHT0(mem(ahead, 64*c))
		}
		if r+1 < rows {
			t.ADDQ(t.ldy, ahead)
		}
	}
	next, lines, block := t.field("next"), t.field("lines"), t.param("p")
	t.TESTQ(lines, lines)
	t.JLE(operand.LabelRef(label + "start"))
	t.Label(label + "line")
	t.PREFETCHT0(mem(next, 0))
	t.ADDQ(operand.I32(64), next)
	t.DECQ(lines)
	t.JNE(operand.LabelRef(label + "line"))
	t.MOVQ(next, mem(block, 8*slices.Index(productFields, "next")))
	t.Label(label + "start")
}

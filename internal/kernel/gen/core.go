package main

import (
	"iter"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// gen writes one assembly file. Every routine is described once, in lanes of eight numbers: one ZMM register with
// AVX-512, two YMM registers with AVX2. So both do the same operations in the same order and give the same bits.
type gen struct {
	*build.Context
	avx512 bool

	table operand.Mem // eight words of ones, eight of zeros
	k     reg.Register
	at    reg.GPVirtual // where in the table the mask begins

	consts operand.Mem // constants, eight times each
	names  map[string]int
	values map[string]reg.VecVirtual

	turn func() // hands over to the next of woven routines
}

// vec is eight numbers.
type vec []reg.VecVirtual

func newGen() *gen {
	g := &gen{Context: build.NewContext(), names: map[string]int{}}
	g.ConstraintExpr("!noasm")
	return g
}

// each describes a routine for both instruction sets.
func (g *gen) each(routine func()) {
	for _, g.avx512 = range []bool{true, false} {
		routine()
	}
}

// text begins a routine; its name gets the instruction set as suffix.
func (g *gen) text(name, signature string, doc ...string) {
	suffix := "AVX2"
	if g.avx512 {
		suffix = "AVX512"
	}
	g.Function(name + suffix)
	g.Attributes(attr.NOSPLIT)
	g.Pragma("noescape")
	g.SignatureExpr(signature)
	doc[0] = name + suffix + strings.TrimPrefix(doc[0], name)
	g.Doc(doc...)
	g.k, g.at, g.values = nil, nil, nil
}

func (g *gen) done() {
	g.VZEROUPPER()
	g.RET()
}

// param loads an argument.
func (g *gen) param(name string) reg.GPVirtual {
	return g.Load(g.Param(name), g.GP64()).(reg.GPVirtual)
}

// arg is an argument where it lies in memory.
func (g *gen) arg(name string) operand.Mem {
	b, err := g.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

func mem(base reg.Register, disp int) operand.Mem { return operand.Mem{Base: base, Disp: disp} }

func (g *gen) reg() reg.VecVirtual {
	if g.avx512 {
		return g.ZMM()
	}
	return g.YMM()
}

func (g *gen) vec() vec {
	if g.avx512 {
		return vec{g.ZMM()}
	}
	return vec{g.YMM(), g.YMM()}
}

func (g *gen) vecs(n int) []vec {
	v := make([]vec, n)
	for i := range v {
		v[i] = g.vec()
	}
	return v
}

func (g *gen) zero(v vec) {
	for _, r := range v {
		g.VXORPD(r, r, r)
	}
}

// masks declares the table for masked lanes, once a file.
func (g *gen) masks() {
	g.table = g.StaticGlobal("masks")
	g.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range 16 {
		v := ^uint64(0)
		if i >= 8 {
			v = 0
		}
		g.AppendDatum(operand.U64(v))
	}
}

// setMask makes masked loads and stores touch the first n of eight lanes, 0 ≤ n ≤ 8.
func (g *gen) setMask(n reg.Register) {
	t := g.GP64()
	if g.avx512 {
		g.MOVQ(operand.I32(-1), t)
		g.BZHIQ(n, t, t)
		k := g.K()
		g.KMOVB(t.As32(), k)
		g.k = k
		return
	}
	g.LEAQ(g.table.Offset(64), t)
	s := g.GP64()
	g.MOVQ(n, s)
	g.SHLQ(operand.U8(3), s)
	g.SUBQ(s, t)
	g.at = t
}

// load loads eight numbers; masked ones beyond the mask are zero and their memory is not touched.
func (g *gen) load(v vec, p operand.Mem, masked bool) {
	for h, r := range v {
		g.loadHalf(r, p, h, masked)
	}
}

func (g *gen) loadHalf(r reg.VecVirtual, p operand.Mem, h int, masked bool) {
	p = p.Offset(32 * h)
	switch {
	case !masked:
		g.VMOVUPD(p, r)
	case g.avx512:
		g.VMOVUPD_Z(p, g.k, r)
	default:
		g.VMOVUPD(mem(g.at, 32*h), r)
		g.VMASKMOVPD(p, r, r)
	}
}

// store stores eight numbers, those of the mask.
func (g *gen) store(v vec, p operand.Mem, masked bool) {
	for h, r := range v {
		q := p.Offset(32 * h)
		switch {
		case !masked:
			g.VMOVUPD(r, q)
		case g.avx512:
			g.VMOVUPD(r, g.k, q)
		default:
			m := g.YMM()
			g.VMOVUPD(mem(g.at, 32*h), m)
			g.VMASKMOVPD(r, m, q)
		}
	}
}

func (g *gen) broadcast(p operand.Mem, r reg.VecVirtual) { g.VBROADCASTSD(p, r) }

// declare puts constants into the file.
func (g *gen) declare(bits map[string]uint64, order []string) {
	g.consts = g.StaticGlobal("constants")
	g.DataAttributes(attr.RODATA | attr.NOPTR)
	for i, name := range order {
		for range 8 {
			g.AppendDatum(operand.U64(bits[name]))
		}
		g.names[name] = 64 * i
	}
}

// hold keeps constants in registers, of which only AVX-512 has enough.
func (g *gen) hold(names ...string) {
	if !g.avx512 {
		return
	}
	g.values = map[string]reg.VecVirtual{}
	for _, n := range names {
		r := g.ZMM()
		g.VBROADCASTSD(g.consts.Offset(g.names[n]), r)
		g.values[n] = r
	}
}

// c is a constant as an operand.
func (g *gen) c(name string) operand.Op {
	if r, ok := g.values[name]; ok {
		return r
	}
	return g.consts.Offset(g.names[name])
}

// do writes an instruction that takes its turn among woven ones.
func (g *gen) do(instruction func(...operand.Op), ops ...operand.Op) {
	instruction(ops...)
	if g.turn != nil {
		g.turn()
	}
}

// weave interleaves n copies of body, instruction by instruction, which the processor cannot do for chains as long as
// those of a polynomial.
func (g *gen) weave(n int, body func(i int)) {
	next := make([]func() (struct{}, bool), n)
	for i := range next {
		var stop func()
		next[i], stop = iter.Pull(func(yield func(struct{}) bool) {
			g.turn = func() { yield(struct{}{}) }
			body(i)
		})
		defer stop()
	}
	turns := make([]func(), n)
	for more := true; more; {
		more = false
		for i, f := range next {
			g.turn = turns[i]
			_, ok := f()
			turns[i] = g.turn
			more = more || ok
		}
	}
	g.turn = nil
}

// half adds the upper four lanes to the lower.
func (g *gen) half(v vec) reg.VecVirtual {
	t := g.YMM()
	if g.avx512 {
		g.VEXTRACTF64X4(operand.U8(1), v[0], t)
		g.VADDPD(t, v[0].AsY(), t)
	} else {
		g.VADDPD(v[1], v[0], t)
	}
	return t
}

// reduce sums the lanes of 1, 2 or 4 vectors, each as ((0+4)+(1+5)) + ((2+6)+(3+7)), into as many adjacent numbers, and adds
// these to p.
func (g *gen) reduce(v []vec, p operand.Mem) {
	switch len(v) {
	case 4:
		a, b := g.pair(v[0], v[1]), g.pair(v[2], v[3])
		lo, hi := g.YMM(), g.YMM()
		if g.avx512 { // instructions that can name all 32 registers
			g.VSHUFF64X2(operand.U8(0), b, a, lo)
			g.VSHUFF64X2(operand.U8(3), b, a, hi)
		} else {
			g.VPERM2F128(operand.U8(0x20), b, a, lo)
			g.VPERM2F128(operand.U8(0x31), b, a, hi)
		}
		g.VADDPD(hi, lo, lo)
		g.VADDPD(p, lo, lo)
		g.VMOVUPD(lo, p)
	case 2:
		x := g.fold(g.pair(v[0], v[1]))
		g.VADDPD(p, x, x)
		g.VMOVUPD(x, p)
	case 1:
		x := g.sum(v[0])
		g.VADDSD(p, x, x)
		g.VMOVSD(x, p)
	}
}

// pair returns a₀+a₁, b₀+b₁, a₂+a₃, b₂+b₃ of the halves.
func (g *gen) pair(a, b vec) reg.VecVirtual {
	x, y := g.half(a), g.half(b)
	lo, hi := g.YMM(), g.YMM()
	g.VUNPCKLPD(y, x, lo)
	g.VUNPCKHPD(y, x, hi)
	g.VADDPD(hi, lo, lo)
	return lo
}

// fold adds the upper two of four lanes to the lower.
func (g *gen) fold(y reg.VecVirtual) reg.VecVirtual {
	x := g.XMM()
	if g.avx512 {
		g.VEXTRACTF64X2(operand.U8(1), y, x)
	} else {
		g.VEXTRACTF128(operand.U8(1), y, x)
	}
	g.VADDPD(x, y.AsX(), x)
	return x
}

// sum returns the sum of eight lanes in the lowest.
func (g *gen) sum(v vec) reg.VecVirtual {
	x, hi := g.half(v), g.YMM()
	g.VUNPCKHPD(x, x, hi)
	g.VADDPD(hi, x, x)
	return g.fold(x)
}

// bytes multiplies a number of float64 by their size.
func (g *gen) bytes(r reg.GPVirtual) reg.GPVirtual {
	g.SHLQ(operand.U8(3), r)
	return r
}

// times returns r·n.
func (g *gen) times(r reg.GPVirtual, n int) reg.GPVirtual {
	t := g.GP64()
	g.IMUL3Q(operand.I8(int8(n)), r, t)
	return t
}

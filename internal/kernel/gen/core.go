package main

import (
	"iter"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// gen writes one assembly file. Every routine is described once, in vectors of 64 bytes (eight float64 or sixteen
// float32): one ZMM register with AVX-512, two YMM registers with AVX2. So both do the same operations in the same order
// and give the same bits.
type gen struct {
	*build.Context
	avx512 bool
	single bool // float32

	table operand.Mem // 64 bytes of ones, 64 of zeros
	k     reg.Register
	at    map[bool]reg.GPVirtual // where in the table the mask for float64 and for float32 begins

	consts operand.Mem // constants, eight times each
	names  map[string]int
	values map[string]reg.VecVirtual

	turn func() // hands over to the next of woven routines
}

// vec is 64 bytes of numbers.
type vec []reg.VecVirtual

func newGen() *gen {
	g := &gen{Context: build.NewContext(), names: map[string]int{}}
	g.ConstraintExpr("!noasm")
	return g
}

// each describes a routine for both types of numbers and both instruction sets.
func (g *gen) each(routine func()) {
	for _, g.single = range []bool{false, true} {
		g.eachSet(routine)
	}
	g.single = false
}

// eachSet describes a routine for both instruction sets.
func (g *gen) eachSet(routine func()) {
	for _, g.avx512 = range []bool{true, false} {
		routine()
	}
}

// suffix is what is added to a routine's name.
func suffix(single, avx512 bool) string {
	s := "AVX2"
	if avx512 {
		s = "AVX512"
	}
	if single {
		s = "F32" + s
	}
	return s
}

// text begins a routine, described for float64.
func (g *gen) text(name, signature string, doc ...string) {
	suffix := suffix(g.single, g.avx512)
	if g.single {
		signature = strings.ReplaceAll(signature, "float64", "float32")
		for i := range doc {
			doc[i] = strings.NewReplacer("eight", "sixteen", "of 8", "of 16").Replace(doc[i])
		}
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

// lanes is how many numbers a vec has, size how many bytes one has.
func (g *gen) lanes() int {
	if g.single {
		return 16
	}
	return 8
}

func (g *gen) size() int { return 64 / g.lanes() }

// instruction is an instruction on vectors.
type instruction = func(...operand.Op)

// pick chooses the form of an instruction for the type of numbers.
func (g *gen) pick(double, single instruction) instruction {
	if g.single {
		return single
	}
	return double
}

func (g *gen) add(ops ...operand.Op)     { g.pick(g.VADDPD, g.VADDPS)(ops...) }
func (g *gen) sub(ops ...operand.Op)     { g.pick(g.VSUBPD, g.VSUBPS)(ops...) }
func (g *gen) mul(ops ...operand.Op)     { g.pick(g.VMULPD, g.VMULPS)(ops...) }
func (g *gen) div(ops ...operand.Op)     { g.pick(g.VDIVPD, g.VDIVPS)(ops...) }
func (g *gen) min(ops ...operand.Op)     { g.pick(g.VMINPD, g.VMINPS)(ops...) }
func (g *gen) max(ops ...operand.Op)     { g.pick(g.VMAXPD, g.VMAXPS)(ops...) }
func (g *gen) fma(ops ...operand.Op)     { g.pick(g.VFMADD231PD, g.VFMADD231PS)(ops...) }
func (g *gen) fma213(ops ...operand.Op)  { g.pick(g.VFMADD213PD, g.VFMADD213PS)(ops...) }
func (g *gen) fnma(ops ...operand.Op)    { g.pick(g.VFNMADD231PD, g.VFNMADD231PS)(ops...) }
func (g *gen) compare(ops ...operand.Op) { g.pick(g.VCMPPD, g.VCMPPS)(ops...) }
func (g *gen) scalef(ops ...operand.Op)  { g.pick(g.VSCALEFPD, g.VSCALEFPS)(ops...) }
func (g *gen) move(ops ...operand.Op)    { g.pick(g.VMOVUPD, g.VMOVUPS)(ops...) }

// blend, maskMove and signBits are of AVX and AVX2 alone.
func (g *gen) blend(mask, yes, no, dst operand.Op) {
	if g.single {
		g.VBLENDVPS(mask, yes, no, dst)
	} else {
		g.VBLENDVPD(mask, yes, no, dst)
	}
}

func (g *gen) maskMove(src, mask, dst operand.Op) {
	if g.single {
		g.VMASKMOVPS(src, mask, dst)
	} else {
		g.VMASKMOVPD(src, mask, dst)
	}
}

func (g *gen) signBits(x, out operand.Op) {
	if g.single {
		g.VMOVMSKPS(x, out)
	} else {
		g.VMOVMSKPD(x, out)
	}
}

// Logic has no type: the forms for float64 do, but for masks.
func (g *gen) and(ops ...operand.Op)  { g.VANDPD(ops...) }
func (g *gen) andn(ops ...operand.Op) { g.VANDNPD(ops...) }
func (g *gen) or(ops ...operand.Op)   { g.VORPD(ops...) }

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

// setMask makes masked loads and stores touch the first n lanes of a vec.
func (g *gen) setMask(n reg.Register) {
	t := g.GP64()
	if g.avx512 {
		g.MOVQ(operand.I32(-1), t)
		g.BZHIQ(n, t, t)
		k := g.K()
		g.KMOVW(t.As32(), k)
		g.k = k
		return
	}
	g.LEAQ(g.table.Offset(64), t)
	s := g.GP64()
	g.MOVQ(n, s)
	g.bytes(s)
	g.SUBQ(s, t)
	if g.at == nil {
		g.at = map[bool]reg.GPVirtual{}
	}
	g.at[g.single] = t
}

// setMasks sets the masks for the first n of eight numbers of either type.
func (g *gen) setMasks(n reg.Register) {
	g.setMask(n)
	if !g.avx512 {
		g.single = !g.single
		g.setMask(n)
		g.single = !g.single
	}
}

// maskAt is where the mask for a part of a vec lies, with AVX2.
func (g *gen) maskAt(disp int) operand.Mem { return mem(g.at[g.single], disp) }

// load loads a vec; masked ones beyond the mask are zero and their memory is not touched.
func (g *gen) load(v vec, p operand.Mem, masked bool) {
	for h, r := range v {
		g.loadHalf(r, p, h, masked)
	}
}

func (g *gen) loadHalf(r reg.VecVirtual, p operand.Mem, h int, masked bool) {
	p = p.Offset(32 * h)
	switch {
	case !masked:
		g.move(p, r)
	case g.avx512 && g.single:
		g.VMOVUPS_Z(p, g.k, r)
	case g.avx512:
		g.VMOVUPD_Z(p, g.k, r)
	default:
		g.move(g.maskAt(32*h), r)
		g.maskMove(p, r, r)
	}
}

// store stores a vec, the lanes of the mask.
func (g *gen) store(v vec, p operand.Mem, masked bool) {
	for h, r := range v {
		g.storeHalf(r, p, h, masked)
	}
}

func (g *gen) storeHalf(r reg.VecVirtual, p operand.Mem, h int, masked bool) {
	p = p.Offset(32 * h)
	switch {
	case !masked:
		g.move(r, p)
	case g.avx512:
		g.move(r, g.k, p)
	default:
		m := g.YMM()
		g.move(g.maskAt(32*h), m)
		g.maskMove(r, m, p)
	}
}

// addTo adds a vec to memory, in the lanes of the mask.
func (g *gen) addTo(v vec, p operand.Mem, masked bool) {
	for h, r := range v {
		u := g.reg()
		g.loadHalf(u, p, h, masked)
		g.add(u, r, r)
		g.storeHalf(r, p, h, masked)
	}
}

// only clears the lanes of float64 beyond the mask.
func (g *gen) only(r reg.VecVirtual, h int) {
	if g.avx512 {
		g.VMOVAPD_Z(r, g.k, r)
		return
	}
	g.and(g.maskAt(32*h), r, r)
}

func (g *gen) broadcast(p operand.Mem, r reg.VecVirtual) {
	g.pick(g.VBROADCASTSD, g.VBROADCASTSS)(p, r)
}

// constant is a number with the bits it has in vectors of one type.
type constant struct {
	name   string
	value  float64
	bits   uint64 // where it is no number
	single bool
}

// numbers are constants of float64, singles of float32.
func numbers(v map[string]float64) []constant { return constantsOf(v, false) }
func singles(v map[string]float64) []constant { return constantsOf(v, true) }

func constantsOf(v map[string]float64, single bool) (out []constant) {
	for _, name := range slices.Sorted(maps.Keys(v)) {
		out = append(out, constant{name: name, value: v[name], single: single})
	}
	return out
}

// declare puts constants into the file, each as a whole vec.
func (g *gen) declare(constants ...constant) {
	g.consts = g.StaticGlobal("constants")
	g.DataAttributes(attr.RODATA | attr.NOPTR)
	for i, c := range constants {
		word := c.bits
		if word == 0 {
			word = math.Float64bits(c.value)
			if c.single {
				b := uint64(math.Float32bits(float32(c.value)))
				word = b<<32 | b
			}
		}
		for range 8 {
			g.AppendDatum(operand.U64(word))
		}
		g.names[key(c.name, c.single)] = 64 * i
	}
}

func key(name string, single bool) string {
	if single {
		return name + " single"
	}
	return name
}

// place is where a constant lies.
func (g *gen) place(name string) operand.Mem {
	offset, ok := g.names[key(name, g.single)]
	if !ok {
		panic("no constant " + key(name, g.single))
	}
	return g.consts.Offset(offset)
}

// hold keeps constants in registers, of which only AVX-512 has enough.
func (g *gen) hold(names ...string) {
	if !g.avx512 {
		return
	}
	g.values = map[string]reg.VecVirtual{}
	for _, n := range names {
		r := g.ZMM()
		g.broadcast(g.place(n), r)
		g.values[n] = r
	}
}

// c is a constant as an operand.
func (g *gen) c(name string) operand.Op {
	if r, ok := g.values[name]; ok {
		return r
	}
	return g.place(name)
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

// bytes multiplies how many numbers there are by their size.
func (g *gen) bytes(r reg.GPVirtual) reg.GPVirtual {
	shift := uint8(3)
	if g.single {
		shift = 2
	}
	g.SHLQ(operand.U8(shift), r)
	return r
}

// times returns r·n.
func (g *gen) times(r reg.GPVirtual, n int) reg.GPVirtual {
	t := g.GP64()
	g.IMUL3Q(operand.I8(int8(n)), r, t)
	return t
}

//go:build !noasm

package kernel

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

var levelNames = []string{"go", "avx2", "avx512"}

// eachLevel runs a test with every instruction set that the processor has.
func eachLevel(t *testing.T, test func(t *testing.T)) {
	for l := portable; l <= best(); l++ {
		t.Run(levelNames[l], func(t *testing.T) {
			force(t, l)
			test(t)
		})
	}
}

func force(t testing.TB, l level) {
	before := simd
	simd = l
	t.Cleanup(func() { simd = before })
}

// levels calls f with every instruction set in turn.
func levels(f func(l level)) {
	before := simd
	defer func() { simd = before }()
	for simd = portable; simd <= best(); simd++ {
		f(simd)
	}
}

// everyLength are the lengths with every remainder of tiles and vectors, and some that fill loops.
func everyLength() []int {
	var n []int
	for i := 1; i <= 40; i++ {
		n = append(n, i)
	}
	return append(n, 64, 97, 127, 128, 501)
}

func same[T Float](t *testing.T, name string, got, want []T) {
	t.Helper()
	for i := range want {
		if g, w := float64(got[i]), float64(want[i]); math.Float64bits(g) != math.Float64bits(w) {
			t.Fatalf("%s: entry %d of %d is %v, want %v to the bit", name, i, len(want), got[i], want[i])
		}
	}
}

// compareLevels holds the two assemblies to the same bits, and to the twin in Go: to the bit as well if terms is 0, else
// as sums of that many products.
func compareLevels[T Float](t *testing.T, name string, terms int, init []T, f func(y []T)) {
	t.Helper()
	var twin, first []T
	levels(func(l level) {
		g := newGuarded[T](t)
		y := g.vec(len(init))
		copy(y, init)
		f(y)
		g.check(name)
		switch {
		case l == portable:
			twin = y
		case first == nil:
			first = y
			if terms == 0 {
				same(t, name, y, twin)
			} else {
				near(t, name, y, twin, terms)
			}
		default:
			same(t, name+" AVX-512 against AVX2", y, first)
		}
	})
}

func TestVectorsAgainstTwins(t *testing.T) {
	t.Run("float64", testVectorsAgainstTwins[float64])
	t.Run("float32", testVectorsAgainstTwins[float32])
}

func testVectorsAgainstTwins[T Float](t *testing.T) {
	for _, n := range everyLength() {
		g := newGuarded[T](t)
		x, y, z, scratch := g.vec(n), g.vec(n), g.vec(n), g.vec(n)
		for _, c := range []struct {
			name  string
			terms int
			f     func(v []T)
		}{
			{"Axpy", 0, func(v []T) { Axpy(v, 1.7, x) }},
			{"AxpyTo", 0, func(v []T) { AxpyTo(v, x, 1.7, y) }},
			{"AxpyTo in place", 0, func(v []T) { AxpyTo(v, v, 1.7, y) }},
			{"AxpyTo over x", 0, func(v []T) { AxpyTo(v, y, 1.7, v) }},
			{"ScaleTo", 0, func(v []T) { ScaleTo(v, 1.7, x) }},
			{"Scale", 0, func(v []T) { Scale(v, 1.7) }},
			{"Add", 0, func(v []T) { Add(v, x) }},
			{"MulTo", 0, func(v []T) { MulTo(v, x, y) }},
			{"Mul", 0, func(v []T) { Mul(v, x) }},
			{"MulAdd", 0, func(v []T) { MulAdd(v, x, y) }},
			{"Cube", 0, func(v []T) { Cube(v, x) }},
			{"MulCubeD", 0, func(v []T) { MulCubeD(v, x) }},
			{"tanhD", 0, func(v []T) { tanhD(v, x) }},
			{"MulD1 of tanh", 0, func(v []T) { MulD1(Tanh, v, x) }},
			{"sigmoidD", 0, func(v []T) { sigmoidD(v, x) }},
			{"MulD1 of sigmoid", 0, func(v []T) { MulD1(Sigmoid, v, x) }},
			{"relu", 0, func(v []T) { relu(v, x) }},
			{"reluD", 0, func(v []T) { reluD(v, x) }},
			{"MulD1 of relu", 0, func(v []T) { MulD1(ReLU, v, x) }},
			{"Tanh", 1, func(v []T) { TanhTo(v, x) }},
			{"Tanh in place", 1, func(v []T) { TanhTo(v, v) }},
			{"Sigmoid", 1, func(v []T) { SigmoidTo(v, x) }},
			{"Sigmoid in place", 1, func(v []T) { SigmoidTo(v, v) }},
			{"Exp", 1, func(v []T) { ExpTo(v, x) }},
			{"Exp in place", 1, func(v []T) { ExpTo(v, v) }},
			{"Log", 1, func(v []T) { MulTo(v, x, x); LogTo(v, v) }},
			{"Softplus", 1, func(v []T) { softplus(v, nil, x) }},
			{"derivative of softplus", 1, func(v []T) { softplus(scratch, v, x) }},
			{"Sine", 1, func(v []T) { sine(v, nil, x) }},
			{"derivative of sine", 1, func(v []T) { sine(scratch, v, x) }},
			{"GELU", 1, func(v []T) { gelu(v, nil, x) }},
			{"derivative of GELU", 1, func(v []T) { gelu(scratch, v, x) }},
			{"Dot", n, func(v []T) { v[0] = Dot(x, y) }},
			{"Sum", n, func(v []T) { v[0] = Sum(x) }},
		} {
			compareLevels(t, c.name, c.terms, z, c.f)
		}
		g.check("sources")
	}
}

func TestProductsAgainstTwins(t *testing.T) {
	t.Run("float64", testProductsAgainstTwins[float64])
	t.Run("float32", testProductsAgainstTwins[float32])
}

func testProductsAgainstTwins[T Float](t *testing.T) {
	lengths := everyLength()
	for _, m := range lengths {
		for _, n := range lengths {
			if m*n > 60000 {
				continue
			}
			for _, k := range []int{1, 2, 7, 16, 33} {
				if (m > 9 || n > 9) && (m+n+k)%3 != 0 {
					continue
				}
				g := newGuarded[T](t)
				w, b, x, delta, y := g.vec(m*k), g.vec(m), g.vec(k*n), g.vec(m*n), g.vec(m*n)
				p := NewWeights[T](m, k)
				p.Pack(w, b)
				compareLevels(t, "Affine", k, y, func(v []T) { p.Affine(v, nil, x, n, Linear) })
				compareLevels(t, "Mul", k, y, func(v []T) { p.Mul(v, x, n) })
				compareLevels(t, "MulAddTo", k, y, func(v []T) { MulAddTo(v, w, x, m, k, n) })
				rows := k - m%2*min(k-1, 1)
				compareLevels(t, "MulT", m, x[:rows*n], func(v []T) { p.MulT(v, delta, rows, n) })
				compareLevels(t, "AddOuter", n, w, func(v []T) { AddOuter(v, delta, x, m, k, n) })
				compareLevels(t, "AddRowSums", n, b, func(v []T) { AddRowSums(v, delta, n) })
				g.check("sources")
			}
		}
	}
}

func TestPackedOuterAgainstTwin(t *testing.T) {
	t.Run("float64", testPackedOuterAgainstTwin[float64])
	t.Run("float32", testPackedOuterAgainstTwin[float32])
}

func testPackedOuterAgainstTwin[T Float](t *testing.T) {
	eachOuter(func(name string, out, in, n int) {
		g := newGuarded[T](t)
		delta, x, grad := g.vec(out*n), g.vec(in*n), g.vec(out*in)
		compareLevels(t, name, n, grad, func(v []T) { AddOuter(v, delta, x, out, in, n) })
		g.check(name)
	})
}

func TestSyrkAgainstTwin(t *testing.T) {
	for _, p := range append(everyLength(), 252) {
		for _, rows := range []int{1, 2, 63, 64, 65, 131} {
			if p > 130 && rows > 70 {
				continue
			}
			g := newGuarded[float64](t)
			jac, w, m := g.vec(rows*p), g.vec(rows), g.vec(p*p)
			for i := range jac {
				if c := i % p; c/11%3 == 1 && i/p < 100 {
					jac[i] = math.Copysign(0, float64(i%2)-0.5)
				}
			}
			compareLevels(t, "Syrk", rows, m, func(v []float64) { Syrk(v, p, jac, w) })
			compareLevels(t, "Syrk without weights", rows, m, func(v []float64) { Syrk(v, p, jac, nil) })
			compareLevels(t, "GemvT", rows, m[:p], func(v []float64) { GemvT(v, p, jac, w) })
			g.check("sources")
		}
	}
}

// An entry of a vector does not depend on where it stands or on what stands beside it.
func TestActivationsDoNotDependOnPlace(t *testing.T) {
	eachType(t, testActivationsDoNotDependOnPlace[float64], testActivationsDoNotDependOnPlace[float32])
}

func testActivationsDoNotDependOnPlace[T Float](t *testing.T) {
	nan, inf := T(math.NaN()), T(math.Inf(1))
	odd := []T{0, -0.7, 50, 3, -60, nan, 39.9, -inf, inf, -39.99, 1e-30, 0.2, -800, 12, T(math.Copysign(0, -1)), 40, -40, 6e4, -1e7, 20, 1}
	for act := Linear; act <= GELU; act++ {
		for n := 1; n <= len(odd); n++ {
			for lo := 0; lo+n <= len(odd); lo++ {
				h, d := make([]T, n), make([]T, n)
				ApplyD1(act, h, d, odd[lo:lo+n])
				for i := range h {
					h1, d1, alone := []T{0}, []T{0}, []T{0}
					ApplyD1(act, h1, d1, odd[lo+i:lo+i+1])
					Apply(act, alone, odd[lo+i:lo+i+1])
					if h[i] == h[i] { // the payload of a NaN is nobody's
						same(t, "value", h[i:i+1], h1)
						same(t, "value alone", h[i:i+1], alone)
						same(t, "derivative", d[i:i+1], d1)
					} else if h1[0] == h1[0] {
						t.Fatalf("activation %d of %v is NaN among others", act, odd[lo+i])
					}
				}
			}
		}
	}
}

// Slices and constants lie anywhere: a move that wants 64 aligned bytes may only name registers. Whether a linked program
// shows the mistake is chance.
func TestNoAlignedMoves(t *testing.T) {
	files, err := filepath.Glob("z*_amd64.s")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	aligned := regexp.MustCompile(`(?m)^\s*V?(MOVA|MOVDQA|MOVNT)\S*\s.*\(.*$`)
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if line := aligned.Find(text); line != nil {
			t.Errorf("%s: %s", f, line)
		}
	}
}

// benchLevels runs a benchmark with every instruction set that the processor has.
func benchLevels(b *testing.B, bench func(b *testing.B)) {
	for l := best(); ; l-- {
		b.Run("simd="+levelNames[l], func(b *testing.B) {
			force(b, l)
			bench(b)
		})
		if l == portable {
			return
		}
	}
}

// fmaPeak is the rate of the best loop of fused multiply-adds, measured for a few milliseconds.
func fmaPeak[T Float]() float64 {
	best := 0.0
	for range 5 {
		begin := time.Now()
		flop := Peak[T](1 << 19)
		best = max(best, float64(flop)/float64(time.Since(begin).Nanoseconds()))
	}
	return best
}

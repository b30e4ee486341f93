package discrete

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/costate-go/costate/internal/rng"
)

// random fills a matrix with weights of a density.
func random(w *weights, density float64, src *rng.Source) []float64 {
	theta := make([]float64, w.rows*w.cols)
	for i := range theta {
		if src.Float64() < density {
			theta[i] = math.Copysign(1, src.Float64()-0.5)
		}
	}
	w.load(theta)
	return theta
}

// Products with W and Wᵀ, along the entries and packed, are those of the matrix; also after single entries changed, and after so many that the
// matrix is packed from then on, or no longer.
func TestProducts(t *testing.T) {
	src := rng.New(1)
	for _, density := range []float64{0, 0.03, 0.2, 0.6, 1} {
		for _, size := range [][2]int{{1, 1}, {37, 65}, {64, 33}, {100, 9}} {
			rows, cols := size[0], size[1]
			w := newWeights(rows, cols)
			theta := random(w, density, src)
			change := func(i int, v float64) {
				if theta[i] != v {
					theta[i] = v
					w.set(i/cols, i%cols, uint8(int8(v)))
				}
			}
			if dense := w.dense; len(theta) > 100 && dense != (density > crowded) {
				t.Fatalf("density %g: packed is %v", density, dense)
			}
			products(t, w, theta, src)
			for round := range 2 {
				for k := range 2 { // flip signs in two rows
					r := (round*7 + k*11) % rows
					for c := range cols {
						change(r*cols+c, -theta[r*cols+c])
					}
				}
				w.arrange()
				products(t, w, theta, src)
			}
			for _, target := range []float64{0.1, 0.9, 0.1, 0.02} {
				for i := range theta {
					v := 0.0
					if src.Float64() < target {
						v = float64(1 - 2*src.Intn(2))
					}
					change(i, v)
				}
				w.arrange()
				if len(theta) > 100 && w.dense != (target > crowded) {
					t.Fatalf("density %g: packed is %v", target, w.dense)
				}
				products(t, w, theta, src)
			}
		}
	}
}

// products compares those of w with those of theta.
func products(t *testing.T, w *weights, theta []float64, src *rng.Source) {
	t.Helper()
	const n = 5
	rows, cols := w.rows, w.cols
	x, xt := make([]float32, cols*n), make([]float32, rows*n)
	for i := range x {
		x[i] = float32(src.Normal())
	}
	for i := range xt {
		xt[i] = float32(src.Normal())
	}
	y, yt := make([]float32, rows*n), make([]float32, cols*n)
	for b := range w.blocks() {
		w.mulBlock(y, x, n, b)
	}
	for b := range w.blocksT() {
		w.mulTBlock(yt, xt, n, b)
	}
	count := 0
	for s := range n {
		for r := range rows {
			want := 0.0
			for c := range cols {
				want += theta[r*cols+c] * float64(x[c*n+s])
			}
			if got := float64(y[r*n+s]); math.Abs(got-want) > 1e-5*(1+math.Abs(want)) {
				t.Fatalf("%d×%d: (W x)[%d,%d] = %g, want %g", rows, cols, r, s, got, want)
			}
		}
		for c := range cols {
			want := 0.0
			for r := range rows {
				want += theta[r*cols+c] * float64(xt[r*n+s])
			}
			if got := float64(yt[c*n+s]); math.Abs(got-want) > 1e-5*(1+math.Abs(want)) {
				t.Fatalf("%d×%d: (Wᵀx)[%d,%d] = %g, want %g", rows, cols, c, s, got, want)
			}
		}
	}
	for _, v := range theta {
		if v != 0 {
			count++
		}
	}
	if w.nonzero() != count {
		t.Fatalf("%d entries are not zero, counted %d", count, w.nonzero())
	}
}

// What is measured of a row in four strands is what it is one by one.
func TestAgainst(t *testing.T) {
	src := rng.New(5)
	for n := range 14 {
		a, code := make([]float32, n), make([]uint8, n)
		peak, gain := float32(0), 0.0
		for i := range a {
			a[i], code[i] = float32(src.Normal()), []uint8{plus, minus, zero}[src.Intn(3)]
			gain += float64(a[i] * value(code[i]))
			if a[i]*value(code[i]) <= 0 {
				peak = max(peak, abs(a[i]))
			}
		}
		if p, g := against(a, code); p != peak || math.Abs(float64(g)-gain) > 1e-5 {
			t.Errorf("%d numbers: %g and %g, want %g and %g", n, p, g, peak, gain)
		}
	}
}

// problem is a small batch with a network.
func problem(sizes []int, n int, density float64) (Network, []float64, *Batch) {
	net := Network{Sizes: sizes}
	theta := make([]float64, net.NumParams())
	net.Init(theta, density, 3)
	src := rng.New(7)
	for _, p := range net.Parts() { // away from the symmetric start
		for r := range p.Out {
			theta[p.Scale+r] += 0.2 * src.Normal()
			theta[p.Shift+r] += 0.2 * src.Normal()
		}
	}
	b := &Batch{X: make([]float32, sizes[0]*n), Labels: make([]int, n)}
	for i := range b.X {
		b.X[i] = float32(src.Normal())
	}
	for s := range b.Labels {
		b.Labels[s] = src.Intn(sizes[len(sizes)-1])
	}
	return net, theta, b
}

// The costate carried to the inputs, Wᵀp of the first layer, is −∂J/∂x, and the gradients in scales and shifts are −∂J, by central
// differences of the mean cross-entropy.
func TestCostate(t *testing.T) {
	const n = 12
	net, theta, b := problem([]int{9, 14, 11, 4}, n, 0.5)
	s, err := newSystem(net, 1)
	if err != nil {
		t.Fatal(err)
	}
	loss := func(theta []float64, x []float32) float64 {
		s.load(theta)
		l, _ := crossEntropy(nil, s.forward(x, n, true), b.Labels, n)
		return l / n
	}
	s.load(theta)
	logits := s.forward(b.X, n, true)
	crossEntropy(s.layers[2].p, logits, b.Labels, n)
	input := make([]float32, 9*n)
	s.backward(b.X, func(k int, p, x []float32) {
		if k == 0 {
			for i := range s.layers[0].w.blocksT() {
				s.layers[0].w.mulTBlock(input, p, n, i)
			}
		}
	})
	dscale, dshift := append([]float32(nil), s.layers[1].norm.dscale...), append([]float32(nil), s.layers[1].norm.dshift...)
	const h, tolerance = 1e-2, 2e-4
	x := append([]float32(nil), b.X...)
	checked := 0
	for _, i := range []int{0, 5, 17, 40, 77, 99} {
		x[i] = b.X[i] + h
		up := loss(theta, x)
		x[i] = b.X[i] - h
		down := loss(theta, x)
		x[i] = b.X[i]
		if want := -(up - down) / (2 * h); math.Abs(float64(input[i])-want) > tolerance {
			t.Errorf("costate of input %d: %g, by differences %g", i, input[i], want)
		}
		if math.Abs(float64(input[i])) > 10*tolerance {
			checked++
		}
	}
	if checked < 3 {
		t.Errorf("only %d of the checked costates differ from zero", checked)
	}
	p := net.Parts()[1]
	for _, r := range []int{0, 3, 10} {
		for at, got := range map[int]float32{p.Scale + r: dscale[r], p.Shift + r: dshift[r]} {
			save := theta[at]
			theta[at] = save + h
			up := loss(theta, b.X)
			theta[at] = save - h
			down := loss(theta, b.X)
			theta[at] = save
			if want := -(up - down) / (2 * h); math.Abs(float64(got)-want) > tolerance {
				t.Errorf("gradient in number %d: %g, by differences %g", at, got, want)
			}
		}
	}
}

// After its first step from M = 0, the average is (1 − α) p xᵀ of the batch.
func TestAverage(t *testing.T) {
	const n = 8
	net, theta, b := problem([]int{5, 6, 3}, n, 0.5)
	o := &MSA{Network: net, Batch: b, Rho: 1e6, Alpha: 0.9, Threads: 1}
	if err := o.Init(context.Background(), nil, theta); err != nil {
		t.Fatal(err)
	}
	s, err := newSystem(net, 1)
	if err != nil {
		t.Fatal(err)
	}
	s.load(theta)
	logits := s.forward(b.X, n, true)
	crossEntropy(s.layers[1].p, logits, b.Labels, n)
	var want [2][]float64
	s.backward(b.X, func(k int, p, x []float32) {
		l := s.layers[k]
		for r := range l.Out {
			for c := range l.In {
				sum := 0.0
				for i := range n {
					sum += float64(p[r*n+i]) * float64(x[c*n+i])
				}
				want[k] = append(want[k], 0.1*sum)
			}
		}
	})
	if _, err := o.Step(context.Background()); err != nil {
		t.Fatal(err)
	}
	largest := 0.0
	for k, m := range o.mean {
		for i, v := range m.a {
			largest = max(largest, math.Abs(want[k][i]))
			if got := m.scale * float64(v); math.Abs(got-want[k][i]) > 1e-7+1e-5*math.Abs(want[k][i]) {
				t.Errorf("layer %d, weight %d: M = %g, want %g", k, i, got, want[k][i])
			}
		}
	}
	if largest < 1e-3 {
		t.Errorf("the largest M is %g", largest)
	}
}

// The updates are those of the paper, for every weight and M on both sides of every bar.
func TestRules(t *testing.T) {
	const bar, price = 0.5, 0.1
	for _, w := range []float64{-1, 0, 1} {
		for m := -2.05; m < 2.1; m += 0.1 {
			want := 0.0
			switch {
			case m > bar*(1-2*w)+price:
				want = 1
			case m < -bar*(1+2*w)-price:
				want = -1
			}
			row := func() *update {
				one := newWeights(1, 1)
				one.load([]float64{w})
				return &update{w: one, a: []float32{float32(m)}, code: one.code, theta: []float64{w}}
			}
			u := row()
			u.ternary(0, bar, price)
			if u.theta[0] != want || float64(value(u.code[0])) != want || u.w.changed[0] != (want != w) {
				t.Errorf("ternary: W = %g, M = %.2f gave %g, changed is %v, want %g", w, m, u.theta[0], u.w.changed[0], want)
			}
			if w == 0 {
				continue
			}
			want = w
			if math.Abs(m) > bar {
				want = math.Copysign(1, m)
			}
			u = row()
			u.binary(bar)
			if u.theta[0] != want {
				t.Errorf("binary: W = %g, M = %.2f gave %g, want %g", w, m, u.theta[0], want)
			}
		}
	}
}

// clusters draws samples around class centres.
func clusters(b *Batch, dim, classes, n int, src *rng.Source) {
	centre := rng.New(99)
	at := make([]float32, dim*classes)
	for i := range at {
		at[i] = float32(centre.Normal())
	}
	b.X, b.Labels = make([]float32, dim*n), make([]int, n)
	for s := range n {
		c := src.Intn(classes)
		b.Labels[s] = c
		for i := range dim {
			b.X[i*n+s] = at[c*dim+i] + 0.8*float32(src.Normal())
		}
	}
}

// train takes steps on clusters in 20 dimensions and returns the optimizer with its last loss.
func train(t *testing.T, set Set, threads, from, steps int, o *MSA) (*MSA, float64) {
	t.Helper()
	net := Network{Sizes: []int{20, 48, 40, 5}}
	if o == nil {
		theta := make([]float64, net.NumParams())
		density := 0.2
		if set == Binary {
			density = 1
		}
		net.Init(theta, density, 5)
		o = &MSA{Network: net, Batch: new(Batch), Set: set, Alpha: 0.9, Epoch: 20, Kappa: 0.3, Threads: threads}
		if err := o.Init(context.Background(), nil, theta); err != nil {
			t.Fatal(err)
		}
	}
	loss := 0.0
	for k := from; k < from+steps; k++ {
		clusters(o.Batch, 20, 5, 64, rng.New(uint64(1000+k)))
		it, err := o.Step(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if it.Residual < -1e-9 {
			t.Fatalf("step %d: residual %g < 0", k, it.Residual)
		}
		loss = it.Loss
	}
	return o, loss
}

// Binary and ternary weights learn clusters, stay in their sets, and classify new samples by the running moments.
func TestLearns(t *testing.T) {
	for _, set := range []Set{Ternary, Binary} {
		o, loss := train(t, set, 1, 0, 120, nil)
		if loss > 0.2 {
			t.Errorf("%v: loss %g after 120 steps", set, loss)
		}
		for _, p := range o.Network.Parts() {
			for _, w := range o.Theta()[p.Weight:p.Scale] {
				if w != 1 && w != -1 && (w != 0 || set == Binary) {
					t.Fatalf("%v: a weight is %g", set, w)
				}
			}
		}
		m, err := NewModel(o.Network, 1)
		if err != nil {
			t.Fatal(err)
		}
		m.Load(o.Theta())
		var b Batch
		clusters(&b, 20, 5, 500, rng.New(1))
		if _, right := CrossEntropy(m.Logits(b.X, 500), b.Labels); right < 450 {
			t.Errorf("%v: %d of 500 new samples right", set, right)
		}
	}
}

// The same bits come out at any number of threads, and after saving and loading in between.
func TestSameBits(t *testing.T) {
	for _, set := range []Set{Ternary, Binary} {
		want, _ := train(t, set, 1, 0, 30, nil)
		same := func(what string, got []float64) {
			t.Helper()
			for i, v := range want.Theta() {
				if math.Float64bits(v) != math.Float64bits(got[i]) {
					t.Fatalf("%v, %s: number %d is %v, want %v", set, what, i, got[i], v)
				}
			}
		}
		for _, threads := range []int{2, 3, 7} {
			o, _ := train(t, set, threads, 0, 30, nil)
			same(fmt.Sprintf("%d threads", threads), o.Theta())
		}
		half, _ := train(t, set, 1, 0, 17, nil)
		again := &MSA{Network: half.Network, Batch: new(Batch), Set: set, Alpha: 0.9, Epoch: 20, Kappa: 0.3}
		if err := again.Init(context.Background(), nil, half.Theta()); err != nil {
			t.Fatal(err)
		}
		if err := again.Load(half.Save()); err != nil {
			t.Fatal(err)
		}
		o, _ := train(t, set, 1, 17, 13, again)
		same("resumed", o.Theta())
	}
}

// With a larger κ fewer weights are not zero.
func TestSparsity(t *testing.T) {
	density := func(kappa float64) float64 {
		o := &MSA{Network: Network{Sizes: []int{20, 48, 40, 5}}, Batch: new(Batch), Alpha: 0.9, Kappa: kappa}
		theta := make([]float64, o.Network.NumParams())
		o.Network.Init(theta, 0.2, 5)
		if err := o.Init(context.Background(), nil, theta); err != nil {
			t.Fatal(err)
		}
		o, _ = train(t, Ternary, 1, 0, 60, o)
		return o.Network.Density(o.Theta())
	}
	if low, high := density(0), density(0.9); high > 0.7*low {
		t.Errorf("density %g with κ = 0.9 and %g with 0", high, low)
	}
}

func TestStepAllocatesNothing(t *testing.T) {
	o, _ := train(t, Binary, 1, 0, 5, nil)
	ctx := context.Background()
	if n := testing.AllocsPerRun(20, func() {
		if _, err := o.Step(ctx); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%g allocations a step", n)
	}
}

func TestErrors(t *testing.T) {
	ctx := context.Background()
	for _, sizes := range [][]int{nil, {3}, {3, 0, 2}} {
		if err := (&MSA{Network: Network{Sizes: sizes}}).Init(ctx, nil, nil); err == nil {
			t.Errorf("sizes %v are taken", sizes)
		}
	}
	o := &MSA{Network: Network{Sizes: []int{2, 3}}, Batch: &Batch{X: make([]float32, 4), Labels: []int{0, 1, 2}}}
	if err := o.Init(ctx, nil, make([]float64, 1)); err == nil {
		t.Error("a control of the wrong length is taken")
	}
	if err := o.Init(ctx, nil, make([]float64, o.Network.NumParams())); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Step(ctx); !errors.Is(err, ErrBatch) {
		t.Errorf("inputs too few: %v", err)
	}
	if err := o.Load(nil); err == nil {
		t.Error("an empty state is taken")
	}
}

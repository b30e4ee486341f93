package neural

import (
	"errors"
	"math"
	"testing"

	"github.com/costate-go/costate/internal/rng"
)

func lifted(t *testing.T, precision Precision) *Lifted {
	t.Helper()
	flow, err := NewMLP(MLPConfig{Dim: 4, Hidden: []int{6}, Precision: precision})
	if err != nil {
		t.Fatal(err)
	}
	s := &Samples{X: make([]float32, 7*5)}
	src := rng.New(3)
	for i := range s.X {
		s.X[i] = float32(src.Normal())
	}
	l, err := NewLifted(LiftedConfig{Flow: flow, Features: 5, Outputs: 3, Start: 0, End: 1, Precision: precision, Samples: s})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// pictured is a flow by convolutions on pictures of 4×6 pixels, whose patches of four pixels overlap every two.
func pictured(t *testing.T, precision Precision) *Lifted {
	t.Helper()
	flow, err := NewConv(ConvConfig{Channels: 2, Height: 2, Width: 3, Hidden: []int{3}, Time: true})
	if err != nil {
		t.Fatal(err)
	}
	s := &Samples{X: make([]float32, 7*24)}
	src := rng.New(3)
	for i := range s.X {
		s.X[i] = float32(src.Normal())
	}
	l, err := NewLifted(LiftedConfig{Flow: flow, Features: 24, Patches: &Patches{Height: 4, Width: 6, Stride: 2, Size: 4}, Outputs: 3, Start: 0, End: 1, Precision: precision, Samples: s})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// All derivatives agree with differences in the three pieces of time.
func TestLiftedDerivatives(t *testing.T) {
	for _, l := range []*Lifted{lifted(t, Float64), pictured(t, Float64)} {
		for _, at := range []float64{-0.5, 0.5, 1.5} {
			if err := Check(l, CheckConfig{T: at}).Err(1e-6); err != nil {
				t.Errorf("t = %g: %v", at, err)
			}
		}
	}
}

// The map of patches is a convolution with a stride.
func TestPatches(t *testing.T) {
	l := pictured(t, Float64)
	theta := make([]float64, l.NumParams())
	l.Init(theta, 4)
	const n, first = 3, 2
	e := l.NewEvaluator(n)
	e.Bind(theta)
	e.(SampleBatch).SetSamples(first)
	x, dx := make([]float64, l.Dim()*n), make([]float64, l.Dim()*n)
	e.Eval(dx, -0.5, x)
	w, b, _, _, _ := l.Parts()
	for s := range n {
		picture := l.cfg.Samples.X[(first+s)*24:][:24]
		for c := range 2 {
			for row := range 2 {
				for column := range 3 {
					want := theta[b+c]
					for ky := range 4 {
						for kx := range 4 {
							if y, x := 2*row+ky-1, 2*column+kx-1; y >= 0 && y < 4 && x >= 0 && x < 6 {
								want += theta[w+c*16+ky*4+kx] * float64(picture[y*6+x])
							}
						}
					}
					if got := dx[((c*2+row)*3+column)*n+s]; math.Abs(got-want) > 1e-12 {
						t.Errorf("sample %d, channel %d, (%d, %d): %g, want %g", s, c, row, column, got, want)
					}
				}
			}
		}
	}
}

// In each piece the field is what its comment says.
func TestLiftedPieces(t *testing.T) {
	for _, precision := range []Precision{Float64, Float32} {
		l := lifted(t, precision)
		theta := make([]float64, l.NumParams())
		src := rng.New(5)
		for i := range theta {
			theta[i] = src.Normal()
		}
		const n, first = 3, 2
		e := l.NewEvaluator(n)
		e.Bind(theta)
		e.(SampleBatch).SetSamples(first)
		x, dx := make([]float64, 7*n), make([]float64, 7*n)
		for i := range x {
			x[i] = src.Normal()
		}
		tolerance := 1e-12
		if precision == Float32 {
			tolerance = 1e-5
		}
		near := func(what string, got, want float64) {
			t.Helper()
			if math.Abs(got-want) > tolerance*(1+math.Abs(want)) {
				t.Errorf("%v, %s: %g, want %g", precision, what, got, want)
			}
		}
		w, b, f, c, r := l.Parts()
		e.Eval(dx, -0.5, x)
		for s := range n {
			for i := range 4 {
				want := theta[b+i]
				for k := range 5 {
					want += theta[w+i*5+k] * float64(l.cfg.Samples.X[(first+s)*5+k])
				}
				near("A u + a", dx[i*n+s], want)
			}
			for j := range 3 {
				near("y at rest", dx[(4+j)*n+s], 0)
			}
		}
		e.Eval(dx, 1.5, x)
		for s := range n {
			for j := range 3 {
				want := theta[r+j]
				for i := range 4 {
					want += theta[c+j*4+i] * x[i*n+s]
				}
				near("C h + c", dx[(4+j)*n+s], want)
			}
			near("h at rest", dx[s], 0)
		}
		flow := l.cfg.Flow.NewEvaluator(n)
		flow.Bind(theta[f:c])
		want := make([]float64, 4*n)
		flow.Eval(want, 0.5, x[:4*n])
		e.Eval(dx, 0.5, x)
		for i, v := range want {
			near("f", dx[i], v)
		}
	}
}

// Gradients that were held are the sums of those that were not, over several evaluations and samples.
func TestLiftedHolds(t *testing.T) {
	for _, l := range []*Lifted{lifted(t, Float64), lifted(t, Float32), pictured(t, Float64), pictured(t, Float32)} {
		precision := l.cfg.Precision
		theta := make([]float64, l.NumParams())
		src := rng.New(5)
		for i := range theta {
			theta[i] = 0.5 * src.Normal()
		}
		const n = 3
		x, p := make([]float64, l.Dim()*n), make([]float64, l.Dim()*n)
		got, want := make([]float64, len(theta)), make([]float64, len(theta))
		e, plain := l.NewEvaluator(n), l.NewEvaluator(n)
		e.Bind(theta)
		plain.Bind(theta)
		e.(Holder).Hold()
		for k, at := range []float64{-0.5, -0.2, 0.5, 0.7, 1.2, 1.5, -0.1, 1.1} {
			for i := range x {
				x[i], p[i] = src.Normal(), src.Normal()
			}
			for _, ev := range []Evaluator{e, plain} {
				ev.(SampleBatch).SetSamples(k % 4)
			}
			e.VJP(nil, got, at, x, p)
			plain.VJP(nil, want, at, x, p)
		}
		e.(Holder).Release(got)
		tolerance := 1e-12
		if precision == Float32 {
			tolerance = 1e-5
		}
		for i, v := range want {
			if math.Abs(got[i]-v) > tolerance*(1+math.Abs(v)) {
				t.Fatalf("%v: gradient %d is %g, want %g", precision, i, got[i], v)
			}
		}
	}
}

func TestLiftedAllocatesNothing(t *testing.T) {
	for _, l := range []*Lifted{lifted(t, Float32), pictured(t, Float32)} {
		e := l.NewEvaluator(3)
		theta := make([]float64, l.NumParams())
		e.Bind(theta)
		x, dx := make([]float64, 3*l.Dim()), make([]float64, 3*l.Dim())
		for _, at := range []float64{-0.5, 0.5, 1.5} {
			if n := testing.AllocsPerRun(10, func() {
				e.(SampleBatch).SetSamples(1)
				e.Eval(dx, at, x)
				e.VJP(dx, theta, at, x, x)
			}); n != 0 {
				t.Errorf("t = %g: %g allocations", at, n)
			}
		}
	}
}

func TestLiftedErrors(t *testing.T) {
	flow, err := NewMLP(MLPConfig{Dim: 2})
	if err != nil {
		t.Fatal(err)
	}
	good := LiftedConfig{Flow: flow, Features: 1, Outputs: 1, End: 1, Samples: new(Samples)}
	for name, spoil := range map[string]func(*LiftedConfig){
		"no flow": func(c *LiftedConfig) { c.Flow = nil }, "no features": func(c *LiftedConfig) { c.Features = 0 },
		"no outputs": func(c *LiftedConfig) { c.Outputs = 0 }, "no time": func(c *LiftedConfig) { c.End = 0 }, "no samples": func(c *LiftedConfig) { c.Samples = nil },
		"odd patches":    func(c *LiftedConfig) { c.Features, c.Patches = 12, &Patches{Height: 3, Width: 4, Stride: 2} },
		"small patches":  func(c *LiftedConfig) { c.Features, c.Patches = 8, &Patches{Height: 2, Width: 4, Stride: 2, Size: 1} },
		"other pictures": func(c *LiftedConfig) { c.Features, c.Patches = 9, &Patches{Height: 2, Width: 4, Stride: 2} },
		"no room":        func(c *LiftedConfig) { c.Features, c.Patches = 24, &Patches{Height: 4, Width: 6, Stride: 2} },
	} {
		c := good
		spoil(&c)
		if _, err := NewLifted(c); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The tensors are all of the parameters, in order, and Init draws every weight.
func TestLiftedTensors(t *testing.T) {
	for _, l := range []*Lifted{lifted(t, Float64), pictured(t, Float64)} {
		checkTensors(t, l)
	}
}

func checkTensors(t *testing.T, l *Lifted) {
	t.Helper()
	at := 0
	for _, part := range l.Tensors() {
		if part.Offset != at {
			t.Errorf("%s begins at %d, want %d", part.Name, part.Offset, at)
		}
		at += part.Len()
	}
	if at != l.NumParams() {
		t.Errorf("tensors hold %d of %d parameters", at, l.NumParams())
	}
	theta := make([]float64, l.NumParams())
	l.Init(theta, 1)
	for _, part := range l.Tensors() {
		zero := theta[part.Offset] == 0
		if bias := len(part.Shape) == 1; zero != bias {
			t.Errorf("%s begins with %g", part.Name, theta[part.Offset])
		}
	}
}

package neural

import (
	"errors"
	"fmt"
	"math"
	"testing"
)

func TestStackConformance(t *testing.T) {
	for act := Linear; int(act) < len(activations); act++ {
		for depth, h := range [][]int{nil, {3}, {4, 4}, {3, 6, 6, 2}} {
			for k, batch := range []int{1, 3, 17} {
				for variant := range 4 {
					gate, residual := variant&1 != 0, variant&2 != 0
					dense := GatedConfig{Dim: 2 + k, Hidden: h, Activation: act, Gate: gate, Residual: residual}
					conv := ConvConfig{Channels: 1 + k, Height: 3, Width: 2 + k, Hidden: h, Activation: act, Time: gate, Residual: residual, Kernel: []int{3, 1, 5}[k]}
					if depth == 0 || k == 1 {
						dense.Output, conv.Output = act, act
					}
					if depth > 1 && k > 0 && act != Tanh {
						conv.Channels = 0 // large, and the same code
					}
					name := fmt.Sprintf("%v/depth=%d/B=%d/gate=%v/residual=%v", act, depth, batch, gate, residual)
					t.Run("dense/"+name, func(t *testing.T) {
						f, err := NewGated(dense)
						checkStack(t, f, err, batch, depth)
					})
					if conv.Channels > 0 {
						t.Run("conv/"+name, func(t *testing.T) {
							f, err := NewConv(conv)
							checkStack(t, f, err, batch, depth)
						})
					}
				}
			}
		}
	}
}

func checkStack(t *testing.T, f *Stack, err error, batch, seed int) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	r := Check(f, CheckConfig{Batch: batch, T: 0.7, Seed: uint64(seed), MaxParams: 40})
	if err := r.Err(1e-7); err != nil {
		t.Error(err)
	}
	if len(r.Items) < 16 {
		t.Errorf("only %d promises checked", len(r.Items))
	}
}

func TestStackAllocatesNothing(t *testing.T) {
	for _, batch := range []int{1, 9} {
		dense, err := NewGated(GatedConfig{Dim: 3, Hidden: []int{5, 5}, Gate: true, Residual: true, Activation: GELU})
		if err != nil {
			t.Fatal(err)
		}
		allocatesNothing(t, dense, batch)
		conv, err := NewConv(ConvConfig{Channels: 1, Height: 3, Width: 4, Hidden: []int{2, 2}, Time: true, Residual: true})
		if err != nil {
			t.Fatal(err)
		}
		allocatesNothing(t, conv, batch)
	}
}

// Without gates and residuals a Stack is an MLP, to the last bit but for φ′.
func TestGatedWithoutGates(t *testing.T) {
	m := mustMLP(t, MLPConfig{Dim: 3, Hidden: []int{7, 4}, Activation: Softplus})
	f, err := NewGated(GatedConfig{Dim: 3, Hidden: []int{7, 4}, Activation: Softplus})
	if err != nil {
		t.Fatal(err)
	}
	a, b, theta, other := make([]float64, 15), make([]float64, 15), make([]float64, m.NumParams()), make([]float64, f.NumParams())
	m.Init(theta, 4)
	f.Init(other, 4)
	x := make([]float64, 15)
	for i := range x {
		x[i] = math.Sin(float64(i))
	}
	p, q := m.NewEvaluator(5), f.NewEvaluator(5)
	p.Bind(theta)
	q.Bind(other)
	p.Eval(a, 0, x)
	q.Eval(b, 0, x)
	for i := range a {
		if math.Abs(a[i]-b[i]) > 1e-15 {
			t.Errorf("entry %d: %v, the MLP has %v", i, b[i], a[i])
		}
	}
}

// A gated layer and a residual one by hand.
func TestGatedByHand(t *testing.T) {
	f, err := NewGated(GatedConfig{Dim: 1, Gate: true})
	if err != nil {
		t.Fatal(err)
	}
	ev, dx := f.NewEvaluator(1), []float64{0}
	ev.Bind([]float64{2, 0.5, 3, -1, 0.25}) // W, b, g, c, e
	ev.Eval(dx, 0.7, []float64{0.3})
	if want := (0.6+0.5)/(1+math.Exp(-(2.1-1))) + 0.25*0.7; math.Abs(dx[0]-want) > 1e-15 {
		t.Errorf("%v, want %v", dx[0], want)
	}
	f, err = NewGated(GatedConfig{Dim: 1, Hidden: []int{1}, Residual: true})
	if err != nil {
		t.Fatal(err)
	}
	ev = f.NewEvaluator(1)
	ev.Bind([]float64{2, 0.5, 3, -1})
	ev.Eval(dx, 0, []float64{0.3})
	if want := 3*(0.3+math.Tanh(1.1)) - 1; math.Abs(dx[0]-want) > 1e-15 {
		t.Errorf("%v, want %v", dx[0], want)
	}
}

// One kernel of a single layer is a stencil: here the five-point Laplacian, and a channel of time with a kernel in the middle alone.
func TestConvByHand(t *testing.T) {
	f, err := NewConv(ConvConfig{Channels: 1, Height: 3, Width: 4, Time: true})
	if err != nil {
		t.Fatal(err)
	}
	const n, at = 2, 0.5
	ev := f.NewEvaluator(n)
	ev.Bind([]float64{0, 1, 0, 1, -4, 1, 0, 1, 0 /* time */, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0.25})
	x, dx := make([]float64, 12*n), make([]float64, 12*n)
	for i := range x {
		x[i] = math.Sin(float64(5 * i))
	}
	ev.Eval(dx, at, x)
	pixel := func(y, c, s int) float64 {
		if y < 0 || y > 2 || c < 0 || c > 3 {
			return 0
		}
		return x[(4*y+c)*n+s]
	}
	for y := range 3 {
		for c := range 4 {
			for s := range n {
				want := pixel(y-1, c, s) + pixel(y+1, c, s) + pixel(y, c-1, s) + pixel(y, c+1, s) - 4*pixel(y, c, s) + 3*at + 0.25
				if got := dx[(4*y+c)*n+s]; math.Abs(got-want) > 1e-14 {
					t.Errorf("pixel (%d, %d) of sample %d is %v, want %v", y, c, s, got, want)
				}
			}
		}
	}
}

func TestStackErrors(t *testing.T) {
	if _, err := NewGated(GatedConfig{}); !errors.Is(err, ErrConfig) {
		t.Errorf("error %v", err)
	}
	for _, cfg := range []ConvConfig{{}, {Channels: 1, Height: 1, Width: 1, Kernel: 2}, {Height: 3, Width: 3}, {Channels: 1, Height: 1}} {
		if _, err := NewConv(cfg); !errors.Is(err, ErrConfig) {
			t.Errorf("%+v: error %v", cfg, err)
		}
	}
	f, err := NewGated(GatedConfig{Dim: 2})
	if err != nil {
		t.Fatal(err)
	}
	ev, x := f.NewEvaluator(1), make([]float64, 2)
	mustPanic(t, "unbound", func() { ev.Eval(x, 0, x) })
	mustPanic(t, "theta", func() { ev.Bind(x) })
	mustPanic(t, "width", func() { f.NewEvaluator(0) })
}

package neural

import (
	"errors"
	"fmt"
	"math"
	"testing"
)

func TestSumConformance(t *testing.T) {
	net := mustMLP(t, MLPConfig{Dim: 2, Hidden: []int{5}, Time: true, Activation: Softplus})
	for _, only := range [][]int{nil, {1}, {0, 1}, {}} {
		for _, batch := range []int{1, 3, 17} {
			for name, a := range map[string]Field{
				"law": withJacobian(), "constant law": Func{D: 2, F: func(dx []float64, _ float64, x, _ []float64) { dx[0], dx[1] = x[1], -math.Sin(x[0]) }}, "network": mustMLP(t, MLPConfig{Dim: 2}),
			} {
				t.Run(fmt.Sprintf("%s/only=%v/B=%d", name, only, batch), func(t *testing.T) {
					r := Check(&Sum{A: a, B: net, Only: only}, CheckConfig{Batch: batch, T: 0.4, Seed: 2})
					if err := r.Err(1e-7); err != nil {
						t.Error(err)
					}
					if len(r.Items) < 18 {
						t.Errorf("only %d promises checked", len(r.Items))
					}
				})
			}
		}
	}
	// Without second derivatives in one of the parts, the sum has none, but is a field.
	density, err := NewDensity(DensityConfig{Flow: net})
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(&Sum{A: mustMLP(t, MLPConfig{Dim: 3}), B: density}, CheckConfig{}).Err(1e-7); err != nil {
		t.Error(err)
	}
}

// The sum is what it says: the law's second row by hand, and the network's untouched output nowhere else.
func TestSumByHand(t *testing.T) {
	f := &Sum{A: withJacobian(), B: mustMLP(t, MLPConfig{Dim: 2}), Only: []int{1}}
	ev := f.NewEvaluator(1)
	ev.Bind([]float64{2, 0.5, 0.1 /* the law */, 9, 9, 1, -1, 9, 0.25 /* W, b */})
	dx := make([]float64, 2)
	ev.Eval(dx, 0, []float64{0.3, -0.7})
	for i, want := range []float64{-0.7, -2*math.Sin(0.3) + 0.5*0.343 + 0.1 + 0.3 + 0.7 + 0.25} {
		if math.Abs(dx[i]-want) > 1e-15 {
			t.Errorf("dx[%d] = %v, want %v", i, dx[i], want)
		}
	}
}

func TestSumAllocatesNothing(t *testing.T) {
	for _, batch := range []int{1, 9} {
		allocatesNothing(t, withJacobian(), batch)
		allocatesNothing(t, &Sum{A: mustMLP(t, MLPConfig{Dim: 2}), B: mustMLP(t, MLPConfig{Dim: 2, Hidden: []int{4}}), Only: []int{0}}, batch)
	}
}

func TestSumRefuses(t *testing.T) {
	for _, f := range []*Sum{{}, {A: pendulum()}, {A: pendulum(), B: mustMLP(t, MLPConfig{Dim: 3})}, {A: pendulum(), B: pendulum(), Only: []int{2}}} {
		if err := f.Check(); !errors.Is(err, ErrSum) {
			t.Errorf("error %v", err)
		}
		mustPanic(t, "evaluator", func() { f.NewEvaluator(1) })
	}
}

// The parts of θ are named in order and without gaps.
func TestTensors(t *testing.T) {
	networks := []Network{mustMLP(t, MLPConfig{Dim: 2, Hidden: []int{3, 4}, Time: true})}
	for _, build := range structured {
		f, err := build(MLPConfig{Dim: 4, Hidden: []int{3}})
		if err != nil {
			t.Fatal(err)
		}
		networks = append(networks, f)
	}
	for _, f := range networks {
		at := 0
		for _, p := range f.Tensors() {
			if p.Offset != at || p.Name == "" {
				t.Errorf("%T: %+v begins at %d", f, p, at)
			}
			at += p.Len()
		}
		if at != f.NumParams() {
			t.Errorf("%T: %d of %d parameters have a name", f, at, f.NumParams())
		}
	}
}

package neural

import (
	"errors"
	"fmt"
	"math"
	"testing"
)

// structured builds the fields that a network is inside of.
var structured = map[string]func(MLPConfig) (Network, error){
	"hamiltonian":  func(c MLPConfig) (Network, error) { return NewHamiltonian(c) },
	"gradient":     func(c MLPConfig) (Network, error) { return NewGradient(c) },
	"acceleration": func(c MLPConfig) (Network, error) { return NewAcceleration(c) },
}

func TestStructuredConformance(t *testing.T) {
	for name, build := range structured {
		for act := Linear; int(act) < len(activations); act++ {
			for depth, h := range [][]int{{5}, {7, 4}, {3, 6, 2}} {
				for k, batch := range []int{1, 3, 17} {
					cfg := MLPConfig{Dim: 2 + 2*(k%2), Hidden: h, Activation: act, Time: (depth+k)%2 == 0, Input: Input(depth % 2)}
					if k == 1 {
						cfg.Output = act
					}
					t.Run(fmt.Sprintf("%s/%v/depth=%d/B=%d", name, act, depth, batch), func(t *testing.T) {
						f, err := build(cfg)
						if err != nil {
							t.Fatal(err)
						}
						tolerance := 1e-7
						if act == ReLU && name != "acceleration" {
							tolerance = 1e-6 // the gradient jumps: differences across a kink are none
						}
						r := Check(f, CheckConfig{Batch: batch, T: 0.7, Seed: uint64(10*depth + k)})
						if err := r.Err(tolerance); err != nil {
							t.Error(err)
						}
						if len(r.Items) < 13 {
							t.Errorf("only %d promises checked", len(r.Items))
						}
					})
				}
			}
		}
		cfg := MLPConfig{Dim: 4, Hidden: []int{8, 5}, Time: true, Input: Cube}
		f, err := build(cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, batch := range []int{1, 9} {
			allocatesNothing(t, f, batch)
		}
		if _, err := build(MLPConfig{Dim: 2, Hidden: []int{0}}); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: error %v", name, err)
		}
		if _, err := build(MLPConfig{Dim: 3}); name != "gradient" && !errors.Is(err, ErrConfig) {
			t.Errorf("%s with an odd dimension: error %v", name, err)
		}
		if _, err := build(MLPConfig{Dim: 2, Precision: Float32}); name != "acceleration" && !errors.Is(err, ErrConfig) {
			t.Errorf("%s in float32: error %v", name, err)
		}
	}
}

// H is constant along its field, V falls along its own by |∇V|² a unit of time.
func TestEnergies(t *testing.T) {
	for _, hamiltonian := range []bool{true, false} {
		f, err := newPotential(MLPConfig{Dim: 4, Hidden: []int{6, 5}}, hamiltonian)
		if err != nil {
			t.Fatal(err)
		}
		theta := make([]float64, f.NumParams())
		f.Init(theta, 3)
		ev := f.NewEvaluator(1).(*potentialEvaluator)
		ev.Bind(theta)
		x, dx, energy := []float64{0.3, -0.4, 1, 0.2}, make([]float64, 4), make([]float64, 2)
		ev.Eval(dx, 0, x)
		const h = 1e-5
		for i, sign := range []float64{1, -1} {
			moved := append([]float64(nil), x...)
			for k := range moved {
				moved[k] += sign * h * dx[k]
			}
			ev.Energy(energy[i:i+1], 0, moved)
		}
		want := 0.0
		for _, v := range dx {
			if !hamiltonian {
				want -= v * v
			}
		}
		if got := (energy[0] - energy[1]) / (2 * h); math.Abs(got-want) > 1e-9 {
			t.Errorf("hamiltonian %v: the energy changes by %v a unit of time, want %v", hamiltonian, got, want)
		}
	}
}

// q̇ = v and v̇ = tanh of the affine map, by hand.
func TestAccelerationByHand(t *testing.T) {
	f, err := NewAcceleration(MLPConfig{Dim: 2, Output: Tanh})
	if err != nil {
		t.Fatal(err)
	}
	ev := f.NewEvaluator(1)
	ev.Bind([]float64{1, 2, 0.5})
	dx := make([]float64, 2)
	ev.Eval(dx, 0, []float64{0.1, -0.2})
	if dx[0] != -0.2 || math.Abs(dx[1]-math.Tanh(0.1-0.4+0.5)) > 1e-15 {
		t.Errorf("%v", dx)
	}
}

package neural

import (
	"errors"
	"fmt"
	"math"
	"testing"
)

func mustMLP(t testing.TB, cfg MLPConfig) *MLP {
	t.Helper()
	m, err := NewMLP(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMLPConformance(t *testing.T) {
	hidden := [][]int{nil, {5}, {7, 4}, {3, 6, 2}}
	for act := Linear; int(act) < len(activations); act++ {
		for depth, h := range hidden {
			for k, batch := range []int{1, 3, 17} {
				cfg := MLPConfig{Dim: 2 + k, Hidden: h, Activation: act, Time: (depth+k)%2 == 0, Input: Input(depth % 2)}
				if depth == 0 || k == 1 {
					cfg.Output = act
				}
				name := fmt.Sprintf("%v/output=%v/depth=%d/B=%d/time=%v/%v", act, cfg.Output, depth, batch, cfg.Time, cfg.Input)
				t.Run(name, func(t *testing.T) {
					r := Check(mustMLP(t, cfg), CheckConfig{Batch: batch, T: 0.7, Seed: uint64(10*depth + k)})
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
}

var _ = errors.Is
var _ = math.Abs

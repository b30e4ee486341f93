package discrete

import (
	"context"
	"fmt"
	"testing"

	"github.com/costate-go/costate/internal/rng"
)

// Iterations of a network of 784, 512, 512 and 10 units on batches of 100.
func BenchmarkStep(b *testing.B) {
	for _, set := range []Set{Ternary, Binary} {
		b.Run(fmt.Sprintf("weights=%v", set), func(b *testing.B) {
			net := Network{Sizes: []int{784, 512, 512, 10}}
			theta := make([]float64, net.NumParams())
			net.Init(theta, map[Set]float64{Ternary: 0.05, Binary: 1}[set], 1)
			o := &MSA{Network: net, Batch: new(Batch), Set: set, Alpha: 0.99}
			if err := o.Init(context.Background(), nil, theta); err != nil {
				b.Fatal(err)
			}
			batches := make([]Batch, 20)
			for k := range batches {
				clusters(&batches[k], 784, 10, 100, rng.New(uint64(k)))
			}
			k := 0
			for b.Loop() {
				o.Batch = &batches[k%len(batches)]
				k++
				if _, err := o.Step(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package discrete_test

import (
	"context"
	"fmt"

	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/discrete"
)

// A network with weights −1, 0 and 1 tells points inside the unit circle from those outside.
func Example() {
	net := discrete.Network{Sizes: []int{2, 64, 64, 2}}
	theta := make([]float64, net.NumParams())
	net.Init(theta, 0.5, 1)

	const n = 400
	b := &discrete.Batch{X: make([]float32, 2*n), Labels: make([]int, n)}
	for s := range n { // a grid of 20 × 20 points
		x, y := float32(s%20)/8-1.2, float32(s/20)/8-1.2
		b.X[s], b.X[n+s] = x, y
		if x*x+y*y > 1 {
			b.Labels[s] = 1
		}
	}
	opt := &discrete.MSA{Network: net, Batch: b, Alpha: 0.9, Rho: 0.5, Epoch: 20, Decay: 0.8, Schedule: pmp.CosineRate, Total: 400}
	if err := opt.Init(context.Background(), nil, theta); err != nil {
		fmt.Println(err)
		return
	}
	for range 400 {
		if _, err := opt.Step(context.Background()); err != nil {
			fmt.Println(err)
			return
		}
	}
	m, _ := discrete.NewModel(net, 1)
	m.Load(opt.Theta())
	_, right := discrete.CrossEntropy(m.Logits(b.X, n), b.Labels)
	fmt.Println("more than 95 % right:", right > 95*n/100)
	// Output: more than 95 % right: true
}

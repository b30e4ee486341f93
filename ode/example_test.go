package ode_test

import (
	"context"
	"fmt"

	"github.com/costate-go/costate/ode"
)

// The Lotka–Volterra equations from (1, 1) to t = 10.
func Example() {
	f := func(dx []float64, t float64, x []float64) {
		dx[0] = 1.5*x[0] - x[0]*x[1]
		dx[1] = x[0]*x[1] - 3*x[1]
	}
	sol, err := ode.Solve(context.Background(), ode.Problem{F: f, X0: []float64{1, 1}, T0: 0, T1: 10}, ode.Settings{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f after %v\n", sol.Final(), sol.Stats)
	// Output: [1.0263 0.9097] after 112 steps, 0 rejected, 674 evaluations
}

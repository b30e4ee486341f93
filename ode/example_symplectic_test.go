package ode_test

import (
	"context"
	"fmt"
	"math"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/solvers"
)

// A thousand revolutions of a planet, whose energy is kept.
func ExampleSolve_symplectic() {
	kepler := solvers.Partition{Force: func(dp []float64, t float64, q []float64) {
		r := math.Hypot(q[0], q[1])
		dp[0], dp[1] = -q[0]/(r*r*r), -q[1]/(r*r*r)
	}}
	orbit := ode.Problem{Partition: kepler, X0: []float64{0.8, 0, 0, math.Sqrt(1.5)}, T1: 2 * math.Pi * 1000}
	sol, err := ode.Solve(context.Background(), orbit, ode.Settings{Method: solvers.KahanLi8, Step: 2 * math.Pi / 60, EndOnly: true, SkipDense: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	x := sol.Final()
	energy := (x[2]*x[2]+x[3]*x[3])/2 - 1/math.Hypot(x[0], x[1])
	fmt.Printf("energy %.6f\n", energy)
	// Output: energy -0.500000
}

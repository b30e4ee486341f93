package ode_test

import (
	"context"
	"fmt"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/solvers"
)

// Van der Pol's oscillator with μ = 1000: Tsit5 would need a million steps.
func ExampleSolve_stiff() {
	problem := ode.Problem{
		F: func(dx []float64, t float64, x []float64) {
			dx[0] = x[1]
			dx[1] = 1000*(1-x[0]*x[0])*x[1] - x[0]
		},
		Jacobian: solvers.Jacobian{Autonomous: true, Func: func(j []float64, t float64, x []float64) {
			j[0], j[1] = 0, 1
			j[2], j[3] = -2000*x[0]*x[1]-1, 1000*(1-x[0]*x[0])
		}},
		X0: []float64{2, 0}, T0: 0, T1: 2000,
	}
	sol, err := ode.Solve(context.Background(), problem, ode.Settings{Method: solvers.Rodas5P})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("x(2000) = %.4f, fewer than 1000 steps: %v\n", sol.Final()[0], sol.Stats.Accepted < 1000)
	// Output: x(2000) = 1.7062, fewer than 1000 steps: true
}

package systems_test

import (
	"context"
	"fmt"

	"github.com/costate-go/costate/experiments/systems"
	"github.com/costate-go/costate/ode"
)

func ExampleByName() {
	s := systems.ByName("sir")
	f := s.Fixed(s.Values)
	rhs := func(dx []float64, t float64, x []float64) { f.F(dx, t, x, nil) }
	sol, err := ode.Solve(context.Background(), ode.Problem{F: rhs, X0: s.X0, T1: s.T1}, ode.Settings{})
	fmt.Println(s.States, s.Params, s.Values, err)
	fmt.Printf("%.3f\n", sol.Final())
	// Output:
	// [susceptible infected recovered] [beta gamma] [0.4 0.1] <nil>
	// [0.020 0.003 0.977]
}

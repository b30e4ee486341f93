package ode_test

import (
	"context"
	"errors"
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

// The right-hand side by value: the same steps, sooner.
func ExampleProblem_byValue() {
	f := func(t, x, y float64) (dx, dy float64) { return 1.5*x - x*y, x*y - 3*y }
	sol, err := ode.Solve(context.Background(), ode.Problem{F2: f, X0: []float64{1, 1}, T0: 0, T1: 10}, ode.Settings{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f\n", sol.Final())
	// Output: [1.0263 0.9097]
}

// Values at chosen times do not change the steps.
func ExampleSettings_saveAt() {
	f := func(dx []float64, t float64, x []float64) { dx[0] = -2 * t * x[0] }
	sol, err := ode.Solve(context.Background(), ode.Problem{F: f, X0: []float64{1}, T0: 0, T1: 2},
		ode.Settings{SaveAt: []float64{0, 0.5, 1, 1.5, 2}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, t := range sol.T {
		fmt.Printf("x(%.1f) = %.5f\n", t, sol.X[i][0])
	}
	// Output:
	// x(0.0) = 1.00000
	// x(0.5) = 0.77880
	// x(1.0) = 0.36788
	// x(1.5) = 0.10540
	// x(2.0) = 0.01832
}

// The solution between the steps, and its derivative, by the method's continuous extension.
func ExampleSolution_At() {
	f := func(dx []float64, t float64, x []float64) { dx[0], dx[1] = x[1], -x[0] }
	sol, err := ode.Solve(context.Background(), ode.Problem{F: f, X0: []float64{0, 1}, T0: 0, T1: 10}, ode.Settings{})
	if err != nil {
		fmt.Println(err)
		return
	}
	x, rate := make([]float64, 2), make([]float64, 2)
	for _, t := range []float64{1, 2} {
		if err := errors.Join(sol.At(x, t), sol.RateAt(rate, t)); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("t = %.2f: sine %.4f, its slope %.4f\n", t, x[0], rate[0])
	}
	// Output:
	// t = 1.00: sine 0.8415, its slope 0.5403
	// t = 2.00: sine 0.9093, its slope -0.4161
}

// A ball falls until it hits the ground.
func ExampleEvent() {
	f := func(dx []float64, t float64, x []float64) { dx[0], dx[1] = x[1], -9.81 }
	ground := ode.Event{G: func(t float64, x []float64) float64 { return x[0] }, Direction: -1, Terminal: true}
	sol, err := ode.Solve(context.Background(), ode.Problem{F: f, X0: []float64{10, 0}, T0: 0, T1: 100},
		ode.Settings{Events: []ode.Event{ground}})
	fmt.Printf("%v at t = %.4f with speed %.3f, %v\n", sol.Reason, sol.End(), -sol.Final()[1], err)
	// Output: stopped by a terminal event at t = 1.4278 with speed 14.007, <nil>
}

// The loop in the hands of the caller: an oscillator that is kicked at t = 1 and t = 2.
func ExampleIntegrator() {
	f := func(dx []float64, t float64, x []float64) { dx[0], dx[1] = x[1], -x[0] }
	it, err := ode.NewIntegrator(2, ode.Settings{RTol: 1e-9, ATol: 1e-9})
	if err != nil {
		fmt.Println(err)
		return
	}
	it.Start(f, 0, []float64{1, 0}, 3)
	for _, stop := range []float64{1, 2, 3} {
		for it.T() != stop {
			if err := it.Step(context.Background(), stop); err != nil {
				fmt.Println(err)
				return
			}
		}
		fmt.Printf("t = %g: %.6f\n", it.T(), it.X())
		it.SetX([]float64{it.X()[0], it.X()[1] + 0.1}) // a kick
	}
	// Output:
	// t = 1: [0.540302 -0.841471]
	// t = 2: [-0.332000 -0.855267]
	// t = 3: [-0.814916 -0.128704]
}

// An error says where, why and what to do.
func ExampleError() {
	f := func(dx []float64, t float64, x []float64) { dx[0] = x[0] * x[0] } // explodes at t = 1
	_, err := ode.Solve(context.Background(), ode.Problem{F: f, X0: []float64{1}, T0: 0, T1: 2}, ode.Settings{MinStep: 1e-6})
	var e *ode.Error
	if errors.As(err, &e) {
		fmt.Printf("%v near t = %.3f\n", e.Reason, e.T)
	}
	// Output: the step size fell below its floor near t = 1.000
}

// A ball that bounces: an event that changes the state.
func ExampleSolve_bounce() {
	fall := func(dx []float64, t float64, x []float64) { dx[0], dx[1] = x[1], -9.81 }
	bounce := ode.Event{
		G:         func(t float64, x []float64) float64 { return x[0] },
		Direction: -1,
		Apply:     func(t float64, x []float64) { x[1] *= -0.8 },
	}
	sol, err := ode.Solve(context.Background(), ode.Problem{F: fall, X0: []float64{2, 0}, T0: 0, T1: 3},
		ode.Settings{Events: []ode.Event{bounce}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range sol.Events {
		fmt.Printf("t = %.4f: %.3f m/s down, %.3f m/s up\n", e.T, -e.X[1], e.After[1])
	}
	// Output:
	// t = 0.6386: 6.264 m/s down, 5.011 m/s up
	// t = 1.6602: 5.011 m/s down, 4.009 m/s up
	// t = 2.4776: 4.009 m/s down, 3.207 m/s up
}

package neural_test

import (
	"fmt"
	"math"

	"github.com/costate-go/costate/ode/neural"
)

// The field of the spiral demonstration, a network 2-50-2 on x³.
func ExampleNewMLP() {
	field, err := neural.NewMLP(neural.MLPConfig{
		Dim: 2, Hidden: []int{50}, Input: neural.Cube,
		Init: neural.Initializer{Scheme: neural.NormalWeights, Scale: 0.1},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	theta := make([]float64, field.NumParams())
	field.Init(theta, 1)

	ev := field.NewEvaluator(3) // for batches of at most three states
	ev.Bind(theta)
	x := []float64{2, 1, 0, 0, 1, 2} // the states (2, 0), (1, 1), (0, 2), batch last
	dx := make([]float64, len(x))
	ev.Eval(dx, 0, x)
	fmt.Println(field.NumParams(), "parameters")
	fmt.Printf("%.6f\n", dx)
	// Output:
	// 252 parameters
	// [-0.930169 -0.113669 0.082510 0.025474 0.088750 0.692934]
}

// f_xᵀp and the gradient f_θᵀp of a linear field ẋ = Wx + b.
func ExampleEvaluator_vJP() {
	field, _ := neural.NewMLP(neural.MLPConfig{Dim: 2})
	ev := field.NewEvaluator(1)
	ev.Bind([]float64{1, 2, 3, 4, 0, 0}) // W by rows, then b
	px, grad := make([]float64, 2), make([]float64, 6)
	ev.VJP(px, grad, 0, []float64{5, 7}, []float64{1, 10})
	fmt.Println(px)
	fmt.Println(grad)
	// Output:
	// [31 42]
	// [5 7 50 70 1 10]
}

// A classical control problem: the double integrator with a force u.
func ExampleFunc() {
	field := neural.Func{
		D: 2, P: 1,
		F: func(dx []float64, _ float64, x, u []float64) {
			dx[0], dx[1] = x[1], u[0]
		},
		VJP: func(px, pu []float64, _ float64, _, _, p []float64) {
			px[0], px[1] = 0, p[0]
			pu[0] = p[1]
		},
	}
	ev := field.NewEvaluator(1)
	ev.Bind([]float64{-3})
	dx := make([]float64, 2)
	ev.Eval(dx, 0, []float64{1, 2})
	fmt.Println(dx)
	fmt.Println(neural.Check(field, neural.CheckConfig{}).Err(1e-8))
	// Output:
	// [2 -3]
	// <nil>
}

func ExampleParseActivation() {
	_, err := neural.ParseActivation("tanhh")
	fmt.Println(err)
	// Output:
	// neural: unknown activation "tanhh"; choose one of linear, tanh, softplus, sigmoid, relu, sine, gelu
}

// A linear flow ẋ = Ax stretches space by tr A a unit of time.
func ExampleDensity() {
	flow, err := neural.NewMLP(neural.MLPConfig{Dim: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	density, err := neural.NewDensity(neural.DensityConfig{Flow: flow})
	if err != nil {
		fmt.Println(err)
		return
	}
	ev := density.NewEvaluator(1)
	ev.Bind([]float64{1, 2, 3, -4 /* A */, 0, 0})
	dz := make([]float64, density.Dim())
	ev.Eval(dz, 0, []float64{1, 1, 0}) // x = (1, 1), ℓ = 0
	fmt.Println(dz)
	// Output: [3 -1 -3]
}

// A known pendulum and a network for the friction that its equation leaves out.
func ExampleSum() {
	pendulum := neural.Func{
		D: 2, P: 1,
		F: func(dx []float64, _ float64, x, u []float64) { dx[0], dx[1] = x[1], -u[0]*math.Sin(x[0]) },
		Jacobian: func(fx, fu []float64, _ float64, x, u []float64) {
			fx[1], fx[2], fu[1] = 1, -u[0]*math.Cos(x[0]), -math.Sin(x[0])
		},
	}
	friction, err := neural.NewMLP(neural.MLPConfig{Dim: 2, Hidden: []int{8}})
	if err != nil {
		fmt.Println(err)
		return
	}
	field := &neural.Sum{A: pendulum, B: friction, Only: []int{1}}
	fmt.Println(field.NumParams(), neural.Check(field, neural.CheckConfig{}).Err(1e-7))
	// Output: 43 <nil>
}

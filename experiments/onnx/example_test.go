package onnx_test

import (
	"fmt"

	"github.com/costate-go/costate/experiments/onnx"
	"github.com/costate-go/costate/ode/neural"
)

// A network whose weights change at t = ½, as a graph with the inputs t and x.
func ExampleEncode() {
	f, err := neural.NewMLP(neural.MLPConfig{Dim: 2, Hidden: []int{8}})
	if err != nil {
		fmt.Println(err)
		return
	}
	theta := make([]float64, 2*f.NumParams())
	f.Init(theta[:f.NumParams()], 1)
	f.Init(theta[f.NumParams():], 2)
	b, err := onnx.Encode(onnx.Model{Field: f, Theta: theta, Knots: []float64{0, 0.5, 1}, About: onnx.About{Name: "flow"}})
	fmt.Println(len(b) > 1000, err)
	// Output: true <nil>
}

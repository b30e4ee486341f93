package solvers_test

import (
	"fmt"
	"math"
	"strings"

	"github.com/costate-go/costate/solvers"
)

// One step of Tsit5 on ẋ = −x from x(0) = 1 to t = 0.5, its error estimate and a value in the middle.
func Example() {
	f := func(dx []float64, t float64, x []float64) { dx[0] = -x[0] }
	s := solvers.Tsit5.NewStepper(1)
	s.Begin(f, 0, []float64{1})
	if err := s.AttemptTo(0.5); err != nil {
		fmt.Println(err)
		return
	}
	estimate := math.Abs(s.ErrorEstimate()[0])
	s.Accept()
	coeffs, middle := make([]float64, s.DenseLen()), make([]float64, 1)
	s.Dense(coeffs)
	solvers.EvalDense(middle, coeffs, 0.5)
	fmt.Printf("x(0.5) ≈ %.6f, error %.0e, estimated %.0e\n", s.X()[0], math.Abs(s.X()[0]-math.Exp(-0.5)), estimate)
	fmt.Printf("x(0.25) ≈ %.5f\n", middle[0])
	// Output:
	// x(0.5) ≈ 0.606533, error 2e-06, estimated 2e-05
	// x(0.25) ≈ 0.77879
}

func ExampleByName() {
	_, err := solvers.ByName("tsit")
	hint, _, _ := strings.Cut(err.Error(), " (there are")
	fmt.Println(hint)
	// Output: solvers: unknown method "tsit"; did you mean "tsit5"?
}

// A method of order 2 from its coefficients.
func ExampleNewTableau() {
	ralston, err := solvers.NewTableau(solvers.Coefficients{
		Name: "ralston", Source: "A. Ralston, Math. Comp. 16 (1962) 431–437", Order: 2, DenseOrder: 2,
		C: "0 2/3", A: []string{"2/3"}, B: "1/4 3/4", Dense: []string{"1 -3/4", "0 3/4"},
	})
	fmt.Println(ralston, ralston.B, err)
	// Output: ralston [0.25 0.75] <nil>
}

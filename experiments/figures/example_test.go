package figures_test

import (
	"bytes"
	"fmt"
	"math"

	"github.com/costate-go/costate/experiments/figures"
)

func ExampleLoss() {
	f := figures.Loss([]float64{1, 2, 3}, []float64{1, 0.1, 0.02}, []float64{math.NaN(), 0.2, 0.05}, 3)
	svg, err := f.SVG()
	fmt.Println(f.Name, err, bytes.HasPrefix(svg, []byte("<?xml")) || bytes.HasPrefix(svg, []byte("<svg")))
	// Output:
	// loss <nil> true
}

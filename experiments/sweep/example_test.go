package sweep_test

import (
	"fmt"

	"github.com/costate-go/costate/experiments/sweep"
)

func ExampleGrid() {
	seed, _ := sweep.ParseAxis("seed=1,2")
	sizes, _ := sweep.ParseAxis("field.hidden=[8],[8,8]")
	points, err := sweep.Grid([]sweep.Axis{seed, sizes})
	for _, p := range points {
		fmt.Println(p)
	}
	fmt.Println(err)
	// Output:
	// [seed=1 field.hidden=[8]]
	// [seed=1 field.hidden=[8,8]]
	// [seed=2 field.hidden=[8]]
	// [seed=2 field.hidden=[8,8]]
	// <nil>
}

package panels_test

import (
	"fmt"
	"os"

	"github.com/costate-go/costate/experiments/panels"
)

func Example() {
	dir, err := os.MkdirTemp("", "costate")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	heat := panels.Heat{ID: "u", Title: "Control", X: []float64{0, 1}, Y: []float64{0}}
	heat.V = append(heat.V, panels.Floats([]float64{1. / 3, 2}))
	fmt.Println(panels.Write(dir, &panels.Set{Heats: []panels.Heat{heat}}))
	set, err := panels.Read(dir)
	fmt.Println(set.Heats[0].V[0][0], err)
	// Output:
	// <nil>
	// 0.3333 <nil>
}

package checkpoint_test

import (
	"fmt"

	"github.com/costate-go/costate/experiments/checkpoint"
)

func ExampleDecode() {
	b, err := checkpoint.Encode(&checkpoint.State{
		Meta:   checkpoint.Meta{Iteration: 7, Loss: 0.5},
		Floats: map[string][]float64{"theta": {1, 2, 3}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	st, err := checkpoint.Decode("example", b)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(st.Meta.Iteration, st.Floats["theta"])
	b[len(b)/2] ^= 1 // one bit goes wrong
	_, err = checkpoint.Decode("example", b)
	fmt.Println(err != nil)
	// Output:
	// 7 [1 2 3]
	// true
}

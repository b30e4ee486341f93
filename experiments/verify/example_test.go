package verify_test

import (
	"fmt"

	"github.com/costate-go/costate/experiments/verify"
)

func ExampleRows() {
	rows, err := verify.Rows([]byte(`{"switches": [0.25, 0.75], "residual": 1e-9}`))
	for _, r := range rows {
		fmt.Printf("%s %s: %s\n", r.Name, r.Value, r.Meaning)
	}
	fmt.Println(err)
	// Output:
	// residual 1e-09: ∫ max H − H dt; 0 where the maximum principle holds
	// switches 0.25, 0.75: times at which the control goes from one arc to the next
	// <nil>
}

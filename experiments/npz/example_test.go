package npz_test

import (
	"fmt"

	"github.com/costate-go/costate/experiments/npz"
)

// In Python: numpy.load("a.npz")["w"].
func ExampleEncode() {
	b, err := npz.Encode([]npz.Array{{Name: "w", Shape: []int{2, 2}, Data: []float64{1, 2, 3, 4}}}, map[string]string{"unit": "m"})
	fmt.Println(string(b[:2]), err)
	// Output: PK <nil>
}

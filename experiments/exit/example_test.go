package exit_test

import (
	"errors"
	"fmt"

	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/exit"
)

func ExampleCode() {
	fmt.Println(exit.Code(nil), exit.Code(&data.Error{File: "f.csv", Line: 3, Text: "not a number"}), exit.Code(errors.New("what?")))
	// Output:
	// 0 3 1
}

package tasks_test

import (
	"fmt"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/tasks"
)

func ExampleNew() {
	c, err := config.Parse("moons", []byte("name = \"moons\"\ntask = \"classify\"\n[data]\nsource = \"moons\"\nsamples = 100\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	t, err := tasks.New(c, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	a := t.About()
	fmt.Println(a.Model)
	fmt.Println(a.Samples, "training points,", a.HeldOut, "held out")
	// Output:
	// MLP 2-50-2 (tanh), 252 parameters
	// 80 training points, 20 held out
}

package compare_test

import (
	"fmt"

	"github.com/costate-go/costate/experiments/compare"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/rundir"
)

func ExampleDifferences() {
	var entries []*compare.Entry
	for _, set := range []string{"seed=1", "seed=2"} {
		c, err := config.Parse("x", nil, set)
		if err != nil {
			fmt.Println(err)
			return
		}
		entries = append(entries, &compare.Entry{Label: set, Config: c, Summary: &rundir.Summary{}})
	}
	for _, d := range compare.Differences(entries) {
		fmt.Println(d.Key, d.Values)
	}
	// Output: seed [1 2]
}

package run_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/run"
)

// A run from Go: a configuration in, a run directory and a result out.
func Example() {
	root, err := os.MkdirTemp("", "costate")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(root) }()
	c, err := config.Parse("lqr", []byte("name = \"lqr\"\ntask = \"control\"\n[problem]\nname = \"scalar_lqr\"\n[control]\nintervals = 100\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := run.Run(context.Background(), c, run.Options{Out: filepath.Join(root, "lqr")})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s: J = %.5f\n", r.Summary.StopReason, float64(r.Summary.FinalLoss))
	again, err := run.Load(r.Dir.Path(), 1)
	fmt.Println(err, len(again.Best) == len(r.Best))
	// Output:
	// converged: J = 0.38080
	// <nil> true
}

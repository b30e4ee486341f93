// Command costate trains neural ordinary differential equations with the Pontryagin maximum principle.
package main

import (
	"os"
	"runtime/debug"

	"github.com/costate-go/costate/experiments/cli"
	"github.com/costate-go/costate/experiments/engine"
)

func main() {
	// An iteration allocates next to nothing, so collecting often costs little and keeps the memory close to what is in use.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(25)
	}
	os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr, engine.Engine{}))
}

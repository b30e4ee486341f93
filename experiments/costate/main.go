// Command costate trains neural ordinary differential equations with the Pontryagin maximum principle.
package main

import (
	"os"

	"github.com/costate-go/costate/experiments/cli"
	"github.com/costate-go/costate/experiments/engine"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr, engine.Engine{}))
}

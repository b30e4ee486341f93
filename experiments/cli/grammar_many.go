package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/costate-go/costate/experiments/exit"
)

type compareCmd struct {
	Args []string `arg:"" name:"run|config" help:"Run directories and configurations (files or built-in names), then key=value replacements for the configurations."`
	common
	Out string `placeholder:"DIR" type:"path" help:"Where table, figures, page and new runs go; must not exist or be empty (default: runs/compare-<time>-<hex>)."`
}

// Help implements kong.HelpProvider.
func (compareCmd) Help() string {
	return `Configurations are run first, one after the other, each into a directory of its own below DIR. The table goes to standard output and to
DIR/compare.csv, the curves to DIR/figures, and everything to DIR/compare.html, which needs no network.

Examples:
  costate compare moons-1 moons-2
  costate compare spiral spiral_adam train.iterations=50 --out emsa-or-adam
  costate compare moons-1 moons seed=2`
}

// Run implements the command.
func (c *compareCmd) Run(a *app) error {
	o, err := c.options(a)
	if err != nil {
		return err
	}
	var names, replaced []string
	for _, arg := range c.Args {
		if isOverride(arg) {
			replaced = append(replaced, arg)
		} else {
			names = append(names, arg)
		}
	}
	r := CompareOptions{Options: o, Out: c.Out}
	configs := 0
	for _, name := range names {
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			r.Items = append(r.Items, CompareItem{Run: name})
			continue
		}
		cfg, source, err := resolve(append([]string{name}, replaced...))
		if err != nil {
			return err
		}
		configs++
		r.Items = append(r.Items, CompareItem{Config: cfg, Source: source})
	}
	switch {
	case len(r.Items) < 2:
		return exit.With(exit.Usage, fmt.Errorf("compare needs two or more runs or configurations, got %d", len(r.Items)))
	case configs == 0 && len(replaced) > 0:
		return exit.With(exit.Usage, errors.New("key=value replaces values of configurations that are run, and there are finished runs only"))
	}
	if err := a.ready(); err != nil {
		return err
	}
	if configs > 0 {
		r.Stop = a.listen()
	}
	return a.engine.Compare(a.ctx, r)
}

package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/sweep"
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

type sweepCmd struct {
	Args []string `arg:"" optional:"" name:"config" help:"A TOML file or the name of a built-in experiment (default: spiral), then key=a,b,c or key=lo:hi[:log]; a single value replaces that of the configuration."`
	common
	Samples int    `placeholder:"N" help:"Draw N points at random instead of running every combination; ranges need it."`
	Seed    uint64 `default:"1" placeholder:"N" help:"Seed of the draw, not of the runs."`
	Workers int    `placeholder:"N" help:"Processes at a time; 0: one for every CPU. Each has one thread unless --threads says otherwise."`
	By      string `placeholder:"COLUMN" help:"Column that ranks the runs, such as held_out_accuracy (default: best, the least loss)."`
	Retry   bool   `help:"Run points again that failed."`
	Out     string `placeholder:"DIR" type:"path" help:"Where the sweep goes, or goes on (default: runs/sweep-<time>-<hex>)."`
}

// Help implements kong.HelpProvider.
func (sweepCmd) Help() string {
	return `Every point is a run in a directory of its own, DIR/0001 and so on. costate sweep --out DIR goes on where a sweep was stopped, and so
does the same command: finished runs are not run again. The table goes to standard output, from the best run on, and to DIR/sweep.csv; table, curves and
links to all reports are in DIR/sweep.html. Commas in brackets belong to a value: field.hidden=[16],[32,32].

Examples:
  costate sweep spiral seed=1,2,3 optimizer.kind=emsa,lbfgs --out sweep
  costate sweep spiral_adam optimizer.learning_rate=1e-4:1e-1:log field.hidden=20:80 --samples 20
  costate sweep moons control.intervals=2,4,8 train.iterations=50 --by held_out_cross_entropy`
}

// Run implements the command.
func (c *sweepCmd) Run(a *app) error {
	o, err := c.options(a)
	if err != nil {
		return err
	}
	if c.Workers < 0 {
		return exit.With(exit.Usage, fmt.Errorf("--workers must be 0 or more, got %d", c.Workers))
	}
	plan, err := c.plan()
	if err != nil {
		return err
	}
	if err := a.ready(); err != nil {
		return err
	}
	o.Stop = a.listen()
	return a.engine.Sweep(a.ctx, SweepOptions{Options: o, Plan: plan, Out: c.Out, Workers: c.Workers, By: c.By, Retry: c.Retry})
}

// plan is what the words ask for or, without any, what the directory holds.
func (c *sweepCmd) plan() (*sweep.Plan, error) {
	if len(c.Args) == 0 && c.Out != "" {
		return sweep.Load(c.Out)
	}
	var base []string
	var axes []sweep.Axis
	for i, arg := range c.Args {
		if i == 0 && !isOverride(arg) {
			base = append(base, arg)
			continue
		}
		axis, err := sweep.ParseAxis(arg)
		if err != nil {
			return nil, exit.With(exit.Usage, err)
		}
		if len(axis.Values) == 1 {
			base = append(base, axis.Key+"="+axis.Values[0])
		}
		axes = append(axes, axis)
	}
	all := axes
	axes = slices.DeleteFunc(slices.Clone(all), func(x sweep.Axis) bool { return len(x.Values) == 1 })
	for i, x := range all { // a value for all runs, and several for some
		for _, y := range all[:i] {
			if x.Key == y.Key {
				return nil, exit.With(exit.Usage, fmt.Errorf("the key %s stands twice", x.Key))
			}
		}
	}
	if len(axes) == 0 {
		return nil, exit.With(exit.Usage, errors.New("there is nothing to vary: give a key several values, key=a,b,c, or a range, key=lo:hi"))
	}
	plan, err := sweep.Make(axes, c.Samples, c.Seed, func(set []string) (*config.Config, string, error) {
		return resolve(append(slices.Clone(base), set...))
	})
	return plan, exit.With(exit.Usage, err)
}

package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/costate-go/costate/experiments/exit"
)

const description = `Train neural ordinary differential equations with the Pontryagin maximum principle.

An experiment is a TOML file; costate run without one runs the spiral. Results go to standard output, progress and messages to
standard error.

Exit codes: 0 done, 1 a bug, 2 usage or configuration, 3 data file, 4 numerical failure, 5 input or output, 6 checkpoint corrupt or
incompatible, 130 or 143 interrupted after a good save.`

var commands = []string{"run", "resume", "check", "evaluate", "predict", "compare", "sweep", "verify", "export", "report", "list", "version", "completion"}

type grammar struct {
	Run        runCmd        `cmd:"" help:"Run an experiment."`
	Resume     resumeCmd     `cmd:"" help:"Continue a run, bit for bit."`
	Check      checkCmd      `cmd:"" help:"Validate a configuration, estimate memory and time, check gradients; write nothing."`
	Evaluate   evaluateCmd   `cmd:"" help:"Print the metrics of a run's best model."`
	Predict    predictCmd    `cmd:"" help:"Apply a run's best model to a CSV file."`
	Compare    compareCmd    `cmd:"" help:"Set runs side by side: table, curves, page."`
	Sweep      sweepCmd      `cmd:"" help:"Run an experiment with many settings, several processes at a time."`
	Verify     verifyCmd     `cmd:"" help:"Check that a run's files are whole, and what holds at its best control."`
	Export     exportCmd     `cmd:"" help:"Write a run's best model for other programs: safetensors, NPZ or ONNX."`
	Report     reportCmd     `cmd:"" help:"Rewrite the report and figures of a run."`
	List       listCmd       `cmd:"" help:"List methods, optimizers, costates, fields, tasks or configs."`
	Version    versionCmd    `cmd:"" help:"Print version, revision, Go version and CPU features."`
	Completion completionCmd `cmd:"" help:"Print a script that completes commands in a shell."`
}

// common are the flags of commands that compute.
type common struct {
	Threads   int    `placeholder:"N" help:"Worker threads; 0: one for every CPU. Results do not depend on it."`
	Quiet     bool   `short:"q" help:"Print results and errors only."`
	Progress  string `enum:"auto,plain,none" default:"auto" help:"Progress on standard error: auto, plain lines, or none (${enum})."`
	LogFormat string `enum:"console,json" default:"console" help:"Messages for people or for programs (${enum})."`
}

func (c common) options(a *app) (Options, error) {
	if c.Threads < 0 {
		return Options{}, exit.With(exit.Usage, fmt.Errorf("--threads must be 0 or more, got %d", c.Threads))
	}
	p := c.Progress
	if c.Quiet {
		p = "none"
	}
	return Options{Threads: c.Threads, Quiet: c.Quiet, Progress: p, LogFormat: c.LogFormat, Stdout: a.stdout, Stderr: a.stderr}, nil
}

var errNoEngine = errors.New("this build can list and print configurations only")

func (a *app) ready() error {
	if a.engine == nil {
		return exit.With(exit.Usage, errNoEngine)
	}
	return nil
}

// listen makes the command the receiver of the first signal.
func (a *app) listen() <-chan os.Signal {
	a.graceful.Store(true)
	return a.stop
}

type runCmd struct {
	Args []string `arg:"" optional:"" name:"config" help:"A TOML file or the name of a built-in experiment (default: spiral), then key=value replacements."`
	common
	Out         string  `placeholder:"DIR" type:"path" help:"Run directory; must not exist or be empty (default: runs/<name>-<time>-<hex>)."`
	Seed        *uint64 `placeholder:"N" help:"Same as seed=N."`
	Resume      bool    `help:"Continue the run in --out where there is one with this configuration."`
	DryRun      bool    `help:"Build everything, evaluate once, write nothing."`
	PrintConfig bool    `help:"Print the resolved configuration with its comments and stop."`
}

// Help implements kong.HelpProvider.
func (runCmd) Help() string {
	return `Examples:
  costate run                                     the spiral
  costate run spiral.toml solver.rtol=1e-8        a file with a replaced value
  costate run control/rayleigh --out runs/r1      a built-in experiment (see costate list configs)
  costate run spiral optimizer.kind=adam --seed 2
  costate run spiral --print-config > mine.toml   a file to start from`
}

// Run implements the command.
func (c *runCmd) Run(a *app) error {
	o, err := c.options(a)
	if err != nil {
		return err
	}
	args := c.Args
	if c.Seed != nil {
		args = append(args, fmt.Sprintf("seed=%d", *c.Seed))
	}
	if c.Resume && c.Out == "" {
		return exit.With(exit.Usage, errors.New("--resume needs --out DIR, the run to continue (or: costate resume DIR)"))
	}
	cfg, source, err := resolve(args)
	if err != nil {
		return err
	}
	for _, n := range cfg.Notes() {
		fmt.Fprintln(a.stderr, "note:", n)
	}
	if c.PrintConfig {
		return cfg.Print(a.stdout)
	}
	if err := a.ready(); err != nil {
		return err
	}
	o.Stop = a.listen()
	r := RunOptions{Options: o, Config: cfg, Source: source, Out: c.Out, DryRun: c.DryRun}
	if c.Resume {
		if entries, err := os.ReadDir(c.Out); err == nil && len(entries) > 0 {
			r.Resume = c.Out
		}
	}
	return a.engine.Run(a.ctx, r)
}

type resumeCmd struct {
	Dir string `arg:"" name:"run" type:"path" help:"Run directory."`
	common
}

// Help implements kong.HelpProvider.
func (resumeCmd) Help() string {
	return `The run continues from its last good checkpoint with its own config.toml; the files end up as if it had never stopped.

Example:
  costate resume runs/spiral-20260102T030405Z-a1b2c3`
}

// Run implements the command.
func (c *resumeCmd) Run(a *app) error {
	o, err := c.options(a)
	if err == nil {
		err = a.ready()
	}
	if err != nil {
		return err
	}
	o.Stop = a.listen()
	return a.engine.Run(a.ctx, RunOptions{Options: o, Resume: c.Dir})
}

type checkCmd struct {
	Args []string `arg:"" optional:"" name:"config" help:"As in run."`
	common
}

// Help implements kong.HelpProvider.
func (checkCmd) Help() string {
	return `Examples:
  costate check spiral.toml
  costate check spiral solver.rtol=1e-3`
}

// Run implements the command.
func (c *checkCmd) Run(a *app) error {
	o, err := c.options(a)
	if err != nil {
		return err
	}
	cfg, source, err := resolve(c.Args)
	if err == nil {
		err = a.ready()
	}
	if err != nil {
		return err
	}
	return a.engine.Check(a.ctx, CheckOptions{Options: o, Config: cfg, Source: source})
}

type evaluateCmd struct {
	Dir  string `arg:"" name:"run" type:"path" help:"Run directory."`
	JSON bool   `help:"Print JSON."`
	common
}

// Help implements kong.HelpProvider.
func (evaluateCmd) Help() string {
	return `Examples:
  costate evaluate runs/spiral-20260102T030405Z-a1b2c3
  costate evaluate moons --json`
}

// Run implements the command.
func (c *evaluateCmd) Run(a *app) error {
	o, err := c.options(a)
	if err == nil {
		err = a.ready()
	}
	if err != nil {
		return err
	}
	return a.engine.Evaluate(a.ctx, EvaluateOptions{Options: o, Run: c.Dir, JSON: c.JSON})
}

type predictCmd struct {
	Dir     string `arg:"" name:"run" type:"path" help:"Run directory, or a checkpoint of one."`
	Input   string `placeholder:"CSV" type:"path" help:"Rows to predict from, with the columns of the training data; a control problem needs none."`
	Samples int    `placeholder:"N" help:"Instead: draw so many rows from the model of a density."`
	Seed    uint64 `default:"1" placeholder:"N" help:"Seed of the samples."`
	Output  string `short:"o" placeholder:"CSV" type:"path" help:"Where to write (default: standard output)."`
	common
}

// Help implements kong.HelpProvider.
func (predictCmd) Help() string {
	return `The data that the model was trained on are not needed; a checkpoint is enough.

Examples:
  costate predict runs/spiral-20260102T030405Z-a1b2c3 --input new.csv > predictions.csv
  costate predict step-000100.ckpt --input new.csv > predictions.csv
  costate predict runs/density_moons-20260102T030405Z-a1b2c3 --samples 1000 --seed 7 > made_up.csv`
}

// Run implements the command.
func (c *predictCmd) Run(a *app) error {
	o, err := c.options(a)
	switch {
	case err != nil:
	case c.Samples < 0:
		err = exit.With(exit.Usage, fmt.Errorf("--samples must be 1 or more, got %d", c.Samples))
	case c.Input != "" && c.Samples > 0:
		err = exit.With(exit.Usage, errors.New("predict takes either --input CSV, or --samples N for the model of a density, not both"))
	default:
		err = a.ready()
	}
	if err != nil {
		return err
	}
	return a.engine.Predict(a.ctx, PredictOptions{Options: o, Run: c.Dir, Input: c.Input, Samples: c.Samples, Seed: c.Seed, Output: c.Output})
}

type verifyCmd struct {
	Dir       string  `arg:"" name:"run" type:"path" help:"Run directory."`
	JSON      bool    `help:"Print JSON."`
	Tolerance float64 `placeholder:"X" help:"Ask for optimality, too: what vanishes at an optimal control has to be below X; 1e-2 suits meshes of some hundred intervals."`
	common
}

// Help implements kong.HelpProvider.
func (verifyCmd) Help() string {
	return `Reads every checkpoint and model.safetensors against their checksums and the configuration, computes the certificate of the best
control and writes it to certificate.json. Exit code 6: a file is corrupt or does not belong; 4: the certificate does not hold.

Examples:
  costate verify runs/spiral-20260102T030405Z-a1b2c3
  costate verify moons --json
  costate verify bounded --tolerance 1e-2`
}

// Run implements the command.
func (c *verifyCmd) Run(a *app) error {
	o, err := c.options(a)
	if err == nil {
		err = a.ready()
	}
	if err != nil {
		return err
	}
	if !(c.Tolerance >= 0) {
		return exit.With(exit.Usage, fmt.Errorf("--tolerance must be 0 or more, got %g", c.Tolerance))
	}
	return a.engine.Verify(a.ctx, VerifyOptions{Options: o, Run: c.Dir, JSON: c.JSON, Tolerance: c.Tolerance})
}

type exportCmd struct {
	Dir    string `arg:"" name:"run" type:"path" help:"Run directory."`
	Format string `short:"f" required:"" enum:"safetensors,npz,onnx" placeholder:"FORMAT" help:"One of ${enum}. ONNX holds the vector field of a network."`
	Type   string `enum:"float64,float32" default:"float64" help:"Numbers of the ONNX model (${enum}); some runtimes lack operations in float64."`
	Output string `short:"o" placeholder:"FILE" type:"path" help:"A file that does not exist yet (default: export/model.FORMAT in the run directory)."`
	common
}

// Help implements kong.HelpProvider.
func (exportCmd) Help() string {
	return `Prints the paths of the files; one that exists is never overwritten. ONNX files have the field, and
beside it what leads from data to states (model.input.onnx) and from states to answers (model.output.onnx).

Examples:
  costate export moons --format onnx
  costate export moons --format onnx --type float32 -o moons32.onnx
  costate export moons --format npz`
}

// Run implements the command.
func (c *exportCmd) Run(a *app) error {
	o, err := c.options(a)
	if err == nil {
		err = a.ready()
	}
	if err != nil {
		return err
	}
	return a.engine.Export(a.ctx, ExportOptions{Options: o, Run: c.Dir, Format: c.Format, Type: c.Type, Output: c.Output})
}

type reportCmd struct {
	Dir string `arg:"" name:"run" type:"path" help:"Run directory."`
	common
}

// Help implements kong.HelpProvider.
func (reportCmd) Help() string {
	return `Figures and report.html are made anew from the files of the run, in the formats of its config.toml, also where report.figures = false.

Example:
  costate report moons`
}

// Run implements the command.
func (c *reportCmd) Run(a *app) error {
	o, err := c.options(a)
	if err == nil {
		err = a.ready()
	}
	if err != nil {
		return err
	}
	return a.engine.Report(a.ctx, ReportOptions{Options: o, Run: c.Dir})
}

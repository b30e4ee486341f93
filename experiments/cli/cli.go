// Package cli is the command line: it parses words into options, resolves configurations, lists what there is, and
// maps errors to exit codes. What a command does is the Engine's business.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/sweep"
)

// Options are what all commands of the Engine share.
type Options struct {
	Threads   int    // 0: all CPUs
	Quiet     bool   // no progress, no first and last lines on standard error
	Progress  string // auto, plain, none
	LogFormat string // console, json
	Stdout    io.Writer
	Stderr    io.Writer
	// Stop delivers the first SIGINT or SIGTERM to a command that saves what it has and ends by itself: run and
	// resume. For the other commands it is nil, and the signal cancels the context.
	Stop <-chan os.Signal
}

// RunOptions are those of `costate run` and `costate resume`.
type RunOptions struct {
	Options
	Config *config.Config // nil for resume: the run's own
	Source string         // where the configuration came from: a path, or "configs/spiral.toml"
	Out    string         // --out; empty: a new directory under runs/
	Resume string         // directory of the run to continue; empty: a new run
	DryRun bool
}

// EvaluateOptions are those of `costate evaluate`.
type EvaluateOptions struct {
	Options
	Run  string // directory
	JSON bool
}

// PredictOptions are those of `costate predict`.
type PredictOptions struct {
	Options
	Run     string
	Input   string // CSV file; empty: samples are drawn
	Samples int    // of a density
	Seed    uint64 // of samples
	Output  string // empty: standard output
}

// CheckOptions are those of `costate check`.
type CheckOptions struct {
	Options
	Config *config.Config
	Source string
}

// ReportOptions are those of `costate report`.
type ReportOptions struct {
	Options
	Run string
}

// VerifyOptions are those of `costate verify`.
type VerifyOptions struct {
	Options
	Run       string
	JSON      bool
	Tolerance float64 // of what vanishes at an optimal control; 0: not asked for
}

// ExportOptions are those of `costate export`.
type ExportOptions struct {
	Options
	Run    string
	Format string // safetensors, npz, onnx
	Type   string // float64, float32; for onnx
	Output string // empty: export/model.<format> in the run directory
}

// CompareOptions are those of `costate compare`.
type CompareOptions struct {
	Options
	Items []CompareItem
	Out   string // directory; empty: a new one under runs/
}

// CompareItem is a run directory, or a configuration to be run first.
type CompareItem struct {
	Run    string
	Config *config.Config // nil for a run
	Source string
}

// SweepOptions are those of `costate sweep`.
type SweepOptions struct {
	Options
	Plan    *sweep.Plan
	Out     string // directory; empty: a new one under runs/
	Workers int    // processes at a time; 0: one for every CPU
	By      string // column that ranks; empty: the best loss
	Retry   bool   // run failed points again
}

// Engine does what the commands ask for. An error that has an exit code of its own (exit.Coder) decides on it.
type Engine interface {
	Run(ctx context.Context, o RunOptions) error
	Check(ctx context.Context, o CheckOptions) error
	Evaluate(ctx context.Context, o EvaluateOptions) error
	Predict(ctx context.Context, o PredictOptions) error
	Report(ctx context.Context, o ReportOptions) error
	Compare(ctx context.Context, o CompareOptions) error
	Sweep(ctx context.Context, o SweepOptions) error
	Verify(ctx context.Context, o VerifyOptions) error
	Export(ctx context.Context, o ExportOptions) error
}

// Signalled is the cause of a context that a signal cancelled.
type Signalled struct{ Signal os.Signal }

func (s *Signalled) Error() string {
	if s.Signal == syscall.SIGTERM {
		return "terminated"
	}
	return "interrupted"
}

// ExitCode is 130 or 143.
func (s *Signalled) ExitCode() int {
	if s.Signal == syscall.SIGTERM {
		return exit.Terminated
	}
	return exit.Interrupted
}

// app is what commands need to do their work.
type app struct {
	ctx            context.Context
	engine         Engine
	stdout, stderr io.Writer
	stop           chan os.Signal
	graceful       *atomic.Bool // the command listens to stop
}

type exitNow int

// Main runs the command line and returns the exit code. The first SIGINT or SIGTERM goes to Options.Stop or cancels the
// context with a *Signalled as its cause; the second ends the process as if it were not handled.
func Main(args []string, stdout, stderr io.Writer, engine Engine) (code int) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	defer func() { signal.Stop(signals); close(done) }()
	a := &app{ctx: ctx, engine: engine, stdout: stdout, stderr: stderr, stop: make(chan os.Signal, 1), graceful: new(atomic.Bool)}
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			if a.graceful.Load() {
				fmt.Fprintf(stderr, "\ncostate: %v: saving after this iteration; once more to stop at once\n", s)
				a.stop <- s
				return
			}
			cancel(&Signalled{s})
		case <-done:
		}
	}()

	var g grammar
	parser, err := kong.New(&g, kong.Name("costate"), kong.Description(description), kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exitNow(code)) }), kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}))
	if err != nil {
		fmt.Fprintln(stderr, "costate:", err)
		return exit.Bug
	}
	defer func() { // kong ends --help by calling Exit
		if r := recover(); r != nil {
			n, ok := r.(exitNow)
			if !ok {
				fmt.Fprintf(stderr, "costate: a bug: %v; please report it with the lines below\n%s", r, debug.Stack())
				n = exit.Bug
			}
			code = int(n)
		}
	}()
	if len(args) == 0 {
		args = []string{"--help"}
	}
	switch args[0] { // as they are called elsewhere
	case "help":
		args = append(args[1:len(args):len(args)], "--help")
	case "--version":
		args = append([]string{"version"}, args[1:]...)
	}
	if args[0] == "complete" { // by the scripts of costate completion
		complete(stdout, parser.Model, args[1:])
		return exit.OK
	}
	k, err := parser.Parse(wordsFirst(parser.Model, args))
	if err != nil {
		fmt.Fprintf(stderr, "costate: %v (see costate %s--help)\n", err, commandOf(args))
		return exit.Usage
	}
	err = k.Run(a)
	return finish(ctx, stderr, err)
}

// wordsFirst moves the words that stand behind flags before them: the parser takes a list of words in one piece only.
func wordsFirst(model *kong.Application, args []string) []string {
	i := slices.IndexFunc(model.Children, func(n *kong.Node) bool { return n.Name == args[0] })
	if i < 0 {
		return args
	}
	command := model.Children[i]
	words, flags := []string{args[0]}, []string(nil)
	for i, a := range args[1:] {
		if a == "--" {
			return slices.Concat(words, flags, args[1+i:])
		}
		before := flagOf(command, args[i])
		if strings.HasPrefix(a, "-") || i > 0 && before != nil && !before.IsBool() {
			flags = append(flags, a)
		} else {
			words = append(words, a)
		}
	}
	return append(words, flags...)
}

// commandOf is the command that help is offered for, with a space behind.
func commandOf(args []string) string {
	for _, c := range commands {
		if args[0] == c {
			return c + " "
		}
	}
	return ""
}

// finish reports an error and gives the exit code.
func finish(ctx context.Context, stderr io.Writer, err error) int {
	var s *Signalled
	if errors.As(context.Cause(ctx), &s) && (errors.Is(err, context.Canceled) || errors.As(err, new(*Signalled))) {
		fmt.Fprintln(stderr, "costate:", s)
		return s.ExitCode()
	}
	if err == nil {
		return exit.OK
	}
	var issues *config.Error
	if errors.As(err, &issues) {
		fmt.Fprintln(stderr, issues)
		if n := len(issues.Issues); n > 1 {
			fmt.Fprintf(stderr, "costate: %d issues in the configuration\n", n)
		}
		explain(stderr, err)
		return exit.Code(err)
	}
	code := exit.Code(err)
	text := strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' }), "; ")
	if code == exit.Bug {
		text += " (this is unexpected: please report it)"
	}
	fmt.Fprintln(stderr, "costate:", text)
	explain(stderr, err)
	return code
}

// explain says where an error is explained.
func explain(stderr io.Writer, err error) {
	if topic := exit.Topic(err); topic != "" {
		fmt.Fprintf(stderr, "costate: more in docs/troubleshooting.md#%s\n", topic)
	}
}

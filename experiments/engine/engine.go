// Package engine does what the commands ask for: it joins tasks, runs, pictures and reports, and writes what people read
// on a terminal.
package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"text/tabwriter"

	"github.com/costate-go/costate/experiments/cli"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/internal/words"
	"github.com/costate-go/costate/experiments/page"
	"github.com/costate-go/costate/experiments/pictures"
	"github.com/costate-go/costate/experiments/progress"
	"github.com/costate-go/costate/experiments/report"
	"github.com/costate-go/costate/experiments/run"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/ode"
)

// Engine implements cli.Engine.
type Engine struct{}

var _ cli.Engine = Engine{}

func threads(n int) int {
	if n <= 0 {
		return runtime.NumCPU()
	}
	return n
}

// Run implements cli.Engine.
func (Engine) Run(ctx context.Context, o cli.RunOptions) error {
	if o.DryRun {
		return dryRun(ctx, o)
	}
	ctx, cancel := stoppable(ctx, o.Options)
	defer cancel()
	w := &watcher{o: o.Options}
	opts := run.Options{Out: o.Out, Threads: threads(o.Threads), Observer: w, CommandLine: os.Args, Draw: pictures.Draw}
	if o.LogFormat == "json" && !o.Quiet {
		opts.Log = o.Stderr
		w.lines = io.Discard // JSON lines only
	}
	var r *run.Result
	var err error
	if o.Resume != "" {
		if err := same(o); err != nil {
			return err
		}
		r, err = run.Resume(ctx, o.Resume, opts)
	} else {
		r, err = run.Run(ctx, o.Config, opts)
	}
	if r != nil && r.Done {
		if printErr := last(o.Options, r, err); printErr != nil && err == nil {
			err = printErr
		}
	}
	return advise(err)
}

// advised is an error with another text.
type advised struct {
	error
	text string
}

func (a advised) Error() string { return a.text }
func (a advised) Unwrap() error { return a.error }

// advise puts what to change in the configuration behind an error, in place of what to change in a call of package ode.
func advise(err error) error {
	advice := run.Advice(err)
	if advice == "" {
		return err
	}
	text := err.Error()
	var failed *ode.Error
	if errors.As(err, &failed) {
		text = strings.Replace(text, ": "+failed.Remedy(), "", 1)
	}
	return advised{err, text + "; " + advice}
}

// same is an error where the run to be resumed has another configuration than the one given; nil where none is given.
func same(o cli.RunOptions) error {
	if o.Config == nil {
		return nil
	}
	if err := rundir.Exists(o.Resume); err != nil {
		return err
	}
	own, err := config.Load(filepath.Join(o.Resume, rundir.ConfigFile))
	if err != nil {
		return err
	}
	if own.Hash() != o.Config.Hash() {
		return exit.About(exit.TopicOccupied, exit.With(exit.Usage, fmt.Errorf("--out %s: holds a run of another configuration, %s %s, not %s %s; choose another directory, or continue it with costate resume",
			o.Resume, own.Name, own.Hash(), o.Config.Name, o.Config.Hash())))
	}
	return nil
}

// stoppable is a context that the first signal cancels.
func stoppable(ctx context.Context, o cli.Options) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case s := <-o.Stop:
			cancel(&cli.Signalled{Signal: s})
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// watcher shows a run's progress.
type watcher struct {
	o     cli.Options
	lines io.Writer // nil: Stderr
	meter progress.Meter
	step  string
}

func (w *watcher) out() io.Writer {
	switch {
	case w.o.Quiet:
		return io.Discard
	case w.lines != nil:
		return w.lines
	}
	return w.o.Stderr
}

// Begin implements run.Observer.
func (w *watcher) Begin(h run.Header, first, total int) {
	out := w.out()
	fmt.Fprintf(out, "costate %s · %s · config %s · seed %d · %s\n", h.Version, h.Name, h.ConfigHash, h.Seed, words.Count(h.Threads, "thread"))
	fmt.Fprintf(out, "data       %s\n", h.Data)
	fmt.Fprintf(out, "model      %s\n", h.Model)
	fmt.Fprintf(out, "solver     %s\n", h.Method)
	fmt.Fprintf(out, "optimizer  %s, %s\n", h.Optimizer, words.Count(total, "iteration"))
	fmt.Fprintf(out, "memory     about %s\n", run.Bytes(h.MemoryBytes))
	fmt.Fprintf(out, "run        %s\n", h.Dir)
	if first > 0 {
		fmt.Fprintf(out, "resuming after iteration %d\n", first)
	}
	w.step = strings.TrimPrefix(report.StepName(h.Optimizer), "learning ")
	mode := w.o.Progress
	if w.lines != nil {
		mode = "none"
	}
	w.meter = progress.New(progress.Options{Mode: mode, Out: w.o.Stderr, Total: total, Start: first})
}

// Iteration implements run.Observer.
func (w *watcher) Iteration(m *rundir.Metrics) {
	w.meter.Update(progress.Update{
		Iteration: m.Iteration, Loss: float64(m.Loss), Validation: float64(m.ValLoss), StepName: w.step, Step: float64(m.StepParameter),
	})
}

// Note implements run.Observer.
func (w *watcher) Note(text string) {
	if w.meter != nil && !w.o.Quiet {
		w.meter.Print("costate: " + text)
		return
	}
	fmt.Fprintln(w.out(), "costate:", text)
}

// End implements run.Observer.
func (w *watcher) End() { w.meter.Close() }

// last prints the result: why the run stopped, the best metric, where the report is, how to go on.
func last(o cli.Options, r *run.Result, runErr error) error {
	s := r.Summary
	if o.Quiet {
		_, err := fmt.Fprintln(o.Stdout, r.Dir.Path())
		return err
	}
	why := fmt.Sprintf("%s after %s, %.1f s", s.StopReason, words.Count(s.Iterations, "iteration"), float64(s.WallSeconds))
	if r.Message != "" {
		why += " (" + r.Message + ")"
	}
	w := tabwriter.NewWriter(o.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "stopped\t%s\n", why)
	fmt.Fprintf(w, "loss\t%.6g → %.6g; best %.8g at iteration %d\n", float64(s.InitialLoss), float64(s.FinalLoss), float64(s.BestLoss), s.BestIteration)
	for _, name := range names(s.Metrics) {
		fmt.Fprintf(w, "%s\t%.8g\n", name, float64(s.Metrics[name]))
	}
	fmt.Fprintf(w, "pmp\tresidual %.3g, drift of H %.3g\n", float64(s.PMP.Residual), float64(s.PMP.HamiltonianDrift))
	fmt.Fprintf(w, "report\t%s\n", r.Dir.Path(rundir.ReportFile))
	var interrupted *run.InterruptedError
	if errors.As(runErr, &interrupted) {
		fmt.Fprintf(w, "continue\tcostate resume %s\n", page.Quote(r.Dir.Path()))
	}
	return w.Flush()
}

func names(m map[string]rundir.Float) []string {
	var out []string
	for name := range m {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}

// passedOver says that what follows is of an older checkpoint, the newer ones being damaged.
func passedOver(o cli.Options, skipped []error) {
	for _, err := range skipped {
		if !o.Quiet {
			fmt.Fprintln(o.Stderr, "costate: passed over a checkpoint:", err)
		}
	}
}

// Evaluate implements cli.Engine.
func (Engine) Evaluate(ctx context.Context, o cli.EvaluateOptions) error {
	r, err := run.Load(o.Run, threads(o.Threads))
	if err != nil {
		return err
	}
	passedOver(o.Options, r.Skipped)
	metrics, err := r.Task.Metrics(ctx, r.Best)
	if err != nil {
		return &run.NumericalError{Iteration: r.Summary.BestIteration, Err: err}
	}
	if o.JSON {
		out := map[string]any{"run": o.Run, "best_iteration": r.Summary.BestIteration, "best_loss": rundir.Float(r.Summary.BestLoss)}
		values := map[string]rundir.Float{}
		for name, v := range metrics {
			values[name] = rundir.Float(v)
		}
		out["metrics"] = values
		enc := json.NewEncoder(o.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(out)
	}
	fmt.Fprintf(o.Stdout, "%-24s %d\n%-24s %.8g\n", "best_iteration", r.Summary.BestIteration, "best_loss", float64(r.Summary.BestLoss))
	all := map[string]rundir.Float{}
	for name, v := range metrics {
		all[name] = rundir.Float(v)
	}
	for _, name := range names(all) {
		if _, err := fmt.Fprintf(o.Stdout, "%-24s %.8g\n", name, float64(all[name])); err != nil {
			return err
		}
	}
	return nil
}

// Report implements cli.Engine.
func (Engine) Report(ctx context.Context, o cli.ReportOptions) error {
	r, err := run.Load(o.Run, threads(o.Threads))
	if err != nil {
		return err
	}
	passedOver(o.Options, r.Skipped)
	r.Config.Report.Figures = true // who asks for the report wants them, also of a run that drew none
	if err := pictures.Draw(ctx, r); err != nil {
		return err
	}
	_, err = fmt.Fprintln(o.Stdout, r.Dir.Path(rundir.ReportFile))
	return err
}

package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/costate-go/costate/experiments/cli"
	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/internal/words"
	"github.com/costate-go/costate/experiments/page"
	"github.com/costate-go/costate/experiments/sweep"
)

// Sweep implements cli.Engine.
func (Engine) Sweep(ctx context.Context, o cli.SweepOptions) error {
	ctx, cancel := stoppable(ctx, o.Options)
	defer cancel()
	dir, err := sweep.Open("", o.Out, o.Plan)
	if err != nil {
		return err
	}
	messages := o.Stderr
	if o.Quiet || o.Progress == "none" {
		messages = io.Discard
	}
	workers := o.Workers
	if workers == 0 {
		workers = runtime.NumCPU()
	}
	workers = min(workers, len(o.Plan.Points))
	fmt.Fprintf(messages, "sweep      %s of %s, %d at a time\ndirectory  %s\n", words.Count(len(o.Plan.Points), "run"), o.Plan.Source, workers, dir)
	failed := 0
	w := sweep.Workers{N: workers, Flags: []string{"--threads", strconv.Itoa(max(o.Threads, 1))}, Retry: o.Retry}
	w.Done = func(k, finished int, err error) {
		text := "done"
		if err != nil {
			text = err.Error()
		}
		if _, status := sweep.Look(dir, k, false); err != nil || status != nil && status.State == "failed" {
			failed++
			if err == nil {
				text = "failed: " + status.Reason
			}
		}
		fmt.Fprintf(messages, "%d/%d  %s  %s  %s\n", finished, len(o.Plan.Points), sweep.Name(k), strings.Join(o.Plan.Points[k].Set, " "), text)
	}
	runErr := sweep.Run(ctx, dir, o.Plan, w)
	r, err := sweep.Collect(dir, o.Plan, o.By)
	if err != nil {
		return exit.With(exit.Usage, errors.Join(err, runErr))
	}
	if err := r.Write(dir, "costate sweep --out "+page.Quote(dir)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(o.Stdout, "%s%s\n", r.Text(), filepath.Join(dir, sweep.PageFile)); err != nil {
		return err
	}
	var s *cli.Signalled
	if errors.As(runErr, &s) {
		return exit.With(s.ExitCode(), fmt.Errorf("%w; what was run is saved: costate sweep --out %s goes on", runErr, page.Quote(dir)))
	}
	if runErr == nil && failed == len(o.Plan.Points) {
		return exit.With(exit.Numerical, fmt.Errorf("all %d runs failed; see %s", failed, filepath.Join(dir, sweep.TableFile)))
	}
	return runErr
}

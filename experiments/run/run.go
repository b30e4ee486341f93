// Package run drives an optimizer through an experiment: it feeds it batches, measures, decides when to stop, keeps the
// run directory and answers signals. A run that is interrupted anywhere and resumed ends with the same bits as one
// that was not.
package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/rs/zerolog"

	"github.com/costate-go/costate/experiments/checkpoint"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/internal/words"
	"github.com/costate-go/costate/experiments/page"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/pmp"
)

// Observer is told how a run goes on. Its methods are called from the run's goroutine.
type Observer interface {
	// Begin is called once, before the first iteration: first is the number of iterations done already.
	Begin(h Header, first, total int)
	// Iteration is called after every iteration.
	Iteration(m *rundir.Metrics)
	// Note is a line for the user.
	Note(text string)
	// End is called once the last iteration is over.
	End()
}

// Header is what the first lines of a run say.
type Header struct {
	Version, Name, ConfigHash, Dir string
	Seed                           uint64
	Threads                        int
	Task, Optimizer                string
	Data, Model                    string
	Method                         string
	MemoryBytes                    int64
}

// Options are what a run needs besides its configuration. The zero value runs quietly into the folder "runs".
type Options struct {
	Root    string // folder of run directories; empty: "runs"
	Out     string // the run directory itself; empty: a new one under Root
	Threads int    // 0: 1
	// Observer may be nil.
	Observer Observer
	// Log receives what goes to log.jsonl besides, such as a console writer; nil: nothing.
	Log io.Writer
	// CommandLine is what the manifest says of how the program was called.
	CommandLine []string
	// Draw makes figures and report of a run at its end, and every report.every iterations; nil: none.
	Draw func(ctx context.Context, r *Result) error
}

// Result is a run and what can be asked of it.
type Result struct {
	Config   *config.Config
	Task     tasks.Task
	Dir      *rundir.Dir
	Settings pmp.Settings
	Best     []float64 // the best control
	Summary  *rundir.Summary
	Header   Header
	// Message is why the optimizer stopped, in its own words; empty where something else ended the run.
	Message string
	// Done is false while the run goes on.
	Done bool
	// Skipped says which newer checkpoints Load passed over, and why.
	Skipped []error
}

// InterruptedError says that a run was asked to end by the cancellation of its context, and was saved.
type InterruptedError struct {
	Dir   string // empty where the run had not begun
	Cause error  // of the cancellation
}

// Error implements error.
func (e *InterruptedError) Error() string {
	if e.Dir == "" {
		return fmt.Sprintf("%v before the first iteration; nothing is written", e.Cause)
	}
	return fmt.Sprintf("%v; everything is saved: continue with `costate resume %s`", e.Cause, page.Quote(e.Dir))
}

// Unwrap makes it context.Canceled.
func (e *InterruptedError) Unwrap() error { return context.Canceled }

// ExitCode is that of the cause where it has one, such as a signal.
func (e *InterruptedError) ExitCode() int {
	if c, ok := e.Cause.(exit.Coder); ok {
		return c.ExitCode()
	}
	return exit.Interrupted
}

// NumericalError says that a run could not go on.
type NumericalError struct {
	Iteration int
	Err       error
}

// Error implements error.
func (e *NumericalError) Error() string {
	return fmt.Sprintf("iteration %d: %v", e.Iteration, e.Err)
}

// Unwrap gives the cause.
func (e *NumericalError) Unwrap() error { return e.Err }

// ExitCode is that of numerical failures.
func (e *NumericalError) ExitCode() int { return exit.Numerical }

// Run runs a new experiment. When ctx is cancelled it ends after the present iteration, saves everything and returns an
// *InterruptedError; before the first one there is no run. Even with an error, the result is not nil once the run
// directory exists.
func Run(ctx context.Context, c *config.Config, o Options) (*Result, error) {
	if o.Out != "" {
		if err := rundir.Free(o.Out); err != nil {
			return nil, err
		}
	}
	d, err := newDriver(c, o)
	if err != nil {
		return nil, err
	}
	if err := d.budget(ctx); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, &InterruptedError{Cause: context.Cause(ctx)}
	}
	d.theta = d.task.Initial()
	d.best = append([]float64(nil), d.theta...)
	if err := d.enter(ctx, 0); err != nil { // what cannot begin leaves no directory behind
		return nil, err
	}
	if d.dir, err = rundir.Create(o.Root, c.Name, o.Out); err != nil {
		return nil, err
	}
	defer func() { _ = d.dir.Close() }()
	if err := d.dir.Lock(); err != nil {
		return nil, err
	}
	if err := d.describe(); err != nil {
		return d.result(false), err
	}
	return d.loop(ctx)
}

// Resume continues the run in a directory, with the configuration there, from its newest good checkpoint.
func Resume(ctx context.Context, path string, o Options) (*Result, error) {
	d, skipped, err := reopen(path, o, true)
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.dir.Close() }()
	if err := d.budget(ctx); err != nil {
		return nil, err
	}
	d.logger()
	for _, s := range skipped {
		d.note(fmt.Sprintf("passed over a checkpoint: %v", s))
	}
	if err := errors.Join(d.dir.CutBack(d.iteration), forget(path, d.iteration)); err != nil {
		return nil, err
	}
	rows, err := rundir.ReadMetrics(path)
	if err != nil {
		return nil, err
	}
	if n := len(rows); n > 0 {
		d.before = time.Duration(float64(rows[n-1].WallSeconds) * float64(time.Second))
	}
	return d.loop(ctx)
}

// driver is a run under way.
type driver struct {
	c        *config.Config
	o        Options
	task     tasks.Task
	settings pmp.Settings
	rest     int64 // Settings.MaxBytes once the optimizer is gone
	dir      *rundir.Dir
	board    *board // nil: none
	log      zerolog.Logger
	header   Header

	opt     pmp.Optimizer
	saved   pmp.State // the optimizer's memory, to be loaded when it is built
	phase   int
	theta   []float64
	batcher batcher

	iteration int // iterations done
	tally
	started   time.Time
	before    time.Duration // wall time of earlier sessions
	message   string        // why the optimizer stopped, in its own words
	validates bool          // there is a validation set
	marked    int           // iteration that BEST stands for
	residual  rundir.Float  // of the last iteration
}

// tally is what a run has seen so far; it is part of checkpoints.
type tally struct {
	initial, final, bestLoss, bestScore float64
	bestIteration                       int
	stale                               int // validations without improvement
	work                                pmp.Work
	best                                []float64
}

func newDriver(c *config.Config, o Options) (*driver, error) {
	if o.Threads <= 0 {
		o.Threads = 1
	}
	task, err := tasks.New(c, o.Threads)
	if err != nil {
		return nil, err
	}
	s, err := tasks.SweepSettings(c, o.Threads)
	if err != nil {
		return nil, err
	}
	d := &driver{c: c, o: o, task: task, settings: s, phase: -1}
	d.initial, d.final, d.bestLoss, d.bestScore = math.NaN(), math.NaN(), math.Inf(1), math.Inf(1)
	a := task.About()
	d.validates = a.Validation > 0
	d.header = Header{
		Version: rundir.Version(), Name: c.Name, ConfigHash: c.Hash(), Seed: c.Seed, Threads: o.Threads, Task: c.Task,
		Optimizer: c.Optimizer.Kind, Data: a.Data, Model: a.Model, Method: methodLine(c),
	}
	return d, nil
}

func methodLine(c *config.Config) string {
	if c.Field.Kind == "layers" {
		return "none: discrete time"
	}
	if c.Solver.Steps > 0 {
		return fmt.Sprintf("%s, %s between knots and observations", c.Solver.Method, words.Count(c.Solver.Steps, "fixed step"))
	}
	return fmt.Sprintf("%s, rtol %g, atol %g", c.Solver.Method, c.Solver.RTol, c.Solver.ATol)
}

// describe writes what a new run directory begins with.
func (d *driver) describe() error {
	if err := d.dir.WriteConfig(d.c); err != nil {
		return err
	}
	m := rundir.NewManifest()
	m.Threads, m.Seed, m.ConfigHash, m.CommandLine = d.o.Threads, d.c.Seed, d.c.Hash(), d.o.CommandLine
	m.DataHashes = d.task.About().Hashes
	if err := d.dir.WriteManifest(m); err != nil {
		return err
	}
	d.logger()
	return nil
}

func (d *driver) logger() {
	var w io.Writer = d.dir.Log()
	if d.o.Log != nil {
		w = zerolog.MultiLevelWriter(w, d.o.Log)
	}
	d.log = zerolog.New(w).With().Timestamp().Logger()
	d.header.Dir = d.dir.Path()
}

func (d *driver) store() *checkpoint.Store { return d.dir.Store(d.c.Train.Keep) }

func (d *driver) note(text string) {
	d.log.Warn().Int("iteration", d.iteration).Msg(text)
	if d.o.Observer != nil {
		d.o.Observer.Note(text)
	}
}

func (d *driver) event(kind, text string) error {
	return d.dir.AppendEvent(&rundir.Event{Iteration: d.iteration, WallSeconds: rundir.Float(d.wall()), Kind: kind, Text: text})
}

func (d *driver) wall() float64 { return (d.before + time.Since(d.started)).Seconds() }

// enter makes the problem and the optimizer of iteration k ready.
func (d *driver) enter(ctx context.Context, k int) error {
	phase := d.task.Phase(k)
	if phase != d.phase {
		if d.opt != nil {
			d.saved = d.opt.Save()
			d.theta = append(d.theta[:0], d.opt.Theta()...)
		}
		// A problem that changes makes old sweeps and curvatures void; a resumed run that goes on with the same one
		// keeps them.
		changed := k > 0 && d.task.Phase(k-1) != phase
		if changed { // losses of different problems cannot be compared
			d.bestScore, d.stale = math.Inf(1), 0
		}
		if err := d.task.Enter(phase); err != nil {
			return err
		}
		d.phase = phase
		var err error
		if d.opt, err = tasks.Begin(ctx, d.c, d.task, d.settings, d.theta); err != nil {
			return err
		}
		if d.saved != nil {
			if err := d.opt.Load(d.saved); err != nil {
				return &checkpoint.Error{File: d.dir.Path(), Text: err.Error(), Remedy: "resume with the configuration of the run"}
			}
			if changed {
				d.opt.Refresh()
			}
			d.saved = nil
		}
		d.batcher = batcher{seed: d.c.Seed, samples: d.task.Samples(), size: d.c.Train.Batch}
	}
	if r, ok := d.task.(tasks.Renewer); ok && r.Renew(k) {
		d.opt.Refresh()
	}
	if index := d.batcher.index(k); index != nil {
		d.task.Select(index)
		d.opt.Refresh()
	}
	return nil
}

// batcher draws mini-batches: a new permutation every epoch, the last incomplete batch left out.
type batcher struct {
	seed          uint64
	samples, size int
	epoch         int
	perm          []int
}

// index of the samples of iteration k; nil means all of them.
func (b *batcher) index(k int) []int {
	if b.size <= 0 || b.size >= b.samples {
		return nil
	}
	per := b.samples / b.size
	if epoch := k / per; b.perm == nil || epoch != b.epoch {
		b.epoch = epoch
		b.perm = data.Stream(b.seed, fmt.Sprintf("batches of epoch %d", epoch)).Perm(b.samples)
	}
	at := k % per * b.size
	return b.perm[at : at+b.size]
}

// passes is how many times k iterations have seen the training set.
func (b *batcher) passes(k int) float64 {
	if b.size <= 0 || b.size >= b.samples {
		return float64(k)
	}
	return float64(k) * float64(b.size) / float64(b.samples)
}

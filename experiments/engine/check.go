package engine

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/costate-go/costate/experiments/cli"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/internal/words"
	"github.com/costate-go/costate/experiments/run"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/pmp"
)

// dryRun builds everything and does one forward and backward sweep; it writes nothing.
func dryRun(ctx context.Context, o cli.RunOptions) error {
	_, err := trial(ctx, o.Options, o.Config)
	return err
}

// probe is what a trial iteration measured.
type probe struct {
	task     tasks.Task
	settings pmp.Settings
	theta    []float64
	sweep    time.Duration
	state    pmp.State // of the optimizer
}

func trial(ctx context.Context, o cli.Options, c *config.Config) (*probe, error) {
	n := threads(o.Threads)
	task, err := tasks.New(c, n)
	if err != nil {
		return nil, err
	}
	s, err := tasks.SweepSettings(c, n)
	if err != nil {
		return nil, err
	}
	memory, err := run.Memory(ctx, c, task, s)
	if err != nil {
		return nil, err
	}
	if err := run.CheckMemory(c, memory); err != nil {
		return nil, err
	}
	a := task.About()
	fmt.Fprintf(o.Stdout, "config      %s, hash %s\n", c.Name, c.Hash())
	fmt.Fprintf(o.Stdout, "data        %s\n", a.Data)
	fmt.Fprintf(o.Stdout, "model       %s\n", a.Model)
	fmt.Fprintf(o.Stdout, "optimizer   %s, %s\n", c.Optimizer.Kind, words.Count(c.Train.Iterations, "iteration"))
	fmt.Fprintf(o.Stdout, "memory      about %s\n", run.Bytes(memory))
	p := &probe{task: task, settings: s, theta: task.Initial()}
	if own, ok := task.(tasks.Discrete); ok {
		return p, p.step(ctx, o, own, c.Train.Batch)
	}
	opt, err := tasks.Optimizer(c, task.Problem())
	if err != nil {
		return nil, err
	}
	w, err := pmp.NewSweeper(task.Problem(), s)
	if err != nil {
		return nil, err
	}
	if err := opt.Init(ctx, w, p.theta); err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	p.state = opt.Save()
	tr := w.NewTrajectory()
	start := time.Now()
	if err := w.Gradient(ctx, tr, p.theta); err != nil {
		return nil, &run.NumericalError{Err: err}
	}
	p.sweep = time.Since(start)
	_, err = fmt.Fprintf(o.Stdout, "sweep       J = %.6g, ‖∇J‖ = %.3g; %d evaluations forward, %d backward, %d steps, %v\n",
		tr.J, norm(tr.Grad), tr.Work.Forward, tr.Work.Backward, tr.Work.Accepted, p.sweep.Round(10*time.Microsecond))
	return p, err
}

// step does one iteration of a task in discrete time.
func (p *probe) step(ctx context.Context, o cli.Options, task tasks.Discrete, batch int) error {
	opt, err := task.Begin(ctx, p.theta)
	if err != nil {
		return exit.With(exit.Usage, err)
	}
	p.state = opt.Save()
	index := make([]int, batch)
	for i := range index {
		index[i] = i
	}
	task.Select(index)
	start := time.Now()
	it, err := opt.Step(ctx)
	if err != nil {
		return &run.NumericalError{Err: err}
	}
	p.sweep = time.Since(start)
	_, err = fmt.Fprintf(o.Stdout, "iteration   J = %.6g on the first %d samples, %v\n", it.Loss, batch, p.sweep.Round(10*time.Microsecond))
	return err
}

// disk estimates what a checkpoint and the whole run directory take, in bytes.
func (p *probe) disk(c *config.Config) (checkpoint, all int64) {
	const (
		row      = 450     // of metrics.jsonl
		scalars  = 450     // of an iteration in an event file
		page     = 1 << 20 // report.html
		drawings = 2 << 20 // figures in two formats with their numbers
		files    = 64 << 10
	)
	numbers := 2 * len(p.theta) // the present control and the best one
	for _, v := range p.state {
		numbers += len(v)
	}
	checkpoint = 8 * int64(numbers)
	keep := int64(c.Train.Keep)
	if c.Train.Select == "best" { // which may be older than those
		keep++
	}
	kept := min(keep, int64(c.Train.Iterations/max(c.Train.CheckpointEvery, 1))+2)
	all = kept*checkpoint + 8*int64(len(p.theta)) + row*int64(c.Train.Iterations) + page + files
	if c.Report.TensorBoard {
		all += scalars * int64(c.Train.Iterations)
	}
	if c.Report.Figures {
		all += drawings
	}
	return checkpoint, all
}

func norm(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	return math.Sqrt(sum)
}

// Check implements cli.Engine.
func (Engine) Check(ctx context.Context, o cli.CheckOptions) error {
	p, err := trial(ctx, o.Options, o.Config)
	if err != nil {
		return err
	}
	if p.task.Problem() != nil {
		if err := checkGradient(ctx, o, p); err != nil {
			return err
		}
	}
	budget := time.Duration(float64(p.sweep) * float64(o.Config.Train.Iterations) * costPerIteration(o.Config.Optimizer.Kind))
	fmt.Fprintf(o.Stdout, "time        about %s for the whole run\n", duration(budget))
	checkpoint, disk := p.disk(o.Config)
	fmt.Fprintf(o.Stdout, "disk        about %s, a checkpoint being %s\n", run.Bytes(disk), run.Bytes(checkpoint))
	_, err = fmt.Fprintln(o.Stdout, "ok")
	return err
}

// checkGradient compares the gradient by the costate with central differences.
func checkGradient(ctx context.Context, o cli.CheckOptions, p *probe) error {
	// Zero and other symmetric starts have vanishing derivatives: check beside them.
	theta := append([]float64(nil), p.theta...)
	for i := range theta {
		theta[i] += 0.05 * math.Sin(float64(i+1))
	}
	tolerance := run.GradientTolerance(o.Config)
	diff, err := pmp.CheckGradient(ctx, p.task.Problem(), p.settings, theta, o.Config.Seed)
	if err != nil {
		return &run.NumericalError{Err: err}
	}
	fmt.Fprintf(o.Stdout, "gradient    costate and central differences differ by %.2g relative\n", diff)
	if diff > tolerance {
		return &run.NumericalError{Err: exit.About(exit.TopicGradient, fmt.Errorf("the gradient by the costate is off by %.2g relative (limit %g): is the dynamics smooth?", diff, tolerance))}
	}
	return nil
}

// costPerIteration is a rough factor of an iteration over one forward and backward sweep.
func costPerIteration(kind string) float64 {
	switch kind {
	case "emsa":
		return 8
	case "riccati":
		return 10
	case "gauss-newton":
		return 50 // products of conjugate gradients, or tangents of up to 50 parameters
	case "sqh", "msa", "secant-msa", "lbfgs", "batch-pmp", "snopt":
		return 1.5
	}
	return 1
}

func duration(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

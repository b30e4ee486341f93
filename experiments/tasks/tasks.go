// Package tasks turns a configuration into an optimal control problem: it loads data, builds the vector field, states
// costs and names what is measured. A Task knows nothing of optimizers, files or terminals.
package tasks

import (
	"context"
	"fmt"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/safetensors"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
)

// Task is an experiment's problem with its data and measures. It belongs to one goroutine.
type Task interface {
	// Phase is the number of the problem that iteration k works on; problems change when training windows grow.
	Phase(k int) int
	// Enter makes the problem of a phase current.
	Enter(phase int) error
	// Problem is the training problem of the phase, holding the samples that were selected last; nil for a Discrete task.
	Problem() *pmp.Problem
	// Samples is the number of training samples of the phase. Select makes the problem hold those with the given
	// indexes, nil for all, in that order.
	Samples() int
	Select(index []int)
	// Initial is the first control.
	Initial() []float64
	// Validate is the loss on the validation set, NaN where there is none.
	Validate(ctx context.Context, theta []float64) (float64, error)
	// Metrics measures a control on all data sets, by name.
	Metrics(ctx context.Context, theta []float64) (map[string]float64, error)
	// Tensors are the numbers of a control by name, for other programs: weights and biases with the nodes of the control
	// as their first dimension.
	Tensors(theta []float64) []safetensors.Tensor
	// About describes problem and data for the first lines of a run.
	About() About
	// Predict applies the model to rows of a user's table.
	Predict(ctx context.Context, theta []float64, in *data.Table) (header []string, rows [][]float64, err error)
}

// Discrete is a Task in discrete time, whose optimizer works on its own batch.
type Discrete interface {
	Task
	// Begin starts the optimizer from a control.
	Begin(ctx context.Context, theta []float64) (pmp.Optimizer, error)
	// Bytes estimates what a run has in memory.
	Bytes() int64
}

// Begin starts the optimizer of a configuration on a task's problem from a control.
func Begin(ctx context.Context, c *config.Config, t Task, s pmp.Settings, theta []float64) (pmp.Optimizer, error) {
	if own, ok := t.(Discrete); ok {
		return own.Begin(ctx, theta)
	}
	w, err := pmp.NewSweeper(t.Problem(), s)
	if err != nil {
		return nil, err
	}
	o, err := Optimizer(c, t.Problem())
	if err != nil {
		return nil, err
	}
	if err := o.Init(ctx, w, theta); err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	return o, nil
}

// Renewer is a Task whose problem has random numbers besides the choice of samples.
type Renewer interface {
	// Renew draws those of an iteration and reports whether the problem is another one now. The same iteration always gets the same.
	Renew(iteration int) bool
}

// Sampler is a Task whose model makes up data.
type Sampler interface {
	// Sample draws n rows in the units of the data.
	Sample(ctx context.Context, theta []float64, n int, seed uint64) (header []string, rows [][]float64, err error)
}

// About is what a person should know of a task before it runs.
type About struct {
	Data      string // data set and rows
	Model     string // field and its size
	Params    int    // numbers in the control, all nodes together
	StateSize int    // d
	Samples   int    // training samples
	// Validation samples choose the best control; HeldOut ones measure it: the test set, or the validation set where
	// there is none.
	Validation, HeldOut int
	Hashes              map[string]string // source → SHA-256
	Scaler              data.Scaler
}

// New builds the task that a configuration describes. threads is for sweeps outside training.
func New(c *config.Config, threads int) (Task, error) {
	switch c.Task {
	case "fit":
		if c.Data.Source == "sine" {
			return newSine(c, threads)
		}
		return newFit(c, threads)
	case "classify":
		if c.Field.Kind == "layers" {
			return newLayers(c, threads)
		}
		if c.Data.Source == "idx" {
			return newLifted(c, threads)
		}
		return newClassify(c, threads)
	case "density":
		return newDensity(c, threads)
	case "policy":
		return newPolicy(c, threads)
	case "control":
		return newControl(c, threads)
	}
	return nil, fmt.Errorf("tasks: unknown task %q", c.Task)
}

// evaluate integrates the states of p under theta and returns the trajectory.
func evaluate(ctx context.Context, p *pmp.Problem, s pmp.Settings, theta []float64) (*pmp.Sweeper, *pmp.Trajectory, error) {
	w, err := pmp.NewSweeper(pmp.Excerpt(p, s))
	if err != nil {
		return nil, nil, err
	}
	tr := w.NewTrajectory()
	return w, tr, w.Forward(ctx, tr, theta)
}

// gauge measures controls on a problem that stays the same, without keeping anything of the sweeps.
type gauge struct {
	w  *pmp.Sweeper
	tr *pmp.Trajectory
	x  []float64
}

func newGauge(p *pmp.Problem, s pmp.Settings) (*gauge, error) {
	w, err := pmp.NewSweeper(p, s)
	if err != nil {
		return nil, err
	}
	return &gauge{w: w, tr: w.NewTrajectory()}, nil
}

// flow returns the cost and the final states (dim×n), a view that the next flow overwrites.
func (g *gauge) flow(ctx context.Context, theta []float64) (float64, []float64, error) {
	if err := g.w.Evaluate(ctx, g.tr, theta); err != nil {
		return 0, nil, err
	}
	g.x = g.tr.Final(g.x)
	return g.tr.J, g.x, nil
}

// nodes is the number of nodes of a control.
func nodes(c *config.Control) int {
	switch c.Kind {
	case "piecewise-constant":
		return c.Intervals
	case "piecewise-linear":
		return c.Intervals + 1
	case "cubic-hermite":
		return 2 * (c.Intervals + 1)
	}
	return 1
}

// tensors splits a control of p parameters a node into named parts.
func tensors(parts []neural.Tensor, p int, theta []float64) []safetensors.Tensor {
	n := len(theta) / p
	var out []safetensors.Tensor
	for _, part := range parts {
		t := safetensors.Tensor{Name: part.Name, Shape: append([]int{n}, part.Shape...)}
		for j := range n {
			t.Data = append(t.Data, theta[j*p+part.Offset:][:part.Len()]...)
		}
		out = append(out, t)
	}
	return out
}

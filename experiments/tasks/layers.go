package tasks

import (
	"context"
	"fmt"
	"strings"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/safetensors"
	"github.com/costate-go/costate/internal/kernel"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/discrete"
)

// Layers classifies pictures by a layered network in discrete time with weights from a finite set. It has no problem that a Sweeper
// could integrate.
type Layers struct {
	pictures
	threads int
	net     discrete.Network
	batch   discrete.Batch
	model   *discrete.Model
	x       []float32 // of pictures that are measured
	z       []float64 // their logits
}

func newLayers(c *config.Config, threads int) (*Layers, error) {
	p, err := newPictures(c)
	if err != nil {
		return nil, err
	}
	return layersOn(p, threads)
}

// layersOn is the task on pictures that are loaded, or on none.
func layersOn(p pictures, threads int) (*Layers, error) {
	t := &Layers{pictures: p, threads: threads}
	t.net.Sizes = append([]int{p.images.Dim()}, p.c.Field.Hidden...)
	t.net.Sizes = append(t.net.Sizes, len(p.images.Classes))
	var err error
	if t.model, err = discrete.NewModel(t.net, threads); err != nil {
		return nil, err
	}
	t.use = func(theta []float64) error {
		t.model.Load(theta)
		return nil
	}
	t.logits = func(_ context.Context, rows [][]byte) ([]float64, error) {
		t.x = gather(t.x, rows)
		z := t.model.Logits(t.x, len(rows))
		if cap(t.z) < len(z) {
			t.z = make([]float64, len(z))
		}
		t.z = t.z[:len(z)]
		kernel.Widen(t.z, z)
		return t.z, nil
	}
	return t, nil
}

// gather puts pictures, scaled to [0, 1], into a batch, batch last.
func gather(x []float32, rows [][]byte) []float32 {
	n, d := len(rows), len(rows[0])
	if cap(x) < n*d {
		x = make([]float32, n*d)
	}
	x = x[:n*d]
	for s, row := range rows {
		for i, v := range row {
			x[i*n+s] = float32(v) / 255
		}
	}
	return x
}

// Problem implements Task: there is none in continuous time.
func (t *Layers) Problem() *pmp.Problem { return nil }

// Select implements Task; all pictures are too many for a batch, and leave the batch as it is.
func (t *Layers) Select(index []int) {
	if index == nil {
		return
	}
	chosen := t.chosen(index)
	rows := t.pictures.batch(chosen)
	t.batch.X, t.batch.Labels = gather(t.batch.X, rows), t.labels(t.batch.Labels, chosen)
}

// Initial implements Task.
func (t *Layers) Initial() []float64 {
	theta := make([]float64, t.net.NumParams())
	density := 1.0
	if t.c.Field.Weights == "ternary" {
		density = t.c.Field.Density
	}
	t.net.Init(theta, density, t.c.Seed)
	return theta
}

// Begin implements Discrete.
func (t *Layers) Begin(ctx context.Context, theta []float64) (pmp.Optimizer, error) {
	o, c := &t.c.Optimizer, t.c
	opt := &discrete.MSA{
		Network: t.net, Batch: &t.batch, Set: discrete.Ternary, Rho: o.Threshold, Lambda: o.Price, Kappa: o.Sparsity, Alpha: o.Average, Decay: o.AverageDecay,
		Epoch: len(t.train) / c.Train.Batch, Rate: o.LearningRate, Schedule: schedule(o), Total: c.Train.Iterations, Threads: t.threads,
	}
	if c.Field.Weights == "binary" {
		opt.Set = discrete.Binary
	}
	return opt, opt.Init(ctx, nil, theta)
}

// Bytes implements Discrete.
func (t *Layers) Bytes() int64 {
	n := int64(t.net.NumParams())
	states := int64(0)
	for _, s := range t.net.Sizes {
		states += int64(s)
	}
	// Per weight: codes and averages, and the control as it is, as the best, in the optimizer and in a checkpoint with the
	// averages, which is encoded at once.
	const perWeight = 1 + 4 + 3*8 + 4*8 + 2*4
	return n*perWeight + 3*4*states*int64(max(t.c.Train.Batch, chunkSize)) + t.images.Bytes()
}

// Metrics implements Task: those of pictures, and the share of weights that are not zero.
func (t *Layers) Metrics(ctx context.Context, theta []float64) (map[string]float64, error) {
	m, err := t.pictures.Metrics(ctx, theta)
	m["nonzero_weights"] = t.net.Density(theta)
	return m, err
}

// Tensors implements Task.
func (t *Layers) Tensors(theta []float64) []safetensors.Tensor {
	var out []safetensors.Tensor
	for k, p := range t.net.Parts() {
		add := func(name string, at int, shape ...int) {
			size := p.Out
			if len(shape) == 2 {
				size *= p.In
			}
			out = append(out, safetensors.Tensor{Name: fmt.Sprintf("layers.%d.%s", k, name), Shape: shape, Data: theta[at : at+size]})
		}
		add("weight", p.Weight, p.Out, p.In)
		add("norm.weight", p.Scale, p.Out)
		add("norm.bias", p.Shift, p.Out)
		add("norm.running_mean", p.Mean, p.Out)
		add("norm.running_var", p.Variance, p.Out)
	}
	return out
}

// About implements Task.
func (t *Layers) About() About {
	var sizes []string
	for _, s := range t.net.Sizes {
		sizes = append(sizes, fmt.Sprint(s))
	}
	a := t.about()
	a.Model = fmt.Sprintf("layers %s with %s weights and batch normalisation, %d parameters", strings.Join(sizes, "-"), t.c.Field.Weights, t.net.NumParams())
	a.Params, a.StateSize = t.net.NumParams(), t.images.Dim()
	return a
}

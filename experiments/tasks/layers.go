package tasks

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/safetensors"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/discrete"
)

// Layers classifies pictures by a layered network in discrete time with weights from a finite set. It has no problem that a Sweeper
// could integrate.
type Layers struct {
	c            *config.Config
	threads      int
	images       *data.Images
	net          discrete.Network
	train, valid []int
	chosen       []int
	batch        discrete.Batch
	model        *discrete.Model
	chunk        discrete.Batch // of pictures that are measured
}

// chunkSize is how many pictures are measured at a time.
const chunkSize = 256

func newLayers(c *config.Config, threads int) (*Layers, error) {
	images, err := data.ReadImages(c.Data.Folder)
	if err != nil {
		return nil, err
	}
	t := &Layers{c: c, threads: threads, images: images}
	t.net.Sizes = append([]int{images.Dim()}, c.Field.Hidden...)
	t.net.Sizes = append(t.net.Sizes, len(images.Classes))
	split := data.SplitPoints(images.Train, c.Data.Validation, 0, c.Seed)
	t.train, t.valid = split.Train, split.Validation
	if n := len(t.train); c.Train.Batch < 2 || c.Train.Batch > n {
		return nil, configError("train.batch", fmt.Sprintf("is %d: batch normalisation needs batches of 2 to %d, the number of pictures for training", c.Train.Batch, n))
	}
	if t.model, err = discrete.NewModel(t.net, threads); err != nil {
		return nil, err
	}
	return t, nil
}

// Phase implements Task.
func (t *Layers) Phase(int) int { return 0 }

// Enter implements Task.
func (t *Layers) Enter(int) error { return nil }

// Problem implements Task: there is none in continuous time.
func (t *Layers) Problem() *pmp.Problem { return nil }

// Samples implements Task.
func (t *Layers) Samples() int { return len(t.train) }

// Select implements Task; all pictures are too many for a batch, and leave the batch as it is.
func (t *Layers) Select(index []int) {
	if index == nil {
		return
	}
	t.chosen = t.chosen[:0]
	for _, k := range index {
		t.chosen = append(t.chosen, t.train[k])
	}
	t.gather(&t.batch, t.chosen)
}

// gather puts pictures, scaled to [0, 1], into a batch.
func (t *Layers) gather(b *discrete.Batch, index []int) {
	n, d := len(index), t.images.Dim()
	if cap(b.Labels) < n {
		b.X, b.Labels = make([]float32, n*d), make([]int, n)
	}
	b.X, b.Labels = b.X[:n*d], b.Labels[:n]
	for s, k := range index {
		b.Labels[s] = t.images.Labels[k]
		for i, v := range t.images.Row(k) {
			b.X[i*n+s] = float32(v) / 255
		}
	}
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
	return n*perWeight + 3*4*states*int64(max(t.c.Train.Batch, chunkSize)) + int64(len(t.images.Pixels)) + 8*int64(t.images.Len())
}

// measure returns mean cross-entropy and accuracy of a control on pictures.
func (t *Layers) measure(theta []float64, index []int) (loss, accuracy float64) {
	t.model.Load(theta)
	right := 0
	for lo := 0; lo < len(index); lo += chunkSize {
		t.gather(&t.chunk, index[lo:min(lo+chunkSize, len(index))])
		l, r := discrete.CrossEntropy(t.model.Logits(t.chunk.X, len(t.chunk.Labels)), t.chunk.Labels)
		loss += l
		right += r
	}
	n := float64(len(index))
	return loss / n, float64(right) / n
}

// Validate implements Task.
func (t *Layers) Validate(_ context.Context, theta []float64) (float64, error) {
	if len(t.valid) == 0 {
		return math.NaN(), nil
	}
	loss, _ := t.measure(theta, t.valid)
	return loss, nil
}

// test lists the pictures of the test set.
func (t *Layers) test() []int {
	index := make([]int, t.images.Len()-t.images.Train)
	for i := range index {
		index[i] = t.images.Train + i
	}
	return index
}

// Metrics implements Task: cross-entropy and accuracy by set, and the share of weights that are not zero.
func (t *Layers) Metrics(_ context.Context, theta []float64) (map[string]float64, error) {
	m := map[string]float64{"nonzero_weights": t.net.Density(theta)}
	for name, index := range map[string][]int{"train": t.train, "validation": t.valid, "test": t.test()} {
		if len(index) > 0 {
			m[name+"_cross_entropy"], m[name+"_accuracy"] = t.measure(theta, index)
		}
	}
	return m, nil
}

// Confusion counts the pictures of the test set by class and by the class that a control gives them.
func (t *Layers) Confusion(theta []float64) (classes []string, count [][]int) {
	t.model.Load(theta)
	count = make([][]int, len(t.images.Classes))
	for i := range count {
		count[i] = make([]int, len(t.images.Classes))
	}
	index := t.test()
	for lo := 0; lo < len(index); lo += chunkSize {
		t.gather(&t.chunk, index[lo:min(lo+chunkSize, len(index))])
		n := len(t.chunk.Labels)
		logits := t.model.Logits(t.chunk.X, n)
		for s, label := range t.chunk.Labels {
			class, _ := top(logits, n, s)
			count[label][class]++
		}
	}
	return t.images.Classes, count
}

// top returns the class of the largest logit of sample s and its probability.
func top(logits []float32, n, s int) (class int, probability float64) {
	largest := math.Inf(-1)
	for c := range len(logits) / n {
		if v := float64(logits[c*n+s]); v > largest {
			class, largest = c, v
		}
	}
	sum := 0.0
	for c := range len(logits) / n {
		sum += math.Exp(float64(logits[c*n+s]) - largest)
	}
	return class, 1 / sum
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
	m := t.images
	var sizes []string
	for _, s := range t.net.Sizes {
		sizes = append(sizes, fmt.Sprint(s))
	}
	return About{
		Data: fmt.Sprintf("%s: %d pictures of %d×%d in %d classes, %d for training, %d for validation, %d for the test",
			m.Source, m.Len(), m.Height, m.Width, len(m.Classes), len(t.train), len(t.valid), m.Len()-m.Train),
		Model:  fmt.Sprintf("layers %s with %s weights and batch normalisation, %d parameters", strings.Join(sizes, "-"), t.c.Field.Weights, t.net.NumParams()),
		Params: t.net.NumParams(), StateSize: m.Dim(), Samples: len(t.train), Validation: len(t.valid), HeldOut: m.Len() - m.Train, Hashes: m.Hashes,
	}
}

// Predict implements Task: as many columns as a picture has pixels, row by row and from 0 to 255; the answer has class number and
// probability.
func (t *Layers) Predict(_ context.Context, theta []float64, in *data.Table) ([]string, [][]float64, error) {
	d := t.images.Dim()
	if len(in.Names) != d {
		return nil, nil, fmt.Errorf("%w: %s: has %d columns, and the model takes the %d pixels of pictures of %d×%d", data.ErrData, in.File, len(in.Names), d, t.images.Height, t.images.Width)
	}
	t.model.Load(theta)
	x := make([]float32, d)
	var rows [][]float64
	for r := range in.Cells {
		for i := range d {
			v, err := in.Number(r, i)
			if err != nil {
				return nil, nil, err
			}
			x[i] = float32(v / 255)
		}
		class, probability := top(t.model.Logits(x, 1), 1, 0)
		rows = append(rows, []float64{float64(class), probability})
	}
	return []string{"class", "probability"}, rows, nil
}

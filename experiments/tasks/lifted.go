package tasks

import (
	"context"
	"fmt"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/safetensors"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
)

// Lifted classifies pictures by a flow between two affine maps that are trained with it: from the pixels to the flow's first
// state, or from their patches where the flow goes by convolutions, and from its last state to the logits of the classes.
type Lifted struct {
	pictures
	settings pmp.Settings
	flow     neural.Network
	field    *neural.Lifted
	samples  *neural.Samples
	labelled []int // of the batch
	problem  *pmp.Problem
	theta    []float64 // of what is measured
	reader   reader
}

// reader is the flow of as many pictures as were measured last.
type reader struct {
	samples *neural.Samples
	flow    *gauge
	n       int
}

// PixelMean and PixelDeviation are the mean and the standard deviation of MNIST's pixels, as shares of 255, by which all pictures are scaled.
const (
	PixelMean      = 0.1307
	PixelDeviation = 0.3081
)

func newLifted(c *config.Config, threads int) (*Lifted, error) {
	p, err := newPictures(c)
	if err != nil {
		return nil, err
	}
	t, err := liftedOn(p, threads)
	if err != nil {
		return nil, err
	}
	first := make([]int, c.Train.Batch)
	for i := range first {
		first[i] = i
	}
	t.problem = t.pose(t.field)
	t.Select(first)
	return t, nil
}

// liftedOn is the task on pictures that are loaded, or on none.
func liftedOn(p pictures, threads int) (*Lifted, error) {
	c := p.c
	t := &Lifted{pictures: p, samples: new(neural.Samples)}
	var err error
	if t.settings, err = SweepSettings(c, threads); err != nil {
		return nil, err
	}
	states := c.Field.States
	var patches *neural.Patches
	if c.Field.Kind == "conv" {
		if patches, err = patchesOf(&c.Field, p.images); err != nil {
			return nil, err
		}
		states = c.Field.Shape[0] * c.Field.Shape[1] * c.Field.Shape[2]
	}
	if t.flow, err = network(c, states); err != nil {
		return nil, err
	}
	precision, err := neural.ParsePrecision(c.Precision)
	if err != nil {
		return nil, err
	}
	scheme, err := neural.ParseScheme(c.Field.Init)
	if err != nil {
		return nil, err
	}
	t.field, err = neural.NewLifted(neural.LiftedConfig{
		Flow: t.flow, Patches: patches, Features: p.images.Dim(), Outputs: len(p.images.Classes), Start: c.Data.T0, End: c.Data.T1,
		Precision: precision, Init: neural.Initializer{Scheme: scheme}, Samples: t.samples,
	})
	if err != nil {
		return nil, err
	}
	t.use = func(theta []float64) error {
		t.theta = append(t.theta[:0], theta...)
		return nil
	}
	t.logits = t.read
	return t, nil
}

// patchesOf are the patches of pictures that become the pixels of a state.
func patchesOf(f *config.Field, images *data.Images) (*neural.Patches, error) {
	rows, columns := f.Shape[1], f.Shape[2]
	stride := images.Height / rows
	if stride < 1 || stride*rows != images.Height || stride*columns != images.Width {
		return nil, configError("field.shape", fmt.Sprintf("%d × %d pixels of the state must cover the pictures of %d × %d in equal squares", rows, columns, images.Height, images.Width))
	}
	p := &neural.Patches{Height: images.Height, Width: images.Width, Stride: stride, Size: f.Patch}
	if p.Size != 0 && (p.Size < stride || (p.Size-stride)%2 != 0) {
		return nil, configError("field.patch", fmt.Sprintf("is %d: with %d × %d pixels of the state patches have %d pixels a side, or an even number more", p.Size, rows, columns, stride))
	}
	return p, nil
}

// pose states a problem without samples.
func (t *Lifted) pose(field *neural.Lifted) *pmp.Problem {
	t0, t1 := t.c.Data.T0, t.c.Data.T1
	return &pmp.Problem{Field: field, T0: t0 - 1, T1: t1 + 1, Breaks: []float64{t0, t1}, Control: pmp.Control{L2: t.c.Control.L2, L1: t.c.Control.L1}}
}

// scale stores pictures as features, sample by sample.
func scale(x []float32, rows [][]byte) []float32 {
	x = x[:0]
	for _, row := range rows {
		for _, v := range row {
			x = append(x, (float32(v)/255-PixelMean)/PixelDeviation)
		}
	}
	return x
}

// read returns the logits of pictures, a view that the next call overwrites.
func (t *Lifted) read(ctx context.Context, rows [][]byte) ([]float64, error) {
	r := &t.reader
	if r.n != len(rows) {
		r.n, r.samples = len(rows), new(neural.Samples)
		q := t.pose(t.field.With(r.samples))
		q.X0 = make([]float64, t.field.Dim()*r.n)
		r.samples.X = scale(nil, rows)
		var err error
		if r.flow, err = newGauge(q, t.settings); err != nil {
			return nil, err
		}
	}
	r.samples.X = scale(r.samples.X, rows)
	_, ends, err := r.flow.flow(ctx, t.theta)
	if err != nil {
		return nil, err
	}
	return ends[t.flow.Dim()*len(rows):], nil
}

// Problem implements Task.
func (t *Lifted) Problem() *pmp.Problem { return t.problem }

// Select implements Task; all pictures are too many for a batch, and leave the batch as it is.
func (t *Lifted) Select(index []int) {
	if index == nil {
		return
	}
	chosen := t.chosen(index)
	rows := t.pictures.batch(chosen)
	t.samples.X, t.labelled = scale(t.samples.X, rows), t.labels(t.labelled, chosen)
	if n := t.field.Dim() * len(index); len(t.problem.X0) != n {
		t.problem.X0 = make([]float64, n)
	}
	t.problem.Terminal = &pmp.CrossEntropy{Label: t.labelled, First: t.flow.Dim(), Classes: len(t.images.Classes), Scale: 1}
}

// DataBytes is what the pictures take, and the features and states of those that are measured at a time.
func (t *Lifted) DataBytes() int64 {
	return t.images.Bytes() + chunkSize*int64(4*t.images.Dim()+8*t.field.Dim())
}

// Initial implements Task.
func (t *Lifted) Initial() []float64 {
	theta := make([]float64, t.field.NumParams())
	t.field.Init(theta, t.c.Seed)
	return theta
}

// Tensors implements Task.
func (t *Lifted) Tensors(theta []float64) []safetensors.Tensor {
	return tensors(t.field.Tensors(), t.field.NumParams(), theta)
}

// About implements Task.
func (t *Lifted) About() About {
	a := t.about()
	in := fmt.Sprintf("affine %d-%d", t.images.Dim(), t.flow.Dim())
	if p := t.field.Patches(); p != nil {
		in = fmt.Sprintf("patches of %d×%d pixels every %d", p.Size, p.Size, p.Stride)
	}
	a.Model = fmt.Sprintf("%s, %s, affine %d-%d, %d parameters in all", in, describe(&t.c.Field, t.flow, 0), t.flow.Dim(), len(t.images.Classes), t.field.NumParams())
	a.Params, a.StateSize = t.field.NumParams(), t.field.Dim()
	return a
}

package tasks

import (
	"context"
	"fmt"
	"math"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/safetensors"
	"github.com/costate-go/costate/pmp"
)

// points is what tasks on independent points share: a flow from t0 to t1 that starts at the point.
type points struct {
	c        *config.Config
	settings pmp.Settings
	all      *data.Points // normalized
	scaler   data.Scaler
	field    *model
	dim      int
	train    []int
	valid    []int // chooses the best control
	held     []int // measures it: the test set, or the validation set where there is none
	problem  *pmp.Problem
	start    func(dst, point []float64) // initial state of a point
	cost     func(index []int) pmp.Cost // terminal cost of some points

	validation *gauge // of valid, made when it is asked for
}

func newPoints(c *config.Config, threads, dim int, all *data.Points) (points, error) {
	s, err := SweepSettings(c, threads)
	if err != nil {
		return points{}, err
	}
	p := points{c: c, settings: s, all: all, dim: dim}
	if p.field, err = newModel(c, all.Names, dim); err != nil {
		return points{}, err
	}
	split := data.SplitPoints(all.Len(), c.Data.Validation, c.Data.Test, c.Seed)
	p.train, p.valid, p.held = split.Train, split.Validation, split.Test
	if len(p.held) == 0 {
		p.held = p.valid
	}
	if len(p.train) == 0 {
		return points{}, configError("data.validation", fmt.Sprintf("leaves none of %d points for training", all.Len()))
	}
	p.scaler = data.Scaler{Transform: c.Data.Transform}
	if c.Data.Normalize {
		p.scaler = data.FitScaler(all.X, all.Dim(), p.train)
		p.scaler.Transform = c.Data.Transform
		scaled := *all
		scaled.X = append([]float64(nil), all.X...)
		p.scaler.Apply(scaled.X)
		p.all = &scaled
	}
	return p, nil
}

// pose states the problem of some points.
func (p *points) pose(index []int) (*pmp.Problem, error) {
	n := len(index)
	q := &pmp.Problem{Field: p.field.Field, T0: p.c.Data.T0, T1: p.c.Data.T1, X0: make([]float64, p.dim*n), Terminal: p.cost(index)}
	x := make([]float64, p.dim)
	for s, k := range index {
		clear(x)
		p.start(x, p.all.Row(k))
		for i, v := range x {
			q.X0[i*n+s] = v
		}
	}
	var err error
	q.Control, err = controlOf(&p.c.Control, q.T0, q.T1)
	return q, err
}

// Phase implements Task.
func (p *points) Phase(int) int { return 0 }

// Enter implements Task.
func (p *points) Enter(int) error {
	var err error
	p.problem, err = p.pose(p.train)
	return err
}

// Problem implements Task.
func (p *points) Problem() *pmp.Problem { return p.problem }

// Samples implements Task.
func (p *points) Samples() int { return len(p.train) }

// Select implements Task.
func (p *points) Select(index []int) {
	chosen := p.train
	if index != nil {
		chosen = make([]int, len(index))
		for i, k := range index {
			chosen[i] = p.train[k]
		}
	}
	q, err := p.pose(chosen)
	if err != nil {
		panic(err) // the same control was accepted in Enter
	}
	*p.problem = *q
}

// Initial implements Task.
func (p *points) Initial() []float64 { return p.field.initial(nodes(&p.c.Control), p.c.Seed) }

// Validate implements Task.
func (p *points) Validate(ctx context.Context, theta []float64) (float64, error) {
	if len(p.valid) == 0 {
		return math.NaN(), nil
	}
	if p.validation == nil {
		var err error
		if p.validation, err = p.gauge(p.valid); err != nil {
			return 0, err
		}
	}
	j, _, err := p.validation.flow(ctx, theta)
	return j, err
}

// gauge measures some points; the control's own cost is left out.
func (p *points) gauge(index []int) (*gauge, error) {
	q, err := p.pose(index)
	if err != nil {
		return nil, err
	}
	q.Control.L1, q.Control.L2 = 0, 0
	return newGauge(q, p.settings)
}

// flow returns the cost and the final states (dim×n) of some points. The control's own cost is left out.
func (p *points) flow(ctx context.Context, theta []float64, index []int) (float64, []float64, error) {
	g, err := p.gauge(index)
	if err != nil {
		return 0, nil, err
	}
	return g.flow(ctx, theta)
}

// ends flows points that belong to no data set, given row by row in normalized units, to t1 (dim×n).
func (p *points) ends(ctx context.Context, theta, rows []float64, d int) ([]float64, error) {
	n := len(rows) / d
	q := &pmp.Problem{Field: p.field.Field, T0: p.c.Data.T0, T1: p.c.Data.T1, X0: make([]float64, p.dim*n)}
	x := make([]float64, p.dim)
	for s := range n {
		clear(x)
		p.start(x, rows[s*d:(s+1)*d])
		for i, v := range x {
			q.X0[i*n+s] = v
		}
	}
	var err error
	if q.Control, err = controlOf(&p.c.Control, q.T0, q.T1); err != nil {
		return nil, err
	}
	g, err := newGauge(q, p.settings)
	if err != nil {
		return nil, err
	}
	_, ends, err := g.flow(ctx, theta)
	return ends, err
}

// Tensors implements Task.
func (p *points) Tensors(theta []float64) []safetensors.Tensor { return p.field.tensors(theta) }

// About implements Task.
func (p *points) About() About {
	return About{
		Data:  fmt.Sprintf("%s: %d points of dimension %d, %d for training and %d held out", p.all.Source, p.all.Len(), p.all.Dim(), len(p.train), len(p.held)),
		Model: p.field.describe(p.c), Params: nodes(&p.c.Control) * p.field.NumParams(),
		StateSize: p.dim, Samples: len(p.train), Validation: len(p.valid), HeldOut: len(p.held), Hashes: map[string]string{p.all.Source: p.all.Hash}, Scaler: p.scaler,
	}
}

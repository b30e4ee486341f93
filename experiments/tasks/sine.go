package tasks

import (
	"context"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/pmp"
)

// Sine is regression of y = sin x by a deep residual network, the toy of Li, Chen, Tai & E (JMLR 18, 2018): the scalar
// input is copied to all 1 + augment states, and the output is their sum at t1. The cost is the mean squared error.
type Sine struct{ points }

func newSine(c *config.Config, threads int) (*Sine, error) {
	all := data.Sine(c.Data.Samples, c.Data.Noise, c.Seed)
	p, err := newPoints(c, threads, 1+c.Field.Augment, all)
	if err != nil {
		return nil, err
	}
	s := sineOn(p)
	return s, s.Enter(0)
}

// sineOn is the task on points that are loaded, or on none.
func sineOn(p points) *Sine {
	s := &Sine{p}
	s.start = func(dst, point []float64) {
		for i := range dst {
			dst[i] = point[0]
		}
	}
	s.cost = func(index []int) pmp.Cost {
		cost := &pmp.SumError{Target: make([]float64, len(index)), Weight: 1}
		for i, k := range index {
			cost.Target[i] = s.all.Targets[k]
		}
		return cost
	}
	return s
}

// Metrics implements Task: mean squared errors on the training and the held-out points.
func (s *Sine) Metrics(ctx context.Context, theta []float64) (map[string]float64, error) {
	m := map[string]float64{}
	j, _, err := s.flow(ctx, theta, s.train)
	if err != nil {
		return m, err
	}
	m["train_mse"] = j
	if len(s.held) > 0 {
		if m["held_out_mse"], _, err = s.flow(ctx, theta, s.held); err != nil {
			return m, err
		}
	}
	return m, nil
}

// Values returns the model's output at points x (row by row, not normalized).
func (s *Sine) Values(ctx context.Context, theta, x []float64) ([]float64, error) {
	rows := append([]float64(nil), x...)
	s.scaler.Apply(rows)
	end, err := s.ends(ctx, theta, rows, 1)
	if err != nil {
		return nil, err
	}
	y := make([]float64, len(x))
	for i, v := range end {
		y[i%len(x)] += v
	}
	return y, nil
}

// Data returns the points of the training and of the held-out set.
func (s *Sine) Data() (x, y []float64, train, held []int) {
	x = append([]float64(nil), s.all.X...)
	s.scaler.Invert(x)
	return x, s.all.Targets, s.train, s.held
}

// Predict implements Task: one column of inputs.
func (s *Sine) Predict(ctx context.Context, theta []float64, in *data.Table) ([]string, [][]float64, error) {
	var x []float64
	for k := range in.Cells {
		v, err := in.Number(k, 0)
		if err != nil {
			return nil, nil, err
		}
		x = append(x, v)
	}
	y, err := s.Values(ctx, theta, x)
	if err != nil {
		return nil, nil, err
	}
	rows := make([][]float64, len(x))
	for i := range x {
		rows[i] = []float64{x[i], y[i]}
	}
	return []string{in.Names[0], "y"}, rows, nil
}

package tasks

import (
	"context"
	"fmt"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
)

// Frame is what a model has to know of the data that it was trained on in order to predict without them. Checkpoints hold it.
type Frame struct {
	Columns []string    `json:"columns,omitempty"` // of the state or the features
	Time    string      `json:"time,omitempty"`    // column of times
	Span    []float64   `json:"span,omitempty"`    // first and last time of a series
	Classes []string    `json:"classes,omitempty"`
	Height  int         `json:"height,omitempty"` // of pictures
	Width   int         `json:"width,omitempty"`
	Scaler  data.Scaler `json:"scaler"`
}

// Predictor is a model without data.
type Predictor interface {
	Predict(ctx context.Context, theta []float64, in *data.Table) (header []string, rows [][]float64, err error)
}

// FrameOf is that of a task; ok says whether its model can do without the data by that.
func FrameOf(t Task) (f Frame, ok bool) {
	switch t := t.(type) {
	case *Fit:
		times := t.series.T
		return Frame{Columns: t.raw.Names, Time: t.raw.TimeName, Span: []float64{times[0], times[len(times)-1]}, Scaler: t.scaler}, true
	case *Sine:
		return t.frame(), true
	case *Classify:
		return t.frame(), true
	case *Density:
		return t.frame(), true
	case *Lifted:
		return t.frame(), true
	case *Layers:
		return t.frame(), true
	case *Policy:
		return Frame{}, true // has no data
	}
	return Frame{}, false
}

func (p *points) frame() Frame {
	return Frame{Columns: p.all.Names, Classes: p.all.Classes, Scaler: p.scaler}
}

func (p *pictures) frame() Frame {
	return Frame{Classes: p.images.Classes, Height: p.images.Height, Width: p.images.Width}
}

// FromFrame builds a model without data; it is a Sampler where the task is one.
func FromFrame(c *config.Config, f Frame, threads int) (Predictor, error) {
	images := func() pictures {
		return pictures{c: c, images: &data.Images{Height: f.Height, Width: f.Width, Classes: f.Classes}}
	}
	columns := len(f.Columns)
	switch c.Task {
	case "fit":
		if c.Data.Source == "sine" {
			p, err := f.points(c, threads, 1+c.Field.Augment)
			return sineOn(p), err
		}
		return f.series(c, threads)
	case "classify":
		if c.Field.Kind == "layers" {
			return layersOn(images(), threads)
		}
		if c.Data.Source == "idx" {
			return liftedOn(images(), threads)
		}
		p, err := f.points(c, threads, columns+c.Field.Augment)
		if err != nil {
			return nil, err
		}
		return classifyOn(p), nil
	case "density":
		p, err := f.points(c, threads, columns)
		if err != nil {
			return nil, err
		}
		return densityOn(p)
	case "policy":
		return newPolicy(c, threads)
	}
	return nil, fmt.Errorf("tasks: a model of task %q does not predict without its run", c.Task)
}

// points are none, with the names and the scale of those that were.
func (f Frame) points(c *config.Config, threads, dim int) (points, error) {
	s, err := SweepSettings(c, threads)
	if err != nil {
		return points{}, err
	}
	p := points{c: c, settings: s, all: &data.Points{Names: f.Columns, Classes: f.Classes}, scaler: f.Scaler, dim: dim}
	p.field, err = newModel(c, f.Columns, dim)
	return p, err
}

// series is a fit to no observations, with the names, the span of time and the scale of those that were.
func (f Frame) series(c *config.Config, threads int) (*Fit, error) {
	s, err := SweepSettings(c, threads)
	if err != nil {
		return nil, err
	}
	if len(f.Span) != 2 {
		return nil, fmt.Errorf("%w: no span of time in the model", data.ErrData)
	}
	none := &data.Series{TimeName: f.Time, Names: f.Columns, T: f.Span}
	fit := &Fit{c: c, settings: s, raw: none, series: none, scaler: f.Scaler, dim: len(f.Columns) + c.Field.Augment}
	if c.Data.Starts == "estimated" {
		fit.free = 1 // or more: parameters behind those of the field are not looked at
	}
	fit.field, err = newModel(c, f.Columns, fit.dim)
	return fit, err
}

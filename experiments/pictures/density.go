package pictures

import (
	"context"
	"math"

	"github.com/costate-go/costate/experiments/figures"
	"github.com/costate-go/costate/experiments/run"
	"github.com/costate-go/costate/experiments/tasks"
)

// density draws a flow's density and samples of it: over a line, in the plane, or samples alone over the first two of more dimensions. What the
// flow blows up on is left out.
func density(ctx context.Context, t *tasks.Density, r *run.Result) ([]*figures.Figure, error) {
	p, _, _ := t.Data()
	if p.Dim() == 1 {
		f, err := line(ctx, t, r.Best)
		return keep(ctx, []*figures.Figure{f}, err)
	}
	o := figures.Cloud{X: p.Names[0], Y: p.Names[1]}
	for s := range min(p.Len(), 2000) {
		o.PX, o.PY = append(o.PX, p.Row(s)[0]), append(o.PY, p.Row(s)[1])
	}
	var list []*figures.Figure
	if p.Dim() == 2 {
		var failed error
		o.Log = func(x, y []float64) []float64 {
			points := make([]float64, 0, 2*len(x))
			for i := range x {
				points = append(points, x[i], y[i])
			}
			log, err := t.LogDensity(ctx, r.Best, points)
			if err != nil {
				failed = err
				return make([]float64, len(x))
			}
			return log
		}
		f := figures.Density(o)
		drawn, err := keep(ctx, []*figures.Figure{f}, failed)
		if err != nil {
			return nil, err
		}
		list = append(list, drawn...)
	}
	_, rows, err := t.Sample(ctx, r.Best, len(o.PX), r.Config.Seed)
	if err == nil {
		for _, row := range rows {
			point := append([]float64(nil), row...)
			t.Transformed(point)
			o.MX, o.MY = append(o.MX, point[0]), append(o.MY, point[1])
		}
	}
	drawn, err := keep(ctx, []*figures.Figure{figures.Samples(o)}, err)
	return append(list, drawn...), err
}

// keep drops figures whose flows failed, and passes on nothing but the end of the context.
func keep(ctx context.Context, list []*figures.Figure, err error) ([]*figures.Figure, error) {
	if err != nil {
		return nil, ctx.Err()
	}
	return list, nil
}

// line draws a density of one dimension beside a histogram of the data.
func line(ctx context.Context, t *tasks.Density, theta []float64) (*figures.Figure, error) {
	const points, bars = 400, 40
	p, _, _ := t.Data()
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range p.X {
		lo, hi = min(lo, v), max(hi, v)
	}
	width := (hi - lo) / bars
	if !(width > 0) {
		width = 1
	}
	model, histogram := figures.Curve{Name: "model"}, figures.Curve{Name: "data", Steps: true}
	count := make([]float64, bars+1)
	for _, v := range p.X {
		count[min(int((v-lo)/width), bars-1)] += 1 / (width * float64(p.Len()))
	}
	for i, c := range count {
		histogram.X, histogram.Y = append(histogram.X, lo+float64(i)*width), append(histogram.Y, c)
	}
	for i := range points + 1 {
		model.X = append(model.X, lo-5*width+(hi-lo+10*width)*float64(i)/points)
	}
	log, err := t.LogDensity(ctx, theta, model.X)
	for _, v := range log {
		model.Y = append(model.Y, math.Exp(v))
	}
	return figures.Curves(figures.Axes{
		Name: "density", Title: "Density", X: p.Names[0], Y: "density", Caption: "The density of the model and a histogram of the data.",
	}, []figures.Curve{model, histogram}), err
}

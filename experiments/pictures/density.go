package pictures

import (
	"context"

	"github.com/costate-go/costate/experiments/figures"
	"github.com/costate-go/costate/experiments/run"
	"github.com/costate-go/costate/experiments/tasks"
)

// density draws a flow's density and samples of it: in two dimensions, or over the first two.
func density(ctx context.Context, t *tasks.Density, r *run.Result) ([]*figures.Figure, error) {
	p, _, _ := t.Data()
	if p.Dim() < 2 {
		return nil, nil
	}
	o := figures.Cloud{X: p.Names[0], Y: p.Names[1]}
	for s := range min(p.Len(), 2000) {
		o.PX, o.PY = append(o.PX, p.Row(s)[0]), append(o.PY, p.Row(s)[1])
	}
	_, rows, err := t.Sample(ctx, r.Best, len(o.PX), r.Config.Seed)
	if err != nil {
		return nil, err
	}
	flat := make([]float64, 0, len(rows)*p.Dim())
	for _, row := range rows {
		flat = append(flat, row...)
	}
	t.Transformed(flat)
	for s := range rows {
		o.MX, o.MY = append(o.MX, flat[s*p.Dim()]), append(o.MY, flat[s*p.Dim()+1])
	}
	if p.Dim() > 2 {
		return []*figures.Figure{figures.Samples(o)}, nil
	}
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
	return []*figures.Figure{figures.Density(o), figures.Samples(o)}, failed
}

package compare

import (
	"math"

	"github.com/costate-go/costate/experiments/figures"
	"github.com/costate-go/costate/experiments/page"
	"github.com/costate-go/costate/experiments/rundir"
)

// curve is a column of the metrics over a measure of the work done.
type curve struct {
	name, title, caption string
	unit                 string // of X; empty: iteration
	x                    func(rows []rundir.Metrics) []float64
	y                    func(m *rundir.Metrics) float64
	sparse               bool
}

func iterations(rows []rundir.Metrics) []float64 {
	out := make([]float64, len(rows))
	for i := range rows {
		out[i] = float64(rows[i].Iteration)
	}
	return out
}

func wall(rows []rundir.Metrics) []float64 {
	out := make([]float64, len(rows))
	for i := range rows {
		out[i] = float64(rows[i].WallSeconds)
	}
	return out
}

// evaluations are those of f and of its vector–Jacobian product up to an iteration.
func evaluations(rows []rundir.Metrics) []float64 {
	out, sum := make([]float64, len(rows)), 0.0
	for i := range rows {
		sum += float64(rows[i].NFEForward + rows[i].NFEBackward)
		out[i] = sum
	}
	return out
}

func loss(m *rundir.Metrics) float64     { return float64(m.Loss) }
func held(m *rundir.Metrics) float64     { return float64(m.ValLoss) }
func residual(m *rundir.Metrics) float64 { return float64(m.PMPResidual) }

var curves = []curve{
	{"loss_iterations", "Loss over the iterations", "The loss J on the training data.", "", iterations, loss, false},
	{"loss_evaluations", "Loss over the evaluations", "The same over the evaluations of f and of its vector–Jacobian product, counted for each shard.", "evaluations", evaluations, loss, false},
	{"loss_seconds", "Loss over the time", "The same over the wall-clock time, which other work on the machine stretches.", "seconds", wall, loss, false},
	{"held_out", "Held-out loss", "The loss on the validation set.", "", iterations, held, true},
	{"pmp_residual", "PMP residual", "How much the Hamiltonian could still gain, or was raised, in each iteration: 0 at an extremal.", "", iterations, residual, false},
}

// lines are a curve of all entries that have it.
func (c *curve) lines(entries []*Entry) []page.Line {
	var out []page.Line
	for _, e := range entries {
		l := page.Line{Name: e.Label, X: c.x(e.Metrics), Sparse: c.sparse}
		some := false
		for i := range e.Metrics {
			v := c.y(&e.Metrics[i])
			l.Y = append(l.Y, v)
			some = some || !math.IsNaN(v)
		}
		if some {
			out = append(out, l)
		}
	}
	return out
}

// Figures are the curves as pictures.
func Figures(entries []*Entry) []*figures.Figure {
	var out []*figures.Figure
	for i := range curves {
		c := &curves[i]
		var list []figures.Curve
		for _, l := range c.lines(entries) {
			list = append(list, figures.Curve{Name: l.Name, X: l.X, Y: l.Y})
		}
		if len(list) == 0 {
			continue
		}
		unit := c.unit
		if unit == "" {
			unit = "iteration"
		}
		out = append(out, figures.Curves(figures.Axes{Name: c.name, Title: c.title, Caption: c.caption, X: unit, Y: c.title, LogY: positive(list)}, list))
	}
	return out
}

// positive tells whether a logarithmic axis can show the curves.
func positive(list []figures.Curve) bool {
	good, all := 0, 0
	for _, c := range list {
		for _, v := range c.Y {
			if !math.IsNaN(v) {
				all++
			}
			if v > 0 {
				good++
			}
		}
	}
	return 5*good >= 4*all
}

// Charts are the curves for a page.
func Charts(entries []*Entry) []page.Chart {
	var out []page.Chart
	for i := range curves {
		c := &curves[i]
		p := page.Plan{ID: c.name, Title: c.title, Caption: c.caption, XLabel: c.unit, Lines: c.lines(entries), Log: true, Hold: true}
		if chart, visible := page.Draw(p); visible {
			out = append(out, chart)
		}
	}
	return out
}

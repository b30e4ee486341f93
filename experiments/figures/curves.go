package figures

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Curve is a line y over x. Lengths may differ; the shorter one counts.
type Curve struct {
	Name   string
	X, Y   []float64
	Dashed bool
	Steps  bool // constant from x_k to x_{k+1}
}

// Axes names what is on the axes, with units.
type Axes struct {
	Name, Title, Caption string
	X, Y                 string
	LogY                 bool
}

// Curves draws lines in one panel.
func Curves(a Axes, curves []Curve) *Figure {
	f := &Figure{Name: a.Name, Title: a.Title, Caption: a.Caption, header: []string{"series", "x", "y"}}
	p := newPlot(a.X, a.Y)
	f.panels = []*plot.Plot{p}
	ex, ey := newExtent(), newExtent()
	for i, c := range curves {
		f.curve(p, c, lineStyle(i, c.Dashed), a.LogY, &ex, &ey)
	}
	if len(curves) < 2 {
		f.legend = nil
	}
	f.finish(p, ex, ey, a.LogY)
	if a.X == "iteration" {
		p.X.Tick.Marker = linearTicks{whole: true}
	}
	return f
}

// finish sets the ranges, and says so in an empty plot.
func (f *Figure) finish(p *plot.Plot, ex, ey extent, log bool) {
	blank := ey.empty() || ex.empty()
	ex.set(&p.X, 0.02)
	if log {
		ey.setLog(&p.Y)
	} else {
		ey.set(&p.Y, 0.06)
	}
	if blank {
		p.Add(notice("no finite values"))
	}
}

func lineStyle(i int, dashed bool) draw.LineStyle {
	s := draw.LineStyle{Color: hue(i), Width: 1.8}
	if dashed {
		s.Dashes = []vg.Length{6, 4}
	}
	return s
}

// curve adds a line to a panel, the legend, the extents and the CSV. Isolated points become dots.
func (f *Figure) curve(p *plot.Plot, c Curve, style draw.LineStyle, log bool, ex, ey *extent) {
	for i := range min(len(c.X), len(c.Y)) {
		f.record(c.Name, c.X[i], c.Y[i])
	}
	for _, xy := range runs(c.X, c.Y, log) {
		for _, q := range xy {
			ex.add(q.X)
			ey.add(q.Y)
		}
		if len(xy) == 1 {
			f.dots(p, xy, style.Color, draw.CircleGlyph{}, 2.4)
			continue
		}
		l := &plotter.Line{XYs: xy, LineStyle: style}
		if c.Steps {
			l.StepStyle = plotter.PostStep
		}
		p.Add(l)
	}
	if c.Name != "" {
		f.legend = append(f.legend, entry{c.Name, &plotter.Line{LineStyle: style}})
	}
}

// dots adds points to a panel.
func (f *Figure) dots(p *plot.Plot, xy plotter.XYs, c color.Color, shape draw.GlyphDrawer, radius vg.Length) *plotter.Scatter {
	s := &plotter.Scatter{XYs: xy, GlyphStyle: draw.GlyphStyle{Color: c, Shape: shape, Radius: radius}}
	if len(xy) > 0 {
		p.Add(s)
	}
	return s
}

// notice is a text in the middle of the panel.
type notice string

// Plot implements plot.Plotter.
func (n notice) Plot(c draw.Canvas, _ *plot.Plot) {
	s := sans(labelSize, false)
	s.XAlign, s.YAlign, s.Color = draw.XCenter, draw.YCenter, greyColor
	c.FillText(s, c.Center(), string(n))
}

// Loss draws training and validation loss over the iterations, logarithmically. validation may hold NaN where it was not
// evaluated; best is the iteration of the best model, negative for none.
func Loss(iteration, train, validation []float64, best float64) *Figure {
	curves := []Curve{{Name: "training", X: iteration, Y: train}}
	var vx, vy []float64
	for i := range min(len(iteration), len(validation)) {
		if finite(validation[i]) {
			vx, vy = append(vx, iteration[i]), append(vy, validation[i])
		}
	}
	if len(vx) > 0 {
		curves = append(curves, Curve{Name: "validation", X: vx, Y: vy})
	}
	f := Curves(Axes{Name: "loss", Title: "Loss", Caption: "Loss over the iterations, logarithmic; dots mark the best model.",
		X: "iteration", Y: "loss J", LogY: true}, curves)
	for ci, c := range curves {
		for i := range min(len(c.X), len(c.Y)) {
			if best >= 0 && c.X[i] == best && finite(c.Y[i]) && c.Y[i] >= leastLog && ci == len(curves)-1 {
				s := f.dots(f.panels[0], plotter.XYs{{X: c.X[i], Y: c.Y[i]}}, palette[6], draw.CircleGlyph{}, 4)
				f.legend = append(f.legend, entry{"best", s})
				f.record("best", c.X[i], c.Y[i])
			}
		}
	}
	return f
}

// PMPResidual draws ∫ [max H − H] dt over the iterations, logarithmically.
func PMPResidual(iteration, residual []float64) *Figure {
	return Curves(Axes{Name: "pmp_residual", Title: "Residual of the maximum principle", Caption: "What the Hamiltonian could still gain by another control, ∫ [max H − H] dt.",
		X: "iteration", Y: "∫ [max H − H] dt", LogY: true}, []Curve{{Name: "residual", X: iteration, Y: residual}})
}

// Hamiltonian draws H along the horizon; several curves are several iterates or samples. timeLabel has the unit.
func Hamiltonian(timeLabel string, curves []Curve) *Figure {
	return Curves(Axes{Name: "hamiltonian", Title: "Hamiltonian along the trajectory", Caption: "H = p·f − L; constant along an extremal where nothing depends on time explicitly.",
		X: timeLabel, Y: "H"}, curves)
}

// Steps draws the sizes of the solver's steps over time, logarithmically: accepted as dots, rejected as crosses.
func Steps(timeLabel string, t, h []float64, rejected []bool) *Figure {
	f := &Figure{Name: "steps", Title: "Steps of the solver", Caption: "Size of every step over the time where it begins.", header: []string{"series", "t", "h"}}
	p := newPlot(timeLabel, "step size")
	f.panels = []*plot.Plot{p}
	ex, ey := newExtent(), newExtent()
	var xy [2]plotter.XYs
	for i := range min(len(t), len(h)) {
		k, name := 0, "accepted"
		if i < len(rejected) && rejected[i] {
			k, name = 1, "rejected"
		}
		f.record(name, t[i], h[i])
		if v := max(h[i], -h[i]); finite(t[i]) && finite(v) && v >= leastLog {
			xy[k] = append(xy[k], plotter.XY{X: t[i], Y: v})
			ex.add(t[i])
			ey.add(v)
		}
	}
	f.legend = []entry{{"accepted", f.dots(p, xy[0], hue(0), draw.CircleGlyph{}, 2.2)}}
	if len(xy[1]) > 0 {
		f.legend = append(f.legend, entry{"rejected", f.dots(p, xy[1], hue(1), draw.CrossGlyph{}, 3.4)})
	}
	f.finish(p, ex, ey, true)
	return f
}

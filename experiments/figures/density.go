package figures

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"
)

// Cloud is a density in the plane with points.
type Cloud struct {
	X, Y   string
	PX, PY []float64 // points of the data
	MX, MY []float64 // points of the model
	// Log gives the logarithm of the density at points.
	Log func(x, y []float64) []float64
}

// Density draws the model's density under some of the data's points.
func Density(o Cloud) *Figure {
	f := &Figure{Name: "density", Title: "Density", Caption: "The density of the model, darker where it is higher (by its square root), and points of the data.",
		header: []string{"series", "x", "y", "log density"}, height: planeHeight}
	p, xy := f.plane(o, o.PX, o.PY, "data", math.NaN())
	if o.Log != nil {
		h := &heat{x0: p.X.Min, x1: p.X.Max, y0: p.Y.Min, y1: p.Y.Max}
		xs, ys := h.centres()
		log := o.Log(xs, ys)
		top := math.Inf(-1)
		for _, v := range log {
			if finite(v) {
				top = max(top, v)
			}
		}
		for k, v := range log {
			f.record("density", xs[k], ys[k], v)
			h.shade[k/cells][k%cells] = shade(math.Exp((v - top) / 2))
		}
		p.Add(h)
	}
	const most = 500 // points that leave the density to be seen
	f.legend = append(f.legend, entry{"data", f.dots(p, xy[:min(len(xy), most)], hue(1), draw.CircleGlyph{}, 1.2)})
	return f
}

// Samples draws points of the model over points of the data.
func Samples(o Cloud) *Figure {
	f := &Figure{Name: "samples", Title: "Samples", Caption: "Points that the model makes up by flows of normal points back in time, over points of the data.",
		header: []string{"series", "x", "y"}, height: planeHeight}
	p, xy := f.plane(o, o.PX, o.PY, "data")
	f.legend = append(f.legend, entry{"data", f.dots(p, xy, greyColor, draw.CircleGlyph{}, 1.4)})
	var made plotter.XYs
	for i := range min(len(o.MX), len(o.MY)) {
		f.record("model", o.MX[i], o.MY[i])
		if finite(o.MX[i]) && finite(o.MY[i]) && o.MX[i] > p.X.Min && o.MX[i] < p.X.Max && o.MY[i] > p.Y.Min && o.MY[i] < p.Y.Max {
			made = append(made, plotter.XY{X: o.MX[i], Y: o.MY[i]})
		}
	}
	f.legend = append(f.legend, entry{"model", f.dots(p, made, hue(0), draw.CircleGlyph{}, 1.4)})
	return f
}

// plane is a plot around points, which it records with further columns.
func (f *Figure) plane(o Cloud, x, y []float64, series string, more ...float64) (*plot.Plot, plotter.XYs) {
	p := newPlot(o.X, o.Y)
	f.panels = []*plot.Plot{p}
	ex, ey := newExtent(), newExtent()
	var xy plotter.XYs
	for i := range min(len(x), len(y)) {
		f.record(series, append([]float64{x[i], y[i]}, more...)...)
		if finite(x[i]) && finite(y[i]) {
			ex.add(x[i])
			ey.add(y[i])
			xy = append(xy, plotter.XY{X: x[i], Y: y[i]})
		}
	}
	f.finish(p, ex, ey, false)
	ex.set(&p.X, 0.1)
	ey.set(&p.Y, 0.1)
	p.X.Padding, p.Y.Padding = 0, 0
	return p, xy
}

// shade goes from white to a dark blue as v goes from 0 to 1, in few steps: neighbouring cells merge to runs.
func shade(v float64) color.RGBA {
	if !(v > 0) {
		return color.RGBA{0xff, 0xff, 0xff, 0xff}
	}
	v = math.Round(min(v, 1)*40) / 40
	mix := func(to float64) uint8 { return uint8(math.Round(255 + v*(to-255))) }
	return color.RGBA{mix(0), mix(60), mix(110), 0xff}
}

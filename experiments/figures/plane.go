package figures

import (
	"cmp"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

type vgLength = vg.Length

// Plane is a phase portrait in two components.
type Plane struct {
	X, Y           string    // labels with units
	DataX, DataY   []float64 // observations; NaN where missing
	ModelX, ModelY []float64
	DataName       string // in the legend; empty: data
	ModelName      string // in the legend; empty: model
	// Field is the vector field at a point of the plane, both components in the units of the axes; nil: no arrows.
	Field func(x, y float64) (u, v float64)
}

// arrows per axis of the quiver.
const arrows = 22

// Phase draws model and data in the plane over the arrows of the vector field.
func Phase(o Plane) *Figure {
	f := &Figure{Name: "phase", Title: "Phase portrait", Caption: "Model (line) and observations (dots).",
		header: []string{"series", "x", "y", "u", "v"}, height: planeHeight}
	p := newPlot(o.X, o.Y)
	f.panels = []*plot.Plot{p}
	dx, dy, mx, my := newExtent(), newExtent(), newExtent(), newExtent()
	xy := plotter.XYs{}
	for i := range min(len(o.DataX), len(o.DataY)) {
		f.record("data", o.DataX[i], o.DataY[i], math.NaN(), math.NaN())
		if finite(o.DataX[i]) && finite(o.DataY[i]) {
			xy = append(xy, plotter.XY{X: o.DataX[i], Y: o.DataY[i]})
			dx.add(o.DataX[i])
			dy.add(o.DataY[i])
		}
	}
	for i := range min(len(o.ModelX), len(o.ModelY)) {
		f.record("model", o.ModelX[i], o.ModelY[i], math.NaN(), math.NaN())
		if finite(o.ModelX[i]) && finite(o.ModelY[i]) {
			mx.add(o.ModelX[i])
			my.add(o.ModelY[i])
		}
	}
	ex, ey := around(dx, mx), around(dy, my)
	f.finish(p, ex, ey, false)
	ex.set(&p.X, 0.08)
	ey.set(&p.Y, 0.08)
	if o.Field != nil {
		f.Caption = "Model (line) and observations (dots) over the learned vector field; arrows grow with the square root of the speed."
		q := &quiver{color: arrowColor}
		for j := range arrows {
			for i := range arrows {
				x := p.X.Min + (p.X.Max-p.X.Min)*(float64(i)+0.5)/arrows
				y := p.Y.Min + (p.Y.Max-p.Y.Min)*(float64(j)+0.5)/arrows
				u, v := o.Field(x, y)
				f.record("field", x, y, u, v)
				q.add(x, y, u, v)
			}
		}
		p.Add(q)
		f.legend = append(f.legend, entry{"vector field", q})
	}
	if len(xy) > 0 {
		f.legend = append(f.legend, entry{cmp.Or(o.DataName, "data"), f.dots(p, xy, hue(0), draw.CircleGlyph{}, radius(len(xy)))})
	}
	if len(o.ModelX) > 0 {
		for _, line := range runs(o.ModelX, o.ModelY, false) {
			p.Add(&plotter.Line{XYs: line, LineStyle: lineStyle(1, false)})
		}
		f.legend = append(f.legend, entry{cmp.Or(o.ModelName, "model"), &plotter.Line{LineStyle: lineStyle(1, false)}})
	}
	return f
}

// quiver draws arrows. Directions are those on the canvas, where the axes have different scales.
type quiver struct {
	at    []plotter.XY
	to    []plotter.XY
	color color.Color
}

func (q *quiver) add(x, y, u, v float64) {
	if finite(x) && finite(y) && finite(u) && finite(v) {
		q.at, q.to = append(q.at, plotter.XY{X: x, Y: y}), append(q.to, plotter.XY{X: u, Y: v})
	}
}

// Plot implements plot.Plotter.
func (q *quiver) Plot(c draw.Canvas, p *plot.Plot) {
	sx, sy := c.Size().X/vg.Length(p.X.Max-p.X.Min), c.Size().Y/vg.Length(p.Y.Max-p.Y.Min)
	largest := 0.0
	for _, w := range q.to {
		largest = max(largest, math.Hypot(w.X*float64(sx), w.Y*float64(sy)))
	}
	if largest == 0 {
		return
	}
	cell := min(c.Size().X, c.Size().Y) / arrows
	trX, trY := p.Transforms(&c)
	for i, w := range q.to {
		u, v := w.X*float64(sx), w.Y*float64(sy)
		speed := math.Hypot(u, v)
		if speed == 0 {
			continue
		}
		length := cell * vg.Length(0.3+0.6*math.Sqrt(speed/largest))
		arrow(c, vg.Point{X: trX(q.at[i].X), Y: trY(q.at[i].Y)}, length, u/speed, v/speed, q.color)
	}
}

// arrow is centred at a point.
func arrow(c draw.Canvas, mid vg.Point, length vg.Length, u, v float64, col color.Color) {
	at := func(along, across vg.Length) vg.Point {
		return vg.Point{X: mid.X + along*vg.Length(u) - across*vg.Length(v), Y: mid.Y + along*vg.Length(v) + across*vg.Length(u)}
	}
	head := min(length*0.45, 5)
	c.StrokeLines(draw.LineStyle{Color: col, Width: 1}, []vg.Point{at(-length/2, 0), at(length/2-head, 0)})
	c.FillPolygon(col, []vg.Point{at(length/2, 0), at(length/2-head, head*0.42), at(length/2-head, -head*0.42)})
}

// Thumbnail implements plot.Thumbnailer.
func (q *quiver) Thumbnail(c *draw.Canvas) {
	arrow(*c, c.Center(), c.Size().X*0.8, 1, 0, q.color)
}

// Regions is a classifier in the plane.
type Regions struct {
	X, Y    string
	PX, PY  []float64 // points
	Labels  []int     // class of each
	Classes []string
	// Classify gives the classes at points and their probabilities in [0, 1]; nil: points only.
	Classify func(x, y []float64) (class []int, probability []float64)
}

// cells per axis of the heat map.
const cells = 120

// Decision draws the regions that a classifier assigns to its classes, paler where it is less sure, under the points.
func Decision(o Regions) *Figure {
	f := &Figure{Name: "decision", Title: "Decision regions", Caption: "The class that the model assigns, paler where it is less sure, and the data.",
		header: []string{"series", "x", "y", "probability"}, height: planeHeight}
	p := newPlot(o.X, o.Y)
	f.panels = []*plot.Plot{p}
	ex, ey := newExtent(), newExtent()
	xy := make([]plotter.XYs, len(o.Classes))
	for s := range min(len(o.PX), len(o.PY), len(o.Labels)) {
		l := o.Labels[s]
		if l < 0 || l >= len(o.Classes) {
			continue
		}
		f.record("data "+o.Classes[l], o.PX[s], o.PY[s], math.NaN())
		if finite(o.PX[s]) && finite(o.PY[s]) {
			ex.add(o.PX[s])
			ey.add(o.PY[s])
			xy[l] = append(xy[l], plotter.XY{X: o.PX[s], Y: o.PY[s]})
		}
	}
	f.finish(p, ex, ey, false)
	ex.set(&p.X, 0.08)
	ey.set(&p.Y, 0.08)
	p.X.Padding, p.Y.Padding = 0, 0
	if o.Classify != nil {
		h := &heat{x0: p.X.Min, x1: p.X.Max, y0: p.Y.Min, y1: p.Y.Max}
		xs, ys := h.centres()
		classes, probabilities := o.Classify(xs, ys)
		for j := range cells {
			for i := range cells {
				k := j*cells + i
				x, y, class, prob := xs[k], ys[k], classes[k], probabilities[k]
				name := "none"
				if class >= 0 && class < len(o.Classes) {
					name = o.Classes[class]
				}
				f.record("region "+name, x, y, prob)
				h.shade[j][i] = tint(class, prob, len(o.Classes))
			}
		}
		p.Add(h)
	}
	shapes := []draw.GlyphDrawer{draw.CircleGlyph{}, draw.PyramidGlyph{}, draw.BoxGlyph{}, draw.CrossGlyph{}}
	for l := range o.Classes {
		s := f.dots(p, xy[l], hue(l), shapes[l%len(shapes)], 2.6)
		f.legend = append(f.legend, entry{o.Classes[l], s})
	}
	return f
}

// tint is the colour of a class mixed with white, whiter when the probability is near chance.
func tint(class int, prob float64, classes int) color.RGBA {
	if class < 0 || math.IsNaN(prob) {
		return color.RGBA{0xff, 0xff, 0xff, 0xff}
	}
	chance := 1 / float64(max(classes, 2))
	w := 0.06 + 0.34*min(1, max(0, (prob-chance)/(1-chance)))
	w = math.Round(w*24) / 24 // few shades: neighbouring cells merge to runs
	c := hue(class)
	mix := func(v uint8) uint8 { return uint8(math.Round(255 + w*(float64(v)-255))) }
	return color.RGBA{mix(c.R), mix(c.G), mix(c.B), 0xff}
}

// heat fills cells; runs of one colour in a row are one rectangle, to keep SVG small.
type heat struct {
	x0, x1, y0, y1 float64
	shade          [cells][cells]color.RGBA
}

// centres are those of the cells, row by row.
func (h *heat) centres() (xs, ys []float64) {
	for j := range cells {
		for i := range cells {
			xs = append(xs, h.x0+(h.x1-h.x0)*(float64(i)+0.5)/cells)
			ys = append(ys, h.y0+(h.y1-h.y0)*(float64(j)+0.5)/cells)
		}
	}
	return xs, ys
}

// Plot implements plot.Plotter.
func (h *heat) Plot(c draw.Canvas, p *plot.Plot) {
	trX, trY := p.Transforms(&c)
	edgeX := func(i int) vg.Length { return trX(h.x0 + (h.x1-h.x0)*float64(i)/cells) }
	edgeY := func(j int) vg.Length { return trY(h.y0 + (h.y1-h.y0)*float64(j)/cells) }
	const overlap = 0.25 // hides hairlines between neighbours
	for j := range cells {
		for i := 0; i < cells; {
			end := i + 1
			for end < cells && h.shade[j][end] == h.shade[j][i] {
				end++
			}
			c.FillPolygon(h.shade[j][i], []vg.Point{{X: edgeX(i), Y: edgeY(j)}, {X: edgeX(end), Y: edgeY(j)},
				{X: edgeX(end), Y: edgeY(j+1) + overlap}, {X: edgeX(i), Y: edgeY(j+1) + overlap}})
			i = end
		}
	}
}

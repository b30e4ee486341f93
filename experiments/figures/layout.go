package figures

import (
	"image/color"

	xfont "golang.org/x/image/font"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

func sans(size float64, bold bool) text.Style {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Length(size)}
	if bold {
		f.Weight = xfont.WeightBold
	}
	return text.Style{Color: axisColor, Font: f, Handler: plot.DefaultTextHandler}
}

// newPlot is an empty plot in the common style.
func newPlot(xLabel, yLabel string) *plot.Plot {
	p := plot.New()
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		for _, style := range []struct {
			dst  *text.Style
			size float64
		}{{&a.Label.TextStyle, labelSize}, {&a.Tick.Label, tickSize}} {
			s := sans(style.size, false)
			s.XAlign, s.YAlign, s.Rotation = style.dst.XAlign, style.dst.YAlign, style.dst.Rotation
			*style.dst = s
		}
		a.Label.Padding = 4
		a.LineStyle = draw.LineStyle{Color: axisColor, Width: 0.8}
		a.Tick.LineStyle = a.LineStyle
		a.Padding = 4
	}
	p.X.Label.Text, p.Y.Label.Text = xLabel, yLabel
	g := plotter.NewGrid()
	g.Horizontal = draw.LineStyle{Color: gridColor, Width: 0.6}
	g.Vertical = g.Horizontal
	p.Add(g)
	return p
}

// draw lays out title, legend and panels from top to bottom.
func (f *Figure) draw(c draw.Canvas) {
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, margin, -2*margin, margin, -margin)
	title := sans(titleSize, true)
	title.XAlign, title.YAlign = draw.XLeft, draw.YTop
	c.FillText(title, vg.Point{X: c.Min.X, Y: c.Max.Y}, f.Title)
	top := c.Max.Y - titleSize*1.5
	if len(f.legend) > 0 {
		top = f.drawLegend(c, top)
	}
	c.Max.Y = top - 4
	if len(f.panels) == 1 {
		f.panels[0].Draw(c)
		return
	}
	grid := make([][]*plot.Plot, len(f.panels))
	for i, p := range f.panels {
		grid[i] = []*plot.Plot{p}
	}
	tiles := draw.Tiles{Rows: len(f.panels), Cols: 1, PadY: 8}
	for i, row := range plot.Align(grid, tiles, c) {
		f.panels[i].Draw(row[0])
	}
}

// drawLegend writes the entries in rows from the left and returns the lower edge.
func (f *Figure) drawLegend(c draw.Canvas, top vg.Length) vg.Length {
	style := sans(legendSize, false)
	style.XAlign, style.YAlign = draw.XLeft, draw.YCenter
	const rowHeight, gap = legendSize * 1.5, 18
	x, y := c.Min.X, top-rowHeight/2
	for _, e := range f.legend {
		w := thumbWidth + 6 + style.Width(e.text)
		if x > c.Min.X && x+w > c.Max.X {
			x, y = c.Min.X, y-rowHeight
		}
		thumb := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: x, Y: y - legendSize*0.4}, Max: vg.Point{X: x + thumbWidth, Y: y + legendSize*0.4}}}
		e.thumb.Thumbnail(&thumb)
		c.FillText(style, vg.Point{X: x + thumbWidth + 6, Y: y + 1.8}, e.text) // optical centre of lower case
		x += w + gap
	}
	return y - rowHeight/2
}

package main

import (
	"cmp"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"

	"github.com/costate-go/costate/benchmarks/suite"
)

// hues are the colours of Okabe and Ito, which the colour-blind can tell apart: a tool is known by its colour and its dashes,
// a method of it by its glyph.
var hues = map[string]struct {
	color  color.RGBA
	dashes []vg.Length
}{
	oursName:       {color.RGBA{R: 0, G: 114, B: 178, A: 255}, nil},
	"Boost.odeint": {color.RGBA{R: 213, G: 94, B: 0, A: 255}, []vg.Length{6, 3}},
	"GSL":          {color.RGBA{R: 0, G: 158, B: 115, A: 255}, []vg.Length{2, 2}},
	"SUNDIALS":     {color.RGBA{R: 204, G: 121, B: 167, A: 255}, []vg.Length{8, 3, 2, 3}},
}

var glyphs = []vgdraw.GlyphDrawer{
	vgdraw.CircleGlyph{}, vgdraw.SquareGlyph{}, vgdraw.TriangleGlyph{}, vgdraw.PyramidGlyph{}, vgdraw.PlusGlyph{}, vgdraw.CrossGlyph{}, vgdraw.RingGlyph{},
}

// shown is how many methods of a tool a picture has at most: those that come closest to being the tool's best.
const shown = 4

// Errors outside are not drawn.
const (
	leastError    = 1e-13
	greatestError = 1
)

// draw writes the picture of a problem as SVG and PNG, if there is anything to be seen.
func draw(folder string, problem *suite.Problem, points []*point) error {
	p := plot.New()
	p.Title.Text = problem.Title
	p.X.Label.Text = "relative error at the end"
	p.Y.Label.Text = "time of a solution [µs]"
	legend := plot.NewLegend()
	for _, t := range []*text.Style{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &legend.TextStyle} {
		t.Font.Variant, t.Font.Size = "Sans", 11
	}
	p.Title.TextStyle.Font.Size, p.X.Tick.Label.Font.Size, p.Y.Tick.Label.Font.Size = 13, 10, 10
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = decades{}, decades{}
	legend.Top, legend.ThumbnailWidth, legend.Padding = true, vg.Points(34), vg.Points(2)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{Y: 225}, color.Gray{Y: 225}
	p.Add(grid)

	drawn := false
	for _, c := range notable(curves(problem.Name, points)) {
		var xy plotter.XYs
		for _, q := range c.points {
			if leastError <= q.err && q.err <= greatestError {
				xy = append(xy, plotter.XY{X: q.err, Y: q.micros})
			}
		}
		if len(xy) == 0 {
			continue
		}
		line, marks, err := plotter.NewLinePoints(xy)
		if err != nil {
			return err
		}
		h := hues[c.tool]
		line.LineStyle = vgdraw.LineStyle{Color: h.color, Width: vg.Points(1.3), Dashes: h.dashes}
		marks.GlyphStyle = vgdraw.GlyphStyle{Color: h.color, Radius: vg.Points(2.8), Shape: glyphs[c.rank%len(glyphs)]}
		p.Add(line, marks)
		drawn = true
		legend.Add(c.tool+" "+c.method, line, marks)
	}
	if !drawn {
		return nil
	}
	p.X.Min, p.X.Max = wholeDecades(p.X.Min, p.X.Max)
	p.Y.Min, p.Y.Max = wholeDecades(p.Y.Min, p.Y.Max)
	for _, format := range []string{"svg", "png"} {
		if err := save(p, &legend, format, filepath.Join(folder, problem.Name+"."+format)); err != nil {
			return err
		}
	}
	return nil
}

func wholeDecades(lo, hi float64) (float64, float64) {
	first, last := math.Floor(math.Log10(lo)), math.Ceil(math.Log10(hi))
	return pow10(first), pow10(max(last, first+1))
}

// save writes a plot with its legend beside it.
func save(p *plot.Plot, legend *plot.Legend, format, path string) error {
	const width, height, side, margin = 9.5 * vg.Inch, 5.2 * vg.Inch, 2.5 * vg.Inch, 0.12 * vg.Inch
	c, err := vgdraw.NewFormattedCanvas(width, height, format)
	if err != nil {
		return err
	}
	all := vgdraw.New(c)
	p.Draw(vgdraw.Crop(all, margin, -side, margin, -margin))
	legend.Draw(vgdraw.Crop(all, width-side, -margin, 0, -4*margin))
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := c.WriteTo(f); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// ranked is a curve and its rank among those of its tool.
type ranked struct {
	*curve
	rank int
}

// notable returns the curves worth showing: of every tool those that need the least time over its best, on the mean over all errors.
func notable(all []*curve) []ranked {
	excess := map[*curve]float64{}
	for _, c := range all {
		for e := 1e-2; e > 1e-12; e /= 10 {
			_, best := fastest(all, e, func(d *curve) bool { return d.tool == c.tool })
			if t := c.micros(e); !math.IsInf(t, 1) {
				excess[c] += min(math.Log(t/best), 3)
			} else if !math.IsInf(best, 1) {
				excess[c] += 3
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *curve) int {
		return cmp.Or(cmp.Compare(order(a.tool), order(b.tool)), cmp.Compare(excess[a], excess[b]))
	})
	var few []ranked
	rank := 0
	for i, c := range all {
		if rank++; i == 0 || c.tool != all[i-1].tool {
			rank = 0
		}
		if rank < shown {
			few = append(few, ranked{c, rank})
		}
	}
	return few
}

func order(tool string) int {
	return slices.Index([]string{oursName, "Boost.odeint", "GSL", "SUNDIALS"}, tool)
}

// decades marks powers of ten, with small marks between.
type decades struct{}

func (decades) Ticks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	first, last := int(math.Floor(math.Log10(lo))), int(math.Ceil(math.Log10(hi)))
	every := 1 + (last-first)/9
	for k := first; k <= last; k++ {
		power := math.Pow(10, float64(k))
		label := ""
		if (k-first)%every == 0 {
			label = "1e" + strconv.Itoa(k)
		}
		ticks = append(ticks, plot.Tick{Value: power, Label: label})
		if every == 1 {
			for m := 2.0; m < 10; m++ {
				ticks = append(ticks, plot.Tick{Value: m * power})
			}
		}
	}
	return slices.DeleteFunc(ticks, func(t plot.Tick) bool { return t.Value < lo*(1-1e-9) || t.Value > hi*(1+1e-9) })
}

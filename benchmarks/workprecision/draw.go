package main

import (
	"cmp"
	"image/color"
	"math"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
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

// draw writes the picture of a problem as SVG and PNG.
func draw(folder string, problem *suite.Problem, points []*point) error {
	p := plot.New()
	p.Title.Text = problem.Title
	p.X.Label.Text = "relative error at the end"
	p.Y.Label.Text = "time of a solution [µs]"
	p.Title.TextStyle.Font.Size, p.X.Label.TextStyle.Font.Size, p.Y.Label.TextStyle.Font.Size = 14, 12, 12
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = decades{}, decades{}
	p.Legend.Top, p.Legend.TextStyle.Font.Size, p.Legend.ThumbnailWidth = true, 10, vg.Points(34)
	p.Legend.Padding = vg.Points(2)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{Y: 225}, color.Gray{Y: 225}
	p.Add(grid)

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
		p.Legend.Add(c.tool+" "+c.method, line, marks)
	}
	p.X.Min, p.X.Max = math.Pow(10, math.Floor(math.Log10(p.X.Min))), math.Pow(10, math.Ceil(math.Log10(p.X.Max)))
	p.Y.Min, p.Y.Max = math.Pow(10, math.Floor(math.Log10(p.Y.Min))), math.Pow(10, math.Ceil(math.Log10(p.Y.Max)))
	for _, extension := range []string{".svg", ".png"} {
		if err := p.Save(9*vg.Inch, 5.6*vg.Inch, filepath.Join(folder, problem.Name+extension)); err != nil {
			return err
		}
	}
	return nil
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
			label = "10" + superscript(k)
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

// superscript writes an exponent.
func superscript(k int) string {
	digits := []rune("⁰¹²³⁴⁵⁶⁷⁸⁹")
	if k < 0 {
		return "⁻" + superscript(-k)
	}
	if k < 10 {
		return string(digits[k])
	}
	return superscript(k/10) + string(digits[k%10])
}

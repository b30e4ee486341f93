package figures

import (
	"strconv"

	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Confusion draws how many samples of each class (rows) a classifier gives each class (columns): count[true][assigned].
// Right answers are blue, wrong ones vermilion, deeper where they are a larger share of the class.
func Confusion(classes []string, count [][]int) *Figure {
	f := &Figure{Name: "confusion", Title: "Confusion of the classes", Caption: "Samples of the test set by their class (rows) and the class that the model assigns (columns).",
		header: []string{"class", "assigned", "samples"}, height: planeHeight}
	p := newPlot("assigned class", "class")
	f.panels = []*plot.Plot{p}
	n := len(classes)
	for i, line := range count {
		for j, c := range line {
			f.rows, f.values = append(f.rows, row{[]string{classes[i], classes[j]}, 1}), append(f.values, float64(c))
		}
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -0.5, float64(n)-0.5, -0.5, float64(n)-0.5
	p.X.Padding, p.Y.Padding = 0, 0
	var across, down []plot.Tick
	for i, name := range classes {
		across = append(across, plot.Tick{Value: float64(i), Label: name})
		down = append(down, plot.Tick{Value: float64(n - 1 - i), Label: name})
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.ConstantTicks(across), plot.ConstantTicks(down)
	p.Add(&confusion{count})
	f.legend = []entry{{"right", swatch(hue(0))}, {"wrong", swatch(hue(1))}}
	return f
}

type confusion struct{ count [][]int }

// Plot implements plot.Plotter.
func (m *confusion) Plot(c draw.Canvas, p *plot.Plot) {
	trX, trY := p.Transforms(&c)
	n := len(m.count)
	for i, row := range m.count {
		total := 0
		for _, k := range row {
			total += k
		}
		for j, k := range row {
			if k == 0 {
				continue
			}
			x, y := float64(j), float64(n-1-i)
			share := float64(k) / float64(max(total, 1))
			w, col := 0.15+0.45*share, hue(0)
			if i != j { // rare, and what one looks for
				w, col = min(0.12+6*share, 0.6), hue(1)
			}
			mix := func(v uint8) uint8 { return uint8(math.Round(255 + w*(float64(v)-255))) }
			c.FillPolygon(color.RGBA{mix(col.R), mix(col.G), mix(col.B), 0xff}, []vg.Point{
				{X: trX(x - 0.5), Y: trY(y - 0.5)}, {X: trX(x + 0.5), Y: trY(y - 0.5)}, {X: trX(x + 0.5), Y: trY(y + 0.5)}, {X: trX(x - 0.5), Y: trY(y + 0.5)}})
			style := sans(tickSize, false)
			style.XAlign, style.YAlign = draw.XCenter, draw.YCenter
			c.FillText(style, vg.Point{X: trX(x), Y: trY(y)}, strconv.Itoa(k))
		}
	}
}

// swatch is a filled rectangle in the legend.
type swatch color.RGBA

// Thumbnail implements plot.Thumbnailer.
func (s swatch) Thumbnail(c *draw.Canvas) {
	c.FillPolygon(color.RGBA(s), []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
}

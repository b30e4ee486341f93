package report

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"math"
	"slices"
	"strings"

	"github.com/costate-go/costate/experiments/page"
	"github.com/costate-go/costate/experiments/panels"
	"github.com/costate-go/costate/experiments/rundir"
)

var (
	//go:embed panels.gohtml
	panelText string
	//go:embed panels.css
	panelStyle string
	//go:embed panels.js
	panelScript string
)

// Geometry of a panel in units of its view box.
const (
	panelWidth, panelHeight = 640., 470.
	panelLeft, panelRight   = 78., 16.
	panelTop, panelBottom   = 12., 48.
	innerWidth              = panelWidth - panelLeft - panelRight
	innerHeight             = panelHeight - panelTop - panelBottom
)

// places are its parts that templates need.
var places = struct {
	Box, Axes, XLabels, XTitle, Middle string
	Left, Top, Width, Height           float64
}{
	Box: fmt.Sprintf("0 0 %g %g", panelWidth, panelHeight), Axes: fmt.Sprintf("M%g %gV%gH%g", panelLeft, panelTop, panelTop+innerHeight, panelLeft+innerWidth),
	XLabels: fmt.Sprint(panelTop + innerHeight + 20), XTitle: fmt.Sprint(panelTop + innerHeight + 42), Middle: fmt.Sprint(panelLeft + innerWidth/2),
	Left: panelLeft, Top: panelTop, Width: innerWidth, Height: innerHeight,
}

// mark is a tick of a panel.
type mark struct{ At, Label string }

// frameView is what all panels have.
type frameView struct {
	ID, Title, Caption, XLabel, YLabel string
	Places                             any
	XTicks, YTicks                     []mark
}

type heatView struct {
	frameView
	Image         template.URL
	Columns, Rows int
	X, Y, V, Name string
	Low, High     string
	Bar           template.URL
}

type flowView struct {
	frameView
	TLabel, T, Last string
	Most            int
	Few             bool // so few tracks that each may be bold
	Tracks          []trackView
	Legend          []legend
}

type trackView struct {
	Class  string
	Still  string // path of dots
	Points string // where it is at every time
	Line   string // the curve through them, where that takes more points
	X, Y   string // of the last one
}

type legend struct{ Class, Name string }

type framesView struct {
	frameView
	Most   int
	Last   string
	Frames []imageView
	Points []dot
	Legend []legend
}

type imageView struct {
	Image template.URL
	Label string
	Last  bool
}

type dot struct{ Class, X, Y string }

// panelViews are the panels of a run as the page shows them.
type panelViews struct {
	Heats  []heatView
	Flows  []flowView
	Frames []framesView
}

// Any tells whether there are panels.
func (p *panelViews) Any() bool { return len(p.Heats)+len(p.Flows)+len(p.Frames) > 0 }

func viewsOf(s *panels.Set) panelViews {
	var out panelViews
	for i := range s.Flows {
		out.Flows = append(out.Flows, viewOfFlow(&s.Flows[i]))
	}
	for i := range s.Frames {
		out.Frames = append(out.Frames, viewOfFrames(&s.Frames[i]))
	}
	for i := range s.Heats {
		out.Heats = append(out.Heats, viewOfHeat(&s.Heats[i]))
	}
	return out
}

// identifier keeps of a text what may stand in an id.
func identifier(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return -1
	}, s)
}

func common(id, title, caption, x, y string) frameView {
	return frameView{ID: identifier(id), Title: phrase(title), Caption: phrase(caption), XLabel: phrase(x), YLabel: phrase(y), Places: places}
}

// plane maps ranges to the inside of a panel.
type planeOf struct{ x0, x1, y0, y1 float64 }

func (p planeOf) x(v float64) float64 { return panelLeft + innerWidth*(v-p.x0)/(p.x1-p.x0) }
func (p planeOf) y(v float64) float64 { return panelTop + innerHeight*(1-(v-p.y0)/(p.y1-p.y0)) }

func (p planeOf) ticks(f *frameView) {
	values, labels := page.Ticks(p.x0, p.x1, 6)
	for i, v := range values {
		f.XTicks = append(f.XTicks, mark{short(p.x(v)), labels[i]})
	}
	values, labels = page.Ticks(p.y0, p.y1, 6)
	for i, v := range values {
		f.YTicks = append(f.YTicks, mark{short(p.y(v)), labels[i]})
	}
}

func short(v float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") }

// reach widens a range by a number.
func reach(lo, hi *float64, v float64) {
	if finite(v) {
		*lo, *hi = min(*lo, v), max(*hi, v)
	}
}

// around is a range with a margin, also where there was no number, or one alone.
func around(lo, hi float64) (float64, float64) {
	if lo > hi {
		return 0, 1
	}
	margin := 0.05 * (hi - lo)
	if margin <= 1e-12*(math.Abs(lo)+math.Abs(hi)) {
		margin = max(1e-6, math.Abs(lo)/2)
	}
	return lo - margin, hi + margin
}

func style(class int) string { return fmt.Sprintf("s%d", class%8+1) }

func legendOf(classes []string) []legend {
	var out []legend
	for i, c := range classes {
		out = append(out, legend{style(i), phrase(c)})
	}
	return out
}

func viewOfFlow(f *panels.Flow) flowView {
	v := flowView{frameView: common(f.ID, f.Title, f.Caption, f.XLabel, f.YLabel), TLabel: phrase(f.TLabel), Most: len(f.T) - 1, Legend: legendOf(f.Classes)}
	times := make([]string, len(f.T))
	for i, t := range f.T {
		times[i] = fmt.Sprintf("%.4g", t)
	}
	v.T, v.Last = strings.Join(times, " "), page.Minus(times[len(times)-1])
	p := planeOf{math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)}
	for _, t := range f.Tracks {
		for k := range t.X {
			reach(&p.x0, &p.x1, float64(t.X[k]))
			reach(&p.y0, &p.y1, float64(t.Y[k]))
		}
		for k := range t.LineX {
			reach(&p.x0, &p.x1, float64(t.LineX[k]))
			reach(&p.y0, &p.y1, float64(t.LineY[k]))
		}
	}
	p.x0, p.x1 = around(p.x0, p.x1)
	p.y0, p.y1 = around(p.y0, p.y1)
	p.ticks(&v.frameView)
	v.Few = len(f.Tracks) <= 4
	for _, t := range f.Tracks {
		w := trackView{Class: style(t.Class)}
		var b strings.Builder
		for k := range t.X {
			x, y := float64(t.X[k]), float64(t.Y[k])
			good := finite(x) && finite(y)
			switch {
			case t.Still && good:
				fmt.Fprintf(&b, "M%s %sh0", short(p.x(x)), short(p.y(y)))
			case t.Still:
			default:
				if good {
					w.X, w.Y = short(p.x(x)), short(p.y(y))
				} else if w.X == "" {
					w.X, w.Y = short(panelLeft), short(panelTop)
				}
				fmt.Fprintf(&b, "%s,%s ", w.X, w.Y) // a point for every time: one that is lost stays where it was
			}
		}
		if t.Still {
			w.Still = b.String()
		} else {
			w.Points = strings.TrimSuffix(b.String(), " ")
		}
		var line []string
		for k := range t.LineX {
			if x, y := float64(t.LineX[k]), float64(t.LineY[k]); finite(x) && finite(y) {
				line = append(line, short(p.x(x))+","+short(p.y(y)))
			}
		}
		w.Line = strings.Join(slices.Compact(line), " ")
		v.Tracks = append(v.Tracks, w)
	}
	return v
}

// classColors are those of the lines in light colours.
var classColors = []color.NRGBA{{0x00, 0x72, 0xb2, 255}, {0xd5, 0x5e, 0x00, 255}, {0x00, 0x9e, 0x73, 255}, {0xb0, 0x47, 0x8a, 255}, {0x9a, 0x6b, 0x00, 255}, {0x3a, 0x6e, 0xa5, 255}, {0x22, 0x22, 0x22, 255}, {0x7a, 0x3d, 0xb8, 255}}

// mix is a colour of so much weight on white.
func mix(c color.NRGBA, w float64) color.NRGBA {
	f := func(v uint8) uint8 { return uint8(math.Round(255 + w*(float64(v)-255))) }
	return color.NRGBA{f(c.R), f(c.G), f(c.B), 255}
}

// encoded is an image as an address; it may hold nothing but what was drawn here.
func encoded(m image.Image) template.URL {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		return ""
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())) //nolint:gosec // base64 has no markup
}

func viewOfFrames(f *panels.Frames) framesView {
	v := framesView{frameView: common(f.ID, f.Title, f.Caption, f.XLabel, f.YLabel), Most: len(f.Frames) - 1, Legend: legendOf(f.Classes)}
	p := planeOf{f.X0, f.X1, f.Y0, f.Y1}
	p.ticks(&v.frameView)
	for k, frame := range f.Frames {
		m := image.NewNRGBA(image.Rect(0, 0, f.Columns, f.Rows))
		for i, class := range frame.Class {
			shade := color.NRGBA{255, 255, 255, 255}
			if class >= 0 {
				shade = mix(classColors[class%len(classColors)], 0.08+0.05*float64(min(max(frame.Sure[i], 0), 9)))
			}
			m.SetNRGBA(i%f.Columns, f.Rows-1-i/f.Columns, shade)
		}
		label := "iteration " + count(int64(frame.Iteration))
		if finite(float64(frame.Loss)) {
			label += ", loss " + number(frame.Loss)
		}
		v.Last = label
		v.Frames = append(v.Frames, imageView{encoded(m), label, k == len(f.Frames)-1})
	}
	for k, class := range f.PClass {
		x, y := float64(f.PX[k]), float64(f.PY[k])
		if finite(x) && finite(y) && class >= 0 {
			v.Points = append(v.Points, dot{style(class), short(p.x(x)), short(p.y(y))})
		}
	}
	return v
}

// ramp gives the colour of a number: white to blue, or orange to white to blue where there are both signs.
type ramp struct {
	lo, hi float64
	signs  bool
}

func newRamp(v [][]rundir.Float) ramp {
	r := ramp{lo: math.Inf(1), hi: math.Inf(-1)}
	for _, row := range v {
		for _, x := range row {
			reach(&r.lo, &r.hi, float64(x))
		}
	}
	if r.lo > r.hi {
		r.lo, r.hi = 0, 0
	}
	if r.signs = r.lo < 0 && r.hi > 0; r.signs {
		r.hi = max(r.hi, -r.lo)
		r.lo = -r.hi
	}
	return r
}

func (r ramp) color(x float64) color.NRGBA {
	switch {
	case !finite(x):
		return color.NRGBA{0x99, 0x99, 0x99, 255}
	case r.hi <= r.lo:
		return mix(classColors[0], 0.5)
	case r.signs && x < 0:
		return mix(classColors[1], x/r.lo)
	case r.signs:
		return mix(classColors[0], x/r.hi)
	}
	return mix(classColors[0], (x-r.lo)/(r.hi-r.lo))
}

func viewOfHeat(h *panels.Heat) heatView {
	rows, columns := len(h.Y), len(h.X)
	v := heatView{frameView: common(h.ID, h.Title, h.Caption, h.XLabel, h.YLabel), Rows: rows, Columns: columns, Name: phrase(h.ValueLabel)}
	r := newRamp(h.V)
	m := image.NewNRGBA(image.Rect(0, 0, columns, rows))
	var values []string
	for j, row := range h.V {
		for i, x := range row {
			m.SetNRGBA(i, rows-1-j, r.color(float64(x)))
			values = append(values, fmt.Sprintf("%.4g", float64(x)))
		}
	}
	v.Image, v.V = encoded(m), strings.Join(values, " ")
	bar := image.NewNRGBA(image.Rect(0, 0, 64, 1))
	for i := range 64 {
		bar.SetNRGBA(i, 0, r.color(r.lo+(r.hi-r.lo)*float64(i)/63))
	}
	v.Bar, v.Low, v.High = encoded(bar), number(rundir.Float(r.lo)), number(rundir.Float(r.hi))
	names := func(list []float64, place func(i int) float64, most int) (all string, ticks []mark) {
		parts := make([]string, len(list))
		for i, x := range list {
			parts[i] = fmt.Sprintf("%.4g", x)
		}
		for k := range min(most, len(list)) {
			i := k
			if len(list) > most {
				i = k * (len(list) - 1) / (most - 1)
			}
			ticks = append(ticks, mark{short(place(i)), page.Minus(parts[i])})
		}
		return strings.Join(parts, " "), ticks
	}
	v.X, v.XTicks = names(h.X, func(i int) float64 { return panelLeft + innerWidth*(float64(i)+0.5)/float64(columns) }, 8)
	v.Y, v.YTicks = names(h.Y, func(j int) float64 { return panelTop + innerHeight*(1-(float64(j)+0.5)/float64(rows)) }, 8)
	return v
}

package page

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/costate-go/costate/experiments/rundir"
)

// Geometry of a chart in units of its view box.
const (
	chartWidth, chartHeight          = 640., 300.
	plotLeft, plotRight              = 78., 16.
	plotTop, plotBottom              = 12., 44.
	plotWidth                        = chartWidth - plotLeft - plotRight
	plotHeight                       = chartHeight - plotTop - plotBottom
	plotBase                         = plotTop + plotHeight
	maxPoints                        = 700   // of a line
	largest                          = 1e150 // what is larger in size counts as infinite
	verticalTicks, horizontalTicks   = 5, 6
	rejectedMark, rejectedMarkHeight = plotBase, 7.
	styles                           = 8 // that lines can have
)

// geometry are the parts of it that the template needs.
type geometry struct{ Box, Frame, Axes, Right, YLabel, XTicks, XLabels, XTitle, Middle string }

var places = geometry{
	Box:    fmt.Sprintf("0 0 %g %g", chartWidth, chartHeight),
	Frame:  fmt.Sprintf("%g %g %g %g", plotLeft, plotTop, plotWidth, plotHeight), // left, top, width, height
	Axes:   fmt.Sprintf("M%g %gV%gH%g", plotLeft, plotTop, plotBase, plotLeft+plotWidth),
	Right:  fmt.Sprint(plotLeft + plotWidth),
	YLabel: fmt.Sprint(plotLeft - 8), XTicks: fmt.Sprintf("%gv5", plotBase), XLabels: fmt.Sprint(plotBase + 20), XTitle: fmt.Sprint(plotBase + 40),
	Middle: fmt.Sprint(plotLeft + plotWidth/2),
}

// Line is a line of a chart.
type Line struct {
	Name string
	X, Y []float64 // X ascends; what is not finite in Y leaves a gap
	// Sparse means that NaN is no measurement rather than one that failed.
	Sparse bool
}

// Plan is what a chart should show.
type Plan struct {
	ID, Title, Caption string
	XLabel             string // empty: iteration
	Lines              []Line
	Log                bool      // begin with the logarithmic scale where the numbers allow it
	Hold               bool      // lines don't share their X: at a cursor the last value before it counts
	Dots               bool      // points without a line between them
	Undone             []float64 // X of marks below the axis
}

// Chart is complete as it stands in the page, by the template "chart"; the script adds a cursor and zoom.
type Chart struct {
	ID, Title, Caption, Label, XLabel string
	Hold, Dots                        bool
	Places                            geometry
	X                                 []tick
	X0, X1                            string // at the left and right edge
	Views                             []graph
	Series                            []series
	Undone                            string // path of marks at iterations whose trial was undone
	Lost                              string // path of marks where there is no finite number
}

// graph is a chart with one of the two scales.
type graph struct {
	Kind   string // "log" or "linear"
	Y0, Y1 string // what is at the lower and upper edge; logarithms where log
	Ticks  []tick
	Paths  []path
}

type tick struct {
	At    string // in the view box
	Label string
}

type path struct{ Class, D string }

// series is a line: its points as lists for the script, and its last value for everyone.
type series struct {
	Class, Name, X, Y, Last string
}

// Draw makes the chart of a plan; it says whether there is anything to see.
func Draw(p Plan) (Chart, bool) {
	c := Chart{ID: p.ID, Title: p.Title, Caption: p.Caption, XLabel: p.XLabel, Hold: p.Hold, Dots: p.Dots, Places: places}
	if p.XLabel == "" {
		c.XLabel = "iteration"
	}
	whole := true // what is counted, such as iterations and seeds, has no ticks between the numbers
	x0, x1 := math.Inf(1), math.Inf(-1)
	for _, l := range p.Lines {
		for i := range min(len(l.X), len(l.Y)) {
			if finite(l.X[i]) {
				x0, x1 = min(x0, l.X[i]), max(x1, l.X[i])
				whole = whole && l.X[i] == math.Trunc(l.X[i])
			}
		}
	}
	if x0 > x1 {
		return c, false
	}
	first, last := x0, x1
	if x1 <= x0 {
		x0, x1 = x0-0.5, x0+0.5
	}
	c.X0, c.X1 = fmt.Sprintf("%.9g", x0), fmt.Sprintf("%.9g", x1)
	across := axis{lo: x0, hi: x1, whole: whole}
	horizontal := func(v float64) float64 { return plotLeft + plotWidth*across.at(v) }
	values, labels := across.ticks(horizontalTicks)
	for i, v := range values {
		c.X = append(c.X, tick{decimal(horizontal(v)), labels[i]})
	}

	var lines [][]point
	s := spread{lo: math.Inf(1), hi: math.Inf(-1), smallest: math.Inf(1)}
	for i, l := range p.Lines {
		pts, n := s.points(l)
		if n == 0 {
			continue
		}
		pts = thin(pts, maxPoints)
		lines = append(lines, pts)
		c.Series = append(c.Series, listed(l.Name, i, pts))
	}
	if len(lines) == 0 {
		return c, false
	}
	for _, kind := range s.kinds(p.Log) {
		from := s.lo
		if kind == "log" {
			from = s.smallest
		}
		up := newAxis(from, s.hi, kind == "log")
		g := graph{Kind: kind, Y0: fmt.Sprintf("%.9g", up.lo), Y1: fmt.Sprintf("%.9g", up.hi)}
		vertical := func(v float64) float64 { return plotBase - plotHeight*up.at(v) }
		values, labels := up.ticks(verticalTicks)
		for i, v := range values {
			g.Ticks = append(g.Ticks, tick{decimal(vertical(v)), labels[i]})
		}
		for i, pts := range lines {
			g.Paths = append(g.Paths, path{c.Series[i].Class, trace(pts, horizontal, vertical, kind == "log", p.Dots)})
		}
		c.Views = append(c.Views, g)
	}
	slices.Sort(s.lost)
	c.Lost = marks(s.lost, horizontal, plotTop)
	c.Undone = marks(p.Undone, horizontal, rejectedMark)
	c.Label = fmt.Sprintf("%s over %s %s to %s, from %s to %s", p.Title, c.XLabel, Number(rundir.Float(first)), Number(rundir.Float(last)), Number(rundir.Float(s.lo)), Number(rundir.Float(s.hi)))
	return c, true
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// spread is what all lines of a chart span.
type spread struct {
	lo, hi, smallest float64 // smallest positive
	positive, all    int
	lost             []float64
}

// points adds a line; n is the number of finite values.
func (s *spread) points(l Line) (pts []point, n int) {
	for k := range min(len(l.X), len(l.Y)) {
		v := l.Y[k]
		if l.Sparse && math.IsNaN(v) || !finite(l.X[k]) {
			continue
		}
		pt := point{x: l.X[k], y: v}
		if !finite(v) || math.Abs(v) > largest {
			pt.y = math.NaN()
			s.lost = append(s.lost, pt.x)
		} else {
			n++
			s.lo, s.hi = min(s.lo, v), max(s.hi, v)
			s.all++
			if v > 0 {
				s.smallest = min(s.smallest, v)
				s.positive++
			}
		}
		pts = append(pts, pt)
	}
	return pts, n
}

// kinds are the scales that make sense, the first one to begin with.
func (s *spread) kinds(log bool) []string {
	switch {
	case s.positive == 0:
		return []string{"linear"}
	case log && 5*s.positive >= 4*s.all: // a residual may be 0 at times, which leaves a gap
		return []string{"log", "linear"}
	}
	return []string{"linear", "log"}
}

func listed(name string, i int, pts []point) series {
	s := series{Class: fmt.Sprintf("s%d", i%styles+1), Name: name}
	var xs, ys []string
	for _, pt := range pts {
		if !math.IsNaN(pt.y) {
			xs, ys = append(xs, fmt.Sprintf("%.7g", pt.x)), append(ys, fmt.Sprintf("%.5g", pt.y))
			s.Last = Number(rundir.Float(pt.y))
		}
	}
	s.X, s.Y = strings.Join(xs, " "), strings.Join(ys, " ")
	return s
}

type point struct{ x, y float64 }

// thin keeps the extremes of stretches of points, so that spikes and gaps stay visible, and both ends.
func thin(pts []point, most int) []point {
	n := len(pts)
	if n <= most {
		return pts
	}
	out := []point{pts[0]}
	stretches := (most - 2) / 3
	for s := range stretches {
		part := pts[1+s*(n-2)/stretches : 1+(s+1)*(n-2)/stretches]
		low, high, gap := -1, -1, -1
		for i, p := range part {
			switch {
			case math.IsNaN(p.y):
				gap = i
				continue
			case low < 0:
				low, high = i, i
			}
			if p.y < part[low].y {
				low = i
			}
			if p.y > part[high].y {
				high = i
			}
		}
		for i, p := range part {
			if i == low || i == high || i == gap {
				out = append(out, p)
			}
		}
	}
	return append(out, pts[n-1])
}

// trace is the path of a line, with gaps where there is no number; a lone point becomes a dot, and so do all where dots.
func trace(pts []point, horizontal, vertical func(float64) float64, log, dots bool) string {
	var b strings.Builder
	pen, lone := false, false
	for _, p := range pts {
		if math.IsNaN(p.y) || log && p.y <= 0 {
			if lone {
				b.WriteString("h0")
			}
			pen, lone = false, false
			continue
		}
		op := "L"
		if !pen {
			op = "M"
		}
		b.WriteString(op + decimal(horizontal(p.x)) + " " + decimal(vertical(p.y)))
		lone, pen = !pen, true
		if dots {
			b.WriteString("h0")
			lone, pen = false, false
		}
	}
	if lone {
		b.WriteString("h0")
	}
	return b.String()
}

// marks are short vertical lines below a height, at most one for each unit across.
func marks(at []float64, horizontal func(float64) float64, top float64) string {
	var b strings.Builder
	last := math.Inf(-1)
	for _, x := range at {
		if h := horizontal(x); h >= last+1 {
			fmt.Fprintf(&b, "M%s %sv%g", decimal(h), decimal(top), rejectedMarkHeight)
			last = h
		}
	}
	return b.String()
}

func decimal(v float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") }

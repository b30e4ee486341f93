package report

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
)

// places are the parts of that geometry which the template needs.
var places = struct{ Box, Frame, Axes, Right, YLabel, XTicks, XLabels, XTitle, Middle string }{
	Box:    fmt.Sprintf("0 0 %g %g", chartWidth, chartHeight),
	Frame:  fmt.Sprintf("%g %g %g %g", plotLeft, plotTop, plotWidth, plotHeight), // left, top, width, height
	Axes:   fmt.Sprintf("M%g %gV%gH%g", plotLeft, plotTop, plotBase, plotLeft+plotWidth),
	Right:  fmt.Sprint(plotLeft + plotWidth),
	YLabel: fmt.Sprint(plotLeft - 8), XTicks: fmt.Sprintf("%gv5", plotBase), XLabels: fmt.Sprint(plotBase + 20), XTitle: fmt.Sprint(plotBase + 40),
	Middle: fmt.Sprint(plotLeft + plotWidth/2),
}

// chart is a drawing of columns of the metrics over the iterations. It is complete as it stands in the page; the script
// adds a cursor.
type chart struct {
	ID, Title, Caption, Label string
	X                         []tick
	X0, X1                    string // iterations at the left and right edge
	Views                     []graph
	Series                    []series
	Undone                    string // path of marks at iterations whose trial was undone
	Lost                      string // path of marks at iterations without a finite number
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

type line struct {
	name   string
	value  column
	sparse bool // NaN means that there was no measurement, not that it failed
}

type plan struct {
	id, title, caption string
	lines              []line
	log                bool
	undone             bool
}

// stepName is what the step parameter is called by an optimizer.
func stepName(optimizer string) string {
	switch optimizer {
	case "emsa":
		return "ρ"
	case "sqh":
		return "ε"
	case "msa":
		return "‖Δθ‖"
	case "":
		return "step parameter"
	}
	return "learning rate"
}

func (r *record) charts() []chart {
	if len(r.metrics) == 0 {
		return nil
	}
	step := stepName(r.optimizer())
	var out []chart
	for _, p := range []plan{
		{"loss", "Loss", "The loss J on the training data and on held-out data.", []line{{"training", loss, false}, {"held out", held, true}}, true, false},
		{"residual", "PMP residual", "How much the Hamiltonian could still gain, or was raised, in each iteration: 0 at an extremal.", []line{{"residual", residual, false}}, true, false},
		{"hamiltonian", "Hamiltonian", "H = p·f − L, averaged over time and samples.", []line{{"H", func(m *rundir.Metrics) float64 { return float64(m.Hamiltonian) }, false}}, false, false},
		{"step", "Step parameter", stepCaption(step), []line{{step, func(m *rundir.Metrics) float64 { return float64(m.StepParameter) }, false}}, true, true},
		{"gradient", "Gradient", "The L² norm of ∂J/∂θ over the horizon.", []line{{"‖∇J‖", func(m *rundir.Metrics) float64 { return float64(m.GradNorm) }, false}}, true, false},
		{"work", "Steps of the solver", "Steps of all solves of an iteration. More of them over time mean a stiffer vector field.", []line{
			{"accepted", func(m *rundir.Metrics) float64 { return float64(m.StepsAccepted) }, false},
			{"rejected", func(m *rundir.Metrics) float64 { return float64(m.StepsRejected) }, false},
		}, false, false},
	} {
		if c, visible := r.chart(p); visible {
			out = append(out, c)
		}
	}
	return out
}

func stepCaption(name string) string {
	switch name {
	case "ρ":
		return "The weight ρ of the penalties: larger means smaller updates."
	case "ε":
		return "The weight ε of the proximal term: larger means smaller updates."
	case "‖Δθ‖":
		return "The size of the update."
	}
	return "What sets the size of an update: " + name + "."
}

// chart draws a plan; it says whether there is anything to see.
func (r *record) chart(p plan) (chart, bool) {
	rows := r.metrics
	c := chart{ID: p.id, Title: p.title, Caption: p.caption}
	x0, x1 := float64(rows[0].Iteration), float64(rows[len(rows)-1].Iteration)
	if x1 <= x0 {
		x0, x1 = x0-0.5, x0+0.5
	}
	c.X0, c.X1 = fmt.Sprintf("%g", x0), fmt.Sprintf("%g", x1)
	across := axis{lo: x0, hi: x1}
	horizontal := func(v float64) float64 { return plotLeft + plotWidth*across.at(v) }
	values, labels := across.ticks(horizontalTicks)
	for i, v := range values {
		if v == math.Trunc(v) {
			c.X = append(c.X, tick{decimal(horizontal(v)), labels[i]})
		}
	}

	var lines [][]point
	lo, hi, smallest := math.Inf(1), math.Inf(-1), math.Inf(1)
	positive, all := 0, 0
	var lost []float64
	for i, l := range p.lines {
		var pts []point
		n := 0
		for k := range rows {
			v := l.value(&rows[k])
			if l.sparse && math.IsNaN(v) {
				continue
			}
			pt := point{x: float64(rows[k].Iteration), y: v}
			if !finite(v) || math.Abs(v) > largest {
				pt.y = math.NaN()
				lost = append(lost, pt.x)
			} else {
				n++
				lo, hi = min(lo, v), max(hi, v)
				all++
				if v > 0 {
					smallest = min(smallest, v)
					positive++
				}
			}
			pts = append(pts, pt)
		}
		if n == 0 {
			continue
		}
		pts = thin(pts, maxPoints)
		lines = append(lines, pts)
		s := series{Class: fmt.Sprintf("s%d", i+1), Name: l.name}
		var xs, ys []string
		for _, pt := range pts {
			if !math.IsNaN(pt.y) {
				xs, ys = append(xs, fmt.Sprintf("%g", pt.x)), append(ys, fmt.Sprintf("%.5g", pt.y))
				s.Last = number(rundir.Float(pt.y))
			}
		}
		s.X, s.Y = strings.Join(xs, " "), strings.Join(ys, " ")
		c.Series = append(c.Series, s)
	}
	if len(lines) == 0 {
		return c, false
	}
	kinds := []string{"linear"}
	if smallest < math.Inf(1) {
		kinds = []string{"linear", "log"}
		if p.log && 5*positive >= 4*all { // a residual may be 0 at times, which leaves a gap
			kinds = []string{"log", "linear"}
		}
	}
	for _, kind := range kinds {
		from := lo
		if kind == "log" {
			from = smallest
		}
		up := newAxis(from, hi, kind == "log")
		g := graph{Kind: kind, Y0: fmt.Sprintf("%.9g", up.lo), Y1: fmt.Sprintf("%.9g", up.hi)}
		vertical := func(v float64) float64 { return plotBase - plotHeight*up.at(v) }
		values, labels := up.ticks(verticalTicks)
		for i, v := range values {
			g.Ticks = append(g.Ticks, tick{decimal(vertical(v)), labels[i]})
		}
		for i, pts := range lines {
			g.Paths = append(g.Paths, path{c.Series[i].Class, trace(pts, horizontal, vertical, kind == "log")})
		}
		c.Views = append(c.Views, g)
	}
	slices.Sort(lost)
	if p.id == "loss" && len(lines) < 2 {
		c.Caption = "The loss J on the training data."
	}
	c.Lost = marks(lost, horizontal, plotTop)
	if p.undone {
		var undone []float64
		for k := range rows {
			if !rows[k].Accepted || rows[k].Rollbacks > 0 {
				undone = append(undone, float64(rows[k].Iteration))
			}
		}
		c.Undone = marks(undone, horizontal, rejectedMark)
	}
	c.Label = fmt.Sprintf("%s over iterations %d to %d, from %s to %s", p.title, rows[0].Iteration, rows[len(rows)-1].Iteration, number(rundir.Float(lo)), number(rundir.Float(hi)))
	return c, true
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

// trace is the path of a line, with gaps where there is no number; a lone point becomes a dot.
func trace(pts []point, horizontal, vertical func(float64) float64, log bool) string {
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

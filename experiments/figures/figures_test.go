package figures_test

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"flag"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/figures"
	"github.com/costate-go/costate/experiments/systems"
)

var show = flag.String("show", "", "folder to write all figures of the tests to, for looking at them")

func grid(n int, f func(t float64) float64, lo, hi float64) (t, y []float64) {
	for k := range n {
		t = append(t, lo+(hi-lo)*float64(k)/float64(n-1))
		y = append(y, f(t[k]))
	}
	return t, y
}

// all builds one figure of every kind; bad adds non-finite numbers everywhere.
func all(t *testing.T, bad bool) []*figures.Figure {
	t.Helper()
	s, err := data.System(systems.ByName("spiral"), nil, nil, data.SeriesOptions{Points: 300, T0: 0, T1: 25, Noise: 0.05, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	it, loss := grid(120, func(k float64) float64 { return 3e-2*math.Exp(-k/9) + 1e-7*(2+math.Sin(k)) }, 0, 119)
	_, val := grid(120, func(k float64) float64 {
		if int(k)%10 != 0 {
			return math.NaN()
		}
		return 4e-2*math.Exp(-k/9) + 3e-7
	}, 0, 119)
	tt, ham := grid(200, func(t float64) float64 { return 0.3 + 1e-3*math.Sin(7*t) }, 0, 5)
	ct, cu := grid(41, func(t float64) float64 { return math.Max(-0.3, math.Min(1, math.Cos(1.4*t))) }, 0, 5)
	st, sh := grid(90, func(t float64) float64 { return 0.01 * math.Exp(math.Sin(3*t)) }, 0, 25)
	rejected := make([]bool, 90)
	held := make([]bool, s.Len())
	for k := range held {
		held[k] = k > 240
		if k < 90 {
			rejected[k] = k%11 == 0
		}
	}
	var dx, dy, mx, my []float64
	for k := range s.Len() {
		dx, dy = append(dx, s.Row(k)[0]), append(dy, s.Row(k)[1])
		mx, my = append(mx, s.Truth[2*k]), append(my, s.Truth[2*k+1])
	}
	p := data.Circles(300, 0, 1)
	var px, py []float64
	for k := range p.Len() {
		px, py = append(px, p.Row(k)[0]), append(py, p.Row(k)[1])
	}
	if bad {
		for _, list := range [][]float64{loss, val, ham, cu, sh, s.X, dx, my, px, s.Truth} {
			list[1], list[3], list[4], list[7] = math.NaN(), math.Inf(1), math.Inf(-1), -1e308
			list[9] = 0
		}
	}
	field := func(x, y float64) (u, v float64) {
		if bad && x > 0 {
			return math.NaN(), math.Inf(1)
		}
		return -0.1*x*x*x - 2*y*y*y, 2*x*x*x - 0.1*y*y*y
	}
	return []*figures.Figure{
		figures.Loss(it, loss, val, 110),
		figures.PMPResidual(it, loss),
		figures.Hamiltonian("t", []figures.Curve{{Name: "first", X: tt, Y: ham, Dashed: true}, {Name: "last", X: tt, Y: ham[10:]}}),
		figures.Trajectory(figures.Observed{TimeLabel: "t", Names: s.Names, T: s.T, X: s.X, Held: held, ModelT: s.T, ModelX: s.Truth}),
		figures.Phase(figures.Plane{X: "y1", Y: "y2", DataX: dx, DataY: dy, ModelX: mx, ModelY: my, Field: field}),
		figures.Decision(figures.Regions{X: "x1", Y: "x2", PX: px, PY: py, Labels: p.Labels, Classes: p.Classes, Classify: func(x, y []float64) (class []int, probability []float64) {
			for k := range x {
				z := 4 * (math.Hypot(x[k], y[k]) - 0.75)
				switch {
				case bad && x[k] > 1:
					class, probability = append(class, -1), append(probability, math.NaN())
				case z > 0:
					class, probability = append(class, 1), append(probability, 1/(1+math.Exp(-z)))
				default:
					class, probability = append(class, 0), append(probability, 1/(1+math.Exp(z)))
				}
			}
			return class, probability
		}}),
		figures.Density(figures.Cloud{X: "x1", Y: "x2", PX: px, PY: py, Log: func(x, y []float64) []float64 {
			log := make([]float64, len(x))
			for k := range x {
				if log[k] = -x[k]*x[k] - y[k]*y[k]; bad && x[k] > 1 {
					log[k] = math.NaN()
				}
			}
			return log
		}}),
		figures.Samples(figures.Cloud{X: "x1", Y: "x2", PX: px, PY: py, MX: py, MY: px}),
		figures.Control(figures.Controls{TimeLabel: "t (s)", Names: []string{"u"}, Knots: ct, Values: [][]float64{cu}, Lower: []float64{-0.3}, Upper: []float64{1}}),
		figures.Steps("t", st, sh, rejected),
	}
}

func TestEveryFormatIsWellFormedAndDeterministic(t *testing.T) {
	for _, bad := range []bool{false, true} {
		again := all(t, bad)
		for i, f := range all(t, bad) {
			svg, err := f.SVG()
			if err != nil {
				t.Fatal(err)
			}
			d := xml.NewDecoder(bytes.NewReader(svg))
			for {
				if _, err := d.Token(); err == io.EOF {
					break
				} else if err != nil {
					t.Fatalf("%s.svg: %v", f.Name, err)
				}
			}
			for _, word := range []string{"NaN", "Inf", "e+30"} {
				if strings.Contains(string(svg), word) {
					t.Errorf("%s.svg contains %s", f.Name, word)
				}
			}
			if len(svg) > 700<<10 {
				t.Errorf("%s.svg has %d KiB", f.Name, len(svg)>>10)
			}
			b, err := f.CSV()
			if err != nil {
				t.Fatal(err)
			}
			if rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll(); err != nil || len(rows) < 30 {
				t.Errorf("%s.csv: %d rows, %v", f.Name, len(rows), err)
			}
			svg2, _ := again[i].SVG()
			if !bytes.Equal(svg, svg2) {
				t.Errorf("%s.svg differs from run to run", f.Name)
			}
			if *show != "" {
				if err := f.Write(filepath.Join(*show, map[bool]string{true: "bad"}[bad]), []string{"svg", "png"}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func TestPNG(t *testing.T) {
	f := figures.Loss([]float64{1, 2, 3}, []float64{1, 0.1, 0.01}, nil, -1)
	a, err := f.PNG()
	if err != nil {
		t.Fatal(err)
	}
	b, _ := f.PNG()
	if !bytes.Equal(a, b) {
		t.Error("the same figure gives other bytes")
	}
	c, err := png.DecodeConfig(bytes.NewReader(a))
	if err != nil || c.Width < 1200 {
		t.Errorf("%d pixels wide, %v", c.Width, err)
	}
}

func TestDegenerate(t *testing.T) {
	nan := []float64{math.NaN(), math.Inf(1)}
	for name, f := range map[string]*figures.Figure{
		"nothing":        figures.Loss(nil, nil, nil, -1),
		"only NaN":       figures.Loss([]float64{0, 1}, nan, nan, 1),
		"one point":      figures.Loss([]float64{0}, []float64{1}, []float64{2}, 0),
		"constant":       figures.Hamiltonian("t", []figures.Curve{{X: []float64{0, 1}, Y: []float64{3, 3}}}),
		"constant 0":     figures.Hamiltonian("t", []figures.Curve{{X: []float64{0, 1}, Y: []float64{0, 0}}}),
		"tiny span":      figures.Hamiltonian("t", []figures.Curve{{X: []float64{0, 1}, Y: []float64{1, 1 + 1e-15}}}),
		"huge":           figures.Hamiltonian("t", []figures.Curve{{X: []float64{0, 1}, Y: []float64{-1e299, 1e299}}}),
		"denormal":       figures.Loss([]float64{0, 1}, []float64{5e-324, 1e-320}, nil, -1),
		"wide":           figures.Loss([]float64{0, 1}, []float64{1e-290, 1e290}, nil, -1),
		"zero loss":      figures.Loss([]float64{0, 1}, []float64{0, -1}, nil, 1),
		"no trajectory":  figures.Trajectory(figures.Observed{Names: []string{"a"}}),
		"no components":  figures.Trajectory(figures.Observed{}),
		"no plane":       figures.Phase(figures.Plane{Field: func(_, _ float64) (float64, float64) { return 0, 0 }}),
		"no points":      figures.Decision(figures.Regions{Classes: []string{"a"}}),
		"no density":     figures.Density(figures.Cloud{Log: func(x, _ []float64) []float64 { return make([]float64, len(x)) }}),
		"no samples":     figures.Samples(figures.Cloud{}),
		"no control":     figures.Control(figures.Controls{Lower: []float64{1}}),
		"no steps":       figures.Steps("t", nil, nil, nil),
		"long":           figures.Control(figures.Controls{Knots: []float64{0, 1, 2}, Values: [][]float64{{1, 2}, {3, 4}}, Steps: true, Lower: []float64{math.Inf(-1), 0}}),
		"markup in text": figures.Curves(figures.Axes{Title: "<b>&\"", X: "</svg>", Y: "a<b"}, nil),
	} {
		t.Run(name, func(t *testing.T) {
			svg, err := f.SVG()
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(svg), "NaN") || strings.Contains(string(svg), "<b>") {
				t.Error("NaN or markup in the SVG")
			}
			if _, err := f.CSV(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestThinningKeepsExtremes(t *testing.T) {
	x, y := grid(200000, func(t float64) float64 { return math.Sin(t) }, 0, 100)
	y[77777] = 50
	f := figures.Curves(figures.Axes{Name: "long", Title: "long"}, []figures.Curve{{X: x, Y: y}})
	y[77777] = 0
	g := figures.Curves(figures.Axes{Name: "long", Title: "long"}, []figures.Curve{{X: x, Y: y}})
	a, _ := f.SVG()
	b, _ := g.SVG()
	if len(a) > 300<<10 || bytes.Equal(a, b) {
		t.Errorf("%d KiB; the peak must be seen", len(a)>>10)
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	f := figures.Loss([]float64{1, 2}, []float64{1, 0.1}, nil, -1)
	if err := f.Write(dir, []string{"svg"}); err != nil {
		t.Fatal(err)
	}
	if e, _ := os.ReadDir(dir); len(e) != 2 {
		t.Errorf("%d files", len(e))
	}
	if err := f.Write(dir, []string{"gif"}); err == nil || !strings.Contains(err.Error(), "svg, png") {
		t.Errorf("unknown format: %v", err)
	}
}

// The caption speaks of arrows where there are some.
func TestPhaseCaption(t *testing.T) {
	line := []float64{0, 1}
	plane := figures.Plane{X: "x", Y: "y", ModelX: line, ModelY: line}
	if f := figures.Phase(plane); strings.Contains(f.Caption, "arrows") {
		t.Errorf("without a field: %s", f.Caption)
	}
	plane.Field = func(x, y float64) (u, v float64) { return y, -x }
	if f := figures.Phase(plane); !strings.Contains(f.Caption, "arrows") {
		t.Errorf("with a field: %s", f.Caption)
	}
}

// Iterations are counted: between them there are no ticks. Time is not.
func TestWholeTicks(t *testing.T) {
	x := []float64{1, 2, 3}
	for label, want := range map[string]bool{"iteration": false, "t": true} {
		svg, err := figures.Curves(figures.Axes{X: label, Y: "y"}, []figures.Curve{{X: x, Y: []float64{7, 8, 9}}}).SVG()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(svg), ">1.5<"); got != want || strings.Contains(string(svg), ">2<") == want {
			t.Errorf("%s: a tick at 1.5: %v", label, got)
		}
	}
}

// Captions and legends speak of what there is.
func TestWords(t *testing.T) {
	u := figures.Controls{Knots: []float64{0, 1}, Values: [][]float64{{1, 2}}}
	if c := figures.Control(u).Caption; strings.Contains(c, "bounds") {
		t.Errorf("without bounds: %s", c)
	}
	u.Upper = []float64{3}
	if c := figures.Control(u).Caption; !strings.Contains(c, "dotted lines are its bounds") {
		t.Errorf("with a bound: %s", c)
	}
	line := []float64{0, 1}
	svg, err := figures.Phase(figures.Plane{DataX: line, DataY: line, ModelX: line, ModelY: line, DataName: "initial state", ModelName: "closed loop"}).SVG()
	if err != nil || !strings.Contains(string(svg), ">initial state<") || !strings.Contains(string(svg), ">closed loop<") || strings.Contains(string(svg), ">data<") {
		t.Errorf("%v\n%.1500s", err, svg)
	}
}

package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/rundir"
)

// The points of a chart stand where its axes say.
func TestChartPoints(t *testing.T) {
	nan := math.NaN()
	x := []float64{0, 10, 20}
	c, visible := Draw(Plan{ID: "loss", Title: "Loss", Log: true, Lines: []Line{{Name: "training", X: x, Y: []float64{1e-4, 1e-2, 1}}, {Name: "held out", X: x, Y: []float64{nan, nan, nan}, Sparse: true}}})
	if !visible || c.Title != "Loss" || len(c.Series) != 1 || c.Series[0].X != "0 10 20" || c.Series[0].Y != "0.0001 0.01 1" || c.Series[0].Last != "1" || c.Lost != "" {
		t.Fatalf("%+v", c)
	}
	if c.Views[0].Kind != "log" || c.Views[1].Kind != "linear" {
		t.Fatal("positive losses begin logarithmic")
	}
	left, mid, right, middle := plotLeft, plotLeft+plotWidth/2, chartWidth-plotRight, plotTop+plotHeight/2
	edge := plotHeight * 0.05 / 1.1
	if got, want := c.Views[0].Paths[0].D, fmt.Sprintf("M%s %sL%s %sL%s %s", decimal(left), decimal(plotBase-edge), decimal(mid), decimal(middle), decimal(right), decimal(plotTop+edge)); got != want {
		t.Errorf("path %s, want %s", got, want)
	}
	y0, _ := strconv.ParseFloat(c.Views[0].Y0, 64)
	y1, _ := strconv.ParseFloat(c.Views[0].Y1, 64)
	if math.Abs(y0+4.2) > 1e-8 || math.Abs(y1-0.2) > 1e-8 {
		t.Errorf("from %g to %g", y0, y1)
	}
	for _, tk := range c.Views[0].Ticks {
		if tk.Label == "10⁻²" && tk.At != decimal(middle) {
			t.Errorf("10⁻² at %s", tk.At)
		}
	}
}

func TestChartGaps(t *testing.T) {
	flat := func(v float64) float64 { return v }
	nan := math.NaN()
	for _, c := range []struct {
		y    []float64
		log  bool
		want string
	}{
		{[]float64{1, 2, 3}, false, "M0 1L1 2L2 3"},
		{[]float64{1, nan, 3}, false, "M0 1h0M2 3h0"},
		{[]float64{nan, 2, 3, nan}, false, "M1 2L2 3"},
		{[]float64{1, -2, 3, 4}, true, "M0 1h0M2 3L3 4"},
		{[]float64{nan}, false, ""},
	} {
		var pts []point
		for i, y := range c.y {
			pts = append(pts, point{float64(i), y})
		}
		if got := trace(pts, flat, flat, c.log, false); got != c.want {
			t.Errorf("%v: %s, want %s", c.y, got, c.want)
		}
	}
}

func TestDots(t *testing.T) {
	flat := func(v float64) float64 { return v }
	if got := trace([]point{{0, 1}, {0, 2}, {1, math.NaN()}, {2, 3}}, flat, flat, false, true); got != "M0 1h0M0 2h0M2 3h0" {
		t.Errorf("%s", got)
	}
}

// Long lines keep their ends, their order, their spikes and their gaps.
func TestThin(t *testing.T) {
	var pts []point
	for i := range 100000 {
		pts = append(pts, point{float64(i), math.Sin(float64(i) / 1000)})
	}
	pts[777].y, pts[54321].y, pts[60000].y = 50, -50, math.NaN()
	out := thin(pts, 700)
	if len(out) > 700 || len(out) < 300 || out[0] != pts[0] || out[len(out)-1] != pts[len(pts)-1] {
		t.Fatalf("%d points", len(out))
	}
	found := 0
	for i, p := range out {
		if i > 0 && p.x <= out[i-1].x {
			t.Fatal("out of order")
		}
		if math.Abs(p.y) == 50 || math.IsNaN(p.y) {
			found++
		}
	}
	if found != 3 {
		t.Errorf("%d of 3 extremes", found)
	}
	if same := thin(pts[:700], 700); len(same) != 700 {
		t.Error("short lines stay whole")
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		log    bool
		want   string
	}{
		{0, 10, false, "0 2 4 6 8 10"},
		{-1, 1, false, "−1.0 −0.5 0 0.5 1.0"},
		{0.0012, 0.0019, false, "0.0012 0.0014 0.0016 0.0018"},
		{1e6, 3e6, false, "1.0·10⁶ 1.5·10⁶ 2.0·10⁶ 2.5·10⁶ 3.0·10⁶"},
		{19.77488, 19.77491, false, "19.77488 19.77489 19.77490 19.77491"},
		{1e-8, 1, true, "10⁻⁸ 10⁻⁶ 10⁻⁴ 10⁻² 10⁰"},
		{1, 4, true, "1 2 3 4"},
		{0.02, 0.6, true, "2·10⁻² 5·10⁻² 10⁻¹ 2·10⁻¹ 5·10⁻¹"},
		{5, 5, false, "3 4 5 6 7"},
		{0, 0, false, "−1.0 −0.5 0 0.5 1.0"},
		{7, 7, true, "5 10 15 20"},
	} {
		values, labels := newAxis(c.lo, c.hi, c.log).ticks(verticalTicks)
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("from %g to %g: %s, want %s", c.lo, c.hi, got, c.want)
		}
		a := newAxis(c.lo, c.hi, c.log)
		for i, v := range values {
			if f := a.at(v); f < -1e-9 || f > 1+1e-9 {
				t.Errorf("from %g to %g: tick %s outside", c.lo, c.hi, labels[i])
			}
		}
	}
	for _, v := range []float64{largest, -largest, 5e-324, 1} {
		for _, w := range []float64{largest, 5e-324, 1e-150, 1} {
			if v <= w {
				if _, labels := newAxis(v, w, v > 0).ticks(verticalTicks); len(labels) > 4*verticalTicks {
					t.Errorf("%d ticks from %g to %g", len(labels), v, w)
				}
			}
		}
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Number(1.8e-7), "1.8e−07"}, {Number(-1e-5), "−1e−05"}, {Number(rundir.Float(math.NaN())), "–"}, {Number(rundir.Float(math.Inf(-1))), "−∞"},
		{Count(1234567), "1\u2009234\u2009567"}, {Count(-1234), "−1\u2009234"}, {Count(-123), "−123"}, {Count(12), "12"},
		{Seconds(0.0123), "12.3 ms"}, {Seconds(3.21), "3.2 s"}, {Seconds(3723), "1h2m3s"}, {Seconds(rundir.Float(math.Inf(1))), "∞"},
		{Quote("runs/a-1"), "runs/a-1"}, {Quote("it's $x"), `'it'\''s $x'`}, {Quote(""), "''"}, {superscript(-12), "⁻¹²"},
		{Phrase("a\xffb"), "a\uFFFDb"}, {Percent(0.183), "18.3\u00a0%"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

// Lines with an X of their own, which need not be whole.
func TestChartOwnX(t *testing.T) {
	c, visible := Draw(Plan{ID: "seconds", Title: "Loss", XLabel: "seconds", Hold: true, Lines: []Line{
		{Name: "a", X: []float64{0.5, 1.25}, Y: []float64{3, 2}}, {Name: "b", X: []float64{0.25, 2}, Y: []float64{3, -1}},
	}})
	if !visible || c.X0 != "0.25" || c.X1 != "2" || c.Views[0].Kind != "linear" || c.Series[1].X != "0.25 2" || len(c.X) < 4 || !strings.Contains(c.Label, "over seconds 0.25 to 2, from −1 to 3") {
		t.Errorf("%+v", c)
	}
	for name, p := range map[string]Plan{"nothing": {}, "no number": {Lines: []Line{{X: []float64{1}, Y: []float64{math.Inf(1)}}}}, "no x": {Lines: []Line{{X: []float64{math.NaN()}, Y: []float64{1}}}}} {
		if _, visible := Draw(p); visible {
			t.Errorf("%s is drawn", name)
		}
	}
}

// Where X counts there are ticks at whole numbers only.
func TestWholeTicks(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want string
	}{
		{[]float64{1, 2, 3}, "1 2 3"},
		{[]float64{1, 2}, "1 2"},
		{[]float64{7}, "7"},
		{[]float64{0, 1, 1.5}, "0 0.2 0.4 0.6 0.8 1.0 1.2 1.4"},
	} {
		chart, visible := Draw(Plan{XLabel: "seed", Lines: []Line{{X: c.x, Y: make([]float64, len(c.x))}}})
		var labels []string
		for _, tick := range chart.X {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); !visible || got != c.want {
			t.Errorf("%v: ticks %s, want %s", c.x, got, c.want)
		}
	}
}

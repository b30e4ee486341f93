package report

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
	r := &record{}
	for i, v := range []float64{1e-4, 1e-2, 1} {
		r.metrics = append(r.metrics, rundir.Metrics{Iteration: 10 * i, Loss: rundir.Float(v), ValLoss: rundir.Float(math.NaN())})
	}
	c := r.charts()[0]
	if c.Title != "Loss" || len(c.Series) != 1 || c.Series[0].X != "0 10 20" || c.Series[0].Y != "0.0001 0.01 1" || c.Series[0].Last != "1" {
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
		if got := trace(pts, flat, flat, c.log); got != c.want {
			t.Errorf("%v: %s, want %s", c.y, got, c.want)
		}
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
		{number(1.8e-7), "1.8e−07"}, {number(-1e-5), "−1e−05"}, {number(rundir.Float(math.NaN())), "–"}, {number(rundir.Float(math.Inf(-1))), "−∞"},
		{count(1234567), "1\u2009234\u2009567"}, {count(-1234), "−1\u2009234"}, {count(-123), "−123"}, {count(12), "12"},
		{seconds(0.0123), "12.3 ms"}, {seconds(3.21), "3.2 s"}, {seconds(3723), "1h2m3s"}, {seconds(rundir.Float(math.Inf(1))), "∞"},
		{quote("runs/a-1"), "runs/a-1"}, {quote("it's $x"), `'it'\''s $x'`}, {quote(""), "''"}, {superscript(-12), "⁻¹²"},
		{phrase("a\xffb"), "a\uFFFDb"}, {percent(0.183), "18.3\u00a0%"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

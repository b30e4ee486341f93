package figures

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"
)

// Observed is a trajectory of D components against a model, in the units of the data.
type Observed struct {
	TimeLabel string    // with unit
	Names     []string  // D
	T         []float64 // N times of observation
	X         []float64 // N×D, X[k*D+i]; NaN where missing
	Held      []bool    // N: held out from training; nil: none
	ModelT    []float64 // M times
	ModelX    []float64 // M×D
}

// maxPanels of one figure; further components stand in the CSV only.
const maxPanels = 6

// Trajectory draws every component over time, one panel each, with the observations marked by their set.
func Trajectory(o Observed) *Figure {
	d := len(o.Names)
	f := &Figure{Name: "trajectory", Title: "Trajectory and data", Caption: "Model (line) and observations (dots) over time.", header: []string{"series", "t", "value"}}
	if d > maxPanels {
		f.Title += fmt.Sprintf(" (%d of %d components)", maxPanels, d)
	}
	tx := newExtent()
	for _, t := range o.T {
		tx.add(t)
	}
	for _, t := range o.ModelT {
		tx.add(t)
	}
	for i, name := range o.Names {
		train, held := plotter.XYs{}, plotter.XYs{}
		ey := newExtent()
		for k, t := range o.T {
			v := o.X[k*d+i]
			set := "data "
			if k < len(o.Held) && o.Held[k] {
				set = "held out "
			}
			f.record(set+name, t, v)
			if !finite(t) || !finite(v) {
				continue
			}
			ey.add(v)
			if set == "data " {
				train = append(train, plotter.XY{X: t, Y: v})
			} else {
				held = append(held, plotter.XY{X: t, Y: v})
			}
		}
		y := make([]float64, len(o.ModelT))
		for k := range y {
			y[k] = o.ModelX[k*d+i]
		}
		if i >= maxPanels {
			for k := range y {
				f.record("model "+name, o.ModelT[k], y[k])
			}
			continue
		}
		p := newPlot("", name)
		st := f.dots(p, train, hue(0), draw.CircleGlyph{}, radius(len(o.T)))
		sh := f.dots(p, held, hue(4), draw.CircleGlyph{}, radius(len(o.T)))
		legend := []entry{{"data", st}}
		if len(held) > 0 {
			legend = append(legend, entry{"held out", sh})
		}
		ex, em := tx, newExtent()
		f.curve(p, Curve{Name: "model " + name, X: o.ModelT, Y: y}, lineStyle(1, false), false, &ex, &em)
		ey = around(ey, em)
		f.finish(p, tx, ey, false)
		f.legend = append(legend, entry{"model", &plotter.Line{LineStyle: lineStyle(1, false)}})
		f.panels = append(f.panels, p)
	}
	if n := len(f.panels); n > 0 {
		f.panels[n-1].X.Label.Text = o.TimeLabel
	}
	return f
}

// around joins the range of the data with that of the model, but does not let a model that runs away press the data flat.
func around(data, model extent) extent {
	if data.empty() {
		return model
	}
	if model.empty() {
		return data
	}
	span := max(data.hi-data.lo, 1e-9*max(data.hi, -data.hi))
	return extent{max(min(data.lo, model.lo), data.lo-span), min(max(data.hi, model.hi), data.hi+span)}
}

func radius(n int) (r vgLength) {
	switch {
	case n > 400:
		return 1.5
	case n > 100:
		return 2.1
	}
	return 3
}

// Controls is a control over time.
type Controls struct {
	TimeLabel    string
	Names        []string    // of the entries
	Knots        []float64   // K+1 for intervals, ascending
	Values       [][]float64 // entry by entry: K values where Steps, else K+1
	Steps        bool        // constant on the intervals; else linear between the knots
	Lower, Upper []float64   // bounds: one for all or one per entry; nil: none
	Reference    []Curve     // such as the exact solution
}

// Control draws entries of a control with their bounds.
func Control(u Controls) *Figure {
	f := &Figure{Name: "control", Title: "Control", Caption: "The control over time.", header: []string{"series", "t", "value"}}
	p := newPlot(u.TimeLabel, "u")
	f.panels = []*plot.Plot{p}
	ex, ey := newExtent(), newExtent()
	for _, k := range u.Knots {
		ex.add(k)
	}
	for i, v := range u.Values {
		name := fmt.Sprintf("u%d", i+1)
		if i < len(u.Names) {
			name = u.Names[i]
		}
		y := v
		if u.Steps && len(v) > 0 && len(v) == len(u.Knots)-1 { // the last interval needs its end
			y = append(append([]float64(nil), v...), v[len(v)-1])
		}
		f.curve(p, Curve{Name: name, X: u.Knots, Y: y, Steps: u.Steps}, lineStyle(i, false), false, &ex, &ey)
	}
	for j, c := range u.Reference {
		s := lineStyle(len(u.Values)+j, true)
		f.curve(p, c, s, false, &ex, &ey)
	}
	bounds := draw.LineStyle{Color: greyColor, Width: 1.2, Dashes: []vgLength{1.5, 3}}
	drawn := map[float64]bool{}
	for _, b := range [][]float64{u.Lower, u.Upper} {
		for _, v := range b {
			if !finite(v) || drawn[v] || ex.empty() {
				continue
			}
			if len(drawn) == 0 {
				f.Caption = "The control over time; dotted lines are its bounds."
				f.legend = append(f.legend, entry{"bounds", &plotter.Line{LineStyle: bounds}})
			}
			drawn[v] = true
			ey.add(v)
			f.record("bound", ex.lo, v)
			f.record("bound", ex.hi, v)
			p.Add(&plotter.Line{XYs: plotter.XYs{{X: ex.lo, Y: v}, {X: ex.hi, Y: v}}, LineStyle: bounds})
		}
	}
	f.finish(p, ex, ey, false)
	if len(f.legend) == 1 {
		f.legend = nil
	}
	return f
}

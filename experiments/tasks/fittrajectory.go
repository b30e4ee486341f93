package tasks

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/pmp"
)

// Trajectory is the model's own trajectories, from their starts at the times of the series, in the units of the data: N×D. For a
// control on a mesh the mesh is that of the whole series.
func (f *Fit) Trajectory(ctx context.Context, theta []float64) ([]float64, error) {
	out := make([]float64, 0, len(f.series.X))
	for g, r := range f.series.Trajectories() {
		x0, err := f.start(theta, r)
		if err != nil {
			return nil, err
		}
		x, err := f.integrate(ctx, f.own(theta), x0, f.series.T[r[0]:r[1]], g, f.raw)
		if err != nil {
			return nil, err
		}
		out = append(out, x...)
	}
	return out, nil
}

// start is where the trajectory of the rows of a range begins: as estimated, or as observed.
func (f *Fit) start(theta []float64, r [2]int) ([]float64, error) {
	x0 := make([]float64, f.dim)
	if f.free > 0 {
		if s := slices.IndexFunc(f.train, func(w data.Window) bool { return w.Start == r[0] }); s >= 0 {
			all := f.starts(theta)
			for i := range x0 {
				x0[i] = all[i*f.free+s]
			}
			return x0, nil
		}
	}
	copy(x0, f.series.Row(r[0]))
	if slices.ContainsFunc(x0, math.IsNaN) {
		return nil, fmt.Errorf("%w: the first observation at %g is not complete", data.ErrData, f.series.T[r[0]])
	}
	return x0, nil
}

// Fine is Trajectory on a grid fine enough to draw. A gap of NaN parts trajectories.
func (f *Fit) Fine(ctx context.Context, theta []float64) (t, x []float64, err error) {
	points := max(100, 4000/len(f.series.Trajectories()))
	for g, r := range f.series.Trajectories() {
		first, last := f.series.T[r[0]], f.series.T[r[1]-1]
		x0, err := f.start(theta, r)
		if err != nil {
			return nil, nil, err
		}
		var times []float64
		for i := range points {
			times = append(times, first+(last-first)*float64(i)/float64(points-1))
		}
		times[points-1] = last
		y, err := f.integrate(ctx, f.own(theta), x0, times, g, f.raw)
		if err != nil {
			return nil, nil, err
		}
		if g > 0 {
			t = append(t, math.NaN())
			for range f.series.Dim() {
				x = append(x, math.NaN())
			}
		}
		t, x = append(t, times...), append(x, y...)
	}
	return t, x, nil
}

// integrate runs the model from x0 at times[0], under the inputs of a trajectory of a series, and returns the states at all times in
// the units of the data.
func (f *Fit) integrate(ctx context.Context, theta, x0, times []float64, trajectory int, inputs *data.Series) ([]float64, error) {
	control, err := controlOf(&f.c.Control, f.series.T[0], f.series.T[len(f.series.T)-1]) // as it was trained, whatever the times
	if err != nil {
		return nil, err
	}
	field := f.field.Field
	if len(inputs.InputNames) > 0 {
		signal, err := inputs.Signal(f.c.Data.Interp == "cubic", []int{trajectory})
		if err != nil {
			return nil, err
		}
		field = f.forced(signal)
	}
	ev := field.NewEvaluator(1)
	p := f.field.NumParams()
	start := make([]float64, f.dim)
	copy(start, x0)
	node := func(t float64) []float64 { return theta[:p] }
	if control.Kind != pmp.Constant {
		u := make([]float64, p)
		node = func(t float64) []float64 { return control.At(u, theta, t) }
	}
	ev.Bind(node(times[0]))
	rhs := func(dx []float64, t float64, x []float64) {
		if control.Kind != pmp.Constant {
			ev.Bind(node(t))
		}
		ev.Eval(dx, t, x)
	}
	s := f.settings.Solver
	s.SaveAt, s.SkipDense, s.Stops = times, true, control.Mesh
	if f.settings.Steps > 0 {
		s.Step = (times[len(times)-1] - times[0]) / float64((len(times)-1)*f.settings.Steps)
		s.Stops = times
	}
	if len(inputs.InputNames) > 0 {
		r := inputs.Trajectories()[trajectory]
		s.Stops = append(slices.Clone(s.Stops), inputs.T[r[0]:r[1]]...) // where inputs have kinks
	}
	sol, err := ode.Solve(ctx, ode.Problem{F: rhs, X0: start, T0: times[0], T1: times[len(times)-1]}, s)
	if err != nil {
		return nil, err
	}
	d := f.series.Dim()
	out := make([]float64, 0, d*len(times))
	for k := range times {
		out = append(out, sol.X[k][:d]...)
	}
	f.scaler.InvertAll(out)
	return out, nil
}

// HeldOut tells which observations no training window looks at.
func (f *Fit) HeldOut() []bool {
	held := make([]bool, f.series.Len())
	for _, w := range slices.Concat(f.valid, f.held) {
		for k := w.Start; k < w.Start+w.Len; k++ {
			held[k] = true
		}
	}
	for _, w := range f.train {
		for k := w.Start; k < w.Start+w.Len; k++ {
			held[k] = false
		}
	}
	return held
}

// Plane returns the vector field in the plane of the first two components, in the units of the data, and nil where the
// model is not planar and autonomous.
func (f *Fit) Plane(theta []float64) func(x, y float64) (u, v float64) {
	if f.dim != 2 || f.field.timed(f.c) || len(f.raw.InputNames) > 0 || f.c.Control.Kind != "constant" {
		return nil
	}
	ev := f.field.NewEvaluator(1)
	ev.Bind(f.own(theta))
	z, dz, unit := make([]float64, 2), make([]float64, 2), make([]float64, 2)
	return func(x, y float64) (u, v float64) {
		raw := [2]float64{x, y}
		for i, r := range raw {
			if f.scaler.Transform == "log" {
				r = math.Log(r)
			}
			z[i], unit[i] = r, 1
			if f.scaler.Std != nil {
				z[i], unit[i] = (r-f.scaler.Mean[i])/f.scaler.Std[i], f.scaler.Std[i]
			}
			if f.scaler.Transform == "log" {
				unit[i] *= raw[i]
			}
		}
		ev.Eval(dz, f.series.T[0], z)
		return dz[0] * unit[0], dz[1] * unit[1]
	}
}

// TimeName labels the time axis.
func (f *Fit) TimeName() string { return f.series.TimeName }

// Observations returns times and observations in the units of the file (transforms undone), N×D.
func (f *Fit) Observations() (t, x []float64, names []string) {
	x = append([]float64(nil), f.series.X...)
	f.scaler.InvertAll(x)
	return f.series.T, x, f.series.Names
}

// Predict implements Task: the first row of the table, or of every trajectory in it, gives time and state, the times of the others are those
// to predict. Inputs are needed in all rows.
func (f *Fit) Predict(ctx context.Context, theta []float64, in *data.Table) ([]string, [][]float64, error) {
	d := &f.c.Data
	s, err := in.Series(data.CSVOptions{Time: d.TimeColumn, Columns: d.Columns, ID: d.IDColumn, Inputs: d.Inputs, Log: d.Transform == "log"})
	if err != nil {
		return nil, nil, err
	}
	if s.Dim() != f.raw.Dim() {
		return nil, nil, fmt.Errorf("%w: %s has %d state columns and the model %d (%v)", data.ErrData, in.File, s.Dim(), f.raw.Dim(), f.raw.Names)
	}
	header := append([]string{s.TimeName}, s.Names...)
	if len(s.Starts) > 1 {
		header = append([]string{"trajectory"}, header...)
	}
	var rows [][]float64
	for g, r := range s.Trajectories() {
		start := append([]float64(nil), s.Row(r[0])...)
		for i, v := range start {
			if math.IsNaN(v) {
				return nil, nil, fmt.Errorf("%w: %s: the first row must hold the initial state, and column %q is missing", data.ErrData, in.File, s.Names[i])
			}
		}
		f.scaler.Apply(start)
		times := s.T[r[0]:r[1]]
		x, err := f.integrate(ctx, f.own(theta), start, times, g, s)
		if err != nil {
			return nil, nil, err
		}
		for k, t := range times {
			row := append([]float64{t}, x[k*s.Dim():(k+1)*s.Dim()]...)
			if len(s.Starts) > 1 {
				row = append([]float64{float64(g + 1)}, row...)
			}
			rows = append(rows, row)
		}
	}
	return header, rows, nil
}

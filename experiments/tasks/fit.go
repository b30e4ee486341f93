package tasks

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/safetensors"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/pmp"
)

// Fit learns a vector field from windows of one series: every window starts at its first observation, and the cost is
// the mean over windows, later observations and components of the error.
type Fit struct {
	c        *config.Config
	settings pmp.Settings
	series   *data.Series // normalized
	raw      *data.Series
	scaler   data.Scaler
	field    *model
	dim      int // of the state, augmentation included

	train   []data.Window
	valid   []data.Window // choose the best control
	held    []data.Window // measure it: the test windows, or those for validation where there are none
	problem *pmp.Problem
	length  int
	grid    []float64 // common times of all training windows of the phase
	warped  bool      // windows have times of their own

	validation *gauge // of valid, made when it is asked for
}

func newFit(c *config.Config, threads int) (*Fit, error) {
	raw, err := data.LoadSeries(c)
	if err != nil {
		return nil, err
	}
	s, err := SweepSettings(c, threads)
	if err != nil {
		return nil, err
	}
	f := &Fit{c: c, settings: s, raw: raw, dim: raw.Dim() + c.Field.Augment}
	if f.field, err = newModel(c, raw.Names, f.dim); err != nil {
		return nil, err
	}
	if c.Control.Kind != "constant" && c.Data.Window != 0 {
		return nil, configError("control.kind", "a control that varies in time needs the whole series as one window: set data.window = 0")
	}
	return f, f.Enter(0)
}

// configError is an issue found after the file was checked, in the words of the checker.
func configError(key, text string) error {
	return &config.Error{Issues: []config.Issue{{Key: key, Text: text}}}
}

// Phase implements Task: windows double every grow_every iterations.
func (f *Fit) Phase(k int) int {
	d := &f.c.Data
	if d.GrowTo <= d.Window || d.Window == 0 {
		return 0
	}
	last := 0
	for w := d.Window; w < d.GrowTo; w *= 2 {
		last++
	}
	return min(k/d.GrowEvery, last)
}

// Enter implements Task.
func (f *Fit) Enter(phase int) error {
	d := &f.c.Data
	n := f.raw.Len()
	length := d.Window << phase
	if d.GrowTo > d.Window {
		length = min(length, d.GrowTo)
	}
	if length == 0 || length > n {
		length = n
	}
	if length < 2 {
		return configError("data.window", fmt.Sprintf("is %d; a window needs at least 2 points", length))
	}
	stride := d.Stride
	if stride == 0 {
		stride = max(1, length/2)
	}
	windows := usable(data.Windows(n, length, stride), f.raw)
	if len(windows) == 0 {
		return fmt.Errorf("%w: no window of %d points begins with a complete observation", data.ErrData, length)
	}
	var split data.Split
	if len(windows) == 1 {
		split.Train = []int{0}
	} else {
		split = data.SplitWindows(windows, d.Validation, d.Test, d.SplitBy == "time", f.c.Seed)
	}
	if len(split.Train) == 0 {
		return configError("data.validation", fmt.Sprintf("leaves none of %d windows for training: use shorter windows, a smaller stride or validation = 0", len(windows)))
	}
	f.length, f.validation = length, nil
	f.train, f.valid, f.held = pick(windows, split.Train), pick(windows, split.Validation), pick(windows, split.Test)
	if len(f.held) == 0 {
		f.held = f.valid
	}
	if f.series == nil {
		f.normalize()
	}
	times := f.times(f.train)
	f.grid = pmp.MeanGrid(times, len(f.train))
	f.warped = f.field.timed(f.c) || !equallySpaced(times, f.grid, len(f.train))
	for _, w := range [][]data.Window{f.valid, f.held} {
		f.warped = f.warped || len(w) > 0 && !equallySpaced(f.times(w), f.grid, len(w))
	}
	var err error
	f.problem, err = f.pose(f.train)
	return err
}

// times are the observation times of windows, K×N.
func (f *Fit) times(w []data.Window) []float64 {
	n := len(w)
	out := make([]float64, w[0].Len*n)
	for s, v := range w {
		for k := range v.Len {
			out[k*n+s] = f.series.T[v.Start+k]
		}
	}
	return out
}

// usable drops windows whose first observation has missing entries.
func usable(w []data.Window, s *data.Series) []data.Window {
	out := w[:0]
	for _, v := range w {
		complete := true
		for _, x := range s.Row(v.Start) {
			complete = complete && !math.IsNaN(x)
		}
		if complete {
			out = append(out, v)
		}
	}
	return out
}

func pick(w []data.Window, index []int) []data.Window {
	out := make([]data.Window, len(index))
	for i, k := range index {
		out[i] = w[k]
	}
	return out
}

// normalize fits the scaler on the observations of training windows.
func (f *Fit) normalize() {
	s := *f.raw
	s.X = append([]float64(nil), f.raw.X...)
	f.scaler = data.Scaler{Transform: f.c.Data.Transform}
	if f.c.Data.Normalize {
		seen := make([]bool, s.Len())
		for _, w := range f.train {
			for k := w.Start; k < w.Start+w.Len; k++ {
				seen[k] = true
			}
		}
		var rows []int
		for k, ok := range seen {
			if ok {
				rows = append(rows, k)
			}
		}
		transform := f.scaler.Transform
		f.scaler = data.FitScaler(s.X, s.Dim(), rows)
		f.scaler.Transform = transform
		f.scaler.Apply(s.X)
	}
	f.series = &s
}

// pose states the control problem of some windows of the phase's length, on the phase's grid.
func (f *Fit) pose(w []data.Window) (*pmp.Problem, error) {
	n, d, k := len(w), f.series.Dim(), w[0].Len
	grid := f.grid
	p := &pmp.Problem{Field: f.field.Field, T0: 0, T1: grid[k-1], X0: make([]float64, f.dim*n)}
	if f.warped {
		p.Field = &pmp.Warp{Field: f.field.Field, Grid: grid, Times: f.times(w), N: n}
		p.Breaks = grid[1 : k-1]
	}
	for s, v := range w {
		for i, x := range f.series.Row(v.Start) {
			p.X0[i*n+s] = x
		}
	}
	weight := 1 / float64((k-1)*d)
	for j := 1; j < k; j++ {
		target := make([]float64, d*n)
		for s, v := range w {
			for i, x := range f.series.Row(v.Start + j) {
				target[i*n+s] = x
			}
		}
		var cost pmp.Cost = &pmp.SquaredError{Target: target, N: n, Weight: weight}
		if f.c.Train.Loss == "absolute" {
			cost = &pmp.AbsoluteError{Target: target, N: n, Weight: weight}
		}
		p.Observations = append(p.Observations, pmp.Observation{T: grid[j], Cost: cost})
	}
	var err error
	p.Control, err = controlOf(&f.c.Control, p.T0, p.T1)
	return p, err
}

// equallySpaced reports whether all windows have the same offsets, to rounding.
func equallySpaced(times, grid []float64, n int) bool {
	for k, g := range grid {
		for s := range n {
			if math.Abs(times[k*n+s]-times[s]-g) > 1e-9*(1+math.Abs(g)) {
				return false
			}
		}
	}
	return true
}

// Problem implements Task.
func (f *Fit) Problem() *pmp.Problem { return f.problem }

// Samples implements Task.
func (f *Fit) Samples() int { return len(f.train) }

// Select implements Task.
func (f *Fit) Select(index []int) {
	w := f.train
	if index != nil {
		w = pick(f.train, index)
	}
	q, err := f.pose(w)
	if err != nil {
		panic(err) // the same control was accepted in Enter
	}
	if warp, ok := f.problem.Field.(*pmp.Warp); ok {
		// Evaluators hold the warp: change what it points to.
		*warp = *q.Field.(*pmp.Warp)
		q.Field = warp
	}
	*f.problem = *q
}

// Initial implements Task.
func (f *Fit) Initial() []float64 { return f.field.initial(nodes(&f.c.Control), f.c.Seed) }

// Validate implements Task.
func (f *Fit) Validate(ctx context.Context, theta []float64) (float64, error) {
	if len(f.valid) == 0 {
		return math.NaN(), nil
	}
	if f.validation == nil {
		var err error
		if f.validation, err = f.gauge(f.valid); err != nil {
			return 0, err
		}
	}
	j, _, err := f.validation.flow(ctx, theta)
	return j, err
}

func (f *Fit) gauge(w []data.Window) (*gauge, error) {
	p, err := f.pose(w)
	if err != nil {
		return nil, err
	}
	return newGauge(p, f.settings)
}

// loss is the cost of a control on some windows, NaN where there are none.
func (f *Fit) loss(ctx context.Context, theta []float64, w []data.Window) (float64, error) {
	if len(w) == 0 {
		return math.NaN(), nil
	}
	g, err := f.gauge(w)
	if err != nil {
		return 0, err
	}
	j, _, err := g.flow(ctx, theta)
	return j, err
}

// Trajectory is the model's own trajectory from the first observation, at the times of the series, in the units of
// the data: N×D. For a control on a mesh the mesh is that of the whole series.
func (f *Fit) Trajectory(ctx context.Context, theta []float64) ([]float64, error) {
	return f.integrate(ctx, theta, f.series.Row(0), f.series.T)
}

// Fine is Trajectory on a grid fine enough to draw.
func (f *Fit) Fine(ctx context.Context, theta []float64) (t, x []float64, err error) {
	const points = 4000
	first, last := f.series.T[0], f.series.T[f.series.Len()-1]
	for i := range points {
		t = append(t, first+(last-first)*float64(i)/(points-1))
	}
	t[points-1] = last
	x, err = f.integrate(ctx, theta, f.series.Row(0), t)
	return t, x, err
}

// integrate runs the model from x0 at times[0] and returns the states at all times in the units of the data.
func (f *Fit) integrate(ctx context.Context, theta, x0, times []float64) ([]float64, error) {
	control, err := controlOf(&f.c.Control, times[0], times[len(times)-1])
	if err != nil {
		return nil, err
	}
	ev := f.field.NewEvaluator(1)
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
	if f.dim != 2 || f.field.timed(f.c) || f.c.Control.Kind != "constant" {
		return nil
	}
	ev := f.field.NewEvaluator(1)
	ev.Bind(theta)
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

// Metrics implements Task: errors of the trajectory from the first observation to the end of the series, in the units
// of the data, and of held-out windows.
func (f *Fit) Metrics(ctx context.Context, theta []float64) (map[string]float64, error) {
	m := f.field.parameters(theta)
	m["trajectory_mae"], m["trajectory_rmse"] = math.NaN(), math.NaN()
	if truth := f.field.truth(f.c); truth != nil && len(theta) == f.field.NumParams() {
		worst := 0.0
		for i, v := range truth {
			worst = max(worst, math.Abs(theta[i]-v)/max(math.Abs(v), 1e-12))
		}
		m["parameter_error"] = worst
	}
	x, err := f.Trajectory(ctx, theta)
	if err != nil && ctx.Err() != nil {
		return m, err
	}
	if err == nil { // a model that blows up on the long run has no trajectory to measure
		_, y, _ := f.Observations()
		m["trajectory_mae"], m["trajectory_rmse"] = errorsOf(x, y)
		if f.raw.Truth != nil {
			m["truth_mae"], m["truth_rmse"] = errorsOf(x, f.raw.Truth)
		}
	}
	if len(f.held) > 0 {
		v, err := f.loss(ctx, theta, f.held)
		if err != nil {
			v = math.NaN()
		}
		m["held_out_loss"] = v
	}
	return m, ctx.Err()
}

func errorsOf(x, y []float64) (mae, rmse float64) {
	n := 0.0
	for i, v := range y {
		if math.IsNaN(v) {
			continue
		}
		d := x[i] - v
		mae += math.Abs(d)
		rmse += d * d
		n++
	}
	return mae / n, math.Sqrt(rmse / n)
}

// Tensors implements Task.
func (f *Fit) Tensors(theta []float64) []safetensors.Tensor { return f.field.tensors(theta) }

// About implements Task.
func (f *Fit) About() About {
	return About{
		Data: fmt.Sprintf("%s: %d rows × %d columns, %d training and %d held-out windows of %d points",
			f.raw.Source, f.raw.Len(), f.raw.Dim(), len(f.train), len(f.held), f.length),
		Model: f.field.describe(f.c), Params: nodes(&f.c.Control) * f.field.NumParams(),
		StateSize: f.dim, Samples: len(f.train), Validation: len(f.valid), HeldOut: len(f.held), Hashes: map[string]string{f.raw.Source: f.raw.Hash}, Scaler: f.scaler,
	}
}

// Predict implements Task: the first row of the table gives time and state, the times of the others are those to
// predict.
func (f *Fit) Predict(ctx context.Context, theta []float64, in *data.Table) ([]string, [][]float64, error) {
	opts := data.CSVOptions{Time: f.c.Data.TimeColumn, Columns: f.c.Data.Columns, Log: f.c.Data.Transform == "log"}
	s, err := in.Series(opts)
	if err != nil {
		return nil, nil, err
	}
	if s.Dim() != f.raw.Dim() {
		return nil, nil, fmt.Errorf("%w: %s has %d state columns and the model %d (%v)", data.ErrData, in.File, s.Dim(), f.raw.Dim(), f.raw.Names)
	}
	start := append([]float64(nil), s.Row(0)...)
	for i, v := range start {
		if math.IsNaN(v) {
			return nil, nil, fmt.Errorf("%w: %s: the first row must hold the initial state, and column %q is missing", data.ErrData, in.File, s.Names[i])
		}
	}
	f.scaler.Apply(start)
	x, err := f.integrate(ctx, theta, start, s.T)
	if err != nil {
		return nil, nil, err
	}
	header := append([]string{s.TimeName}, s.Names...)
	var rows [][]float64
	for k, t := range s.T {
		rows = append(rows, append([]float64{t}, x[k*s.Dim():(k+1)*s.Dim()]...))
	}
	return header, rows, nil
}

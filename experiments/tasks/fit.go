package tasks

import (
	"context"
	"fmt"
	"math"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/internal/words"
	"github.com/costate-go/costate/experiments/safetensors"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
)

// Fit learns a vector field from windows of trajectories. Every window starts at its first observation, and the cost is the mean over
// windows, later observations and components of the error; or starts are estimated as part of the control, and the first
// observation counts as well.
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
	signal  *data.Signal // inputs of the training windows
	free    int          // estimated starts, one for each training window; 0 where they are as observed
	lead    float64      // time in which they move
	guess   []float64    // of them, dim×windows
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
	if c.Control.Kind != "constant" && (c.Data.Window != 0 || len(raw.Starts) > 1) {
		return nil, configError("control.kind", "a control that varies in time needs the whole series as one window: set data.window = 0")
	}
	if c.Data.Continuity > 0 && len(raw.Starts) > 1 {
		return nil, configError("data.continuity", fmt.Sprintf("ties the windows of one trajectory, and there are %d", len(raw.Starts)))
	}
	if n := len(c.Data.Guess); n > 0 && n != raw.Dim() {
		return nil, configError("data.guess", fmt.Sprintf("has %d numbers for %d columns (%v)", n, raw.Dim(), raw.Names))
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
	length := d.Window << phase
	if d.GrowTo > d.Window {
		length = min(length, d.GrowTo)
	}
	windows, err := f.windows(length)
	if err != nil {
		return err
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
	f.validation = nil
	f.train, f.valid, f.held = pick(windows, split.Train), f.complete(pick(windows, split.Validation)), f.complete(pick(windows, split.Test))
	if len(f.held) == 0 {
		f.held = f.valid
	}
	f.length = 0
	for _, w := range f.train {
		f.length = max(f.length, w.Len)
	}
	for _, list := range [][]data.Window{f.valid, f.held} { // no longer than the grid
		for i := range list {
			list[i].Len = min(list[i].Len, f.length)
		}
	}
	if f.series == nil {
		f.normalize()
	}
	times := f.times(f.train)
	f.grid = pmp.MeanGrid(times, len(f.train))
	f.warped = f.field.timed(f.c) || len(f.raw.InputNames) > 0 || !equallySpaced(times, f.grid, len(f.train))
	for _, w := range [][]data.Window{f.valid, f.held} {
		f.warped = f.warped || len(w) > 0 && !equallySpaced(f.times(w), f.grid, len(w))
	}
	if f.signal, err = f.drive(f.train); err != nil {
		return err
	}
	switch {
	case d.Starts != "estimated":
		f.problem, err = f.pose(f.train, f.signal)
	case f.c.Train.Batch > 0:
		f.firstGuess()
		f.problem, err = f.poseBatch(nil)
	default:
		f.firstGuess()
		f.problem, err = f.poseFree()
	}
	return err
}

// Problem implements Task.
func (f *Fit) Problem() *pmp.Problem { return f.problem }

// Samples implements Task.
func (f *Fit) Samples() int { return len(f.train) }

// Select implements Task.
func (f *Fit) Select(index []int) {
	if f.free > 0 && f.c.Train.Batch == 0 {
		return // all windows are one sample
	}
	w := f.train
	if index != nil {
		w = pick(f.train, index)
	}
	if f.signal != nil {
		f.signal.Follow(f.trajectories(w)) // evaluators hold the signal: change what it points to
	}
	var q *pmp.Problem
	var err error
	if f.free > 0 {
		q, err = f.poseBatch(index)
	} else {
		q, err = f.pose(w, f.signal)
	}
	if err != nil {
		panic(err) // the same control was accepted in Enter
	}
	// The same with the fields that change.
	if starts, ok := f.problem.Field.(*pmp.BatchStarts); ok {
		fresh := q.Field.(*pmp.BatchStarts)
		q.Field, starts.Of = starts, fresh.Of
		replace(starts.Field, fresh.Field)
	} else if replace(f.problem.Field, q.Field) {
		q.Field = f.problem.Field
	}
	*f.problem = *q
}

// replace gives a warp the times of another one, and reports whether there is one.
func replace(field, fresh neural.Field) bool {
	warp, ok := field.(*pmp.Warp)
	if ok {
		*warp = *fresh.(*pmp.Warp)
	}
	return ok
}

// Initial implements Task.
func (f *Fit) Initial() []float64 {
	theta := f.field.initial(nodes(&f.c.Control), f.c.Seed)
	if f.free > 0 {
		theta = append(theta, make([]float64, len(f.guess))...)
	}
	return theta
}

// own is the part of a control that belongs to the field.
func (f *Fit) own(theta []float64) []float64 {
	if f.free > 0 {
		return theta[:f.field.NumParams()]
	}
	return theta
}

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
	j, _, err := f.validation.flow(ctx, f.own(theta))
	return j, err
}

func (f *Fit) gauge(w []data.Window) (*gauge, error) {
	signal, err := f.drive(w)
	if err != nil {
		return nil, err
	}
	p, err := f.pose(w, signal)
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
	j, _, err := g.flow(ctx, f.own(theta))
	return j, err
}

// Metrics implements Task: errors of the trajectories from their starts to the end of the series, in the units of the data, and of
// held-out windows; parameters of a known system; estimated starts and what pieces miss each other by.
func (f *Fit) Metrics(ctx context.Context, theta []float64) (map[string]float64, error) {
	m := f.field.parameters(f.own(theta))
	m["trajectory_mae"], m["trajectory_rmse"] = math.NaN(), math.NaN()
	if truth := f.field.truth(f.c); truth != nil && f.c.Control.Kind == "constant" {
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
	if f.free > 0 {
		if err := f.startMetrics(ctx, theta, m); err != nil {
			return m, err
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
func (f *Fit) Tensors(theta []float64) []safetensors.Tensor {
	out := f.field.tensors(f.own(theta))
	if f.free > 0 {
		out = append(out, safetensors.Tensor{Name: "starts", Shape: []int{f.dim, f.free}, Data: f.starts(theta)})
	}
	return out
}

// About implements Task.
func (f *Fit) About() About {
	a := About{
		Data: fmt.Sprintf("%s: %d rows × %d columns, %d training and %d held-out windows of %d points",
			f.raw.Source, f.raw.Len(), f.raw.Dim(), len(f.train), len(f.held), f.length),
		Model: f.field.describe(f.c), Params: len(f.Initial()),
		StateSize: f.dim, Samples: len(f.train), Validation: len(f.valid), HeldOut: len(f.held), Hashes: map[string]string{f.raw.Source: f.raw.Hash}, Scaler: f.scaler,
	}
	if n := len(f.raw.Starts); n > 1 {
		a.Data += fmt.Sprintf(", %d trajectories", n)
	}
	if f.raw.Missing > 0 {
		a.Data += fmt.Sprintf(", %d of %d entries missing", f.raw.Missing, len(f.raw.X))
	}
	if f.free > 0 {
		a.Model += ", " + words.Count(f.free, "start") + " estimated"
	}
	return a
}

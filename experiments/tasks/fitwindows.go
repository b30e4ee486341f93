package tasks

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
)

// windows cuts all trajectories into windows; those of trajectories shorter than a window are shorter.
func (f *Fit) windows(length int) ([]data.Window, error) {
	var all []data.Window
	stride, longest := f.c.Data.Stride, 0
	for _, r := range f.raw.Trajectories() {
		longest = max(longest, r[1]-r[0])
	}
	if length == 0 || length > longest {
		length = longest
	}
	if length < 2 {
		return nil, configError("data.window", fmt.Sprintf("is %d; a window needs at least 2 points", length))
	}
	if stride == 0 {
		stride = max(1, length/2)
	}
	for _, r := range f.raw.Trajectories() {
		if f.c.Data.Continuity > 0 { // every window ends where the next one begins
			for at := r[0]; at < r[1]-1; at += length - 1 {
				all = append(all, data.Window{Start: at, Len: min(length, r[1]-at)})
			}
			break
		}
		for _, w := range data.Windows(r[1]-r[0], length, stride) {
			all = append(all, data.Window{Start: r[0] + w.Start, Len: w.Len})
		}
	}
	if f.c.Data.Starts == "estimated" {
		return all, nil
	}
	if all = f.complete(all); len(all) == 0 {
		return nil, fmt.Errorf("%w: no window of %d points begins with a complete observation; data.starts = \"estimated\" needs none", data.ErrData, length)
	}
	return all, nil
}

// complete drops windows whose first observation has missing entries.
func (f *Fit) complete(w []data.Window) []data.Window {
	out := w[:0]
	for _, v := range w {
		if !slices.ContainsFunc(f.raw.Row(v.Start), math.IsNaN) {
			out = append(out, v)
		}
	}
	return out
}

// times are the observation times of windows, K×N; short ones stand still at their end.
func (f *Fit) times(w []data.Window) []float64 {
	n := len(w)
	out := make([]float64, f.length*n)
	for s, v := range w {
		for k := range f.length {
			out[k*n+s] = f.series.T[v.Start+min(k, v.Len-1)]
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

// trajectories says which ones windows belong to.
func (f *Fit) trajectories(w []data.Window) []int {
	ranges := f.raw.Trajectories()
	out := make([]int, len(w))
	for s, v := range w {
		out[s] = slices.IndexFunc(ranges, func(r [2]int) bool { return v.Start >= r[0] && v.Start < r[1] })
	}
	return out
}

// drive is the inputs of windows, nil where there are none.
func (f *Fit) drive(w []data.Window) (*data.Signal, error) {
	if len(f.raw.InputNames) == 0 {
		return nil, nil
	}
	return f.raw.Signal(f.c.Data.Interp == "cubic", f.trajectories(w))
}

// forced is the field under inputs.
func (f *Fit) forced(signal *data.Signal) neural.Field {
	if signal == nil {
		return f.field.Field
	}
	return &neural.Forced{Field: f.field.Field, Signal: signal}
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

// dynamics is the field on the common grid of windows.
func (f *Fit) dynamics(w []data.Window, signal *data.Signal) (field neural.Field, breaks []float64) {
	field = f.forced(signal)
	if f.warped {
		field = &pmp.Warp{Field: field, Grid: f.grid, Times: f.times(w), N: len(w)}
		breaks = f.grid[1 : len(f.grid)-1]
	}
	return field, breaks
}

// target is observation j of windows (columns×N), missing behind the end of short ones.
func (f *Fit) target(w []data.Window, j int) []float64 {
	n, d := len(w), f.series.Dim()
	target := make([]float64, d*n)
	for s, v := range w {
		for i := range d {
			target[i*n+s] = math.NaN()
			if j < v.Len {
				target[i*n+s] = f.series.Row(v.Start + j)[i]
			}
		}
	}
	return target
}

// pose states the control problem of some windows on the phase's grid, from their first observations.
func (f *Fit) pose(w []data.Window, signal *data.Signal) (*pmp.Problem, error) {
	n, d, k := len(w), f.series.Dim(), f.length
	p := &pmp.Problem{T0: 0, T1: f.grid[k-1], X0: make([]float64, f.dim*n)}
	p.Field, p.Breaks = f.dynamics(w, signal)
	later := 0
	for s, v := range w {
		for i, x := range f.series.Row(v.Start) {
			p.X0[i*n+s] = x
		}
		later += v.Len - 1
	}
	weight := float64(n) / float64(later*d)
	for j := 1; j < k; j++ {
		var cost pmp.Cost = &pmp.SquaredError{Target: f.target(w, j), N: n, Weight: weight}
		if f.c.Train.Loss == "absolute" {
			cost = &pmp.AbsoluteError{Target: f.target(w, j), N: n, Weight: weight}
		}
		p.Observations = append(p.Observations, pmp.Observation{T: f.grid[j], Cost: cost})
	}
	var err error
	p.Control, err = controlOf(&f.c.Control, p.T0, p.T1)
	return p, err
}

// poseFree states the problem of all training windows with their starts in the control. All observations of a window count.
func (f *Fit) poseFree() (*pmp.Problem, error) {
	w, n, d := f.train, len(f.train), f.series.Dim()
	field, breaks := f.dynamics(w, f.signal)
	free := &pmp.FreeStarts{Field: field, N: n, Lead: f.lead, Tied: f.tied()}
	p := &pmp.Problem{Field: free, T0: -f.lead, T1: f.grid[len(f.grid)-1], X0: free.X0(f.guess), Breaks: append([]float64{0}, breaks...)}
	all := 0
	for _, v := range w {
		all += v.Len
	}
	for j := range f.grid {
		p.Observations = append(p.Observations, pmp.Observation{T: f.grid[j], Cost: &pmp.SquaredError{Target: f.target(w, j), N: 1, Weight: 1 / float64(all*d)}})
	}
	if misses := free.Dim() - f.dim*n; misses > 0 {
		target := make([]float64, free.Dim())
		for i := range f.dim * n {
			target[i] = math.NaN()
		}
		p.Terminal = &pmp.SquaredError{Target: target, N: 1, Weight: f.c.Data.Continuity / float64(misses)}
	}
	var err error
	p.Control, err = controlOf(&f.c.Control, p.T0, p.T1)
	return p, err
}

// tied says that windows are pieces of multiple shooting.
func (f *Fit) tied() bool { return f.c.Data.Continuity > 0 }

// poseBatch states the problem of some training windows, nil for all, with the starts of all in the control. All observations of a window count.
func (f *Fit) poseBatch(index []int) (*pmp.Problem, error) {
	if index == nil {
		index = make([]int, len(f.train))
		for i := range index {
			index[i] = i
		}
	}
	w, n, d := pick(f.train, index), len(index), f.series.Dim()
	field, breaks := f.dynamics(w, f.signal)
	p := &pmp.Problem{
		Field: &pmp.BatchStarts{Field: field, N: f.free, Of: slices.Clone(index), Lead: f.lead},
		T0:    -f.lead, T1: f.grid[len(f.grid)-1], X0: make([]float64, f.dim*n), Breaks: append([]float64{0}, breaks...),
	}
	all := 0
	for k, s := range index {
		all += w[k].Len
		for i := range f.dim {
			p.X0[i*n+k] = f.guess[i*f.free+s]
		}
	}
	for j := range f.grid {
		p.Observations = append(p.Observations, pmp.Observation{T: f.grid[j], Cost: &pmp.SquaredError{Target: f.target(w, j), N: n, Weight: float64(n) / float64(all*d)}})
	}
	var err error
	p.Control, err = controlOf(&f.c.Control, p.T0, p.T1)
	return p, err
}

// firstGuess starts windows at the first observation of every component, or at data.guess where there is none.
func (f *Fit) firstGuess() {
	f.free, f.lead = len(f.train), f.grid[len(f.grid)-1]/float64(len(f.grid)-1)
	f.guess = make([]float64, f.dim*f.free)
	fallback := append([]float64(nil), f.c.Data.Guess...)
	if fallback != nil {
		f.scaler.Apply(fallback)
	}
	n := f.free
	for s, v := range f.train {
		for i := range f.series.Dim() {
			if fallback != nil {
				f.guess[i*n+s] = fallback[i]
			}
			for k := v.Start; k < v.Start+v.Len; k++ {
				if x := f.series.Row(k)[i]; !math.IsNaN(x) {
					f.guess[i*n+s] = x
					break
				}
			}
		}
	}
}

// starts are the estimated starts of the training windows (dim×N), in the units of the model.
func (f *Fit) starts(theta []float64) []float64 {
	out := append([]float64(nil), f.guess...)
	for i, v := range theta[f.field.NumParams():] {
		out[i] += v
	}
	return out
}

// startMetrics adds the start of a single window in the units of the data, and the root mean square of mismatches in those of the model.
func (f *Fit) startMetrics(ctx context.Context, theta []float64, m map[string]float64) error {
	if f.free == 1 {
		x := f.starts(theta)[:f.series.Dim()]
		f.scaler.InvertAll(x)
		for i, name := range f.series.Names {
			m["start_"+name] = x[i]
		}
	}
	if !f.tied() {
		return nil
	}
	g, err := newGauge(f.problem, f.settings)
	if err != nil {
		return err
	}
	_, end, err := g.flow(ctx, theta)
	if err != nil {
		return err
	}
	sum := 0.0
	for _, v := range end[f.dim*f.free:] {
		sum += v * v
	}
	m["mismatch_rms"] = math.Sqrt(sum / float64(len(end)-f.dim*f.free))
	return nil
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

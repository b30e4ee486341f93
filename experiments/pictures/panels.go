package pictures

import (
	"context"
	"fmt"
	"math"

	"github.com/costate-go/costate/experiments/panels"
	"github.com/costate-go/costate/experiments/run"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/pmp"
)

// How much the panels hold, so that a report stays small.
const (
	mostTracks  = 150
	flowTimes   = 60
	mostFrames  = 16
	frameCells  = 48
	mostRows    = 120 // of a heat map
	mostColumns = 120
)

// Panels are the parts of the report that move.
func Panels(ctx context.Context, r *run.Result) (*panels.Set, error) {
	s := new(panels.Set)
	p := r.Task.Problem()
	if p == nil { // discrete time
		return s, nil
	}
	way := run.Snapshots(r.Dir.Path(), 60)
	s.Heats = append(overTime(r, p), overTraining(r, p, way)...)
	var err error
	switch t := r.Task.(type) {
	case *tasks.Classify:
		if err = decisions(ctx, s, t, way); err == nil {
			points, train, _ := t.Data()
			err = moving(ctx, s, r, points.Classes, func(sample int) int { return points.Labels[train[sample]] }, "Training points as the best control carries them along, in the model's own units.")
		}
	case *tasks.Density:
		err = moving(ctx, s, r, []string{"data"}, func(int) int { return 0 }, "Training points on their way to the normal distribution, in the model's own units.")
	case *tasks.Fit:
		err = fitted(ctx, s, t, r.Best)
	case *tasks.Control:
		err = plane(ctx, s, t, r.Best)
	}
	return s, err
}

// at is the times of the control's nodes: left ends of intervals, or knots.
func at(p *pmp.Problem, nodes int) []float64 {
	if p.Control.Kind == pmp.Constant {
		return []float64{p.T0}
	}
	return p.Control.Mesh[:nodes]
}

// values are the nodes of a control that hold its values: all but the slopes of a cubic one.
func values(p *pmp.Problem, theta []float64) []float64 {
	if p.Control.Kind != pmp.CubicHermite {
		return theta
	}
	var out []float64
	m := p.Field.NumParams()
	for j := 0; j < len(theta); j += 2 * m {
		out = append(out, theta[j:j+m]...)
	}
	return out
}

// pick are at most so many of n indexes, evenly.
func pick(n, most int) []int {
	var out []int
	for i := range min(n, most) {
		out = append(out, i*n/min(n, most))
	}
	return out
}

// ends is pick with the last one, too.
func ends(n, most int) []int {
	out := pick(n, most)
	if k := len(out); k > 0 && out[k-1] != n-1 {
		out = append(out, n-1)
	}
	return out
}

// overTime is the best control of a network over time: a row for each parameter.
func overTime(r *run.Result, p *pmp.Problem) []panels.Heat {
	m := p.Field.NumParams()
	best := values(p, r.Best)
	nodes := len(best) / m
	if nodes < 2 || m < 3 {
		return nil
	}
	h := panels.Heat{ID: "control-time", Title: "Control over time", XLabel: "t", YLabel: "parameter", ValueLabel: "θ",
		Caption: fmt.Sprintf("The best control: parameters of the field along the horizon%s.", some(m, mostRows))}
	times, columns := at(p, nodes), pick(nodes, mostColumns)
	for _, j := range columns {
		h.X = append(h.X, times[j])
	}
	for _, i := range pick(m, mostRows) {
		h.Y = append(h.Y, float64(i))
		var row []float64
		for _, j := range columns {
			row = append(row, best[j*m+i])
		}
		h.V = append(h.V, panels.Floats(row))
	}
	return []panels.Heat{h}
}

func some(n, most int) string {
	if n <= most {
		return ""
	}
	return fmt.Sprintf(", %d of %d", most, n)
}

// overTraining is the control at stages of the training: a column for each stage, and a row for each time or parameter.
func overTraining(r *run.Result, p *pmp.Problem, way []run.Snapshot) []panels.Heat {
	m := p.Field.NumParams()
	nodes := len(values(p, r.Best)) / m
	if len(way) < 2 || len(way[0].Theta) != len(r.Best) {
		return nil
	}
	empty := func(id, title, y, caption string) panels.Heat {
		h := panels.Heat{ID: id, Title: title, XLabel: "iteration", YLabel: y, Caption: caption}
		for _, s := range way {
			h.X = append(h.X, float64(s.Iteration))
		}
		return h
	}
	fill := func(h *panels.Heat, y float64, value func(theta []float64) float64) {
		var row []float64
		for _, s := range way {
			row = append(row, value(values(p, s.Theta)))
		}
		h.Y, h.V = append(h.Y, y), append(h.V, panels.Floats(row))
	}
	const stages = " Columns are the iterations at which the control was kept, closer together at first."
	if nodes < 2 {
		h := empty("control-training", "Parameters over training", "parameter", fmt.Sprintf("The parameters of the field%s.", some(m, mostRows))+stages)
		h.ValueLabel = "θ"
		for _, i := range pick(m, mostRows) {
			fill(&h, float64(i), func(theta []float64) float64 { return theta[i] })
		}
		return []panels.Heat{h}
	}
	times, rows := at(p, nodes), pick(nodes, mostRows)
	var out []panels.Heat
	if m <= 2 { // a classical control
		for i := range m {
			name := "u"
			if m > 1 {
				name = fmt.Sprintf("u%d", i+1)
			}
			h := empty(fmt.Sprintf("control-training-%d", i+1), "Control "+name+" over training", "t", "The control along the horizon."+stages)
			h.ValueLabel = name
			for _, j := range rows {
				fill(&h, times[j], func(theta []float64) float64 { return theta[j*m+i] })
			}
			out = append(out, h)
		}
		return out
	}
	h := empty("control-training", "Control over training", "t", "The Euclidean norm of the field's parameters along the horizon."+stages)
	h.ValueLabel = "|θ(t)|"
	for _, j := range rows {
		fill(&h, times[j], func(theta []float64) float64 { return norm(theta[j*m : (j+1)*m]) })
	}
	return append(out, h)
}

func norm(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	return math.Sqrt(sum)
}

// decisions are the regions of a classifier in the plane at stages of its training.
func decisions(ctx context.Context, s *panels.Set, t *tasks.Classify, way []run.Snapshot) error {
	points, train, _ := t.Data()
	if points.Dim() != 2 || len(way) < 2 {
		return nil
	}
	f := panels.Frames{ID: "decision-training", Title: "Decision regions over training", XLabel: points.Names[0], YLabel: points.Names[1], Columns: frameCells, Rows: frameCells, Classes: points.Classes,
		Caption: "The class that the model assigned at stages of its training, paler where it was less sure, and training data."}
	lo, hi := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	for k := range points.Len() {
		for i, v := range points.Row(k) {
			if !math.IsNaN(v) {
				lo[i], hi[i] = min(lo[i], v), max(hi[i], v)
			}
		}
	}
	for i := range lo {
		margin := 0.1 * (hi[i] - lo[i])
		lo[i], hi[i] = lo[i]-margin, hi[i]+margin
	}
	if !(hi[0] > lo[0]) || !(hi[1] > lo[1]) {
		return nil
	}
	f.X0, f.X1, f.Y0, f.Y1 = panels.Short(lo[0]), panels.Short(hi[0]), panels.Short(lo[1]), panels.Short(hi[1])
	var rows []float64
	for j := range frameCells {
		for i := range frameCells {
			rows = append(rows, f.X0+(f.X1-f.X0)*(float64(i)+0.5)/frameCells, f.Y0+(f.Y1-f.Y0)*(float64(j)+0.5)/frameCells)
		}
	}
	chance := 1 / float64(max(2, len(points.Classes)))
	for _, k := range ends(len(way), mostFrames-1) {
		if err := frame(ctx, &f, t, way[k], rows, chance); err != nil {
			return err
		}
	}
	for _, k := range pick(len(train), 2*mostTracks) {
		row := points.Row(train[k])
		f.PX, f.PY = append(f.PX, panels.Floats(row[:1])...), append(f.PY, panels.Floats(row[1:2])...)
		f.PClass = append(f.PClass, points.Labels[train[k]])
	}
	if len(f.Frames) > 1 {
		s.Frames = append(s.Frames, f)
	}
	return nil
}

// frame adds one stage; a control whose states blow up has none.
func frame(ctx context.Context, f *panels.Frames, t *tasks.Classify, s run.Snapshot, rows []float64, chance float64) error {
	class, probability, err := t.Decide(ctx, s.Theta, rows)
	if err != nil {
		return ctx.Err()
	}
	out := panels.Frame{Iteration: s.Iteration, Loss: panels.Floats([]float64{s.Loss})[0], Class: class}
	for i, q := range probability {
		if len(f.Classes) == 2 && class[i] == 0 { // of the second class
			q = 1 - q
		}
		out.Sure = append(out.Sure, int(min(9, max(0, 9.99*(q-chance)/(1-chance)))))
	}
	f.Frames = append(f.Frames, out)
	return nil
}

// moving is how the flow carries training points, each of a class, from beginning to end.
func moving(ctx context.Context, s *panels.Set, r *run.Result, classes []string, class func(sample int) int, caption string) error {
	p, settings := excerpt(r)
	if p.Field.Dim() < 2 || p.Field.Dim() > 16 {
		return nil
	}
	settings.Solver.MaxStep = (p.T1 - p.T0) / flowTimes
	if settings.Steps > 0 {
		settings.Steps = max(settings.Steps, flowTimes/max(1, len(p.Control.Mesh)))
	}
	w, err := pmp.NewSweeper(p, settings)
	if err != nil {
		return err
	}
	tr := w.NewTrajectory()
	if err := w.Forward(ctx, tr, r.Best); err != nil {
		return ctx.Err() // a model that blows up has no flow to show
	}
	f := panels.Flow{ID: "flow", Title: "Flow of the points", XLabel: "x₁", YLabel: "x₂", TLabel: "t", Classes: classes, Caption: caption}
	first, _ := tr.Path(0)
	steps := ends(len(first), flowTimes)
	for _, k := range steps {
		f.T = append(f.T, panels.Short(first[k]))
	}
	for sample := 0; sample < p.Samples() && len(f.Tracks) < mostTracks; sample++ {
		times, x := tr.Path(sample)
		if len(times) != len(first) {
			break
		}
		track := panels.Track{Class: class(sample)}
		var xs, ys []float64
		for _, k := range steps {
			xs, ys = append(xs, x[k][0]), append(ys, x[k][1])
		}
		track.X, track.Y = panels.Floats(xs), panels.Floats(ys)
		f.Tracks = append(f.Tracks, track)
	}
	s.Flows = append(s.Flows, f)
	return nil
}

// fitted is the model's trajectory in the plane of the first two columns, with the observations.
func fitted(ctx context.Context, s *panels.Set, t *tasks.Fit, theta []float64) error {
	_, x, names := t.Observations()
	d := len(names)
	if d < 2 {
		return nil
	}
	times, model, err := t.Fine(ctx, theta)
	if err != nil {
		return ctx.Err() // a model that blows up has no trajectory to show
	}
	f := panels.Flow{ID: "flow", Title: "Trajectory in the plane", XLabel: names[0], YLabel: names[1], TLabel: t.TimeName(), Classes: []string{"model", "data"},
		Caption: "The model's own trajectory from the first observation, and all observations."}
	data := panels.Track{Class: 1, Still: true}
	var px, py []float64
	for _, k := range pick(len(x)/d, 4*mostTracks) {
		px, py = append(px, x[k*d]), append(py, x[k*d+1])
	}
	data.X, data.Y = panels.Floats(px), panels.Floats(py)
	f.Tracks = []panels.Track{data}
	pieces := apart(times)
	steps := ends(pieces[0].to-pieces[0].from, 8*flowTimes/min(len(pieces), 4))
	shared := true
	for _, p := range pieces {
		shared = shared && times[p.from] == times[pieces[0].from] && times[p.to-1] == times[pieces[0].to-1]
	}
	for _, k := range steps {
		if at := times[pieces[0].from+k]; shared {
			f.T = append(f.T, panels.Short(at))
		} else {
			f.T = append(f.T, panels.Short(float64(k)/float64(pieces[0].to-pieces[0].from-1)))
			f.TLabel = "share of its time"
		}
	}
	if len(pieces) > 1 {
		f.Caption = fmt.Sprintf("The model's own trajectories from their first observations%s, and all observations.", some(len(pieces), mostPieces))
	}
	for _, p := range pieces[:min(len(pieces), mostPieces)] {
		var xs, ys []float64
		for _, k := range steps {
			k = min(p.from+k, p.to-1)
			xs, ys = append(xs, model[k*d]), append(ys, model[k*d+1])
		}
		track := panels.Track{X: panels.Floats(xs), Y: panels.Floats(ys)}
		if xs, ys = nil, nil; p.to-p.from > len(steps) { // where the state moves quickly the times of the slider are far apart
			for k := p.from; k < p.to; k++ {
				xs, ys = append(xs, model[k*d]), append(ys, model[k*d+1])
			}
			track.LineX, track.LineY = panels.Floats(xs), panels.Floats(ys)
		}
		f.Tracks = append(f.Tracks, track)
	}
	s.Flows = append(s.Flows, f)
	return nil
}

const mostPieces = 12

// piece is a range of indexes.
type piece struct{ from, to int }

// apart cuts times where NaN parts trajectories.
func apart(times []float64) []piece {
	out := []piece{{0, 0}}
	for i, t := range times {
		if math.IsNaN(t) {
			out = append(out, piece{i + 1, i + 1})
			continue
		}
		out[len(out)-1].to = i + 1
	}
	return out
}

// plane is the path of a classical problem in the plane of its first two states.
func plane(ctx context.Context, s *panels.Set, t *tasks.Control, theta []float64) error {
	paths, err := t.Smooth(ctx, theta)
	if err != nil {
		return err
	}
	if len(t.Classical.States) < 2 || len(paths.T) < 2 {
		return nil
	}
	f := panels.Flow{ID: "flow", Title: "Path in the plane", XLabel: t.Classical.States[0], YLabel: t.Classical.States[1], TLabel: "t", Classes: []string{"state"},
		Caption: "The states along the horizon, the first two against each other."}
	var xs, ys []float64
	steps := ends(len(paths.T), 4*flowTimes)
	for _, k := range steps {
		f.T = append(f.T, panels.Short(paths.T[k]))
		xs, ys = append(xs, paths.X[k][0]), append(ys, paths.X[k][1])
	}
	f.Tracks = []panels.Track{{X: panels.Floats(xs), Y: panels.Floats(ys)}}
	s.Flows = append(s.Flows, f)
	return nil
}

// Package pictures chooses and draws the figures of a run from its metrics and its best control, and has the report
// rewritten.
package pictures

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/costate-go/costate/experiments/figures"
	"github.com/costate-go/costate/experiments/panels"
	"github.com/costate-go/costate/experiments/report"
	"github.com/costate-go/costate/experiments/run"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/pmp"
)

// Draw writes figures and report of a run. Where the report is switched off it writes the report without figures.
func Draw(ctx context.Context, r *run.Result) error {
	var drawn error
	if r.Config.Report.Figures {
		list, err := Figures(ctx, r)
		if err != nil {
			return err
		}
		for _, f := range list {
			if err := f.Write(r.Dir.Path(rundir.Figures), r.Config.Report.Formats); err != nil {
				return err
			}
		}
		drawn = moved(ctx, r)
	}
	return errors.Join(drawn, report.Write(r.Dir.Path(), report.Options{}))
}

// moved writes what moves in the report.
func moved(ctx context.Context, r *run.Result) error {
	set, err := Panels(ctx, r)
	if err != nil {
		return err
	}
	return panels.Write(r.Dir.Path(rundir.Figures), set)
}

// Figures draws the figures that suit the task, the most telling ones first.
func Figures(ctx context.Context, r *run.Result) ([]*figures.Figure, error) {
	var list []*figures.Figure
	var err error
	switch t := r.Task.(type) {
	case *tasks.Fit:
		list, err = fit(ctx, t, r.Best)
	case *tasks.Sine:
		list, err = sine(ctx, t, r.Best)
	case *tasks.Classify:
		list, err = classify(ctx, t, r.Best)
	case *tasks.Policy:
		list, err = policy(ctx, t, r.Best)
	case *tasks.Density:
		list, err = density(ctx, t, r)
	case *tasks.Control:
		list, err = control(ctx, t, r)
	case *tasks.Layers:
		list, err = confusion(t.Confusion(ctx, r.Best))
	case *tasks.Lifted:
		list, err = confusion(t.Confusion(ctx, r.Best))
	}
	if err != nil {
		return nil, err
	}
	curves, err := progress(r.Dir.Path())
	if err != nil {
		return nil, err
	}
	list = append(list, curves...)
	if r.Task.Problem() == nil { // discrete time has no path
		return list, nil
	}
	along, err := path(ctx, r)
	return append(list, along...), err
}

// progress draws what changed over the iterations.
func progress(dir string) ([]*figures.Figure, error) {
	rows, err := rundir.ReadMetrics(dir)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var k, loss, val, residual, h []float64
	best, at := math.Inf(1), -1.0
	for _, m := range rows {
		k = append(k, float64(m.Iteration))
		loss = append(loss, float64(m.Loss))
		val = append(val, float64(m.ValLoss))
		residual = append(residual, float64(m.PMPResidual))
		h = append(h, float64(m.Hamiltonian))
		score := float64(m.Loss)
		if v := float64(m.ValLoss); !math.IsNaN(v) {
			score = v
		}
		if m.Accepted && score < best {
			best, at = score, float64(m.Iteration)
		}
	}
	return []*figures.Figure{
		figures.Loss(k, loss, val, at),
		figures.PMPResidual(k, residual),
		figures.Curves(figures.Axes{
			Name: "hamiltonian_iterations", Title: "Hamiltonian over the iterations", X: "iteration", Y: "mean of H over time and samples",
			Caption: "The average of the Hamiltonian along the trajectories.",
		}, []figures.Curve{{Name: "H", X: k, Y: h}}),
	}, nil
}

// excerpt is the problem of a run with its first samples alone, and settings whose trajectories can be looked at. The samples share their steps.
func excerpt(r *run.Result) (*pmp.Problem, pmp.Settings) {
	const most = 128
	p, s := pmp.Excerpt(r.Task.Problem(), r.Settings)
	s.KeepBytes = -1 // what is looked at once may be computed twice
	n, d := p.Samples(), p.Field.Dim()
	if n <= most {
		return p, s
	}
	q := *p
	q.X0 = make([]float64, 0, d*most)
	for i := range d {
		q.X0 = append(q.X0, p.X0[i*n:i*n+most]...)
	}
	return &q, s
}

// path draws what varies along the horizon at the best control: the Hamiltonian and the solver's steps.
func path(ctx context.Context, r *run.Result) ([]*figures.Figure, error) {
	p, s := excerpt(r)
	w, err := pmp.NewSweeper(p, s)
	if err != nil {
		return nil, err
	}
	tr := w.NewTrajectory()
	if err := w.Forward(ctx, tr, r.Best); err != nil {
		return nil, err
	}
	w.Backward(tr)
	times, _ := tr.Path(0)
	t, h := w.Hamiltonian(tr)
	if n := len(h); n > 0 && t[n-1] < times[len(times)-1] { // what holds at the beginning of the last step, to its end
		t, h = append(t, times[len(times)-1]), append(h, h[n-1])
	}
	list := []*figures.Figure{figures.Hamiltonian("t", []figures.Curve{{Name: "H at the best control", X: t, Y: h, Steps: true}})}
	list = append(list, costates(tr, p.Samples()))
	sizes := make([]float64, 0, len(times))
	for i := 1; i < len(times); i++ {
		sizes = append(sizes, times[i]-times[i-1])
	}
	if len(sizes) > 0 {
		list = append(list, figures.Steps("t", times[:len(sizes)], sizes, make([]bool, len(sizes))))
	}
	if _, classical := r.Task.(*tasks.Control); !classical && w.Nodes() > 1 {
		list = append(list, weights(p, values(p, r.Best), w.Params()))
	}
	return list, nil
}

// costates draws the size of the costates of the first samples, which share their steps, along the horizon.
func costates(tr *pmp.Trajectory, samples int) *figures.Figure {
	times, _ := tr.Costate(0)
	mean, most := make([]float64, len(times)), make([]float64, len(times))
	n := 0
	for s := range min(samples, 128) {
		t, p := tr.Costate(s)
		if len(t) != len(times) {
			break
		}
		for k := range p {
			size := norm(p[k])
			mean[k] += size
			most[k] = max(most[k], size)
		}
		n++
	}
	for k := range mean {
		mean[k] /= float64(max(n, 1))
	}
	a := figures.Axes{Name: "costate_norm", Title: "Size of the costates", X: "t", Y: "|p(t)|", Caption: "The Euclidean norm of the costate at the best control along the horizon."}
	if n < 2 {
		return figures.Curves(a, []figures.Curve{{Name: "|p|", X: times, Y: mean}})
	}
	a.Caption = fmt.Sprintf("The Euclidean norm of the costates of %d samples at the best control along the horizon: large where the loss depends strongly on the state.", n)
	return figures.Curves(a, []figures.Curve{{Name: "mean", X: times, Y: mean}, {Name: "largest", X: times, Y: most}})
}

// weights draws the size of a network's control over time.
func weights(p *pmp.Problem, theta []float64, params int) *figures.Figure {
	nodes := len(theta) / params
	values := make([]float64, nodes)
	for j := range nodes {
		for _, v := range theta[j*params : (j+1)*params] {
			values[j] += v * v
		}
		values[j] = math.Sqrt(values[j])
	}
	steps := p.Control.Kind < pmp.PiecewiseLinear
	if steps {
		values = append(values, values[nodes-1]) // to the end of the last interval
	}
	return figures.Curves(figures.Axes{
		Name: "weights", Title: "Size of the weights", X: "t", Y: "|θ(t)|",
		Caption: "The Euclidean norm of the network's parameters along the horizon.",
	}, []figures.Curve{{Name: "|θ(t)|", X: p.Control.Mesh, Y: values, Steps: steps}})
}

func fit(ctx context.Context, t *tasks.Fit, theta []float64) ([]*figures.Figure, error) {
	times, x, names := t.Observations()
	d := len(names)
	o := figures.Observed{TimeLabel: t.TimeName(), Names: names, T: times, X: x, Held: t.HeldOut()}
	model, err := t.Trajectory(ctx, theta)
	if err != nil && ctx.Err() != nil {
		return nil, err
	}
	if err == nil { // a model that blows up has no trajectory to draw
		o.ModelT, o.ModelX = times, model
		if fine, y, err := t.Fine(ctx, theta); err == nil {
			o.ModelT, o.ModelX = fine, y
		}
	}
	list := []*figures.Figure{figures.Trajectory(o)}
	if d >= 2 {
		plane := figures.Plane{X: names[0], Y: names[1], Field: t.Plane(theta)}
		for k := range times {
			plane.DataX, plane.DataY = append(plane.DataX, x[k*d]), append(plane.DataY, x[k*d+1])
		}
		for k := range o.ModelT {
			plane.ModelX, plane.ModelY = append(plane.ModelX, o.ModelX[k*d]), append(plane.ModelY, o.ModelX[k*d+1])
		}
		list = append(list, figures.Phase(plane))
	}
	return list, nil
}

func sine(ctx context.Context, t *tasks.Sine, theta []float64) ([]*figures.Figure, error) {
	const points = 400
	x, y, train, held := t.Data()
	grid := make([]float64, points+1)
	for i := range grid {
		grid[i] = math.Pi * (2*float64(i)/points - 1)
	}
	model, err := t.Values(ctx, theta, grid)
	if err != nil {
		return nil, err
	}
	o := figures.Observed{TimeLabel: "x", Names: []string{"y"}, Held: make([]bool, 0, len(x)), ModelT: grid, ModelX: model}
	for i, set := range [][]int{train, held} {
		for _, k := range set {
			o.T, o.X, o.Held = append(o.T, x[k]), append(o.X, y[k]), append(o.Held, i == 1)
		}
	}
	f := figures.Trajectory(o)
	f.Name, f.Title, f.Caption = "regression", "Regression", "Data and the network's output, the sum of its final states."
	return []*figures.Figure{f}, nil
}

func classify(ctx context.Context, t *tasks.Classify, theta []float64) ([]*figures.Figure, error) {
	p, _, _ := t.Data()
	if p.Dim() != 2 {
		return nil, nil
	}
	var failed error
	o := figures.Regions{X: p.Names[0], Y: p.Names[1], Labels: p.Labels, Classes: p.Classes}
	for s := range p.Len() {
		o.PX, o.PY = append(o.PX, p.Row(s)[0]), append(o.PY, p.Row(s)[1])
	}
	o.Classify = func(x, y []float64) ([]int, []float64) {
		rows := make([]float64, 0, 2*len(x))
		for i := range x {
			rows = append(rows, x[i], y[i])
		}
		class, probability, err := t.Decide(ctx, theta, rows)
		if err != nil {
			failed = err
			class, probability = make([]int, len(x)), make([]float64, len(x))
			for i := range class {
				class[i] = -1
			}
		}
		for i, q := range probability { // of the class that was chosen
			if len(p.Classes) == 2 && class[i] == 0 {
				probability[i] = 1 - q
			}
		}
		return class, probability
	}
	f := figures.Decision(o)
	return []*figures.Figure{f}, failed
}

// confusion draws what a classifier of pictures confuses.
func confusion(classes []string, count [][]int, err error) ([]*figures.Figure, error) {
	if err != nil {
		return nil, err
	}
	return []*figures.Figure{figures.Confusion(classes, count)}, nil
}

func control(ctx context.Context, t *tasks.Control, r *run.Result) ([]*figures.Figure, error) {
	paths, err := t.Smooth(ctx, r.Best)
	if err != nil {
		return nil, err
	}
	p := t.Problem()
	m := t.Classical.Field.P
	shape, theta := t.Shape(r.Best)
	u := figures.Controls{TimeLabel: "t", Knots: shape.Mesh, Steps: shape.Kind < pmp.PiecewiseLinear, Lower: t.Classical.Lower, Upper: t.Classical.Upper}
	if p.Control.Kind == pmp.Constant {
		u.Knots = []float64{p.T0, p.T1}
	}
	for i := range m {
		name := "u"
		if m > 1 {
			name = fmt.Sprintf("u%d", i+1)
		}
		u.Names = append(u.Names, name)
		var v []float64
		for j := 0; j < len(theta); j += m {
			v = append(v, theta[j+i])
		}
		u.Values = append(u.Values, v)
	}
	states, costates := figures.Axes{Name: "states", Title: "States", X: "t", Y: "x", Caption: "States along the horizon."},
		figures.Axes{Name: "costates", Title: "Costates", X: "t", Y: "p", Caption: "Costates along the horizon."}
	var xs, ps []figures.Curve
	for i, name := range t.Classical.States {
		x := figures.Curve{Name: name, X: paths.T}
		q := figures.Curve{Name: fmt.Sprintf("p of %s", name), X: paths.T}
		for k := range paths.T {
			x.Y, q.Y = append(x.Y, paths.X[k][i]), append(q.Y, paths.P[k][i])
		}
		xs, ps = append(xs, x), append(ps, q)
	}
	list := []*figures.Figure{figures.Control(u), figures.Curves(states, xs), figures.Curves(costates, ps)}
	held, err := constraints(ctx, t, r.Best)
	return append(list, held...), err
}

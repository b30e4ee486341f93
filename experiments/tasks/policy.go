package tasks

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/systems"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
)

// Policy trains a network u = π(t, x, θ) that brings a plant to rest, over random initial states. The cost is the mean over them of
// ∫ q·size(x) + r·u² dt + w·size(x(t1)), whose integral is the last state of the closed loop.
type Policy struct {
	points
	plant    *systems.Plant
	feedback *neural.Feedback
}

func newPolicy(c *config.Config, threads int) (*Policy, error) {
	s, err := SweepSettings(c, threads)
	if err != nil {
		return nil, err
	}
	own, q := *c, &c.Policy // the flow's horizon is the plant's
	plant := systems.PlantByName(q.Plant)
	spread, t1 := q.Spread, q.Horizon
	if spread == nil {
		spread = plant.Spread
	}
	if len(spread) != len(plant.States) {
		return nil, configError("policy.spread", fmt.Sprintf("has %d numbers, and %s has %d states (%s)", len(spread), plant.Name, len(plant.States), strings.Join(plant.States, ", ")))
	}
	if t1 == 0 {
		t1 = plant.T1
	}
	own.Data.T0, own.Data.T1 = 0, t1
	d := len(plant.States)
	net, err := settingsOf(c, d)
	if err != nil {
		return nil, err
	}
	loop := neural.FeedbackConfig{Plant: plant.Steered(q.StateWeight, q.ControlWeight), See: d, Policy: net}
	if q.Limit > 0 {
		loop.Policy.Output, loop.Scale = neural.Tanh, []float64{q.Limit}
	}
	t := &Policy{plant: plant}
	if t.feedback, err = neural.NewFeedback(loop); err != nil {
		return nil, err
	}
	all := &data.Points{Source: plant.Name, Names: plant.States}
	src := data.Stream(c.Seed, "initial states")
	for range q.Samples + q.HeldOut {
		for _, half := range spread {
			all.X = append(all.X, half*(2*src.Float64()-1))
		}
	}
	t.points = points{c: &own, settings: s, all: all, dim: d + 1, field: &model{Field: t.feedback, network: t.feedback}, scaler: data.Scaler{Transform: "none"}}
	for i := range all.Len() {
		if i < q.Samples {
			t.train = append(t.train, i)
		} else {
			t.held = append(t.held, i)
		}
	}
	t.start = func(dst, point []float64) { copy(dst, point) }
	t.cost = func([]int) pmp.Cost { return &steered{plant: plant, weight: q.TerminalWeight} }
	return t, t.Enter(0)
}

// steered is the cost of a closed loop: what its last state counted, and the final distance from rest.
type steered struct {
	plant  *systems.Plant
	weight float64
}

// Eval implements pmp.Cost.
func (c *steered) Eval(grad, x []float64, _, batch int) float64 {
	d := len(c.plant.States)
	sum := 0.0
	var one, g [8]float64
	for s := range batch {
		for i := range d {
			one[i] = x[i*batch+s]
		}
		sum += x[d*batch+s] + c.weight*c.plant.Size(g[:d], one[:d])
		if grad == nil {
			continue
		}
		for i := range d {
			grad[i*batch+s] += c.weight * g[i]
		}
		grad[d*batch+s]++
	}
	return sum
}

// Metrics implements Task: mean costs of the training and the held-out initial states, the share of the latter that comes to rest (within
// 0.1 of it), and the farthest from it in the end. Where the plant is linear and has no limit, the cost of the best policy, by Riccati's
// equation, and how much more the network needs.
func (t *Policy) Metrics(ctx context.Context, theta []float64) (map[string]float64, error) {
	m := map[string]float64{}
	j, _, err := t.flow(ctx, theta, t.train)
	if err != nil {
		return m, err
	}
	m["train_cost"] = j
	j, end, err := t.flow(ctx, theta, t.held)
	if err != nil {
		return m, err
	}
	m["held_out_cost"] = j
	n, d := len(t.held), len(t.plant.States)
	resting, worst := 0.0, 0.0
	x := make([]float64, d)
	for s := range n {
		for i := range d {
			x[i] = end[i*n+s]
		}
		away := math.Sqrt(max(0, t.plant.Size(nil, x)))
		if worst = max(worst, away); away < 0.1 {
			resting++
		}
	}
	m["held_out_at_rest"], m["held_out_farthest"] = resting/float64(n), worst
	if t.plant.A == nil || t.c.Policy.Limit > 0 {
		return m, nil
	}
	m["reference_cost"], err = t.regulator(ctx)
	m["gap"] = j - m["reference_cost"]
	return m, err
}

// regulator is the mean cost of the held-out initial states under the linear-quadratic regulator: x·P(0)x with
// −Ṗ = AᵀP + PA − PBBᵀP/r + q, P(t1) = w.
func (t *Policy) regulator(ctx context.Context) (float64, error) {
	d, q := len(t.plant.States), &t.c.Policy
	a, b := t.plant.A, t.plant.B
	riccati := func(dp []float64, _ float64, p []float64) {
		for i := range d {
			for j := range d {
				v, left, right := 0.0, 0.0, 0.0
				for k := range d {
					v += a[k*d+i]*p[k*d+j] + p[i*d+k]*a[k*d+j]
					left += p[i*d+k] * b[k]
					right += b[k] * p[k*d+j]
				}
				if v -= left * right / q.ControlWeight; i == j {
					v += q.StateWeight
				}
				dp[i*d+j] = v // backward in time
			}
		}
	}
	p := make([]float64, d*d)
	for i := range d {
		p[i*d+i] = q.TerminalWeight
	}
	sol, err := ode.Solve(ctx, ode.Problem{F: riccati, X0: p, T0: 0, T1: t.c.Data.T1}, ode.Settings{RTol: 1e-9, ATol: 1e-11, EndOnly: true, SkipDense: true})
	if err != nil {
		return 0, err
	}
	p = sol.Final()
	sum := 0.0
	for _, k := range t.held {
		x := t.all.Row(k)
		for i := range d {
			for j := range d {
				sum += x[i] * p[i*d+j] * x[j]
			}
		}
	}
	return sum / float64(len(t.held)), nil
}

// About implements Task.
func (t *Policy) About() About {
	a := t.points.About()
	a.Data = fmt.Sprintf("%s, %d random initial states for training and %d held out, horizon %g", t.plant.Title, len(t.train), len(t.held), t.c.Data.T1)
	in := len(t.plant.States)
	if t.c.Field.Time {
		in++
	}
	a.Model = fmt.Sprintf("policy MLP %d-%s1 (%s), %d parameters", in, widths(t.c.Field.Hidden), t.c.Field.Activation, t.field.NumParams()) + meshed(&t.c.Control)
	a.Validation, a.Hashes = 0, nil
	return a
}

func widths(hidden []int) string {
	text := ""
	for _, h := range hidden {
		text += fmt.Sprintf("%d-", h)
	}
	return text
}

// Steer runs the closed loop from an initial state, to draw it: times, states and controls.
func (t *Policy) Steer(ctx context.Context, theta, x0 []float64) (times []float64, x [][]float64, u []float64, err error) {
	const points = 200
	for i := range points + 1 {
		times = append(times, t.c.Data.T1*float64(i)/points)
	}
	control, err := controlOf(&t.c.Control, 0, t.c.Data.T1)
	if err != nil {
		return nil, nil, nil, err
	}
	ev, node := t.feedback.NewEvaluator(1), make([]float64, t.feedback.NumParams())
	f := func(dx []float64, at float64, x []float64) {
		ev.Bind(control.At(node, theta, at))
		ev.Eval(dx, at, x)
	}
	s := t.settings.Solver
	s.SaveAt, s.SkipDense, s.Stops = times, true, control.Mesh
	if t.settings.Steps > 0 {
		s.Step = t.c.Data.T1 / float64(t.settings.Steps)
	}
	sol, err := ode.Solve(ctx, ode.Problem{F: f, X0: append(append([]float64(nil), x0...), 0), T1: t.c.Data.T1}, s)
	if err != nil {
		return nil, nil, nil, err
	}
	one := []float64{0}
	for k, at := range times {
		ev.Bind(control.At(node, theta, min(at, math.Nextafter(t.c.Data.T1, 0))))
		ev.(neural.Steering).Control(one, at, sol.X[k])
		x, u = append(x, sol.X[k]), append(u, one[0])
	}
	return times, x, u, nil
}

// States names the plant's states.
func (t *Policy) States() []string { return t.plant.States }

// Held are the held-out initial states, row by row.
func (t *Policy) Held() [][]float64 {
	var out [][]float64
	for _, k := range t.held {
		out = append(out, t.all.Row(k))
	}
	return out
}

// Plane is the closed loop's field at t = 0 in the plane of the first two states, nil where there are more.
func (t *Policy) Plane(theta []float64) func(x, y float64) (u, v float64) {
	if len(t.plant.States) != 2 {
		return nil
	}
	ev := t.feedback.NewEvaluator(1)
	ev.Bind(theta[:t.feedback.NumParams()])
	dx := make([]float64, 3)
	return func(x, y float64) (u, v float64) {
		ev.Eval(dx, 0, []float64{x, y, 0})
		return dx[0], dx[1]
	}
}

// Predict implements Task: rows are states at t = 0; the answer has the control there, the cost to come, and the final states.
func (t *Policy) Predict(ctx context.Context, theta []float64, in *data.Table) ([]string, [][]float64, error) {
	x, err := features(in, t.plant.States)
	if err != nil {
		return nil, nil, err
	}
	d := len(t.plant.States)
	header := append(append([]string(nil), t.plant.States...), "control", "cost")
	for _, name := range t.plant.States {
		header = append(header, "final_"+name)
	}
	n := len(x) / d
	end, err := t.ends(ctx, theta, x, d)
	if err != nil {
		return nil, nil, err
	}
	ev, u, state := t.feedback.NewEvaluator(1), []float64{0}, make([]float64, d+1)
	ev.Bind(theta[:t.feedback.NumParams()])
	cost := &steered{plant: t.plant, weight: t.c.Policy.TerminalWeight}
	var rows [][]float64
	for s := range n {
		copy(state, x[s*d:(s+1)*d])
		state[d] = 0
		ev.(neural.Steering).Control(u, 0, state)
		for i := range state {
			state[i] = end[i*n+s]
		}
		row := append(append([]float64(nil), x[s*d:(s+1)*d]...), u[0], cost.Eval(nil, state, 0, 1))
		rows = append(rows, append(row, state[:d]...))
	}
	return header, rows, nil
}

package tasks

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/formula"
	"github.com/costate-go/costate/experiments/internal/words"
	"github.com/costate-go/costate/experiments/safetensors"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/problems"
)

// Control is a classical optimal control problem.
type Control struct {
	c        *config.Config
	settings pmp.Settings
	problem  *pmp.Problem

	// Classical is the problem with its reference value.
	Classical *problems.Classical

	extremal *pmp.Extremal // found by shooting

	durations *pmp.Durations // where they are unknowns: of the problem, which is then one on another time
	start     []float64      // the first control of that, or of a refined mesh
	refined   *pmp.Refined   // how the mesh was found, nil where it was given
}

// classicalOf is the problem of a configuration.
func classicalOf(c *config.Config) (*problems.Classical, error) {
	classical, err := problems.ByName(c.Problem.Name)
	if err != nil {
		return nil, configError("problem.name", err.Error())
	}
	if c.Problem.Horizon > 0 && c.Problem.Horizon != classical.T1 {
		if classical.FreeTime {
			return nil, configError("problem.horizon", "the final time of this problem is free; leave the horizon out")
		}
		classical.T1, classical.Optimal = c.Problem.Horizon, math.NaN()
	}
	for _, b := range []struct {
		given []float64
		own   *[]float64
	}{{c.Control.Lower, &classical.Lower}, {c.Control.Upper, &classical.Upper}} {
		if b.given != nil {
			*b.own, classical.Optimal = b.given, math.NaN()
		}
	}
	names := formula.Names{States: classical.States, Controls: classical.Field.P}
	for _, text := range c.Problem.Constraints {
		g, err := formula.Constraint(text, names)
		if err != nil {
			return nil, configError("problem.constraints", err.Error())
		}
		classical.Paths, classical.Optimal = append(classical.Paths, *g), math.NaN()
	}
	if c.Control.Modes != nil && !math.IsNaN(classical.Optimal) && !classical.FreeTime {
		classical.Optimal = math.NaN()
	}
	if c.Control.Radius > 0 {
		classical.Lower, classical.Upper, classical.Optimal = nil, nil, math.NaN()
	}
	if c.Control.L0 > 0 || c.Optimizer.Maximizer == "finite" {
		classical.Optimal = math.NaN()
	}
	if c.Control.L1 > 0 || c.Control.L2 > 0 {
		classical.L1 += c.Control.L1
		classical.L2 += c.Control.L2
		classical.Optimal = math.NaN()
		if classical.Arcs != nil { // other arcs than without the price
			classical.Arcs, classical.Start.Switches = nil, nil
		}
	}
	return classical, nil
}

func newControl(c *config.Config, threads int) (*Control, error) {
	classical, err := classicalOf(c)
	if err != nil {
		return nil, err
	}
	kind, err := pmp.ParseKind(c.Control.Kind)
	if err != nil {
		return nil, err
	}
	s, err := SweepSettings(c, threads)
	if err != nil {
		return nil, err
	}
	t := &Control{c: c, settings: s, Classical: classical}
	t.problem = classical.Problem(kind, max(1, c.Control.Intervals))
	t.problem.Control.Radius, t.problem.Control.L0 = c.Control.Radius, c.Control.L0
	if err := t.jump(); err != nil {
		return nil, err
	}
	if err := t.pose(); err != nil {
		return nil, err
	}
	return t, t.refine()
}

// jump adds the jumps of the configuration, in the order of time.
func (t *Control) jump() error {
	names := formula.Names{States: t.Classical.States, Controls: t.Classical.Field.P}
	for _, text := range t.c.Problem.Jumps {
		j, err := formula.Jump(text, names)
		if err == nil && !(j.T > t.problem.T0 && j.T < t.problem.T1) {
			err = fmt.Errorf("%q lies outside of the time interval (%g, %g)", text, t.problem.T0, t.problem.T1)
		}
		if err != nil {
			return configError("problem.jumps", err.Error())
		}
		t.problem.Jumps, t.Classical.Optimal = append(t.problem.Jumps, j), math.NaN()
	}
	slices.SortFunc(t.problem.Jumps, func(a, b pmp.Jump) int { return cmp.Compare(a.T, b.T) })
	for k := 1; k < len(t.problem.Jumps); k++ {
		if at := t.problem.Jumps[k].T; at == t.problem.Jumps[k-1].T {
			return configError("problem.jumps", fmt.Sprintf("there are two at t = %g; write them as one", at))
		}
	}
	return nil
}

// Phase implements Task.
func (t *Control) Phase(int) int { return 0 }

// Enter implements Task.
func (t *Control) Enter(int) error { return nil }

// Problem implements Task.
func (t *Control) Problem() *pmp.Problem { return t.problem }

// Samples implements Task.
func (t *Control) Samples() int { return 1 }

// Select implements Task; there is one initial state.
func (t *Control) Select([]int) {}

// Initial implements Task.
func (t *Control) Initial() []float64 {
	if t.start != nil {
		return append([]float64(nil), t.start...)
	}
	theta := make([]float64, nodes(&t.c.Control)*t.Classical.Field.P)
	for i := range theta {
		theta[i] = t.c.Control.Initial
	}
	return theta
}

// Validate implements Task; there is nothing to hold out.
func (t *Control) Validate(context.Context, []float64) (float64, error) { return math.NaN(), nil }

// Metrics implements Task: cost, distance from the reference value, certificate, p(0), switching times. After shooting all but the
// certificate are those of the extremal, not of its control on the nodes.
func (t *Control) Metrics(ctx context.Context, theta []float64) (map[string]float64, error) {
	w, tr, err := evaluate(ctx, t.problem, t.settings, theta)
	if err != nil {
		return nil, err
	}
	w.Backward(tr)
	c, err := w.Certify(ctx, theta)
	if err != nil {
		return nil, err
	}
	m := map[string]float64{
		"on_bounds": c.OnBounds, "projected_gradient": c.ProjectedGradient, "costate_error": c.CostateError,
		"stationarity": c.Stationarity, "complementarity": c.Complementarity, "final_hamiltonian": c.FinalHamiltonian,
	}
	if t.c.Optimizer.Kind == "shooting" {
		extremal, err := t.extremalMetrics(ctx)
		maps.Copy(m, extremal)
		return m, err
	}
	m["cost"] = tr.J
	if !math.IsNaN(t.Classical.Optimal) {
		m["reference"] = t.Classical.Optimal
		m["gap"] = tr.J - t.Classical.Optimal
	}
	if len(t.problem.Constraints) > 0 {
		m["end_violation"], m["transversality"] = t.problem.EndViolation(tr), c.Transversality
	}
	if len(t.problem.Paths) > 0 {
		m["path_violation"], _ = t.problem.PathViolation(tr)
		m["path_complementarity"], m["least_multiplier"] = c.PathComplementarity, c.LeastMultiplier
	}
	for i, v := range c.P0[:t.Classical.Field.D] {
		m[fmt.Sprintf("p0_%d", i+1)] = v
	}
	for i, s := range c.Switches {
		m[fmt.Sprintf("switch_%d", i+1)] = s
	}
	t.durationMetrics(m, theta)
	t.refinementMetrics(m)
	return m, nil
}

// Paths returns states and controls over time for pictures and tables.
func (t *Control) Paths(ctx context.Context, theta []float64) (*Paths, error) {
	return t.paths(ctx, theta, t.settings)
}

// Smooth is Paths with steps so small that lines between their ends look like the curves.
func (t *Control) Smooth(ctx context.Context, theta []float64) (*Paths, error) {
	const steps = 200
	s, p := t.settings, t.problem
	longest := (p.T1 - p.T0) / steps
	if s.Solver.MaxStep == 0 || longest < s.Solver.MaxStep {
		s.Solver.MaxStep = longest
	}
	if intervals := max(1, len(p.Control.Mesh)-1); s.Steps > 0 {
		s.Steps = max(s.Steps, (steps+intervals-1)/intervals)
	}
	return t.paths(ctx, theta, s)
}

func (t *Control) paths(ctx context.Context, theta []float64, s pmp.Settings) (*Paths, error) {
	if t.c.Optimizer.Kind == "shooting" {
		return t.extremalPaths(ctx)
	}
	w, tr, err := evaluate(ctx, t.problem, s, theta)
	if err != nil {
		return nil, err
	}
	w.Backward(tr)
	out := &Paths{}
	out.T, out.X = tr.Path(0)
	_, out.P = tr.Costate(0)
	for k, at := range out.T {
		u := make([]float64, t.problem.Field.NumParams())
		if k == len(out.T)-1 {
			at = math.Nextafter(at, out.T[0]) // the control has its left-hand value at t1
		}
		out.U = append(out.U, append([]float64(nil), t.problem.Control.At(u, theta, at)...))
	}
	t.ownTime(out)
	return out, nil
}

// Paths are states, costates and controls at the ends of steps.
type Paths struct {
	T       []float64
	X, P, U [][]float64
}

// Tensors implements Task: the control at its nodes, and the knots of its mesh.
func (t *Control) Tensors(theta []float64) []safetensors.Tensor {
	p := t.Classical.Field.P
	knots := t.problem.Control.Mesh
	if t.durations != nil {
		var c pmp.Control
		c, theta = t.durations.Control(theta)
		knots = c.Mesh
	}
	return []safetensors.Tensor{
		{Name: "control", Shape: []int{len(theta) / p, p}, Data: theta},
		{Name: "mesh", Shape: []int{len(knots)}, Data: knots},
	}
}

// About implements Task.
func (t *Control) About() About {
	n := len(t.Initial())
	intervals := words.Count(t.c.Control.Intervals, "interval")
	switch {
	case t.durations != nil && t.durations.Modes != nil:
		intervals = words.Count(len(t.durations.Modes), "interval") + " of unknown length with given values"
	case t.durations != nil:
		intervals += " of unknown length"
	case t.refined != nil:
		intervals = fmt.Sprintf("%s, refined from %s", words.Count(len(t.problem.Control.Mesh)-1, "interval"), intervals)
	}
	return About{
		Data:   fmt.Sprintf("none; %s on [%g, %g]", t.Classical.Title, t.Classical.T0, t.Classical.T1),
		Model:  fmt.Sprintf("%s, %s, %s on %s", words.Count(t.Classical.Field.D, "state"), words.Count(t.Classical.Field.P, "control"), t.c.Control.Kind, intervals),
		Params: n, StateSize: t.Classical.Field.D, Samples: 1,
	}
}

// Predict implements Task: states, costates and controls over time; the input is not used.
func (t *Control) Predict(ctx context.Context, theta []float64, _ *data.Table) ([]string, [][]float64, error) {
	paths, err := t.Paths(ctx, theta)
	if err != nil {
		return nil, nil, err
	}
	header := []string{"t"}
	for i := range t.Classical.Field.D {
		header = append(header, fmt.Sprintf("x%d", i+1))
	}
	for i := range t.Classical.Field.D {
		header = append(header, fmt.Sprintf("p%d", i+1))
	}
	for i := range t.Classical.Field.P {
		header = append(header, fmt.Sprintf("u%d", i+1))
	}
	var rows [][]float64
	for k, at := range paths.T {
		row := append([]float64{at}, paths.X[k]...)
		rows = append(rows, append(append(row, paths.P[k]...), paths.U[k]...))
	}
	return header, rows, nil
}

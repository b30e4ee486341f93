package tasks_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/systems"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/pmp"
)

// trained is the control that a configuration's optimizer finds.
func trained(t *testing.T, c *config.Config) (tasks.Task, []float64) {
	t.Helper()
	task, w := build(t, c)
	opt, err := tasks.Optimizer(c, task.Problem())
	if err != nil {
		t.Fatal(err)
	}
	if err := opt.Init(ctx, w, task.Initial()); err != nil {
		t.Fatal(err)
	}
	for range c.Train.Iterations {
		it, err := opt.Step(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if it.Stop != pmp.InProgress {
			break
		}
	}
	return task, opt.Theta()
}

// From parameters that are off by a tenth to a third, Gauss–Newton finds those that made the data.
func TestParametersAreRecovered(t *testing.T) {
	for _, s := range systems.All() {
		t.Run(s.Name, func(t *testing.T) {
			over := []string{"data.source=" + s.Name, "field.kind=known", "optimizer.kind=gauss-newton", "data.validation=0", "solver.rtol=1e-9", "solver.atol=1e-11", "train.iterations=40"}
			c := parse(t, "", over...)
			c.Data.Points = min(s.Points, 200)
			c.Data.T1 = s.T1 * float64(c.Data.Points) / float64(s.Points)
			for i, v := range s.Values {
				c.Field.Parameters = append(c.Field.Parameters, v*[]float64{1.3, 0.8, 1.1, 0.9}[i])
			}
			task, theta := trained(t, c)
			m, err := task.Metrics(ctx, theta)
			if err != nil {
				t.Fatal(err)
			}
			if !(m["parameter_error"] < 1e-6) || math.Abs(m["parameter_"+s.Params[0]]-s.Values[0]) > 1e-6*s.Values[0] {
				t.Errorf("the parameters are %v, the data were made with %v", theta, s.Values)
			}
			if tensors := task.Tensors(theta); len(tensors) != 1 || tensors[0].Name != "parameters" || len(tensors[0].Data) != len(s.Params) {
				t.Errorf("tensors %+v", tensors)
			}
		})
	}
}

// A rate that changes in time is a control on a mesh: the driven pendulum's stiffness at the nodes where the data were made with
// a constant one.
func TestParametersOnAMesh(t *testing.T) {
	c := parse(t, "", "data.source=pendulum", "field.kind=known", "field.parameters=[3, 0.3]", "optimizer.kind=gauss-newton", "data.window=0", "data.points=100", "data.t1=6",
		"control.kind=piecewise-linear", "control.intervals=2", "solver.rtol=1e-9", "solver.atol=1e-11", "train.iterations=40")
	_, theta := trained(t, c)
	for i, v := range theta {
		if math.Abs(v-[]float64{4, 0.2}[i%2]) > 1e-5 {
			t.Errorf("parameters at the nodes: %v", theta)
			break
		}
	}
}

// The network of the hybrid pendulum learns the friction that its equation lacks, −0.2 times the velocity, and nothing of the angle.
func TestHybridLearnsTheFriction(t *testing.T) {
	c := parse(t, "hybrid_pendulum", "train.iterations=40")
	task, theta := trained(t, c)
	f, w := task.(*tasks.Fit), task.Problem().Field.NewEvaluator(1)
	w.Bind(theta)
	dx := make([]float64, 2)
	for _, x := range [][]float64{{1, 1}, {0.5, -2}, {-1, 0.5}, {0, 2}} {
		w.Eval(dx, 0, x)
		if got := dx[1] + 4*math.Sin(x[0]); dx[0] != x[1] || math.Abs(got+0.2*x[1]) > 0.02 {
			t.Errorf("at %v the velocity's equation gains %.4f, want %.4f", x, got, -0.2*x[1])
		}
	}
	m, err := f.Metrics(context.Background(), theta)
	if err != nil || !(m["trajectory_mae"] < 5e-3) {
		t.Errorf("%v %v", m, err)
	}
	if len(f.Tensors(theta)) != 4 {
		t.Errorf("%d tensors of a network with fixed parameters", len(f.Tensors(theta)))
	}
}

func TestModelsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		over []string
		want string
	}{
		"parameters":    {[]string{"field.kind=known", "field.parameters=1"}, "field.parameters: has 1 numbers, and spiral, whose parameters are damping, frequency, has 2"},
		"data":          {[]string{"data.source=sir", "data.parameters=1", "data.x0=[1,2]"}, "data.x0: has 2 numbers, and the state of sir has 3"},
		"units":         {[]string{"field.kind=known", "data.normalize=true"}, "is in the units of the data"},
		"sine":          {[]string{"data.source=sine", "field.kind=hybrid"}, `does not work with data.source = "sine"`},
		"no system":     {[]string{"data.source=csv", "data.file=x.csv", "field.kind=known"}, "field.system: name the system"},
		"other system":  {[]string{"field.kind=known", "field.system=lorenz"}, "lorenz has 3 states (x, y, z), and the data have 2 columns (y1, y2)"},
		"components":    {[]string{"field.kind=hybrid", "field.components=z"}, `no state "z"`},
		"network's own": {[]string{"field.kind=known", "field.hidden=3"}, "field.hidden: does not apply"},
	} {
		parsed, err := config.Parse("x", nil, c.over...)
		if err == nil {
			_, err = tasks.New(parsed, 1)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", name, err, c.want)
		}
	}
}

package tasks_test

import (
	"math"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/pmp"
)

// solve runs a configuration's optimizer to its end and returns the task with its metrics.
func solve(t *testing.T, c *config.Config) (tasks.Task, []float64, map[string]float64) {
	t.Helper()
	task, w := build(t, c)
	o, err := tasks.Optimizer(c, task.Problem())
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Init(ctx, w, task.Initial()); err != nil {
		t.Fatal(err)
	}
	for range c.Train.Iterations {
		it, err := o.Step(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if it.Stop != pmp.InProgress {
			break
		}
	}
	m, err := task.Metrics(ctx, o.Theta())
	if err != nil {
		t.Fatal(err)
	}
	return task, o.Theta(), m
}

// Problems that a line of a file changes have the costs that calculation on paper gives.
func TestPosedProblems(t *testing.T) {
	const v = 1.2 // speed limit: parabolic arcs of the length 3(v − 1)/2v, and J = 8v³/9(v − 1)
	for _, tc := range []struct {
		name      string
		cost      float64
		tolerance float64
		metrics   map[string]float64 // within 1e-4
		overrides []string
	}{
		{"control/speed_limit", 8 * v * v * v / (9 * (v - 1)), 1e-5, map[string]float64{"p0_1": 38.4, "p0_2": 9.6}, nil},
		{"control/speed_limit", 6, 1e-5, nil, []string{`problem.constraints=["velocity <= 2", "end: x1^2 + x2^2 <= 1e-3"]`}},
		{"control/speed_limit", 6, 1e-4, nil, []string{`problem.constraints=["velocity = 6*t*(1-t)"]`, "control.intervals=100"}},
		{"control/kick", 6.125, 1e-5, map[string]float64{"p0_1": 12, "p0_2": 5.5}, nil},
		{"control/refined", 6.0450277563, 1e-7, map[string]float64{"switch_1": 0.1127, "switch_2": 0.8873}, nil},
		{"control/modes", 2, 2e-6, map[string]float64{"switch_1": 1, "t1": 2, "p0_1": 1, "p0_2": 1}, nil},
		{"control/vehicle", 6.50963, 1e-5, nil, nil}, // on 800 intervals
	} {
		c := parse(t, tc.name, tc.overrides...)
		task, theta, m := solve(t, c)
		if math.Abs(m["cost"]-tc.cost) > tc.tolerance*tc.cost || m["path_violation"] > 1e-6 || m["end_violation"] > 1e-6 {
			t.Errorf("%s %v: J = %.9g, want %.9g; %v", tc.name, tc.overrides, m["cost"], tc.cost, m)
		}
		for name, want := range tc.metrics {
			tolerance := 1e-4 * (1 + math.Abs(want))
			if strings.HasPrefix(name, "switch") {
				tolerance = 2e-3 // of intervals
			}
			if math.Abs(m[name]-want) > tolerance {
				t.Errorf("%s: %s = %.9g, want %.9g", tc.name, name, m[name], want)
			}
		}
		if !(m["costate_error"] < 1e-5) || !(m["stationarity"] < 1e-4) || !(m["transversality"] < 1e-2) {
			t.Errorf("%s %v: costate off by %.2g, stationarity %.2g, transversality %.2g", tc.name, tc.overrides, m["costate_error"], m["stationarity"], m["transversality"])
		}
		if tc.name == "control/refined" && (m["intervals"] > 40 || m["refinement_residual"] > 1e-8 || len(theta) != int(m["intervals"])+1) {
			t.Errorf("%d nodes: %v", len(theta), m)
		}
		if len(task.Initial()) != len(theta) || task.About().Params != len(theta) {
			t.Errorf("%s: %d nodes, %d at first, %d said", tc.name, len(theta), len(task.Initial()), task.About().Params)
		}
		paths, err := task.(*tasks.Control).Paths(ctx, theta)
		if err != nil {
			t.Fatal(err)
		}
		if u := paths.U[0][0]; tc.name == "control/modes" && (u != 1 || paths.U[len(paths.U)-1][0] != -1 || len(paths.X[0]) != 2) {
			t.Errorf("the modes begin with %v and end with %v", u, paths.U[len(paths.U)-1])
		}
	}
}

// A mesh is found again, bit for bit, when a run is resumed.
func TestRefinementIsFoundAgain(t *testing.T) {
	c := parse(t, "control/refined")
	a, _ := build(t, c)
	b, _ := build(t, c)
	x, y := a.Problem().Control.Mesh, b.Problem().Control.Mesh
	if len(x) != len(y) || len(x) < 12 {
		t.Fatalf("%d and %d knots", len(x), len(y))
	}
	for k, v := range a.Initial() {
		if v != b.Initial()[k] || x[k] != y[k] {
			t.Fatalf("node %d: %v at %v, %v at %v", k, v, x[k], b.Initial()[k], y[k])
		}
	}
}

func TestBadlyPosedProblems(t *testing.T) {
	for _, tc := range []struct{ name, override, want string }{
		{"control/speed_limit", `problem.constraints=["speed <= 1"]`, `problem.constraints: "speed", at character 1`},
		{"control/speed_limit", `problem.constraints=["velocity < 1"]`, "no <=, >= or ="},
		{"control/kick", `problem.jumps=["1: x1 = 0"]`, "outside of the time interval"},
		{"control/kick", `problem.jumps=["0.5: x1 = 0", "0.5: x2 = 0"]`, "two at t = 0.5"},
	} {
		c := parse(t, tc.name, tc.override)
		_, err := tasks.New(c, 1)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s %s: %v, want %q", tc.name, tc.override, err, tc.want)
		}
	}
}

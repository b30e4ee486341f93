package tasks_test

import (
	"context"
	"math"
	"testing"

	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/pmp"
)

// Unknown durations: the structure of catalyst mixing and the least time of the double integrator from a control of zero.
func TestDurations(t *testing.T) {
	for _, tc := range []struct {
		name, intervals string
		want            map[string]float64
	}{
		{"control/minimum_time", "2", map[string]float64{"cost": 2, "switch_1": 1, "t1": 2, "p0_1": 1, "p0_2": 1}},
		{"control/catalyst_mixing", "3", map[string]float64{"cost": -0.048055686, "switch_1": 0.1362991, "switch_2": 0.7252302, "t1": 1}},
	} {
		c := parse(t, tc.name, "control.kind=piecewise-constant", "control.intervals="+tc.intervals, "control.durations=true", "optimizer.kind=riccati",
			"solver.method=vern7", "solver.rtol=1e-10", "solver.atol=1e-11")
		task, w := build(t, c)
		control := task.(*tasks.Control)
		o, err := tasks.Optimizer(c, task.Problem())
		if err != nil {
			t.Fatal(err)
		}
		theta := task.Initial()
		if err := o.Init(ctx, w, theta); err != nil {
			t.Fatal(err)
		}
		for range 300 {
			it, err := o.Step(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if it.Stop != pmp.InProgress {
				break
			}
		}
		theta = o.Theta()
		m, err := task.Metrics(ctx, theta)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range tc.want {
			if math.Abs(m[name]-want) > 2e-6 {
				t.Errorf("%s: %s = %.9g, want %.9g", tc.name, name, m[name], want)
			}
		}
		paths, err := control.Paths(ctx, theta)
		if err != nil {
			t.Fatal(err)
		}
		last := len(paths.T) - 1
		for k, at := range paths.T {
			if k > 0 && at < paths.T[k-1] || len(paths.X[k]) != 2 || len(paths.P[k]) != 2 || len(paths.U[k]) != 1 {
				t.Fatalf("%s: point %d at t = %g: %v %v %v", tc.name, k, at, paths.X[k], paths.P[k], paths.U[k])
			}
		}
		if paths.T[0] != 0 || math.Abs(paths.T[last]-tc.want["t1"]) > 1e-5 {
			t.Errorf("%s: from %g to %g", tc.name, paths.T[0], paths.T[last])
		}
		shape, u := control.Shape(theta)
		tensors := task.Tensors(theta)
		if len(shape.Mesh) != len(u)+1 || math.Abs(shape.Mesh[1]-tc.want["switch_1"]) > 2e-6 || len(tensors[0].Data) != len(u) || tensors[1].Data[1] != shape.Mesh[1] {
			t.Errorf("%s: %v, %v; %v", tc.name, shape, u, tensors)
		}
		if _, _, err := task.Predict(ctx, theta, nil); err != nil {
			t.Error(err)
		}
	}
}

// The curves of pictures have points enough, and are those of the run.
func TestSmoothPaths(t *testing.T) {
	ctx := context.Background()
	for _, name := range []string{"control/modes", "control/scalar_lqr", "control/van_der_pol_bounded"} {
		c := parse(t, name)
		task, _ := build(t, c)
		control := task.(*tasks.Control)
		theta := task.Initial()
		coarse, err := control.Paths(ctx, theta)
		if err != nil {
			t.Fatal(err)
		}
		smooth, err := control.Smooth(ctx, theta)
		if err != nil {
			t.Fatal(err)
		}
		if len(smooth.T) <= 200 || len(smooth.X) != len(smooth.T) || len(smooth.P) != len(smooth.T) {
			t.Errorf("%s: %d points", name, len(smooth.T))
		}
		a, b := coarse.X[len(coarse.X)-1], smooth.X[len(smooth.X)-1]
		for i := range a {
			if math.Abs(a[i]-b[i]) > 1e-4*(1+math.Abs(a[i])) {
				t.Errorf("%s: state %d ends at %g, in the picture at %g", name, i, a[i], b[i])
			}
		}
	}
}

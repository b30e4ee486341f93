package tasks_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/tasks"
)

// A linear policy finds the gains of the regulator of q̈ = u with the cost ∫ q² + q̇² + u², which are 1 and √3, and its cost.
func TestPolicyFindsTheRegulator(t *testing.T) {
	task, theta := trained(t, parse(t, "policy_regulator"))
	for i, want := range []float64{-1, -math.Sqrt(3), 0} {
		if math.Abs(theta[i]-want) > 0.01 {
			t.Errorf("the policy is %v, the regulator −1, −√3", theta)
			break
		}
	}
	m, err := task.Metrics(ctx, theta)
	if err != nil || !(m["gap"] >= -1e-5) || !(m["gap"] < 1e-3) || m["held_out_at_rest"] != 1 {
		t.Errorf("%v %v", m, err)
	}
}

// A bounded policy lifts the pendulum from initial states that it was not trained on, and never pulls harder than it may.
func TestPolicyLiftsThePendulum(t *testing.T) {
	c := parse(t, "policy_pendulum", "policy.samples=64", "policy.held_out=64", "train.iterations=60", "train.batch=0", "optimizer.kind=lbfgs")
	built, theta := trained(t, c)
	task := built.(*tasks.Policy)
	m, err := task.Metrics(ctx, theta)
	if err != nil || !(m["held_out_at_rest"] > 0.9) {
		t.Errorf("%v %v", m, err)
	}
	var text strings.Builder
	text.WriteString("velocity,angle\n")
	for _, x := range task.Held() {
		fmt.Fprintf(&text, "%v,%v\n", x[1], x[0])
	}
	table, err := data.ParseTable("states.csv", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	header, rows, err := task.Predict(ctx, theta, table)
	if err != nil || fmt.Sprint(header) != "[angle velocity control cost final_angle final_velocity]" {
		t.Fatalf("%v %v", header, err)
	}
	mean := 0.0
	for _, r := range rows {
		mean += r[3] / float64(len(rows))
	}
	if math.Abs(mean-m["held_out_cost"]) > 1e-9*mean {
		t.Errorf("the predicted costs have the mean %v, the metrics %v", mean, m["held_out_cost"])
	}
	times, x, u, err := task.Steer(ctx, theta, task.Held()[0])
	if err != nil || len(x) != len(times) || len(u) != len(times) {
		t.Fatal(err)
	}
	for k, v := range u {
		if math.Abs(v) > 2 {
			t.Errorf("u = %v at t = %v", v, times[k])
		}
	}
	last := x[len(x)-1]
	if math.Abs(last[0]-rows[0][4]) > 1e-2 || math.Abs(u[0]-rows[0][2]) > 1e-12 {
		t.Errorf("steered to %v from %v by %v, predicted %v", last, x[0], u[0], rows[0])
	}
	if dx, dy := task.Plane(theta)(0.5, 0.25); dx != 0.25 || math.Abs(dy) > 3 {
		t.Errorf("field (%v, %v)", dx, dy)
	}
}

func TestPoliciesRefused(t *testing.T) {
	for name, c := range map[string]struct {
		over []string
		want string
	}{
		"spread": {[]string{"policy.spread=1"}, "has 1 numbers, and upright_pendulum has 2 states (angle, velocity)"},
		"plant":  {[]string{"policy.plant=rocket"}, "policy.plant: unknown value"},
		"single": {[]string{"precision=float32"}, "does not work with task = \"policy\""},
		"kind":   {[]string{"field.kind=gated"}, `"gated" is for task = "fit" or task = "classify"; choose from mlp`},
		"data":   {[]string{"data.t1=3"}, "data.t1: does not apply"},
	} {
		parsed, err := config.Parse("x", nil, append([]string{"task=policy"}, c.over...)...)
		if err == nil {
			_, err = tasks.New(parsed, 1)
		}
		var issues *config.Error
		if !errors.As(err, &issues) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", name, err, c.want)
		}
	}
}

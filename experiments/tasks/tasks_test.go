package tasks_test

import (
	"context"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/costate-go/costate/configs"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/internal/rng"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/pmp"
)

// jitter is a control near the task's first one with no symmetry left.
func jitter(task tasks.Task, size float64) []float64 {
	theta, src := task.Initial(), rng.New(7)
	for i := range theta {
		theta[i] += size * src.Normal()
	}
	return theta
}

var ctx = context.Background()

// Every task poses a problem whose gradient by the costate is that by central differences.
func TestGradients(t *testing.T) {
	small := []string{"data.points=60", "data.t1=3", "field.hidden=6", "solver.rtol=1e-6"}
	for _, tc := range []struct {
		name, config string
		over         []string
		size         float64
	}{
		{"spiral", "spiral", []string{"data.points=200", "data.t1=5", "field.hidden=8"}, 0.05},
		{"absolute loss", "", append([]string{"train.loss=absolute"}, small...), 0.05},
		{"augmented", "", append([]string{"field.augment=2"}, small...), 0.05},
		{"irregular times", "lotka_volterra", []string{"data.points=60", "data.window=10", "data.validation=0", "field.hidden=8"}, 0.05},
		{"irregular times, time input", "lotka_volterra", []string{"data.points=60", "data.window=10", "data.validation=0", "field.hidden=8", "field.time=true"}, 0.05},
		{"control in time", "", append([]string{"data.window=0", "control.kind=piecewise-linear", "control.intervals=3", "control.l2=0.01"}, small...), 0.05},
		{"sine", "emsa_sine", nil, 0.1},
		{"moons", "moons", []string{"data.samples=100"}, 0.05},
		{"circles", "circles", []string{"data.samples=60", "field.hidden=8"}, 0.05},
		{"inputs and trajectories", "rooms", []string{rooms, "data.window=0", "data.stride=0", "data.validation=0"}, 0.05},
		{"estimated starts", "pendulum_latent", []string{"data.points=40", "data.t1=3"}, 0.05},
		{"estimated starts in batches", "pendulum_latent", []string{"data.points=40", "data.t1=3", "data.window=8", "train.batch=3", "optimizer.kind=adam"}, 0.05},
		{"estimated starts in batches, irregular", "pendulum_latent", []string{"data.points=40", "data.t1=3", "data.window=8", "data.irregular=true", "train.batch=3", "optimizer.kind=adam"}, 0.05},
		{"estimated starts of a hybrid", "pendulum_latent", []string{"data.points=40", "data.t1=3", "field.kind=hybrid", "data.window=8", "data.irregular=true"}, 0.05},
		{"multiple shooting", "lorenz_shooting", []string{"data.points=61", "data.t1=1", "data.window=21", "data.stride=20"}, 0.05},
		{"Hamiltonian", "hamiltonian_pendulum", []string{"data.points=60", "data.t1=3"}, 0.05},
		{"convolution", "heat_stencil", []string{"data.points=20", "field.hidden=3"}, 0.05},
		{"gated, irregular times", "", append([]string{"field.kind=gated", "field.residual=true", "field.hidden=[6,6]", "data.irregular=true"}, small[:2]...), 0.05},
		{"known", "sir_parameters", nil, 0.05},
		{"known, driven, irregular times", "", []string{"data.source=driven_pendulum", "field.kind=known", "data.irregular=true", "data.points=60", "data.t1=3"}, 0.05},
		{"hybrid", "hybrid_pendulum", []string{"field.fit_parameters=true", "data.points=60", "data.t1=3"}, 0.05},
		{"density", "density_moons", []string{"data.samples=60", "data.normalize=true"}, 0.05},
		{"density, estimated and regularized", "density_pinwheel", []string{"data.samples=60", "density.trace=gaussian", "density.probes=2", "density.kinetic=0.1", "density.jacobian=0.05"}, 0.05},
		{"density, control in time", "density_moons", []string{"data.samples=60", "control.kind=piecewise-linear", "control.intervals=2", "density.trace=rademacher"}, 0.05},
		{"policy", "policy_pendulum", []string{"policy.samples=30"}, 0.05},
		{"policy in time", "policy_regulator", []string{"policy.samples=30", "field.hidden=5", "field.time=true", "control.kind=piecewise-linear", "control.intervals=2"}, 0.05},
		{"van der Pol", "control/van_der_pol_bounded", []string{"control.intervals=40"}, 0.1},
		{"Rayleigh", "control/rayleigh", []string{"control.intervals=40"}, 0.1},
		{"double integrator", "control/double_integrator_bounded", []string{"control.intervals=20"}, 0.1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := parse(t, tc.config, tc.over...)
			task, _ := build(t, c)
			s, err := tasks.SweepSettings(c, 1)
			if err != nil {
				t.Fatal(err)
			}
			off, err := pmp.CheckGradient(ctx, task.Problem(), s, jitter(task, tc.size), 3)
			if err != nil {
				t.Fatal(err)
			}
			if !(off <= 1e-6) {
				t.Errorf("the gradient differs from central differences by %.2g of its size", off)
			}
		})
	}
}

// Every configuration that comes with the program builds its task, sweeps, and names finite measures.
func TestConfigs(t *testing.T) {
	want := map[string]string{
		"circles": "train_accuracy train_cross_entropy held_out_accuracy held_out_cross_entropy", "emsa_sine": "train_mse held_out_mse",
		"spiral": "trajectory_mae trajectory_rmse", "lotka_volterra": "trajectory_mae trajectory_rmse truth_mae truth_rmse held_out_loss",
		"sir_parameters":                    "parameter_beta parameter_gamma parameter_error trajectory_mae",
		"density_moons":                     "train_nats held_out_nats reference_nats gap_nats kinetic_energy jacobian_energy",
		"policy_regulator":                  "train_cost held_out_cost held_out_at_rest held_out_farthest reference_cost gap",
		"control/rayleigh":                  "cost reference gap on_bounds projected_gradient costate_error p0_1 p0_2",
		"control/double_integrator_bounded": "cost reference gap end_violation transversality complementarity on_bounds projected_gradient costate_error p0_1 p0_2",
		"control/bryson_denham":             "cost reference path_violation path_complementarity least_multiplier p0_1 p0_2",
	}
	for _, name := range configs.Names() {
		t.Run(name, func(t *testing.T) {
			var over []string
			switch name { // paths are relative to the root
			case "csv":
				over = append(over, "data.file=../../configs/pendulum.csv")
			case "rooms":
				over = append(over, rooms)
			}
			if parse(t, name).Data.Source == "idx" {
				over = append(over, "data.folder="+mnist(t))
			}
			c := parse(t, name, over...)
			if c.Field.Kind == "layers" {
				discreteTask(t, c)
				return
			}
			task, w := build(t, c)
			theta := task.Initial()
			if len(theta) != w.NumControls() || task.About().Params != len(theta) {
				t.Fatalf("the control has %d numbers, the sweeper wants %d and the description says %d", len(theta), w.NumControls(), task.About().Params)
			}
			if j := cost(t, w, theta); math.IsNaN(j) || math.IsInf(j, 0) {
				t.Errorf("J = %g", j)
			}
			m, err := task.Metrics(ctx, theta)
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range m {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Errorf("%s = %g", k, v)
				}
			}
			if list, ok := want[name]; ok {
				for _, k := range strings.Fields(list) {
					if _, ok := m[k]; !ok {
						t.Errorf("%s is not among the measures %q", k, slices.Sorted(maps.Keys(m)))
					}
				}
			}
		})
	}
}

// The loss of a fit is the mean over windows, later points and components; here computed by solving every window alone.
func TestFitLossIsTheMeanOverWindows(t *testing.T) {
	for _, tc := range []struct {
		name string
		over []string
	}{
		{"regular", []string{"data.points=50", "data.t1=2", "data.window=7", "data.stride=5"}},
		{"irregular", []string{"data.source=lotka_volterra", "data.points=40", "data.t1=4", "data.irregular=true", "data.noise=0.1", "data.window=6"}},
		{"irregular, absolute", []string{"data.source=lotka_volterra", "data.points=40", "data.t1=4", "data.irregular=true", "data.window=6", "train.loss=absolute"}},
		{"irregular, time input", []string{"data.source=lotka_volterra", "data.points=40", "data.t1=4", "data.irregular=true", "data.window=6", "field.time=true"}},
		{"augmented", []string{"data.points=50", "data.t1=2", "field.augment=1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := parse(t, "", append(tc.over, "field.hidden=8", "data.validation=0", "solver.rtol=1e-10", "solver.atol=1e-12")...)
			task, w := build(t, c)
			theta := jitter(task, 0.05)
			got := cost(t, w, theta)

			series, err := data.LoadSeries(c)
			if err != nil {
				t.Fatal(err)
			}
			field, err := tasks.Field(c, series.Dim()+c.Field.Augment)
			if err != nil {
				t.Fatal(err)
			}
			ev := field.NewEvaluator(1)
			ev.Bind(theta)
			sum, n := 0.0, 0
			stride := c.Data.Stride
			if stride == 0 {
				stride = c.Data.Window / 2
			}
			windows := data.Windows(series.Len(), c.Data.Window, stride)
			if task.Samples() != len(windows) {
				t.Fatalf("%d windows, want %d", task.Samples(), len(windows))
			}
			for _, v := range windows {
				times := series.T[v.Start : v.Start+v.Len]
				x0 := make([]float64, field.Dim())
				copy(x0, series.Row(v.Start))
				sol, err := ode.Solve(ctx, ode.Problem{F: ev.Eval, X0: x0, T0: times[0], T1: times[v.Len-1]},
					ode.Settings{RTol: 1e-11, ATol: 1e-13, SaveAt: times})
				if err != nil {
					t.Fatal(err)
				}
				for k := 1; k < v.Len; k++ {
					for i, y := range series.Row(v.Start + k) {
						d := math.Abs(sol.X[k][i] - y)
						if c.Train.Loss == "squared" {
							d *= d
						}
						sum += d
						n++
					}
				}
			}
			if want := sum / float64(n); math.Abs(got-want) > 1e-8*want {
				t.Errorf("J = %.12g, window by window %.12g", got, want)
			}
		})
	}
}

// A mini-batch is the subset posed directly, also after its size changed, and nil is all samples again.
func TestSelect(t *testing.T) {
	for _, tc := range []struct {
		config string
		over   []string
	}{
		{"spiral", []string{"data.points=120", "data.t1=3", "field.hidden=8"}},
		{"lotka_volterra", []string{"data.points=60", "data.window=10", "data.validation=0", "field.hidden=8"}},
		{"emsa_sine", nil}, {"moons", []string{"data.samples=60"}}, {"circles", []string{"data.samples=60"}},
	} {
		t.Run(tc.config, func(t *testing.T) {
			c := parse(t, tc.config, append(tc.over, "solver.rtol=1e-10", "solver.atol=1e-12")...)
			task, w := build(t, c)
			theta := jitter(task, 0.05)
			all := cost(t, w, theta)
			n := task.Samples()
			// Samples one by one average to all of them; the control's own cost is in each.
			mean := 0.0
			for s := range n {
				task.Select([]int{s})
				mean += cost(t, w, theta) / float64(n)
			}
			if math.Abs(mean-all) > 1e-8*math.Abs(all) {
				t.Errorf("the mean over single samples is %.12g, J is %.12g", mean, all)
			}
			batch := []int{n - 1, 0, n / 2}
			single := 0.0
			for _, s := range batch {
				task.Select([]int{s})
				single += cost(t, w, theta) / 3
			}
			task.Select(batch)
			if got := cost(t, w, theta); math.Abs(got-single) > 1e-8*math.Abs(single) {
				t.Errorf("a batch of three costs %.12g, its samples %.12g on average", got, single)
			}
			other, v := build(t, c)
			other.Select(batch)
			if a, b := cost(t, w, theta), cost(t, v, theta); a != b {
				t.Errorf("the same batch costs %v after others and %v on a new task", a, b)
			}
			task.Select(nil)
			if got := cost(t, w, theta); got != all {
				t.Errorf("all samples cost %v before and %v after mini-batches", all, got)
			}
		})
	}
}

// Windows double every grow_every iterations up to grow_to.
func TestPhases(t *testing.T) {
	c := parse(t, "spiral", "data.points=300", "data.window=10", "data.grow_to=35", "data.grow_every=4", "data.validation=0")
	task, _ := build(t, c)
	for k, want := range []int{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2} {
		if got := task.Phase(k); got != want {
			t.Errorf("phase of iteration %d is %d, want %d", k, got, want)
		}
	}
	step := 25.0 / 299
	for phase, points := range []int{10, 20, 35} {
		if err := task.Enter(phase); err != nil {
			t.Fatal(err)
		}
		p := task.Problem()
		if len(p.Observations) != points-1 || math.Abs(p.T1-float64(points-1)*step) > 1e-9 {
			t.Errorf("phase %d: %d observations to t = %g, want windows of %d points to %g", phase, len(p.Observations), p.T1, points, float64(points-1)*step)
		}
	}
	c = parse(t, "spiral", "data.grow_to=0")
	if task, _ = build(t, c); task.Phase(1000) != 0 {
		t.Error("windows that do not grow have one phase")
	}
}

// The held-out loss is J of the held-out samples without the control's own cost, and NaN without such samples.
func TestHeldOut(t *testing.T) {
	c := parse(t, "moons", "data.samples=80", "data.validation=0.2", "data.test=0", "control.l2=0.1")
	task, _ := build(t, c)
	theta := jitter(task, 0.1)
	v, err := task.Validate(ctx, theta)
	if err != nil {
		t.Fatal(err)
	}
	m, err := task.Metrics(ctx, theta)
	if err != nil {
		t.Fatal(err)
	}
	if v != m["held_out_cross_entropy"] {
		t.Errorf("Validate gives %g and Metrics %g", v, m["held_out_cross_entropy"])
	}
	// From probabilities, point by point.
	classify := task.(*tasks.Classify)
	points, train, held := classify.Data()
	if len(train)+len(held) != 80 || len(held) != 16 {
		t.Fatalf("%d and %d points", len(train), len(held))
	}
	sum, right := 0.0, 0.0
	for _, k := range held {
		class, p, err := classify.Decide(ctx, theta, points.Row(k))
		if err != nil {
			t.Fatal(err)
		}
		if class[0] == points.Labels[k] {
			right++
		}
		if points.Labels[k] == 0 {
			p[0] = 1 - p[0]
		}
		sum -= math.Log(p[0]) / float64(len(held))
	}
	if math.Abs(sum-v) > 1e-5*v || right/16 != m["held_out_accuracy"] {
		t.Errorf("point by point: cross-entropy %g, accuracy %g; Metrics: %g, %g", sum, right/16, v, m["held_out_accuracy"])
	}
	none, _ := build(t, parse(t, "moons", "data.samples=40", "data.validation=0", "data.test=0"))
	if v, err := none.Validate(ctx, none.Initial()); err != nil || !math.IsNaN(v) {
		t.Errorf("without held-out points Validate gives %g, %v", v, err)
	}
}

// With more classes than two the last states are logits of a softmax.
func TestThreeClasses(t *testing.T) {
	var b strings.Builder
	b.WriteString("a,b,kind\n")
	src := rng.New(3)
	for k := range 60 {
		angle := 2 * math.Pi * float64(k%3) / 3
		row := []string{number(math.Cos(angle) + 0.1*src.Normal()), number(math.Sin(angle) + 0.1*src.Normal()), []string{"red", "green", "blue"}[k%3]}
		b.WriteString(strings.Join(row, ",") + "\n")
	}
	file := filepath.Join(t.TempDir(), "points.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	over := []string{"task=classify", "data.source=csv", "data.file=" + file, "field.hidden=8", "optimizer.kind=adam", "optimizer.learning_rate=0.05"}
	_, err := tasks.New(parse(t, "", over...), 1)
	var wrong *config.Error
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "field.augment") {
		t.Errorf("three classes in the plane: %v", err)
	}
	c := parse(t, "", append(over, "field.augment=1")...)
	j := train(t, c, 1, 60)
	if !(j[1] < 0.1*j[0]) {
		t.Errorf("Adam brings the cross-entropy from %g to %g", j[0], j[1])
	}
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// Lynx and hare (Hudson's Bay Company, 1900–1920): a real series from a file, logarithms, normalized.
func TestLynxHare(t *testing.T) {
	file := filepath.Join("..", "..", "..", "shared", "data", "lynx-hare.csv")
	if _, err := os.Stat(file); err != nil {
		t.Skipf("the data set is not here: %v", err)
	}
	c := parse(t, "", "data.source=csv", "data.file="+file, "data.transform=log", "data.normalize=true", "data.window=6", "field.hidden=8", "optimizer.kind=emsa")
	task, _ := build(t, c)
	fit := task.(*tasks.Fit)
	ts, x, names := fit.Observations()
	if len(ts) != 21 || ts[0] != 1900 || !slices.Equal(names, []string{"lynx", "hare"}) || math.Abs(x[0]-4) > 1e-9 || math.Abs(x[1]-30) > 1e-9 {
		t.Errorf("%d rows from %g, columns %v, first row %v", len(ts), ts[0], names, x[:2])
	}
	j := train(t, c, 1, 15)
	if !(j[1] < 0.5*j[0]) {
		t.Errorf("E-MSA brings the loss from %g to %g", j[0], j[1])
	}
	table, err := data.ReadTable(file)
	if err != nil {
		t.Fatal(err)
	}
	header, rows, err := task.Predict(ctx, task.Initial(), table)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(header, []string{"year", "lynx", "hare"}) || len(rows) != 21 || math.Abs(rows[0][1]-4) > 1e-9 {
		t.Errorf("prediction: columns %v, %d rows, first %v", header, len(rows), rows[0])
	}
}

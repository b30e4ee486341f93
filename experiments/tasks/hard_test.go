package tasks_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/pmp"
)

const rooms = "data.file=../../configs/rooms.csv"

// Trajectories of different lengths, each one window: the loss is the mean over all later observations that are there, here by
// solving every trajectory alone under its own inputs.
func TestTrajectoriesOfDifferentLengths(t *testing.T) {
	for _, kind := range []string{"linear", "cubic"} {
		c := parse(t, "rooms", rooms, "data.window=0", "data.stride=0", "data.validation=0", "data.normalize=false", "data.interpolation="+kind, "control.l2=0",
			"solver.rtol=1e-10", "solver.atol=1e-12")
		task, w := build(t, c)
		if task.Samples() != 3 {
			t.Fatalf("%d windows", task.Samples())
		}
		theta := jitter(task, 0.02)
		got := cost(t, w, theta)

		s, err := data.LoadSeries(c)
		if err != nil {
			t.Fatal(err)
		}
		field, err := tasks.Field(c, 2)
		if err != nil {
			t.Fatal(err)
		}
		sum, n := 0.0, 0
		for g, r := range s.Trajectories() {
			signal, err := s.Signal(kind == "cubic", []int{g})
			if err != nil {
				t.Fatal(err)
			}
			// A layer by hand: the inputs are those of the network behind the state.
			var in [4]float64
			f := func(dx []float64, at float64, x []float64) {
				copy(in[:], x)
				signal.At(in[2:], at, 0)
				shapes := field.Layers()
				clear(dx)
				for o := range shapes[0].Out {
					z := theta[shapes[0].B+o]
					for k := range 4 {
						z += theta[shapes[0].W+4*o+k] * in[k]
					}
					for i := range 2 {
						dx[i] += theta[shapes[1].W+i*shapes[1].In+o] * math.Tanh(z)
					}
				}
				for i := range 2 {
					dx[i] += theta[shapes[1].B+i]
				}
			}
			times := s.T[r[0]:r[1]]
			sol, err := ode.Solve(ctx, ode.Problem{F: f, X0: s.Row(r[0]), T0: times[0], T1: times[len(times)-1]},
				ode.Settings{RTol: 1e-11, ATol: 1e-12, SaveAt: times, Stops: times})
			if err != nil {
				t.Fatal(err)
			}
			for k := 1; k < len(times); k++ {
				n += 2
				for i, y := range s.Row(r[0] + k) {
					if !math.IsNaN(y) {
						sum += (sol.X[k][i] - y) * (sol.X[k][i] - y)
					}
				}
			}
		}
		if want := sum / float64(n); math.Abs(got-want) > 1e-7*want {
			t.Errorf("%s: the loss is %.10g, want %.10g", kind, got, want)
		}
	}
}

// A batch of windows costs what the windows cost alone, whichever trajectories they are from.
func TestBatchesFollowTheirInputs(t *testing.T) {
	task, w := build(t, parse(t, "rooms", rooms, "train.batch=4", "control.l2=0", "solver.rtol=1e-9", "solver.atol=1e-11"))
	theta := jitter(task, 0.02)
	index := []int{task.Samples() - 1, 0, 7, 3}
	task.Select(index)
	together, apart, weights := cost(t, w, theta), 0.0, 0.0
	for _, k := range index {
		task.Select([]int{k})
		apart += cost(t, w, theta)
		weights++
	}
	if math.Abs(together-apart/weights) > 1e-6*together {
		t.Errorf("four windows cost %.9g together and %.9g apart", together, apart/weights)
	}
}

func TestRoomsPredict(t *testing.T) {
	c := parse(t, "rooms", rooms, "train.iterations=40")
	task, theta := trained(t, c)
	m, err := task.Metrics(ctx, theta)
	if err != nil || !(m["trajectory_mae"] < 0.15) {
		t.Errorf("%v %v", m, err)
	}
	table, err := data.ReadTable("../../configs/rooms.csv")
	if err != nil {
		t.Fatal(err)
	}
	header, rows, err := task.Predict(ctx, theta, table)
	if err != nil || fmt.Sprint(header) != "[trajectory hour room1 room2]" || len(rows) != 138 || rows[137][0] != 3 {
		t.Fatalf("%v, %d rows, %v", header, len(rows), err)
	}
	// The trajectories that the metrics measure are those that the rows say.
	x, err := task.(*tasks.Fit).Trajectory(ctx, theta)
	if err != nil {
		t.Fatal(err)
	}
	for k, r := range rows {
		if r[2] != x[2*k] || r[3] != x[2*k+1] {
			t.Fatalf("row %d is %v, the trajectory has %v", k, r, x[2*k:2*k+2])
		}
	}
	fine, y, err := task.(*tasks.Fit).Fine(ctx, theta)
	gaps := 0
	for _, at := range fine {
		if math.IsNaN(at) {
			gaps++
		}
	}
	if err != nil || gaps != 2 || len(y) != 2*len(fine) {
		t.Errorf("%d gaps, %v", gaps, err)
	}
}

// Without noise the hidden velocity, both starts and the parameters are found exactly.
func TestLatentStatesAreFound(t *testing.T) {
	c := parse(t, "pendulum_latent", "data.noise=0", "data.x0=[2.2, -0.4]", "data.guess=[0, 0.2]", "solver.rtol=1e-9", "solver.atol=1e-11")
	task, theta := trained(t, c)
	m, err := task.Metrics(ctx, theta)
	if err != nil {
		t.Fatal(err)
	}
	if !(m["parameter_error"] < 1e-6) || math.Abs(m["start_angle"]-2.2) > 1e-6 || math.Abs(m["start_velocity"]+0.4) > 1e-6 || !(m["truth_mae"] < 1e-6) {
		t.Errorf("%v", m)
	}
	tensors := task.Tensors(theta)
	if last := tensors[len(tensors)-1]; last.Name != "starts" || math.Abs(last.Data[1]+0.4) > 1e-6 || task.About().Params != 4 {
		t.Errorf("%+v, %+v", last, task.About())
	}
}

// Multiple shooting finds the Lorenz parameters from far away, where windows end where the next ones begin; single shooting does not.
func TestMultipleShooting(t *testing.T) {
	task, theta := trained(t, parse(t, "lorenz_shooting"))
	m, err := task.Metrics(ctx, theta)
	if err != nil || !(m["parameter_error"] < 0.01) || !(m["mismatch_rms"] < 0.05) || !(m["truth_mae"] < 0.2) {
		t.Errorf("multiple shooting: %v %v", m, err)
	}
	task, theta = trained(t, parse(t, "lorenz_shooting", "data.continuity=0", "data.window=0", "data.stride=0"))
	single, err := task.Metrics(ctx, theta)
	if err != nil || !(single["parameter_error"] > 10*m["parameter_error"]) {
		t.Errorf("single shooting: %v %v", single, err)
	}
	// 101 points in windows of 21, and a last one of 16 where there are 96.
	for points, want := range map[int]string{101: "5 training and 0 held-out windows of 21", 96: "5 training"} {
		task, _ := build(t, parse(t, "lorenz_shooting", fmt.Sprintf("data.points=%d", points), "data.t1=2", "data.window=21", "data.stride=20"))
		if about := task.About().Data; !strings.Contains(about, want) {
			t.Errorf("%d points: %s", points, about)
		}
	}
}

func TestHardDataRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(file, []byte("id,t,u,x\na,0,1,2\na,1,1,2\nb,0,1,2\nb,1,,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	csv := []string{"data.source=csv", "data.file=" + file, "data.time_column=t"}
	estimated := "data.starts=estimated"
	for name, c := range map[string]struct {
		over []string
		want string
	}{
		"missing input":  {append([]string{"data.id_column=id", "data.inputs=u"}, csv...), `x.csv:5: column "u": the input is missing`},
		"mixed times":    {append([]string{"data.columns=x"}, csv...), "name the column that tells trajectories apart (data.id_column)"},
		"no input":       {append([]string{"data.id_column=id", "data.inputs=v"}, csv...), `no column "v"`},
		"known inputs":   {append([]string{"field.kind=known", "field.system=sir", "data.inputs=u"}, csv...), "whose equation has no place for them"},
		"single":         {append([]string{"data.inputs=u", "precision=float32"}, csv...), "does not work with data.inputs"},
		"hidden":         {[]string{"data.hide=z"}, `no column "z" to hide`},
		"hidden, seen":   {[]string{"data.hide=y1"}, `data.starts = "estimated" needs none`},
		"guess":          {[]string{estimated, "data.guess=[1,2,3]"}, "has 3 numbers for 2 columns"},
		"batch":          {[]string{estimated, "train.batch=5", "optimizer.kind=lbfgs"}, "works with optimizer.kind = adam"},
		"batch, tied":    {[]string{estimated, "train.batch=5", "optimizer.kind=adam", "data.continuity=1", "data.stride=9", "data.validation=0"}, "which ties all windows"},
		"mesh":           {[]string{estimated, "data.window=0", "control.kind=piecewise-linear"}, "choose constant"},
		"stride":         {[]string{estimated, "data.continuity=1", "data.validation=0"}, "must be data.window − 1 = 9"},
		"ties":           {append([]string{estimated, "data.continuity=1", "data.window=2", "data.stride=1", "data.validation=0", "data.id_column=id", "data.columns=x"}, csv...), "ties the windows of one trajectory, and there are 2"},
		"not everywhere": {[]string{"data.guess=[1,2]"}, "data.guess: does not apply"},
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

// Starts are estimated in mini-batches, too: windows of noisy angles, whose velocities nobody saw, give the pendulum's stiffness; batches
// together have the cost of all.
func TestEstimatedStartsInBatches(t *testing.T) {
	c := parse(t, "pendulum_latent", "data.window=30", "data.stride=17", "data.validation=0", "data.noise=0.02", "train.batch=3", "optimizer.kind=adam")
	task, w := build(t, c)
	n := task.Samples()
	if n != 9 || w.NumControls() != 2+2*n {
		t.Fatalf("%d windows, %d numbers", n, w.NumControls())
	}
	const steps = 400
	opt := &pmp.Gradient{Rule: pmp.Adam, Rate: 0.05, Schedule: pmp.CosineRate, Total: steps}
	if err := opt.Init(ctx, w, task.Initial()); err != nil {
		t.Fatal(err)
	}
	for k := range steps {
		i := 3 * k % n
		task.Select([]int{i, i + 1, i + 2})
		opt.Refresh()
		if _, err := opt.Step(ctx); err != nil {
			t.Fatal(err)
		}
	}
	theta, tr := opt.Theta(), w.NewTrajectory()
	cost := func(index []int) float64 {
		task.Select(index)
		if err := w.Forward(ctx, tr, theta); err != nil {
			t.Fatal(err)
		}
		return tr.J
	}
	sum := 0.0
	for i := 0; i < n; i += 3 {
		sum += cost([]int{i, i + 1, i + 2}) / 3
	}
	if all := cost(nil); math.Abs(sum-all) > 1e-6*all {
		t.Errorf("batches cost %g on average, all windows %g", sum, all)
	}
	m, err := task.Metrics(ctx, theta)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%v", m)
	if m["parameter_stiffness"] < 3.9 || m["parameter_stiffness"] > 4.1 {
		t.Errorf("stiffness %g, want 4", m["parameter_stiffness"])
	}
}

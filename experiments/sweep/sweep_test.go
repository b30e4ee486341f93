package sweep_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/experiments/sweep"
)

const patience = 2 * time.Minute // with a machine that is busy otherwise

// await waits for a file.
func await(path string) {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return
		}
	}
}

// As a worker this binary pretends to run: it notes that it was called, and writes what a run would.
func TestMain(m *testing.M) {
	if os.Getenv("SWEEP_WORKER") == "" {
		os.Exit(m.Run())
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	args := os.Args[1:]
	dir := args[slices.Index(args, "--out")+1]
	c, err := config.Load(args[1])
	if err != nil {
		panic(err)
	}
	d, err := rundir.Create("", "x", dir)
	if err != nil { // to be resumed
		d, err = rundir.Open(dir)
	}
	if err != nil {
		panic(err)
	}
	state := rundir.Complete
	switch {
	case c.Seed == 3:
		state = rundir.Failed
	case os.Getenv("SWEEP_WORKER") == "slow":
		select {
		case <-signals:
			state = rundir.Interrupted
		case <-time.After(patience):
		}
	}
	s := &rundir.Summary{Name: "x", Task: "fit", Iterations: 5, BestLoss: rundir.Float(c.Solver.RTol * float64(c.Seed)), Metrics: map[string]rundir.Float{"held_out_accuracy": rundir.Float(c.Seed)}}
	if err := errors.Join(d.WriteConfig(c), d.WriteSummary(s), d.SetStatus(state, "a reason", 5), d.AppendMetrics(&rundir.Metrics{Iteration: 1, Loss: s.BestLoss}), d.Close()); err != nil {
		panic(err)
	}
	if state == rundir.Failed {
		fmt.Fprintln(os.Stderr, "costate: it failed")
		os.Exit(4)
	}
	os.Exit(0)
}

func TestParseAxis(t *testing.T) {
	for arg, want := range map[string]string{
		"a=1,2,3":          "[1 2 3] 0 0 false false",
		"a=[1,2],[3]":      "[[1,2] [3]] 0 0 false false",
		`a="x,y",z`:        `["x,y" z] 0 0 false false`,
		"a=1e-4:1e-1:log":  "[] 0.0001 0.1 true false",
		"a=0.5:2":          "[] 0.5 2 false false",
		"a=10:100":         "[] 10 100 false true",
		"a=1:64:log":       "[] 1 64 true true",
		"a=-1:1:lin":       "[] -1 1 false true",
		"a=x:y":            "[x:y] 0 0 false false",
		"a.b=C:\\data.csv": "[C:\\data.csv] 0 0 false false",
	} {
		a, err := sweep.ParseAxis(arg)
		if got := fmt.Sprint(a.Values, a.Lo, a.Hi, a.Log, a.Whole); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", arg, got, err, want)
		}
	}
	for arg, want := range map[string]string{"a": "not key=value", "a=": "not key=value", "=1": "not key=value", "a=1,,2": "empty value", "a=1,1": "twice", "a=[1,2": "not closed", "a=1]": "not closed",
		"a=2:1": "lo < hi", "a=1:x": "lo < hi", "a=0:1:log": "above 0", "a=1:2:exp": "neither log nor lin"} {
		if _, err := sweep.ParseAxis(arg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", arg, err)
		}
	}
}

func axes(t *testing.T, args ...string) []sweep.Axis {
	t.Helper()
	var out []sweep.Axis
	for _, arg := range args {
		a, err := sweep.ParseAxis(arg)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, a)
	}
	return out
}

func TestGrid(t *testing.T) {
	got, err := sweep.Grid(axes(t, "a=1,2", "b=x,y,z"))
	if want := "[[a=1 b=x] [a=1 b=y] [a=1 b=z] [a=2 b=x] [a=2 b=y] [a=2 b=z]]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v %v", got, err)
	}
	if _, err := sweep.Grid(axes(t, "a=1:2")); err == nil || !strings.Contains(err.Error(), "--samples") {
		t.Errorf("%v", err)
	}
	long := make([]string, 200)
	for i := range long {
		long[i] = strconv.Itoa(i)
	}
	if _, err := sweep.Grid(axes(t, "a="+strings.Join(long, ","), "b="+strings.Join(long, ","))); err == nil {
		t.Error("40000 runs")
	}
}

// Draws are even, stay inside, hit the ends of whole ranges, and begin alike whatever their number.
func TestRandom(t *testing.T) {
	list := axes(t, "rate=1e-4:1:log", "size=2:4", "kind=a,b", "share=-1:1")
	const n = 4000
	points, err := sweep.Random(list, n, 7)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	below := 0
	for _, p := range points {
		rate, err := strconv.ParseFloat(strings.TrimPrefix(p[0], "rate="), 64)
		if err != nil || rate < 1e-4 || rate > 1 {
			t.Fatal(p[0])
		}
		if rate < 1e-2 {
			below++
		}
		counts[p[1]]++
		counts[p[2]]++
	}
	near := func(what string, got int, share float64) {
		if math.Abs(float64(got)-share*n) > 4*math.Sqrt(n*share*(1-share)) {
			t.Errorf("%s: %d of %d, want about %g", what, got, n, share*n)
		}
	}
	near("rates below 0.01", below, 0.5)
	near("size=2", counts["size=2"], 1./3)
	near("size=4", counts["size=4"], 1./3)
	near("kind=a", counts["kind=a"], 0.5)
	if len(counts) != 5 {
		t.Errorf("%v", counts)
	}
	few, err := sweep.Random(list, 3, 7)
	if err != nil || fmt.Sprint(few) != fmt.Sprint(points[:3]) {
		t.Errorf("%v %v", few, err)
	}
	if other, _ := sweep.Random(list, 3, 8); fmt.Sprint(other) == fmt.Sprint(few) {
		t.Error("another seed draws the same")
	}
	for _, n := range []int{0, -1, sweep.MostPoints + 1} {
		if _, err := sweep.Random(list, n, 1); err == nil {
			t.Errorf("%d samples", n)
		}
	}
}

func plan(t *testing.T, args ...string) *sweep.Plan {
	t.Helper()
	p, err := sweep.Make(axes(t, args...), 0, 1, func(set []string) (*config.Config, string, error) {
		c, err := config.Parse("x", []byte("name = \"x\"\n"), set...)
		return c, "x.toml", err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOpen(t *testing.T) {
	out := filepath.Join(t.TempDir(), "s")
	p := plan(t, "seed=1,2")
	for range 2 { // made, and found again
		if dir, err := sweep.Open("", out, p); err != nil || dir != out {
			t.Fatal(dir, err)
		}
	}
	if c, err := config.Load(filepath.Join(out, sweep.Points, "0002.toml")); err != nil || c.Seed != 2 {
		t.Errorf("%+v %v", c, err)
	}
	again, err := sweep.Load(out)
	if err != nil || len(again.Points) != 2 || again.Points[1].Config.Seed != 2 {
		t.Fatalf("%+v %v", again, err)
	}
	if dir, err := sweep.Open("", out, again); err != nil || dir != out {
		t.Errorf("the loaded plan is another one: %v", err)
	}
	if _, err := sweep.Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "holds no sweep") {
		t.Errorf("%v", err)
	}
	var occupied *rundir.OccupiedError
	if _, err := sweep.Open("", out, plan(t, "seed=1,3")); !errors.As(err, &occupied) || !strings.Contains(err.Error(), "another sweep") {
		t.Errorf("%v", err)
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "f"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sweep.Open("", other, p); !errors.As(err, &occupied) {
		t.Errorf("%v", err)
	}
	if p := plan(t, "solver.rtol=1e-3,0.001"); len(p.Points) != 1 {
		t.Errorf("the same configuration twice: %+v", p)
	}
}

// worked runs a plan with pretending workers and returns the points that were told of.
func worked(t *testing.T, ctx context.Context, dir string, p *sweep.Plan, retry bool) (told []string, err error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	err = sweep.Run(ctx, dir, p, sweep.Workers{N: 2, Command: []string{self}, Flags: []string{"--threads", "1"}, Retry: retry, Done: func(k, finished int, err error) {
		if finished != len(told)+1 {
			t.Errorf("%d finished after %d", finished, len(told))
		}
		told = append(told, fmt.Sprintf("%s %v", sweep.Name(k), err))
	}})
	slices.Sort(told)
	return told, err
}

func stamp(t *testing.T, dir string) string {
	t.Helper()
	s, err := rundir.ReadStatus(dir)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(s.PID)
}

// Finished points are not run again, failed ones only if asked, and what a killed process left without a checkpoint is moved aside.
func TestRunTwice(t *testing.T) {
	t.Setenv("SWEEP_WORKER", "quick")
	dir := filepath.Join(t.TempDir(), "s")
	p := plan(t, "seed=1,2,3", "solver.rtol=1e-3,1e-4")
	if _, err := sweep.Open("", dir, p); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "0001", "checkpoints"), 0o755); err != nil {
		t.Fatal(err)
	}
	told, err := worked(t, context.Background(), dir, p, false)
	if want := "[0001 <nil> 0002 <nil> 0003 <nil> 0004 <nil> 0005 costate: it failed 0006 costate: it failed]"; err != nil || fmt.Sprint(told) != want {
		t.Errorf("%v, %v", told, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "0001.lost-1")); err != nil {
		t.Error(err)
	}
	first, fifth := stamp(t, filepath.Join(dir, "0001")), stamp(t, filepath.Join(dir, "0005"))
	if told, err = worked(t, context.Background(), dir, p, false); err != nil || len(told) != 6 {
		t.Errorf("%v, %v", told, err)
	}
	if stamp(t, filepath.Join(dir, "0001")) != first || stamp(t, filepath.Join(dir, "0005")) != fifth {
		t.Error("finished runs were run again")
	}
	if _, err = worked(t, context.Background(), dir, p, true); err != nil || stamp(t, filepath.Join(dir, "0005")) == fifth {
		t.Error("--retry does not run failed points again")
	}

	r, err := sweep.Collect(dir, p, "")
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(r.Ranked) != "[1 3 5 0 2 4]" || r.Names[0] != "run" || r.Names[1] != "seed" || r.Names[3] != "state" {
		t.Errorf("%v %v", r.Ranked, r.Names)
	}
	if lines := strings.Split(r.Text(), "\n"); !strings.Contains(lines[1], "0002") || !strings.Contains(lines[3], "failed") {
		t.Errorf("%s", r.Text())
	}
	if r, err = sweep.Collect(dir, p, "held_out_accuracy"); err != nil || r.Ranked[0] != 4 {
		t.Errorf("by accuracy %v %v", r.Ranked, err)
	}
	if _, err := sweep.Collect(dir, p, "nothing"); err == nil || !strings.Contains(err.Error(), "there are run, seed") {
		t.Errorf("%v", err)
	}
	if err := r.Write(dir, "costate sweep"); err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(filepath.Join(dir, sweep.TableFile))
	if err != nil || !bytes.HasPrefix(table, []byte("run,seed,solver.rtol,state,")) || !bytes.Contains(table, []byte("\n0002,1,0.0001,complete,5,")) {
		t.Errorf("%v\n%s", err, table)
	}
	html, err := os.ReadFile(filepath.Join(dir, sweep.PageFile))
	if err != nil || !bytes.Contains(html, []byte(`id="chart-key-0"`)) || !bytes.Contains(html, []byte(`id="chart-key-1"`)) || bytes.Contains(html, []byte("log₁₀")) {
		t.Errorf("charts over both keys, %v", err) // a factor of ten asks for no logarithm
	}
}

// A cancelled sweep asks its workers to save, and goes on later.
func TestCancel(t *testing.T) {
	t.Setenv("SWEEP_WORKER", "slow")
	dir := filepath.Join(t.TempDir(), "s")
	p := plan(t, "seed=1,2,4")
	if _, err := sweep.Open("", dir, p); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	enough := errors.New("enough")
	go func() {
		for _, name := range []string{"0001", "0002"} { // a worker that has its directory listens to signals
			await(filepath.Join(dir, name, "checkpoints"))
		}
		cancel(enough)
	}()
	told, err := worked(t, ctx, dir, p, false)
	if !errors.Is(err, enough) || len(told) != 0 {
		t.Fatalf("%v, %v", told, err)
	}
	for _, name := range []string{"0001", "0002"} {
		if s, err := rundir.ReadStatus(filepath.Join(dir, name)); err != nil || s.State != rundir.Interrupted {
			t.Errorf("%s: %+v %v", name, s, err)
		}
	}
	if s, _ := sweep.Look(dir, 0, false); s != sweep.Begun {
		t.Errorf("state %v", s)
	}
	if s, _ := sweep.Look(dir, 2, false); s != sweep.New {
		t.Errorf("state %v", s)
	}
	// One that another process is at is left alone, and named.
	d, err := rundir.Create("", "x", filepath.Join(dir, "0003"))
	if err != nil {
		t.Fatal(err)
	}
	status := fmt.Sprintf(`{"state":"running","pid":%d}`, os.Getppid())
	if err := errors.Join(d.Close(), os.WriteFile(d.Path(rundir.StatusFile), []byte(status), 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SWEEP_WORKER", "quick")
	if _, err := worked(t, context.Background(), dir, p, false); !errors.Is(err, rundir.ErrIO) || !strings.Contains(err.Error(), fmt.Sprintf("0003 by process %d", os.Getppid())) {
		t.Errorf("%v", err)
	}
}

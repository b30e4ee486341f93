package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/costate-go/costate/configs"
	"github.com/costate-go/costate/experiments/checkpoint"
	"github.com/costate-go/costate/experiments/cli"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/engine"
	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/internal/digits"
	"github.com/costate-go/costate/experiments/run"
	"github.com/costate-go/costate/experiments/rundir"
)

// Commands run as users run them: from the root of the repository.
func TestMain(m *testing.M) {
	if os.Getenv("COSTATE_TEST_COMMAND") != "" { // a worker of a sweep
		os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr, engine.Engine{}))
	}
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	m.Run()
}

// costate runs a command line.
func costate(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = cli.Main(args, &out, &err, engine.Engine{})
	return code, out.String(), err.String()
}

func summary(t *testing.T, dir string) *rundir.Summary {
	t.Helper()
	s, err := rundir.ReadSummary(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The main job: the embedded spiral by E-MSA with Levenberg–Marquardt inside.
func TestMainJob(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	code, stdout, stderr := costate(t, "run", "--out", out)
	if code != exit.OK {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	s := summary(t, out)
	if s.Optimizer != "emsa" || s.Name != "spiral" || s.Iterations == 0 || s.Params != 252 {
		t.Errorf("%+v", s)
	}
	mae := float64(s.Metrics["trajectory_mae"])
	t.Logf("trajectory MAE %.4f after %.1f s", mae, float64(s.WallSeconds))
	if !(mae < 0.02) {
		t.Errorf("mean absolute error over the whole trajectory %.4f, want below 0.02", mae)
	}
	for _, name := range []string{
		"config.toml", "manifest.json", "status.json", "metrics.jsonl", "events.jsonl", "log.jsonl", "checkpoints/LAST", "checkpoints/BEST",
		"model.safetensors", "summary.json", "report.html", "figures/loss.svg", "figures/loss.png", "figures/loss.csv", "figures/hamiltonian.png",
		"figures/pmp_residual.png", "figures/trajectory.png", "figures/phase.png", "figures/steps.png", "figures/costate_norm.csv", "figures/panels.json", "snapshots/step-000100.ckpt", "certificate.json",
	} {
		if info, err := os.Stat(filepath.Join(out, name)); err != nil || info.Size() == 0 && !strings.HasSuffix(name, "events.jsonl") {
			t.Errorf("%s is missing or empty: %v", name, err)
		}
	}
	for _, want := range []string{"stopped", "best", "trajectory_mae", "report"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("standard output lacks %q:\n%s", want, stdout)
		}
	}
	for _, want := range []string{"config ", "seed 1", "1000 rows", "252 parameters", "tsit5", "memory", out} {
		if !strings.Contains(stderr, want) {
			t.Errorf("the first lines lack %q:\n%s", want, stderr)
		}
	}
}

// data are the overrides that lead a configuration to data which do not come with the program.
func data(t *testing.T, name string) []string {
	t.Helper()
	text, err := configs.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "data/mnist") {
		return nil
	}
	folder := filepath.Join("..", "shared", "data", "mnist")
	if _, err := os.Stat(folder); err != nil {
		t.Skip("no folder shared/data/mnist with the MNIST files beside the project")
	}
	return []string{"data.folder=" + folder}
}

func TestEveryConfigRuns(t *testing.T) {
	for _, name := range configs.Names() {
		t.Run(name, func(t *testing.T) {
			var over []string
			whole := *long && name != "mnist_published" // which takes hours
			if whole {
				over = data(t, name)
			} else {
				over = []string{"train.iterations=2"}
				if text, err := configs.Read(name); err != nil || strings.Contains(string(text), "data/mnist") {
					pictures := t.TempDir()
					digits.Make(t, pictures, 60, 20)
					over = append(over, "data.folder="+pictures, "train.batch=16")
				}
			}
			if name != configs.Default { // PNG takes most of the time, and is the same drawing
				over = append(over, `report.formats=["svg"]`)
			}
			out := filepath.Join(t.TempDir(), "run")
			code, _, stderr := costate(t, slices.Concat([]string{"run", "configs/" + name + ".toml", "report.formats=svg"}, over, []string{"--out", out, "--progress", "none"})...)
			if code != exit.OK {
				t.Fatalf("exit code %d\n%s", code, stderr)
			}
			if strings.Contains(stderr, "figures and report") || strings.Contains(stderr, "certificate of") {
				t.Errorf("the run is good, and not all that belongs to it:\n%s", stderr)
			}
			s := summary(t, out)
			if !whole && s.Iterations != 2 && s.StopReason != "converged" || math.IsNaN(float64(s.BestLoss)) {
				t.Errorf("%+v", s)
			}
			if code, stdout, stderr := costate(t, append([]string{"check", "configs/" + name + ".toml"}, over...)...); code != exit.OK || !strings.Contains(stdout, "ok") {
				t.Errorf("check: %d\n%s%s", code, stdout, stderr)
			}
		})
	}
}

func TestClassifiers(t *testing.T) {
	accuracy := func(args ...string) float64 {
		out := filepath.Join(t.TempDir(), "run")
		if code, _, stderr := costate(t, append([]string{"run"}, append(args, "report.figures=false", "--out", out, "--quiet")...)...); code != exit.OK {
			t.Fatalf("%q: exit code %d\n%s", args, code, stderr)
		}
		return float64(summary(t, out).Metrics["held_out_accuracy"])
	}
	moons, circles := accuracy("configs/moons.toml"), accuracy("configs/circles.toml")
	plain := accuracy("configs/circles.toml", "field.augment=0")
	t.Logf("held-out accuracy: moons %.3f, circles %.3f, without augmentation %.3f", moons, circles, plain)
	if moons < 0.99 || circles < 0.99 {
		t.Errorf("moons %.3f, circles %.3f, want at least 0.99", moons, circles)
	}
	if plain > 0.95 {
		t.Errorf("circles without augmentation reach %.3f: no flow of the plane should", plain)
	}
}

// The real series of pelts, with two overrides.
func TestLynxAndHare(t *testing.T) {
	const file = "../shared/data/lynx-hare.csv"
	if _, err := os.Stat(file); err != nil {
		t.Skip("the lynx–hare series is not here")
	}
	out := filepath.Join(t.TempDir(), "run")
	code, _, stderr := costate(t, "run", "configs/csv.toml", "data.file="+file, "data.transform=log", "--out", out, "--quiet")
	if code != exit.OK {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	s := summary(t, out)
	if mae := float64(s.Metrics["trajectory_mae"]); !(mae < 6) {
		t.Errorf("mean absolute error %.1f thousand pelts over 21 years", mae)
	}
	if info, err := os.Stat(filepath.Join(out, "figures", "trajectory.png")); err != nil || info.Size() < 10000 {
		t.Errorf("no picture: %v", err)
	}
}

func TestControl(t *testing.T) {
	for name, want := range map[string]struct {
		cost, tolerance float64
		iterations      int
	}{
		"van_der_pol_bounded":       {2.867261046, 4e-7, 100},
		"double_integrator_bounded": {6.0450277563, 2e-5, 4000},
		"rayleigh":                  {29.376079656, 1e-6, 40},
	} {
		out := filepath.Join(t.TempDir(), "run")
		if code, _, stderr := costate(t, "run", "configs/control/"+name+".toml", "--out", out, "--quiet"); code != exit.OK {
			t.Fatalf("%s: exit code %d\n%s", name, code, stderr)
		}
		s := summary(t, out)
		if math.Abs(float64(s.FinalLoss)-want.cost) > want.tolerance || s.Iterations > want.iterations {
			t.Errorf("%s: J = %.9g after %d iterations, want %.9g", name, float64(s.FinalLoss), s.Iterations, want.cost)
		}
		if v, ok := s.Metrics["end_violation"]; ok && !(v < 1e-6) {
			t.Errorf("%s: ends missed by %.2g", name, float64(v))
		}
		if !(s.PMP.Residual < 1e-6) || s.StopReason != "converged" {
			t.Errorf("%s: residual %.2g, stopped because %s", name, float64(s.PMP.Residual), s.StopReason)
		}
	}
}

// By shooting everything that is known of the solution is in the summary, exactly, and a run can be opened again.
func TestShooting(t *testing.T) {
	for name, want := range map[string]map[string]float64{
		"minimum_time":    {"cost": 2, "t1": 2, "switch_1": 1, "p0_1": 1, "p0_2": 1},
		"turnpike":        {"cost": 0.375, "switch_1": 1, "switch_2": 1.5, "p0_1": -1},
		"catalyst_mixing": {"cost": -0.0480556859, "switch_1": 0.1362990, "switch_2": 0.7252301},
	} {
		out := filepath.Join(t.TempDir(), "run")
		if code, _, stderr := costate(t, "run", "control/"+name, "optimizer.kind=shooting", "--out", out, "--quiet"); code != exit.OK {
			t.Fatalf("%s: exit code %d\n%s", name, code, stderr)
		}
		s := summary(t, out)
		if s.StopReason != "converged" || s.FinalLoss != s.Metrics["cost"] {
			t.Errorf("%s: stopped because %s with the loss %v", name, s.StopReason, s.FinalLoss)
		}
		for key, v := range want {
			if math.Abs(float64(s.Metrics[key])-v) > 1e-7 {
				t.Errorf("%s: %s = %.10g, want %.10g", name, key, float64(s.Metrics[key]), v)
			}
		}
		// The control on the nodes misses H's maximum only where it switches inside an interval.
		if s.PMP.Residual > 1e-2 {
			t.Errorf("%s: residual of the control on the nodes %.2g", name, float64(s.PMP.Residual))
		}
		for _, args := range [][]string{{"evaluate", out}, {"resume", out}} {
			if code, _, stderr := costate(t, args...); code != exit.OK {
				t.Errorf("%s: %v: exit code %d\n%s", name, args, code, stderr)
			}
		}
		if again := summary(t, out); again.FinalLoss != s.FinalLoss || again.Metrics["p0_1"] != s.Metrics["p0_1"] || again.PMP != s.PMP {
			t.Errorf("%s: resumed, the summary is another one", name)
		}
		if info, err := os.Stat(filepath.Join(out, "figures", "control.png")); err != nil || info.Size() < 5000 {
			t.Errorf("%s: no picture: %v", name, err)
		}
	}
	if code, _, stderr := costate(t, "run", "control/minimum_time", "optimizer.kind=sqh"); code != exit.Usage || !strings.Contains(stderr, "free final time") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	if code, _, stderr := costate(t, "run", "control/turnpike", "optimizer.kind=shooting", "control.lower=1e-3", "--out", filepath.Join(t.TempDir(), "run")); code != exit.Numerical || !strings.Contains(stderr, "shooting found no solution") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
}

// interrupter cancels a run after some iterations.
type interrupter struct {
	after  int
	cancel context.CancelCauseFunc
}

func (interrupter) Begin(run.Header, int, int) {}
func (interrupter) Note(string)                {}
func (interrupter) End()                       {}
func (i interrupter) Iteration(m *rundir.Metrics) {
	if m.Iteration == i.after {
		i.cancel(errors.New("enough"))
	}
}

// lastCheckpoint is the newest checkpoint's bytes.
func lastCheckpoint(t *testing.T, dir string) []byte {
	t.Helper()
	name, err := os.ReadFile(filepath.Join(dir, rundir.Checkpoints, "LAST"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, rundir.Checkpoints, strings.TrimSpace(string(name))))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// rows are the metrics without the clock.
func rows(t *testing.T, dir string) []byte {
	t.Helper()
	m, err := rundir.ReadMetrics(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range m {
		m[i].WallSeconds = 0
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSameBitsWhateverHappens(t *testing.T) {
	short := []string{"data.points=120", "data.t1=3", "field.hidden=8", "train.iterations=14", "train.checkpoint_every=5", "report.figures=false"}
	cases := map[string][]string{
		"emsa":          append([]string{"data.grow_to=20", "data.grow_every=7"}, short...),
		"adam batches":  append([]string{"optimizer.kind=adam", "train.batch=5", "data.validation=0.2", "train.validate_every=3"}, short...),
		"sqh":           append([]string{"optimizer.kind=sqh"}, short...),
		"density":       {"task=density", "data.samples=60", "density.trace=rademacher", "density.kinetic=0.1", "train.batch=20", "field.hidden=8", "train.iterations=14", "train.checkpoint_every=5", "report.figures=false"},
		"lbfgs":         append([]string{"optimizer.kind=lbfgs"}, short...),
		"gauss-newton":  append([]string{"optimizer.kind=gauss-newton"}, short...),
		"perturbations": append([]string{"optimizer.maximizer=lbfgs", "optimizer.inner_iterations=4", "optimizer.perturbation=0.01"}, short...),
	}
	for name, over := range cases {
		t.Run(name, func(t *testing.T) {
			text, err := configs.FS.ReadFile("spiral.toml")
			if err != nil {
				t.Fatal(err)
			}
			if name == "density" {
				text = nil
			}
			load := func() *config.Config {
				c, err := config.Parse("spiral.toml", text, over...)
				if err != nil {
					t.Fatal(err)
				}
				return c
			}
			root := t.TempDir()
			whole := filepath.Join(root, "whole")
			if _, err := run.Run(context.Background(), load(), run.Options{Out: whole}); err != nil {
				t.Fatal(err)
			}
			again := filepath.Join(root, "again")
			if _, err := run.Run(context.Background(), load(), run.Options{Out: again, Threads: 3}); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(lastCheckpoint(t, whole), lastCheckpoint(t, again)) || !bytes.Equal(rows(t, whole), rows(t, again)) {
				t.Error("two runs with one seed differ")
			}
			for _, after := range []int{3, 7, 13} {
				dir := filepath.Join(root, "cut"+string(rune('a'+after)))
				ctx, cancel := context.WithCancelCause(context.Background())
				_, err := run.Run(ctx, load(), run.Options{Out: dir, Observer: interrupter{after, cancel}})
				var interrupted *run.InterruptedError
				if !errors.As(err, &interrupted) {
					t.Fatalf("interrupted after %d iterations: %v", after, err)
				}
				if s := summary(t, dir); s.Iterations != after || s.StopReason != "interrupted" {
					t.Errorf("interrupted after %d iterations: %+v", after, s)
				}
				if _, err := run.Resume(context.Background(), dir, run.Options{}); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(lastCheckpoint(t, whole), lastCheckpoint(t, dir)) {
					t.Errorf("resumed after %d iterations, the last checkpoint differs", after)
				}
				if !bytes.Equal(rows(t, whole), rows(t, dir)) {
					t.Errorf("resumed after %d iterations, the metrics differ:\n%s\n%s", after, rows(t, whole), rows(t, dir))
				}
			}
		})
	}
}

// A run's own config.toml gives the same bits.
func TestConfigReproduces(t *testing.T) {
	root := t.TempDir()
	first, second := filepath.Join(root, "1"), filepath.Join(root, "2")
	for _, args := range [][]string{
		{"run", "configs/moons.toml", "train.iterations=3", "report.figures=false", "--out", first, "--quiet"},
		{"run", filepath.Join(first, "config.toml"), "--out", second, "--quiet"},
	} {
		if code, _, stderr := costate(t, args...); code != exit.OK {
			t.Fatalf("%q: %d %s", args, code, stderr)
		}
	}
	if !bytes.Equal(lastCheckpoint(t, first), lastCheckpoint(t, second)) {
		t.Error("the resolved configuration gives another result")
	}
}

func TestExitCodes(t *testing.T) {
	root := t.TempDir()
	good := filepath.Join(root, "good")
	if code, _, stderr := costate(t, "run", "control/scalar_lqr", "report.figures=false", "--out", good, "--quiet"); code != exit.OK {
		t.Fatal(stderr)
	}
	broken := filepath.Join(root, "broken")
	if err := os.CopyFS(broken, os.DirFS(good)); err != nil {
		t.Fatal(err)
	}
	list, _ := filepath.Glob(filepath.Join(broken, rundir.Checkpoints, "*.ckpt"))
	for _, path := range list {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 1
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		name, text string
		code       int
		args       []string
	}{
		{"config", "did you mean kind?", exit.Usage, []string{"run", "optimizer.knid=adam"}},
		{"occupied", "good", exit.Usage, []string{"run", "--out", good}},
		{"field", "data.window", exit.Usage, []string{"run", "control.kind=piecewise-constant"}},
		{"maximizer", "sqh or emsa", exit.Usage, []string{"run", "optimizer.kind=msa"}},
		{"bounds", "2 lower bounds for 1 parameter", exit.Usage, []string{"run", "control/scalar_lqr", "control.lower=[1,2]"}},
		{"size", "over the limit", exit.Usage, []string{"run", "field.hidden=65536,65536"}},
		{"data", "does not exist", exit.Data, []string{"run", "configs/csv.toml", "data.file=nowhere.csv"}},
		{"divergence", "sqh", exit.Numerical, []string{"run", "control/van_der_pol_bounded", "optimizer.kind=msa", "report.figures=false"}},
		{"steps", "raise solver.max_steps", exit.Numerical, []string{"run", "solver.max_steps=5", "report.figures=false"}},
		{"checkpoint", "checkpoint", exit.Checkpoint, []string{"evaluate", broken}},
		{"no run", "", exit.IO, []string{"evaluate", filepath.Join(root, "nothing")}},
		{"input", "does not exist", exit.Data, []string{"predict", good, "--input", "nowhere.csv"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			args := tc.args
			if args[0] == "run" && tc.name != "occupied" {
				args = append(args, "--out", filepath.Join(root, tc.name), "--progress", "none")
			}
			code, _, stderr := costate(t, args...)
			if code != tc.code || !strings.Contains(stderr, tc.text) || strings.Contains(stderr, "shorten the interval; ") {
				t.Errorf("exit code %d, want %d with %q:\n%s", code, tc.code, tc.text, stderr)
			}
			if _, err := os.Stat(filepath.Join(root, tc.name)); tc.code == exit.Usage && err == nil {
				t.Error("what cannot begin leaves a directory behind")
			}
			if tc.code == exit.Numerical {
				st, err := rundir.ReadStatus(filepath.Join(root, tc.name))
				if err != nil || st.State != rundir.Failed || st.Reason == "" {
					t.Errorf("status %+v, %v", st, err)
				}
			}
		})
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	code, stdout, _ := costate(t, "run", "configs/moons.toml", "--dry-run", "--out", out)
	if code != exit.OK || !strings.Contains(stdout, "sweep") {
		t.Errorf("%d %s", code, stdout)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a dry run made a directory")
	}
}

func TestCheckpointMetadata(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	if code, _, stderr := costate(t, "run", "configs/csv.toml", "train.iterations=2", "report.figures=false", "--out", out, "--quiet"); code != exit.OK {
		t.Fatal(stderr)
	}
	st, err := checkpoint.Decode("last", lastCheckpoint(t, out))
	if err != nil || !strings.Contains(st.Meta.Extra["scaler"], `"mean"`) || st.Meta.Iteration != 2 {
		t.Errorf("%+v %v", st.Meta, err)
	}
}

// The estimate of the disk is near what a run leaves there.
func TestCheckEstimatesDisk(t *testing.T) {
	args := []string{"spiral", "train.iterations=60", "train.checkpoint_every=10", "field.hidden=400", "report.figures=false"}
	out := filepath.Join(t.TempDir(), "run")
	if code, _, stderr := costate(t, slices.Concat([]string{"run"}, args, []string{"--out", out, "--progress", "none", "optimizer.kind=adam"})...); code != exit.OK {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	code, stdout, stderr := costate(t, slices.Concat([]string{"check"}, args, []string{"optimizer.kind=adam"})...)
	i := strings.Index(stdout, "disk        about ")
	if code != exit.OK || i < 0 {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	var size float64
	var unit string
	if _, err := fmt.Sscanf(stdout[i:], "disk        about %f %s", &size, &unit); err != nil {
		t.Fatal(err)
	}
	size *= map[string]float64{"KiB,": 1 << 10, "MiB,": 1 << 20}[unit]
	used := 0.0
	if err := filepath.WalkDir(out, func(_ string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		used += float64(info.Size())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if size < 0.5*used || size > 3*used {
		t.Errorf("%.0f bytes estimated, %.0f used", size, used)
	}
}

package engine_test

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/rundir"
)

func TestEvaluateAndPredict(t *testing.T) {
	root := t.TempDir()
	moons, series := filepath.Join(root, "moons"), filepath.Join(root, "series")
	for _, args := range [][]string{
		{"run", "configs/moons.toml", "train.iterations=40", "report.figures=false", "--out", moons, "--quiet"},
		{"run", "configs/csv.toml", "report.figures=false", "--out", series, "--quiet"},
	} {
		if code, _, stderr := costate(t, args...); code != exit.OK {
			t.Fatalf("%q: %d %s", args, code, stderr)
		}
	}
	code, stdout, _ := costate(t, "evaluate", moons, "--json")
	var got struct {
		Metrics map[string]rundir.Float `json:"metrics"`
	}
	if err := json.Unmarshal([]byte(stdout), &got); code != exit.OK || err != nil {
		t.Fatalf("%d %v %s", code, err, stdout)
	}
	if want := summary(t, moons).Metrics; want["held_out_accuracy"] != got.Metrics["held_out_accuracy"] || len(want) != len(got.Metrics) {
		t.Errorf("evaluate says %v, the run %v", got.Metrics, want)
	}

	points := filepath.Join(root, "points.csv")
	if err := os.WriteFile(points, []byte("x1,x2\n0,1\n1,-0.5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := costate(t, "predict", moons, "--input", points)
	table, err := csv.NewReader(strings.NewReader(stdout)).ReadAll()
	if code != exit.OK || err != nil || len(table) != 3 || table[1][2] != "0" || table[2][2] != "1" {
		t.Errorf("%d %v\n%s%s", code, err, stdout, stderr)
	}
	times := filepath.Join(root, "times.csv")
	if err := os.WriteFile(times, []byte("time,angle,velocity\n0,2,0\n0.5,,\n1,,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(root, "out", "p.csv")
	if code, _, stderr := costate(t, "predict", series, "--input", times, "-o", to); code != exit.OK {
		t.Fatal(stderr)
	}
	b, err := os.ReadFile(to)
	if err != nil || strings.Count(string(b), "\n") != 4 || !strings.HasPrefix(string(b), "time,angle,velocity\n0,2,") {
		t.Errorf("%v\n%s", err, b)
	}
}

// Where the newest checkpoint is damaged, what is said is of the one before it, all of it, and standard error says so.
func TestEvaluateDamaged(t *testing.T) {
	dir := trained(t, "spiral", "train.iterations=4", "train.checkpoint_every=2")
	last := filepath.Join(dir, "checkpoints", "step-000004.ckpt")
	b, err := os.ReadFile(last)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(last, b, 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := costate(t, "evaluate", dir, "--json")
	var got struct {
		Iteration int          `json:"best_iteration"`
		Loss      rundir.Float `json:"best_loss"`
	}
	if err := json.Unmarshal([]byte(stdout), &got); code != exit.OK || err != nil {
		t.Fatalf("%d %v\n%s%s", code, err, stdout, stderr)
	}
	rows, err := rundir.ReadMetrics(dir)
	if err != nil || got.Iteration != 2 || got.Loss != rows[1].Loss {
		t.Errorf("%+v of %+v, %v", got, rows, err)
	}
	start := filepath.Join(t.TempDir(), "start.csv")
	if err := os.WriteFile(start, []byte("t,y1,y2\n0,2,0\n1,,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"evaluate", dir}, {"report", dir}, {"export", dir, "--format", "npz"}, {"predict", dir, "--input", start}} {
		if code, _, stderr := costate(t, args...); code != exit.OK || !strings.Contains(stderr, "passed over a checkpoint") || !strings.Contains(stderr, "step-000004.ckpt") {
			t.Errorf("%q: %d %s", args, code, stderr)
		}
	}
}

package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/rundir"
)

// Real processes: the same numbers as single runs, and nothing is run twice.
func TestSweep(t *testing.T) {
	t.Setenv("COSTATE_TEST_COMMAND", "1")
	out := filepath.Join(t.TempDir(), "sweep")
	args := []string{"sweep", "control/scalar_lqr", "control.intervals=20,40", "optimizer.kind=sqh,lbfgs", "report.figures=false", "--out", out, "--by", "gap"}
	code, stdout, stderr := costate(t, args...)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if code != exit.OK || len(lines) != 6 || !strings.HasPrefix(lines[0], "run") || lines[5] != filepath.Join(out, "sweep.html") || !strings.Contains(stderr, "4/4") {
		t.Fatalf("%d\n%s%s", code, stdout, stderr)
	}
	single := trained(t, "control/scalar_lqr", "control.intervals=40", "optimizer.kind=sqh")
	if a, b := summary(t, single), summary(t, filepath.Join(out, "0003")); a.BestLoss != b.BestLoss || b.Optimizer != "sqh" {
		t.Errorf("J = %v in a run of its own and %v in a sweep", a.BestLoss, b.BestLoss)
	}
	before, err := os.ReadFile(filepath.Join(out, "0001", rundir.StatusFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(out, "0004")); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr = costate(t, "sweep", "--out", out); code != exit.OK {
		t.Fatalf("%d %s", code, stderr)
	}
	if after, err := os.ReadFile(filepath.Join(out, "0001", rundir.StatusFile)); err != nil || string(after) != string(before) {
		t.Errorf("a finished run was run again, %v", err)
	}
	if s := summary(t, filepath.Join(out, "0004")); s.Optimizer != "lbfgs" {
		t.Errorf("%+v", s)
	}
	page, err := os.ReadFile(filepath.Join(out, "sweep.html"))
	if err != nil || !strings.Contains(string(page), "costate sweep --out "+out) {
		t.Errorf("the page does not say how to go on, %v", err)
	}
	if code, _, stderr := costate(t, "sweep", "control/scalar_lqr", "control.intervals=20,50", "--out", out); code != exit.Usage || !strings.Contains(stderr, "another sweep") {
		t.Errorf("%d %s", code, stderr)
	}
	none := filepath.Join(t.TempDir(), "none")
	if code, stdout, stderr := costate(t, "sweep", "control/van_der_pol_bounded", "optimizer.kind=msa", "seed=1,2", "report.figures=false", "--out", none); code != exit.Numerical || !strings.Contains(stderr, "all 2 runs failed") || !strings.Contains(stdout, "failed") {
		t.Errorf("%d\n%s%s", code, stdout, stderr)
	}
}

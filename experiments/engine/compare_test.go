package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/rundir"
)

// A finished run beside a configuration that is run first.
func TestCompare(t *testing.T) {
	first := trained(t, "moons", "train.iterations=2", "seed=5")
	out := filepath.Join(t.TempDir(), "out")
	code, stdout, stderr := costate(t, "compare", first, "moons", "train.iterations=3", "report.figures=false", "--out", out, "--progress", "none")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if code != exit.OK || len(lines) != 4 || !strings.HasPrefix(lines[1], "run ") || !strings.HasPrefix(lines[2], "2-moons ") || lines[3] != filepath.Join(out, "compare.html") {
		t.Fatalf("%d\n%s%s", code, stdout, stderr)
	}
	if s := summary(t, filepath.Join(out, "2-moons")); s.Iterations != 3 {
		t.Errorf("%+v", s)
	}
	for _, name := range []string{"compare.html", "compare.csv", "figures/loss_seconds.png"} {
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			t.Error(err)
		}
	}
	if code, _, stderr := costate(t, "compare", first, first, "--out", out); code != exit.Usage || !strings.Contains(stderr, "is not empty") {
		t.Errorf("%d %s", code, stderr)
	}
	nothing := filepath.Join(t.TempDir(), "x")
	if err := os.Mkdir(nothing, 0o755); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := costate(t, "compare", first, nothing, "--out", filepath.Join(t.TempDir(), "none")); code != exit.IO || !strings.Contains(stderr, rundir.ConfigFile) {
		t.Errorf("%d %s", code, stderr)
	}
}

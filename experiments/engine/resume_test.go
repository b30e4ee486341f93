package engine_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/rundir"
)

// --resume goes on with the very configuration that the run has, and with no other.
func TestResumeOtherConfiguration(t *testing.T) {
	out := trained(t, "spiral", "train.iterations=2")
	if code, _, stderr := costate(t, "run", "spiral", "train.iterations=2", "report.figures=false", "--out", out, "--resume", "--quiet"); code != exit.OK {
		t.Errorf("the same configuration: %d %s", code, stderr)
	}
	for _, args := range [][]string{{"spiral", "train.iterations=3", "report.figures=false"}, {"control/scalar_lqr"}} {
		code, stdout, stderr := costate(t, append(append([]string{"run"}, args...), "--out", out, "--resume")...)
		if code != exit.Usage || !strings.Contains(stderr, "another configuration") || stdout != "" {
			t.Errorf("%q: %d %s%s", args, code, stdout, stderr)
		}
	}
}

// A run that a process is at work on can be looked at, but not resumed by another one.
func TestResumeTwice(t *testing.T) {
	out := trained(t, "spiral", "train.iterations=2")
	d, err := rundir.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Lock(); err != nil {
		t.Fatal(err)
	}
	if second, err := rundir.Open(out); err != nil || second.Lock() == nil {
		t.Skip("no locks here", err)
	}
	before := lastCheckpoint(t, out)
	code, _, stderr := costate(t, "resume", out)
	if code != exit.IO || !strings.Contains(stderr, "another process is at work in "+filepath.Clean(out)) {
		t.Errorf("%d %s", code, stderr)
	}
	if string(before) != string(lastCheckpoint(t, out)) {
		t.Error("it touched the run")
	}
	if code, _, stderr := costate(t, "evaluate", out); code != exit.OK {
		t.Errorf("evaluate: %d %s", code, stderr)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := costate(t, "resume", out); code != exit.OK {
		t.Errorf("when the other one is done: %d %s", code, stderr)
	}
}

package engine_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/rundir"
)

// A problem with end conditions needs its multipliers for a certificate and for p(0): they come from the checkpoint.
func TestVerify(t *testing.T) {
	root := t.TempDir()
	good := filepath.Join(root, "good")
	if code, _, stderr := costate(t, "run", "control/double_integrator_energy", "report.figures=false", "--out", good, "--quiet"); code != exit.OK {
		t.Fatal(stderr)
	}
	written, err := os.ReadFile(filepath.Join(good, rundir.CertificateFile))
	if err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := costate(t, "verify", good, "--json")
	var got struct {
		Files []struct {
			Name string
			OK   bool
		}
		Certificate struct {
			Residual, Violation rundir.Float
			Exact               bool
			CostateError        rundir.Float `json:"costate_error"`
		}
		Faults []string
	}
	if err := json.Unmarshal([]byte(stdout), &got); code != exit.OK || err != nil {
		t.Fatalf("%d %v\n%s%s", code, err, stdout, stderr)
	}
	c := got.Certificate
	if !(c.Residual >= 0 && c.Residual < 1e-6) || !(c.Violation < 1e-6) || !(c.CostateError < 1e-6) || len(got.Faults) != 0 || len(got.Files) < 4 {
		t.Errorf("%+v", got)
	}
	again, err := os.ReadFile(filepath.Join(good, rundir.CertificateFile))
	if err != nil || string(again) != string(written) {
		t.Errorf("the certificate of the run\n%s\nand of verify\n%s\n%v", written, again, err)
	}
	_, stdout, _ = costate(t, "evaluate", good, "--json")
	var measured struct{ Metrics map[string]rundir.Float }
	if err := json.Unmarshal([]byte(stdout), &measured); err != nil || measured.Metrics["p0_1"] != summary(t, good).Metrics["p0_1"] {
		t.Errorf("p(0) is %v, and the run says %v", measured.Metrics, summary(t, good).Metrics)
	}

	if code, stdout, _ = costate(t, "verify", good); code != exit.OK || strings.Contains(stdout, "BAD") || !strings.Contains(stdout, "residual") {
		t.Errorf("%d\n%s", code, stdout)
	}
	if code, _, stderr := costate(t, "verify", good, "--tolerance", "1e-2"); code != exit.OK {
		t.Errorf("an optimal control: %d %s", code, stderr)
	}
	if code, _, stderr := costate(t, "verify", good, "--tolerance", "1e-17"); code != exit.Numerical || !strings.Contains(stderr, "not optimal to 1e-17") {
		t.Errorf("beyond rounding: %d %s", code, stderr)
	}
	// One bit of the newest checkpoint: the certificate is that of the one before, and the exit code says why.
	list, err := filepath.Glob(filepath.Join(good, rundir.Checkpoints, "*.ckpt"))
	if err != nil || len(list) < 2 {
		t.Fatal(list, err)
	}
	newest := list[len(list)-1]
	b, err := os.ReadFile(newest)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-100] ^= 4
	if err := os.WriteFile(newest, b, 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr = costate(t, "verify", good)
	if code != exit.Checkpoint || !strings.Contains(stdout, "BAD") || !strings.Contains(stderr, filepath.Base(newest)+" is corrupt") {
		t.Errorf("%d\n%s%s", code, stdout, stderr)
	}
}

// A control that is not done yet misses its ends: the files are good and the certificate is not.
func TestVerifyUnfinished(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if code, _, stderr := costate(t, "run", "control/double_integrator_energy", "train.iterations=2", "report.figures=false", "--out", dir, "--quiet"); code != exit.OK {
		t.Fatal(stderr)
	}
	if code, _, stderr := costate(t, "verify", dir); code != exit.Numerical || !strings.Contains(stderr, "constraints are missed") {
		t.Errorf("%d %s", code, stderr)
	}
	if code, _, stderr := costate(t, "verify", t.TempDir()); code != exit.IO || !strings.Contains(stderr, "is not a run directory") {
		t.Errorf("%d %s", code, stderr)
	}
}

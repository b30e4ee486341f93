package engine_test

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/experiments/safetensors"
)

// trained makes a run and returns its directory.
func trained(t *testing.T, args ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	if code, _, stderr := costate(t, append(append([]string{"run"}, args...), "report.figures=false", "--out", dir, "--quiet")...); code != exit.OK {
		t.Fatalf("%q: exit code %d\n%s", args, code, stderr)
	}
	return dir
}

func TestExport(t *testing.T) {
	moons := trained(t, "configs/moons.toml", "train.iterations=2")
	for _, format := range []string{"safetensors", "npz", "onnx"} {
		want := filepath.Join(moons, "export", "model."+format)
		lines := []string{want}
		if format == "onnx" {
			lines = append(lines, filepath.Join(moons, "export", "model.input.onnx"), filepath.Join(moons, "export", "model.output.onnx"))
		}
		if code, stdout, stderr := costate(t, "export", moons, "--format", format); code != exit.OK || strings.TrimSpace(stdout) != strings.Join(lines, "\n") {
			t.Fatalf("%s: %d %s%s", format, code, stdout, stderr)
		}
		before, err := os.ReadFile(want)
		if err != nil || len(before) < 1000 {
			t.Errorf("%s: %d bytes, %v", format, len(before), err)
		}
		if code, _, stderr := costate(t, "export", moons, "--format", format); code != exit.Usage || !strings.Contains(stderr, "never overwritten") {
			t.Errorf("%s again: %d %s", format, code, stderr)
		}
		to := filepath.Join(t.TempDir(), "new", "m")
		if code, _, stderr := costate(t, "export", moons, "--format", format, "--output", to); code != exit.OK {
			t.Errorf("%s: %d %s", format, code, stderr)
		}
		if again, err := os.ReadFile(to); err != nil || !bytes.Equal(before, again) {
			t.Errorf("%s: other bytes the second time, %v", format, err)
		}
	}
	model, err := os.ReadFile(filepath.Join(moons, rundir.ModelFile))
	if err != nil {
		t.Fatal(err)
	}
	if exported, _ := os.ReadFile(filepath.Join(moons, "export", "model.safetensors")); !bytes.Equal(model, exported) {
		t.Error("the exported model.safetensors is not the run's")
	}
	_, meta, err := safetensors.Decode(model)
	if err != nil || meta["mesh"] != "[0,0.25,0.5,0.75,1]" || meta["control"] != "piecewise-constant" || !strings.Contains(meta["field"], `"hidden":[16]`) || strings.Count(meta["classes"], ",") != 1 {
		t.Errorf("%v %v", meta, err)
	}
}

// The control of a classical problem has no field to export, and its mesh is in the archive already.
func TestExportControl(t *testing.T) {
	dir := trained(t, "control/scalar_lqr")
	if code, _, stderr := costate(t, "export", dir, "--format", "onnx"); code != exit.Usage || !strings.Contains(stderr, "take npz or safetensors") {
		t.Errorf("%d %s", code, stderr)
	}
	if code, _, stderr := costate(t, "export", dir, "--format", "npz"); code != exit.OK {
		t.Fatal(stderr)
	}
	z, err := zip.OpenReader(filepath.Join(dir, "export", "model.npz"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	if got := strings.Join(names, " "); got != "control.npy mesh.npy metadata.npy" {
		t.Errorf("it holds %s", got)
	}
}

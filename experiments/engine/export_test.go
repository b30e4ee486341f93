package engine_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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
		if code, stdout, stderr := costate(t, "export", moons, "--format", format); code != exit.OK || strings.TrimSpace(stdout) != want {
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

// The control of a classical problem has no network, and its mesh is in the archive already.
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

// A graph has no cubic controls.
func TestExportCubic(t *testing.T) {
	dir := trained(t, "moons", "control.kind=cubic-hermite", "optimizer.kind=adam", "train.iterations=1")
	if code, _, stderr := costate(t, "export", dir, "--format", "onnx"); code != exit.Usage || !strings.Contains(stderr, "cubic-hermite") {
		t.Errorf("%d %s", code, stderr)
	}
	if code, _, stderr := costate(t, "export", dir, "--format", "npz"); code != exit.OK {
		t.Error(stderr)
	}
}

// Layers in discrete time have neither a vector field nor a mesh.
func TestExportLayers(t *testing.T) {
	if _, err := os.Stat("../shared/data/mnist"); err != nil {
		t.Skip("the pictures are not here")
	}
	dir := trained(t, "mnist_quick", "data.folder=../shared/data/mnist", "train.iterations=1", "field.hidden=8")
	if code, _, stderr := costate(t, "export", dir, "--format", "onnx"); code != exit.Usage || !strings.Contains(stderr, "take npz or safetensors") {
		t.Errorf("%d %s", code, stderr)
	}
	for _, format := range []string{"npz", "safetensors"} {
		if code, _, stderr := costate(t, "export", dir, "--format", format); code != exit.OK {
			t.Errorf("%s: %d %s", format, code, stderr)
		}
	}
}

// The script of the documents predicts with PyTorch what this program predicts.
func TestPyTorch(t *testing.T) {
	const script = "docs/load_in_pytorch.py"
	if exec.Command("python3", "--version").Run() != nil {
		t.Skip("python3 is not here")
	}
	if out, err := exec.Command("python3", "-c", "import ast, sys; ast.parse(open(sys.argv[1], encoding='utf-8').read())", script).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if exec.Command("python3", "-c", "import torch").Run() != nil {
		t.Skip("python3 with PyTorch is not here: only the syntax was checked")
	}
	root := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(root, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	series := write("times.csv", "time,angle,velocity\n0,1.5,0\n0.5,,\n2,,\n3.25,,\n")
	points := write("points.csv", "x1,x2\n0,1\n1,-0.5\n0.3,0.2\n")
	for name, c := range map[string]struct {
		input string
		args  []string
	}{
		"series":             {series, []string{"configs/csv.toml", "train.iterations=20"}},
		"augmented, in time": {series, []string{"configs/csv.toml", "train.iterations=3", "field.augment=1", "field.time=true", "field.activation=softplus"}},
		"points, steps":      {points, []string{"configs/moons.toml", "train.iterations=5"}},
		"points, linear":     {points, []string{"configs/moons.toml", "train.iterations=5", "control.kind=piecewise-linear", "field.activation=gelu", "data.normalize=true"}},
	} {
		dir := trained(t, c.args...)
		code, stdout, stderr := costate(t, "predict", dir, "--input", c.input)
		if code != exit.OK {
			t.Fatal(stderr)
		}
		out, err := exec.Command("python3", script, filepath.Join(dir, rundir.ModelFile), c.input).Output()
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
			continue
		}
		want, got := table(t, stdout), table(t, string(out))
		if len(got) != len(want) {
			t.Fatalf("%s: %d rows, want %d\n%s", name, len(got), len(want), out)
		}
		for i := range want {
			for j, v := range want[i] {
				if !(math.Abs(got[i][j]-v) <= 2e-5*(1+math.Abs(v))) {
					t.Errorf("%s: row %d, column %d: %.10g, and this program says %.10g", name, i, j, got[i][j], v)
				}
			}
		}
	}
}

// table are the numbers of a CSV file.
func table(t *testing.T, text string) [][]float64 {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out [][]float64
	for _, line := range lines[1:] {
		var row []float64
		for _, cell := range line {
			v, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				t.Fatal(err)
			}
			row = append(row, v)
		}
		out = append(out, row)
	}
	return out
}

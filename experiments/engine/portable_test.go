package engine_test

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/internal/digits"
	"github.com/costate-go/costate/experiments/internal/onnxtest"
	"github.com/costate-go/costate/experiments/rundir"
)

const folder = "DIGITS" // stands for a folder of made-up pictures

// portable are models of all tasks and kinds: what to run, and what to predict.
var portable = map[string]struct{ input, args string }{
	"series":             {"series", "configs/csv.toml train.iterations=20"},
	"augmented, in time": {"series", "configs/csv.toml train.iterations=3 field.augment=1 field.time=true field.activation=softplus"},
	"gated":              {"series", "configs/csv.toml train.iterations=2 field.kind=gated optimizer.kind=adam field.hidden=[6,6] data.normalize=true"},
	"residual":           {"series", "configs/csv.toml train.iterations=2 field.kind=residual optimizer.kind=adam field.hidden=[6,6]"},
	"hamiltonian":        {"series", "configs/csv.toml train.iterations=2 field.kind=hamiltonian optimizer.kind=adam field.hidden=[6]"},
	"gradient":           {"series", "configs/csv.toml train.iterations=2 field.kind=gradient optimizer.kind=adam field.hidden=[6] field.input=cube data.normalize=true"},
	"second-order":       {"series", "configs/csv.toml train.iterations=2 field.kind=second-order optimizer.kind=adam field.hidden=[6] field.activation=sine"},
	"cubic control":      {"series", "configs/csv.toml train.iterations=2 data.window=0 optimizer.kind=adam control.kind=cubic-hermite control.intervals=3 field.hidden=[4]"},
	"hybrid":             {"series", "hybrid_pendulum train.iterations=2 field.hidden=[6]"},
	"hybrid, fitted":     {"series", "hybrid_pendulum train.iterations=2 field.hidden=[6] field.fit_parameters=true field.components=[]"},
	"known":              {"series", "run data.source=pendulum field.kind=known train.iterations=1"},
	"starts":             {"series", "configs/csv.toml train.iterations=1 data.starts=estimated optimizer.kind=lbfgs"},
	"convolution":        {"heat", "heat_stencil train.iterations=1 field.hidden=[2] field.time=true optimizer.kind=adam field.residual=true"},
	"inputs":             {"rooms", "rooms train.iterations=2 control.l2=0"},
	"cubic inputs":       {"rooms", "rooms train.iterations=2 data.interpolation=cubic control.l2=0"},
	"copies":             {"points1", "emsa_sine train.iterations=3"},
	"points, steps":      {"points", "moons train.iterations=5"},
	"points, linear":     {"points", "moons train.iterations=5 control.kind=piecewise-linear field.activation=gelu data.normalize=true"},
	"three classes":      {"points", "spirals train.iterations=2"},
	"density":            {"points", "density_moons train.iterations=2 data.normalize=true field.hidden=[8] solver.rtol=1e-7 solver.atol=1e-9"},
	"policy":             {"points", "policy_regulator train.iterations=2 field.hidden=[4] field.time=true"},
	"limited policy":     {"points", "policy_pendulum train.iterations=1 policy.samples=8 policy.held_out=8 policy.limit=2 control.kind=piecewise-constant control.intervals=3 optimizer.kind=adam train.batch=0 solver.rtol=1e-8 solver.atol=1e-9"},
	"maps":               {"pixels", "mnist_ode train.iterations=1 train.batch=16 field.states=8 field.hidden=[6] data.folder=" + folder},
	"maps of patches":    {"pixels", "mnist_conv train.iterations=1 train.batch=16 solver.method=bs3 solver.steps=0 field.shape=[2,7,7] field.hidden=[3] data.folder=" + folder},
	"discrete layers":    {"pixels", "mnist_quick train.iterations=1 train.batch=16 field.hidden=[16] data.folder=" + folder},
	"control":            {"", "control/scalar_lqr control.intervals=20"},
}

// prediction is what this program predicts from an input by the model of a run.
type prediction struct {
	name, dir, input string
	want             [][]float64
}

// Other programs predict what this program predicts: by the exported graphs, and by the script of the documents.
func TestPortable(t *testing.T) {
	root := t.TempDir()
	var models []prediction
	inputs := map[string]string{
		"series":  "time,angle,velocity\n0,1.5,0\n0.5,,\n2,,\n3.25,,\n",
		"points":  "x1,x2\n0,1\n1,-0.5\n0.3,0.2\n",
		"points1": "x\n0.3\n-1\n2\n",
		"rooms":   "day,hour,outside,heater,room1,room2\na,0,5,0,12,16\na,1.5,6,0,,\nb,0,5,1,13,15\na,2,6.5,1,,\nb,1,4,1,,\nb,3,7,0,,\n",
	}
	digits.Make(t, root, 60, 20)
	heat, row := []string{"t"}, []string{"0"}
	for i := range 15 {
		heat, row = append(heat, "u"+strconv.Itoa(i)), append(row, strconv.FormatFloat(math.Sin(float64(i)), 'g', -1, 64))
	}
	inputs["heat"] = strings.Join(heat, ",") + "\n" + strings.Join(row, ",") + "\n0.3" + strings.Repeat(",", 15) + "\n"
	pixels := make([]string, 784)
	for i := range pixels {
		pixels[i] = strconv.Itoa(i * 7 % 256)
	}
	inputs["pixels"] = strings.Join(pixels, ",") + "\n" // numbers alone have no header
	paths := map[string]string{}
	for name, text := range inputs {
		paths[name] = filepath.Join(root, name+".csv")
		if err := os.WriteFile(paths[name], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range portable {
		t.Run(name, func(t *testing.T) {
			args := strings.Fields(strings.ReplaceAll(strings.TrimPrefix(c.args, "run "), folder, root))
			dir := filepath.Join(root, name)
			if code, _, stderr := costate(t, append(append([]string{"run"}, args...), "report.figures=false", "--out", dir, "--quiet")...); code != exit.OK {
				t.Fatal(stderr)
			}
			input := paths[c.input]
			predict := []string{"predict", dir}
			if input != "" {
				predict = append(predict, "--input", input)
			}
			code, stdout, stderr := costate(t, predict...)
			if code != exit.OK {
				t.Fatal(stderr)
			}
			if input == "" { // a control over time, to be given back at the same times
				input = filepath.Join(root, "control.csv")
				if err := os.WriteFile(input, []byte(stdout), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			checkAlone(t, dir, input, stdout)
			want := table(t, stdout)
			models = append(models, prediction{name, dir, input, want})
			checkGraphs(t, name, dir, input, want)
		})
	}
	t.Run("PyTorch", func(t *testing.T) { checkPyTorch(t, models) })
}

// checkAlone predicts from a checkpoint without its run, where it must be the same to the last bit; a control problem is refused.
func checkAlone(t *testing.T, dir, input, want string) {
	t.Helper()
	code, stdout, stderr := costate(t, "predict", filepath.Join(dir, rundir.Checkpoints, "LAST"), "--input", input)
	if strings.Contains(stderr, "holds no model that stands alone") && strings.Contains(want, "p1") {
		return
	}
	if code != exit.OK || stdout != want {
		t.Errorf("a checkpoint alone: %d %s\n%s\nwant\n%s", code, stderr, stdout, want)
	}
}

// compareRows says how tables differ.
func compareRows(t *testing.T, got, want [][]float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i := range want {
		if len(got[i]) != len(want[i]) {
			t.Fatalf("row %d has %d columns, want %d", i, len(got[i]), len(want[i]))
		}
		for j, v := range want[i] {
			if !(math.Abs(got[i][j]-v) <= tolerance*(1+math.Abs(v))) {
				t.Errorf("row %d, column %d: %.10g, and this program says %.10g", i, j, got[i][j], v)
			}
		}
	}
}

// tolerances of predictions, whose solvers are less exact than those that they are compared with.
func tolerance(name string) float64 {
	switch name {
	case "maps", "maps of patches": // rtol = 1e-2
		return 0.02
	case "inputs", "cubic inputs":
		return 2e-4
	}
	return 3e-5
}

// checkPyTorch lets the script of the documents predict with PyTorch what this program predicts, all models in one process.
func checkPyTorch(t *testing.T, models []prediction) {
	const script = "docs/load_in_pytorch.py"
	python := ""
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "--version").Run() != nil {
			continue
		}
		if out, err := exec.Command(name, "-c", "import ast, sys; ast.parse(open(sys.argv[1], encoding='utf-8').read())", script).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if exec.Command(name, "-c", "import torch").Run() == nil {
			python = name
			break
		}
	}
	if python == "" {
		t.Skip("no Python with PyTorch is here: at most the syntax was checked")
	}
	const driver = `
import sys, traceback
sys.path.insert(0, "docs")
sys.dont_write_bytecode = True
import load_in_pytorch
for model, table in zip(sys.argv[1::2], sys.argv[2::2]):
    print("=== " + model)
    try:
        load_in_pytorch.main(model, table)
    except BaseException:
        traceback.print_exc(file=sys.stdout)
`
	args := []string{"-c", driver}
	for _, m := range models {
		args = append(args, filepath.Join(m.dir, rundir.ModelFile), m.input)
	}
	out, err := exec.Command(python, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for k, text := range strings.Split(string(out), "=== ")[1:] {
		_, text, _ = strings.Cut(text, "\n")
		m := models[k]
		t.Run(m.name, func(t *testing.T) {
			if strings.Contains(text, "Traceback") {
				t.Fatal(text)
			}
			want := m.want
			if m.name == "control" { // the script gives the control alone
				want = nil
				for _, row := range m.want {
					want = append(want, []float64{row[0], row[len(row)-1]})
				}
			}
			compareRows(t, table(t, text), want, tolerance(m.name))
		})
	}
}

// table are the numbers of a CSV file with a header.
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

// checkGraphs lets the exported graphs predict what this program predicts: data through the input map, the field by small steps from knot to knot, and
// through the output map.
func checkGraphs(t *testing.T, name, dir, input string, want [][]float64) {
	code, stdout, stderr := costate(t, "export", dir, "--format", "onnx")
	if gelu := strings.Contains(portable[name].args, "gelu"); gelu != strings.Contains(stderr, "--type float32") {
		t.Errorf("the activation is gelu: %v, and the command says %q", gelu, stderr)
	}
	if name == "control" {
		if code != exit.Usage || !strings.Contains(stderr, "take npz or safetensors") {
			t.Errorf("%d %s", code, stderr)
		}
		return
	}
	if code != exit.OK {
		t.Fatal(stderr)
	}
	graphs := map[string]*onnxtest.Graph{}
	for path := range strings.Lines(stdout) {
		b, err := os.ReadFile(strings.TrimSpace(path))
		if err != nil {
			t.Fatal(err)
		}
		graphs[filepath.Base(strings.TrimSpace(path))] = onnxtest.Load(t, b)
	}
	text, err := os.ReadFile(input)
	if err != nil {
		t.Fatal(err)
	}
	g := &graphModel{graphs: graphs, field: graphs["model.onnx"]}
	var data struct{ Inputs []string }
	for key, to := range map[string]any{"mesh": &g.knots, "solver": &g.solver, "data": &data} {
		if err := json.Unmarshal([]byte(g.field.Metadata[key]), to); err != nil && g.field.Metadata[key] != "" {
			t.Fatal(key, err)
		}
	}
	if len(data.Inputs) > 0 { // inputs are the business of who integrates: see the tests of package onnx
		if u := g.field.Inputs["u"]; len(u) != 2 || u[1] != strconv.Itoa(len(data.Inputs)) {
			t.Errorf("the input u is %v", u)
		}
		return
	}
	var got, short [][]float64
	switch {
	case graphs["model.input.onnx"] == nil && graphs["model.output.onnx"] == nil && g.field.Outputs["u"] != nil:
		for i, x := range table(t, string(text)) { // the controls of a policy
			u := g.field.Run(map[string]onnxtest.Tensor{"t": {Data: []float64{0}}, "x": {Dims: []int{1, 2}, Data: x}})["u"].Data
			got, short = append(got, u), append(short, want[i][2:3])
		}
		want = short
	case g.field.Outputs["logits"] != nil:
		x := table(t, string(text)+string(text))[0]
		got = [][]float64{decided(g.field.Run(map[string]onnxtest.Tensor{"pixels": {Dims: []int{1, len(x)}, Data: x}})["probabilities"].Data)}
	case strings.HasPrefix(name, "maps"):
		x := table(t, string(text)+string(text))[0]
		got = [][]float64{decided(g.answer(g.flow(g.enter("pixels", x), 0, 1), "probabilities"))}
	case g.field.Metadata["task"] == "fit" && len(strings.Split(string(text), ",")) > 3:
		got = g.series(want)
	default:
		for _, x := range table(t, string(text)) {
			end := g.flow(g.enter("data", x), g.knots[0], g.knots[len(g.knots)-1])
			switch {
			case name == "copies":
				x = append(x, g.answer(end, "y")...)
			case name == "density": // has no graph of the trace
				back := g.answer(end, "data")
				if bad := g.enter("data", back); math.Abs(bad[0]-end[0])+math.Abs(bad[1]-end[1]) > 1e-9 {
					t.Errorf("%v and back is %v", end, bad)
				}
				return
			default:
				x = append(x, decided(g.answer(end, "probabilities"))...)
			}
			got = append(got, x)
		}
	}
	compareRows(t, got, want, tolerance(name))
}

// decided is the class and the probability that predict says.
func decided(p []float64) []float64 {
	class := slices.Index(p, slices.Max(p))
	if len(p) == 2 {
		return []float64{float64(class), p[1]}
	}
	return []float64{float64(class), p[class]}
}

// graphModel integrates an exported field.
type graphModel struct {
	graphs map[string]*onnxtest.Graph
	field  *onnxtest.Graph
	knots  []float64
	solver struct{ Steps int }
}

func (g *graphModel) enter(what string, x []float64) []float64 {
	return g.graphs["model.input.onnx"].Run(map[string]onnxtest.Tensor{what: {Dims: []int{1, len(x)}, Data: x}})["x"].Data
}

func (g *graphModel) answer(x []float64, what string) []float64 {
	return g.graphs["model.output.onnx"].Run(map[string]onnxtest.Tensor{"x": {Dims: []int{1, len(x)}, Data: x}})[what].Data
}

func (g *graphModel) f(t float64, x []float64) []float64 {
	return g.field.Run(map[string]onnxtest.Tensor{"t": {Data: []float64{t}}, "x": {Dims: []int{1, len(x)}, Data: x}})["dx"].Data
}

// flow goes by the classical Runge–Kutta method from knot to knot or, where the model has a number of steps of its own, by Euler's.
func (g *graphModel) flow(x []float64, t0, t1 float64) []float64 {
	stops := []float64{t0}
	for _, k := range g.knots {
		if k > t0 && k < t1 {
			stops = append(stops, k)
		}
	}
	stops = append(stops, t1)
	axpy := func(a float64, v, x []float64) []float64 {
		out := slices.Clone(x)
		for i := range out {
			out[i] += a * v[i]
		}
		return out
	}
	for j := range len(stops) - 1 {
		a, b := stops[j], stops[j+1]
		n := int(math.Ceil((b - a) / 0.02))
		if g.solver.Steps > 0 {
			n = g.solver.Steps
		}
		h := (b - a) / float64(n)
		for i := range n {
			t := a + float64(i)*h
			k1 := g.f(t, x)
			if g.solver.Steps > 0 {
				x = axpy(h, k1, x)
				continue
			}
			k2 := g.f(t+h/2, axpy(h/2, k1, x))
			k3 := g.f(t+h/2, axpy(h/2, k2, x))
			k4 := g.f(min(t+h, math.Nextafter(b, a)), axpy(h, k3, x)) // before the next knot
			for i, k := range [][]float64{k1, k2, k3, k4} {
				x = axpy(h*[]float64{1. / 6, 1. / 3, 1. / 3, 1. / 6}[i], k, x)
			}
		}
	}
	return x
}

// series predicts at the times of a table from its first row.
func (g *graphModel) series(want [][]float64) (rows [][]float64) {
	x := g.enter("data", want[0][1:])
	for k, row := range want {
		if k > 0 {
			x = g.flow(x, want[k-1][0], row[0])
		}
		rows = append(rows, append([]float64{row[0]}, g.answer(x, "data")...))
	}
	return rows
}

// The data that a model was trained on are not needed to predict, nor its run directory; what is no checkpoint, or is damaged, is refused.
func TestPredictAlone(t *testing.T) {
	root := t.TempDir()
	file, input, alone := filepath.Join(root, "mine.csv"), filepath.Join(root, "in.csv"), filepath.Join(root, "model.ckpt")
	b, err := os.ReadFile("configs/pendulum.csv")
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string][]byte{file: b, input: []byte("time,angle,velocity\n0,1.5,0\n0.5,,\n")} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	dir := trained(t, "configs/csv.toml", "data.file="+file, "data.normalize=true", "train.iterations=2")
	_, want, _ := costate(t, "predict", dir, "--input", input)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	model, err := os.ReadFile(filepath.Join(dir, rundir.Checkpoints, "step-000002.ckpt"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(alone, model, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, alone, filepath.Join(dir, rundir.Checkpoints, "BEST")} {
		if code, got, stderr := costate(t, "predict", path, "--input", input); code != exit.OK || got != want || strings.Count(got, "\n") != 3 {
			t.Errorf("%s: %d %s\n%s", path, code, stderr, got)
		}
	}
	model[len(model)/2] ^= 1
	if err := os.WriteFile(alone, model, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, code := range map[string]int{alone: exit.Checkpoint, input: exit.Checkpoint, filepath.Join(root, "nothing"): exit.IO, filepath.Join(dir, rundir.Checkpoints): exit.IO} {
		if got, _, stderr := costate(t, "predict", path, "--input", input); got != code {
			t.Errorf("%s: %d, want %d: %s", path, got, code, stderr)
		}
	}
	if code, _, stderr := costate(t, "predict", dir); code != exit.Usage || !strings.Contains(stderr, "--input") {
		t.Errorf("without an input: %d %s", code, stderr)
	}
}

package onnx_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/internal/onnxtest"
	"github.com/costate-go/costate/experiments/onnx"
	"github.com/costate-go/costate/experiments/systems"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/discrete"
)

func network(t *testing.T, cfg neural.MLPConfig) *neural.MLP {
	t.Helper()
	m, err := neural.NewMLP(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// must is a field that could be built.
func must[T neural.Field](f T, err error) neural.Field {
	if err != nil {
		panic(err)
	}
	return f
}

func draw(n int) []float64 {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]float64, n)
	for i := range out {
		out[i] = r.NormFloat64()
	}
	return out
}

var knots = []float64{1, 1.5, 2.25, 3}

// example is a model with the field that it should be, whose parameters are all of the model's.
type example struct {
	model onnx.Model
	field neural.Field
	kind  pmp.Kind
}

// constant signals, the same for all samples.
type signal []float64

func (s signal) At(dst []float64, _ float64, sample int) {
	for i, v := range s {
		dst[i] = v * float64(1+sample)
	}
}

var levels = signal{0.3, -0.8}

// examples are fields of every kind, under controls of every kind.
func examples(t *testing.T) map[string]example {
	t.Helper()
	out := map[string]example{}
	add := func(name string, f neural.Field, kind pmp.Kind) { out[name] = example{onnx.Model{Field: f}, f, kind} }
	mlp := func(cfg neural.MLPConfig) neural.Field { return network(t, cfg) }
	small := neural.MLPConfig{Dim: 2, Hidden: []int{4}, Time: true}
	add("affine", mlp(neural.MLPConfig{Dim: 2}), pmp.Constant)
	add("cube", mlp(neural.MLPConfig{Dim: 2, Hidden: []int{5}, Input: neural.Cube}), pmp.Constant)
	add("time", mlp(neural.MLPConfig{Dim: 3, Hidden: []int{4, 5}, Time: true, Output: neural.Tanh}), pmp.Constant)
	add("piecewise constant", mlp(neural.MLPConfig{Dim: 2, Hidden: []int{4}}), pmp.PiecewiseConstant)
	add("piecewise linear", mlp(small), pmp.PiecewiseLinear)
	add("cubic", mlp(small), pmp.CubicHermite)
	add("driven", &neural.Forced{Field: mlp(neural.MLPConfig{Dim: 2, Hidden: []int{4}, Time: true, Signals: 2}), Signal: levels}, pmp.PiecewiseLinear)
	add("gated", must(neural.NewGated(neural.GatedConfig{Dim: 2, Hidden: []int{4, 4, 3}, Gate: true, Residual: true})), pmp.Constant)
	add("gated, cubic", must(neural.NewGated(neural.GatedConfig{Dim: 2, Hidden: []int{4}, Gate: true})), pmp.CubicHermite)
	add("residual", must(neural.NewGated(neural.GatedConfig{Dim: 3, Hidden: []int{3, 3}, Residual: true, Activation: neural.Softplus, Output: neural.Sine})), pmp.Constant)
	add("second-order", must(neural.NewAcceleration(neural.MLPConfig{Dim: 4, Hidden: []int{5}, Time: true})), pmp.PiecewiseLinear)
	add("second-order, driven", &neural.Forced{Field: must(neural.NewAcceleration(neural.MLPConfig{Dim: 4, Hidden: []int{5}, Signals: 2})), Signal: levels}, pmp.Constant)
	conv := neural.ConvConfig{Channels: 2, Height: 4, Width: 3, Hidden: []int{3, 3}, Residual: true}
	add("convolutions", must(neural.NewConv(conv)), pmp.Constant)
	conv.Time, conv.Kernel = true, 5
	add("convolutions in time", must(neural.NewConv(conv)), pmp.PiecewiseConstant)
	for _, name := range neural.ActivationNames() {
		act, err := neural.ParseActivation(name)
		if err != nil {
			t.Fatal(err)
		}
		add(name, mlp(neural.MLPConfig{Dim: 2, Hidden: []int{6}, Activation: act}), pmp.Constant)
		add("hamiltonian of "+name, must(neural.NewHamiltonian(neural.MLPConfig{Dim: 4, Hidden: []int{4, 3}, Activation: act})), pmp.Constant)
	}
	add("gradient", must(neural.NewGradient(neural.MLPConfig{Dim: 3, Hidden: []int{4}, Time: true, Input: neural.Cube, Output: neural.Softplus})), pmp.PiecewiseLinear)
	for _, s := range systems.All() {
		out["known "+s.Name] = example{onnx.Model{Law: &onnx.Law{System: s}}, s.Field(), pmp.Constant}
	}
	lorenz, pendulum := systems.ByName("lorenz"), systems.ByName("driven_pendulum")
	net := mlp(neural.MLPConfig{Dim: 3, Hidden: []int{4}})
	out["hybrid"] = example{onnx.Model{Field: net, Law: &onnx.Law{System: lorenz}, Scale: []float64{0, 1, 0}}, &neural.Sum{A: lorenz.Field(), B: net, Only: []int{1}}, pmp.PiecewiseConstant}
	net = mlp(small)
	values := pendulum.Values
	out["hybrid, fixed"] = example{onnx.Model{Field: net, Law: &onnx.Law{System: pendulum, Fixed: values}}, &neural.Sum{A: pendulum.Fixed(values), B: net}, pmp.PiecewiseLinear}
	policy, err := neural.NewFeedback(neural.FeedbackConfig{Plant: systems.PlantByName("oscillator").Steered(1, 1), See: 2, Policy: neural.MLPConfig{Dim: 2, Hidden: []int{3}, Output: neural.Tanh}, Scale: []float64{2}})
	if err != nil {
		t.Fatal(err)
	}
	steers, scale, _ := policy.Policy()
	out["policy"] = example{onnx.Model{Field: steers, Scale: scale, Output: "u"}, steering{policy, steers}, pmp.Constant}
	return out
}

// steering is a policy as if it were a field with one output.
type steering struct {
	loop *neural.Feedback
	*neural.MLP
}

func (s steering) NewEvaluator(width int) neural.Evaluator {
	return steersAlone{s.loop.NewEvaluator(width)}
}

type steersAlone struct{ neural.Evaluator }

func (s steersAlone) Eval(u []float64, t float64, x []float64) {
	s.Evaluator.(neural.Steering).Control(u, t, append(x, make([]float64, len(x)/2)...))
}

// finish makes the model of an example: its control, and the field without its signal.
func (e *example) finish(elem onnx.Type) (mesh []float64) {
	p, nodes := e.field.NumParams(), 1
	switch e.kind {
	case pmp.PiecewiseConstant:
		nodes, mesh = len(knots)-1, knots
	case pmp.PiecewiseLinear:
		nodes, mesh = len(knots), knots
	case pmp.CubicHermite:
		nodes, mesh = 2*len(knots), knots
	}
	if f, ok := e.model.Field.(*neural.Forced); ok {
		e.model.Field = f.Field
	}
	e.model.Theta, e.model.Knots, e.model.Type = draw(nodes*p), mesh, elem
	e.model.About = onnx.About{Name: "field", Version: "test", Metadata: map[string]string{"b": "2", "a": "1"}}
	return mesh
}

// want evaluates the field at row-major states, under its control.
func (e *example) want(at float64, x []float64, batch, outputs int) []float64 {
	d := len(x) / batch
	last, dx := make([]float64, len(x)), make([]float64, batch*outputs)
	for s := range batch {
		for i := range d {
			last[i*batch+s] = x[s*d+i]
		}
	}
	ev := e.field.NewEvaluator(batch)
	control := pmp.Control{Kind: e.kind, Mesh: e.model.Knots}
	ev.Bind(control.At(make([]float64, e.field.NumParams()), e.model.Theta, at))
	if s, ok := ev.(neural.SampleBatch); ok {
		s.SetSamples(0)
	}
	ev.Eval(dx, at, last)
	rows := make([]float64, len(dx))
	for s := range batch {
		for i := range outputs {
			rows[s*outputs+i] = dx[i*batch+s]
		}
	}
	return rows
}

// drives are the signals of a batch, row by row.
func drives(batch int) onnxtest.Tensor {
	out := onnxtest.Tensor{Dims: []int{batch, len(levels)}}
	for s := range batch {
		dst := make([]float64, len(levels))
		levels.At(dst, 0, s)
		out.Data = append(out.Data, dst...)
	}
	return out
}

func near(got, want []float64, tolerance float64) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d numbers, want %d", len(got), len(want))
	}
	for i, w := range want {
		if !(math.Abs(got[i]-w) <= tolerance*(1+math.Abs(w))) {
			return fmt.Sprintf("number %d is %.17g, want %.17g", i, got[i], w)
		}
	}
	return ""
}

// The graph computes what the field does, whatever the kind, activation, input, time and control.
func TestGraph(t *testing.T) {
	for name, e := range examples(t) {
		for elem, tolerance := range map[onnx.Type]float64{onnx.Float64: 1e-12, onnx.Float32: 2e-5} {
			t.Run(fmt.Sprintf("%s %d", name, elem), func(t *testing.T) {
				e := e
				e.finish(elem)
				file, err := onnx.Encode(e.model)
				if err != nil {
					t.Fatal(err)
				}
				in := onnxtest.Load(t, file)
				d, output, outputs := e.field.Dim(), "dx", e.field.Dim()
				inputs := fmt.Sprintf("map[t:[] x:[batch %d]]", d)
				driven := in.Inputs["u"] != nil
				if driven {
					inputs = fmt.Sprintf("map[t:[] u:[batch 2] x:[batch %d]]", d)
				}
				if e.model.Output != "" {
					output, outputs = e.model.Output, 1
				}
				if in.Opset != 13 || in.Metadata["a"] != "1" || in.Types["x"] != int(elem) || fmt.Sprint(in.Inputs) != inputs || fmt.Sprint(in.Outputs) != fmt.Sprintf("map[%s:[batch %d]]", output, outputs) {
					t.Errorf("opset %d, metadata %v, inputs %v, outputs %v", in.Opset, in.Metadata, in.Inputs, in.Outputs)
				}
				for _, batch := range []int{1, 3} {
					for _, at := range []float64{0.5, 1, 1.2, 1.5, 2, 2.25, 2.9, 3, 3.5} {
						x := draw(batch * d)
						feed := map[string]onnxtest.Tensor{"t": {Data: []float64{at}}, "x": {Dims: []int{batch, d}, Data: x}}
						if driven {
							feed["u"] = drives(batch)
						}
						if bad := near(in.Run(feed)[output].Data, e.want(at, x, batch, outputs), tolerance); bad != "" {
							t.Fatalf("t = %g: %s", at, bad)
						}
					}
				}
			})
		}
	}
}

// Every equation that is known by name has a graph.
func TestKnown(t *testing.T) {
	want := systems.Names()
	slices.Sort(want)
	if got := onnx.Known(); !slices.Equal(got, want) {
		t.Errorf("graphs for %v, want %v", got, want)
	}
}

// classifier is a small map with logits.
func classifier(elem onnx.Type, classes int) onnx.Map {
	return onnx.Map{In: 2, Out: classes, Weight: draw(2 * classes), Bias: draw(classes), Logits: true, Input: "x", Output: "logits", Type: elem}
}

func TestMap(t *testing.T) {
	x := onnxtest.Tensor{Dims: []int{2, 2}, Data: []float64{0.5, 2, 1, 3}}
	m := onnx.Map{In: 2, Out: 3, Weight: []float64{1, 0, 0, 2, 0, 0}, Bias: []float64{0, 1, 0}, Log: true, Exp: true, Input: "features", Output: "x"}
	file, err := onnx.EncodeMap(m)
	if err != nil {
		t.Fatal(err)
	}
	got := onnxtest.Load(t, file).Run(map[string]onnxtest.Tensor{"features": x})["x"].Data
	if bad := near(got, []float64{0.5, math.E * 4, 1, 1, math.E * 9, 1}, 1e-14); bad != "" {
		t.Error(bad)
	}
	for _, classes := range []int{1, 3} {
		file, err := onnx.EncodeMap(classifier(onnx.Float64, classes))
		if err != nil {
			t.Fatal(err)
		}
		in := onnxtest.Load(t, file)
		out := in.Run(map[string]onnxtest.Tensor{"x": x})
		z, p := out["logits"].Data, out["probabilities"].Data
		if n := max(2, classes); fmt.Sprint(in.Outputs) != fmt.Sprintf("map[logits:[batch %d] probabilities:[batch %d]]", classes, n) || len(p) != 2*n {
			t.Fatalf("outputs %v, %d probabilities", in.Outputs, len(p))
		}
		if classes == 1 {
			if bad := near([]float64{p[1], p[0] + p[1]}, []float64{1 / (1 + math.Exp(-z[0])), 1}, 1e-14); bad != "" {
				t.Error(bad)
			}
		} else if bad := near([]float64{p[1] / p[0], p[0] + p[1] + p[2]}, []float64{math.Exp(z[1] - z[0]), 1}, 1e-14); bad != "" {
			t.Error(bad)
		}
	}
}

// layers is a network in discrete time with running moments that are not the first ones.
func layers(t *testing.T) (discrete.Network, []float64) {
	t.Helper()
	net := discrete.Network{Sizes: []int{6, 5, 4}}
	theta := make([]float64, net.NumParams())
	net.Init(theta, 0.7, 3)
	r := rand.New(rand.NewPCG(3, 4))
	for _, p := range net.Parts() {
		for i := range p.Out {
			theta[p.Scale+i], theta[p.Shift+i], theta[p.Mean+i], theta[p.Variance+i] = r.NormFloat64(), r.NormFloat64(), r.NormFloat64(), 0.1+r.Float64()
		}
	}
	return net, theta
}

var pixels = onnxtest.Tensor{Dims: []int{2, 6}, Data: []float64{0, 255, 100, 3, 20, 77, 12, 0, 0, 255, 255, 1}}

func logits(t *testing.T, net discrete.Network, theta []float64) []float64 {
	t.Helper()
	model, err := discrete.NewModel(net, 1)
	if err != nil {
		t.Fatal(err)
	}
	model.Load(theta)
	x := make([]float32, len(pixels.Data))
	for s := range 2 {
		for i := range 6 {
			x[i*2+s] = float32(pixels.Data[s*6+i]) / 255
		}
	}
	z := model.Logits(x, 2)
	var want []float64
	for s := range 2 {
		for k := range 4 {
			want = append(want, float64(z[k*2+s]))
		}
	}
	return want
}

func TestLayers(t *testing.T) {
	net, theta := layers(t)
	file, err := onnx.EncodeLayers(net, theta, onnx.Float64, onnx.About{Name: "layers"})
	if err != nil {
		t.Fatal(err)
	}
	if bad := near(onnxtest.Load(t, file).Run(map[string]onnxtest.Tensor{"pixels": pixels})["logits"].Data, logits(t, net, theta), 1e-5); bad != "" {
		t.Error(bad)
	}
}

func TestSameBytes(t *testing.T) {
	f := network(t, neural.MLPConfig{Dim: 2, Hidden: []int{3}})
	m := onnx.Model{Field: f, Theta: draw(f.NumParams()), About: onnx.About{Metadata: map[string]string{"a": "1", "b": "2", "c": "3"}}}
	first, err := onnx.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if again, err := onnx.Encode(m); err != nil || !bytes.Equal(first, again) {
			t.Fatal("the same model gives other bytes", err)
		}
	}
}

func TestErrors(t *testing.T) {
	f := network(t, neural.MLPConfig{Dim: 2})
	lorenz := systems.ByName("lorenz")
	foreign := *lorenz
	foreign.Name = "roessler"
	for name, m := range map[string]onnx.Model{
		"too few":       {Field: f, Theta: make([]float64, 5)},
		"no knots":      {Field: f, Theta: make([]float64, 12)},
		"type":          {Field: f, Theta: make([]float64, 6), Type: onnx.Int64},
		"nothing":       {},
		"scale":         {Field: f, Theta: make([]float64, 6), Scale: []float64{1}},
		"other states":  {Field: f, Law: &onnx.Law{System: lorenz}, Theta: make([]float64, 9)},
		"parameters":    {Law: &onnx.Law{System: lorenz, Fixed: []float64{1}}},
		"unknown field": {Field: lorenz.Field(), Theta: make([]float64, 3)},
		"unknown law":   {Law: &onnx.Law{System: &foreign}, Theta: make([]float64, 3)},
	} {
		if _, err := onnx.Encode(m); !errors.Is(err, onnx.ErrField) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := onnx.EncodeMap(onnx.Map{In: 2, Out: 1, Weight: []float64{1}, Bias: []float64{0}}); !errors.Is(err, onnx.ErrField) {
		t.Error(err)
	}
	net, theta := layers(t)
	if _, err := onnx.EncodeLayers(net, theta[1:], 0, onnx.About{}); !errors.Is(err, onnx.ErrField) {
		t.Error(err)
	}
}

// files writes every example, a classifier's map and layers into a folder.
func files(t *testing.T, elem onnx.Type) (paths []string, byPath map[string]example) {
	t.Helper()
	dir := t.TempDir()
	byPath = map[string]example{}
	write := func(name string, file []byte, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, strings.ReplaceAll(name, " ", "_")+".onnx")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
		return path
	}
	for name, e := range examples(t) {
		e.finish(elem)
		file, err := onnx.Encode(e.model)
		byPath[write(name, file, err)] = e
	}
	for _, classes := range []int{1, 3} {
		file, err := onnx.EncodeMap(classifier(elem, classes))
		write(fmt.Sprint("map", classes), file, err)
	}
	net, theta := layers(t)
	file, err := onnx.EncodeLayers(net, theta, elem, onnx.About{Name: "layers"})
	write("discrete", file, err)
	return paths, byPath
}

// Where Python has the package, its checker accepts the files.
func TestChecker(t *testing.T) {
	python := pythonWith("onnx")
	if python == "" {
		t.Skip("no Python with the package onnx is here")
	}
	for _, elem := range []onnx.Type{onnx.Float64, onnx.Float32} {
		paths, _ := files(t, elem)
		const script = "import onnx, sys\nfor p in sys.argv[1:]:\n    m = onnx.load(p)\n    onnx.checker.check_model(m, full_check=True)\n    print(m.opset_import[0].version)"
		out, err := exec.Command(python, append([]string{"-c", script}, paths...)...).CombinedOutput()
		if err != nil || string(out) != strings.Repeat("13\n", len(paths)) {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// pythonWith finds a Python that has a package.
func pythonWith(name string) string {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import "+name).Run() == nil {
			return python
		}
	}
	return ""
}

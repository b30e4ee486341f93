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
	"testing"

	"github.com/costate-go/costate/experiments/onnx"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
)

func network(t *testing.T, cfg neural.MLPConfig) *neural.MLP {
	t.Helper()
	m, err := neural.NewMLP(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func draw(n int) []float64 {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]float64, n)
	for i := range out {
		out[i] = r.NormFloat64()
	}
	return out
}

// The graph computes what the field does, whatever the activation, input, time and control.
func TestGraph(t *testing.T) {
	knots := []float64{1, 1.5, 2.25, 3}
	cases := map[string]struct {
		cfg   neural.MLPConfig
		kind  pmp.Kind
		knots []float64
	}{
		"affine":             {neural.MLPConfig{Dim: 2}, pmp.Constant, nil},
		"cube":               {neural.MLPConfig{Dim: 2, Hidden: []int{5}, Input: neural.Cube}, pmp.Constant, nil},
		"time":               {neural.MLPConfig{Dim: 3, Hidden: []int{4, 5}, Time: true, Output: neural.Tanh}, pmp.Constant, nil},
		"piecewise constant": {neural.MLPConfig{Dim: 2, Hidden: []int{4}}, pmp.PiecewiseConstant, knots},
		"piecewise linear":   {neural.MLPConfig{Dim: 2, Hidden: []int{4}, Time: true}, pmp.PiecewiseLinear, knots},
		"one interval":       {neural.MLPConfig{Dim: 2, Hidden: []int{4}}, pmp.PiecewiseLinear, []float64{1, 3}},
	}
	for _, name := range neural.ActivationNames() {
		act, err := neural.ParseActivation(name)
		if err != nil {
			t.Fatal(err)
		}
		cases[name] = struct {
			cfg   neural.MLPConfig
			kind  pmp.Kind
			knots []float64
		}{neural.MLPConfig{Dim: 2, Hidden: []int{6}, Activation: act}, pmp.Constant, nil}
	}
	for name, c := range cases {
		for elem, tolerance := range map[onnx.Type]float64{onnx.Float64: 1e-14, onnx.Float32: 2e-6} {
			t.Run(fmt.Sprintf("%s %d", name, elem), func(t *testing.T) {
				f := network(t, c.cfg)
				p, nodes := f.NumParams(), 1
				if c.kind != pmp.Constant {
					nodes = len(c.knots) - 1
				}
				if c.kind == pmp.PiecewiseLinear {
					nodes++
				}
				theta := draw(nodes * p)
				file, err := onnx.Encode(onnx.Model{Field: f, Theta: theta, Knots: c.knots, Type: elem, Name: "field", Version: "test", Metadata: map[string]string{"b": "2", "a": "1"}})
				if err != nil {
					t.Fatal(err)
				}
				in := load(t, file)
				d := f.Dim()
				if in.opset != 13 || in.metadata["a"] != "1" || in.types["x"] != int(elem) || fmt.Sprint(in.inputs) != fmt.Sprintf("map[t:[] x:[batch %d]]", d) || fmt.Sprint(in.outputs) != fmt.Sprintf("map[dx:[batch %d]]", d) {
					t.Errorf("opset %d, metadata %v, inputs %v, outputs %v", in.opset, in.metadata, in.inputs, in.outputs)
				}
				control := pmp.Control{Kind: c.kind, Mesh: c.knots}
				for _, batch := range []int{1, 3} {
					ev := f.NewEvaluator(batch)
					for _, at := range []float64{0.5, 1, 1.2, 1.5, 2, 2.25, 2.9, 3, 3.5} {
						x := draw(batch * d) // row by row
						last, want := make([]float64, batch*d), make([]float64, batch*d)
						for s := range batch {
							for i := range d {
								last[i*batch+s] = x[s*d+i]
							}
						}
						ev.Bind(control.At(make([]float64, p), theta, at))
						ev.Eval(want, at, last)
						got := in.run(map[string]array{"t": {data: []float64{at}}, "x": {dims: []int{batch, d}, data: x}})["dx"]
						for s := range batch {
							for i := range d {
								if a, b := got.data[s*d+i], want[i*batch+s]; !(math.Abs(a-b) <= tolerance*(1+math.Abs(b))*20) {
									t.Fatalf("t = %g, sample %d: dx%d = %.17g, the field says %.17g", at, s, i+1, a, b)
								}
							}
						}
					}
				}
			})
		}
	}
}

func TestSameBytes(t *testing.T) {
	f := network(t, neural.MLPConfig{Dim: 2, Hidden: []int{3}})
	m := onnx.Model{Field: f, Theta: draw(f.NumParams()), Metadata: map[string]string{"a": "1", "b": "2", "c": "3"}}
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
	for name, m := range map[string]onnx.Model{
		"too few":  {Field: f, Theta: make([]float64, 5)},
		"no knots": {Field: f, Theta: make([]float64, 12)},
		"signals":  {Field: network(t, neural.MLPConfig{Dim: 2, Signals: 1}), Theta: make([]float64, 8)},
		"type":     {Field: f, Theta: make([]float64, 6), Type: onnx.Int64},
	} {
		if _, err := onnx.Encode(m); !errors.Is(err, onnx.ErrField) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Where Python has the package, its checker accepts the files.
func TestChecker(t *testing.T) {
	if exec.Command("python3", "-c", "import onnx").Run() != nil {
		t.Skip("python3 with the package onnx is not here")
	}
	f := network(t, neural.MLPConfig{Dim: 2, Hidden: []int{4}, Time: true, Activation: neural.GELU, Input: neural.Cube})
	for name, knots := range map[string][]float64{"constant": nil, "steps": {0, 1, 2, 3}, "linear": {0, 1, 2}} {
		nodes := map[string]int{"constant": 1, "steps": 3, "linear": 3}[name]
		file, err := onnx.Encode(onnx.Model{Field: f, Theta: draw(nodes * f.NumParams()), Knots: knots, Name: "field"})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "m.onnx")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		const script = "import onnx, sys; m = onnx.load(sys.argv[1]); onnx.checker.check_model(m, full_check=True); print(m.graph.output[0].type.tensor_type.shape.dim[1].dim_value)"
		if out, err := exec.Command("python3", "-c", script, path).CombinedOutput(); err != nil || string(out) != "2\n" {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

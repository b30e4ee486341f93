package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/costate-go/costate/experiments/atomicfile"
	"github.com/costate-go/costate/experiments/cli"
	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/npz"
	"github.com/costate-go/costate/experiments/onnx"
	"github.com/costate-go/costate/experiments/run"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
)

// Export implements cli.Engine.
func (Engine) Export(_ context.Context, o cli.ExportOptions) error {
	r, err := run.Load(o.Run, threads(o.Threads))
	if err != nil {
		return err
	}
	var b []byte
	switch o.Format {
	case "safetensors":
		b, err = run.Model(r.Config, r.Task, r.Best)
	case "npz":
		b, err = exportNPZ(r)
	case "onnx":
		b, err = exportONNX(r, o.Type)
	default:
		err = exit.With(exit.Usage, fmt.Errorf("--format %q: choose from safetensors, npz, onnx", o.Format))
	}
	if err != nil {
		return err
	}
	path := o.Output
	if path == "" {
		path = r.Dir.Path("export", "model."+o.Format)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := atomicfile.WriteNew(path, b); errors.Is(err, fs.ErrExist) {
		return exit.With(exit.Usage, fmt.Errorf("--output %s: exists, and files are never overwritten; choose another one or remove it", path))
	} else if err != nil {
		return err
	}
	_, err = fmt.Fprintln(o.Stdout, path)
	return err
}

// exportNPZ has the tensors of model.safetensors, the knots of the control, the scale of the data, and the metadata as JSON.
func exportNPZ(r *run.Result) ([]byte, error) {
	meta, err := run.Metadata(r.Config, r.Task)
	if err != nil {
		return nil, err
	}
	var arrays []npz.Array
	mesh := true
	for _, t := range r.Task.Tensors(r.Best) {
		arrays = append(arrays, npz.Array{Name: t.Name, Shape: t.Shape, Data: t.Data})
		mesh = mesh && t.Name != "mesh"
	}
	if knots := run.Knots(r.Task); mesh && knots != nil {
		arrays = append(arrays, npz.Array{Name: "mesh", Shape: []int{len(knots)}, Data: knots})
	}
	if s := r.Task.About().Scaler; s.Mean != nil {
		arrays = append(arrays, npz.Array{Name: "scaler.mean", Shape: []int{len(s.Mean)}, Data: s.Mean}, npz.Array{Name: "scaler.std", Shape: []int{len(s.Std)}, Data: s.Std})
	}
	text, err := json.Marshal(meta)
	if err != nil {
		return nil, err
	}
	return npz.Encode(arrays, map[string]string{"metadata": string(text)})
}

// networkOf is the fully connected network that a problem has as its field, nil where it has none.
func networkOf(p *pmp.Problem) *neural.MLP {
	if p == nil { // discrete time
		return nil
	}
	field := p.Field
	if w, ok := field.(*pmp.Warp); ok {
		field = w.Field
	}
	m, _ := field.(*neural.MLP)
	return m
}

func exportONNX(r *run.Result, elem string) ([]byte, error) {
	m := networkOf(r.Task.Problem())
	if m == nil {
		return nil, exit.With(exit.Usage, fmt.Errorf("--format onnx holds fully connected networks, and the model of %s is none; take npz or safetensors", r.Config.Name))
	}
	if r.Task.Problem().Control.Kind == pmp.CubicHermite {
		return nil, exit.With(exit.Usage, errors.New("--format onnx holds constant, piecewise constant and piecewise linear controls, not control.kind = \"cubic-hermite\"; take npz or safetensors"))
	}
	meta, err := run.Metadata(r.Config, r.Task)
	if err != nil {
		return nil, err
	}
	kind := onnx.Float64
	if elem == "float32" {
		kind = onnx.Float32
	}
	b, err := onnx.Encode(onnx.Model{
		Field: m, Theta: r.Best, Knots: run.Knots(r.Task), Type: kind, Name: r.Config.Name, Version: rundir.Version(), Metadata: meta,
		Doc: "The vector field dx = f(t, x) of a neural ODE, on states in the model's own units: see the metadata scaler.",
	})
	if errors.Is(err, onnx.ErrField) {
		err = exit.With(exit.Usage, err)
	}
	return b, err
}

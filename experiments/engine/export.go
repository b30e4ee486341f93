package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/costate-go/costate/experiments/atomicfile"
	"github.com/costate-go/costate/experiments/cli"
	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/npz"
	"github.com/costate-go/costate/experiments/onnx"
	"github.com/costate-go/costate/experiments/run"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/experiments/tasks"
)

// Export implements cli.Engine.
func (Engine) Export(_ context.Context, o cli.ExportOptions) error {
	r, err := run.Load(o.Run, threads(o.Threads))
	if err != nil {
		return err
	}
	passedOver(o.Options, r.Skipped)
	var files []exported
	switch o.Format {
	case "safetensors":
		b, failed := run.Model(r.Config, r.Task, r.Best)
		files, err = []exported{{bytes: b}}, failed
	case "npz":
		b, failed := exportNPZ(r)
		files, err = []exported{{bytes: b}}, failed
	case "onnx":
		files, err = exportONNX(r, o.Type)
		if c := r.Config; err == nil && o.Type != "float32" && !o.Quiet && (c.Field.Activation == "gelu" || c.Field.Output == "gelu") {
			fmt.Fprintln(o.Stderr, "costate: ONNX Runtime has no gelu in float64; --type float32 writes a file that it runs")
		}
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
	for i := range files {
		f := &files[i]
		f.path = path
		if f.part != "" { // model.onnx and model.input.onnx
			ext := filepath.Ext(path)
			f.path = strings.TrimSuffix(path, ext) + "." + f.part + ext
		}
		if _, err := os.Lstat(f.path); err == nil {
			return exists(f.path)
		}
	}
	for _, f := range files {
		if err := atomicfile.WriteNew(f.path, f.bytes); errors.Is(err, fs.ErrExist) {
			return exists(f.path)
		} else if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(o.Stdout, f.path); err != nil {
			return err
		}
	}
	return nil
}

// exported is a file, the model's or that of a part of it.
type exported struct {
	part, path string
	bytes      []byte
}

func exists(path string) error {
	return exit.With(exit.Usage, fmt.Errorf("--output %s: exists, and files are never overwritten; choose another one or remove it", path))
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

// exportONNX has the field, and the maps between data and states where there are any.
func exportONNX(r *run.Result, elem string) ([]exported, error) {
	task, ok := r.Task.(tasks.Porter)
	if !ok {
		return nil, exit.With(exit.Usage, fmt.Errorf("--format onnx holds networks and known equations, and %s has neither; take npz or safetensors, which hold its control", r.Config.Name))
	}
	meta, err := run.Metadata(r.Config, r.Task)
	if err != nil {
		return nil, err
	}
	kind := onnx.Float64
	if elem == "float32" {
		kind = onnx.Float32
	}
	p := task.Portable(r.Best)
	about := func(doc string) onnx.About {
		return onnx.About{Name: r.Config.Name, Doc: doc, Version: rundir.Version(), Metadata: meta}
	}
	if p.Layers != nil {
		b, err := onnx.EncodeLayers(*p.Layers, p.Theta, kind, about("A classifier of pictures by layers in discrete time: pixels from 0 to 255, row by row, to logits and probabilities."))
		return []exported{{bytes: b}}, err
	}
	m := onnx.Model{
		Field: p.Network, Scale: p.Scale, Theta: p.Theta, Knots: run.Knots(r.Task), Type: kind,
		About: about("The vector field dx = f(t, x) of a neural ODE, on states in the model's own units, which the files input and output beside it lead to and from."),
	}
	if p.System != nil {
		m.Law = &onnx.Law{System: p.System, Fixed: p.Fixed}
	}
	if p.Policy {
		m.Output, m.Doc = "u", "A policy u = π(t, x): the controls u of a plant with the states x."
	}
	b, err := onnx.Encode(m)
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	files := []exported{{bytes: b}}
	for _, part := range []struct {
		name, doc string
		m         *tasks.AffineMap
	}{
		{"input", "From data to the state at the beginning of the flow.", p.In},
		{"output", "From the state at the end of the flow to the answer.", p.Out},
	} {
		if part.m == nil {
			continue
		}
		b, err := onnx.EncodeMap(onnx.Map{
			In: part.m.In, Out: part.m.Out, Weight: part.m.Weight, Bias: part.m.Bias, Log: part.m.Log, Exp: part.m.Exp, Logits: part.m.Logits,
			Input: part.m.Input, Output: part.m.Output, Type: kind, About: about(part.doc),
		})
		if err != nil {
			return nil, err
		}
		files = append(files, exported{part: part.name, bytes: b})
	}
	return files, nil
}

package run

import (
	"encoding/json"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/experiments/safetensors"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/solvers"
)

// Metadata says what a program needs besides the numbers to use a model: format, version, config_hash, task, control, and, as JSON,
// scaler, the network and its known equation (field), what the data are (data), how it was integrated (solver), the plant of a policy (policy), the names of classes and
// the knots of the control (mesh) in the time of the field.
func Metadata(c *config.Config, task tasks.Task) (map[string]string, error) {
	out := map[string]string{"format": "costate", "version": rundir.Version(), "config_hash": c.Hash(), "task": c.Task, "control": c.Control.Kind}
	scaler, err := json.Marshal(task.About().Scaler)
	if err != nil {
		return nil, err
	}
	out["scaler"] = string(scaler)
	if knots := Knots(task); knots != nil {
		mesh, err := json.Marshal(knots)
		if err != nil {
			return nil, err
		}
		out["mesh"] = string(mesh)
	}
	more := map[string]any{"classes": tasks.Classes(task)}
	if p, ok := task.(tasks.Porter); ok {
		more["field"], more["data"], more["solver"] = fieldAbout(c, p.Portable(task.Initial())), dataAbout(c), solverAbout(c)
	}
	if c.Task == "policy" {
		q := c.Policy
		more["policy"] = map[string]any{"plant": q.Plant, "state_weight": q.StateWeight, "control_weight": q.ControlWeight, "terminal_weight": q.TerminalWeight, "limit": q.Limit}
	}
	for key, v := range more {
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		if string(text) != "null" {
			out[key] = string(text)
		}
	}
	return out, nil
}

// fieldAbout is the network of a model as the configuration has it, and its known equation.
func fieldAbout(c *config.Config, p tasks.Portable) map[string]any {
	f := &c.Field
	if p.Layers != nil {
		return map[string]any{"kind": f.Kind, "hidden": f.Hidden, "weights": f.Weights}
	}
	out := map[string]any{"kind": f.Kind}
	if p.Network != nil {
		for key, v := range map[string]any{"hidden": f.Hidden, "activation": f.Activation, "output": f.Output, "input": f.Input, "time": f.Time, "augment": f.Augment, "precision": c.Precision} {
			out[key] = v
		}
	}
	if p.Policy && c.Policy.Limit > 0 {
		out["output"] = "tanh"
	}
	switch f.Kind {
	case "conv":
		out["shape"], out["kernel"], out["residual"] = f.Shape, f.Kernel, f.Residual
	case "gated", "residual":
		out["residual"] = f.Residual || f.Kind == "residual"
	case "known", "hybrid":
		out["system"] = p.System.Name
		if p.Fixed != nil {
			out["parameters"] = p.Fixed
		}
		if p.Scale != nil {
			out["mask"] = p.Scale
		}
	}
	return out
}

// dataAbout says what the rows of a table are to the model.
func dataAbout(c *config.Config) map[string]any {
	d := &c.Data
	out := map[string]any{"source": d.Source, "t0": d.T0, "t1": d.T1}
	if d.Source == "csv" && c.Task == "fit" {
		out["time_column"], out["id_column"], out["columns"] = d.TimeColumn, d.IDColumn, d.Columns
	}
	if len(d.Inputs) > 0 {
		out["inputs"], out["interpolation"] = d.Inputs, d.Interp
	}
	if d.Source == "idx" {
		out["pixel_mean"], out["pixel_std"] = tasks.PixelMean, tasks.PixelDeviation
	}
	return out
}

// solverAbout is the method with its tolerances or, where it takes a fixed number of steps between observations or knots, its tableau.
func solverAbout(c *config.Config) any {
	s := &c.Solver
	if c.Field.Kind == "layers" { // in discrete time
		return nil
	}
	out := map[string]any{"method": s.Method, "rtol": s.RTol, "atol": s.ATol}
	if s.Steps == 0 {
		return out
	}
	out["steps"] = s.Steps
	if method, err := solvers.ByName(s.Method); err == nil {
		if t, ok := method.(*solvers.Tableau); ok {
			out["tableau"] = map[string]any{"a": t.A, "b": t.B, "c": t.C}
		}
	}
	return out
}

// Knots of the control in the time of the field: those of the mesh, or begin and end of the horizon of a constant control, which
// for a series is all of it. In discrete time there are none.
func Knots(task tasks.Task) []float64 {
	p := task.Problem()
	if p == nil {
		return nil
	}
	knots := []float64{p.T0, p.T1}
	if p.Control.Kind != pmp.Constant {
		knots = append(knots[:0], p.Control.Mesh...)
	}
	if f, ok := task.(*tasks.Fit); ok { // its problem counts from the first time of a window
		t, _, _ := f.Observations()
		knots[0] = max(knots[0], 0) // estimated starts move before it
		for i := range knots {
			knots[i] += t[0]
		}
		knots[len(knots)-1] = t[len(t)-1]
	}
	return knots
}

// Model gives the bytes of model.safetensors for a control.
func Model(c *config.Config, task tasks.Task, theta []float64) ([]byte, error) {
	meta, err := Metadata(c, task)
	if err != nil {
		return nil, err
	}
	return safetensors.Encode(task.Tensors(theta), meta)
}

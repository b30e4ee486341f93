package run

import (
	"encoding/json"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/experiments/safetensors"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/pmp"
)

// Metadata says what a program needs besides the numbers to use a model: format, version, config_hash, task, control, scaler,
// and, as JSON, the network (field), the names of classes and the knots of the control (mesh) in the time of the field.
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
	if t, ok := task.(*tasks.Classify); ok {
		p, _, _ := t.Data()
		classes, err := json.Marshal(p.Classes)
		if err != nil {
			return nil, err
		}
		out["classes"] = string(classes)
	}
	if c.Task != "control" {
		f := &c.Field
		about := map[string]any{"kind": f.Kind, "hidden": f.Hidden, "activation": f.Activation, "output": f.Output, "input": f.Input, "time": f.Time, "augment": f.Augment, "precision": c.Precision}
		if task.Problem() == nil {
			about = map[string]any{"kind": f.Kind, "hidden": f.Hidden, "weights": f.Weights}
		}
		field, err := json.Marshal(about)
		if err != nil {
			return nil, err
		}
		out["field"] = string(field)
	}
	return out, nil
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

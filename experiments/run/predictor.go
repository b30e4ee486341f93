package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/costate-go/costate/experiments/checkpoint"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/experiments/tasks"
)

// Trained is a model that predicts, with the configuration that it was trained by and its best control.
type Trained struct {
	Config *config.Config
	Model  tasks.Predictor
	Best   []float64
	// Skipped says which newer checkpoints were passed over, and why.
	Skipped []error
}

// The names under which checkpoints hold what a model needs besides its control.
const (
	extraConfig = "config" // the resolved configuration, as in config.toml
	extraFrame  = "frame"  // tasks.Frame in JSON
)

// extra is what checkpoints have besides numbers.
func (d *driver) extra() (map[string]string, error) {
	scaler, err := json.Marshal(d.task.About().Scaler)
	if err != nil {
		return nil, err
	}
	out := map[string]string{"scaler": string(scaler)}
	frame, ok := tasks.FrameOf(d.task)
	if !ok {
		return out, nil
	}
	var text bytes.Buffer
	if err := d.c.Print(&text); err != nil {
		return nil, err
	}
	b, err := json.Marshal(frame)
	if err != nil {
		return nil, err
	}
	out[extraConfig], out[extraFrame] = text.String(), string(b)
	return out, nil
}

// LoadModel reads a model to predict with, from the newest good checkpoint of a run directory or from a checkpoint alone (also by the
// names LAST and BEST); the data that it was trained on are not needed. Control problems are solved again from their run directory.
func LoadModel(path string, threads int) (*Trained, error) {
	if threads <= 0 {
		threads = 1
	}
	info, err := os.Stat(path)
	alone := err == nil && !info.IsDir()
	var st *checkpoint.State
	var skipped []error
	if alone {
		st, path, err = readCheckpoint(path)
	} else {
		if err := rundir.Exists(path); err != nil {
			return nil, err
		}
		store := &checkpoint.Store{Dir: filepath.Join(path, rundir.Checkpoints)}
		st, skipped, err = store.Last()
	}
	if err != nil {
		return nil, err
	}
	if st.Meta.Extra[extraConfig] == "" {
		if alone {
			return nil, &checkpoint.Error{File: path, Text: "holds no model that stands alone", Remedy: "predict from its run directory"}
		}
		r, err := Load(path, threads)
		if err != nil {
			return nil, err
		}
		return &Trained{r.Config, r.Task, r.Best, r.Skipped}, nil
	}
	c, err := config.Parse(path, []byte(st.Meta.Extra[extraConfig]))
	if err != nil {
		return nil, err
	}
	if !alone && c.Hash() == st.Meta.ConfigHash { // the run's own file has to be the same
		own, err := config.Load(filepath.Join(path, rundir.ConfigFile))
		if err != nil {
			return nil, err
		}
		c = own
	}
	if c.Hash() != st.Meta.ConfigHash {
		return nil, &checkpoint.Error{File: path, Text: fmt.Sprintf("belongs to the configuration %s, and there is %s", st.Meta.ConfigHash, c.Hash()), Remedy: "restore the run's own config.toml, or predict from a checkpoint alone"}
	}
	var frame tasks.Frame
	if err := json.Unmarshal([]byte(st.Meta.Extra[extraFrame]), &frame); err != nil {
		return nil, &checkpoint.Error{File: path, Text: "its description of the data cannot be read: " + err.Error(), Remedy: "predict from another checkpoint"}
	}
	m, err := tasks.FromFrame(c, frame, threads)
	if err != nil {
		return nil, err
	}
	return &Trained{c, m, st.Floats["best"], skipped}, nil
}

// readCheckpoint reads a checkpoint, or the one that LAST or BEST names.
func readCheckpoint(path string) (*checkpoint.State, string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, path, err
	}
	if name := filepath.Base(path); name == "LAST" || name == "BEST" {
		path = filepath.Join(filepath.Dir(path), filepath.Base(strings.TrimSpace(string(b))))
		if b, err = os.ReadFile(path); err != nil {
			return nil, path, err
		}
	}
	st, err := checkpoint.Decode(path, b)
	return st, path, err
}

// Package verify examines the files that a run can be continued or used from: whether its checkpoints are whole and belong
// to its configuration, whether LAST and BEST name good ones, and whether model.safetensors holds the best control.
package verify

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/costate-go/costate/experiments/checkpoint"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/experiments/safetensors"
)

// File is what was found out about a file.
type File struct {
	Name string `json:"name"` // relative to the run directory
	OK   bool   `json:"ok"`
	Text string `json:"text"` // what it holds, or what is wrong with it
}

// Files examines the checkpoints of a run directory and what points at them. The error says that dir is not a run directory or
// that its configuration cannot be read.
func Files(dir string) ([]File, error) {
	if err := rundir.Exists(dir); err != nil {
		return nil, err
	}
	c, err := config.Load(filepath.Join(dir, rundir.ConfigFile))
	if err != nil {
		return nil, err
	}
	store := &checkpoint.Store{Dir: filepath.Join(dir, rundir.Checkpoints)}
	list, err := store.List()
	if err != nil {
		return nil, &checkpoint.Error{File: store.Dir, Text: "cannot be read: " + err.Error(), Remedy: "start a new run"}
	}
	var out []File
	for _, n := range list {
		out = append(out, examine(checkpoint.Name(n), c, func() (*checkpoint.State, error) { return store.Load(n) }))
	}
	last := examine("LAST", c, func() (*checkpoint.State, error) {
		st, skipped, err := store.Last()
		return st, errors.Join(append(skipped, err)...)
	})
	out = append(out, last)
	best := examine("BEST", c, store.Best)
	if _, err := os.Stat(filepath.Join(store.Dir, "BEST")); errors.Is(err, fs.ErrNotExist) && last.OK { // none was good enough yet
		best.OK, best.Text = true, "not written yet"
	}
	return append(out, best), nil
}

func examine(name string, c *config.Config, load func() (*checkpoint.State, error)) File {
	f := File{Name: filepath.Join(rundir.Checkpoints, name)}
	st, err := load()
	switch {
	case err != nil:
		f.Text = reason(err)
	case st.Meta.ConfigHash != c.Hash():
		f.Text = fmt.Sprintf("belongs to the configuration %s, and %s holds %s", st.Meta.ConfigHash, rundir.ConfigFile, c.Hash())
	default:
		f.OK, f.Text = true, fmt.Sprintf("iteration %d, loss %.6g", st.Meta.Iteration, st.Meta.Loss)
	}
	return f
}

// reason is what is wrong, without the file's name and the remedy.
func reason(err error) string {
	var e *checkpoint.Error
	if errors.As(err, &e) {
		return e.Text
	}
	return err.Error()
}

// Model examines model.safetensors, which must hold the given tensors to the last bit. While a run goes on the file may be
// missing or that of an earlier session: it is written when the run ends.
func Model(dir string, want []safetensors.Tensor) File {
	f := File{Name: rundir.ModelFile}
	status, err := rundir.ReadStatus(dir)
	running := err == nil && status.State == rundir.Running
	b, err := os.ReadFile(filepath.Join(dir, rundir.ModelFile))
	if errors.Is(err, fs.ErrNotExist) && running {
		f.OK, f.Text = true, "not written yet"
		return f
	}
	if err != nil {
		f.Text = "cannot be read: " + err.Error()
		return f
	}
	got, meta, err := safetensors.Decode(b)
	if err != nil {
		f.Text = "is corrupt: " + err.Error()
		return f
	}
	want = slices.Clone(want)
	slices.SortFunc(want, func(a, b safetensors.Tensor) int { return strings.Compare(a.Name, b.Name) })
	f.Text = differ(got, want)
	switch {
	case f.Text != "" && running:
		f.OK, f.Text = true, "of an earlier session; written anew when the run ends"
	case f.Text == "":
		f.OK, f.Text = true, fmt.Sprintf("%d tensors, %d numbers, task %s", len(got), count(got), meta["task"])
	}
	return f
}

func count(list []safetensors.Tensor) int {
	n := 0
	for _, t := range list {
		n += len(t.Data)
	}
	return n
}

// differ says how the tensors of the file are not the best control of the newest checkpoint; empty where they are.
func differ(got, want []safetensors.Tensor) string {
	if len(got) != len(want) {
		return fmt.Sprintf("holds %d tensors, the model has %d", len(got), len(want))
	}
	for i, t := range got {
		w := want[i]
		if t.Name != w.Name || !slices.Equal(t.Shape, w.Shape) {
			return fmt.Sprintf("holds %s %v where the model has %s %v", t.Name, t.Shape, w.Name, w.Shape)
		}
		for k, v := range t.Data {
			if math.Float64bits(v) != math.Float64bits(w.Data[k]) {
				return fmt.Sprintf("is not the best control of the newest good checkpoint: %s differs; costate resume writes it anew", t.Name)
			}
		}
	}
	return ""
}

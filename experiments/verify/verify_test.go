package verify_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/run"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/experiments/safetensors"
	"github.com/costate-go/costate/experiments/verify"
)

// small is a finished run with several checkpoints, and the tensors of its best control.
func small(t *testing.T) (dir string, tensors []safetensors.Tensor) {
	t.Helper()
	c, err := config.Parse("lqr", []byte("name = \"lqr\"\ntask = \"control\"\n[problem]\nname = \"scalar_lqr\"\n[control]\nintervals = 20\n[train]\niterations = 6\ncheckpoint_every = 2\n[optimizer]\nkappa = 0.0\n"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := run.Run(context.Background(), c, run.Options{Out: filepath.Join(t.TempDir(), "lqr")})
	if err != nil {
		t.Fatal(err)
	}
	return r.Dir.Path(), r.Task.Tensors(r.Best)
}

// bad are the names of the files that are not what they should be.
func bad(t *testing.T, dir string) string {
	t.Helper()
	files, err := verify.Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range files {
		if !f.OK {
			out = append(out, filepath.Base(f.Name)+" "+f.Text)
		}
	}
	return strings.Join(out, "\n")
}

func change(t *testing.T, path string, edit func(b []byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, edit(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFiles(t *testing.T) {
	dir, _ := small(t)
	if got := bad(t, dir); got != "" {
		t.Fatalf("a finished run: %s", got)
	}
	files, err := verify.Files(dir)
	if err != nil || len(files) != 5 || !strings.HasPrefix(files[2].Text, "iteration 6, loss 0.38") {
		t.Fatalf("%+v, %v", files, err)
	}
	last := filepath.Join(dir, rundir.Checkpoints, "step-000006.ckpt")
	change(t, last, func(b []byte) []byte { b[len(b)/2] ^= 1; return b })
	if got := bad(t, dir); strings.Count(got, "checksum") < 2 || !strings.Contains(got, "step-000006.ckpt is corrupt") || !strings.Contains(got, "LAST is corrupt") || strings.Contains(got, "step-000004") {
		t.Errorf("one bit of the newest checkpoint:\n%s", got)
	}
	change(t, last, func(b []byte) []byte { b[len(b)/2] ^= 1; return b[:40] })
	if got := bad(t, dir); !strings.Contains(got, "step-000006.ckpt is cut off") {
		t.Errorf("a piece of it:\n%s", got)
	}
	if err := os.WriteFile(filepath.Join(dir, rundir.Checkpoints, "BEST"), []byte("../config.toml\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := bad(t, dir); !strings.Contains(got, "BEST names") {
		t.Errorf("BEST:\n%s", got)
	}
}

// Checkpoints of another configuration are not this run's.
func TestForeign(t *testing.T) {
	dir, _ := small(t)
	change(t, filepath.Join(dir, rundir.ConfigFile), func(b []byte) []byte {
		return []byte(strings.Replace(string(b), "seed = 1", "seed = 2", 1))
	})
	if got := bad(t, dir); strings.Count(got, "belongs to the configuration") != 5 {
		t.Errorf("with another seed:\n%s", got)
	}
	if _, err := verify.Files(t.TempDir()); !errors.Is(err, rundir.ErrIO) {
		t.Errorf("no run: %v", err)
	}
}

func TestModel(t *testing.T) {
	dir, want := small(t)
	if f := verify.Model(dir, want); !f.OK || !strings.Contains(f.Text, "2 tensors, 42 numbers, task control") {
		t.Errorf("%+v", f)
	}
	other := want[0]
	other.Data = append([]float64(nil), other.Data...)
	other.Data[3] = math.Nextafter(other.Data[3], 9)
	if f := verify.Model(dir, []safetensors.Tensor{other, want[1]}); f.OK || !strings.Contains(f.Text, "control differs") {
		t.Errorf("another control: %+v", f)
	}
	if f := verify.Model(dir, want[:1]); f.OK || !strings.Contains(f.Text, "holds 2 tensors, the model has 1") {
		t.Errorf("fewer tensors: %+v", f)
	}
	path := filepath.Join(dir, rundir.ModelFile)
	change(t, path, func(b []byte) []byte { return b[:len(b)-8] })
	if f := verify.Model(dir, want); f.OK || !strings.Contains(f.Text, "is corrupt") {
		t.Errorf("cut off: %+v", f)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if f := verify.Model(dir, want); f.OK {
		t.Errorf("missing: %+v", f)
	}
	change(t, filepath.Join(dir, rundir.StatusFile), func(b []byte) []byte {
		return []byte(strings.Replace(string(b), `"complete"`, `"running"`, 1))
	})
	if f := verify.Model(dir, want); !f.OK || f.Text != "not written yet" {
		t.Errorf("while the run goes on: %+v", f)
	}
}

package run_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/run"
	"github.com/costate-go/costate/experiments/rundir"
)

// Every session of a run has an event file, unless it is switched off.
func TestEventFiles(t *testing.T) {
	const text = "name = \"lqr\"\ntask = \"control\"\n[problem]\nname = \"scalar_lqr\"\n[control]\nintervals = 10\n[train]\niterations = 4\n[optimizer]\nkappa = 0.0\n"
	files := func(overrides ...string) []string {
		c, err := config.Parse("lqr", []byte(text), overrides...)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "lqr")
		for range 2 {
			if _, err := os.Stat(dir); err == nil {
				_, err = run.Resume(context.Background(), dir, run.Options{})
				if err != nil {
					t.Fatal(err)
				}
			} else if _, err := run.Run(context.Background(), c, run.Options{Out: dir}); err != nil {
				t.Fatal(err)
			}
		}
		list, err := filepath.Glob(filepath.Join(dir, rundir.TensorBoard, "events.out.tfevents.*"))
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	list := files()
	if len(list) != 2 {
		t.Fatalf("%d event files of two sessions", len(list))
	}
	b, err := os.ReadFile(list[0])
	if err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[string]int{"loss/training": 4, "pmp/residual": 4, "optimizer/step_parameter": 4, "loss/validation": 0, "brain.Event:2": 1} {
		if n := bytes.Count(b, []byte(tag)); n != want {
			t.Errorf("%s stands %d times, want %d", tag, n, want)
		}
	}
	if list := files("report.tensorboard=false"); len(list) != 0 {
		t.Errorf("%v", list)
	}
}

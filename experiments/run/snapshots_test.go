package run_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/run"
	"github.com/costate-go/costate/experiments/rundir"
)

// stopper cancels a run after some iterations.
type stopper struct {
	after  int
	cancel context.CancelCauseFunc
}

func (stopper) Begin(run.Header, int, int) {}
func (stopper) Note(string)                {}
func (stopper) End()                       {}
func (s stopper) Iteration(m *rundir.Metrics) {
	if m.Iteration == s.after {
		s.cancel(errors.New("enough"))
	}
}

// A resumed run keeps the same controls of the way, to the last bit.
func TestSnapshots(t *testing.T) {
	const text = "name = \"lqr\"\ntask = \"control\"\n[problem]\nname = \"scalar_lqr\"\n[control]\nintervals = 10\n[train]\niterations = 40\ncheckpoint_every = 6\n[optimizer]\nkind = \"adam\"\n"
	load := func(overrides ...string) *config.Config {
		c, err := config.Parse("lqr", []byte(text), overrides...)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	root := t.TempDir()
	whole, cut := filepath.Join(root, "whole"), filepath.Join(root, "cut")
	if _, err := run.Run(context.Background(), load("report.snapshots=5"), run.Options{Out: whole}); err != nil {
		t.Fatal(err)
	}
	iterations := func(list []run.Snapshot) string {
		var k []int
		for _, s := range list {
			k = append(k, s.Iteration)
		}
		return fmt.Sprint(k)
	}
	all := run.Snapshots(whole, 100)
	if got := iterations(all); got != "[0 1 2 3 5 8 16 24 32 40]" {
		t.Fatalf("after iterations %s", got)
	}
	if got := iterations(run.Snapshots(whole, 4)); got != "[0 3 16 40]" {
		t.Errorf("four of them: %s", got)
	}
	if !math.IsNaN(all[0].Loss) || all[0].Theta[3] != 0 || !(all[9].Loss <= all[1].Loss) || len(all[9].Theta) != 11 {
		t.Errorf("%+v", all)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	var interrupted *run.InterruptedError
	if _, err := run.Run(ctx, load("report.snapshots=5"), run.Options{Out: cut, Observer: stopper{17, cancel}}); !errors.As(err, &interrupted) {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(cut, rundir.Snapshots, "step-000024.ckpt"), []byte("of an abandoned future"), 0o600); err != nil {
		t.Fatal(err)
	}
	// The configuration as a version would have written it that did not know all keys.
	file := filepath.Join(cut, rundir.ConfigFile)
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	old := regexp.MustCompile(`(?m)^(memory_limit|select|durations) = .*\n`).ReplaceAll(written, nil)
	if len(old) == len(written) || os.WriteFile(file, old, 0o600) != nil {
		t.Fatalf("no key to take away in\n%s", written)
	}
	if _, err := run.Resume(context.Background(), cut, run.Options{}); err != nil {
		t.Fatal(err)
	}
	if again := run.Snapshots(cut, 100); fmt.Sprint(again) != fmt.Sprint(all) {
		t.Errorf("resumed: %s", iterations(again))
	}
	off := filepath.Join(root, "off")
	if _, err := run.Run(context.Background(), load("report.snapshots=0"), run.Options{Out: off}); err != nil || run.Snapshots(off, 100) != nil {
		t.Errorf("switched off: %v", err)
	}
}

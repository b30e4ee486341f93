package run_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/run"
	"github.com/costate-go/costate/experiments/rundir"
)

// A run that is stopped before it begins, or whose directory is taken, writes nothing.
func TestNothingBegun(t *testing.T) {
	c, err := config.Parse("lqr", []byte("name = \"lqr\"\ntask = \"control\"\n[problem]\nname = \"scalar_lqr\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("enough"))
	dir := filepath.Join(t.TempDir(), "lqr")
	r, err := run.Run(ctx, c, run.Options{Out: dir})
	if r != nil || err == nil || err.Error() != "enough before the first iteration; nothing is written" || exit.Code(err) != exit.Interrupted {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("there is a directory")
	}
	if got := (&run.InterruptedError{Dir: "runs/my run", Cause: errors.New("enough")}).Error(); got != "enough; everything is saved: continue with `costate resume 'runs/my run'`" {
		t.Error(got)
	}
	taken := t.TempDir()
	if err := os.WriteFile(filepath.Join(taken, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var occupied *rundir.OccupiedError
	if _, err := run.Run(ctx, c, run.Options{Out: taken}); !errors.As(err, &occupied) {
		t.Errorf("%v", err)
	}
}

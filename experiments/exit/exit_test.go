package exit_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/costate-go/costate/experiments/checkpoint"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
)

func TestCode(t *testing.T) {
	_, missing := os.Open("no such file")
	_, noData := data.ReadTable("no such file")
	_, notRun := rundir.Open(t.TempDir())
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0}, {errors.New("x"), 1}, {&config.Error{}, 2}, {&rundir.OccupiedError{}, 2}, {&data.Error{}, 3}, {noData, 3}, {missing, 5}, {notRun, 5},
		{&checkpoint.Error{}, 6}, {context.Canceled, 130}, {exit.With(exit.Numerical, errors.New("x")), 4}, {exit.With(exit.Terminated, context.Canceled), 143},
		{pmp.ErrBound, 2}, {neural.ErrConfig, 2}, {&ode.SettingsError{}, 2}, {exit.With(exit.Numerical, pmp.ErrProblem), 4},
	} {
		if got := exit.Code(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
		if c.err != nil {
			if got := exit.Code(fmt.Errorf("while: %w", c.err)); got != c.want {
				t.Errorf("wrapped %v: %d, want %d", c.err, got, c.want)
			}
		}
	}
	if exit.With(4, nil) != nil || !errors.Is(exit.With(4, os.ErrExist), os.ErrExist) {
		t.Error("With must keep nil and the cause")
	}
}

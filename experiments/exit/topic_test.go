package exit_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"testing"

	"github.com/costate-go/costate/experiments/checkpoint"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/pmp"
)

func TestTopic(t *testing.T) {
	_, missing := os.Open("no such file")
	_, notRun := rundir.Open(t.TempDir())
	numerical := func(err error) error { return exit.With(exit.Numerical, fmt.Errorf("iteration 3: %w", err)) }
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""}, {errors.New("x"), exit.TopicBug}, {&config.Error{}, exit.TopicConfig}, {&rundir.OccupiedError{}, exit.TopicOccupied}, {&data.Error{}, exit.TopicData},
		{missing, exit.TopicIO}, {notRun, exit.TopicNoRun}, {fmt.Errorf("%w: %w", rundir.ErrIO, fs.ErrPermission), exit.TopicIO}, {&checkpoint.Error{}, exit.TopicCheckpoint},
		{numerical(&ode.Error{Reason: ode.TooManySteps}), exit.TopicSteps}, {numerical(&ode.Error{Reason: ode.NonFinite}), exit.TopicBlowUp}, {numerical(&ode.Error{Reason: ode.StepTooSmall}), exit.TopicBlowUp},
		{numerical(pmp.ErrDiverged), exit.TopicDiverged}, {numerical(pmp.ErrShooting), exit.TopicShooting}, {numerical(pmp.ErrMemory), exit.TopicMemory}, {numerical(errors.New("x")), exit.TopicNumerical},
		{numerical(exit.About(exit.TopicGradient, errors.New("x"))), exit.TopicGradient}, {exit.With(exit.Usage, errors.New("x")), ""}, {pmp.ErrBound, exit.TopicConfig}, {exit.With(exit.Usage, pmp.ErrMaximizer), exit.TopicConfig}, {context.Canceled, ""},
	} {
		if got := exit.Topic(c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
		if c.want != "" && !slices.Contains(exit.Topics, c.want) {
			t.Errorf("%s is not listed", c.want)
		}
	}
	if exit.About(exit.TopicIO, nil) != nil || !errors.Is(exit.About(exit.TopicIO, os.ErrExist), os.ErrExist) {
		t.Error("About must keep nil and the cause")
	}
}

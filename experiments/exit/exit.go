// Package exit is the one place where the exit codes of the command are defined.
package exit

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/costate-go/costate/experiments/checkpoint"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/solvers"
)

// The exit codes.
const (
	OK          = 0
	Bug         = 1
	Usage       = 2 // usage or configuration
	Data        = 3 // data file
	Numerical   = 4 // numerical failure
	IO          = 5 // input or output
	Checkpoint  = 6 // checkpoint corrupt or incompatible
	Interrupted = 130
	Terminated  = 143
)

// Meaning of the codes, in order, for help texts and documentation.
var Meaning = []struct {
	Code int
	Text string
}{
	{OK, "done"}, {Bug, "a bug; please report it"}, {Usage, "usage or configuration"}, {Data, "data file"}, {Numerical, "numerical failure"},
	{IO, "input or output"}, {Checkpoint, "checkpoint corrupt or incompatible"}, {Interrupted, "interrupted after a good save"}, {Terminated, "terminated after a good save"},
}

// Coder is an error that knows its code; it wins over the rules of Code. With gives one to any error.
type Coder interface{ ExitCode() int }

type coded struct {
	error
	code int
}

func (c coded) ExitCode() int { return c.code }
func (c coded) Unwrap() error { return c.error }

// With gives an error its exit code; nil stays nil.
func With(code int, err error) error {
	if err == nil {
		return nil
	}
	return coded{err, code}
}

// unposed are errors of problems that cannot be posed as the configuration says.
var unposed = []error{
	pmp.ErrProblem, pmp.ErrMesh, pmp.ErrBound, pmp.ErrMaximizer, ode.ErrSettings, neural.ErrConfig, neural.ErrSum, neural.ErrForced, solvers.ErrUnknownMethod,
}

// isUnposed tells whether an error is one of them.
func isUnposed(err error) bool {
	return slices.ContainsFunc(unposed, func(kind error) bool { return errors.Is(err, kind) })
}

// Code is the exit code of an error.
func Code(err error) int {
	var coder Coder
	var cfg *config.Error
	var path *fs.PathError
	var occupied *rundir.OccupiedError
	switch {
	case err == nil:
		return OK
	case errors.As(err, &coder):
		return coder.ExitCode()
	case errors.As(err, &cfg), errors.As(err, &occupied), isUnposed(err):
		return Usage
	case errors.Is(err, data.ErrData):
		return Data
	case errors.Is(err, checkpoint.ErrCheckpoint):
		return Checkpoint
	case errors.Is(err, context.Canceled):
		return Interrupted
	case errors.As(err, &path), errors.Is(err, fs.ErrPermission), errors.Is(err, rundir.ErrIO):
		return IO
	}
	return Bug
}

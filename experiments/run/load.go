package run

import (
	"context"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/rundir"
)

// reopen restores a run from its newest good checkpoint, to go on with it or to look at it; skipped says what newer ones were passed over
// and why.
func reopen(path string, o Options, goOn bool) (d *driver, skipped []error, err error) {
	dir, err := rundir.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			_ = dir.Close()
		}
	}()
	if goOn {
		if err := dir.Lock(); err != nil {
			return nil, nil, err
		}
	}
	c, err := config.Load(dir.Path(rundir.ConfigFile))
	if err != nil {
		return nil, nil, err
	}
	if d, err = newDriver(c, o); err != nil {
		return nil, nil, err
	}
	d.dir = dir
	st, skipped, err := d.store().Last()
	if err != nil {
		return nil, nil, err
	}
	return d, skipped, d.restore(st)
}

// Load opens a run to evaluate its best control: from the newest good checkpoint, with the summary where there is one.
func Load(path string, threads int) (*Result, error) {
	d, skipped, err := reopen(path, Options{Threads: threads}, false)
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.dir.Close() }()
	k := max(d.iteration-1, 0)
	if d.constrained() { // their multipliers are the optimizer's
		if err := d.enter(context.Background(), k); err != nil {
			return nil, err
		}
	} else if phase := d.task.Phase(k); phase != 0 {
		if err := d.task.Enter(phase); err != nil {
			return nil, err
		}
	}
	d.header.Dir = d.dir.Path()
	r := d.result(true)
	r.Skipped = skipped
	if s, err := rundir.ReadSummary(path); err == nil && s.Iterations == d.iteration { // else it is of another checkpoint
		r.Summary = s
	}
	return r, nil
}

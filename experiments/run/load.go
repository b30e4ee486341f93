package run

import (
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/rundir"
)

// Load opens a run to evaluate its best control: from the newest good checkpoint, with the summary where there is one.
func Load(path string, threads int) (*Result, error) {
	dir, err := rundir.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	c, err := config.Load(dir.Path(rundir.ConfigFile))
	if err != nil {
		return nil, err
	}
	d, err := newDriver(c, Options{Threads: threads})
	if err != nil {
		return nil, err
	}
	d.dir = dir
	st, _, err := d.store().Last()
	if err != nil {
		return nil, err
	}
	if err := d.restore(st); err != nil {
		return nil, err
	}
	if k := max(d.iteration-1, 0); d.task.Phase(k) != 0 {
		if err := d.task.Enter(d.task.Phase(k)); err != nil {
			return nil, err
		}
	}
	d.header.Dir = dir.Path()
	r := d.result(true)
	if s, err := rundir.ReadSummary(path); err == nil {
		r.Summary = s
	}
	return r, nil
}

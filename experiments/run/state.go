package run

import (
	"fmt"

	"github.com/costate-go/costate/experiments/checkpoint"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/pmp"
)

// save writes a checkpoint.
func (d *driver) save() error {
	if err := d.dir.Sync(); err != nil {
		return err
	}
	if d.c.Train.Select == "last" && d.iteration > 0 {
		d.bestLoss, d.bestIteration = d.final, d.iteration
		d.best = append(d.best[:0], d.opt.Theta()...)
	}
	extra, err := d.extra()
	if err != nil {
		return err
	}
	st := &checkpoint.State{
		Meta: checkpoint.Meta{
			Iteration: d.iteration, Loss: d.final, ConfigHash: d.c.Hash(), Version: rundir.Version(),
			Extra: extra,
		},
		Floats: map[string][]float64{
			"theta": d.opt.Theta(), "best": d.best,
			"tally": {d.initial, d.final, d.bestLoss, d.bestScore, float64(d.bestIteration), float64(d.stale)},
			"work": {float64(d.work.Forward), float64(d.work.Backward), float64(d.work.Accepted), float64(d.work.Rejected),
				d.work.MinStep, d.work.MaxStep, float64(d.work.Solves)},
		},
	}
	for name, v := range d.opt.Save() {
		st.Floats["optimizer."+name] = v
	}
	best := d.bestIteration > d.marked
	d.marked = d.bestIteration
	return d.store().Save(st, best)
}

// restore goes back to a checkpoint.
func (d *driver) restore(st *checkpoint.State) error {
	file := d.dir.Path(rundir.Checkpoints, checkpoint.Name(st.Meta.Iteration))
	if st.Meta.ConfigHash != d.c.Hash() {
		return &checkpoint.Error{
			File: file, Text: fmt.Sprintf("belongs to the configuration %s, and %s holds %s", st.Meta.ConfigHash, rundir.ConfigFile, d.c.Hash()),
			Remedy: "restore the run's own config.toml, or start a new run",
		}
	}
	n := len(d.task.Initial())
	var err error
	if d.theta, err = st.Float(file, "theta", n); err != nil {
		return err
	}
	if d.best, err = st.Float(file, "best", n); err != nil {
		return err
	}
	t, err := st.Float(file, "tally", 6)
	if err != nil {
		return err
	}
	d.initial, d.final, d.bestLoss, d.bestScore, d.bestIteration, d.stale = t[0], t[1], t[2], t[3], int(t[4]), int(t[5])
	w, err := st.Float(file, "work", 7)
	if err != nil {
		return err
	}
	d.work = pmp.Work{Forward: int(w[0]), Backward: int(w[1]), Accepted: int(w[2]), Rejected: int(w[3]), MinStep: w[4], MaxStep: w[5], Solves: int(w[6])}
	d.iteration, d.marked = st.Meta.Iteration, d.bestIteration
	d.saved = pmp.State{}
	const prefix = "optimizer."
	for name, v := range st.Floats {
		if len(name) > len(prefix) && name[:len(prefix)] == prefix {
			d.saved[name[len(prefix):]] = v
		}
	}
	return nil
}

// writeModel writes the best control where other programs can read it.
func (d *driver) writeModel() error {
	b, err := Model(d.c, d.task, d.best)
	if err != nil {
		return err
	}
	return d.dir.WriteFile(rundir.ModelFile, b)
}

package run

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/costate-go/costate/experiments/checkpoint"
	"github.com/costate-go/costate/experiments/rundir"
)

// Snapshots are controls of the way, for pictures of how training went: after few iterations at first, later evenly. They are
// containers as checkpoints are, but nothing depends on them.

// largestSnapshot is how many numbers a control may have that is kept on the way.
const largestSnapshot = 20000

// kept tells whether the control after iteration k of so many is one of those that are kept, about n and a dozen early ones.
func kept(k, n, iterations int) bool {
	if n <= 0 {
		return false
	}
	for a, b := 1, 2; a <= k && a <= iterations/n; a, b = b, a+b { // Fibonacci's numbers
		if a == k {
			return true
		}
	}
	return k == 0 || k == iterations || k%max(1, iterations/n) == 0
}

// snapshot keeps the present control where it is its turn, or the last one.
func (d *driver) snapshot(theta []float64, loss float64, last bool) error {
	n := d.c.Report.Snapshots
	if len(theta) > largestSnapshot || !kept(d.iteration, n, d.c.Train.Iterations) && (!last || n == 0) {
		return nil
	}
	b, err := checkpoint.Encode(&checkpoint.State{Meta: checkpoint.Meta{Iteration: d.iteration, Loss: loss, ConfigHash: d.c.Hash(), Version: rundir.Version()},
		Floats: map[string][]float64{"theta": theta}})
	if err != nil {
		return err
	}
	dir := d.dir.Path(rundir.Snapshots)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, checkpoint.Name(d.iteration)), b, 0o644)
}

// forget removes the snapshots after an iteration, which a resumed run makes anew.
func forget(dir string, iteration int) error {
	store := &checkpoint.Store{Dir: filepath.Join(dir, rundir.Snapshots)}
	list, err := store.List()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, n := range list {
		if n > iteration {
			err = errors.Join(err, os.Remove(filepath.Join(store.Dir, checkpoint.Name(n))))
		}
	}
	return err
}

// Snapshot is a control of the way.
type Snapshot struct {
	Iteration int
	Loss      float64
	Theta     []float64
}

// Snapshots reads those of a run directory in their order, at most so many of them, first and last included. Damaged ones are left
// out.
func Snapshots(dir string, most int) []Snapshot {
	store := &checkpoint.Store{Dir: filepath.Join(dir, rundir.Snapshots)}
	list, err := store.List()
	if err != nil {
		return nil
	}
	var out []Snapshot
	for i, n := range list {
		if len(list) > most && (i*(most-1))/(len(list)-1) == ((i-1)*(most-1))/(len(list)-1) && i > 0 {
			continue
		}
		if st, err := store.Load(n); err == nil && len(st.Floats["theta"]) > 0 {
			out = append(out, Snapshot{Iteration: n, Loss: st.Meta.Loss, Theta: st.Floats["theta"]})
		}
	}
	return out
}

package run

import (
	"context"
	"runtime"
	"slices"
	"time"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/pmp"
)

// A rehearsal has at most so many iterations. It goes on beyond the fewest while it is quick, and ends in any case when it is long.
const (
	fewest, most = 8, 50
	quick, long  = 300 * time.Millisecond, 2 * time.Second
)

// rehearse measures what the first iterations of a run have in memory. With adaptive steps the first control, weak or zero, says
// little of the controls that follow, which often take several times as many; with fixed ones there is nothing to learn.
// The iterations are done again by the run itself, and leave no trace.
func rehearse(ctx context.Context, c *config.Config, task tasks.Task, s pmp.Settings) int64 {
	if c.Solver.Steps > 0 || slices.Contains([]string{"shooting", "riccati"}, c.Optimizer.Kind) {
		return 0
	}
	before := live()
	opt, err := tasks.Begin(ctx, c, task, s, task.Initial())
	if err != nil {
		return 0 // the run says it better
	}
	b := batcher{seed: c.Seed, samples: task.Samples(), size: c.Train.Batch}
	begin := time.Now()
	for k := range min(most, c.Train.Iterations) {
		if took := time.Since(begin); took > long || k >= fewest && took > quick {
			break
		}
		if index := b.index(k); index != nil {
			task.Select(index)
			opt.Refresh()
		}
		if it, err := opt.Step(ctx); err != nil || it.Stop != pmp.InProgress {
			break
		}
	}
	after := live()
	runtime.KeepAlive(opt)
	return max(after-before, 0)
}

// live is the size of what is in use on the heap.
func live() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

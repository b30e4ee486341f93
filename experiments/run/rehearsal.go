package run

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"time"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/internal/cputime"
	"github.com/costate-go/costate/pmp"
)

// A rehearsal has at least so many iterations of the run itself, and goes on while it is quick. What comes later is rehearsed on few
// samples, in a tenth of the time that the run takes and no more than long.
const (
	fewest       = 4
	enough       = 25 // where they take little longer
	quick, long  = 600 * time.Millisecond, 3 * time.Second
	leastSamples = 64
)

// rehearse measures what the iterations of a run have in memory at most besides the data, a validation and a checkpoint included. With
// adaptive steps the first control, weak or zero, says little of the controls that follow, which often take several times as many; with
// fixed ones there is nothing to learn, and the result is 0. Outgrown tells that a trajectory outgrew Settings.MaxBytes. The iterations
// are done again by the run itself, and leave no trace.
func rehearse(ctx context.Context, c *config.Config, task tasks.Task, s pmp.Settings) (bytes int64, outgrown bool) {
	if c.Solver.Steps > 0 || slices.Contains([]string{"shooting", "riccati"}, c.Optimizer.Kind) {
		return 0, false
	}
	defer runtime.GC() // the run itself has the room again
	r := rehearser{ctx: ctx, c: c, task: task, settings: s}
	first := r.play(nil, c.Train.Batch, fewest, quick)
	whole := time.Duration(c.Train.Iterations) * first.took / time.Duration(max(first.iterations, 1))
	n := task.Samples()
	batched := c.Train.Batch > 0 && c.Train.Batch < n
	if batched {
		n = c.Train.Batch
	}
	if first.ended || n < 2*leastSamples {
		return first.all, first.outgrown
	}
	limit := min(whole/10, long)
	m := min(n, max(leastSamples, int(float64(n)*float64(limit)/float64(whole+1))))
	few := data.Stream(c.Seed, "rehearsal").Perm(task.Samples())
	if !batched {
		few = few[:m]
	}
	later := r.play(few, m, first.iterations, 2*limit)
	task.Select(nil)
	if batched {
		return max(first.all, first.all-first.grown+first.fixed+int64(later.lengthened*float64(first.few-first.fixed))), false
	}
	// The same few samples over and over are learned sooner, and to the smallest detail: not all of their growth is believed.
	const believed = 0.5
	growth := 0.0
	if later.least > later.fixed {
		growth = float64(later.grown-later.least) / float64(later.least-later.fixed)
	}
	return first.all + int64(believed*growth*float64(first.grown-first.fixed)), false
}

// rehearser plays the beginning of a run.
type rehearser struct {
	ctx      context.Context
	c        *config.Config
	task     tasks.Task
	settings pmp.Settings
}

// stretch is what iterations had in memory.
type stretch struct {
	fixed int64 // before the first one,
	few   int64 // after the fewest,
	least int64 // after the least number of them that was asked for,
	grown int64 // in the end,
	all   int64 // and then with a validation and a checkpoint

	lengthened float64 // the most steps of a sweep over those in the fewest iterations
	iterations int
	took       time.Duration
	ended      bool // there is no more to come
	outgrown   bool
}

// play does iterations on some samples, all where few is nil, while there is time.
func (r *rehearser) play(few []int, batch, atLeast int, limit time.Duration) (out stretch) {
	before := live()
	b := batcher{seed: r.c.Seed, samples: r.task.Samples(), size: batch}
	if few != nil {
		r.task.Select(few[:batch])
		b.samples = len(few)
	}
	opt, err := tasks.Begin(r.ctx, r.c, r.task, r.settings, r.task.Initial())
	if err != nil {
		return stretch{ended: true} // the run says it better
	}
	out.fixed = live() - before
	took := stopwatch()
	short, most := 0.0, 0.0
	for !out.ended {
		if out.iterations == fewest {
			out.few, short = live()-before, most
		}
		if out.iterations == atLeast {
			out.least = live() - before
		}
		out.took = took()
		if out.iterations >= atLeast && out.took > limit && (out.iterations >= enough || out.took > long) || out.took > 2*long {
			break
		}
		if index := b.index(out.iterations); index != nil {
			r.task.Select(index)
			opt.Refresh()
		}
		it, err := opt.Step(r.ctx)
		out.iterations++
		most = max(most, float64(it.Work.Accepted)/float64(max(it.Work.Solves, 1)))
		out.outgrown = errors.Is(err, pmp.ErrMemory)
		out.ended = err != nil || it.Stop != pmp.InProgress || out.iterations >= r.c.Train.Iterations
	}
	out.grown = live() - before
	if short > 0 {
		out.lengthened = most / short
	}
	if few == nil {
		_, _ = r.task.Validate(r.ctx, opt.Theta()) // what measures stays in memory, too
	}
	state := opt.Save()
	out.all = live() - before + 8*int64(2*len(opt.Theta()))
	for _, v := range state { // it is encoded in one piece
		out.all += 8 * int64(len(v))
	}
	runtime.KeepAlive(opt)
	runtime.KeepAlive(state)
	return out
}

// stopwatch tells the time since it was made, in which other programs that keep the processors busy do not count.
func stopwatch() func() time.Duration {
	begin, used := time.Now(), cputime.Used()
	return func() time.Duration { return min(time.Since(begin), cputime.Used()-used) }
}

// live is the size of what is in use on the heap.
func live() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

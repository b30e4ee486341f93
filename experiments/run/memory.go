package run

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/pmp"
)

// programBytes is what the program itself takes, with files, figures and what the garbage collector lags behind in a small run.
const programBytes = 21 << 20

// demand is what a run needs of memory.
type demand struct {
	total        int64
	trajectories int64 // how many there are at most, and
	each         int64 // how large one is
	training     int64 // part of total that optimizer and trajectories take
}

// Memory estimates how many bytes a run will have in memory at most: trajectories of as many steps as the first controls take, with
// the optimizer's workspace and the data. Where a sweep of the first control fails, only what is sure is counted. A run that is over
// the limit by that alone is not rehearsed.
func Memory(ctx context.Context, c *config.Config, task tasks.Task, s pmp.Settings) (int64, error) {
	d, err := rehearsedDemand(ctx, c, task, s)
	return d.total, err
}

// rehearsedDemand is the demand of the first control, or of the first iterations where these take more.
func rehearsedDemand(ctx context.Context, c *config.Config, task tasks.Task, s pmp.Settings) (demand, error) {
	d, err := demandOf(ctx, c, task, s)
	if err != nil || task.Problem() == nil {
		return d, err
	}
	limit, _, err := memoryLimit(c)
	if err != nil || d.total > limit {
		return d, err
	}
	s.MaxBytes = d.share(limit)
	if more := rehearse(ctx, c, task, s) - d.training; more > 0 {
		d.total += more
		d.each += more / max(d.trajectories, 1)
	}
	return d, nil
}

// share is what a trajectory may take under a limit on all; 0 is no bound.
func (d demand) share(limit int64) int64 {
	if limit >= 1<<62 {
		return 0
	}
	return d.each + (limit-d.total)/max(d.trajectories, 1)
}

func demandOf(ctx context.Context, c *config.Config, task tasks.Task, s pmp.Settings) (demand, error) {
	if own, ok := task.(tasks.Discrete); ok {
		return demand{total: programBytes + own.Bytes()}, nil
	}
	first, last := task.Phase(0), task.Phase(max(c.Train.Iterations-1, 0))
	var most demand
	for _, phase := range []int{last, first} { // and the first is current afterwards
		if err := task.Enter(phase); err != nil {
			return demand{}, err
		}
		d, err := phaseDemand(ctx, c, task, s)
		if err != nil {
			return demand{}, err
		}
		if d.total >= most.total {
			most = d
		}
		if first == last {
			break
		}
	}
	most.total += programBytes + dataBytes(task)
	return most, nil
}

// dataBytes is what the data take that a task works on: by its own account, or as states at all observations.
func dataBytes(task tasks.Task) int64 {
	if own, ok := task.(interface{ DataBytes() int64 }); ok {
		return own.DataBytes()
	}
	a := task.About()
	return 2 * 8 * int64(a.StateSize) * int64(a.Samples+a.Validation+a.HeldOut) * int64(len(task.Problem().Observations)+2)
}

func phaseDemand(ctx context.Context, c *config.Config, task tasks.Task, s pmp.Settings) (demand, error) {
	p := task.Problem()
	w, err := pmp.NewSweeper(p, s)
	if err != nil {
		return demand{}, err
	}
	opt, err := tasks.Optimizer(c, p)
	if err != nil {
		return demand{}, err
	}
	f, failed := w.Footprint(ctx, task.Initial())
	if failed != nil {
		return demand{trajectories: 1}, nil //nolint:nilerr // the first iteration says it better
	}
	whole := demand{total: f.Lanes + f.Trajectory, trajectories: 1, each: f.Trajectory} // the certificate at the end
	if b := c.Train.Batch; b > 0 && b < p.Samples() {
		f.Trajectory = int64(float64(f.Trajectory) * float64(b) / float64(p.Samples()))
	}
	o, ok := opt.(pmp.Footprinter)
	if !ok {
		whole.training = whole.total
		return whole, nil
	}
	training := demand{total: f.Lanes + o.Bytes(w, f), each: f.Trajectory}
	const many = 1 << 30
	training.trajectories = (o.Bytes(w, pmp.Footprint{Trajectory: many}) - o.Bytes(w, pmp.Footprint{})) / many
	training.training = training.total
	if whole.total > training.total {
		whole.training = training.total
		return whole, nil
	}
	return training, nil
}

// MemoryError is a run that needs more memory than it may use.
type MemoryError struct {
	Need, Limit int64
	Auto        bool // the limit is what the machine has
	Kept        bool // values are kept that could be computed again
	Full        bool // all samples are in one batch
}

func (e *MemoryError) Error() string {
	limit := "train.memory_limit"
	if e.Auto {
		limit += " = \"auto\", what is free on this machine"
	}
	var advice []string
	if e.Kept {
		advice = append(advice, "set costate.memory to a smaller budget, beyond which values are computed again")
	}
	if e.Full {
		advice = append(advice, "take batches (train.batch) or fewer samples")
	}
	advice = append(advice, "raise train.memory_limit")
	return fmt.Sprintf("the run needs about %s of memory and may use %s (%s): %s", Bytes(e.Need), Bytes(e.Limit), limit, strings.Join(advice, ", or "))
}

// ExitCode is that of a configuration which cannot run.
func (*MemoryError) ExitCode() int { return exit.Usage }

// Topic is the section that explains it.
func (*MemoryError) Topic() string { return exit.TopicMemory }

// Bytes writes a size for people.
func Bytes(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10))
}

// CheckMemory returns a *MemoryError where need is over the limit of the configuration.
func CheckMemory(c *config.Config, need int64) error {
	limit, auto, err := memoryLimit(c)
	if err != nil || need <= limit {
		return err
	}
	return &MemoryError{Need: need, Limit: limit, Auto: auto, Kept: c.Costate.Memory == "auto", Full: c.Train.Batch == 0 && c.Task != "control"}
}

func memoryLimit(c *config.Config) (limit int64, auto bool, err error) {
	if limit, err = config.Bytes(c.Train.MemoryLimit); err != nil || limit > 0 {
		return limit, false, err
	}
	return available(), true, nil
}

// budget estimates the memory of the run and refuses it where that is too much. Trajectories may grow into what is left, no
// farther.
func (d *driver) budget(ctx context.Context) error {
	need, err := rehearsedDemand(ctx, d.c, d.task, d.settings)
	if err != nil {
		return err
	}
	d.header.MemoryBytes = need.total
	if err := CheckMemory(d.c, need.total); err != nil {
		return err
	}
	limit, _, err := memoryLimit(d.c)
	if err != nil {
		return err
	}
	d.settings.MaxBytes = need.share(limit)
	return nil
}

// available is how many bytes the process may still take: what the system has free, a control group's limit, GOMEMLIMIT.
func available() int64 {
	limit := debug.SetMemoryLimit(-1)
	if v, ok := meminfo("/proc/meminfo", "MemAvailable:"); ok {
		limit = min(limit, v)
	}
	if most, err := number("/sys/fs/cgroup/memory.max"); err == nil {
		if now, err := number("/sys/fs/cgroup/memory.current"); err == nil {
			limit = min(limit, max(most-now, 0))
		}
	}
	return limit
}

// meminfo reads a line such as "MemAvailable: 123 kB".
func meminfo(file, key string) (int64, bool) {
	f, err := os.Open(file)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 && fields[0] == key {
			kb, err := strconv.ParseInt(fields[1], 10, 64)
			return kb << 10, err == nil && kb < math.MaxInt64>>10
		}
	}
	return 0, false
}

func number(file string) (int64, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
}

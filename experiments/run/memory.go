package run

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/figures"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/pmp"
)

// What a process has in memory is what is in use, with what the garbage collector lags behind, and the program itself.
const (
	programBytes = 19 << 20 // code, stacks, and the runtime's own
	drawingBytes = 5 << 20  // fonts, documents, and pictures compressed, without the canvas
	lag          = 1.12     // between 1 and 1.25 with GOGC=25, which the program sets
)

// demand is what a run needs of memory at most, and of what that consists.
type demand struct {
	total        int64
	trajectories int64 // how many there are at most, and
	each         int64 // how large one is

	data        int64 // in use before anything is trained
	training    int64 // optimizer, trajectories, and controls
	certificate int64 // a trajectory of all samples, once the optimizer is gone,
	whole       int64 // and without the workspaces around it
	drawing     int64 // canvas, and the trajectory of the pictures
}

// stage is what the one takes that needs most.
func (d *demand) stage() int64 { return max(d.training, d.certificate, d.drawing) }

// sum makes the total that of the stage that needs most.
func (d *demand) sum() { d.total = programBytes + int64(lag*float64(d.data+d.stage())) }

// Memory estimates the largest resident memory of the process that does a run and nothing else, in bytes: the data, and what the stage
// that takes most has besides, be it training, the certificate, or the figures. Trajectories have as many steps as those of the first
// iterations. Where a sweep of the first control fails, only what is sure is counted. A run that is over the limit by the first control
// alone is not rehearsed.
func Memory(ctx context.Context, c *config.Config, task tasks.Task, s pmp.Settings) (int64, error) {
	d, err := rehearsedDemand(ctx, c, task, s)
	return d.total, err
}

// rehearsedDemand is the demand of the first control, or of the first iterations where these take other steps.
func rehearsedDemand(ctx context.Context, c *config.Config, task tasks.Task, s pmp.Settings) (demand, error) {
	d, err := demandOf(ctx, c, task, s)
	if err != nil || task.Problem() == nil {
		return d, err
	}
	limit, _, err := memoryLimit(c)
	if err != nil || d.total > limit {
		return d, err
	}
	first := task.Phase(0) == task.Phase(max(c.Train.Iterations-1, 0))
	const farther = 4 // a limit that was set is looked beyond, to say how much would do
	room := max(limit, min(available(), limit*farther))
	s.MaxBytes = d.share(room)
	seen, outgrown := rehearse(ctx, c, task, s)
	if outgrown {
		seen = max(seen, room-programBytes-d.data)
	}
	if seen > d.training || seen > 0 && first { // later phases have longer trajectories, which were not seen
		grown := float64(seen) / float64(max(d.training, 1))
		d.training = seen
		d.certificate = max(d.certificate, int64(grown*float64(d.certificate)))
		d.whole = max(d.whole, int64(grown*float64(d.whole)))
		d.each = max(d.each, int64(grown*float64(d.each)))
		d.sum()
	}
	return d, nil
}

// share is what a trajectory may take under a limit on all while the run trains; 0 is no bound.
func (d demand) share(limit int64) int64 {
	if limit >= 1<<62 {
		return 0
	}
	return d.each + (d.stage()-d.training+limit-d.total)/max(d.trajectories, 1)
}

// rest is what one may take once the optimizer is gone, whose tapes may have been much smaller.
func (d demand) rest(limit int64) int64 {
	if limit >= 1<<62 {
		return 0
	}
	return d.stage() - (d.certificate - d.whole) + limit - d.total
}

func demandOf(ctx context.Context, c *config.Config, task tasks.Task, s pmp.Settings) (demand, error) {
	d := demand{data: live(), drawing: canvasBytes(c, task)}
	if own, ok := task.(tasks.Discrete); ok {
		d.training = own.Bytes()
		d.sum()
		return d, nil
	}
	first, last := task.Phase(0), task.Phase(max(c.Train.Iterations-1, 0))
	for _, phase := range []int{last, first} { // and the first is current afterwards
		if err := task.Enter(phase); err != nil {
			return demand{}, err
		}
		if err := d.phase(ctx, c, task, s); err != nil {
			return demand{}, err
		}
		if first == last {
			break
		}
	}
	d.sum()
	return d, nil
}

// phase raises the demand to that of the current phase.
func (d *demand) phase(ctx context.Context, c *config.Config, task tasks.Task, s pmp.Settings) error {
	p := task.Problem()
	w, err := pmp.NewSweeper(p, s)
	if err != nil {
		return err
	}
	opt, err := tasks.Optimizer(c, p)
	if err != nil {
		return err
	}
	theta := task.Initial()
	d.trajectories = max(d.trajectories, 1)
	f, failed := w.Footprint(ctx, theta)
	if failed != nil {
		return nil //nolint:nilerr // the first iteration says it better
	}
	if certificate, whole := certificateBytes(ctx, p, s, theta); certificate > d.certificate {
		d.certificate, d.whole = certificate, whole
	}
	d.drawing = max(d.drawing, canvasBytes(c, task)+trackBytes(task))
	if b := c.Train.Batch; b > 0 && b < p.Samples() {
		part := float64(b) / float64(p.Samples())
		f.Trajectory, f.Ends = int64(part*float64(f.Trajectory)), int64(part*float64(f.Ends))
		f.Tapes = f.Tapes * int64(min(b, f.Held)) / int64(f.Held)
	}
	const held = 8 // controls in the run, the optimizer and a checkpoint
	training, trajectories, each := f.Lanes+held*8*int64(len(theta)), int64(1), f.Trajectory
	if o, ok := opt.(pmp.Footprinter); ok {
		const many = 1 << 30
		training += o.Bytes(w, f)
		trajectories = (o.Bytes(w, pmp.Footprint{Trajectory: many}) - o.Bytes(w, pmp.Footprint{})) / many
		if trajectories == 0 {
			trajectories, each = 1, f.Tapes
		}
	} else {
		training += f.Trajectory
	}
	if task.About().Validation > 0 {
		training += f.Lanes // of the sweeper that measures
	}
	if training > d.training {
		d.training, d.trajectories, d.each = training, trajectories, each
	}
	return nil
}

// certificateBytes is what the certificate has in memory, and its trajectory alone.
func certificateBytes(ctx context.Context, p *pmp.Problem, s pmp.Settings, theta []float64) (all, trajectory int64) {
	w, err := pmp.NewSweeper(pmp.Excerpt(p, once(s)))
	if err != nil {
		return 0, 0
	}
	f, err := w.Footprint(ctx, theta)
	if err != nil {
		return 0, 0
	}
	return 2*f.Lanes + f.Trajectory, f.Trajectory
}

// trackBytes is what the trajectories take that are drawn of points in a flow, at most 128 samples in 60 steps or more.
func trackBytes(task tasks.Task) int64 {
	switch task.(type) {
	case *tasks.Classify, *tasks.Density:
	default:
		return 0
	}
	const samples, steps, stages, vectors, widest = 128, 60, 6, 3, 16
	p := task.Problem()
	if p.Field.Dim() > widest {
		return 0
	}
	return 8 * int64(min(p.Samples(), samples)*p.Field.Dim()) * steps * stages * vectors
}

// canvasBytes is what the largest picture takes, and the documents around it.
func canvasBytes(c *config.Config, task tasks.Task) int64 {
	if !c.Report.Figures || !slices.Contains(c.Report.Formats, "png") {
		return drawingBytes
	}
	panels, numbers := 1, 0
	if t, ok := task.(*tasks.Fit); ok {
		const fine = 4000 // points of the model's trajectory
		_, x, names := t.Observations()
		panels, numbers = len(names), 2*(len(x)+fine*len(names))
	}
	const number = 60 // bytes, in binary and twice in text
	return drawingBytes + figures.Canvas(panels) + number*int64(numbers)
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
	d.settings.MaxBytes, d.rest = need.share(limit), need.rest(limit)
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

package run

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/costate-go/costate/configs"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/pmp"
)

func parse(t *testing.T, name string, overrides ...string) *config.Config {
	t.Helper()
	text, err := configs.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse(name, text, overrides...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// moons are the configuration of the moons, its task and its settings on one thread.
func moons(t *testing.T, overrides ...string) (*config.Config, tasks.Task, pmp.Settings) {
	t.Helper()
	c := parse(t, "moons", overrides...)
	task, err := tasks.New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	s, err := tasks.SweepSettings(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	return c, task, s
}

// A run over its limit is refused before anything is written, with the number, the limit and what to turn.
func TestMemoryLimitRefuses(t *testing.T) {
	root := t.TempDir()
	_, err := Run(context.Background(), parse(t, "moons", "train.memory_limit=20MiB", "data.samples=4000"), Options{Root: root})
	var tooMuch *MemoryError
	if !errors.As(err, &tooMuch) || exit.Code(err) != exit.Usage {
		t.Fatalf("%v, exit code %d", err, exit.Code(err))
	}
	for _, word := range []string{"MiB", "20 MiB", "train.memory_limit", "costate.memory", "train.batch"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not mention %s", err, word)
		}
	}
	c := parse(t, "moons", "train.memory_limit=1TiB", "train.iterations=1", "data.samples=60")
	if _, err := Run(context.Background(), c, Options{Root: root}); err != nil {
		t.Error(err)
	}
}

// More samples and recomputed values show in the estimate, but gradient methods have one shard of samples in work.
func TestMemoryFollowsSettings(t *testing.T) {
	estimate := func(overrides ...string) float64 {
		c, task, s := moons(t, append(overrides, "solver.steps=2")...)
		b, err := Memory(context.Background(), c, task, s)
		if err != nil {
			t.Fatal(err)
		}
		return float64(b - programBytes)
	}
	base := estimate("data.samples=20000")
	if double := estimate("data.samples=40000"); math.Abs(double/base-2) > 0.1 {
		t.Errorf("twice the samples take %.2f times the memory", double/base)
	}
	if less := estimate("data.samples=20000", "costate.memory=1MiB"); !(less < 0.5*base) {
		t.Errorf("recomputing takes %.2f times the memory", less/base)
	}
	if half := estimate("data.samples=20000", "precision=float32"); !(half < 0.8*base) {
		t.Errorf("float32 takes %.2f times the memory", half/base)
	}
	if adam := estimate("data.samples=20000", "optimizer.kind=adam"); !(adam < 0.4*base) {
		t.Errorf("adam takes %.2f times the memory", adam/base)
	}
}

// A trajectory may not grow beyond what the limit leaves: where the first iterations would, the run is refused; later the sweep fails,
// and the run ends as a numerical failure.
func TestMemoryGuard(t *testing.T) {
	ctx, root := context.Background(), t.TempDir()
	c := parse(t, "moons", "optimizer.kind=sgd", "optimizer.learning_rate=300", "train.iterations=20", "train.memory_limit=40MiB", "data.samples=2000")
	_, err := Run(ctx, c, Options{Root: root})
	var tooMuch *MemoryError
	if !errors.As(err, &tooMuch) {
		t.Errorf("%v, exit code %d", err, exit.Code(err))
	}
	d, err := newDriver(c, Options{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	if d.dir, err = rundir.Create(root, c.Name, ""); err != nil {
		t.Fatal(err)
	}
	defer d.dir.Close()
	if err := d.describe(); err != nil {
		t.Fatal(err)
	}
	d.settings.MaxBytes = 12 << 20
	d.theta = d.task.Initial()
	d.best = append([]float64(nil), d.theta...)
	if _, err := d.loop(ctx); !errors.Is(err, pmp.ErrMemory) || exit.Code(err) != exit.Numerical {
		t.Errorf("%v, exit code %d", err, exit.Code(err))
	}
}

// The certificate has all samples at once, where the optimizer had one shard or batch of them: either may take what is there in its time.
func TestMemoryLeavesRoomForTheCertificate(t *testing.T) {
	ctx := context.Background()
	for _, optimizer := range [][]string{{"optimizer.kind=adam"}, {"optimizer.kind=snopt", "train.batch=500"}} {
		overrides := append(optimizer, "data.samples=20000", "train.iterations=1", "solver.method=rk4", "solver.steps=4", "report.figures=false")
		c, task, s := moons(t, overrides...)
		d, err := rehearsedDemand(ctx, c, task, s)
		if err != nil {
			t.Fatal(err)
		}
		limit := d.total + 4<<20
		if d.whole < 4*d.each {
			t.Fatalf("the certificate's trajectory takes %s, and that of the optimizer %s", Bytes(d.whole), Bytes(d.each))
		}
		room := limit - d.total + d.certificate - d.training
		if d.share(limit) < room/d.trajectories || d.rest(limit) < d.whole {
			t.Errorf("there are %s of room, and a trajectory of the optimizer may take %s, that of the certificate %s", Bytes(room), Bytes(d.share(limit)), Bytes(d.rest(limit)))
		}
		c = parse(t, "moons", append(overrides, fmt.Sprintf("train.memory_limit=%dMiB", limit>>20))...)
		r, err := Run(ctx, c, Options{Root: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		if v := float64(r.Summary.PMP.Residual); math.IsNaN(v) {
			t.Errorf("%v: there is no certificate", optimizer)
		}
	}
}

// The zero control of the moons takes a third of the steps of those that follow: the estimate has to know.
func TestMemoryRehearses(t *testing.T) {
	ctx := context.Background()
	c, task, s := moons(t, "data.samples=4000", "train.iterations=10")
	first, err := demandOf(ctx, c, task, s)
	if err != nil {
		t.Fatal(err)
	}
	all, err := rehearsedDemand(ctx, c, task, s)
	if err != nil {
		t.Fatal(err)
	}
	if all.total < 2*first.total || all.each <= first.each {
		t.Errorf("%s by the first control, %s by the first iterations", Bytes(first.total), Bytes(all.total))
	}
	fixed := parse(t, "moons", "data.samples=4000", "train.iterations=10", "solver.method=rk4", "solver.steps=4")
	if b, _ := rehearse(ctx, fixed, task, s); b != 0 {
		t.Errorf("fixed steps are rehearsed, %s", Bytes(b))
	}
}

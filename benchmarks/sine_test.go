package benchmarks

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/costate-go/costate/configs"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/pmp"
)

// BenchmarkSine is the toy of Li, Chen, Tai & E (2018) by the clock, on one thread: E-MSA against our own Adam and SGD, which do 500
// iterations, from weights that are zero, as published, and uniform on ±0.1. It reports medians over five seeds: the rival's last loss
// (loss), the milliseconds that the rival (rival-ms) and E-MSA (emsa-ms) take to get there, and their ratio (×sooner). E-MSA's own 500
// iterations are work=500.
func BenchmarkSine(b *testing.B) {
	adam := []string{"optimizer.kind=adam", "optimizer.learning_rate=0.005"}
	sgd := []string{"optimizer.kind=sgd", "optimizer.learning_rate=0.1"}
	found := []string{"optimizer.rho=0"} // from the sizes of costate and state; at zero weights the published weight
	uniform := []string{"field.init=uniform", "field.init_scale=0.1"}
	for _, c := range []struct {
		name               string
		start, rival, ours []string
	}{
		{"start=zero/rival=adam", nil, adam, nil}, {"start=uniform/rival=adam", uniform, adam, found}, {"start=uniform/rival=sgd", uniform, sgd, found},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				var losses, theirs, ours, ratios []float64
				for seed := 1; seed <= 5; seed++ {
					start := append([]string{fmt.Sprintf("seed=%d", seed)}, c.start...)
					rival := descend(b, append(slices.Clone(start), c.rival...), 0)
					goal := rival[len(rival)-1].loss
					emsa := descend(b, append(slices.Clone(start), c.ours...), goal)
					losses = append(losses, goal)
					theirs = append(theirs, reach(rival, goal))
					ours = append(ours, reach(emsa, goal))
					ratios = append(ratios, theirs[seed-1]/ours[seed-1])
				}
				b.ReportMetric(median(losses), "loss")
				b.ReportMetric(median(theirs), "rival-ms")
				b.ReportMetric(median(ours), "emsa-ms")
				b.ReportMetric(median(ratios), "×sooner")
			}
		})
	}
	b.Run("work=500", func(b *testing.B) {
		for b.Loop() {
			var total, last []float64
			for seed := 1; seed <= 5; seed++ {
				curve := descend(b, []string{fmt.Sprintf("seed=%d", seed)}, 0)
				total = append(total, curve[len(curve)-1].ms/1e3)
				last = append(last, curve[len(curve)-1].loss)
			}
			b.ReportMetric(median(total), "s")
			b.ReportMetric(median(last), "loss")
		}
	})
}

// mark is a loss and when it was reached.
type mark struct{ loss, ms float64 }

// descend runs the toy until the loss is at most goal, or for 500 iterations.
func descend(b *testing.B, overrides []string, goal float64) (curve []mark) {
	b.Helper()
	text, err := configs.Read("emsa_sine")
	if err != nil {
		b.Fatal(err)
	}
	c, err := config.Parse("emsa_sine", text, overrides...)
	if err != nil {
		b.Fatal(err)
	}
	task, err := tasks.New(c, 1)
	if err != nil {
		b.Fatal(err)
	}
	s, err := tasks.SweepSettings(c, 1)
	if err != nil {
		b.Fatal(err)
	}
	w, err := pmp.NewSweeper(task.Problem(), s)
	if err != nil {
		b.Fatal(err)
	}
	o, err := tasks.Optimizer(c, task.Problem())
	if err != nil {
		b.Fatal(err)
	}
	ctx, begin := context.Background(), time.Now()
	if err := o.Init(ctx, w, task.Initial()); err != nil {
		b.Fatal(err)
	}
	for range 500 {
		it, err := o.Step(ctx)
		if err != nil {
			b.Fatal(err)
		}
		curve = append(curve, mark{it.Loss, float64(time.Since(begin).Nanoseconds()) / 1e6})
		if it.Loss <= goal || it.Stop != pmp.InProgress {
			break
		}
	}
	return curve
}

// reach is when a curve first comes down to a loss, in milliseconds.
func reach(curve []mark, loss float64) float64 {
	for _, m := range curve {
		if m.loss <= loss {
			return m.ms
		}
	}
	return curve[len(curve)-1].ms
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

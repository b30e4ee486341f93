package benchmarks

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/problems"
	"github.com/costate-go/costate/solvers"
)

// BenchmarkTrain does whole iterations of training on one thread: next mini-batch, states forward, costate backward, update. It reports
// milliseconds per iteration and the evaluations of the network (eval) and of its vector–Jacobian product (vjp) in one,
// counted as a solver of the whole batch counts them.
func BenchmarkTrain(b *testing.B) {
	for _, name := range []string{"spiral", "mid", "large"} {
		for _, p := range precisions {
			for kind := pmp.Discrete; kind <= pmp.Backsolve; kind++ {
				b.Run(fmt.Sprintf("work=%s/dtype=%s/costate=%v", name, map[neural.Precision]string{neural.Float64: "f64", neural.Float32: "f32"}[p], kind), func(b *testing.B) {
					for _, w := range works(b, p) {
						if w.name != name {
							continue
						}
						if kind == pmp.Interpolated && w.settings.Steps > 0 {
							b.Skip("the 3/8 rule has no dense output of its own stages")
						}
						if w.settings.Costate = kind; kind != pmp.Discrete { // with steps that end at the observations, and checkpoints within 4 MiB
							w.settings.Interpolate, w.settings.KeepBytes = false, 4<<20
						}
						w.benchmark(b)
					}
				})
			}
		}
	}
}

func (w *work) benchmark(b *testing.B) {
	ctx := context.Background()
	sw, err := pmp.NewSweeper(w.problem, w.settings)
	if err != nil {
		b.Fatal(err)
	}
	rule := w.update
	if err := rule.Init(ctx, sw, w.theta); err != nil {
		b.Fatal(err)
	}
	var work pmp.Work
	step := func() {
		if w.next != nil {
			w.next()
		}
		it, err := rule.Step(ctx)
		if err != nil {
			b.Fatal(err)
		}
		work.Add(it.Work)
	}
	step() // the first iteration makes room
	work = pmp.Work{}
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
	n := float64(b.N)
	b.ReportMetric(b.Elapsed().Seconds()*1e3/n, "ms")
	b.ReportMetric(float64(work.Forward)/n/float64(w.shards()), "eval")
	b.ReportMetric(float64(work.Backward)/n/float64(w.shards()), "vjp")
}

// BenchmarkSweep sweeps the bounded van der Pol problem with 400 intervals of piecewise linear control: what one iteration
// costs where the state is small and the loops count.
func BenchmarkSweep(b *testing.B) {
	p := problems.VanDerPolBounded().Problem(pmp.PiecewiseLinear, 400)
	w, err := pmp.NewSweeper(p, pmp.Settings{Steps: 1, Solver: ode.Settings{Method: solvers.RK4}})
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	tr, theta := w.NewTrajectory(), make([]float64, w.NumControls())
	for _, backward := range []bool{false, true} {
		name := "sweep=forward"
		if backward {
			name = "sweep=both"
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Forward(ctx, tr, theta); err != nil {
					b.Fatal(err)
				}
				if backward {
					w.Backward(tr)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(b.N)/400, "µs/interval")
		})
	}
}

// TestSameWork holds the workloads to what torchdiffeq 0.2.5 computes in float64 from the same numbers: loss and gradient norm
// to 1e-8, evaluations exactly; in float32 to 1e-4.
func TestSameWork(t *testing.T) {
	for _, p := range precisions {
		for _, w := range works(t, p) {
			t.Run(w.name+"/"+p.String(), func(t *testing.T) {
				tr := w.sweep(t, w.settings)
				t.Logf("loss %.10g, gradient norm %.10g, evaluations %d + %d", tr.J, norm2(tr.Grad), tr.Work.Forward, tr.Work.Backward)
				tolerance := 1e-8
				if p == neural.Float32 {
					tolerance = 1e-4
				}
				compare(t, "loss", tr.J, w.loss, tolerance)
				compare(t, "gradient norm", norm2(tr.Grad), w.norm, tolerance)
				if n := tr.Work.Forward / w.shards(); p == neural.Float64 && n != w.evaluations {
					t.Errorf("%d evaluations, want %d", n, w.evaluations)
				}
			})
		}
	}
}

func compare(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if d := math.Abs(got-want) / want; !(d <= tolerance) {
		t.Errorf("%s: %.10g, want %.10g, off by %.2g, more than %.2g", what, got, want, d, tolerance)
	}
}

package benchmarks

import (
	"context"
	"math"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/problems"
	"github.com/costate-go/costate/solvers"
)

// BenchmarkTrain does whole iterations of training on one thread: next mini-batch, states forward, costate backward, update. It reports
// milliseconds per iteration and the evaluations of the network (eval) and of its vector–Jacobian product (vjp) in one,
// counted as a solver of the whole batch counts them.
func BenchmarkTrain(b *testing.B) {
	for _, w := range works(b) {
		b.Run("work="+w.name, func(b *testing.B) {
			ctx := context.Background()
			sw, err := pmp.NewSweeper(w.problem, w.settings)
			if err != nil {
				b.Fatal(err)
			}
			rule := w.update
			if err := rule.Init(ctx, sw, w.theta); err != nil {
				b.Fatal(err)
			}
			width := w.settings.ShardWidth
			if width == 0 {
				width = 128
			}
			shards := (w.problem.Samples() + width - 1) / width
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
			b.ReportMetric(float64(work.Forward)/n/float64(shards), "eval")
			b.ReportMetric(float64(work.Backward)/n/float64(shards), "vjp")
		})
	}
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

// TestSameWork holds the workloads to what torchdiffeq 0.2.5 computes in float64 from the same numbers, printed with nine
// digits. The large one takes the same steps and agrees to these. In the others torchdiffeq steps past the times asked
// for and interpolates, and its losses carry that interpolant's error; ours step onto the times. So they are held to
// agree within the solver's tolerance, to be closer to the solution than that, and the same weights and data put through
// torchdiffeq's own solver have to give torchdiffeq's digits.
func TestSameWork(t *testing.T) {
	for _, w := range works(t) {
		t.Run(w.name, func(t *testing.T) {
			tr := w.sweep(t, w.settings)
			t.Logf("loss %.10g, gradient norm %.10g, evaluations %d + %d", tr.J, norm2(tr.Grad), tr.Work.Forward, tr.Work.Backward)
			lossDigits, normDigits := half(w.loss), half(w.norm)
			if w.settings.Steps > 0 {
				compare(t, "loss", tr.J, w.loss, lossDigits)
				compare(t, "gradient norm", norm2(tr.Grad), w.norm, normDigits)
				return
			}
			rtol := w.settings.Solver.RTol
			compare(t, "loss", tr.J, w.loss, rtol*w.loss)
			compare(t, "gradient norm", norm2(tr.Grad), w.norm, 10*rtol*w.norm)
			fine := w.settings
			fine.Solver.RTol, fine.Solver.ATol = 1e-12, 1e-14
			exact := w.sweep(t, fine)
			compare(t, "loss against tight tolerances", tr.J, exact.J, 0.01*rtol*w.loss)
			compare(t, "gradient norm against tight tolerances", norm2(tr.Grad), norm2(exact.Grad), 0.01*rtol*w.norm)

			loss, norm := w.rival(tr.Grad)
			compare(t, "loss by torchdiffeq's solver", loss, w.loss, lossDigits)
			compare(t, "gradient norm by torchdiffeq's solver", norm, w.norm, normDigits)
		})
	}
}

// half is the rounding error of a number printed with nine digits, or nine behind the point.
func half(v float64) float64 {
	return 0.5 * math.Pow(10, math.Max(math.Floor(math.Log10(v)), -1)-8)
}

func compare(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if d := math.Abs(got - want); !(d <= tolerance) {
		t.Errorf("%s: %.10g, want %.10g, off by %.2g, more than %.2g", what, got, want, d, tolerance)
	}
}

// rival returns loss and gradient norm by torchdiffeq's solver. The norm is the slope along direction, which need only
// be close to the gradient: the norm is stationary there.
func (w *work) rival(direction []float64) (loss, norm float64) {
	p := w.problem
	ev := p.Field.NewEvaluator(p.Samples())
	ts := []float64{p.T0}
	for _, o := range p.Observations {
		ts = append(ts, o.T)
	}
	if p.Terminal != nil {
		ts = append(ts, p.T1)
	}
	const h = 1e-4
	theta, length := make([]float64, len(w.theta)), norm2(direction)
	var steps []float64
	at := func(shift float64) float64 {
		for i, v := range w.theta {
			theta[i] = v + shift*direction[i]/length
		}
		ev.Bind(theta)
		x, _, taken := torchdiffeq(ev.Eval, p.X0, ts, w.settings.Solver.RTol, w.settings.Solver.ATol, steps)
		steps = taken
		sum := 0.0
		for k := range p.Observations {
			sum += p.Observations[k].Cost.Eval(nil, x[k+1], 0, p.Samples())
		}
		if p.Terminal != nil {
			sum += p.Terminal.Eval(nil, x[len(x)-1], 0, p.Samples())
		}
		return sum / float64(p.Samples())
	}
	loss = at(0)
	return loss, (at(h) - at(-h)) / (2 * h)
}

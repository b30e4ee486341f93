package benchmarks

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
)

// BenchmarkCostate compares the ways to compute a gradient: one forward and one backward sweep in milliseconds (ms), the evaluations of the
// network (eval) and of its vector–Jacobian product (vjp), the bytes that a trajectory holds (KiB), and how far the gradient is from that of
// the differential equation at tight tolerances: −log₁₀ of the difference over its largest entry (digits). Steps end at the observations.
func BenchmarkCostate(b *testing.B) {
	for _, p := range costateProblems(b) {
		exact := p.sweep(b, pmp.Settings{Solver: ode.Settings{RTol: 1e-11, ATol: 1e-12}})
		for kind := pmp.Discrete; kind <= pmp.Backsolve; kind++ {
			b.Run(fmt.Sprintf("problem=%s/costate=%v", p.name, kind), func(b *testing.B) {
				s := pmp.Settings{Costate: kind, Solver: ode.Settings{RTol: 1e-6, ATol: 1e-8}}
				if kind == pmp.Checkpointed {
					s.KeepBytes = 64 << 10
				}
				w, err := pmp.NewSweeper(p.problem, s)
				if err != nil {
					b.Fatal(err)
				}
				ctx := context.Background()
				held, err := w.Footprint(ctx, p.theta)
				if err != nil {
					b.Fatal(err)
				}
				tr := w.NewTrajectory()
				for b.Loop() {
					if err := w.Gradient(ctx, tr, p.theta); err != nil {
						b.Fatal(err)
					}
				}
				size, off := 0.0, 0.0
				for i, g := range exact.Grad {
					size, off = max(size, math.Abs(g)), max(off, math.Abs(tr.Grad[i]-g))
				}
				b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms")
				b.ReportMetric(float64(tr.Work.Forward), "eval")
				b.ReportMetric(float64(tr.Work.Backward), "vjp")
				b.ReportMetric(float64(held.Tapes+held.Ends)/1024, "KiB")
				b.ReportMetric(-math.Log10(off/size), "digits")
			})
		}
	}
}

// costateProblems are a batch with observations, a long horizon, and dynamics that contract.
func costateProblems(t testing.TB) []*work {
	long := regression(neural.Float64, "long", 2, 32, 16, pmp.Settings{}, 0, 0, 0)
	long.problem.T1 = 40
	contracting := regression(neural.Float64, "contracting", 4, 32, 16, pmp.Settings{}, 0, 0, 0)
	contracting.problem.T1 = 3
	contracting.problem.Field = contraction{contracting.problem.Field, 20}
	spiral := spiral(t, neural.Float64)
	spiral.name = "observations"
	return []*work{spiral, long, contracting}
}

// contraction adds −rate·x to a field.
type contraction struct {
	neural.Field
	rate float64
}

func (c contraction) NewEvaluator(width int) neural.Evaluator {
	return contracted{c.Field.NewEvaluator(width), c.rate}
}

type contracted struct {
	neural.Evaluator
	rate float64
}

func (c contracted) Eval(dx []float64, t float64, x []float64) {
	c.Evaluator.Eval(dx, t, x)
	for i, v := range x {
		dx[i] -= c.rate * v
	}
}

func (c contracted) VJP(px, ptheta []float64, t float64, x, p []float64) {
	c.Evaluator.VJP(px, ptheta, t, x, p)
	if px != nil {
		for i, v := range p {
			px[i] -= c.rate * v
		}
	}
}

package benchmarks

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/costate-go/costate/benchmarks/suite"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/testproblems"
	"github.com/costate-go/costate/solvers"
)

// BenchmarkSolve solves reference problems from one end to the other, saving only the ends, with rtol = atol, and
// reports microseconds and evaluations of the right-hand side per solution and the relative error at the end, also as a number of
// digits.
func BenchmarkSolve(b *testing.B) {
	for _, p := range []testproblems.Problem{testproblems.LotkaVolterra, testproblems.Lorenz, testproblems.Arenstorf} {
		for _, m := range []solvers.Method{solvers.DormandPrince54, solvers.Tsit5} {
			for _, tol := range []float64{1e-6, 1e-10} {
				if p.Name == "arenstorf" && tol > 1e-10 {
					continue // at 1e-6 the orbit is lost at the first close encounter
				}
				b.Run(fmt.Sprintf("problem=%s/method=%s/tol=%.0e", p.Name, m.Name(), tol), func(b *testing.B) {
					s := ode.Settings{Method: m, RTol: tol, ATol: tol, EndOnly: true, SkipDense: true}
					var sol *ode.Solution
					var err error
					for b.Loop() {
						if sol, err = ode.Solve(context.Background(), p.IVP(), s); err != nil {
							b.Fatal(err)
						}
					}
					reportSolution(b, sol.Stats.Evaluations, p.Error(sol.Final(), 1))
				})
			}
		}
	}
}

// BenchmarkWorkPrecision solves the problems that ./workprecision compares with other libraries by every method that fits, in
// a workspace that is used again.
func BenchmarkWorkPrecision(b *testing.B) {
	ctx := context.Background()
	for _, p := range suite.Problems() {
		for _, m := range suite.Methods(&p) {
			for _, tol := range []float64{1e-4, 1e-6, 1e-8, 1e-10} {
				b.Run(fmt.Sprintf("problem=%s/method=%s/tol=%.0e", p.Name, m.Name(), tol), func(b *testing.B) {
					r, err := suite.NewRun(&p, m, tol)
					if err != nil {
						b.Fatal(err)
					}
					if err := r.Solve(ctx); err != nil {
						b.Skip(err)
					}
					b.ReportAllocs()
					for b.Loop() {
						_ = r.Solve(ctx)
					}
					reportSolution(b, r.Evaluations(), r.Error())
				})
			}
		}
	}
}

// reportSolution reports what a solution costs and how good it is; an error that is printed as zero shows as digits.
func reportSolution(b *testing.B, evaluations int, relative float64) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e3/float64(b.N), "µs/solve")
	b.ReportMetric(float64(evaluations), "evals")
	b.ReportMetric(relative, "error")
	b.ReportMetric(-math.Log10(relative), "digits")
}

// BenchmarkStep takes single steps of Tsit5: on the three unknowns of the Lorenz system, whose right-hand side costs
// next to nothing, on slices and by value, and on larger linear systems with the same property, where the sums over stages dominate.
func BenchmarkStep(b *testing.B) {
	decay := func(dx []float64, t float64, x []float64) {
		for i, v := range x {
			dx[i] = -v
		}
	}
	for _, c := range []struct {
		n      int
		f      solvers.Func
		values solvers.Values
		form   string
	}{{3, testproblems.Lorenz.F, solvers.Values{}, ""}, {3, testproblems.Lorenz.F, testproblems.Lorenz.Values, "/f=by-value"}, {n: 64, f: decay}, {n: 2048, f: decay}, {n: 32768, f: decay}} {
		b.Run(fmt.Sprintf("method=tsit5/n=%d%s", c.n, c.form), func(b *testing.B) {
			it, err := ode.NewIntegrator(c.n, ode.Settings{MaxStep: 1e-3, MaxSteps: -1})
			if err != nil {
				b.Fatal(err)
			}
			x0 := make([]float64, c.n)
			x0[0] = 1
			it.SetValues(c.values)
			it.Start(c.f, 0, x0, math.MaxFloat64)
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if err := it.Step(ctx, math.MaxFloat64); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(c.n), "ns/unknown")
		})
	}
}

// BenchmarkSixEvaluations is what a step of Tsit5 on the Lorenz system cannot do without.
func BenchmarkSixEvaluations(b *testing.B) {
	x, dx := []float64{1, 2, 3}, make([]float64, 3)
	for b.Loop() {
		for range 6 {
			testproblems.Lorenz.F(dx, 0, x)
		}
	}
}

// BenchmarkNewIntegrator builds what a solution needs, which counts where solutions are short.
func BenchmarkNewIntegrator(b *testing.B) {
	for _, m := range []solvers.Method{solvers.Tsit5, solvers.Verner76, solvers.Verner98} {
		for _, n := range []int{3, 28} {
			b.Run(fmt.Sprintf("method=%s/n=%d", m.Name(), n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := ode.NewIntegrator(n, ode.Settings{Method: m}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

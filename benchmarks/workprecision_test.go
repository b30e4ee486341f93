package benchmarks

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/costate-go/costate/benchmarks/suite"
)

// BenchmarkWorkPrecision solves the problems that ./workprecision compares with other libraries by every method that fits, in
// a workspace that is used again, and reports microseconds, evaluations of the right-hand side and the error at the end.
func BenchmarkWorkPrecision(b *testing.B) {
	ctx := context.Background()
	for _, p := range suite.Problems() {
		for _, m := range suite.Methods(&p) {
			for _, tol := range []float64{1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12} {
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
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e3/float64(b.N), "µs/solve")
					b.ReportMetric(float64(r.Evaluations()), "evals")
					b.ReportMetric(r.Error(), "error")
					b.ReportMetric(-math.Log10(r.Error()), "digits") // small errors are printed as zero
				})
			}
		}
	}
}

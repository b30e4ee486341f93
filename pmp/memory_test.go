package pmp_test

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/costate-go/costate/internal/rng"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/solvers"
)

// heap is the memory in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What optimizers hold after some steps is what was said before the first, within 20 %.
func TestFootprint(t *testing.T) {
	for _, c := range []struct {
		name    string
		dim     int
		hidden  []int
		samples int
		s       pmp.Settings
		prec    neural.Precision
	}{
		{"adaptive", 8, []int{24}, 500, pmp.Settings{Threads: 2}, neural.Float64},
		{"fixed", 4, []int{12}, 900, pmp.Settings{Steps: 40, Solver: ode.Settings{Method: solvers.RK4}}, neural.Float64},
		{"recomputed", 8, []int{24}, 500, pmp.Settings{KeepBytes: 1 << 20}, neural.Float64},
		{"float32", 8, []int{24}, 500, pmp.Settings{}, neural.Float32},
		{"interpolated", 8, []int{24}, 500, pmp.Settings{Interpolate: true, Solver: ode.Settings{RTol: 1e-11, ATol: 1e-12}}, neural.Float64},
		{"narrow", 2, []int{8}, 5000, pmp.Settings{ShardWidth: 1}, neural.Float64},
		{"rosenbrock", 8, []int{24}, 300, pmp.Settings{Steps: 10, Solver: ode.Settings{Method: solvers.Rodas5P}}, neural.Float64},
	} {
		optimizers := []pmp.Optimizer{&pmp.Gradient{Rule: pmp.Adam, Rate: 1e-3}, &pmp.SQH{Epsilon: 1e4}, &pmp.QuasiNewton{}, &pmp.EMSA{}, &pmp.GaussNewton{Damping: 1e4}}
		if c.s.Interpolate {
			optimizers = optimizers[:2] // the others move the control so far that sweeps take a fourth more steps
		}
		if c.name == "narrow" {
			optimizers = []pmp.Optimizer{&pmp.Gradient{Rule: pmp.Adam, Rate: 1e-3}, &pmp.Batch{Epsilon: 1e4}}
		}
		if c.name == "rosenbrock" {
			optimizers = []pmp.Optimizer{&pmp.Gradient{Rule: pmp.Adam, Rate: 1e-3}, &pmp.SQH{Maximizer: pmp.HMax{}, Epsilon: 1e4}}
		}
		for _, o := range optimizers {
			t.Run(fmt.Sprintf("%s/%s", c.name, o.Name()), func(t *testing.T) {
				field, err := neural.NewMLP(neural.MLPConfig{Dim: c.dim, Hidden: c.hidden, Precision: c.prec})
				if err != nil {
					t.Fatal(err)
				}
				src, n := rng.New(1), c.dim*c.samples
				p := &pmp.Problem{Field: field, T1: 1, X0: make([]float64, n), Control: pmp.Control{L2: 1e-3}}
				target := make([]float64, n)
				for i := range target {
					p.X0[i], target[i] = src.Normal(), src.Normal()
				}
				p.Terminal = &pmp.SquaredError{Target: target, N: c.samples, Weight: 1}
				theta := make([]float64, field.NumParams())
				field.Init(theta, 1)

				before := heap()
				w, err := pmp.NewSweeper(p, c.s)
				if err != nil {
					t.Fatal(err)
				}
				ctx := context.Background()
				f, err := w.Footprint(ctx, theta)
				if err != nil {
					t.Fatal(err)
				}
				if err := o.Init(ctx, w, theta); err != nil {
					t.Fatal(err)
				}
				said := f.Lanes + o.(pmp.Footprinter).Bytes(w, f)
				for range 3 {
					if _, err := o.Step(ctx); err != nil {
						t.Fatal(err)
					}
				}
				held := heap() - before
				runtime.KeepAlive(w)
				runtime.KeepAlive(o)
				t.Logf("said %.1f MB, held %.1f MB", float64(said)/1e6, float64(held)/1e6)
				if d := math.Abs(float64(said-held)) / float64(held); d > 0.2 {
					t.Errorf("said %d bytes, held %d: off by %.0f %%", said, held, 100*d)
				}
			})
		}
	}
}

// Evaluate has the cost and the ends of Forward, to the bit.
func TestEvaluate(t *testing.T) {
	for _, kind := range kinds {
		for _, method := range []*solvers.Tableau{solvers.Tsit5, solvers.RK4} {
			for _, interpolate := range []bool{false, true} {
				if interpolate && !method.FSAL {
					continue
				}
				p, theta := network(t, kind, 5, 3)
				if interpolate {
					p.Running = nil
				}
				s := pmp.Settings{Steps: 3, Interpolate: interpolate, Solver: ode.Settings{Method: method}}
				if method.FSAL {
					s.Steps = 0
				}
				_, all := sweep(t, p, s, theta)
				w, err := pmp.NewSweeper(p, s)
				if err != nil {
					t.Fatal(err)
				}
				tr := w.NewTrajectory()
				for range 2 {
					if err := w.Evaluate(context.Background(), tr, theta); err != nil {
						t.Fatal(err)
					}
				}
				if tr.J != all.J || tr.Work.Forward != all.Work.Forward {
					t.Errorf("%s, %v: J %v after %d evaluations, want %v after %d", method.Name(), kind, tr.J, tr.Work.Forward, all.J, all.Work.Forward)
				}
				got, want := tr.Final(nil), all.Final(nil)
				for i := range want {
					if got[i] != want[i] {
						t.Fatalf("%s, %v: end %d is %v, want %v", method.Name(), kind, i, got[i], want[i])
					}
				}
				func() {
					defer func() {
						if recover() == nil {
							t.Error("Backward does not panic")
						}
					}()
					w.Backward(tr)
				}()
			}
		}
	}
}

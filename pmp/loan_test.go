package pmp_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/solvers"
)

// Gradient has the bits of Forward and Backward in all that remains of the trajectory.
func TestGradientIsForwardAndBackward(t *testing.T) {
	type seen struct {
		j, augmented, mean float64
		grad, final        []float64
		violation          float64
		work               pmp.Work
	}
	rejected := 0
	compare := func(t *testing.T, p *pmp.Problem, s pmp.Settings, theta []float64) {
		t.Helper()
		w, whole := sweep(t, p, s, theta)
		look := func(tr *pmp.Trajectory) seen {
			return seen{tr.J, tr.Augmented, w.MeanHamiltonian(tr), tr.Grad, tr.Final(nil), p.Violation(tr), tr.Work}
		}
		rejected += whole.Work.Rejected
		want := look(whole)
		part := w.NewTrajectory()
		for again := range 2 { // on tapes that were used
			if err := w.Gradient(context.Background(), part, theta); err != nil {
				t.Fatal(err)
			}
			a, b := reflect.ValueOf(want), reflect.ValueOf(look(part))
			for i := range a.NumField() {
				if x, y := fmt.Sprint(a.Field(i)), fmt.Sprint(b.Field(i)); x != y {
					t.Errorf("%s: %s, want %s (time %d)", a.Type().Field(i).Name, y, x, again)
				}
			}
		}
		if _, x := part.Path(0); x != nil {
			t.Errorf("there is a path: %v", x)
		}
	}
	for _, method := range []solvers.Method{solvers.Tsit5, solvers.RK4, solvers.BogackiShampine32, solvers.Kvaerno3, solvers.Rodas5P} {
		for _, kind := range kinds {
			for _, precision := range []neural.Precision{neural.Float64, neural.Float32} {
				for _, steps := range []int{0, 3} {
					if steps == 0 && method.ErrorOrder() == 0 || precision == neural.Float32 && method == solvers.Method(solvers.Kvaerno3) {
						continue // the equations of its stages are not solved to 1e-7 in float32
					}
					for _, running := range []bool{false, true} {
						t.Run(fmt.Sprintf("%s/%v/%v/steps=%d/running=%v", method.Name(), kind, precision, steps, running), func(t *testing.T) {
							p, theta := network(t, kind, 11, 5)
							p.Field = withPrecision(t, precision)
							if !running {
								p.Running = nil
							}
							s := pmp.Settings{Steps: steps, ShardWidth: 4, Threads: 2, Solver: ode.Settings{Method: method, RTol: 1e-7, ATol: 1e-9}}
							compare(t, p, s, theta)
							s.KeepBytes = -1
							compare(t, p, s, theta)
						})
					}
				}
			}
		}
	}
	if rejected == 0 {
		t.Error("no step was rejected, so that stages filed in vain were not looked at")
	}
	t.Run("jumps", func(t *testing.T) {
		compare(t, dose(), pmp.Settings{Solver: ode.Settings{Method: solvers.DormandPrince54}}, []float64{0.4, -0.2, 0.9})
	})
	for _, kind := range []pmp.CostateKind{pmp.Checkpointed, pmp.Symplectic, pmp.Interpolated, pmp.Backsolve} {
		t.Run(kind.String(), func(t *testing.T) {
			p, theta := network(t, pmp.PiecewiseConstant, 11, 5)
			compare(t, p, pmp.Settings{ShardWidth: 4, Threads: 2, Costate: kind, KeepBytes: 1 << 30}, theta)
		})
	}
	t.Run("paths", func(t *testing.T) {
		p, theta := constrained(pmp.PiecewiseLinear)
		compare(t, p, pmp.Settings{Steps: 5, ShardWidth: 2, Solver: ode.Settings{Method: solvers.RK4}}, theta)
		w, whole := sweep(t, p, pmp.Settings{Steps: 5, ShardWidth: 2, Solver: ode.Settings{Method: solvers.RK4}}, theta)
		part := w.NewTrajectory()
		if err := w.Gradient(context.Background(), part, theta); err != nil {
			t.Fatal(err)
		}
		for c := range p.Paths {
			if a, b := fmt.Sprint(p.Path(whole, c, 0)), fmt.Sprint(p.Path(part, c, 0)); a != b {
				t.Errorf("constraint %d: %s, want %s", c, b, a)
			}
		}
		if len(p.Paths) == 0 {
			t.Error("there are no path constraints")
		}
	})
}

// Costs, gradients and counts of work do not depend on the number of threads.
func TestGradientOnThreads(t *testing.T) {
	for _, kind := range []pmp.CostateKind{pmp.Discrete, pmp.Checkpointed} {
		p, theta := network(t, pmp.PiecewiseConstant, 37, 4)
		var want string
		for _, threads := range []int{1, 2, 3, 7, 16} {
			w, err := pmp.NewSweeper(p, pmp.Settings{ShardWidth: 8, Threads: threads, Costate: kind, KeepBytes: 30000})
			if err != nil {
				t.Fatal(err)
			}
			tr := w.NewTrajectory()
			if err := w.Gradient(context.Background(), tr, theta); err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprint(tr.J, tr.Grad, tr.Work, w.MeanHamiltonian(tr))
			if threads == 1 {
				want = got
			}
			if got != want {
				t.Errorf("%v, %d threads: %s, with one %s", kind, threads, got, want)
			}
		}
	}
}

// Nothing is allocated, and no more held for more samples but their ends.
func TestGradientHoldsOneShard(t *testing.T) {
	var bytes [2]int64
	for k, samples := range []int{8, 80} {
		p, theta := network(t, pmp.PiecewiseConstant, samples, 5)
		w, err := pmp.NewSweeper(p, pmp.Settings{Steps: 20, ShardWidth: 4, Solver: ode.Settings{Method: solvers.RK4}})
		if err != nil {
			t.Fatal(err)
		}
		tr := w.NewTrajectory()
		run := func() {
			if err := w.Gradient(context.Background(), tr, theta); err != nil {
				t.Fatal(err)
			}
		}
		before := heap()
		run()
		if bytes[k] = heap() - before - int64(8*samples*2+samples/4*(400+8*len(theta))); bytes[k] < 100 {
			t.Errorf("%d samples hold %d bytes", samples, bytes[k])
		}
		if n := testing.AllocsPerRun(3, run); n != 0 && !raceDetector {
			t.Errorf("%d samples: %v allocations", samples, n)
		}
	}
	if float64(bytes[1]) > 1.3*float64(bytes[0]) {
		t.Errorf("80 samples hold %d bytes, and 8 samples %d", bytes[1], bytes[0])
	}
}

// What needs the points of a trajectory refuses one that has none, though an earlier sweep left some on its tapes.
func TestGradientLeavesNoPoints(t *testing.T) {
	p, theta := network(t, pmp.PiecewiseLinear, 5, 3)
	w, err := pmp.NewSweeper(p, pmp.Settings{Steps: 3, Solver: ode.Settings{Method: solvers.RK4}})
	if err != nil {
		t.Fatal(err)
	}
	lin, err := w.NewLinearization()
	if err != nil {
		t.Fatal(err)
	}
	tr := w.NewTrajectory()
	if err := w.Forward(context.Background(), tr, theta); err != nil {
		t.Fatal(err)
	}
	if err := w.Gradient(context.Background(), tr, theta); err != nil {
		t.Fatal(err)
	}
	for name, use := range map[string]func(){"freeze": func() { w.NewFrozen().Freeze(tr) }, "backward": func() { w.Backward(tr) }, "attach": func() { lin.Attach(tr) }} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: a trajectory without points was taken", name)
				}
			}()
			use()
		}()
	}
	if _, err := pmp.GuessFrom(tr); err == nil {
		t.Error("a guess was made of a trajectory without a path")
	}
	if _, err := w.Residuals(tr); err == nil {
		t.Error("there are residuals of intervals")
	}
}

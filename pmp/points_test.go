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

// gradientStep is the trajectory of a gradient method's step, without the points that maximizers work on.
func gradientStep(t testing.TB, p *pmp.Problem, s pmp.Settings, theta []float64) (*pmp.Sweeper, *pmp.Trajectory) {
	t.Helper()
	w, err := pmp.NewSweeper(p, s)
	if err != nil {
		t.Fatal(err)
	}
	o := &pmp.Gradient{Rule: pmp.SGD}
	if err := o.Init(context.Background(), w, theta); err != nil {
		t.Fatal(err)
	}
	it, err := o.Step(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return w, it.Trajectory
}

// Trajectories of gradient methods have the bits of whole ones in all that both have.
func TestGradientMethodsKeepWhatTheyNeed(t *testing.T) {
	rejected := 0
	compare := func(t *testing.T, p *pmp.Problem, s pmp.Settings, theta []float64) {
		t.Helper()
		w, whole := sweep(t, p, s, theta)
		v, part := gradientStep(t, p, s, theta)
		type seen struct {
			j, mean, drift float64
			grad, final    []float64
			t, h, at, when []float64
			x, p           [][]float64
			work           pmp.Work
		}
		rejected += whole.Work.Rejected
		look := func(w *pmp.Sweeper, tr *pmp.Trajectory) (s seen) {
			s.j, s.grad, s.final, s.work = tr.J, tr.Grad, tr.Final(nil), tr.Work
			s.mean, s.drift = w.MeanHamiltonian(tr), w.Drift(tr)
			s.t, s.h = w.Hamiltonian(tr)
			last := tr.Samples() - 1
			s.at, s.x = tr.Path(last)
			s.when, s.p = tr.Costate(last)
			return s
		}
		want, got := look(w, whole), look(v, part)
		if len(want.h) == 0 || len(want.x) < 2 || len(want.p) < 2 {
			t.Fatalf("nothing was looked at: %+v", want)
		}
		a, b := reflect.ValueOf(want), reflect.ValueOf(got)
		for i := range a.NumField() {
			if x, y := fmt.Sprint(a.Field(i)), fmt.Sprint(b.Field(i)); x != y {
				t.Errorf("%s: %s, want %s", a.Type().Field(i).Name, y, x)
			}
		}
	}
	for _, method := range []*solvers.Tableau{solvers.Tsit5, solvers.RK4, solvers.BogackiShampine32} {
		for _, kind := range kinds {
			for _, precision := range []neural.Precision{neural.Float64, neural.Float32} {
				for _, steps := range []int{0, 3} {
					if steps == 0 && method.ErrorOrder() == 0 {
						continue
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
	t.Run("jumps", func(t *testing.T) {
		compare(t, dose(), pmp.Settings{Solver: ode.Settings{Method: solvers.DormandPrince54}}, []float64{0.4, -0.2, 0.9})
	})
	if rejected == 0 {
		t.Error("no step was rejected, so that stages filed in vain were not looked at")
	}
}

// Maximizers refuse them.
func TestGradientMethodsHaveNoPoints(t *testing.T) {
	p, theta := network(t, pmp.PiecewiseLinear, 5, 3)
	w, tr := gradientStep(t, p, pmp.Settings{Steps: 3, Solver: ode.Settings{Method: solvers.RK4}}, theta)
	defer func() {
		if recover() == nil {
			t.Error("a trajectory without points was frozen")
		}
	}()
	w.NewFrozen().Freeze(tr)
}

package pmp_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/solvers"
)

// Checkpoints give the bits of the discrete costate, whatever there is room for.
func TestCheckpointsGiveTheSameBits(t *testing.T) {
	for _, method := range []*solvers.Tableau{solvers.Tsit5, solvers.RK4, solvers.BogackiShampine32} {
		for _, kind := range kinds {
			for _, precision := range []neural.Precision{neural.Float64, neural.Float32} {
				for _, steps := range []int{0, 7} {
					if steps == 0 && method.ErrorOrder() == 0 {
						continue
					}
					p, theta := network(t, kind, 11, 5)
					p.Field = withPrecision(t, precision)
					s := pmp.Settings{Steps: steps, ShardWidth: 4, Threads: 2, Solver: ode.Settings{Method: method, RTol: 1e-7, ATol: 1e-9}}
					_, want := sweep(t, p, s, theta)
					for k, budget := range []int64{1, 6000, 20000, 1 << 30, 1} {
						s.Costate, s.KeepBytes = pmp.Checkpointed, budget
						if k == 4 {
							s.Costate = pmp.Symplectic
						}
						w, got := sweep(t, p, s, theta)
						for again := range 2 { // the way back may be gone again
							name := fmt.Sprintf("%s/%v/%v/steps=%d/budget=%d/%d", method.Name(), kind, precision, steps, budget, again)
							if got.J != want.J {
								t.Fatalf("%s: J = %v, want %v", name, got.J, want.J)
							}
							for i, v := range want.Grad {
								if got.Grad[i] != v {
									t.Fatalf("%s: ∇J[%d] = %v, want %v", name, i, got.Grad[i], v)
								}
							}
							if got.Work.Backward != (1+again)*want.Work.Backward {
								t.Errorf("%s: %d products backward, want %d", name, got.Work.Backward, (1+again)*want.Work.Backward)
							}
							w.Backward(got)
						}
						if h, want := w.MeanHamiltonian(got), wantHamiltonian(t, p, s, theta); math.Abs(h-want) > 1e-12*(1+math.Abs(want)) {
							t.Errorf("%s, %v: mean of H is %v, want %v", method.Name(), kind, h, want)
						}
					}
				}
			}
		}
	}
}

func wantHamiltonian(t *testing.T, p *pmp.Problem, s pmp.Settings, theta []float64) float64 {
	s.Costate = pmp.Discrete
	w, tr := sweep(t, p, s, theta)
	return w.MeanHamiltonian(tr)
}

// A long horizon within a small budget: the memory stays there, for a few more sweeps.
func TestCheckpointsBoundMemory(t *testing.T) {
	field, err := neural.NewMLP(neural.MLPConfig{Dim: 4, Hidden: []int{16}})
	if err != nil {
		t.Fatal(err)
	}
	const samples = 64
	p := &pmp.Problem{Field: field, T1: 1, X0: make([]float64, 4*samples)}
	for i := range p.X0 {
		p.X0[i] = math.Sin(float64(i))
	}
	p.Terminal = &pmp.SquaredError{Target: make([]float64, 4*samples), N: samples, Weight: 1}
	theta := make([]float64, field.NumParams())
	field.Init(theta, 1)
	held := func(s pmp.Settings) (int64, *pmp.Trajectory) {
		before := heap()
		w, tr := sweep(t, p, s, theta)
		after := heap()
		runtime.KeepAlive(w)
		return after - before, tr
	}
	s := pmp.Settings{Steps: 4000, Solver: ode.Settings{Method: solvers.RK4}}
	all, want := held(s)
	s.Costate, s.KeepBytes = pmp.Checkpointed, 300<<10
	few, tr := held(s)
	t.Logf("%d and %d KiB; %d evaluations forward and %d on the way back", all>>10, few>>10, want.Work.Forward, tr.Work.Forward-want.Work.Forward)
	if few > 3<<20 || few > all/20 {
		t.Errorf("%d bytes are held within a budget of %d, %d without", few, s.KeepBytes, all)
	}
	for i, v := range want.Grad {
		if tr.Grad[i] != v {
			t.Fatalf("∇J[%d] is %v, want %v", i, tr.Grad[i], v)
		}
	}
	if again := tr.Work.Forward - want.Work.Forward; again > 3*want.Work.Forward {
		t.Errorf("%d evaluations forward again, more than three times %d", again, want.Work.Forward)
	}
}

func TestCheckpointsRefuseMaximizers(t *testing.T) {
	p, theta := network(t, pmp.PiecewiseConstant, 3, 1)
	w, err := pmp.NewSweeper(p, pmp.Settings{Costate: pmp.Checkpointed})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []pmp.Optimizer{&pmp.EMSA{}, &pmp.SQH{}, &pmp.MSA{}} {
		if err := o.Init(context.Background(), w, theta); !errors.Is(err, pmp.ErrProblem) {
			t.Errorf("%s: %v", o.Name(), err)
		}
	}
	for _, o := range []pmp.Optimizer{&pmp.Gradient{Rule: pmp.Adam, Rate: 0.01}, &pmp.QuasiNewton{}} {
		if err := o.Init(context.Background(), w, theta); err != nil {
			t.Fatal(err)
		}
		first, err := o.Step(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		last := first
		for range 10 {
			if last, err = o.Step(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		if !(last.Loss < first.Loss) {
			t.Errorf("%s: loss from %v to %v", o.Name(), first.Loss, last.Loss)
		}
	}
	c, err := w.Certify(context.Background(), theta)
	if err != nil || math.IsNaN(c.Drift) || c.CostateError > 1e-7 {
		t.Errorf("certificate %+v, %v", c, err)
	}
	if _, err := pmp.NewSweeper(p, pmp.Settings{Costate: pmp.Checkpointed, Interpolate: true}); !errors.Is(err, pmp.ErrProblem) {
		t.Errorf("interpolation: %v", err)
	}
}

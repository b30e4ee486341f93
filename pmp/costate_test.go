package pmp_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/costate-go/costate/internal/rng"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/solvers"
)

// network returns a random problem with n samples of a small network: observations inside the horizon and at
// its end, a running cost on states, a terminal cost and a control on a mesh.
func network(t testing.TB, kind pmp.Kind, n int, seed uint64) (*pmp.Problem, []float64) {
	t.Helper()
	field, err := neural.NewMLP(neural.MLPConfig{Dim: 2, Hidden: []int{5}, Activation: neural.Tanh, Time: true})
	if err != nil {
		t.Fatal(err)
	}
	src := rng.New(seed)
	normal := func(n int, scale float64) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = scale * src.Normal()
		}
		return out
	}
	p := &pmp.Problem{
		Field: field, T0: 0, T1: 1, X0: normal(2*n, 1),
		Running:  &pmp.Quadratic{Weight: []float64{0.3, 0.7}},
		Terminal: &pmp.SquaredError{Target: normal(2*n, 1), N: n, Weight: 0.5},
		Observations: []pmp.Observation{
			{T: 0.3, Cost: &pmp.SquaredError{Target: normal(2*n, 1), N: n, Weight: 0.4}},
			{T: 0.55, Cost: &pmp.SquaredError{Target: normal(2*n, 1), N: n, Weight: 0.2}},
			{T: 1, Cost: &pmp.SumError{Target: normal(n, 1), Weight: 0.1}},
		},
		Control: pmp.Control{Kind: kind, Mesh: []float64{0, 0.4, 0.55, 1}, L2: 0.01},
	}
	nodes := map[pmp.Kind]int{pmp.Constant: 1, pmp.PiecewiseConstant: 3, pmp.PiecewiseLinear: 4}[kind]
	return p, normal(nodes*field.NumParams(), 0.6)
}

var kinds = []pmp.Kind{pmp.Constant, pmp.PiecewiseConstant, pmp.PiecewiseLinear}

func TestCostateAgainstDifferences(t *testing.T) {
	for _, method := range solvers.Methods() {
		if _, ok := method.(solvers.Tableaued); !ok {
			continue
		}
		for _, kind := range kinds {
			for _, adaptive := range []bool{false, true} {
				if adaptive && method.ErrorOrder() == 0 {
					continue
				}
				t.Run(fmt.Sprintf("%s/%v/adaptive=%v", method.Name(), kind, adaptive), func(t *testing.T) {
					for seed := uint64(1); seed <= 3; seed++ {
						p, theta := network(t, kind, 3, seed)
						s := pmp.Settings{Solver: ode.Settings{Method: method, RTol: 1e-4, ATol: 1e-6}, Steps: 3}
						if adaptive {
							s.Steps = 0
						}
						diff, err := pmp.CheckGradient(context.Background(), p, s, theta, seed)
						if err != nil {
							t.Fatal(err)
						}
						limit := 1e-7
						if method == solvers.Verner65 {
							limit = 1e-6 // coefficients of 200 leave fewer digits for differences
						}
						if diff > limit {
							t.Errorf("seed %d: costate and central differences differ by %.2g relative", seed, diff)
						}
					}
				})
			}
		}
	}
}

func TestCheckGradientSeesErrors(t *testing.T) {
	p, theta := network(t, pmp.Constant, 3, 1)
	p.Terminal = wrongCost{p.Terminal}
	diff, err := pmp.CheckGradient(context.Background(), p, pmp.Settings{Steps: 4, Solver: ode.Settings{Method: solvers.RK4}}, theta, 1)
	if err != nil {
		t.Fatal(err)
	}
	if diff < 1e-4 {
		t.Errorf("a cost with a gradient 1%% too large passes the check: %.2g", diff)
	}
}

type wrongCost struct{ pmp.Cost }

func (c wrongCost) Eval(grad, x []float64, lo, batch int) float64 {
	v := c.Cost.Eval(grad, x, lo, batch)
	for i := range grad {
		grad[i] *= 1.01
	}
	return v
}

// sweep runs forward and backward.
func sweep(t testing.TB, p *pmp.Problem, s pmp.Settings, theta []float64) (*pmp.Sweeper, *pmp.Trajectory) {
	t.Helper()
	w, err := pmp.NewSweeper(p, s)
	if err != nil {
		t.Fatal(err)
	}
	tr := w.NewTrajectory()
	if err := w.Forward(context.Background(), tr, theta); err != nil {
		t.Fatal(err)
	}
	w.Backward(tr)
	return w, tr
}

func TestBitsDoNotDependOnThreads(t *testing.T) {
	for _, precision := range []neural.Precision{neural.Float64, neural.Float32} {
		for _, kind := range kinds {
			for _, interpolate := range []bool{false, true} {
				p, theta := network(t, kind, 37, 4)
				p.Field = withPrecision(t, precision)
				if interpolate {
					p.Running = nil
				}
				s := pmp.Settings{ShardWidth: 8, Threads: 1, Interpolate: interpolate}
				_, one := sweep(t, p, s, theta)
				for _, threads := range []int{2, 3, 7, 16} {
					s.Threads = threads
					_, many := sweep(t, p, s, theta)
					if one.J != many.J {
						t.Errorf("%v, %v, %d threads: J = %v, with one %v", precision, kind, threads, many.J, one.J)
					}
					for i := range one.Grad {
						if one.Grad[i] != many.Grad[i] {
							t.Fatalf("%v, %v, %d threads: ∇J[%d] = %v, with one %v", precision, kind, threads, i, many.Grad[i], one.Grad[i])
						}
					}
				}
			}
		}
	}
}

func TestKeptActivationsGiveTheSameBits(t *testing.T) {
	p, theta := network(t, pmp.PiecewiseConstant, 9, 5)
	_, kept := sweep(t, p, pmp.Settings{}, theta)
	_, again := sweep(t, p, pmp.Settings{KeepBytes: -1}, theta)
	for i := range kept.Grad {
		if kept.Grad[i] != again.Grad[i] {
			t.Fatalf("∇J[%d] = %v kept and %v recomputed", i, kept.Grad[i], again.Grad[i])
		}
	}
}

func TestSweepsAllocateNothing(t *testing.T) {
	for _, kind := range kinds {
		p, theta := network(t, kind, 20, 6)
		w, tr := sweep(t, p, pmp.Settings{}, theta)
		allocs := testing.AllocsPerRun(5, func() {
			if err := w.Forward(context.Background(), tr, theta); err != nil {
				t.Fatal(err)
			}
			w.Backward(tr)
		})
		if allocs != 0 {
			t.Errorf("%v: a forward and a backward sweep allocate %v times", kind, allocs)
		}
	}
}

// The costate of a linear problem is known: ẋ = θx, Φ = x gives p(t) = −e^{θ(T−t)} and dJ/dθ = T e^{θT} x₀.
func TestCostateOfLinearProblem(t *testing.T) {
	p := &pmp.Problem{
		Field: &neural.Func{D: 1, P: 1,
			F:   func(dx []float64, _ float64, x, u []float64) { dx[0] = u[0] * x[0] },
			VJP: func(px, pu []float64, _ float64, x, u, p []float64) { px[0], pu[0] = u[0]*p[0], x[0]*p[0] }},
		T1: 2, X0: []float64{1.5}, Terminal: &pmp.Linear{Weight: []float64{1}},
	}
	const theta = 0.7
	w, tr := sweep(t, p, pmp.Settings{Solver: ode.Settings{RTol: 1e-12, ATol: 1e-14}}, []float64{theta})
	if want := 1.5 * math.Exp(2*theta); math.Abs(tr.J-want) > 1e-9 {
		t.Errorf("J = %.12g, want %.12g", tr.J, want)
	}
	if want := 2 * 1.5 * math.Exp(2*theta); math.Abs(tr.Grad[0]-want) > 1e-8 {
		t.Errorf("∇J = %.12g, want %.12g", tr.Grad[0], want)
	}
	times, costates := tr.Costate(0)
	for k, s := range times {
		if want := -math.Exp(theta * (2 - s)); math.Abs(costates[k][0]-want) > 1e-8 {
			t.Errorf("p(%g) = %.10g, want %.10g", s, costates[k][0], want)
		}
	}
	if d := w.Drift(tr); d > 1e-9 {
		t.Errorf("the Hamiltonian of an autonomous problem drifts by %.2g", d)
	}
}

func TestFrozenGradientIsTheGradient(t *testing.T) {
	for _, kind := range kinds {
		p, theta := network(t, kind, 4, 7)
		w, tr := sweep(t, p, pmp.Settings{Steps: 3, Solver: ode.Settings{Method: solvers.DormandPrince54}}, theta)
		f := w.NewFrozen()
		if kind != pmp.PiecewiseLinear {
			f.Rho = 2 // the penalties are stationary at θ itself
		}
		f.Epsilon = 0.5
		f.Freeze(tr)
		g := make([]float64, len(theta))
		f.Gradient(g, theta)
		for i := range g {
			if math.Abs(g[i]+tr.Grad[i]) > 1e-12*(1+math.Abs(g[i])) {
				t.Fatalf("%v: ∂H̃/∂θ[%d] = %.15g, −∇J = %.15g", kind, i, g[i], -tr.Grad[i])
			}
		}
	}
}

func TestFrozenGradientAgainstDifferences(t *testing.T) {
	for _, method := range []solvers.Method{solvers.Euler, solvers.Midpoint, solvers.Tsit5} {
		for _, kind := range kinds {
			p, theta := network(t, kind, 4, 8)
			w, tr := sweep(t, p, pmp.Settings{Steps: 2, Solver: ode.Settings{Method: method}}, theta)
			f := w.NewFrozen()
			f.Rho, f.Epsilon, f.PenalizeCostate = 1.5, 0.3, true
			f.Freeze(tr)
			src := rng.New(3)
			u, d := make([]float64, len(theta)), make([]float64, len(theta))
			for i := range u {
				u[i], d[i] = theta[i]+0.3*src.Normal(), src.Normal()
			}
			g := make([]float64, len(theta))
			f.Gradient(g, u)
			slope := 0.0
			for i := range g {
				slope += g[i] * d[i]
			}
			const h = 1e-5
			at := func(scale float64) float64 {
				v := make([]float64, len(u))
				for i := range v {
					v[i] = u[i] + scale*d[i]
				}
				return f.Value(v)
			}
			diff := (at(h) - at(-h)) / (2 * h)
			if math.Abs(diff-slope) > 1e-7*(1+math.Abs(slope)) {
				t.Errorf("%s, %v: slope %.12g, differences %.12g", method.Name(), kind, slope, diff)
			}
		}
	}
}

package pmp_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/costate-go/costate/internal/rng"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/problems"
	"github.com/costate-go/costate/solvers"
)

// result is a run of an optimizer.
type result struct {
	last                       pmp.Iterate
	before                     float64 // the first step
	best                       float64
	solves, accepted, rejected int
	reached                    int // forward solves until J ≤ target
	losses                     []float64
}

// optimize runs until the optimizer stops, n iterations are done or J is at the target.
func optimize(t testing.TB, o pmp.Optimizer, p *pmp.Problem, s pmp.Settings, theta []float64, n int, target float64) result {
	t.Helper()
	w, err := pmp.NewSweeper(p, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Init(context.Background(), w, theta); err != nil {
		t.Fatal(err)
	}
	r := result{best: math.Inf(1)}
	for range n {
		it, err := o.Step(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if r.last = it; len(r.losses) == 0 {
			r.before = it.Before
		}
		r.solves += it.Work.Solves
		if it.Accepted {
			r.accepted++
		} else {
			r.rejected++
		}
		r.losses = append(r.losses, it.Loss)
		r.best = min(r.best, it.Loss)
		if r.reached == 0 && it.Loss <= target {
			r.reached = r.solves
		}
		if it.Stop != pmp.InProgress || r.reached > 0 {
			break
		}
	}
	return r
}

func rk4(steps int) pmp.Settings {
	return pmp.Settings{Steps: steps, Solver: ode.Settings{Method: solvers.RK4}}
}

func TestSQHWithCurvature(t *testing.T) {
	for _, tc := range []struct {
		problem *problems.Classical
		target  float64
		most    int // forward solves
	}{
		{problems.VanDerPolBounded(), 2.8672614, 80},
		{problems.Rayleigh(), 29.3760801, 25},
	} {
		t.Run(tc.problem.Name, func(t *testing.T) {
			p := tc.problem.Problem(pmp.PiecewiseLinear, 400)
			r := optimize(t, &pmp.SQH{}, p, rk4(1), make([]float64, 401), 1000, tc.target)
			t.Logf("J = %.9g after %d solves, %d rejected", r.best, r.solves, r.rejected)
			if r.reached == 0 || r.reached > tc.most {
				t.Errorf("J ≤ %.9g after %d forward solves (best %.9g), want at most %d", tc.target, r.reached, r.best, tc.most)
			}
			if 10*r.rejected > r.accepted+r.rejected {
				t.Errorf("%d of %d trials rejected, want at most a tenth", r.rejected, r.accepted+r.rejected)
			}
			if r.best < tc.problem.Optimal-1e-6 {
				t.Errorf("J = %.9g lies below the optimum %.9g", r.best, tc.problem.Optimal)
			}
		})
	}
}

func TestSQHPublishedRule(t *testing.T) {
	p := problems.Rayleigh().Problem(pmp.PiecewiseLinear, 400)
	r := optimize(t, &pmp.SQH{Rule: pmp.Published}, p, rk4(1), make([]float64, 401), 2000, 29.3760801)
	if r.reached == 0 || r.rejected == 0 {
		t.Errorf("best J = %.9g, %d rejected", r.best, r.rejected)
	}
	t.Logf("%d solves, %d rejected", r.reached, r.rejected)
}

func TestSQHOnLinearProblems(t *testing.T) {
	for _, c := range []*problems.Classical{problems.ScalarLQR(), problems.EnergyDistance(), problems.VanDerPol()} {
		t.Run(c.Name, func(t *testing.T) {
			r := optimize(t, &pmp.SQH{}, c.Problem(pmp.PiecewiseLinear, 200), rk4(1), make([]float64, 201), 300, math.Inf(-1))
			if math.Abs(r.last.Loss-c.Optimal) > 1e-7 {
				t.Errorf("J = %.10g, want %.10g (%v: %s)", r.last.Loss, c.Optimal, r.last.Stop, r.last.Message)
			}
			if r.last.Stop != pmp.Converged {
				t.Errorf("stopped with %v", r.last.Stop)
			}
		})
	}
}

func TestMSAIsStoppedWhereItDiverges(t *testing.T) {
	p := problems.VanDerPolBounded().Problem(pmp.PiecewiseConstant, 400)
	r := optimize(t, &pmp.MSA{}, p, rk4(1), make([]float64, 400), 300, math.Inf(-1))
	if r.last.Stop != pmp.Diverged || !strings.Contains(r.last.Message, "sqh") {
		t.Errorf("stopped with %v: %q", r.last.Stop, r.last.Message)
	}
}

func TestMSAConvergesOnShortHorizons(t *testing.T) {
	c := problems.ScalarLQR()
	r := optimize(t, &pmp.MSA{}, c.Problem(pmp.PiecewiseLinear, 100), rk4(1), make([]float64, 101), 300, math.Inf(-1))
	if r.last.Stop != pmp.Converged || math.Abs(r.last.Loss-c.Optimal) > 1e-5 {
		t.Errorf("%v at J = %.10g, want %.10g", r.last.Stop, r.last.Loss, c.Optimal)
	}
}

func TestMSANeedsAMaximum(t *testing.T) {
	p, theta := network(t, pmp.Constant, 2, 1)
	p.Control.L2 = 0
	w, err := pmp.NewSweeper(p, pmp.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if err := (&pmp.MSA{}).Init(context.Background(), w, theta); !errors.Is(err, pmp.ErrMaximizer) {
		t.Errorf("got %v", err)
	}
}

func TestAugmentedLagrangian(t *testing.T) {
	for _, tc := range []struct {
		c    *problems.Classical
		only bool
		tol  float64
		most int // forward solves: multipliers do not wait until inner problems are solved
	}{
		{problems.DoubleIntegratorEnergy(), false, 1e-6, 250},
		{problems.DoubleIntegratorBounded(), false, 1e-6, 600},
		{problems.DoubleIntegratorBounded(), true, 1e-4, 5100},
	} {
		p := tc.c.Problem(pmp.PiecewiseLinear, 200)
		o := &pmp.AugmentedLagrangian{Inner: &pmp.SQH{Kappa: 1e-16}, PenaltyOnly: tc.only, Tolerance: tc.tol}
		r := optimize(t, o, p, rk4(1), make([]float64, 201), 5000, math.Inf(-1))
		miss := p.Violation(r.last.Trajectory)
		t.Logf("%s: J = %.9g, ends missed by %.2g, %d solves, ζ = %v", tc.c.Name, r.last.Loss, miss, r.solves, p.Constraints[0].Zeta)
		if miss > tc.tol || math.Abs(r.last.Loss-tc.c.Optimal) > 30*tc.tol || r.solves > tc.most {
			t.Errorf("%s: J = %.9g, want %.9g; ends missed by %.2g after %d solves (%v: %s)", tc.c.Name, r.last.Loss, tc.c.Optimal, miss, r.solves, r.last.Stop, r.last.Message)
		}
	}
}

// Singular arcs and a cost of fuel: the structure of the control is found without being told.
func TestSQHOnBangBangAndSingularArcs(t *testing.T) {
	for _, tc := range []struct {
		c     *problems.Classical
		sigma float64
		kappa float64
		most  float64 // above the optimum
		check func(u []float64) bool
	}{
		{problems.CatalystMixing(), 10, 1e-12, 1e-7, func(u []float64) bool {
			return u[20] == 1 && u[390] == 0 && math.Abs(u[200]-0.2271421) < 1e-3
		}},
		{problems.Turnpike(), 10, 1e-9, 1e-5, func(u []float64) bool {
			return u[100] == -1 && math.Abs(u[250]) < 0.01 && u[380] == 1
		}},
		{problems.DoubleIntegratorFuel(), 100, 1e-12, 1e-4, func(u []float64) bool {
			return u[50] == 5 && math.Abs(u[200]) < 0.01 && u[350] == -5
		}},
	} {
		p := tc.c.Problem(pmp.PiecewiseLinear, 400)
		var o pmp.Optimizer = &pmp.SQH{Kappa: tc.kappa}
		if len(p.Constraints) > 0 {
			o = &pmp.AugmentedLagrangian{Inner: o, Sigma: tc.sigma}
		}
		r := optimize(t, o, p, rk4(1), make([]float64, 401), 5000, math.Inf(-1))
		gap, miss := r.last.Loss-tc.c.Optimal, p.Violation(r.last.Trajectory)
		t.Logf("%s: %.2g above the optimum, ends missed by %.2g, %d solves", tc.c.Name, gap, miss, r.solves)
		if math.Abs(gap) > tc.most || miss > 1e-6 {
			t.Errorf("%s: J = %.9g, want %.9g; ends missed by %.2g", tc.c.Name, r.last.Loss, tc.c.Optimal, miss)
		}
		if !tc.check(r.last.Theta) {
			t.Errorf("%s: the control has another structure", tc.c.Name)
		}
		certifySwitches(t, tc.c, p, r.last.Theta)
	}
}

// regression is the sine toy of Li et al. in small.
func regression(t testing.TB, layers int) (*pmp.Problem, []float64) {
	t.Helper()
	field, err := neural.NewMLP(neural.MLPConfig{Dim: 5, Output: neural.Tanh})
	if err != nil {
		t.Fatal(err)
	}
	const n = 40
	src := rng.New(9)
	p := &pmp.Problem{Field: field, T1: 0.5 * float64(layers), X0: make([]float64, 5*n)}
	cost := &pmp.SumError{Target: make([]float64, n), Weight: 1}
	for s := range n {
		x := math.Pi * (2*src.Float64() - 1)
		for i := range 5 {
			p.X0[i*n+s] = x
		}
		cost.Target[s] = math.Sin(x)
	}
	p.Terminal = cost
	p.Control = pmp.Control{Kind: pmp.PiecewiseConstant, Mesh: pmp.UniformMesh(0, p.T1, layers), L2: 1e-3}
	theta := make([]float64, layers*field.NumParams())
	for i := range theta {
		theta[i] = 0.1 * src.Normal()
	}
	return p, theta
}

func euler() pmp.Settings {
	return pmp.Settings{Steps: 1, Solver: ode.Settings{Method: solvers.Euler}}
}

func optimizers() map[string]func() pmp.Optimizer {
	return map[string]func() pmp.Optimizer{
		"emsa": func() pmp.Optimizer { return &pmp.EMSA{} },
		"emsa-lbfgs": func() pmp.Optimizer {
			return &pmp.EMSA{Rho: 10, PenalizeCostate: true, Maximizer: &pmp.LBFGS{Perturbation: 0.005}}
		},
		"sqh-hmax": func() pmp.Optimizer { return &pmp.SQH{Maximizer: pmp.HMax{}, Epsilon: 10} },
		"sqh-published": func() pmp.Optimizer {
			return &pmp.SQH{Maximizer: pmp.HMax{}, Rule: pmp.Published, Epsilon: 10, Sigma: 1.1, Zeta: 0.9, Eta: 1e-4}
		},
		"sgd":     func() pmp.Optimizer { return &pmp.Gradient{Rule: pmp.SGD, Rate: 0.02, Momentum: 0.5} },
		"adagrad": func() pmp.Optimizer { return &pmp.Gradient{Rule: pmp.Adagrad, Rate: 0.05} },
		"rmsprop": func() pmp.Optimizer { return &pmp.Gradient{Rule: pmp.RMSprop, Rate: 0.003} },
		"adam": func() pmp.Optimizer {
			return &pmp.Gradient{Rule: pmp.Adam, Rate: 0.02, Clip: 10, Schedule: pmp.CosineRate, Total: 100}
		},
		"batch": func() pmp.Optimizer { return &pmp.Batch{Average: 0.5, Epsilon: 20} },
		"batch-fixed": func() pmp.Optimizer {
			return &pmp.Batch{Average: 0.9, Epsilon: 30, Fixed: true, Schedule: pmp.CosineRate, Total: 100}
		},
		"snopt":              func() pmp.Optimizer { return &pmp.SNOpt{} },
		"snopt-momentum":     func() pmp.Optimizer { return &pmp.SNOpt{Momentum: 0.5, Every: 3, Damping: 0.01} },
		"bsqh":               func() pmp.Optimizer { return &pmp.Batch{} },
		"lbfgs":              func() pmp.Optimizer { return &pmp.QuasiNewton{} },
		"secant-lbfgs":       func() pmp.Optimizer { return &pmp.SecantMSA{Every: 5, Damping: 0.1} },
		"gauss-newton":       func() pmp.Optimizer { return &pmp.GaussNewton{} },
		"gauss-newton-dense": func() pmp.Optimizer { return &pmp.GaussNewton{Dense: 1000} },
	}
}

func TestOptimizersLowerTheCost(t *testing.T) {
	for name, make := range optimizers() {
		t.Run(name, func(t *testing.T) {
			p, theta := regression(t, 10)
			_, start := sweep(t, p, euler(), theta)
			r := optimize(t, make(), p, euler(), theta, 60, math.Inf(-1))
			t.Logf("J from %.4g to %.4g", start.J, r.best)
			if r.before != start.J {
				t.Errorf("the first step began at %.9g, and J of the start is %.9g", r.before, start.J)
			}
			if !(r.best < 0.2*start.J) {
				t.Errorf("J went from %.4g to %.4g only", start.J, r.best)
			}
			if r.last.Message == "" && r.last.Stop != pmp.InProgress {
				t.Errorf("stopped with %v and no message", r.last.Stop)
			}
		})
	}
}

// After the first iterations, which make room, an iteration allocates nothing; gonum's optimizers and line search do.
func TestIterationsAllocateNothing(t *testing.T) {
	if raceDetector {
		t.Skip("allocations cannot be counted under the race detector")
	}
	for name, make := range optimizers() {
		if strings.Contains(name, "lbfgs") {
			continue
		}
		p, theta := regression(t, 6)
		w, err := pmp.NewSweeper(p, euler())
		if err != nil {
			t.Fatal(err)
		}
		o := make()
		if err := o.Init(context.Background(), w, theta); err != nil {
			t.Fatal(err)
		}
		step := func() {
			if _, err := o.Step(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		for range 15 {
			step()
		}
		if n := testing.AllocsPerRun(5, step); n != 0 {
			t.Errorf("%s: an iteration allocates %v times", name, n)
		}
	}
}

// Nor do sweeps with networks of hidden layers, in either precision, landing on observations or interpolating.
func TestSweepsOfAnyKindAllocateNothing(t *testing.T) {
	if raceDetector {
		t.Skip("allocations cannot be counted under the race detector")
	}
	for _, precision := range []neural.Precision{neural.Float64, neural.Float32} {
		for _, s := range []pmp.Settings{{}, {Interpolate: true}, {KeepBytes: -1}, {Steps: 2}} {
			p, theta := interpolated(t, pmp.Constant, 9, 1)
			p.Field = withPrecision(t, precision)
			s.ShardWidth = 4
			w, err := pmp.NewSweeper(p, s)
			if err != nil {
				t.Fatal(err)
			}
			tr := w.NewTrajectory()
			run := func() {
				if err := w.Forward(context.Background(), tr, theta); err != nil {
					t.Fatal(err)
				}
				w.Backward(tr)
				if err := w.Gradient(context.Background(), tr, theta); err != nil {
					t.Fatal(err)
				}
				if err := w.Evaluate(context.Background(), tr, theta); err != nil {
					t.Fatal(err)
				}
			}
			run()
			if n := testing.AllocsPerRun(5, run); n != 0 {
				t.Errorf("%v, %+v: sweeps allocate %v times", precision, s, n)
			}
		}
	}
}

// withPrecision is the field of network in a precision.
func withPrecision(t testing.TB, p neural.Precision) neural.Field {
	t.Helper()
	field, err := neural.NewMLP(neural.MLPConfig{Dim: 2, Hidden: []int{5}, Activation: neural.Tanh, Time: true, Precision: p})
	if err != nil {
		t.Fatal(err)
	}
	return field
}

// What Save returns is all an optimizer remembers: a run that is stopped and restored anywhere goes on with the
// same bits.
func TestOptimizersResumeBitForBit(t *testing.T) {
	const half, whole = 7, 15
	for name, make := range optimizers() {
		t.Run(name, func(t *testing.T) {
			run := func(resume bool) (theta []float64, work pmp.Work) {
				p, theta := regression(t, 6)
				w, err := pmp.NewSweeper(p, euler())
				if err != nil {
					t.Fatal(err)
				}
				o := make()
				if err := o.Init(context.Background(), w, theta); err != nil {
					t.Fatal(err)
				}
				for k := range whole {
					if resume && k == half {
						saved, at := o.Save(), append([]float64(nil), o.Theta()...)
						o = make()
						if err := o.Init(context.Background(), w, at); err != nil {
							t.Fatal(err)
						}
						if err := o.Load(saved); err != nil {
							t.Fatal(err)
						}
					}
					it, err := o.Step(context.Background())
					if err != nil {
						t.Fatal(err)
					}
					work.Add(it.Work)
				}
				return append([]float64(nil), o.Theta()...), work
			}
			through, workThrough := run(false)
			resumed, workResumed := run(true)
			if workThrough != workResumed {
				t.Errorf("work %+v, resumed %+v", workThrough, workResumed)
			}
			for i := range through {
				if through[i] != resumed[i] {
					t.Fatalf("θ[%d] = %v, resumed %v", i, through[i], resumed[i])
				}
			}
			o := make()
			p, theta := regression(t, 6)
			w, _ := pmp.NewSweeper(p, euler())
			if err := o.Init(context.Background(), w, theta); err != nil {
				t.Fatal(err)
			}
			if err := o.Load(pmp.State{}); err == nil {
				t.Error("an empty state is accepted")
			}
		})
	}
}

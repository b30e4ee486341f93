package pmp_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats"

	"github.com/costate-go/costate/internal/rng"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/problems"
	"github.com/costate-go/costate/solvers"
)

// observed is network without a running cost, with one break of the dynamics.
func observed(t testing.TB, kind pmp.Kind, n int, seed uint64) (*pmp.Problem, []float64) {
	p, theta := network(t, kind, n, seed)
	p.Running, p.Breaks = nil, []float64{0.2}
	return p, theta
}

// linearized sweeps forward and returns the derivative there.
func linearized(t testing.TB, p *pmp.Problem, s pmp.Settings, theta []float64) *pmp.Linearization {
	t.Helper()
	w, err := pmp.NewSweeper(p, s)
	if err != nil {
		t.Fatal(err)
	}
	l, err := w.NewLinearization()
	if err != nil {
		t.Fatal(err)
	}
	tr := w.NewTrajectory()
	if err := w.Forward(context.Background(), tr, theta); err != nil {
		t.Fatal(err)
	}
	l.Attach(tr)
	return l
}

func normals(src *rng.Source, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = src.Normal()
	}
	return out
}

var tangentMethods = []solvers.Method{solvers.Euler, solvers.RK4, solvers.BogackiShampine32, solvers.DormandPrince54, solvers.Tsit5}

func TestTangentsAgainstDifferences(t *testing.T) {
	const h = 1e-5
	for _, method := range tangentMethods {
		for _, kind := range kinds {
			t.Run(fmt.Sprintf("%s/%v", method.Name(), kind), func(t *testing.T) {
				p, theta := observed(t, kind, 5, 3)
				s := pmp.Settings{Steps: 2, ShardWidth: 2, Solver: ode.Settings{Method: method}}
				l := linearized(t, p, s, theta)
				v := normals(rng.New(8), len(theta))
				tangent := make([]float64, l.NumObserved())
				l.Tangent(tangent, v)
				moved := func(a float64) []float64 {
					u := make([]float64, len(theta))
					floats.AddScaledTo(u, theta, a, v)
					x := make([]float64, l.NumObserved())
					linearized(t, p, s, u).States(x)
					return x
				}
				up, down := moved(h), moved(-h)
				for i, d := range tangent {
					if diff := (up[i] - down[i]) / (2 * h); math.Abs(d-diff) > 1e-8*(1+math.Abs(d)) {
						t.Fatalf("entry %d of %d: %.12g, differences %.12g", i, len(tangent), d, diff)
					}
				}
			})
		}
	}
}

// ⟨Sv, g⟩ = ⟨v, Sᵀg⟩ to rounding, on adaptive steps, with a field that keeps activations and one that has times of its own.
func TestAdjointOfTangents(t *testing.T) {
	for _, field := range []string{"network", "warped", "float32"} {
		for _, kind := range kinds {
			p, theta := observed(t, kind, 5, 4)
			tolerance := 1e-13
			switch field {
			case "float32":
				p.Field, tolerance = withPrecision(t, neural.Float32), 1e-5
			case "warped":
				p.Field = &pmp.Warp{Field: p.Field, N: 5, Grid: []float64{0, 0.3, 1}, Times: []float64{0, 0, 0, 0, 0, 0.2, 0.3, 0.4, 0.1, 0.3, 1, 1.1, 0.9, 1, 1.3}}
				p.Breaks = []float64{0.3}
			}
			l := linearized(t, p, pmp.Settings{ShardWidth: 2}, theta)
			src := rng.New(5)
			v, g := normals(src, len(theta)), normals(src, l.NumObserved())
			sv, sg := make([]float64, len(g)), make([]float64, len(v))
			l.Tangent(sv, v)
			l.Adjoint(sg, g)
			a, b := floats.Dot(sv, g), floats.Dot(v, sg)
			if math.Abs(a-b) > tolerance*floats.Norm(sv, 2)*floats.Norm(g, 2) {
				t.Errorf("%v, %s: ⟨Sv, g⟩ = %.16g and ⟨v, Sᵀg⟩ = %.16g", kind, field, a, b)
			}
			if l.Work.Forward == 0 || l.Work.Backward == 0 {
				t.Errorf("work %+v", l.Work)
			}
		}
	}
}

// weighed is W·v by the definition of the costs of network.
func weighed(p *pmp.Problem, v []float64) []float64 {
	out, n := make([]float64, len(v)), len(p.X0)
	for o := range p.Observations {
		p.Observations[o].Cost.(pmp.Curved).AddCurvature(out[o*n:(o+1)*n], nil, v[o*n:(o+1)*n], 0, p.Samples())
	}
	o := len(p.Observations)
	p.Terminal.(pmp.Curved).AddCurvature(out[o*n:], nil, v[o*n:], 0, p.Samples())
	return out
}

func TestGaussNewtonMatrix(t *testing.T) {
	for _, kind := range kinds {
		p, theta := observed(t, kind, 5, 6)
		l := linearized(t, p, pmp.Settings{ShardWidth: 2}, theta)
		m := len(theta)
		columns := make([][]float64, m)
		unit := make([]float64, m)
		for j := range columns {
			columns[j] = make([]float64, l.NumObserved())
			unit[j] = 1
			l.Tangent(columns[j], unit)
			unit[j] = 0
		}
		normal, product := make([]float64, m*m), make([]float64, m)
		l.Normal(normal)
		size := 0.0
		for j := range m {
			size = max(size, normal[j*m+j])
		}
		for j := range m {
			unit[j] = 1
			l.Product(product, unit)
			unit[j] = 0
			weights := weighed(p, columns[j])
			for i := j; i < m; i++ {
				want := floats.Dot(columns[i], weights)/5 + curvatureOfControl(p, kind, i, j)
				if math.Abs(product[i]-want) > 1e-12*size || math.Abs(normal[i*m+j]-want) > 1e-12*size {
					t.Fatalf("%v: B[%d,%d] = %.14g by a product and %.14g by tangents, want %.14g", kind, i, j, product[i], normal[i*m+j], want)
				}
			}
		}
	}
}

// curvatureOfControl is ν∫φ_iφ_j dt for the same component of two nodes.
func curvatureOfControl(p *pmp.Problem, kind pmp.Kind, i, j int) float64 {
	params := p.Field.NumParams()
	a, b, knots := i/params, j/params, p.Control.Mesh
	if i%params != j%params {
		return 0
	}
	width := func(e int) float64 {
		if e < 0 || e+1 >= len(knots) {
			return 0
		}
		return knots[e+1] - knots[e]
	}
	switch {
	case kind == pmp.Constant:
		return p.Control.L2 * (p.T1 - p.T0)
	case kind == pmp.PiecewiseConstant && a == b:
		return p.Control.L2 * width(a)
	case kind == pmp.PiecewiseLinear && a == b:
		return p.Control.L2 * (width(a-1) + width(a)) / 3
	case kind == pmp.PiecewiseLinear && (a == b+1 || b == a+1):
		return p.Control.L2 * width(min(a, b)) / 6
	}
	return 0
}

func TestCurvaturesAgainstDifferences(t *testing.T) {
	const n, lo, batch = 7, 2, 4
	src := rng.New(11)
	target := normals(src, 2*n)
	target[5] = math.NaN()
	label := []int{0, 1, 2, 1, 0, 2, 1}
	binary := []int{0, 1, 1, 1, 0, 0, 1}
	for _, c := range []pmp.Curved{
		&pmp.SquaredError{Target: target, N: n, Weight: 0.7},
		&pmp.SumError{Target: target, Weight: 0.3},
		&pmp.CrossEntropy{Label: label, Classes: 3, Scale: 1.5},
		&pmp.CrossEntropy{Label: binary, First: 1, Classes: 1, Scale: 2},
		&pmp.Linear{Weight: []float64{1, 2, 3}, Offset: 1},
	} {
		const h = 1e-5
		x, v := normals(src, 3*batch), normals(src, 3*batch)
		gradient := func(a float64) []float64 {
			y, g := make([]float64, len(x)), make([]float64, len(x))
			floats.AddScaledTo(y, x, a, v)
			c.Eval(g, y, lo, batch)
			return g
		}
		up, down := gradient(h), gradient(-h)
		got := make([]float64, len(x))
		c.AddCurvature(got, x, v, lo, batch)
		for i := range got {
			if want := (up[i] - down[i]) / (2 * h); math.Abs(got[i]-want) > 1e-8 {
				t.Errorf("%T: entry %d is %.10g, differences %.10g", c, i, got[i], want)
			}
		}
	}
}

func TestGaussNewtonBitsDoNotDependOnThreads(t *testing.T) {
	for _, dense := range []int{-1, 1000} {
		for _, kind := range kinds {
			run := func(threads int) ([]float64, float64) {
				p, theta := observed(t, kind, 37, 4)
				r := optimize(t, &pmp.GaussNewton{Dense: dense}, p, pmp.Settings{ShardWidth: 8, Threads: threads}, theta, 6, math.Inf(-1))
				return append([]float64(nil), r.last.Theta...), r.last.Loss
			}
			one, loss := run(1)
			for _, threads := range []int{2, 3, 7} {
				many, l := run(threads)
				if l != loss || !floats.Equal(one, many) {
					t.Errorf("%v, dense %d, %d threads: J = %v and with one %v", kind, dense, threads, l, loss)
				}
			}
		}
	}
}

// predators are the coefficients that predation is made with.
var predators = []float64{1.5, 1, 1, 3}

// predation is the mean squared error to a series of 40 observations on [0, 10] made by the same solver, with noise.
func predation(t testing.TB, s pmp.Settings, noise float64) *pmp.Problem {
	t.Helper()
	const count = 40
	p := &pmp.Problem{Field: problems.PredatorPrey(), T1: 10, X0: []float64{1, 1}}
	for k := range count {
		p.Observations = append(p.Observations, pmp.Observation{T: 10 * float64(k+1) / count,
			Cost: &pmp.SquaredError{Target: make([]float64, 2), N: 1, Weight: 1. / (2 * count)}})
	}
	l := linearized(t, p, s, predators)
	x := make([]float64, l.NumObserved())
	l.States(x)
	src := rng.New(17)
	for k, o := range p.Observations {
		for i := range 2 {
			o.Cost.(*pmp.SquaredError).Target[i] = x[2*k+i] + noise*src.Normal()
		}
	}
	return p
}

// guess is a start up to 30 % off.
func guess(seed uint64) []float64 {
	src := rng.New(seed)
	theta := append([]float64(nil), predators...)
	for i := range theta {
		theta[i] *= 1 + 0.3*(2*src.Float64()-1)
	}
	return theta
}

func TestGaussNewtonFindsParameters(t *testing.T) {
	s := pmp.Settings{Solver: ode.Settings{RTol: 1e-9, ATol: 1e-9}}
	for _, tc := range []struct{ dense, most int }{{0, 12}, {-1, 18}} {
		for seed := uint64(1); seed <= 5; seed++ {
			r := optimize(t, &pmp.GaussNewton{Dense: tc.dense}, predation(t, s, 0), s, guess(seed), 50, math.Inf(-1))
			off := floats.Distance(r.last.Theta, predators, math.Inf(1))
			t.Logf("dense %d, start %d: parameters to %.2g after %d iterations, %d rejected (%s)", tc.dense, seed, off, len(r.losses), r.rejected, r.last.Message)
			if off > 1e-6 || len(r.losses) > tc.most || r.last.Stop != pmp.Stationary {
				t.Errorf("dense %d, start %d: parameters to %.2g after %d iterations, %v", tc.dense, seed, off, len(r.losses), r.last.Stop)
			}
		}
	}
}

// Where residuals vanish the damping falls with the gradient: J, a square, falls from j to at most C j² in the end.
func TestGaussNewtonConvergesQuadratically(t *testing.T) {
	r := optimize(t, &pmp.GaussNewton{}, predation(t, rk4(10), 0), rk4(10), guess(4), 50, math.Inf(-1))
	t.Logf("%.2g", r.losses)
	seen := 0
	for k, j := range r.losses[:len(r.losses)-1] {
		if next := r.losses[k+1]; j < 1e-3 && j > 1e-12 {
			seen++
			if next > 100*j*j {
				t.Errorf("J goes from %.3g to %.3g", j, next)
			}
		}
	}
	if seen < 2 {
		t.Errorf("only %d iterations to look at", seen)
	}
}

// Noise leaves a residual, and the method ends at its minimum with a reason.
func TestGaussNewtonOnNoise(t *testing.T) {
	s := pmp.Settings{Solver: ode.Settings{RTol: 1e-9, ATol: 1e-9}}
	for seed := uint64(1); seed <= 5; seed++ {
		r := optimize(t, &pmp.GaussNewton{Tolerance: 1e-30}, predation(t, s, 0.1), s, guess(seed), 60, math.Inf(-1))
		t.Logf("J = %.9g after %d iterations, ‖∂J/∂θ‖ = %.2g, %v: %s", r.last.Loss, len(r.losses), r.last.GradNorm, r.last.Stop, r.last.Message)
		if r.last.GradNorm > 1e-6 || r.last.Stop != pmp.Converged && r.last.Stop != pmp.NoProgress || r.last.Message == "" {
			t.Errorf("start %d: ‖∂J/∂θ‖ = %.2g, %v", seed, r.last.GradNorm, r.last.Stop)
		}
	}
}

func TestGaussNewtonRefuses(t *testing.T) {
	for _, tc := range []struct {
		name, want string
		change     func(p *pmp.Problem, s *pmp.Settings)
	}{
		{"interpolation", "land", func(_ *pmp.Problem, s *pmp.Settings) { s.Interpolate = true }},
		{"checkpoints", "checkpointed", func(_ *pmp.Problem, s *pmp.Settings) { s.Costate = pmp.Checkpointed }},
		{"running cost", "running cost", func(p *pmp.Problem, _ *pmp.Settings) { p.Running = &pmp.Quadratic{Weight: []float64{1, 1}} }},
		{"no curvature", "t = 0.3", func(p *pmp.Problem, _ *pmp.Settings) {
			p.Observations[0].Cost = &pmp.AbsoluteError{Target: make([]float64, 6), N: 3, Weight: 1}
		}},
		{"no curvature at the end", "at t1", func(p *pmp.Problem, _ *pmp.Settings) { p.Terminal = wrongCost{p.Terminal} }},
		{"bounds", "bounds", func(p *pmp.Problem, _ *pmp.Settings) { p.Control.Upper = []float64{2} }},
		{"L1", "L1", func(p *pmp.Problem, _ *pmp.Settings) { p.Control.L1 = 1 }},
	} {
		p, theta := observed(t, pmp.Constant, 3, 1)
		var s pmp.Settings
		tc.change(p, &s)
		w, err := pmp.NewSweeper(p, s)
		if err != nil {
			t.Fatal(err)
		}
		if err := (&pmp.GaussNewton{}).Init(context.Background(), w, theta); !errors.Is(err, pmp.ErrProblem) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v", tc.name, err)
		}
	}
}

package pmp_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/costate-go/costate/internal/rng"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/problems"
)

// frozen is a Hamiltonian frozen at theta.
func frozen(t *testing.T, p *pmp.Problem, theta []float64, rho, eps float64) *pmp.Frozen {
	t.Helper()
	w, tr := sweep(t, p, rk4(2), theta)
	f := w.NewFrozen()
	f.Rho, f.Epsilon = rho, eps
	f.Freeze(tr)
	return f
}

// small is a network of few weights on three samples.
func small(t *testing.T) *pmp.Problem {
	t.Helper()
	field, err := neural.NewMLP(neural.MLPConfig{Dim: 2, Hidden: []int{1}})
	if err != nil {
		t.Fatal(err)
	}
	return &pmp.Problem{
		Field: field, T1: 1, X0: []float64{1, -0.5, 0.2, 0.3, 0.7, -1},
		Terminal: &pmp.SquaredError{Target: []float64{0, 1, -1, 0.5, 0.5, 0.5}, N: 3, Weight: 1},
		Control:  pmp.Control{L2: 0.01},
	}
}

func TestFiniteIsTheMaximum(t *testing.T) {
	p := small(t)
	n := p.Field.NumParams()
	theta := make([]float64, n)
	for i := range theta {
		theta[i] = float64(1 - 2*(i%2))
	}
	f := frozen(t, p, theta, 0.3, 0.1)
	w, err := pmp.NewSweeper(p, rk4(2))
	if err != nil {
		t.Fatal(err)
	}
	best := math.Inf(-1)
	try := make([]float64, n)
	var points [][]float64
	for code := range 1 << n {
		for i := range try {
			try[i] = float64(2*(code>>i&1) - 1)
		}
		best = max(best, f.Value(try))
		points = append(points, append([]float64(nil), try...))
	}
	for name, mx := range map[string]*pmp.Finite{
		"exhaustive": {Levels: pmp.Binary()}, "points": {Points: points}, "by parameter": {Levels: pmp.Binary(), Combinations: 1, Sweeps: 20},
	} {
		if err := mx.Prepare(w); err != nil {
			t.Fatal(err)
		}
		u := append([]float64(nil), theta...)
		f.Maximize(mx, u)
		v := f.Value(u)
		if name == "by parameter" { // no single change is better
			for i := range u {
				u[i] = -u[i]
				if f.Value(u) > v+1e-12 {
					t.Errorf("parameter %d is better at %g", i, u[i])
				}
				u[i] = -u[i]
			}
			if v < f.Value(theta) {
				t.Error("the Hamiltonian fell")
			}
		} else if math.Abs(v-best) > 1e-12 {
			t.Errorf("%s: H̃ = %.12g, the maximum is %.12g", name, v, best)
		}
	}
}

// ẍ = −x + u with u = ±1 from rest, to be far at t₁ = 4½: u is the sign of ∫ sin(t₁ − t) over its interval, at once. Affine: levels are
// chosen from the slope.
func TestFiniteControlOfALinearProblem(t *testing.T) {
	p := &pmp.Problem{
		Field: neural.Func{D: 2, P: 1,
			F:   func(dx []float64, _ float64, x, u []float64) { dx[0], dx[1] = x[1], u[0]-x[0] },
			VJP: func(px, pu []float64, _ float64, _, _, p []float64) { px[0], px[1], pu[0] = -p[1], p[0], p[1] },
		},
		T1: 4.5, X0: []float64{0, 0}, Affine: true, Terminal: &pmp.Linear{Weight: []float64{-1, 0}},
		Control: pmp.Control{Kind: pmp.PiecewiseConstant, Mesh: pmp.UniformMesh(0, 4.5, 30)},
	}
	o := &pmp.SQH{Maximizer: &pmp.Finite{Levels: pmp.Binary()}}
	r := optimize(t, o, p, rk4(2), make([]float64, 30), 10, math.Inf(-1))
	want := 0.0
	for k, u := range r.last.Theta {
		a, b := p.Control.Mesh[k], p.Control.Mesh[k+1]
		part := math.Cos(4.5-b) - math.Cos(4.5-a)
		want -= math.Abs(part)
		if u*part < 0 || math.Abs(u) != 1 {
			t.Errorf("u = %g on [%g, %g]", u, a, b)
		}
	}
	if math.Abs(r.last.Loss-want) > 1e-5 || r.solves > 3 || r.last.Stop != pmp.Converged {
		t.Errorf("J = %.9g, want %.9g; %d solves, %v", r.last.Loss, want, r.solves, r.last.Stop)
	}
}

// Among the 1024 binary controls of the van der Pol oscillator on ten intervals SQH finds one of the best, from anywhere.
func TestFiniteControlOfANonlinearProblem(t *testing.T) {
	p := problems.VanDerPol().Problem(pmp.PiecewiseConstant, 10)
	p.Control.L2 = 0
	w, err := pmp.NewSweeper(p, rk4(2))
	if err != nil {
		t.Fatal(err)
	}
	tr := w.NewTrajectory()
	theta := make([]float64, 10)
	set := func(code int) {
		for i := range theta {
			theta[i] = float64(2*(code>>i&1) - 1)
		}
	}
	var all []float64
	for code := range 1024 {
		set(code)
		if err := w.Forward(context.Background(), tr, theta); err != nil {
			t.Fatal(err)
		}
		all = append(all, tr.J)
	}
	slices.Sort(all)
	for code := 5; code < 1024; code += 97 {
		set(code)
		r := optimize(t, &pmp.SQH{Maximizer: &pmp.Finite{Levels: pmp.Binary()}}, p, rk4(2), theta, 200, math.Inf(-1))
		if r.last.Loss > all[30] || r.last.Stop != pmp.Converged {
			t.Errorf("from %d: J = %.6g, %v; the best are %.6g, %.6g", code, r.last.Loss, r.last.Stop, all[0], all[30])
		}
	}
}

// ẋ = u in {−1, 0, 1} from 1 on [0, 2] with ∫x²: J = ⅓, and where x is near 0 a control that jumps about it is as good within the mesh.
func TestFiniteControl(t *testing.T) {
	c := problems.Turnpike()
	c.EndComponent, c.EndTarget = nil, nil
	p := c.Problem(pmp.PiecewiseConstant, 40)
	start := make([]float64, 40)
	for i := range start {
		start[i] = 0.3 * math.Sin(float64(i))
	}
	r := optimize(t, &pmp.SQH{Maximizer: &pmp.Finite{Levels: pmp.Ternary()}}, p, rk4(1), start, 300, math.Inf(-1))
	if r.last.Loss-1.0/3 > 4e-3 || r.last.Loss < 1.0/3-1e-12 {
		t.Errorf("J = %.9g, want ⅓ (%v)", r.last.Loss, r.last.Stop)
	}
	for k, u := range r.last.Theta {
		if k < 19 && u != -1 || u != -1 && u != 0 && u != 1 {
			t.Errorf("u on interval %d is %g", k, u)
		}
	}
	for name, mx := range map[string]*pmp.Finite{
		"nothing": {}, "both": {Levels: []float64{0}, Points: [][]float64{{0}}}, "outside": {Levels: []float64{0, 2}}, "length": {Points: [][]float64{{0, 0}}},
	} {
		w, err := pmp.NewSweeper(p, rk4(1))
		if err != nil {
			t.Fatal(err)
		}
		if err := mx.Prepare(w); !errors.Is(err, pmp.ErrMaximizer) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// quartic is ẋ = sin u − ½x from 1 with ∫ x² + ¼u⁴ + ½(u − ½)² dt: the control enters neither linearly nor quadratically.
func quartic(n int) *pmp.Problem {
	return &pmp.Problem{
		Field: neural.Func{D: 1, P: 1,
			F:   func(dx []float64, _ float64, x, u []float64) { dx[0] = math.Sin(u[0]) - 0.5*x[0] },
			VJP: func(px, pu []float64, _ float64, _, u, p []float64) { px[0], pu[0] = -0.5*p[0], math.Cos(u[0])*p[0] },
		},
		T1: 1, X0: []float64{1},
		Running: &pmp.RunningFunc{
			L: func(_ float64, x, u []float64) float64 {
				return x[0]*x[0] + 0.25*math.Pow(u[0], 4) + 0.5*(u[0]-0.5)*(u[0]-0.5)
			},
			Grad: func(gx, gu []float64, _ float64, x, u []float64) { gx[0], gu[0] = 2*x[0], u[0]*u[0]*u[0]+u[0]-0.5 },
		},
		Control: pmp.Control{Kind: pmp.PiecewiseConstant, Mesh: pmp.UniformMesh(0, 1, n)},
	}
}

// At Newton's result the slope of every node's H̃ vanishes, or points out at a bound; the control that SQH finds with it is that of L-BFGS.
func TestNewtonMaximizer(t *testing.T) {
	p := quartic(20)
	theta := make([]float64, 20)
	for _, bound := range []float64{0, 0.1} {
		if bound > 0 {
			p.Control.Lower, p.Control.Upper = []float64{-bound}, []float64{bound}
		}
		f := frozen(t, p, theta, 0, 0.2)
		w, err := pmp.NewSweeper(p, rk4(2))
		if err != nil {
			t.Fatal(err)
		}
		mx := &pmp.Newton{}
		if err := mx.Prepare(w); err != nil {
			t.Fatal(err)
		}
		u, g := append([]float64(nil), theta...), make([]float64, 20)
		f.Maximize(mx, u)
		f.Gradient(g, u)
		for k, slope := range g {
			if held := bound > 0 && (u[k] == bound && slope > 0 || u[k] == -bound && slope < 0); !held && math.Abs(slope) > 1e-9 {
				t.Errorf("bound %g: the slope at node %d is %.3g at u = %.6g", bound, k, slope, u[k])
			}
		}
	}
	p = quartic(20)
	want := optimize(t, &pmp.QuasiNewton{}, p, rk4(2), theta, 200, math.Inf(-1))
	got := optimize(t, &pmp.SQH{Maximizer: &pmp.Newton{}, Kappa: 1e-16}, p, rk4(2), theta, 200, math.Inf(-1))
	t.Logf("J = %.12g after %d solves, L-BFGS %.12g after %d", got.last.Loss, got.solves, want.last.Loss, want.solves)
	if math.Abs(got.last.Loss-want.last.Loss) > 1e-10 {
		t.Errorf("J = %.12g, by L-BFGS %.12g (%v)", got.last.Loss, want.last.Loss, got.last.Stop)
	}
}

// prey is a fit of the four coefficients of the predator–prey equations.
func prey(t *testing.T) *pmp.Problem {
	t.Helper()
	truth := []float64{1.1, 0.4, 0.1, 0.4}
	field := problems.PredatorPrey()
	ev := field.NewEvaluator(1)
	ev.Bind(truth)
	times := pmp.UniformMesh(0, 5, 20)
	sol, err := ode.Solve(context.Background(), ode.Problem{F: ev.Eval, X0: []float64{10, 5}, T1: 5}, ode.Settings{RTol: 1e-10, ATol: 1e-10, SaveAt: times})
	if err != nil {
		t.Fatal(err)
	}
	p := &pmp.Problem{Field: field, T1: 5, X0: []float64{10, 5}}
	for k, at := range times[1:] {
		p.Observations = append(p.Observations, pmp.Observation{T: at, Cost: &pmp.SquaredError{Target: sol.X[k+1], N: 1, Weight: 0.05}})
	}
	return p
}

// Coefficients enter linearly: no point of the box is better than ridge regression's, and E-MSA finds the true ones with it.
func TestRidge(t *testing.T) {
	p := prey(t)
	theta := []float64{1, 0.45, 0.12, 0.35}
	for _, bounded := range []bool{false, true} {
		if bounded {
			p.Control.Lower, p.Control.Upper = []float64{0.995, 0, 0, 0}, []float64{1.005, 1, 0.1205, 1}
		}
		w, tr := sweep(t, p, pmp.Settings{}, theta)
		f := w.NewFrozen()
		f.Rho, f.Epsilon = 50, 0.1
		f.Freeze(tr)
		mx := &pmp.Ridge{}
		if err := mx.Prepare(w); err != nil {
			t.Fatal(err)
		}
		u, g := append([]float64(nil), theta...), make([]float64, 4)
		f.Maximize(mx, u)
		f.Gradient(g, u)
		best, src := f.Value(u), rng.New(3)
		if !(best > f.Value(theta)) {
			t.Error("H̃ did not grow")
		}
		for i, slope := range g {
			if !bounded && math.Abs(slope) > 1e-8 {
				t.Errorf("the slope of parameter %d is %.3g", i, slope)
			}
		}
		for range 300 {
			v := append([]float64(nil), u...)
			for i := range v {
				v[i] += 0.02 * src.Normal()
				if bounded {
					v[i] = min(max(v[i], p.Control.Lower[i]), p.Control.Upper[i])
				}
			}
			if f.Value(v) > best+1e-12 {
				t.Fatalf("%v is better than %v", v, u)
			}
		}
	}
	w, err := pmp.NewSweeper(small(t), pmp.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if err := (&pmp.Ridge{}).Prepare(w); !errors.Is(err, pmp.ErrMaximizer) {
		t.Errorf("a network of two layers: got %v", err)
	}
	p = prey(t)
	r := optimize(t, &pmp.EMSA{Maximizer: &pmp.Ridge{}}, p, pmp.Settings{Solver: ode.Settings{RTol: 1e-9, ATol: 1e-9}}, theta, 100, 1e-7)
	t.Logf("J = %.3g after %d solves, θ = %.6g", r.last.Loss, r.solves, r.last.Theta)
	if r.reached == 0 || math.Abs(r.last.Theta[0]-1.1) > 1e-3 {
		t.Errorf("J = %.3g at %v", r.last.Loss, r.last.Theta)
	}
}

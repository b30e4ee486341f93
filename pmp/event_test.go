package pmp_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/solvers"
)

// ball falls from x[0] with gravity u[0] and keeps the part u[1] of its speed when it meets the ground. J is the height at t₁.
func ball(heights ...float64) *pmp.Problem {
	return &pmp.Problem{
		Field: neural.Func{D: 2, P: 2,
			F:        func(dx []float64, _ float64, x, u []float64) { dx[0], dx[1] = x[1], -u[0] },
			Jacobian: func(fx, fu []float64, _ float64, _, _ []float64) { fx[1], fu[2] = 1, -1 },
		},
		T1: 1.5, X0: append(heights, make([]float64, len(heights))...), Terminal: &pmp.Linear{Weight: []float64{1, 0}},
		Events: []pmp.Event{{
			Direction: -1,
			E:         func(_ float64, x, _ []float64) float64 { return x[0] },
			Map:       func(dst []float64, _ float64, x, u []float64) { dst[0], dst[1] = x[0], -u[1]*x[1] },
		}},
	}
}

// exactBall is the height of the ball after two bounces and its derivatives in height, gravity and restitution.
func exactBall(h, g, c, t1 float64) (x, dh, dg, dc float64) {
	fall, v := math.Sqrt(2*h/g), math.Sqrt(2*g*h)
	s := t1 - fall*(1+2*c) // since the second bounce
	ds := c*c*v - g*s
	x = c*c*v*s - 0.5*g*s*s
	return x, c*c*v/(2*h)*s - ds*(1+2*c)*fall/(2*h), c*c*v/(2*g)*s + ds*(1+2*c)*fall/(2*g) - 0.5*s*s, 2*c*v*s - 2*ds*fall
}

func TestBouncingBall(t *testing.T) {
	const h, g, c = 1.2, 9.81, 0.8
	for _, m := range []solvers.Method{solvers.Tsit5, solvers.RK4, solvers.Heun, solvers.DormandPrince54, solvers.DOP853, solvers.Verner76} {
		for _, steps := range []int{0, 1, 7} { // all bounces may lie in one step
			if steps == 0 && m.ErrorOrder() == 0 {
				continue
			}
			p := ball(h)
			_, tr := sweep(t, p, pmp.Settings{Solver: ode.Settings{Method: m}, Steps: steps}, []float64{g, c})
			x, dh, dg, dc := exactBall(h, g, c, p.T1)
			_, costate := tr.Costate(0)
			for name, v := range map[string][2]float64{"J": {tr.J, x}, "gravity": {tr.Grad[0], dg}, "restitution": {tr.Grad[1], dc}, "height": {-costate[0][0], dh}} {
				if !(math.Abs(v[0]-v[1]) < 1e-9) {
					t.Errorf("%s, %d steps, %s: %.12g, want %.12g", m.Name(), steps, name, v[0], v[1])
				}
			}
			bounces := tr.Events(0)
			if len(bounces) != 2 {
				t.Fatalf("%s, %d steps: %d bounces", m.Name(), steps, len(bounces))
			}
			for k, b := range bounces {
				at := math.Sqrt(2*h/g) * (1 + 2*c*float64(k))
				if math.Abs(b.T-at) > 1e-13 || b.Event != 0 || b.After[1] != -c*b.Before[1] {
					t.Errorf("%s, %d steps: bounce %d is %+v, want one at %.15g", m.Name(), steps, k, b, at)
				}
			}
		}
	}
}

// p⁻ = Sᵀp⁺ with the saltation matrix of a bounce, S = [−c 0; −(1+c)g/v −c] for a ball that arrives with the velocity v, and H is the same
// on both sides.
func TestSaltation(t *testing.T) {
	const g, c = 9.81, 0.8
	p := ball(1.2)
	p.Running = &pmp.Quadratic{Weight: []float64{0, 0.3}}
	w, tr := sweep(t, p, pmp.Settings{Solver: ode.Settings{RTol: 1e-10, ATol: 1e-12}}, []float64{g, c})
	if err := tr.Err(); err != nil {
		t.Fatal(err)
	}
	times, costates := tr.Costate(0)
	_, h := w.Hamiltonian(tr)
	for _, v := range h {
		if math.Abs(v-h[0]) > 1e-8 {
			t.Errorf("H = %.12g, at first %.12g", v, h[0])
		}
	}
	for _, b := range tr.Events(0) {
		after := costates[slices.Index(times, b.T)]
		v := b.Before[1]
		cost := 0.3 * (c*c*v*v - v*v) / v // (L⁺ − L⁻)/ė, which p takes off along E_x
		want := [2]float64{-c*after[0] + (1+c)*g/v*(-after[1]) - cost, -c * after[1]}
		if math.Abs(b.P[0]-want[0]) > 1e-8*math.Abs(want[0]) || math.Abs(b.P[1]-want[1]) > 1e-8*math.Abs(want[1]) {
			t.Errorf("t = %.6g: p⁻ = %.12g, want %.12g", b.T, b.P, want)
		}
	}
}

// kicked are three pendulums that are kicked whenever they pass a moving threshold, with all kinds of costs: map and event function depend on
// time, state and control.
func kicked(kind pmp.Kind) (*pmp.Problem, []float64) {
	p, theta := constrained(kind)
	p.Field = nonlinearPair()
	p.Running = &pmp.RunningFunc{
		L: func(t float64, x, u []float64) float64 { return x[0]*x[0]*math.Cos(t) + u[0]*x[1] },
		Grad: func(gx, gu []float64, t float64, x, u []float64) {
			gx[0], gx[1], gu[0] = 2*x[0]*math.Cos(t), u[0], x[1]
		},
	}
	p.Observations = []pmp.Observation{{T: 1.1, Cost: &pmp.SquaredError{Target: []float64{0.3, 0, 0.1, 0.4, 0, 0}, N: 3, Weight: 2}}}
	p.Terminal = &pmp.SquaredError{Target: make([]float64, 6), N: 3, Weight: 0.7}
	p.Events = []pmp.Event{{
		E: func(t float64, x, u []float64) float64 { return x[0] - 0.2 - 0.4*math.Sin(5*t) + 0.02*u[0] },
		Map: func(dst []float64, t float64, x, u []float64) {
			dst[0], dst[1] = x[0]+0.3*math.Tanh(x[1]), 0.7*x[1]-0.4*math.Cos(t)*x[0]+0.1*u[0]*u[0]
		},
		VJP: func(px, pu []float64, t float64, x, u, p []float64) float64 {
			s := math.Tanh(x[1])
			px[0], px[1], pu[0] = p[0]-0.4*math.Cos(t)*p[1], 0.3*(1-s*s)*p[0]+0.7*p[1], 0.2*u[0]*p[1]
			return 0.4 * math.Sin(t) * x[0] * p[1]
		},
		Grad: func(ex, eu []float64, t float64, _, _ []float64) float64 {
			ex[0], ex[1], eu[0] = 1, 0, 0.02
			return -2 * math.Cos(5*t)
		},
	}, {
		E: func(t float64, x, _ []float64) float64 { return x[1] + 0.5*x[0]*x[0] - 0.1*t }, // derivatives by differences
		Map: func(dst []float64, t float64, x, u []float64) {
			dst[0], dst[1] = 0.5*x[0]*(1+0.1*t), 0.5*x[1]+0.01*u[0]
		},
	}}
	return p, theta
}

func TestGradientAcrossEvents(t *testing.T) {
	for _, kind := range []pmp.Kind{pmp.Constant, pmp.PiecewiseConstant, pmp.PiecewiseLinear, pmp.CubicHermite} {
		for name, s := range map[string]pmp.Settings{"tsit5": {}, "loose": {Solver: ode.Settings{RTol: 1e-2, ATol: 1e-2}}, "rk4": rk4(3), "verner": {Solver: ode.Settings{Method: solvers.Verner76}}} {
			p, theta := kicked(kind)
			_, tr := sweep(t, p, s, theta)
			seen := [2]int{}
			for i := range 3 {
				for _, c := range tr.Events(i) {
					seen[c.Event]++
				}
			}
			if seen[0] < 3 || seen[1] < 1 {
				t.Errorf("%v, %s: %d events", kind, name, seen)
			}
			diff, err := pmp.CheckGradient(context.Background(), p, s, theta, 3)
			if err != nil || diff > 1e-7 {
				t.Errorf("%v, %s: off by %.2g, %v", kind, name, diff, err)
			}
		}
	}
}

// A network that depends on time, with its intermediate values kept or not, and a reset that depends on its parameters.
func TestNetworkGradientAcrossEvents(t *testing.T) {
	for _, kind := range kinds {
		for _, keep := range []int64{0, -1} {
			p, theta := network(t, kind, 3, 2)
			p.Events = []pmp.Event{{
				E: func(t float64, x, u []float64) float64 { return math.Sin(7*t+0.4*x[0]-0.2*x[1]) + 0.05*u[0] },
				Map: func(dst []float64, t float64, x, u []float64) {
					dst[0], dst[1] = x[0]-0.5+u[1]*t, x[1]*math.Exp(0.2*x[0])
				},
			}}
			s := pmp.Settings{KeepBytes: keep}
			_, tr := sweep(t, p, s, theta)
			if n := len(tr.Events(0)) + len(tr.Events(1)) + len(tr.Events(2)); n < 6 {
				t.Errorf("%v: %d events", kind, n)
			}
			diff, err := pmp.CheckGradient(context.Background(), p, s, theta, 3)
			if err != nil || diff > 1e-7 {
				t.Errorf("%v, keep %d: off by %.2g, %v", kind, keep, diff, err)
			}
		}
	}
}

// In float32 the values of f jump, and events are met as well as that allows.
func TestEventsInFloat32(t *testing.T) {
	var grads [2][]float64
	var events [2]int
	for k, precision := range []neural.Precision{neural.Float64, neural.Float32} {
		p, theta := network(t, pmp.Constant, 3, 2)
		p.Field = withPrecision(t, precision)
		p.Events = []pmp.Event{{
			E:   func(_ float64, x, _ []float64) float64 { return x[0] - 0.3 },
			Map: func(dst []float64, _ float64, x, _ []float64) { dst[0], dst[1] = x[0]-1, x[1]+0.5 },
		}, {
			E:   func(_ float64, x, _ []float64) float64 { return x[1] - 0.2 },
			Map: func(dst []float64, _ float64, x, _ []float64) { dst[0], dst[1] = x[0]+0.5, x[1]*0.5-0.3 },
		}}
		_, tr := sweep(t, p, pmp.Settings{}, theta[:p.Field.NumParams()])
		grads[k], events[k] = tr.Grad, len(tr.Events(0))+len(tr.Events(1))+len(tr.Events(2))
	}
	if events[0] < 3 || events[1] != events[0] {
		t.Errorf("%d events in float64 and %d in float32", events[0], events[1])
	}
	for i, g := range grads[0] {
		if math.Abs(grads[1][i]-g) > 1e-3*(1+math.Abs(g)) {
			t.Errorf("∂J/∂θ[%d] = %.9g in float32, %.9g in float64", i, grads[1][i], g)
		}
	}
}

// A process that stops: the state falls as ẋ = −u until it reaches a threshold, where the mode becomes zero and nothing moves or costs any
// more. J = ∫ mode dt is the time to the threshold, (x₀ − 1)/u.
func TestStoppingTime(t *testing.T) {
	p := &pmp.Problem{
		Field: neural.Func{D: 2, P: 1,
			F:        func(dx []float64, _ float64, x, u []float64) { dx[0], dx[1] = -u[0]*x[1], 0 },
			Jacobian: func(fx, fu []float64, _ float64, x, u []float64) { fx[1], fu[0] = -u[0], -x[1] },
		},
		T1: 10, X0: []float64{3, 5, 1, 1},
		Running: &pmp.RunningFunc{
			L:    func(_ float64, x, _ []float64) float64 { return x[1] },
			Grad: func(gx, gu []float64, _ float64, _, _ []float64) { gx[0], gx[1], gu[0] = 0, 1, 0 },
		},
		Events: []pmp.Event{{
			E:   func(_ float64, x, _ []float64) float64 { return x[0] - 1 },
			Map: func(dst []float64, _ float64, x, _ []float64) { dst[0], dst[1] = x[0], 0 },
		}},
	}
	const u = 0.8
	_, tr := sweep(t, p, pmp.Settings{}, []float64{u})
	if want := (2 + 4) / (2 * u); math.Abs(tr.J-want) > 1e-12 || math.Abs(tr.Grad[0]+want/u) > 1e-11 {
		t.Errorf("J = %.15g, ∂J/∂u = %.15g, want %.15g and %.15g", tr.J, tr.Grad[0], want, -want/u)
	}
	for s, x := range []float64{3, 5} {
		_, costate := tr.Costate(s)
		if e := tr.Events(s); len(e) != 1 || math.Abs(e[0].T-(x-1)/u) > 1e-12 || math.Abs(costate[0][0]+1/u) > 1e-12 {
			t.Errorf("sample %d: p = %v, events %+v", s, costate[0], e)
		}
	}
}

// A switched system: outside |x| < 1 a relay with memory sets ẋ = θ₁ − x or ẋ = −θ₂ − x, so that x goes round between the thresholds
// ±1/2 in flights whose times are logarithms. J = x(t₁).
func TestRelay(t *testing.T) {
	field := neural.Func{D: 2, P: 2,
		F: func(dx []float64, _ float64, x, u []float64) {
			if dx[0], dx[1] = -x[0]-u[1], 0; x[1] > 0 {
				dx[0] = -x[0] + u[0]
			}
		},
		Jacobian: func(fx, fu []float64, _ float64, x, _ []float64) {
			if fx[0], fu[1] = -1, -1; x[1] > 0 {
				fu[0], fu[1] = 1, 0
			}
		},
	}
	threshold := func(direction float64) pmp.Event {
		return pmp.Event{
			Direction: int(direction),
			E:         func(_ float64, x, _ []float64) float64 { return x[0] - direction*0.5 },
			Map:       func(dst []float64, _ float64, x, _ []float64) { dst[0], dst[1] = x[0], -direction },
		}
	}
	p := &pmp.Problem{
		Field: field, T1: 6, X0: []float64{0, 1}, Terminal: &pmp.Linear{Weight: []float64{1, 0}},
		Events: []pmp.Event{threshold(1), threshold(-1)},
	}
	// Up from a to b takes log((θ₁ − a)/(θ₁ − b)).
	exact := func(a, b float64) (x float64, switches int) {
		left := p.T1
		for x, up := 0.0, true; ; up = !up {
			top, to := a, 0.5
			if !up {
				top, to = -b, -0.5
			}
			flight := math.Log((x - top) / (to - top))
			if flight > left {
				return top + (x-top)*math.Exp(-left), switches
			}
			left -= flight
			x = to
			switches++
		}
	}
	theta := []float64{1.1, 0.9}
	_, tr := sweep(t, p, pmp.Settings{Solver: ode.Settings{Method: solvers.Verner87, RTol: 1e-11, ATol: 1e-12}}, theta)
	want, switches := exact(theta[0], theta[1])
	if len(tr.Events(0)) != switches || switches < 4 || math.Abs(tr.J-want) > 1e-9 {
		t.Errorf("J = %.12g after %d switches, want %.12g after %d", tr.J, len(tr.Events(0)), want, switches)
	}
	for i := range theta {
		const h = 1e-5
		slope := 0.0
		for _, side := range []float64{1, -1} {
			moved := slices.Clone(theta)
			moved[i] += side * h
			j, _ := exact(moved[0], moved[1])
			slope += side * j / (2 * h)
		}
		if math.Abs(tr.Grad[i]-slope) > 1e-7 {
			t.Errorf("∂J/∂θ%d = %.12g, by the closed form %.12g", i+1, tr.Grad[i], slope)
		}
	}
}

// The ball is to be at 0.5 m at t₁: by its restitution, by gradients and by maximizing H, and the certificate holds.
func TestOptimizeAcrossEvents(t *testing.T) {
	pose := func() *pmp.Problem {
		p := ball(1.2)
		p.Terminal = &pmp.SquaredError{Target: []float64{0.4}, N: 1, Weight: 1}
		return p
	}
	for name, o := range map[string]pmp.Optimizer{"lbfgs": &pmp.QuasiNewton{}, "sqh": &pmp.SQH{Maximizer: pmp.HMax{}}} {
		p := pose()
		if name == "sqh" {
			p.Control = pmp.Control{Lower: []float64{9.81, 0.1}, Upper: []float64{9.81, 0.95}}
		}
		r := optimize(t, o, p, pmp.Settings{}, []float64{9.81, 0.7}, 100, math.Inf(-1))
		if r.last.Loss > 1e-10 {
			t.Errorf("%s: J = %.3g", name, r.last.Loss)
		}
	}
	w, err := pmp.NewSweeper(pose(), pmp.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.Certify(context.Background(), []float64{9.81, 0.7})
	if err != nil || c.CostateError > 1e-7 || c.Drift > 1e-4 || c.ProjectedGradient < 0.01 {
		t.Errorf("%v\n%v", err, c)
	}
}

func TestEventsAllocateNothing(t *testing.T) {
	for _, kind := range []pmp.Kind{pmp.PiecewiseConstant, pmp.PiecewiseLinear} {
		p, theta := kicked(kind)
		p.Running = &pmp.Quadratic{Weight: []float64{1, 0.5}}
		for _, s := range []pmp.Settings{{}, rk4(3)} {
			sweepsAllocateNothing(t, p, s, theta)
		}
	}
}

func TestEventsOnAnyNumberOfThreads(t *testing.T) {
	p, theta := kicked(pmp.PiecewiseLinear)
	_, one := sweep(t, p, pmp.Settings{}, theta)
	for range 20 { // shards go back on goroutines of their own choice
		_, three := sweep(t, p, pmp.Settings{Threads: 3, ShardWidth: 2}, theta)
		if one.J != three.J || !slices.Equal(one.Grad, three.Grad) {
			t.Fatal("bits depend on the number of threads")
		}
	}
}

func TestEventsRefuse(t *testing.T) {
	for name, s := range map[string]pmp.Settings{
		"checkpointed": {Costate: pmp.Checkpointed}, "symplectic": {Costate: pmp.Symplectic}, "interpolated": {Costate: pmp.Interpolated},
		"backsolve": {Costate: pmp.Backsolve}, "reversible": reversible(solvers.AsynchronousLeapfrog, 2), "interpolate": {Interpolate: true},
		"esdirk": {Solver: ode.Settings{Method: solvers.Kvaerno3}}, "rosenbrock": {Solver: ode.Settings{Method: solvers.Rodas5P}},
	} {
		if _, err := pmp.NewSweeper(ball(1), s); !errors.Is(err, pmp.ErrProblem) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	p := ball(1)
	p.Events[0].Map = nil
	if _, err := pmp.NewSweeper(p, pmp.Settings{}); !errors.Is(err, pmp.ErrProblem) {
		t.Errorf("no map: got %v", err)
	}
	w, err := pmp.NewSweeper(ball(1), pmp.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if err := (&pmp.GaussNewton{}).Init(context.Background(), w, []float64{9.81, 0.8}); !errors.Is(err, pmp.ErrProblem) {
		t.Errorf("gauss-newton: got %v", err)
	}
	// A ball whose bounces accumulate at 1.48.
	p = ball(1.2)
	w, err = pmp.NewSweeper(p, pmp.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Forward(context.Background(), w.NewTrajectory(), []float64{9.81, 0.5}); !errors.Is(err, pmp.ErrEvent) {
		t.Errorf("bounces that accumulate: got %v", err)
	}
	// A parabola that touches the threshold from below: there is no way to say how its time depends on anything.
	p = &pmp.Problem{
		Field: neural.Func{D: 1, P: 1, F: func(dx []float64, t float64, _, u []float64) { dx[0] = 3 * u[0] * (t - 1) * (t - 1) }},
		T1:    2, X0: []float64{-1}, Terminal: &pmp.Linear{Weight: []float64{1}},
		Events: []pmp.Event{{E: func(_ float64, x, _ []float64) float64 { return x[0] }, Map: func(dst []float64, _ float64, x, _ []float64) { dst[0] = x[0] + 1 }}},
	}
	w, err = pmp.NewSweeper(p, rk4(1))
	if err != nil {
		t.Fatal(err)
	}
	tr := w.NewTrajectory()
	if err = w.Forward(context.Background(), tr, []float64{1}); err == nil {
		w.Backward(tr)
		err = tr.Err()
	}
	if !errors.Is(err, pmp.ErrEvent) {
		t.Errorf("a saddle: got %v, gradient %v", err, tr.Grad)
	}
}

// Two events so close to each other that the continuous extension of large steps takes them for each other: none is lost, and they happen in
// the order in which the steps have them.
func TestCloseEvents(t *testing.T) {
	count := func(k int) func(dst []float64, t float64, x, u []float64) {
		return func(dst []float64, _ float64, x, _ []float64) {
			copy(dst, x)
			dst[2] = 10*x[2] + float64(k+1)
		}
	}
	p := &pmp.Problem{
		Field: neural.Func{D: 3, P: 1, F: func(dx []float64, _ float64, x, u []float64) { dx[0], dx[1], dx[2] = u[0]*x[0], 2*u[0]*x[1], 0 }},
		T1:    1, X0: []float64{1, 1, 0}, Terminal: &pmp.Linear{Weight: []float64{1, 1, 0}},
	}
	orders := map[float64]int{}
	for i := -40; i <= 40; i++ {
		gap := float64(i) * 1e-4
		p.Events = []pmp.Event{
			{E: func(_ float64, x, _ []float64) float64 { return x[0] - math.Exp(0.4) }, Map: count(0)},
			{E: func(_ float64, x, _ []float64) float64 { return x[1] - math.Exp(2*(0.4+gap)) }, Map: count(1)},
		}
		_, tr := sweep(t, p, rk4(1), []float64{1})
		order := tr.Final(nil)[2]
		if order != 12 && order != 21 {
			t.Fatalf("gap %.4f: events %v", gap, order)
		}
		orders[order]++
		for _, e := range tr.Events(0) {
			if miss := p.Events[e.Event].E(e.T, e.Before, nil); math.Abs(miss) > 1e-14 {
				t.Errorf("gap %.4f: event %d at E = %.3g", gap, e.Event, miss)
			}
		}
	}
	if orders[12] < 10 || orders[21] < 10 {
		t.Errorf("orders %v", orders)
	}
	// At once: nobody can say which comes first.
	p.Events[1].E = func(_ float64, x, _ []float64) float64 { return 2 * (x[0] - math.Exp(0.4)) }
	w, err := pmp.NewSweeper(p, rk4(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Forward(context.Background(), w.NewTrajectory(), []float64{1}); !errors.Is(err, pmp.ErrEvent) {
		t.Errorf("two events at once: got %v", err)
	}
}

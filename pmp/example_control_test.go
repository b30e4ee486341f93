package pmp_test

import (
	"context"
	"fmt"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/problems"
	"github.com/costate-go/costate/solvers"
)

// run steps an optimizer until it stops.
func run(o pmp.Optimizer, p *pmp.Problem, theta []float64) (pmp.Iterate, *pmp.Sweeper, error) {
	ctx := context.Background()
	w, err := pmp.NewSweeper(p, pmp.Settings{Steps: 1, Solver: ode.Settings{Method: solvers.RK4}})
	if err != nil {
		return pmp.Iterate{}, nil, err
	}
	if err := o.Init(ctx, w, theta); err != nil {
		return pmp.Iterate{}, nil, err
	}
	for range 500 {
		it, err := o.Step(ctx)
		if err != nil || it.Stop != pmp.InProgress {
			return it, w, err
		}
	}
	return pmp.Iterate{}, w, nil
}

// The double integrator from (0, 1) to (0, −1) with ½∫u² has to stay below x₁ = 0.2: it touches the ceiling once, and J = 2.24.
func ExamplePathConstraint() {
	p := problems.DoubleIntegratorEnergy().Problem(pmp.PiecewiseLinear, 100)
	p.X0 = []float64{0, 1}
	p.Constraints[0].Target = []float64{0, -1}
	p.Paths = []*pmp.PathConstraint{{Name: "ceiling", G: func(_ float64, x, _ []float64) float64 { return x[0] - 0.2 }}}
	it, _, err := run(&pmp.AugmentedLagrangian{Inner: &pmp.Riccati{}, Sigma: 1e3}, p, make([]float64, 101))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("J = %.4f, violation below 1e-6: %v\n", it.Loss, p.Violation(it.Trajectory) < 1e-6)
	impulse := 0.0
	for _, q := range p.Path(it.Trajectory, 0, 0) {
		impulse += q.Weight * q.Mu
	}
	fmt.Printf("the costate jumps by %.2f\n", impulse)
	// Output:
	// J = 2.2400, violation below 1e-6: true
	// the costate jumps by 9.60
}

// A ball falls from 1.2 m and bounces twice in 1.5 s. How does its height then depend on gravity and on the part of its speed that it keeps
// when it meets the ground? The times of the bounces change with both.
func ExampleEvent() {
	p := &pmp.Problem{
		Field: neural.Func{D: 2, P: 2, F: func(dx []float64, _ float64, x, u []float64) { dx[0], dx[1] = x[1], -u[0] }},
		T1:    1.5, X0: []float64{1.2, 0}, Terminal: &pmp.Linear{Weight: []float64{1, 0}},
		Events: []pmp.Event{{
			Direction: -1,
			E:         func(_ float64, x, _ []float64) float64 { return x[0] },
			Map:       func(dst []float64, _ float64, x, u []float64) { dst[0], dst[1] = x[0], -u[1]*x[1] },
		}},
	}
	w, err := pmp.NewSweeper(p, pmp.Settings{})
	if err != nil {
		fmt.Println(err)
		return
	}
	tr := w.NewTrajectory()
	if err := w.Forward(context.Background(), tr, []float64{9.81, 0.8}); err != nil {
		fmt.Println(err)
		return
	}
	w.Backward(tr)
	for _, e := range tr.Events(0) {
		fmt.Printf("bounce at %.4f s, costate %.4f before it\n", e.T, e.P)
	}
	fmt.Printf("height %.4f m, its gradient %.4f\n", tr.J, tr.Grad)
	// Output:
	// bounce at 0.4946 s, costate [0.2623 -0.0272] before it
	// bounce at 1.2860 s, costate [-0.1734 0.1712] before it
	// height 0.4399 m, its gradient [0.0769 0.6660]
}

// A linear-quadratic regulator is solved by one step of Newton's method, which leaves the feedback gains behind: −tanh(1 − t)
// for this one, as intervals become short.
func ExampleRiccati() {
	o := &pmp.Riccati{}
	it, _, err := run(o, problems.ScalarLQR().Problem(pmp.PiecewiseConstant, 100), make([]float64, 100))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("J = %.5f, gain at 0: %.3f, gain at ½: %.3f\n", it.Loss, o.Gain(0)[0], o.Gain(50)[0])
	// Output:
	// J = 0.38080, gain at 0: -0.757, gain at ½: -0.457
}

// Where a control reaches its bound and leaves it the mesh becomes fine, and nowhere else.
func ExampleRefinement() {
	c := problems.DoubleIntegratorBounded()
	r, err := pmp.Refinement{
		Problem:   c.Problem(pmp.PiecewiseLinear, 10),
		Settings:  pmp.Settings{Steps: 1, Solver: ode.Settings{Method: solvers.RK4}},
		Optimizer: func() pmp.Optimizer { return &pmp.AugmentedLagrangian{Inner: &pmp.Riccati{}, Tolerance: 1e-9} },
		Tolerance: 1e-7,
	}.Solve(context.Background(), make([]float64, 11))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%v, J = %.6f, fewer than 25 intervals: %v\n", r.Stop, r.J, len(r.Problem.Control.Mesh) < 26)
	// Output:
	// converged, J = 6.045028, fewer than 25 intervals: true
}

// Full thrust, none, full thrust back: when to switch?
func ExampleDurations() {
	d := &pmp.Durations{
		Problem: problems.DoubleIntegratorFuel().Problem(pmp.PiecewiseConstant, 3), Modes: [][]float64{{5}, {0}, {-5}}, Autonomous: true,
	}
	p, theta, err := d.Pose(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	it, _, err := run(&pmp.AugmentedLagrangian{Inner: &pmp.Riccati{}, Tolerance: 1e-9}, p, theta)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("J = %.6f, times %.6f\n", it.Loss, d.Times(it.Theta))
	// Output:
	// J = 2.763932, times [0.000000 0.276393 0.723607 1.000000]
}

// A certificate says of any control what the maximum principle says of it.
func ExampleCertificate() {
	p := problems.VanDerPolBounded().Problem(pmp.PiecewiseLinear, 400)
	it, w, err := run(&pmp.SQH{}, p, make([]float64, 401))
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := w.Certify(context.Background(), it.Theta)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("does not hold to 1e-3:", c.Failed(1e-3))
	for _, a := range c.Arcs {
		fmt.Printf("%s on [%.2f, %.2f]\n", a.Kind, a.From, a.To)
	}
	c, err = w.Certify(context.Background(), make([]float64, 401))
	fmt.Println("for no control:", c.Failed(1e-3), err)
	// Output:
	// does not hold to 1e-3: []
	// lower on [0.00, 0.05]
	// interior on [0.05, 1.05]
	// upper on [1.05, 1.43]
	// interior on [1.43, 5.00]
	// for no control: [residual stationarity] <nil>
}

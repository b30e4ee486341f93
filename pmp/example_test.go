package pmp_test

import (
	"context"
	"fmt"
	"math"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/problems"
	"github.com/costate-go/costate/solvers"
)

// The scalar regulator ẋ = u, x(0) = 1, ½∫ x² + u² dt on [0, 1], by the sequential quadratic Hamiltonian method. Its
// value is ½ tanh 1 = 0.380797….
func Example() {
	ctx := context.Background()
	p := &pmp.Problem{
		Field: neural.Func{D: 1, P: 1,
			F:   func(dx []float64, _ float64, _, u []float64) { dx[0] = u[0] },
			VJP: func(px, pu []float64, _ float64, _, _, p []float64) { px[0], pu[0] = 0, p[0] },
		},
		T1: 1, X0: []float64{1},
		Running: &pmp.Quadratic{Weight: []float64{0.5}},
		Control: pmp.Control{Kind: pmp.PiecewiseLinear, Mesh: pmp.UniformMesh(0, 1, 50), L2: 1},
		Affine:  true,
	}
	w, err := pmp.NewSweeper(p, pmp.Settings{Steps: 1, Solver: ode.Settings{Method: solvers.RK4}})
	if err != nil {
		fmt.Println(err)
		return
	}
	o := &pmp.SQH{}
	if err := o.Init(ctx, w, make([]float64, w.NumControls())); err != nil {
		fmt.Println(err)
		return
	}
	for {
		it, err := o.Step(ctx)
		if err != nil {
			fmt.Println(err)
			return
		}
		if it.Stop != pmp.InProgress {
			fmt.Printf("%v: J = %.6f\n", it.Stop, it.Loss)
			break
		}
	}
	c, err := w.Certify(ctx, o.Theta())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("residual below 1e-9: %v, H constant to 1e-5: %v\n", c.Residual < 1e-9, c.Drift < 1e-5)
	// Output:
	// converged: J = 0.380797
	// residual below 1e-9: true, H constant to 1e-5: true
}

// A double integrator is brought to rest at the origin in the least time: the control is at its upper bound, then at its lower one.
// Unknown are p(0), the switching time and the final time.
func ExampleShooting() {
	s := &pmp.Shooting{
		Problem: &pmp.Problem{
			Field: neural.Func{D: 2, P: 1,
				F:   func(dx []float64, _ float64, x, u []float64) { dx[0], dx[1] = x[1], u[0] },
				VJP: func(px, pu []float64, _ float64, _, _, p []float64) { px[0], px[1], pu[0] = 0, p[0], p[1] },
			},
			T1: 3, X0: []float64{-1, 0}, Running: pmp.Elapsed{},
			Constraints: []*pmp.TerminalConstraint{{Component: []int{0, 1}, Target: []float64{0, 0}}},
			Control:     pmp.Control{Lower: []float64{-1}, Upper: []float64{1}},
			Affine:      true,
		},
		FreeTime: true,
		Arcs:     pmp.ScalarArcs(pmp.UpperArc, pmp.LowerArc),
	}
	e, err := s.Solve(context.Background(), pmp.Guess{P0: []float64{0.5, 0.5}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%v: J = %.8f, t1 = %.8f, switch at %.8f, p(0) = %.6f\n", e.Stop, e.J, e.T1, e.Switches, e.P0)
	u := make([]float64, 1)
	if err := e.At(nil, nil, u, 0.5); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("u(½) = %g, H constant to 1e-12: %v\n", u[0], e.Drift < 1e-12)
	// Output:
	// converged: J = 2.00000000, t1 = 2.00000000, switch at [1.00000000], p(0) = [1.000000 1.000000]
	// u(½) = 1, H constant to 1e-12: true
}

// The price of fuel takes the place of the price of energy, bit by bit.
func ExampleHomotopy() {
	e, err := pmp.Homotopy{Family: func(lambda float64) *pmp.Shooting {
		s, _ := problems.DoubleIntegratorEnergy().Shooting()
		s.Problem.Control = pmp.Control{Lower: []float64{-5}, Upper: []float64{5}, L1: lambda, L2: 1 - lambda}
		return s
	}}.Solve(context.Background(), pmp.Guess{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("J = %.8f, switches at %.8f\n", e.J, e.Switches)
	// Output:
	// J = 2.76393202, switches at [0.27639320 0.72360680]
}

// A network learns to carry two points to their targets, by E-MSA.
func ExampleEMSA() {
	ctx := context.Background()
	field, err := neural.NewMLP(neural.MLPConfig{Dim: 1, Hidden: []int{8}})
	if err != nil {
		fmt.Println(err)
		return
	}
	p := &pmp.Problem{
		Field: field, T1: 1, X0: []float64{-1, 1},
		Terminal: &pmp.SquaredError{Target: []float64{-2, 0.5}, N: 2, Weight: 1},
	}
	w, err := pmp.NewSweeper(p, pmp.Settings{})
	if err != nil {
		fmt.Println(err)
		return
	}
	theta := make([]float64, w.NumControls())
	field.Init(theta, 1)
	o := &pmp.EMSA{}
	if err := o.Init(ctx, w, theta); err != nil {
		fmt.Println(err)
		return
	}
	var last pmp.Iterate
	for range 30 {
		if last, err = o.Step(ctx); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println("J below 1e-8:", last.Loss < 1e-8)
	// Output:
	// J below 1e-8: true
}

// golden is a maximizer of one's own: golden section on [−1, 1] for a control with one parameter. It needs nothing but values of the
// frozen Hamiltonian.
type golden struct{}

func (golden) Name() string               { return "golden" }
func (golden) Prepare(*pmp.Sweeper) error { return nil }

func (golden) MaximizeNode(f *pmp.Frozen, ln *pmp.Lane, j int, u []float64) {
	a, b, phi := -1.0, 1.0, (math.Sqrt(5)-1)/2
	value := func(v float64) float64 { return f.ValueNode(ln, j, []float64{v}) }
	for b-a > 1e-9 {
		if l, r := b-phi*(b-a), a+phi*(b-a); value(l) > value(r) {
			b = r
		} else {
			a = l
		}
	}
	if v := (a + b) / 2; value(v) > value(u[0]) {
		u[0] = v
	}
}

// Any maximizer will do: H is concave here, so that golden section finds its maximum.
func ExampleMaximizer() {
	ctx := context.Background()
	p := problems.ScalarLQR().Problem(pmp.PiecewiseConstant, 20)
	w, err := pmp.NewSweeper(p, pmp.Settings{})
	if err != nil {
		fmt.Println(err)
		return
	}
	o := &pmp.SQH{Maximizer: golden{}}
	if err := o.Init(ctx, w, make([]float64, w.NumControls())); err != nil {
		fmt.Println(err)
		return
	}
	for range 100 {
		it, err := o.Step(ctx)
		if err != nil || it.Stop != pmp.InProgress {
			fmt.Printf("%v, J = %.4f\n", it.Stop, it.Loss)
			break
		}
	}
	// Output:
	// converged, J = 0.3809
}

// A gradient of your own cost is easily checked.
func ExampleCheckGradient() {
	p := &pmp.Problem{
		Field: neural.Func{D: 1, P: 1, F: func(dx []float64, _ float64, x, u []float64) { dx[0] = u[0] * x[0] * (1 - x[0]) }},
		T1:    2, X0: []float64{0.1},
		Terminal: &pmp.SquaredError{Target: []float64{0.5}, N: 1, Weight: 1},
	}
	diff, err := pmp.CheckGradient(context.Background(), p, pmp.Settings{}, []float64{1.2}, 1)
	fmt.Println(err, diff < 1e-7)
	// Output:
	// <nil> true
}

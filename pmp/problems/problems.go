// Package problems holds classical optimal control problems with known solutions, as test problems and examples.
//
// Sources: Borzì, The Sequential Quadratic Hamiltonian Method, 2023 (van der Pol); Jacobson & Mayne, Differential
// Dynamic Programming, 1970, and Maurer & Augustin, 2001 (Rayleigh); Bryson & Ho, Applied Optimal Control, 1975
// (linear-quadratic problems, double integrator). Reference values were computed by indirect shooting.
package problems

import (
	"context"
	"fmt"
	"math"
	"sort"

	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
)

// Classical is a control problem with what is known of its solution.
type Classical struct {
	Name, Title string
	States      []string // names of the states
	// Dynamics, horizon, start, costs.
	Field    neural.Func
	T0, T1   float64
	X0       []float64
	Running  pmp.Running
	Terminal pmp.Cost
	// End holds the terminal equality constraints: component and value.
	EndComponent []int
	EndTarget    []float64
	// Paths are constraints along the way.
	Paths []pmp.PathConstraint
	// Bounds and cost of the control: nil bounds mean none.
	Lower, Upper []float64
	L2, L1       float64
	// FreeTime says that T1 is not given but found: by shooting. Others take T1, the optimal one, as given.
	FreeTime bool
	// Optimal is the reference value of J. P0 is that of p(T0), Switches those of the times at which the control reaches or leaves
	// its bounds or jumps; nil where none is known but by shooting.
	Optimal      float64
	P0, Switches []float64
	// Arcs is the structure of the control, nil where it is found by following the bounds. Start is where shooting begins, Grow
	// the part of the horizon from which it is extended to all of it; 0: all at once.
	Arcs  []pmp.ArcKind
	Start pmp.Guess
	Grow  float64
}

// Problem returns the problem with a control of that kind on a uniform mesh.
func (c *Classical) Problem(kind pmp.Kind, intervals int) *pmp.Problem {
	field := c.Field
	p := &pmp.Problem{
		Field: &field, T0: c.T0, T1: c.T1, X0: append([]float64(nil), c.X0...),
		Running: c.Running, Terminal: c.Terminal, Affine: true,
		Control: pmp.Control{Kind: kind, Mesh: pmp.UniformMesh(c.T0, c.T1, intervals), Lower: c.Lower, Upper: c.Upper, L2: c.L2, L1: c.L1},
	}
	if len(c.EndComponent) > 0 {
		p.Constraints = []*pmp.TerminalConstraint{{
			Component: c.EndComponent, Target: c.EndTarget, Zeta: make([]float64, len(c.EndTarget)), Sigma: 10,
		}}
	}
	for _, c := range c.Paths {
		p.Paths = append(p.Paths, &c)
	}
	return p
}

// Shooting returns the problem for indirect shooting, with a rough guess.
func (c *Classical) Shooting() (*pmp.Shooting, pmp.Guess) {
	return &pmp.Shooting{Problem: c.Problem(pmp.PiecewiseLinear, 1), FreeTime: c.FreeTime, Arcs: pmp.ScalarArcs(c.Arcs...)}, c.Start
}

// Extremal solves the problem by indirect shooting with the nodes, the solver and the limits of s, whose zero value means defaults.
func (c *Classical) Extremal(ctx context.Context, s pmp.Shooting) (*pmp.Extremal, error) {
	posed := func() *pmp.Shooting {
		own, _ := c.Shooting()
		own.Nodes, own.Solver, own.Tolerance, own.MaxIterations = s.Nodes, s.Solver, s.Tolerance, s.MaxIterations
		return own
	}
	if c.Grow == 0 {
		return posed().Solve(ctx, c.Start)
	}
	return pmp.Homotopy{Family: func(lambda float64) *pmp.Shooting {
		s := posed()
		s.Problem.T1 = c.T0 + (c.Grow+(1-c.Grow)*lambda)*(c.T1-c.T0)
		return s
	}}.Solve(ctx, c.Start)
}

// All returns the problems in the order of their names.
func All() []*Classical {
	list := []*Classical{
		VanDerPol(), VanDerPolBounded(), DoubleIntegratorEnergy(), DoubleIntegratorBounded(), DoubleIntegratorFuel(), Rayleigh(),
		ScalarLQR(), EnergyDistance(), Turnpike(), CatalystMixing(), MinimumTime(), BrysonDenham(),
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

// ByName returns the problem of that name.
func ByName(name string) (*Classical, error) {
	var names []string
	for _, c := range All() {
		if c.Name == name {
			return c, nil
		}
		names = append(names, c.Name)
	}
	return nil, fmt.Errorf("problems: unknown problem %q; there are %v", name, names)
}

// ScalarLQR is ẋ = u, x(0) = 1, ½∫ x² + u² dt on [0, 1], with the value ½ tanh 1.
func ScalarLQR() *Classical {
	return &Classical{
		Name: "scalar_lqr", Title: "scalar linear-quadratic regulator", States: []string{"x"},
		Field: neural.Func{D: 1, P: 1,
			F:   func(dx []float64, _ float64, _, u []float64) { dx[0] = u[0] },
			VJP: func(px, pu []float64, _ float64, _, _, p []float64) { px[0], pu[0] = 0, p[0] },
		},
		T1: 1, X0: []float64{1}, Running: &pmp.Quadratic{Weight: []float64{0.5}}, L2: 1, Optimal: 0.5 * math.Tanh(1), P0: []float64{-math.Tanh(1)},
	}
}

// doubleIntegrator is ẍ = u.
func doubleIntegrator() neural.Func {
	return neural.Func{D: 2, P: 1,
		F:   func(dx []float64, _ float64, x, u []float64) { dx[0], dx[1] = x[1], u[0] },
		VJP: func(px, pu []float64, _ float64, _, _, p []float64) { px[0], px[1], pu[0] = 0, p[0], p[1] },
	}
}

// DoubleIntegratorEnergy is ẍ = u from (−1, 0) to (0, 0) on [0, 1] with ½∫ u² dt: u = 6 − 12t.
func DoubleIntegratorEnergy() *Classical {
	return &Classical{
		Name: "double_integrator_energy", Title: "double integrator, least energy", States: []string{"position", "velocity"},
		Field: doubleIntegrator(), T1: 1, X0: []float64{-1, 0},
		EndComponent: []int{0, 1}, EndTarget: []float64{0, 0}, L2: 1, Optimal: 6, P0: []float64{12, 6},
	}
}

// DoubleIntegratorBounded is the same with |u| ≤ 5.
func DoubleIntegratorBounded() *Classical {
	c := DoubleIntegratorEnergy()
	c.Name, c.Title = "double_integrator_bounded", "double integrator, least energy, |u| ≤ 5"
	c.Lower, c.Upper, c.Optimal = []float64{-5}, []float64{5}, 6.0450277563
	reached := (1 - math.Sqrt(0.6)) / 2
	c.P0, c.Switches = []float64{12.9099444874, 6.4549722437}, []float64{reached, 1 - reached}
	return c
}

// DoubleIntegratorFuel is the same with ∫ |u| dt: u = 5, 0, −5, switching at 0.2763932 and 0.7236068.
func DoubleIntegratorFuel() *Classical {
	c := DoubleIntegratorBounded()
	c.Name, c.Title = "double_integrator_fuel", "double integrator, least fuel, |u| ≤ 5"
	r := math.Sqrt(5)
	c.L2, c.L1, c.Optimal = 0, 1, 5-r
	c.P0, c.Switches = []float64{2 * r, r}, []float64{(5 - r) / 10, (5 + r) / 10}
	c.Arcs = []pmp.ArcKind{pmp.UpperArc, pmp.ZeroArc, pmp.LowerArc}
	return c
}

// MinimumTime is ẍ = u, |u| ≤ 1, from (−1, 0) to rest at the origin in the least time: u = 1, then −1, switching at 1.
func MinimumTime() *Classical {
	c := DoubleIntegratorBounded()
	c.Name, c.Title = "minimum_time", "double integrator, least time"
	c.T1, c.FreeTime, c.Running, c.L2, c.Optimal = 2, true, pmp.Elapsed{}, 0, 2
	c.Lower, c.Upper, c.P0, c.Switches = []float64{-1}, []float64{1}, []float64{1, 1}, []float64{1}
	c.Arcs = []pmp.ArcKind{pmp.UpperArc, pmp.LowerArc}
	c.Start = pmp.Guess{P0: []float64{0.5, 0.5}, T1: 3}
	return c
}

// BrysonDenham is ẍ = u from (0, 1) to (0, −1) on [0, 1] with ½∫ u² dt and x ≤ l = 1/9. The state rests on its bound from 3l to
// 1 − 3l, where p₁ jumps by 2/(9l²) upwards each time, and J = 4/(9l) (Bryson, Denham & Dreyfus, AIAA Journal 1 (1963) 2544–2550).
func BrysonDenham() *Classical {
	const l = 1.0 / 9
	return &Classical{
		Name: "bryson_denham", Title: "double integrator below a ceiling", States: []string{"position", "velocity"},
		Field: doubleIntegrator(), T1: 1, X0: []float64{0, 1},
		EndComponent: []int{0, 1}, EndTarget: []float64{0, -1}, L2: 1, Optimal: 4 / (9 * l), P0: []float64{-2 / (9 * l * l), -2 / (3 * l)},
		Paths: []pmp.PathConstraint{{
			Name: "ceiling",
			G:    func(_ float64, x, _ []float64) float64 { return x[0] - l },
			Grad: func(gx, _ []float64, _ float64, _, _ []float64) { gx[0], gx[1] = 1, 0 },
		}},
	}
}

// Turnpike is ẋ = u in [−1, 1] from 1 to ½ on [0, 2] with ∫ x² dt: u = −1, then 0 on a singular arc, then 1.
func Turnpike() *Classical {
	c := ScalarLQR()
	c.Name, c.Title = "turnpike", "turnpike with a singular arc"
	c.T1, c.Running, c.L2, c.Optimal = 2, &pmp.Quadratic{Weight: []float64{1}}, 0, 0.375
	c.Lower, c.Upper = []float64{-1}, []float64{1}
	c.EndComponent, c.EndTarget = []int{0}, []float64{0.5}
	c.P0, c.Switches = []float64{-1}, []float64{1, 1.5}
	c.Arcs = []pmp.ArcKind{pmp.LowerArc, pmp.SingularArc, pmp.UpperArc}
	return c
}

// CatalystMixing is the share of two catalysts along a reactor: maximize 1 − x₁(1) − x₂(1), u in [0, 1], here as the
// minimum of its negative. u = 1, then 0.2271421 on a singular arc, then 0, with switches at 0.1362991 and 0.7252302
// (Jackson, 1968; COPS 3.0, problem 14).
func CatalystMixing() *Classical {
	return &Classical{
		Name: "catalyst_mixing", Title: "catalyst mixing", States: []string{"x₁", "x₂"},
		Field: neural.Func{D: 2, P: 1,
			F: func(dx []float64, _ float64, x, u []float64) {
				dx[0] = u[0] * (10*x[1] - x[0])
				dx[1] = u[0]*(x[0]-10*x[1]) - (1-u[0])*x[1]
			},
			VJP: func(px, pu []float64, _ float64, x, u, p []float64) {
				px[0] = u[0] * (p[1] - p[0])
				px[1] = 10*u[0]*(p[0]-p[1]) - (1-u[0])*p[1]
				pu[0] = (10*x[1]-x[0])*p[0] + (x[0]-10*x[1]+x[1])*p[1]
			},
		},
		T1: 1, X0: []float64{1, 0}, Terminal: &pmp.Linear{Weight: []float64{1, 1}, Offset: -1},
		Lower: []float64{0}, Upper: []float64{1}, Optimal: -0.048055686,
		Switches: []float64{0.1362991, 0.7252302},
		Arcs:     []pmp.ArcKind{pmp.UpperArc, pmp.SingularArc, pmp.LowerArc},
		Start:    pmp.Guess{P0: []float64{-1, -0.9}, Switches: []float64{0.15, 0.7}},
	}
}

// EnergyDistance is ẍ = u from rest on [0, 1] with −½x(1) + ½∫ u² dt: u = ½(1 − t).
func EnergyDistance() *Classical {
	return &Classical{
		Name: "energy_distance", Title: "double integrator, energy against distance", States: []string{"position", "velocity"},
		Field: doubleIntegrator(), T1: 1, X0: []float64{0, 0},
		Terminal: &pmp.Linear{Weight: []float64{-0.5, 0}}, L2: 1, Optimal: -1.0 / 24, P0: []float64{0.5, 0.5},
	}
}

// VanDerPol is the van der Pol oscillator without bounds: ½∫ x₁² + x₂² + u² dt on [0, 2] from (1, 0).
func VanDerPol() *Classical {
	return &Classical{
		Name: "van_der_pol", Title: "van der Pol oscillator", States: []string{"x₁", "x₂"},
		Field: neural.Func{D: 2, P: 1,
			F: func(dx []float64, _ float64, x, u []float64) {
				dx[0], dx[1] = x[1], (1-x[0]*x[0])*x[1]-x[0]+u[0]
			},
			VJP: func(px, pu []float64, _ float64, x, _, p []float64) {
				px[0], px[1] = (-2*x[0]*x[1]-1)*p[1], p[0]+(1-x[0]*x[0])*p[1]
				pu[0] = p[1]
			},
		},
		T1: 2, X0: []float64{1, 0}, Running: &pmp.Quadratic{Weight: []float64{0.5, 0.5}}, L2: 1, Optimal: 1.0478069082,
		P0: []float64{-1.7171769411, -0.0112610851},
	}
}

// VanDerPolBounded is the van der Pol oscillator of Borzì's book, u in [−0.3, 1]: ∫ x₁² + x₂² + u² dt on [0, 5] from (0, 1).
func VanDerPolBounded() *Classical {
	return &Classical{
		Name: "van_der_pol_bounded", Title: "van der Pol oscillator, −0.3 ≤ u ≤ 1", States: []string{"x₁", "x₂"},
		Field: neural.Func{D: 2, P: 1,
			F: func(dx []float64, _ float64, x, u []float64) {
				dx[0], dx[1] = (1-x[1]*x[1])*x[0]-x[1]+u[0], x[0]
			},
			VJP: func(px, pu []float64, _ float64, x, _, p []float64) {
				px[0], px[1] = (1-x[1]*x[1])*p[0]+p[1], (-2*x[1]*x[0]-1)*p[0]
				pu[0] = p[0]
			},
		},
		T1: 5, X0: []float64{0, 1}, Running: &pmp.Quadratic{Weight: []float64{1, 1}}, L2: 2,
		Lower: []float64{-0.3}, Upper: []float64{1}, Optimal: 2.867261046,
	}
}

// Rayleigh is the electric circuit of Rayleigh: ∫ x₁² + u² dt on [0, 2.5] from (−5, −5).
func Rayleigh() *Classical {
	return &Classical{
		Name: "rayleigh", Title: "Rayleigh problem", States: []string{"x₁", "x₂"},
		Field: neural.Func{D: 2, P: 1,
			F: func(dx []float64, _ float64, x, u []float64) {
				dx[0], dx[1] = x[1], -x[0]+(1.4-0.14*x[1]*x[1])*x[1]+4*u[0]
			},
			VJP: func(px, pu []float64, _ float64, x, _, p []float64) {
				px[0], px[1] = -p[1], p[0]+(1.4-0.42*x[1]*x[1])*p[1]
				pu[0] = 4 * p[1]
			},
		},
		T1: 2.5, X0: []float64{-5, -5}, Running: &pmp.Quadratic{Weight: []float64{1, 0}}, L2: 2, Optimal: 29.376079656,
		Grow: 0.1,
	}
}

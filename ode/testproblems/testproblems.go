// Package testproblems holds initial value problems with end states known to nineteen digits (computed in quadruple
// precision by two methods at two tolerances each) or in closed form, for tests and benchmarks of solvers.
package testproblems

import (
	"math"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/solvers"
)

// Problem is an initial value problem with its end state. The slices must not be changed.
type Problem struct {
	Name   string
	F      solvers.Func
	Values solvers.Values // F by value; most problems have none
	T0, T1 float64
	X0, X1 []float64
	// Jacobian says how ∂F/∂x is obtained.
	Jacobian solvers.Jacobian
	// Exact stores the solution at t; nil where there is no closed form.
	Exact func(dst []float64, t float64)
}

// IVP is the problem in the form that ode.Solve takes.
func (p *Problem) IVP() ode.Problem {
	return ode.Problem{F: p.F, Jacobian: p.Jacobian, X0: p.X0, T0: p.T0, T1: p.T1}
}

// ByValue is the problem with its right-hand side by value alone.
func (p *Problem) ByValue() ode.Problem {
	return ode.Problem{F2: p.Values.F2, F3: p.Values.F3, F4: p.Values.F4, X0: p.X0, T0: p.T0, T1: p.T1}
}

// Error is max_i |x_i − ref_i|/(w + |ref_i|) at the end, with w = atol/rtol.
func (p *Problem) Error(x []float64, w float64) float64 {
	var top float64
	for i, ref := range p.X1 {
		top = max(top, math.Abs(x[i]-ref)/(w+math.Abs(ref)))
	}
	return top
}

// All returns the problems that are not stiff.
func All() []Problem {
	return []Problem{LotkaVolterra, Lorenz, Brusselator, Arenstorf, VanDerPol, Twist, Forced}
}

// LotkaVolterra is predator and prey with p = (1.5, 1, 3, 1).
var LotkaVolterra = Problem{
	Name: "lotka-volterra",
	F: func(dx []float64, _ float64, x []float64) {
		dx[0] = 1.5*x[0] - x[0]*x[1]
		dx[1] = x[0]*x[1] - 3*x[1]
	},
	Values: solvers.Values{F2: func(_, x, y float64) (dx, dy float64) {
		return 1.5*x - x*y, x*y - 3*y
	}},
	T1: 10, X0: []float64{1, 1},
	X1: []float64{1.0263447675750893191, 0.90969107813604161755},
}

// Lorenz is the Lorenz system with σ = 10, ρ = 28, β = 8/3: errors grow a thousandfold on the way.
var Lorenz = Problem{
	Name: "lorenz",
	F: func(dx []float64, _ float64, x []float64) {
		dx[0] = 10 * (x[1] - x[0])
		dx[1] = x[0]*(28-x[2]) - x[1]
		dx[2] = x[0]*x[1] - 8.0/3*x[2]
	},
	Values: solvers.Values{F3: func(_, x, y, z float64) (dx, dy, dz float64) {
		return 10 * (y - x), x*(28-z) - y, x*y - 8.0/3*z
	}},
	T1: 10, X0: []float64{1, 0, 0},
	X1: []float64{-5.8576853824240900202, -5.8310824864261004429, 23.932132987027562647},
}

// Brusselator is the Brusselator without diffusion (Hairer, Nørsett & Wanner II.4).
var Brusselator = Problem{
	Name: "brusselator",
	F: func(dx []float64, _ float64, x []float64) {
		u2v := x[0] * x[0] * x[1]
		dx[0] = 1 + u2v - 4*x[0]
		dx[1] = 3*x[0] - u2v
	},
	T1: 20, X0: []float64{1.5, 3},
	X1: []float64{0.49863707126834784865, 4.5967803494520111832},
}

// Arenstorf is a periodic orbit of the restricted three-body problem: step sizes vary over four decades
// (Hairer, Nørsett & Wanner II.0).
var Arenstorf = Problem{
	Name: "arenstorf",
	F: func(dx []float64, _ float64, x []float64) {
		const mu, nu = 0.012277471, 1 - 0.012277471
		a, b, yy := x[0]+mu, x[0]-nu, x[1]*x[1]
		d1, d2 := a*a+yy, b*b+yy
		d1, d2 = d1*math.Sqrt(d1), d2*math.Sqrt(d2)
		dx[0] = x[2]
		dx[1] = x[3]
		dx[2] = x[0] + 2*x[3] - nu*a/d1 - mu*b/d2
		dx[3] = x[1] - 2*x[2] - nu*x[1]/d1 - mu*x[1]/d2
	},
	Values: solvers.Values{F4: func(_, x, y, u, v float64) (dx, dy, du, dv float64) {
		const mu, nu = 0.012277471, 1 - 0.012277471
		a, b, yy := x+mu, x-nu, y*y
		d1, d2 := a*a+yy, b*b+yy
		d1, d2 = d1*math.Sqrt(d1), d2*math.Sqrt(d2)
		return u, v, x + 2*v - nu*a/d1 - mu*b/d2, y - 2*u - nu*y/d1 - mu*y/d2
	}},
	T1: 17.0652165601579625588917206249,
	X0: []float64{0.994, 0, 0, -2.00158510637908252240537862224},
	X1: []float64{0.994, 0, 0, -2.00158510637908252240537862224},
}

// VanDerPol is van der Pol's oscillator with μ = 1.
var VanDerPol = Problem{
	Name: "van-der-pol",
	F: func(dx []float64, _ float64, x []float64) {
		dx[0] = x[1]
		dx[1] = (1-x[0]*x[0])*x[1] - x[0]
	},
	T1: 20, X0: []float64{2, 0},
	X1: []float64{2.008149762174948592, -0.04250887527320214698592508},
}

// Twist turns a point on a circle of radius r at the rate r²: autonomous and nonlinear, in closed form.
var Twist = closed("twist", 2, 0.1, 4.1,
	func(dx []float64, _ float64, x []float64) {
		rate := x[0]*x[0] + x[1]*x[1]
		dx[0] = -rate * x[1]
		dx[1] = rate * x[0]
	},
	solvers.Jacobian{Autonomous: true, Func: func(dst []float64, _ float64, x []float64) {
		rate := x[0]*x[0] + x[1]*x[1]
		dst[0], dst[1] = -2*x[0]*x[1], -rate-2*x[1]*x[1]
		dst[2], dst[3] = rate+2*x[0]*x[0], 2*x[0]*x[1]
	}},
	func(dst []float64, t float64) {
		const radius = 1.25
		sin, cos := math.Sincos(radius * radius * t)
		dst[0], dst[1] = radius*cos, radius*sin
	})

// Forced depends on time explicitly: x₁ swings with a force, the rate of x₂ is a function of time.
var Forced = closed("forced", 3, 0.3, 3.3,
	func(dx []float64, t float64, x []float64) {
		dx[0] = x[1]
		dx[1] = -x[0] - 3*math.Sin(2*t)
		dx[2] = math.Cos(t) * x[2] * (1 + 0.5*x[2]*x[2]) / (1 + 0.5*math.Exp(2*math.Sin(t)))
	},
	solvers.Jacobian{Func: func(dst []float64, t float64, x []float64) {
		dst[1], dst[3] = 1, -1
		dst[8] = math.Cos(t) * (1 + 1.5*x[2]*x[2]) / (1 + 0.5*math.Exp(2*math.Sin(t)))
	}},
	func(dst []float64, t float64) {
		dst[0] = math.Cos(t) + math.Sin(2*t)
		dst[1] = -math.Sin(t) + 2*math.Cos(2*t)
		dst[2] = math.Exp(math.Sin(t))
	})

func closed(name string, dim int, t0, t1 float64, f solvers.Func, j solvers.Jacobian, exact func(dst []float64, t float64)) Problem {
	p := Problem{Name: name, F: f, Jacobian: j, T0: t0, T1: t1, Exact: exact, X0: make([]float64, dim), X1: make([]float64, dim)}
	exact(p.X0, t0)
	exact(p.X1, t1)
	return p
}

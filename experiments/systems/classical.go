package systems

import "math"

// spiral is y' = y³A (row vector, cubes entry by entry), A = [[−δ, ω], [−ω, −δ]]: the demonstration of Chen et al., Neural Ordinary
// Differential Equations, NeurIPS 2018.
var spiral = &System{
	Name: "spiral", Title: "cubic spiral", States: []string{"y1", "y2"}, Params: []string{"damping", "frequency"}, Values: []float64{0.1, 2},
	X0: []float64{2, 0}, T1: 25, Points: 1000,
	f: func(dy []float64, _ float64, y, u []float64) {
		a, b := y[0]*y[0]*y[0], y[1]*y[1]*y[1]
		dy[0] = -u[0]*a - u[1]*b
		dy[1] = u[1]*a - u[0]*b
	},
	jacobian: func(fx, fu []float64, _ float64, y, u []float64) {
		a, b := 3*y[0]*y[0], 3*y[1]*y[1]
		fx[0], fx[1], fx[2], fx[3] = -u[0]*a, -u[1]*b, u[1]*a, -u[0]*b
		if fu == nil {
			return
		}
		a, b = a*y[0]/3, b*y[1]/3
		fu[0], fu[1], fu[2], fu[3] = -a, -b, -b, a
	},
}

// lotkaVolterra is x' = αx − βxy, y' = δxy − γy.
var lotkaVolterra = &System{
	Name: "lotka_volterra", Title: "Lotka–Volterra equations", States: []string{"prey", "predator"},
	Params: []string{"alpha", "beta", "delta", "gamma"}, Values: []float64{1.5, 1, 1, 3}, X0: []float64{1, 1}, T1: 10, Points: 100,
	f: func(dx []float64, _ float64, x, u []float64) {
		dx[0] = u[0]*x[0] - u[1]*x[0]*x[1]
		dx[1] = u[2]*x[0]*x[1] - u[3]*x[1]
	},
	jacobian: func(fx, fu []float64, _ float64, x, u []float64) {
		fx[0], fx[1], fx[2], fx[3] = u[0]-u[1]*x[1], -u[1]*x[0], u[2]*x[1], u[2]*x[0]-u[3]
		if fu == nil {
			return
		}
		fu[0], fu[1], fu[6], fu[7] = x[0], -x[0]*x[1], x[0]*x[1], -x[1]
	},
}

// vanDerPol is ẍ = μ(1 − x²)ẋ − x.
var vanDerPol = &System{
	Name: "van_der_pol", Title: "van der Pol oscillator", States: []string{"x", "v"}, Params: []string{"mu"}, Values: []float64{1},
	X0: []float64{2, 0}, T1: 15, Points: 300,
	f: func(dx []float64, _ float64, x, u []float64) {
		dx[0] = x[1]
		dx[1] = u[0]*(1-x[0]*x[0])*x[1] - x[0]
	},
	jacobian: func(fx, fu []float64, _ float64, x, u []float64) {
		fx[1], fx[2], fx[3] = 1, -2*u[0]*x[0]*x[1]-1, u[0]*(1-x[0]*x[0])
		if fu == nil {
			return
		}
		fu[1] = (1 - x[0]*x[0]) * x[1]
	},
}

// pendulum is φ̈ = −k sin φ − cφ̇, k = g/l.
var pendulum = &System{
	Name: "pendulum", Title: "damped pendulum", States: []string{"angle", "velocity"}, Params: []string{"stiffness", "damping"}, Values: []float64{4, 0.2},
	X0: []float64{2, 0}, T1: 15, Points: 300,
	f: func(dx []float64, _ float64, x, u []float64) {
		dx[0] = x[1]
		dx[1] = -u[0]*math.Sin(x[0]) - u[1]*x[1]
	},
	jacobian: func(fx, fu []float64, _ float64, x, u []float64) {
		sin, cos := math.Sincos(x[0])
		fx[1], fx[2], fx[3] = 1, -u[0]*cos, -u[1]
		if fu == nil {
			return
		}
		fu[2], fu[3] = -sin, -x[1]
	},
}

// drivenPendulum is φ̈ = −k sin φ − cφ̇ + A cos Ωt, chaotic at its usual numbers (Baker & Gollub, Chaotic Dynamics, 1996).
var drivenPendulum = &System{
	Name: "driven_pendulum", Title: "driven pendulum", States: []string{"angle", "velocity"},
	Params: []string{"stiffness", "damping", "amplitude", "frequency"}, Values: []float64{1, 0.5, 1.5, 2. / 3},
	X0: []float64{0.2, 0}, T1: 30, Points: 600, Driven: true,
	f: func(dx []float64, t float64, x, u []float64) {
		dx[0] = x[1]
		dx[1] = -u[0]*math.Sin(x[0]) - u[1]*x[1] + u[2]*math.Cos(u[3]*t)
	},
	jacobian: func(fx, fu []float64, t float64, x, u []float64) {
		sin, cos := math.Sincos(x[0])
		fx[1], fx[2], fx[3] = 1, -u[0]*cos, -u[1]
		if fu == nil {
			return
		}
		sinT, cosT := math.Sincos(u[3] * t)
		fu[4], fu[5], fu[6], fu[7] = -sin, -x[1], cosT, -u[2]*t*sinT
	},
}

// lorenz is x' = σ(y − x), y' = x(ρ − z) − y, z' = xy − βz (Lorenz 1963).
var lorenz = &System{
	Name: "lorenz", Title: "Lorenz equations", States: []string{"x", "y", "z"}, Params: []string{"sigma", "rho", "beta"}, Values: []float64{10, 28, 8. / 3},
	X0: []float64{1, 1, 1}, T1: 5, Points: 500,
	f: func(dx []float64, _ float64, x, u []float64) {
		dx[0] = u[0] * (x[1] - x[0])
		dx[1] = x[0]*(u[1]-x[2]) - x[1]
		dx[2] = x[0]*x[1] - u[2]*x[2]
	},
	jacobian: func(fx, fu []float64, _ float64, x, u []float64) {
		fx[0], fx[1] = -u[0], u[0]
		fx[3], fx[4], fx[5] = u[1]-x[2], -1, -x[0]
		fx[6], fx[7], fx[8] = x[1], x[0], -u[2]
		if fu == nil {
			return
		}
		fu[0], fu[4], fu[8] = x[1]-x[0], x[0], -x[2]
	},
}

// sir is the epidemic S' = −βSI, I' = βSI − γI, R' = γI in parts of the population (Kermack & McKendrick 1927).
var sir = &System{
	Name: "sir", Title: "SIR epidemic", States: []string{"susceptible", "infected", "recovered"}, Params: []string{"beta", "gamma"}, Values: []float64{0.4, 0.1},
	X0: []float64{0.99, 0.01, 0}, T1: 80, Points: 81,
	f: func(dx []float64, _ float64, x, u []float64) {
		caught, healed := u[0]*x[0]*x[1], u[1]*x[1]
		dx[0], dx[1], dx[2] = -caught, caught-healed, healed
	},
	jacobian: func(fx, fu []float64, _ float64, x, u []float64) {
		fx[0], fx[1] = -u[0]*x[1], -u[0]*x[0]
		fx[3], fx[4] = u[0]*x[1], u[0]*x[0]-u[1]
		fx[7] = u[1]
		if fu == nil {
			return
		}
		fu[0], fu[2], fu[3], fu[5] = -x[0]*x[1], x[0]*x[1], -x[1], x[1]
	},
}

// brusselator is x' = a + x²y − (b + 1)x, y' = bx − x²y (Prigogine & Lefever 1968).
var brusselator = &System{
	Name: "brusselator", Title: "Brusselator", States: []string{"x", "y"}, Params: []string{"a", "b"}, Values: []float64{1, 3},
	X0: []float64{1.5, 3}, T1: 20, Points: 400,
	f: func(dx []float64, _ float64, x, u []float64) {
		made := x[0] * x[0] * x[1]
		dx[0], dx[1] = u[0]+made-(u[1]+1)*x[0], u[1]*x[0]-made
	},
	jacobian: func(fx, fu []float64, _ float64, x, u []float64) {
		fx[0], fx[1], fx[2], fx[3] = 2*x[0]*x[1]-u[1]-1, x[0]*x[0], u[1]-2*x[0]*x[1], -x[0]*x[0]
		if fu == nil {
			return
		}
		fu[0], fu[1], fu[3] = 1, -x[0], x[0]
	},
}

// kepler is q̈ = −μq/|q|³, an ellipse of eccentricity ½ at its usual numbers.
var kepler = &System{
	Name: "kepler", Title: "Kepler problem", States: []string{"q1", "q2", "v1", "v2"}, Params: []string{"mu"}, Values: []float64{1},
	X0: []float64{0.5, 0, 0, math.Sqrt(3)}, T1: 4 * math.Pi, Points: 400,
	f: func(dx []float64, _ float64, x, u []float64) {
		r := math.Hypot(x[0], x[1])
		c := -u[0] / (r * r * r)
		dx[0], dx[1], dx[2], dx[3] = x[2], x[3], c*x[0], c*x[1]
	},
	jacobian: func(fx, fu []float64, _ float64, x, u []float64) {
		r := math.Hypot(x[0], x[1])
		r3 := r * r * r
		c, s := -u[0]/r3, 3*u[0]/(r3*r*r)
		fx[2], fx[7] = 1, 1
		fx[8], fx[9] = c+s*x[0]*x[0], s*x[0]*x[1]
		fx[12], fx[13] = s*x[0]*x[1], c+s*x[1]*x[1]
		if fu == nil {
			return
		}
		fu[2], fu[3] = -x[0]/r3, -x[1]/r3
	},
}

package testproblems

import "github.com/costate-go/costate/solvers"

// Stiff returns the stiff problems, which explicit methods cannot do, with their Jacobians.
func Stiff() []Problem {
	return []Problem{StiffVanDerPol, Relaxation, Robertson, HIRES}
}

// StiffVanDerPol is van der Pol's oscillator in Liénard's time, with ε = 10⁻⁶ (Hairer & Wanner, Solving ODEs II,
// section IV.10).
var StiffVanDerPol = Problem{
	Name: "stiff-van-der-pol",
	F: func(dx []float64, _ float64, x []float64) {
		dx[0] = x[1]
		dx[1] = ((1-x[0]*x[0])*x[1] - x[0]) / 1e-6
	},
	Jacobian: solvers.Jacobian{Autonomous: true, Func: func(dst []float64, _ float64, x []float64) {
		dst[1] = 1
		dst[2], dst[3] = (-2*x[0]*x[1]-1)/1e-6, (1-x[0]*x[0])/1e-6
	}},
	T1: 2, X0: []float64{2, 0},
	X1: []float64{1.7061677321704650085, -0.89280970102481654778},
}

// Relaxation is the same oscillator in its own time, with μ = 1/√ε = 1000: t = μt′, x₂ = x₂′/μ.
var Relaxation = Problem{
	Name: "relaxation",
	F: func(dx []float64, _ float64, x []float64) {
		dx[0] = x[1]
		dx[1] = 1000*(1-x[0]*x[0])*x[1] - x[0]
	},
	Jacobian: solvers.Jacobian{Autonomous: true, Func: func(dst []float64, _ float64, x []float64) {
		dst[1] = 1
		dst[2], dst[3] = -2000*x[0]*x[1]-1, 1000*(1-x[0]*x[0])
	}},
	T1: 2000, X0: []float64{2, 0},
	X1: []float64{1.7061677321704650085, -0.89280970102481654778e-3},
}

// Robertson is Robertson's chemical reaction, with rates between 0.04 and 3·10⁷.
var Robertson = Problem{
	Name: "robertson",
	F: func(dx []float64, _ float64, x []float64) {
		slow, fast, back := 0.04*x[0], 3e7*x[1]*x[1], 1e4*x[1]*x[2]
		dx[0] = back - slow
		dx[1] = slow - back - fast
		dx[2] = fast
	},
	Jacobian: solvers.Jacobian{Autonomous: true, Func: func(dst []float64, _ float64, x []float64) {
		b, c, d := 1e4*x[2], 1e4*x[1], 6e7*x[1]
		dst[0], dst[1], dst[2] = -0.04, b, c
		dst[3], dst[4], dst[5] = 0.04, -b-d, -c
		dst[7] = d
	}},
	T1: 40, X0: []float64{1, 0, 0},
	X1: []float64{0.7158270687194050905, 9.185534764557763903898716e-6, 0.2841637457458303517616},
}

// HIRES is the high irradiance response of a plant's photomorphogenesis (Schäfer 1975; Hairer & Wanner, Solving ODEs
// II, section IV.10).
var HIRES = Problem{
	Name: "hires",
	F: func(dx []float64, _ float64, x []float64) {
		x = x[:8]
		dx = dx[:8]
		bound := 280 * x[5] * x[7]
		dx[0] = -1.71*x[0] + 0.43*x[1] + 8.32*x[2] + 0.0007
		dx[1] = 1.71*x[0] - 8.75*x[1]
		dx[2] = -10.03*x[2] + 0.43*x[3] + 0.035*x[4]
		dx[3] = 8.32*x[1] + 1.71*x[2] - 1.12*x[3]
		dx[4] = -1.745*x[4] + 0.43*x[5] + 0.43*x[6]
		dx[5] = -bound + 0.69*x[3] + 1.71*x[4] - 0.43*x[5] + 0.69*x[6]
		dx[6] = bound - 1.81*x[6]
		dx[7] = -dx[6]
	},
	Jacobian: solvers.Jacobian{Autonomous: true, Func: func(dst []float64, _ float64, x []float64) {
		dst = dst[:64]
		u, v := 280*x[7], 280*x[5]
		dst[0], dst[1], dst[2] = -1.71, 0.43, 8.32
		dst[8], dst[9] = 1.71, -8.75
		dst[18], dst[19], dst[20] = -10.03, 0.43, 0.035
		dst[25], dst[26], dst[27] = 8.32, 1.71, -1.12
		dst[36], dst[37], dst[38] = -1.745, 0.43, 0.43
		dst[43], dst[44], dst[45], dst[46], dst[47] = 0.69, 1.71, -u-0.43, 0.69, -v
		dst[53], dst[54], dst[55] = u, -1.81, v
		dst[61], dst[62], dst[63] = -u, 1.81, -v
	}},
	T1: 321.8122, X0: []float64{1, 0, 0, 0, 0, 0, 0, 0.0057},
	X1: []float64{
		7.371312573325667807e-4, 1.442485726316184658e-4, 5.888729740967575007e-5, 1.175651343283149146e-3,
		2.386356198831330469e-3, 6.238968252742795787e-3, 2.849998395185768658e-3, 2.850001604814231342e-3,
	},
}

package problems

import "github.com/costate-go/costate/ode/neural"

// PredatorPrey are the equations of Lotka (1925) and Volterra (1926) with their four coefficients as parameters,
//
//	ẋ₁ = θ₁x₁ − θ₂x₁x₂,   ẋ₂ = θ₃x₁x₂ − θ₄x₂,
//
// to be found from a series of states.
func PredatorPrey() neural.Func {
	return neural.Func{D: 2, P: 4,
		F: func(dx []float64, _ float64, x, u []float64) {
			dx[0] = u[0]*x[0] - u[1]*x[0]*x[1]
			dx[1] = u[2]*x[0]*x[1] - u[3]*x[1]
		},
		VJP: func(px, pu []float64, _ float64, x, u, p []float64) {
			xy := x[0] * x[1]
			px[0] = p[0]*(u[0]-u[1]*x[1]) + p[1]*u[2]*x[1]
			px[1] = -p[0]*u[1]*x[0] + p[1]*(u[2]*x[0]-u[3])
			pu[0], pu[1], pu[2], pu[3] = p[0]*x[0], -p[0]*xy, p[1]*xy, -p[1]*x[1]
		},
		JVP: func(dst []float64, _ float64, x, u, v, w []float64) {
			xy := x[0] * x[1]
			dst[0] = (u[0]-u[1]*x[1])*v[0] - u[1]*x[0]*v[1] + x[0]*w[0] - xy*w[1]
			dst[1] = u[2]*x[1]*v[0] + (u[2]*x[0]-u[3])*v[1] + xy*w[2] - x[1]*w[3]
		},
	}
}

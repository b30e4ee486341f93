package systems

import (
	"fmt"
	"math"
)

// doublePendulum hangs a mass m from a mass 1 on rods of lengths l and 1, k = g: with Δ = φ₁ − φ₂,
//
//	(1 + m)φ̈₁ + ml cos Δ φ̈₂ = −ml sin Δ φ̇₂² − (1 + m)k sin φ₁,
//	cos Δ φ̈₁ + l φ̈₂ = sin Δ φ̇₁² − k sin φ₂,
//
// the Lagrangian equations divided by what the lower mass has in common.
var doublePendulum = &System{
	Name: "double_pendulum", Title: "double pendulum", States: []string{"angle1", "angle2", "velocity1", "velocity2"},
	Params: []string{"mass", "length", "gravity"}, Values: []float64{1, 1, 9.81}, X0: []float64{1.2, 1, 0, 0}, T1: 5, Points: 500,
	f: func(dx []float64, _ float64, x, u []float64) {
		sin, cos := math.Sincos(x[0] - x[1])
		m, l, k := u[0], u[1], u[2]
		r1 := -m*l*sin*x[3]*x[3] - (1+m)*k*math.Sin(x[0])
		r2 := sin*x[2]*x[2] - k*math.Sin(x[1])
		dx[0], dx[1] = x[2], x[3]
		dx[2], dx[3] = solve(1+m, m*l*cos, cos, l, r1, r2)
	},
	jacobian: func(fx, fu []float64, _ float64, x, u []float64) {
		sin, cos := math.Sincos(x[0] - x[1])
		sin1, cos1 := math.Sincos(x[0])
		sin2, cos2 := math.Sincos(x[1])
		m, l, k := u[0], u[1], u[2]
		r1 := -m*l*sin*x[3]*x[3] - (1+m)*k*sin1
		r2 := sin*x[2]*x[2] - k*sin2
		a1, a2 := solve(1+m, m*l*cos, cos, l, r1, r2)
		// M a = r: M ∂a = ∂r − ∂M a. Through Δ:
		d1 := -m*l*cos*x[3]*x[3] + m*l*sin*a2
		d2 := cos*x[2]*x[2] + sin*a1
		put := func(j []float64, columns, column int, r1, r2 float64) {
			j[2*columns+column], j[3*columns+column] = solve(1+m, m*l*cos, cos, l, r1, r2)
		}
		fx[2], fx[7] = 1, 1
		put(fx, 4, 0, d1-(1+m)*k*cos1, d2)
		put(fx, 4, 1, -d1, -d2-k*cos2)
		put(fx, 4, 2, 0, 2*sin*x[2])
		put(fx, 4, 3, -2*m*l*sin*x[3], 0)
		if fu == nil {
			return
		}
		put(fu, 3, 0, -l*sin*x[3]*x[3]-k*sin1-a1-l*cos*a2, 0)
		put(fu, 3, 1, -m*sin*x[3]*x[3]-m*cos*a2, -a2)
		put(fu, 3, 2, -(1+m)*sin1, -sin2)
	},
}

// solve solves [[a, b], [c, d]] (x, y) = (r, s).
func solve(a, b, c, d, r, s float64) (x, y float64) {
	det := a*d - b*c
	return (d*r - b*s) / det, (a*s - c*r) / det
}

// heatPoints are the inner points of the rod.
const heatPoints = 15

// heat is u_t = κ u_xx on a rod of length 1 with ends at 0, by central differences (the method of lines).
var heat = func() *System {
	s := &System{
		Name: "heat", Title: "heat equation", Params: []string{"kappa"}, Values: []float64{0.1}, T1: 1, Points: 100,
		f: func(dx []float64, _ float64, x, u []float64) {
			for i := range x {
				dx[i] = u[0] * curvature(x, i)
			}
		},
		jacobian: func(fx, fu []float64, _ float64, x, u []float64) {
			const c = (heatPoints + 1) * (heatPoints + 1)
			for i := range x {
				row := fx[i*heatPoints : (i+1)*heatPoints]
				row[i] = -2 * c * u[0]
				if i > 0 {
					row[i-1] = c * u[0]
				}
				if i < heatPoints-1 {
					row[i+1] = c * u[0]
				}
				if fu != nil {
					fu[i] = curvature(x, i)
				}
			}
		},
	}
	for i := range heatPoints {
		at := float64(i+1) / (heatPoints + 1)
		s.States = append(s.States, fmt.Sprintf("u%d", i+1))
		s.X0 = append(s.X0, math.Sin(math.Pi*at)+0.5*math.Sin(3*math.Pi*at))
	}
	return s
}()

// curvature is the second difference at point i.
func curvature(x []float64, i int) float64 {
	sum := -2 * x[i]
	if i > 0 {
		sum += x[i-1]
	}
	if i < len(x)-1 {
		sum += x[i+1]
	}
	return sum * (heatPoints + 1) * (heatPoints + 1)
}

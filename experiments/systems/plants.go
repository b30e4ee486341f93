package systems

import (
	"math"

	"github.com/costate-go/costate/ode/neural"
)

// Plant is a system with one control that is to be brought to rest at the origin. Plants must not be changed.
type Plant struct {
	Name, Title string
	States      []string
	Spread      []float64 // half widths of the usual initial states
	T1          float64   // usual horizon
	// Linear holds A (row-major) and B of ẋ = Ax + Bu where that is all; nil otherwise.
	A, B []float64

	f        func(dx, x []float64, u float64)
	jacobian func(fx []float64, width int, x []float64) // f_x in rows of a given width
	gain     []float64                                  // f_u
	// size is a distance from the origin, |x|² near it, with its gradient in g unless nil.
	size func(g, x []float64) float64
}

// Steered is the plant with one more state that counts q·size + r·u².
func (p *Plant) Steered(q, r float64) neural.Func {
	d := len(p.States)
	return neural.Func{
		D: d + 1, P: 1,
		F: func(dx []float64, _ float64, x, u []float64) {
			p.f(dx[:d], x[:d], u[0])
			dx[d] = q*p.size(nil, x[:d]) + r*u[0]*u[0]
		},
		Jacobian: func(fx, fu []float64, _ float64, x, u []float64) {
			p.jacobian(fx, d+1, x[:d])
			last := fx[d*(d+1) : d*(d+1)+d]
			p.size(last, x[:d])
			for i := range last {
				last[i] *= q
			}
			copy(fu, p.gain)
			fu[d] = 2 * r * u[0]
		},
	}
}

// Size is a distance of a state from the origin, |x|² near it, and stores its gradient in g unless that is nil.
func (p *Plant) Size(g, x []float64) float64 { return p.size(g, x) }

// PlantNames are those of all plants.
func PlantNames() []string {
	var out []string
	for _, p := range plants {
		out = append(out, p.Name)
	}
	return out
}

// PlantByName finds a plant; nil where there is none.
func PlantByName(name string) *Plant {
	for _, p := range plants {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// square norm and its gradient.
func squares(g, x []float64) float64 {
	sum := 0.0
	for i, v := range x {
		sum += v * v
		if g != nil {
			g[i] = 2 * v
		}
	}
	return sum
}

var plants = []*Plant{
	{
		Name: "double_integrator", Title: "double integrator q̈ = u", States: []string{"position", "velocity"}, Spread: []float64{1, 1}, T1: 8,
		A: []float64{0, 1, 0, 0}, B: []float64{0, 1},
		f:        func(dx, x []float64, u float64) { dx[0], dx[1] = x[1], u },
		jacobian: func(fx []float64, _ int, _ []float64) { fx[1] = 1 },
		gain:     []float64{0, 1},
		size:     squares,
	},
	{
		Name: "oscillator", Title: "oscillator q̈ = −q + u", States: []string{"position", "velocity"}, Spread: []float64{1, 1}, T1: 8,
		A: []float64{0, 1, -1, 0}, B: []float64{0, 1},
		f:        func(dx, x []float64, u float64) { dx[0], dx[1] = x[1], u-x[0] },
		jacobian: func(fx []float64, width int, _ []float64) { fx[1], fx[width] = 1, -1 },
		gain:     []float64{0, 1},
		size:     squares,
	},
	{ // the size counts full turns as none
		Name: "upright_pendulum", Title: "pendulum φ̈ = sin φ − φ̇/10 + u, upright at φ = 0", States: []string{"angle", "velocity"}, Spread: []float64{math.Pi, 1}, T1: 8,
		f: func(dx, x []float64, u float64) { dx[0], dx[1] = x[1], math.Sin(x[0])-0.1*x[1]+u },
		jacobian: func(fx []float64, width int, x []float64) {
			fx[1], fx[width], fx[width+1] = 1, math.Cos(x[0]), -0.1
		},
		gain: []float64{0, 1},
		size: func(g, x []float64) float64 {
			sin, cos := math.Sincos(x[0])
			if g != nil {
				g[0], g[1] = 2*sin, 2*x[1]
			}
			return 2*(1-cos) + x[1]*x[1]
		},
	},
}

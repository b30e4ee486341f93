// Package systems holds differential equations that are known by name: ẋ = f(t, x, θ) with physical parameters θ, exact Jacobians, and
// the initial state and span of time that built-in data are made with.
package systems

import (
	"slices"

	"github.com/costate-go/costate/ode/neural"
)

// System is an equation with its usual numbers. Systems must not be changed.
type System struct {
	Name, Title string
	States      []string  // names of the D states
	Params      []string  // names of the P parameters
	Values      []float64 // and their usual values
	X0          []float64 // usual initial state
	T1          float64   // usual end of time, from 0
	Points      int       // usual number of observations
	Driven      bool      // f depends on t

	f        func(dx []float64, t float64, x, u []float64)
	jacobian func(fx, fu []float64, t float64, x, u []float64) // a nil fu is not wanted
}

// Field is the equation with its parameters as the control.
func (s *System) Field() neural.Func {
	return neural.Func{D: len(s.States), P: len(s.Params), F: s.f, Jacobian: s.jacobian}
}

// Fixed is the equation with given parameters and no control.
func (s *System) Fixed(values []float64) neural.Func {
	values = slices.Clone(values)
	return neural.Func{
		D:        len(s.States),
		F:        func(dx []float64, t float64, x, _ []float64) { s.f(dx, t, x, values) },
		Jacobian: func(fx, _ []float64, t float64, x, _ []float64) { s.jacobian(fx, nil, t, x, values) },
	}
}

// All lists the systems, the ones that demonstrations use first.
func All() []*System { return all }

// Names are those of All.
func Names() []string {
	var out []string
	for _, s := range all {
		out = append(out, s.Name)
	}
	return out
}

// ByName finds a system; nil where there is none.
func ByName(name string) *System {
	for _, s := range all {
		if s.Name == name {
			return s
		}
	}
	return nil
}

var all = []*System{
	spiral, lotkaVolterra, vanDerPol, pendulum, drivenPendulum, lorenz, sir, brusselator, doublePendulum, heat, kepler,
}

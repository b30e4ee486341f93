package ode

import "math"

// Event is a function of time and state whose sign changes are located on the dense output.
type Event struct {
	// G is evaluated at the end of every accepted step and, after a change of sign, at points inside it. It must
	// not keep or change x.
	G func(t float64, x []float64) float64
	// Direction > 0 takes only changes from negative to positive, in the direction of integration, < 0 only the
	// opposite ones, 0 both.
	Direction int
	// Terminal ends the integration at the event.
	Terminal bool
}

// Occurrence is an event that happened.
type Occurrence struct {
	Event int // index in Settings.Events
	T     float64
	X     []float64
}

func (e *Event) crosses(before, after float64) bool {
	switch {
	case before == 0: // reported when it was reached
		return false
	case before < 0:
		return after >= 0 && e.Direction >= 0
	}
	return after <= 0 && e.Direction <= 0
}

// locate finds s in (0, 1] with a sign change of g, given g(0) and g(1) of opposite sign or g(1) = 0: bisection made
// fast by the Illinois rule. The returned point lies on the far side of the change, so that an integration which
// goes on from it does not meet the event again.
func locate(g func(s float64) float64, g0, g1 float64) float64 {
	a, b := 0.0, 1.0
	side := 0
	for i := 0; i < 100 && b-a > 4e-16; i++ {
		s := (a*g1 - b*g0) / (g1 - g0)
		if i%3 == 2 || !(s > a && s < b) {
			s = a + (b-a)/2
		}
		if s == a || s == b {
			break
		}
		v := g(s)
		if math.Signbit(v) == math.Signbit(g0) && v != 0 {
			if a, g0 = s, v; side == -1 {
				g1 /= 2
			}
			side = -1
		} else {
			if b, g1 = s, v; side == 1 {
				g0 /= 2
			}
			side = 1
			if v == 0 {
				break
			}
		}
	}
	return b
}

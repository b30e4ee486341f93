package suite

import (
	"math"

	"github.com/costate-go/costate/ode/testproblems"
)

// pleiades is the motion of seven stars in a plane, of masses 1 … 7 (Hairer, Nørsett & Wanner, Solving ODEs I, section II.10):
// abscissae, ordinates, and their rates. The end state was computed in quadruple precision by the extrapolated
// midpoint rule of orders 20 and 24, which agree to 22 digits.
var pleiades = testproblems.Problem{
	Name: "pleiades",
	F:    attract,
	T1:   3,
	X0: []float64{
		3, 3, -1, -3, 2, -2, 2, 3, -3, 2, 0, 0, -4, 4,
		0, 0, 0, 0, 0, 1.75, -1.5, 0, 0, 0, -1.25, 1, 0, 0,
	},
	X1: []float64{
		3.706139143970512901e-1, 3.237284092057233093, -3.222559032418323347, 6.597091455775308359e-1,
		3.425581707156579790e-1, 1.562172101400631016, -7.003092922212495385e-1, -3.943437585517392055,
		-3.271380973972549928, 5.225081843456544192, -2.590612434977469511, 1.198213693392274638,
		-2.429682344935823409e-1, 1.091449240428979748, 3.417003806314314752, 1.354584501625501221,
		-2.590065597810775420, 2.025053734714241106, -1.155815100160449093, -8.072988170223021726e-1,
		5.952396354208718767e-1, -3.741244961234008471, 3.773459685750629037e-1, 9.386858869551078887e-1,
		3.667922227200569867e-1, -3.474046353808494366e-1, 2.344915448180936923, -1.947020434263291901,
	},
}

//go:generate go run genpleiades.go

// stars is the number of bodies.
const stars = 7

// pull is the attraction of a unit mass at the distance (p, q), over the distance.
func pull(p, q float64) float64 {
	r2 := p*p + q*q
	return 1 / (r2 * math.Sqrt(r2))
}

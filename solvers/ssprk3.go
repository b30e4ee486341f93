package solvers

// SSPRK3 is the optimal method of order 3 and three stages that preserves strong stability: a convex combination of
// Euler steps, for h up to that of the Euler method. It has no error estimate. Its continuous extension is the
// cubic Hermite interpolant of order 3; it uses f at the end of the step, which is the next step's first stage.
var SSPRK3 = mustTableau(Coefficients{
	Name:       "ssprk3",
	Source:     "C.-W. Shu, S. Osher, J. Comput. Phys. 77 (1988) 439–471",
	Order:      3,
	DenseOrder: 3,
	C:          "0 1 1/2",
	A: []string{
		"1",
		"1/4 1/4",
	},
	B: "1/6 1/6 2/3",
	// As in RK4.
	Dense: []string{
		"1 -3/2 2/3",
		"0 1/2 -1/3",
		"0 2 -4/3",
		"0 -1 1",
	},
})

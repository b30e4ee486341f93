package solvers

// ThreeEighths is the 3/8 rule of order 4, without an error estimate. Its continuous extension is the cubic Hermite
// interpolant of order 3; it uses f at the end of the step, which is the next step's first stage.
var ThreeEighths = mustTableau(Coefficients{
	Name:       "rk38",
	Source:     "W. Kutta, Z. Math. Phys. 46 (1901) 435–453",
	Order:      4,
	DenseOrder: 3,
	C:          "0 1/3 2/3 1",
	A: []string{
		"1/3",
		"-1/3 1",
		"1 -1 1",
	},
	B: "1/8 3/8 3/8 1/8",
	// As in RK4.
	Dense: []string{
		"1 -13/8 3/4",
		"0 9/8 -3/4",
		"0 9/8 -3/4",
		"0 3/8 -1/4",
		"0 -1 1",
	},
})

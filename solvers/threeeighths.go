package solvers

// ThreeEighths is the 3/8 rule of order 4, without an error estimate. Its continuous extension of order 4 is made as that of
// RK4, with one more evaluation.
var ThreeEighths = mustTableau(Coefficients{
	Name:       "rk38",
	Source:     "W. Kutta, Z. Math. Phys. 46 (1901) 435–453",
	Order:      4,
	DenseOrder: 4,
	C:          "0 1/3 2/3 1",
	A: []string{
		"1/3",
		"-1/3 1",
		"1 -1 1",
	},
	B: "1/8 3/8 3/8 1/8",
	// As in RK4.
	DenseC: "1/3",
	DenseA: []string{"13/72 7/72 7/72 7/216 -2/27"},
	Dense: []string{
		"1 -11/4 3 -9/8",
		"0 -9/4 6 -27/8",
		"0 -9/4 6 -27/8",
		"0 -3/4 2 -9/8",
		"0 5/4 -7/2 9/4",
		"0 27/4 -27/2 27/4",
	},
})

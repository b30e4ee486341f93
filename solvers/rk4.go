package solvers

// RK4 is the classical method of order 4, without an error estimate. Its continuous extension of order 4 uses f at the end of
// the step, which is the next step's first stage, and one more evaluation on the cubic Hermite interpolant at a third of the
// step, whose error there is O(h⁴).
var RK4 = mustTableau(Coefficients{
	Name:       "rk4",
	Source:     "W. Kutta, Z. Math. Phys. 46 (1901) 435–453",
	Order:      4,
	DenseOrder: 4,
	C:          "0 1/2 1/2 1",
	A: []string{
		"1/2",
		"0 1/2",
		"0 0 1",
	},
	B: "1/6 1/3 1/3 1/6",
	// The quartic with the values of x at both ends and of ẋ there and at 1/3 (bootstrapping, Hairer, Nørsett & Wanner II.6).
	DenseC: "1/3",
	DenseA: []string{"31/162 7/81 7/81 7/162 -2/27"},
	Dense: []string{
		"1 -3 11/3 -3/2",
		"0 -2 16/3 -3",
		"0 -2 16/3 -3",
		"0 -1 8/3 -3/2",
		"0 5/4 -7/2 9/4",
		"0 27/4 -27/2 27/4",
	},
})

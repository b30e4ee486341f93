package solvers

// RK4 is the classical method of order 4, without an error estimate. Its continuous extension is the cubic
// Hermite interpolant of order 3; it uses f at the end of the step, which is the next step's first stage.
var RK4 = mustTableau(Coefficients{
	Name:       "rk4",
	Source:     "W. Kutta, Z. Math. Phys. 46 (1901) 435–453",
	Order:      4,
	DenseOrder: 3,
	C:          "0 1/2 1/2 1",
	A: []string{
		"1/2",
		"0 1/2",
		"0 0 1",
	},
	B: "1/6 1/3 1/3 1/6",
	// b_i(σ) = (3σ² − 2σ³) b_i, plus σ − 2σ² + σ³ on the first stage and σ³ − σ² on f(t + h, x⁺).
	Dense: []string{
		"1 -3/2 2/3",
		"0 1 -2/3",
		"0 1 -2/3",
		"0 1/2 -1/3",
		"0 -1 1",
	},
})

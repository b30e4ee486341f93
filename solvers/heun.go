package solvers

// Heun is the explicit trapezoidal rule of order 2, without an error estimate; its continuous extension is the
// quadratic of order 2.
var Heun = mustTableau(Coefficients{
	Name:       "heun",
	Source:     "K. Heun, Z. Math. Phys. 45 (1900) 23–38",
	Order:      2,
	DenseOrder: 2,
	C:          "0 1",
	A:          []string{"1"},
	B:          "1/2 1/2",
	Dense: []string{
		"1 -1/2",
		"0 1/2",
	},
})

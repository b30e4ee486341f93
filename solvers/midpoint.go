package solvers

// Midpoint is the explicit midpoint rule of order 2, without an error estimate; its continuous extension is the
// quadratic of order 2.
var Midpoint = mustTableau(Coefficients{
	Name:       "midpoint",
	Source:     "C. Runge, Math. Ann. 46 (1895) 167–178",
	Order:      2,
	DenseOrder: 2,
	C:          "0 1/2",
	A:          []string{"1/2"},
	B:          "0 1",
	Dense: []string{
		"1 -1",
		"0 1",
	},
})

package solvers

// Ralston is the method of order 2 with the smallest bound on the local error among those of two stages, without an
// error estimate; its continuous extension is the quadratic of order 2.
var Ralston = mustTableau(Coefficients{
	Name:       "ralston",
	Source:     "A. Ralston, Math. Comp. 16 (1962) 431–437",
	Order:      2,
	DenseOrder: 2,
	C:          "0 2/3",
	A:          []string{"2/3"},
	B:          "1/4 3/4",
	Dense: []string{
		"1 -3/4",
		"0 3/4",
	},
})

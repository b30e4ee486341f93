package solvers

// Euler is the explicit Euler method of order 1, without an error estimate; its continuous extension is the
// straight line between the ends of the step.
var Euler = mustTableau(Coefficients{
	Name:       "euler",
	Source:     "L. Euler, Institutionum calculi integralis I (1768), § 650",
	Order:      1,
	DenseOrder: 1,
	C:          "0",
	B:          "1",
	Dense:      []string{"1"},
})

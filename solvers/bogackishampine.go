package solvers

// BogackiShampine32 is the pair of orders 3(2) of Bogacki and Shampine: three evaluations a step, first same
// as last. Its continuous extension is the cubic Hermite interpolant of order 3.
var BogackiShampine32 = mustTableau(Coefficients{
	Name:       "bs3",
	Source:     "P. Bogacki, L. F. Shampine, Appl. Math. Lett. 2 (1989) 321–325",
	Order:      3,
	ErrorOrder: 2,
	DenseOrder: 3,
	C:          "0 1/2 3/4 1",
	A: []string{
		"1/2",
		"0 3/4",
		"2/9 1/3 4/9",
	},
	B:    "2/9 1/3 4/9 0",
	BHat: "7/24 1/4 1/3 1/8",
	Dense: []string{
		"1 -4/3 5/9",
		"0 1 -2/3",
		"0 4/3 -8/9",
		"0 -1 1",
	},
	FSAL: true,
})

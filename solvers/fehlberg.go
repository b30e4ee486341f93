package solvers

// Fehlberg45 is the pair of orders 4(5) of Fehlberg: six evaluations a step, of which it propagates the solution of order
// 4, as he did. No continuous extension came with it. This one is the quartic of order 4 through both ends with
// their slopes and the slope at a quarter of the step, where the cubic Hermite interpolant serves as state: it takes one
// evaluation more, and f at the end of the step, which is the next step's first stage.
var Fehlberg45 = mustTableau(Coefficients{
	Name:       "rkf45",
	Source:     "E. Fehlberg, Computing 6 (1970) 61–71; interpolant: W. H. Enright et al., ACM Trans. Math. Softw. 12 (1986) 193–218",
	Order:      4,
	ErrorOrder: 5,
	DenseOrder: 4,
	C:          "0 1/4 3/8 12/13 1 1/2",
	A: []string{
		"1/4",
		"3/32 9/32",
		"1932/2197 -7200/2197 7296/2197",
		"439/216 -8 3680/513 -845/4104",
		"-8/27 2 -3544/2565 1859/4104 -11/40",
	},
	B:      "25/216 0 1408/2565 2197/4104 -1/5 0",
	BHat:   "16/135 0 6656/12825 28561/56430 -9/50 2/55",
	DenseC: "1/4",
	DenseA: []string{
		"1097/6912 0 44/513 10985/131328 -1/32 0 -3/64",
	},
	Dense: []string{
		"1 -241/72 449/108 -61/36",
		"0 0 0 0",
		"0 -1408/855 2816/513 -2816/855",
		"0 -2197/1368 10985/2052 -2197/684",
		"0 3/5 -2 6/5",
		"0 0 0 0",
		"0 2/3 -7/3 5/3",
		"0 16/3 -32/3 16/3",
	},
})

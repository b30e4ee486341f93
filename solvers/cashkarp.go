package solvers

// CashKarp54 is the pair of orders 5(4) of Cash and Karp: six evaluations a step. No continuous extension came with it.
// This one is the quartic of order 4 of Fehlberg45.
var CashKarp54 = mustTableau(Coefficients{
	Name:       "cashkarp",
	Source:     "J. R. Cash, A. H. Karp, ACM Trans. Math. Softw. 16 (1990) 201–222; interpolant: W. H. Enright et al., ACM Trans. Math. Softw. 12 (1986) 193–218",
	Order:      5,
	ErrorOrder: 4,
	DenseOrder: 4,
	C:          "0 1/5 3/10 3/5 1 7/8",
	A: []string{
		"1/5",
		"3/40 9/40",
		"3/10 -9/10 6/5",
		"-11/54 5/2 -70/27 35/27",
		"1631/55296 175/512 575/13824 44275/110592 253/4096",
	},
	B:      "37/378 0 250/621 125/594 0 512/1771",
	BHat:   "2825/27648 0 18575/48384 13525/55296 277/14336 1/4",
	DenseC: "1/4",
	DenseA: []string{
		"943/6048 0 625/9936 625/19008 0 80/1771 -3/64",
	},
	Dense: []string{
		"1 -415/126 752/189 -100/63",
		"0 0 0 0",
		"0 -250/207 2500/621 -500/207",
		"0 -125/198 625/297 -125/99",
		"0 0 0 0",
		"0 -1536/1771 5120/1771 -3072/1771",
		"0 2/3 -7/3 5/3",
		"0 16/3 -32/3 16/3",
	},
})

package solvers

// Kvaerno3 is Kværnø's pair of orders 3(2) with four stages, both formulas stiffly accurate, the first L-stable. The
// paper prints ten digits; these are the solutions of the same equations to fifty, with γ the root of γ³ − 3γ² + 3γ/2
// = 1/6 near 0.436.
var Kvaerno3 = mustESDIRK(esdirkCoefficients{
	name:       "kvaerno3",
	source:     kvaernoSource,
	order:      3,
	errorOrder: 2,
	denseOrder: 3,
	gamma:      kvaernoGamma,
	a: []string{
		kvaernoGamma,
		"0.49056338842178057062846795846654469023074047679650 " +
			"0.07357009006976042995551259033989846723996543026507",
		"0.30880996997674652334816246988670051092001152324498 " +
			"1.49056338842178057062846795846654469023074047679650 " +
			"-1.23523987990698609339264987954680204368004609297991",
	},
})

const (
	kvaernoSource = "A. Kværnø, BIT Numer. Math. 44 (2004) 489–502"
	kvaernoGamma  = "0.43586652150845899941601945119355684252929409293843"
)

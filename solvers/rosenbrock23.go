package solvers

// Rosenbrock23 is the method of MATLAB's ode23s, of order 2 with an error estimate of order 3: L-stable, two evaluations
// a step, for rough tolerances. With d = 1/(2 + √2) and e = 6 + √2 its stages are
//
//	W k₁ = f(t, x) + hdḟ,   W(k₂ − k₁) = f(t + h/2, x + hk₁/2) − k₁,   x⁺ = x + hk₂,
//	W k₃ = f(t + h, x⁺) − e(k₂ − f₂) − 2(k₁ − f₁) + hdḟ,   W = I − hdJ,
//
// which in the form of type Rosenbrock is the table below: γ = d, with 1/d = 2 + √2 in all of a, c and e.
var Rosenbrock23 = mustRosenbrock(rosenbrockCoefficients{
	name:       "rosenbrock23",
	source:     "L. F. Shampine, M. W. Reichelt, SIAM J. Sci. Comput. 18 (1997) 1–22",
	order:      2,
	errorOrder: 2,
	denseOrder: 2,
	gamma:      "0.29289321881345247559915563789515096071516406231153",
	alpha:      "0 1/2 1",
	gammaSum:   "0.29289321881345247559915563789515096071516406231153 0 -0.29289321881345247559915563789515096071516406231153",
	a: []string{
		"1.7071067811865475244008443621048490392848359376884",
		"3.4142135623730950488016887242096980785696718753769 3.4142135623730950488016887242096980785696718753769",
	},
	c: []string{
		"-3.4142135623730950488016887242096980785696718753769",
		"-6.8284271247461900976033774484193961571393437507538 -25.313708498984760390413509793677584628557375003015",
	},
	last: "0",
	e: "-0.56903559372884917480028145403494967976161197922948 -3.0808802290397617154683553908763647452363385420435 " +
		"-0.56903559372884917480028145403494967976161197922948",
	h: []string{"0 -8.2426406871192851464050661726290942357090156261307 0"},
})

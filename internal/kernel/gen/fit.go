package main

import (
	"fmt"
	"math"
	"math/big"
)

// Polynomials are fitted here, in 400 bits, rather than copied.

const precision = 400

func number(v float64) *big.Float { return new(big.Float).SetPrec(precision).SetFloat64(v) }

func quo(a, b *big.Float) *big.Float   { return new(big.Float).SetPrec(precision).Quo(a, b) }
func prod(a, b *big.Float) *big.Float  { return new(big.Float).SetPrec(precision).Mul(a, b) }
func plus(a, b *big.Float) *big.Float  { return new(big.Float).SetPrec(precision).Add(a, b) }
func minus(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(precision).Sub(a, b) }

// series is Σ cₙ xⁿ, where next gives the numerator and denominator of cₙ₊₁/cₙ; c₀ is 1.
func series(x *big.Float, next func(n int64) (num, den int64)) *big.Float {
	sum, termN := number(1), number(1)
	for n := int64(0); n < 4000; n++ {
		num, den := next(n)
		termN = prod(termN, x)
		termN = quo(prod(termN, number(float64(num))), number(float64(den)))
		sum = plus(sum, termN)
		if termN.Sign() == 0 || termN.MantExp(nil) < sum.MantExp(nil)-precision {
			break
		}
	}
	return sum
}

func bigExp(x *big.Float) *big.Float {
	return series(x, func(n int64) (int64, int64) { return 1, n + 1 })
}

// artanhSeries is artanh(√u)/√u = Σ uⁿ/(2n + 1).
func artanhSeries(u *big.Float) *big.Float {
	return series(u, func(n int64) (int64, int64) { return 2*n + 1, 2*n + 3 })
}

// tanhQuotient is (tanh(√u)/√u − 1)/u.
func tanhQuotient(u *big.Float) *big.Float {
	x := new(big.Float).SetPrec(precision).Sqrt(u)
	e := bigExp(plus(x, x))
	t := quo(minus(e, number(1)), plus(e, number(1)))
	return quo(minus(quo(t, x), number(1)), u)
}

// expQuotient is (eˣ − 1 − x)/x² = Σ xⁿ/(n + 2)!.
func expQuotient(x *big.Float) *big.Float {
	return quo(series(x, func(n int64) (int64, int64) { return 1, n + 3 }), number(2))
}

// logQuotient is (artanh(√u)/√u − 1)/u = Σ uⁿ/(2n + 3).
func logQuotient(u *big.Float) *big.Float {
	return quo(minus(artanhSeries(u), number(1)), u)
}

// sineQuotient is (sin(√u)/√u − 1)/u.
func sineQuotient(u *big.Float) *big.Float {
	return quo(minus(series(u, func(n int64) (int64, int64) { return -1, (2*n + 2) * (2*n + 3) }), number(1)), u)
}

// cosineQuotient is (cos √u − 1 + u/2)/u².
func cosineQuotient(u *big.Float) *big.Float {
	c := series(u, func(n int64) (int64, int64) { return -1, (2*n + 1) * (2*n + 2) })
	return quo(plus(minus(c, number(1)), quo(u, number(2))), prod(u, u))
}

// normalTail is e^(a²/2)·(1 − Φ(a)) for a ≥ 0, Φ the normal distribution function: half the scaled complementary error function
// at a/√2, by the series of the error function or by its continued fraction.
func normalTail(a *big.Float) *big.Float {
	// 1 − Φ(a) = ½ − φ(a)(a + a³/3 + a⁵/(3·5) + …), and a continued fraction φ(a)/(a + 1/(a + 2/(a + 3/(a + …)))).
	root := quo(number(1), new(big.Float).SetPrec(precision).Sqrt(prod(number(2), bigPi())))
	if v, _ := a.Float64(); v > 9 {
		f := plus(a, number(0))
		for k := 1200; k >= 1; k-- {
			f = plus(a, quo(number(float64(k)), f))
		}
		return quo(root, f)
	}
	half := prod(a, a)
	half = quo(half, number(2))
	s := prod(a, series(prod(a, a), func(n int64) (int64, int64) { return 1, 2*n + 3 }))
	return minus(quo(bigExp(half), number(2)), prod(root, s))
}

// bigPi is by Machin's formula.
func bigPi() *big.Float {
	arctan := func(n float64) *big.Float {
		x := quo(number(1), number(n))
		return prod(x, series(prod(x, x), func(n int64) (int64, int64) { return -(2*n + 1), 2*n + 3 }))
	}
	return minus(prod(number(16), arctan(5)), prod(number(4), arctan(239)))
}

// fit returns the coefficients, constant first, of the polynomial through f at the Chebyshev points of [lo, hi].
func fit(f func(*big.Float) *big.Float, lo, hi float64, degree int) []float64 {
	// Newton's divided differences, then monomials.
	n := degree + 1
	x, c := make([]*big.Float, n), make([]*big.Float, n)
	for i := range x {
		x[i] = number((lo+hi)/2 + (hi-lo)/2*math.Cos(math.Pi*(float64(i)+0.5)/float64(n)))
		c[i] = f(x[i])
	}
	for j := 1; j < n; j++ {
		for i := n - 1; i >= j; i-- {
			c[i] = quo(minus(c[i], c[i-1]), minus(x[i], x[i-j]))
		}
	}
	p := make([]*big.Float, n)
	for i := range p {
		p[i] = number(0)
	}
	for i := n - 1; i >= 0; i-- { // p = p·(x − xᵢ) + cᵢ
		for k := n - 1; k >= 0; k-- {
			v := prod(p[k], x[i])
			v.Neg(v)
			if k > 0 {
				v = plus(v, p[k-1])
			}
			p[k] = v
		}
		p[0] = plus(p[0], c[i])
	}
	out := make([]float64, n)
	for i, v := range p {
		out[i], _ = v.Float64()
	}
	return out
}

// term is the name of a polynomial's coefficient i.
func term(name string, i int) string { return fmt.Sprintf("%s%d", name, i) }

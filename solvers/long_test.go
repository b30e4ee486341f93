package solvers

import (
	"math"
	"math/big"
	"testing"
)

// Orders measured with the exact coefficients and 400 bits, where rounding hides nothing: small steps show the leading
// term of the error even of methods that reach the end of double precision before.

type long = *big.Float

func whole(v int64) long   { return number(big.NewRat(v, 1)) }
func newLong() long        { return number(new(big.Rat)) }
func times(a, b long) long { return newLong().Mul(a, b) }
func plus(a, b long) long  { return newLong().Add(a, b) }

type longProblem struct {
	name  string
	f     func(t long, x []long) []long
	exact func(t long) []long
}

// Both solutions are rational, and so are right-hand sides: no functions of long numbers are needed.
var longProblems = []longProblem{
	{
		name: "nonlinear", // u = 1/(1 + t), v = u²
		f: func(_ long, x []long) []long {
			return []long{newLong().Neg(x[1]), times(whole(-2), times(x[0], x[1]))}
		},
		exact: func(t long) []long {
			u := newLong().Quo(whole(1), plus(whole(1), t))
			return []long{u, times(u, u)}
		},
	},
	{
		name: "non-autonomous", // u = 1/(1 + t²), w = tu
		f: func(t long, x []long) []long {
			tu := times(times(whole(-2), t), x[0])
			return []long{times(tu, x[0]), plus(x[0], times(tu, x[1]))}
		},
		exact: func(t long) []long {
			u := newLong().Quo(whole(1), plus(whole(1), times(t, t)))
			return []long{u, times(t, u)}
		},
	},
}

// longTableau holds the coefficients of a method, further stages included.
type longTableau struct {
	a        [][]long
	b, e, e2 []long
	c        []long
	dense    [][]long
	stages   int
}

func newLongTableau(tab *Tableau) *longTableau {
	exact := tab.exactly()
	l := &longTableau{a: newConditions(tab).a, b: numbers(exact.b), c: numbers(exact.c), stages: tab.Stages()}
	if !tab.FSAL {
		l.c = append(l.c, whole(1))
	}
	l.c = append(l.c, numbers(exact.denseC)...)
	if tab.E != nil {
		l.e = numbers(exact.e)
	}
	if tab.E2 != nil {
		l.e2 = numbers(exact.e2)
	}
	for _, row := range exact.dense {
		l.dense = append(l.dense, numbers(row))
	}
	return l
}

func (l *longTableau) stage(p longProblem, t, h long, x []long, count int) (k [][]long) {
	for i := range count {
		k = append(k, p.f(plus(t, times(l.c[i], h)), combineLong(x, h, l.a[i], k)))
	}
	return k
}

// combineLong is x + h Σ w_j k_j, without x where it is nil.
func combineLong(x []long, h long, w []long, k [][]long) []long {
	out := make([]long, 2)
	for i := range out {
		out[i] = newLong()
		for j := range w {
			if w[j].Sign() != 0 {
				out[i].Add(out[i], times(w[j], k[j][i]))
			}
		}
		out[i].Mul(out[i], h)
		if x != nil {
			out[i].Add(out[i], x[i])
		}
	}
	return out
}

func distanceLong(x, y []long) float64 {
	var top float64
	for i := range x {
		d, _ := newLong().Sub(x[i], y[i]).Float64()
		top = max(top, math.Abs(d))
	}
	return top
}

func TestOrdersInLongArithmetic(t *testing.T) {
	for _, tab := range tableaux() {
		l := newLongTableau(tab)
		for _, p := range longProblems {
			check := func(what string, nominal int, fail func(n int64) float64) {
				t.Helper()
				if order := math.Log2(fail(300) / fail(600)); math.Abs(order-float64(nominal)) > 0.2 {
					t.Errorf("%s, %s: %s falls with order %.3f, not %d", tab.Name(), p.name, what, order, nominal)
				}
			}
			check("the error at the end", tab.Order(), func(n int64) float64 {
				h := number(big.NewRat(1, n))
				x := p.exact(newLong())
				for i := range n {
					at := number(big.NewRat(i, n))
					x = combineLong(x, h, l.b, l.stage(p, at, h, x, l.stages))
				}
				return distanceLong(x, p.exact(whole(1)))
			})
			// The rest looks at the first step, short enough to stand for all, from a point where nothing vanishes.
			start := number(big.NewRat(1, 3))
			first := func(n int64) (h long, x []long, k [][]long) {
				h, x = number(big.NewRat(1, n)), p.exact(start)
				return h, x, l.stage(p, start, h, x, len(l.a))
			}
			if l.e != nil {
				check("the estimate", min(tab.Order(), tab.embedded)+1, func(n int64) float64 {
					h, x, k := first(n)
					return distanceLong(combineLong(x, h, l.e, k), x)
				})
			}
			if l.e2 != nil {
				check("the second estimate", tab.embedded2+1, func(n int64) float64 {
					h, x, k := first(n)
					return distanceLong(combineLong(x, h, l.e2, k), x)
				})
			}
			if tab == Verner76 {
				continue // its published digits leave a trace of order 7 that such short steps would see
			}
			check("the continuous extension", tab.DenseOrder()+1, func(n int64) float64 {
				h, x, k := first(n)
				var top float64
				for _, s := range []int64{1, 2, 3, 4} {
					sigma := number(big.NewRat(s, 5))
					w := make([]long, len(l.dense))
					for i, row := range l.dense {
						w[i] = newLong()
						for m := len(row) - 1; m >= 0; m-- {
							w[i].Mul(plus(w[i], row[m]), sigma)
						}
					}
					top = max(top, distanceLong(combineLong(x, h, w, k), p.exact(plus(start, times(sigma, h)))))
				}
				return top
			})
		}
	}
}

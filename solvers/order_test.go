package solvers

import (
	"math/big"
	"testing"
)

// tree is a rooted tree: an order condition Σ b_i Φ_i(t) = 1/γ(t) (Butcher 1963; Hairer, Nørsett & Wanner II.2).
type tree struct {
	children []*tree
	order    int
	gamma    int64
}

func graft(children []*tree) *tree {
	t := &tree{children: children, order: 1, gamma: 1}
	for _, c := range children {
		t.order += c.order
		t.gamma *= c.gamma
	}
	t.gamma *= int64(t.order)
	return t
}

// treesByOrder returns all rooted trees up to an order: a root on every multiset of smaller trees.
func treesByOrder(top int) [][]*tree {
	byOrder := make([][]*tree, top+1)
	var smaller []*tree
	for p := 1; p <= top; p++ {
		var add func(children []*tree, from, left int)
		add = func(children []*tree, from, left int) {
			if left == 0 {
				byOrder[p] = append(byOrder[p], graft(append([]*tree(nil), children...)))
				return
			}
			for i := from; i < len(smaller); i++ {
				if smaller[i].order <= left {
					add(append(children, smaller[i]), i, left-smaller[i].order)
				}
			}
		}
		add(nil, 0, p-1)
		smaller = append(smaller, byOrder[p]...)
	}
	return byOrder
}

func TestNumberOfRootedTrees(t *testing.T) {
	trees := treesByOrder(10)
	for p, want := range []int{0, 1, 1, 2, 4, 9, 20, 48, 115, 286, 719} {
		if got := len(trees[p]); got != want {
			t.Errorf("%d trees of order %d, want %d", got, p, want)
		}
	}
}

// precision of the arithmetic of the order conditions, in bits.
const precision = 400

func number(r *big.Rat) *big.Float { return new(big.Float).SetPrec(precision).SetRat(r) }

func numbers(row []*big.Rat) []*big.Float {
	out := make([]*big.Float, len(row))
	for i, r := range row {
		out[i] = number(r)
	}
	return out
}

// conditions evaluates elementary weights of a tableau. After its stages stand f(t + h, x⁺) and the further stages of
// the continuous extension.
type conditions struct {
	a    [][]*big.Float
	memo map[*tree][]*big.Float
}

func newConditions(tab *Tableau) *conditions {
	c := &conditions{memo: map[*tree][]*big.Float{}}
	exact := tab.exactly()
	rows := exact.a
	if !tab.FSAL {
		rows = append(rows, exact.b)
	}
	for _, row := range append(rows, exact.denseA...) {
		c.a = append(c.a, numbers(row))
	}
	return c
}

// phi returns Φ_i of a tree for every stage i.
func (c *conditions) phi(t *tree) []*big.Float {
	if v, ok := c.memo[t]; ok {
		return v
	}
	out := make([]*big.Float, len(c.a))
	for i := range out {
		out[i] = number(big.NewRat(1, 1))
		for _, child := range t.children {
			out[i].Mul(out[i], product(c.a[i], c.phi(child)))
		}
	}
	c.memo[t] = out
	return out
}

// dot multiplies row with the first entries of v, exactly.
func dot(row, v []*big.Rat) *big.Rat {
	sum := new(big.Rat)
	for j, a := range row {
		if a.Sign() != 0 {
			sum.Add(sum, new(big.Rat).Mul(a, v[j]))
		}
	}
	return sum
}

// product is dot in floating point.
func product(row, v []*big.Float) *big.Float {
	sum, product := number(new(big.Rat)), number(new(big.Rat))
	for j, a := range row {
		if a.Sign() != 0 {
			sum.Add(sum, product.Mul(a, v[j]))
		}
	}
	return sum
}

// defect is the largest |Σ w_i Φ_i(t) − target(t)| over trees.
func (c *conditions) defect(w []*big.Float, trees []*tree, target func(*tree) *big.Rat) float64 {
	var top float64
	for _, t := range trees {
		d := product(w, c.phi(t))
		f, _ := d.Sub(d, number(target(t))).Float64()
		top = max(top, f, -f)
	}
	return top
}

func reciprocalDensity(t *tree) *big.Rat { return big.NewRat(1, t.gamma) }

// tolerances are what the given digits of coefficients amount to, for the method and for its continuous extension;
// others are fractions.
var tolerances = map[*Tableau][2]float64{
	Tsit5:    {1e-60, 1e-60}, // decimals of eighty and seventy digits
	Verner65: {1e-40, 1e-40}, // fifty digits, coefficients up to 10⁵
	Verner76: {1e-40, 1e-35}, // fifty digits, further stages and extension forty
	Verner87: {1e-40, 1e-32},
	Verner98: {1e-40, 1e-34},
	DOP853:   {1e-27, 1e-25}, // thirty digits
}

func tolerance(tab *Tableau) (method, dense float64) {
	if tol, ok := tolerances[tab]; ok {
		return tol[0], tol[1]
	}
	return 1e-100, 1e-100
}

func tableaux() []*Tableau {
	var out []*Tableau
	for _, m := range Methods() {
		if t, ok := m.(*Tableau); ok {
			out = append(out, t)
		}
	}
	return out
}

func TestOrderConditions(t *testing.T) {
	trees := treesByOrder(10)
	check := func(t *testing.T, c *conditions, w []*big.Rat, order int, tol float64) {
		t.Helper()
		weights := numbers(w)
		for p := 1; p <= order; p++ {
			if d := c.defect(weights, trees[p], reciprocalDensity); d > tol {
				t.Errorf("conditions of order %d missed by %.3g", p, d)
			}
		}
		if d := c.defect(weights, trees[order+1], reciprocalDensity); d < 1e-7 {
			t.Errorf("all conditions of order %d hold, too: the order is understated", order+1)
		}
	}
	embedded := func(b, e []*big.Rat) []*big.Rat {
		out := make([]*big.Rat, len(b))
		for i := range b {
			out[i] = new(big.Rat).Sub(b[i], e[i])
		}
		return out
	}
	for _, tab := range tableaux() {
		c, exact := newConditions(tab), tab.exactly()
		tol, _ := tolerance(tab)
		t.Run(tab.Name(), func(t *testing.T) { check(t, c, exact.b, tab.Order(), tol) })
		if tab.E != nil {
			t.Run(tab.Name()+"/embedded", func(t *testing.T) { check(t, c, embedded(exact.b, exact.e), tab.embedded, tol) })
		}
		if tab.E2 != nil {
			t.Run(tab.Name()+"/second", func(t *testing.T) { check(t, c, embedded(exact.b, exact.e2), tab.embedded2, tol) })
		}
	}
}

func TestRowSums(t *testing.T) {
	for _, tab := range tableaux() {
		c, exact := newConditions(tab), tab.exactly()
		abscissae := exact.c
		if !tab.FSAL {
			abscissae = append(abscissae, big.NewRat(1, 1))
		}
		_, tol := tolerance(tab)
		for i, want := range append(abscissae, exact.denseC...) {
			sum := number(new(big.Rat))
			for _, a := range c.a[i] {
				sum.Add(sum, a)
			}
			if d, _ := sum.Sub(sum, number(want)).Float64(); max(d, -d) > tol {
				t.Errorf("%s: Σ_j a_%d,j differs from c_%d by %g", tab.Name(), i+1, i+1, d)
			}
		}
	}
}

// A continuous extension of order p satisfies Σ b_i(σ) Φ_i(t) = σ^|t|/γ(t) identically in σ for all |t| ≤ p.
func TestDenseOrderConditions(t *testing.T) {
	trees := treesByOrder(10)
	for _, tab := range tableaux() {
		c, exact := newConditions(tab), tab.exactly()
		defect := func(p int) (top float64) {
			for m := range max(len(tab.Dense[0]), p) { // powers that the extension lacks have zero coefficients
				column := make([]*big.Float, len(tab.Dense))
				for i := range column {
					column[i] = number(new(big.Rat))
					if m < len(tab.Dense[0]) {
						column[i].SetRat(exact.dense[i][m])
					}
				}
				top = max(top, c.defect(column, trees[p], func(t *tree) *big.Rat {
					if m+1 == t.order {
						return reciprocalDensity(t)
					}
					return new(big.Rat)
				}))
			}
			return top
		}
		_, tol := tolerance(tab)
		for p := 1; p <= tab.DenseOrder(); p++ {
			limit := tol
			if tab == Verner76 && p == 7 {
				limit = 1.4e-4 // what its published digits give
			}
			if d := defect(p); d > limit {
				t.Errorf("%s: conditions of order %d missed by %.3g", tab.Name(), p, d)
			}
		}
		if d := defect(tab.DenseOrder() + 1); d < 1e-4 {
			t.Errorf("%s: all conditions of order %d hold, too", tab.Name(), tab.DenseOrder()+1)
		}
	}
}

// The extension ends in x⁺, and where it has a slope at all (order 3 and more) leaves with f(t, x) and arrives with
// f(t + h, x⁺), so that the pieces join with a continuous derivative.
func TestDenseEndConditions(t *testing.T) {
	for _, tab := range tableaux() {
		_, tol := tolerance(tab)
		exact := tab.exactly()
		end := len(tab.Dense) - len(tab.DenseC) - 1
		for i, row := range exact.dense {
			value, slope := new(big.Rat), new(big.Rat)
			for m, v := range row {
				value.Add(value, v)
				slope.Add(slope, new(big.Rat).Mul(v, big.NewRat(int64(m+1), 1)))
			}
			b := new(big.Rat)
			if i < len(exact.b) {
				b = exact.b[i]
			}
			near := func(what string, got *big.Rat, want *big.Rat) {
				if d, _ := new(big.Rat).Sub(got, want).Float64(); max(d, -d) > tol {
					t.Errorf("%s: %s of stage %d is off by %g", tab.Name(), what, i+1, d)
				}
			}
			unit := func(yes bool) *big.Rat {
				if yes {
					return big.NewRat(1, 1)
				}
				return new(big.Rat)
			}
			near("b(1)", value, b)
			near("b'(0)", row[0], unit(i == 0))
			if tab.DenseOrder() >= 3 {
				near("b'(1)", slope, unit(i == end))
			}
		}
	}
}

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
	for p, want := range []int{0, 1, 1, 2, 4, 9, 20, 48} {
		if got := len(treesByOrder(7)[p]); got != want {
			t.Errorf("%d trees of order %d, want %d", got, p, want)
		}
	}
}

// conditions evaluates elementary weights of a tableau exactly. A further stage f(t + h, x⁺) stands at the end.
type conditions struct {
	a    [][]*big.Rat
	memo map[*tree][]*big.Rat
}

func newConditions(tab *Tableau) *conditions {
	return &conditions{
		a:    append(append([][]*big.Rat(nil), tab.exact.a...), tab.exact.b),
		memo: map[*tree][]*big.Rat{},
	}
}

// phi returns Φ_i of a tree for every stage i.
func (c *conditions) phi(t *tree) []*big.Rat {
	if v, ok := c.memo[t]; ok {
		return v
	}
	out := make([]*big.Rat, len(c.a))
	for i := range out {
		out[i] = big.NewRat(1, 1)
		for _, child := range t.children {
			out[i].Mul(out[i], dot(c.a[i], c.phi(child)))
		}
	}
	c.memo[t] = out
	return out
}

// dot multiplies row with the first entries of v.
func dot(row, v []*big.Rat) *big.Rat {
	sum := new(big.Rat)
	for j, a := range row {
		if a.Sign() != 0 {
			sum.Add(sum, new(big.Rat).Mul(a, v[j]))
		}
	}
	return sum
}

// defect is the largest |Σ w_i Φ_i(t) − target(t)| over trees.
func (c *conditions) defect(w []*big.Rat, trees []*tree, target func(*tree) *big.Rat) float64 {
	var top float64
	for _, t := range trees {
		d := dot(w, c.phi(t))
		f, _ := d.Sub(d, target(t)).Float64()
		top = max(top, f, -f)
	}
	return top
}

func reciprocalDensity(t *tree) *big.Rat { return big.NewRat(1, t.gamma) }

// tolerance is zero for rational coefficients; Tsit5's are decimals of eighty digits.
func tolerance(tab *Tableau) float64 {
	if tab == Tsit5 {
		return 1e-60
	}
	return 0
}

func tableaux() []*Tableau {
	var out []*Tableau
	for _, m := range Methods() {
		if tab, ok := m.(*Tableau); ok {
			out = append(out, tab)
		}
	}
	return out
}

func TestOrderConditions(t *testing.T) {
	trees := treesByOrder(6)
	check := func(t *testing.T, c *conditions, w []*big.Rat, order int, tol float64) {
		t.Helper()
		for p := 1; p <= order; p++ {
			if d := c.defect(w, trees[p], reciprocalDensity); d > tol {
				t.Errorf("conditions of order %d missed by %.3g", p, d)
			}
		}
		if d := c.defect(w, trees[order+1], reciprocalDensity); d < 1e-6 {
			t.Errorf("all conditions of order %d hold, too: the order is understated", order+1)
		}
	}
	for _, tab := range tableaux() {
		c := newConditions(tab)
		t.Run(tab.Name(), func(t *testing.T) { check(t, c, tab.exact.b, tab.Order(), tolerance(tab)) })
		if tab.ErrorOrder() == 0 {
			continue
		}
		t.Run(tab.Name()+"/embedded", func(t *testing.T) {
			bHat := make([]*big.Rat, len(tab.exact.b))
			for i, b := range tab.exact.b {
				bHat[i] = new(big.Rat).Sub(b, tab.exact.e[i])
			}
			check(t, c, bHat, tab.ErrorOrder(), tolerance(tab))
		})
	}
}

func TestRowSums(t *testing.T) {
	for _, tab := range tableaux() {
		for i, row := range tab.exact.a {
			sum := new(big.Rat)
			for _, a := range row {
				sum.Add(sum, a)
			}
			if d, _ := sum.Sub(sum, tab.exact.c[i]).Float64(); max(d, -d) > tolerance(tab) {
				t.Errorf("%s: Σ_j a_%d,j differs from c_%d by %g", tab.Name(), i+1, i+1, d)
			}
		}
	}
}

// A continuous extension of order p satisfies Σ b_i(σ) Φ_i(t) = σ^|t|/γ(t) identically in σ for all |t| ≤ p.
func TestDenseOrderConditions(t *testing.T) {
	trees := treesByOrder(5)
	for _, tab := range tableaux() {
		c := newConditions(tab)
		defect := func(p int) (top float64) {
			for m := range max(len(tab.Dense[0]), p) { // powers that the extension lacks have zero coefficients
				column := make([]*big.Rat, len(tab.Dense))
				for i := range column {
					column[i] = new(big.Rat)
					if m < len(tab.Dense[0]) {
						column[i] = tab.exact.dense[i][m]
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
		for p := 1; p <= tab.DenseOrder(); p++ {
			if d := defect(p); d > tolerance(tab) {
				t.Errorf("%s: conditions of order %d missed by %.3g", tab.Name(), p, d)
			}
		}
		if d := defect(tab.DenseOrder() + 1); d < 1e-6 {
			t.Errorf("%s: all conditions of order %d hold, too", tab.Name(), tab.DenseOrder()+1)
		}
	}
}

// The extension ends in x⁺, and where it has a slope at all (order 3 and more) leaves with f(t, x) and arrives with
// f(t + h, x⁺), so that the pieces join with a continuous derivative.
func TestDenseEndConditions(t *testing.T) {
	for _, tab := range tableaux() {
		end := len(tab.Dense) - 1
		for i, row := range tab.exact.dense {
			value, slope := new(big.Rat), new(big.Rat)
			for m, v := range row {
				value.Add(value, v)
				slope.Add(slope, new(big.Rat).Mul(v, big.NewRat(int64(m+1), 1)))
			}
			b := new(big.Rat)
			if i < len(tab.exact.b) {
				b = tab.exact.b[i]
			}
			near := func(what string, got *big.Rat, want *big.Rat) {
				if d, _ := new(big.Rat).Sub(got, want).Float64(); max(d, -d) > tolerance(tab) {
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

package solvers

import (
	"math/big"
	"testing"
)

func rosenbrocks() []*Rosenbrock { return []*Rosenbrock{Rosenbrock23, Rodas5P} }

// butcherForm holds the coefficients of the stages k_i: α, β = α + Γ, b, and the embedded weights, in the first s rows;
// α and β have a row more, b, for f(t + h, x⁺).
type butcherForm struct {
	alpha, beta, gamma [][]*big.Rat
	b, bHat            []*big.Rat
	memo               map[*tree][]*big.Rat
}

func toButcher(m *Rosenbrock) butcherForm {
	x := &m.exact
	s := len(x.alpha)
	// Γ⁻¹ = 1/γ − C is lower triangular; its inverse by forward substitution.
	inverse := square(s)
	for i := range s {
		inverse[i][i].Inv(x.gamma)
		for j := range i {
			inverse[i][j].Neg(x.c[i][j])
		}
	}
	gamma := square(s)
	for j := range s {
		for i := j; i < s; i++ {
			sum := new(big.Rat)
			if i == j {
				sum.SetInt64(1)
			}
			for l := j; l < i; l++ {
				sum.Sub(sum, new(big.Rat).Mul(inverse[i][l], gamma[l][j]))
			}
			gamma[i][j].Mul(sum, x.gamma)
		}
	}
	times := func(row []*big.Rat) []*big.Rat { // row·Γ
		out := make([]*big.Rat, s)
		for j := range out {
			out[j] = new(big.Rat)
			for l, v := range row {
				out[j].Add(out[j], new(big.Rat).Mul(v, gamma[l][j]))
			}
		}
		return out
	}
	f := butcherForm{memo: map[*tree][]*big.Rat{}, gamma: gamma, b: times(x.m)}
	for i := range s {
		row := times(x.a[i])
		f.alpha = append(f.alpha, row)
		both := make([]*big.Rat, s)
		for j := range both {
			both[j] = new(big.Rat).Add(row[j], gamma[i][j])
		}
		f.beta = append(f.beta, both)
	}
	hat := make([]*big.Rat, s)
	for i := range hat {
		hat[i] = new(big.Rat).Sub(x.m[i], x.e[i])
	}
	f.bHat = times(hat)
	return f
}

func square(s int) [][]*big.Rat {
	out := make([][]*big.Rat, s)
	for i := range out {
		for range s {
			out[i] = append(out[i], new(big.Rat))
		}
	}
	return out
}

// phi returns Φ_i of a tree: β where a vertex has one child, α where it has more (Hairer & Wanner II, section IV.7).
func (f *butcherForm) phi(t *tree) []*big.Rat {
	if v, ok := f.memo[t]; ok {
		return v
	}
	out := make([]*big.Rat, len(f.alpha))
	a := f.alpha
	if len(t.children) == 1 {
		a = f.beta
	}
	for i := range out {
		out[i] = big.NewRat(1, 1)
		for _, child := range t.children {
			out[i].Mul(out[i], dot(a[i], f.phi(child)))
		}
	}
	f.memo[t] = out
	return out
}

func (f *butcherForm) defect(w []*big.Rat, trees []*tree) (top float64) {
	for _, t := range trees {
		d := dot(w, f.phi(t))
		v, _ := d.Sub(d, reciprocalDensity(t)).Float64()
		top = max(top, v, -v)
	}
	return top
}

// rosenbrockTolerance allows for the sixteen digits that are published of Rodas5P and for those by which sums of large
// coefficients cancel.
func rosenbrockTolerance(m *Rosenbrock) float64 {
	if m == Rodas5P {
		return 1e-13
	}
	return 1e-45
}

func TestRosenbrockOrderConditions(t *testing.T) {
	trees := treesByOrder(6)
	for _, m := range rosenbrocks() {
		f := toButcher(m)
		check := func(what string, w []*big.Rat, order int) {
			for p := 1; p <= order; p++ {
				if d := f.defect(w, trees[p]); d > rosenbrockTolerance(m) {
					t.Errorf("%s, %s: conditions of order %d missed by %.3g", m, what, p, d)
				}
			}
			if d := f.defect(w, trees[order+1]); d < 1e-6 {
				t.Errorf("%s, %s: all conditions of order %d hold, too", m, what, order+1)
			}
		}
		check("solution", f.b, m.Order())
		embedded := m.ErrorOrder()
		if m == Rosenbrock23 {
			embedded = 3 // the better one is the embedded one, the error is that of the other
		}
		check("embedded", f.bHat, embedded)
	}
}

func TestRosenbrockRowSums(t *testing.T) {
	for _, m := range rosenbrocks() {
		f := toButcher(m)
		for i := range f.alpha {
			for what, pair := range map[string][2]*big.Rat{
				"α": {total(f.alpha[i]), m.exact.alpha[i]}, "γ": {total(f.gamma[i]), m.exact.gammaSum[i]},
			} {
				if d, _ := new(big.Rat).Sub(pair[0], pair[1]).Float64(); max(d, -d) > rosenbrockTolerance(m) {
					t.Errorf("%s: Σ_j %s_%d,j is off by %g", m, what, i+1, d)
				}
			}
		}
	}
}

func total(row []*big.Rat) *big.Rat {
	sum := new(big.Rat)
	for _, v := range row {
		sum.Add(sum, v)
	}
	return sum
}

package solvers

import (
	"math/big"
	"testing"
)

func esdirks() []*ESDIRK { return []*ESDIRK{Kvaerno3, Kvaerno4, Kvaerno5, KenCarp4} }

// esdirkTolerance allows for the digits that are known of the coefficients.
func esdirkTolerance(m *ESDIRK) float64 {
	if m == Kvaerno5 {
		return 5e-17
	}
	return 1e-45
}

// implicitConditions are those of a full matrix, of which x⁺ is the last stage.
func implicitConditions(m *ESDIRK) *conditions {
	c := &conditions{memo: map[*tree][]*big.Float{}}
	for _, row := range m.exact.a {
		c.a = append(c.a, numbers(row))
	}
	return c
}

func TestESDIRKOrderConditions(t *testing.T) {
	trees := treesByOrder(6)
	for _, m := range esdirks() {
		c := implicitConditions(m)
		check := func(what string, weights []*big.Rat, order int) {
			w := numbers(weights)
			for p := 1; p <= order; p++ {
				if d := c.defect(w, trees[p], reciprocalDensity); d > esdirkTolerance(m) {
					t.Errorf("%s, %s: conditions of order %d missed by %.3g", m, what, p, d)
				}
			}
			if d := c.defect(w, trees[order+1], reciprocalDensity); d < 1e-6 {
				t.Errorf("%s, %s: all conditions of order %d hold, too", m, what, order+1)
			}
		}
		check("solution", m.exact.b, m.Order())
		hat := make([]*big.Rat, m.Stages())
		for i, b := range m.exact.b {
			hat[i] = new(big.Rat).Sub(b, m.exact.e[i])
		}
		check("embedded", hat, m.ErrorOrder())
	}
}

// Stages are of order two: Σ_j a_ij c_j = c_i²/2.
func TestESDIRKStageOrder(t *testing.T) {
	for _, m := range esdirks() {
		for i, row := range m.exact.a {
			c := m.exact.c[i]
			d := dot(row, m.exact.c)
			square := new(big.Rat).Mul(c, c)
			d.Sub(d, square.Quo(square, big.NewRat(2, 1)))
			if v, _ := d.Float64(); max(v, -v) > esdirkTolerance(m) {
				t.Errorf("%s: stage %d misses order two by %g", m, i+1, v)
			}
		}
		if last, _ := m.exact.c[m.Stages()-1].Float64(); last != 1 {
			t.Errorf("%s: the last stage is at %g", m, last)
		}
	}
}

// The conditions of the weights of the fourth derivative make the continuous extension one of order four.
func TestFourthDerivativeWeights(t *testing.T) {
	trees := treesByOrder(4)
	for _, m := range esdirks() {
		if (m.Q == nil) != (m.DenseOrder() == 3) {
			t.Errorf("%s: dense output of order %d", m, m.DenseOrder())
		}
		if m.Q == nil {
			continue
		}
		c := implicitConditions(m)
		for p := 1; p <= 4; p++ {
			d := c.defect(numbers(m.exactQ), trees[p], func(t *tree) *big.Rat {
				if p < 4 {
					return new(big.Rat)
				}
				return reciprocalDensity(t)
			})
			if d > 10*esdirkTolerance(m) {
				t.Errorf("%s: conditions of order %d missed by %.3g", m, p, d)
			}
		}
	}
}

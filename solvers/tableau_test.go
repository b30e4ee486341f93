package solvers

import (
	"math/big"
	"slices"
	"strings"
	"testing"
)

func TestNewTableauRejects(t *testing.T) {
	good := func() Coefficients {
		return Coefficients{Name: "x", Order: 2, DenseOrder: 2, C: "0 1/2", A: []string{"1/2"}, B: "0 1", Dense: []string{"1 -1", "0 1"}}
	}
	if _, err := NewTableau(good()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(*Coefficients)
		want   string
	}{
		{"no stages", func(c *Coefficients) { c.C = "" }, "abscissae"},
		{"too few rows", func(c *Coefficients) { c.A = nil }, "rows of A"},
		{"long row", func(c *Coefficients) { c.A = []string{"1/2 1"} }, "numbers instead of 1"},
		{"no number", func(c *Coefficients) { c.B = "0 one" }, `"one"`},
		{"weights", func(c *Coefficients) { c.B = "1" }, "numbers instead of 2"},
		{"extension", func(c *Coefficients) { c.Dense = c.Dense[:1] }, "continuous extension"},
		{"ragged extension", func(c *Coefficients) { c.Dense = []string{"1 -1", "0"} }, "differ in length"},
		{"estimate without order", func(c *Coefficients) { c.BHat = "1 0" }, "belong together"},
		{"order without estimate", func(c *Coefficients) { c.ErrorOrder = 1 }, "belong together"},
		{"not FSAL", func(c *Coefficients) { c.FSAL = true }, "not FSAL"},
	} {
		bad := good()
		c.change(&bad)
		if _, err := NewTableau(bad); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", c.name, err, c.want)
		}
	}
}

// The floats are the exact coefficients, correctly rounded.
func TestCoefficientsAreRounded(t *testing.T) {
	if DormandPrince54.A[4][1] != -25360.0/2187 || Tsit5.A[2][1] != 0.335480655492357 || DormandPrince54.E[6] != -1.0/40 {
		t.Error("coefficients differ from the published ones")
	}
	for _, tab := range tableaux() {
		x := tab.exactly()
		for what, pair := range map[string]struct {
			got   [][]float64
			exact [][]*big.Rat
		}{
			"A": {tab.A, x.a}, "Dense": {tab.Dense, x.dense}, "DenseA": {tab.DenseA, x.denseA},
			"others": {[][]float64{tab.C, tab.B, tab.E, tab.E2, tab.DenseC}, [][]*big.Rat{x.c, x.b, x.e, x.e2, x.denseC}},
		} {
			if !slices.EqualFunc(pair.got, roundedRows(pair.exact), slices.Equal) {
				t.Errorf("%v: %s is not the exact one rounded", tab, what)
			}
		}
	}
}

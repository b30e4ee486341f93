package pmp

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The formulas of the control have to be the maximizer that others use, and continuous in the slope where there is a price ½νu².
func TestFormulasMaximize(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...float64) float64 { return list[r.IntN(len(list))] }
	inf := math.Inf(1)
	for range 2000 {
		nu, beta := pick(0, 0.5, 2), pick(0, 0.3, 1)
		lo, hi := pick(-inf, -2, -1, 0, 0.5), pick(-0.5, 0, 1, 3, inf)
		if !(lo < hi) {
			continue
		}
		list, err := formulas(nu, beta, lo, hi)
		if nu == 0 && (math.IsInf(lo, 0) || math.IsInf(hi, 0)) {
			if err == nil {
				t.Errorf("no error without a maximum")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		sys := &system{formulas: [][]formula{list}}
		value := func(g, u float64) float64 { return g*u - 0.5*nu*u*u - beta*math.Abs(u) }
		for range 20 {
			g := 6 * r.NormFloat64()
			u, want := list[sys.choose(0, g)].at(g), affineMax(g, 0, 0, nu, beta, 0, lo, hi)
			if math.Abs(value(g, u)-value(g, want)) > 1e-12*(1+math.Abs(g*want)) {
				t.Fatalf("ν = %g, β = %g on [%g, %g]: u(%g) = %g, want %g", nu, beta, lo, hi, g, u, want)
			}
		}
		for k := 1; k < len(list); k++ {
			g := list[k].from
			if g != list[k-1].to || nu > 0 && math.Abs(list[k].at(g)-list[k-1].at(g)) > 1e-12 {
				t.Fatalf("ν = %g, β = %g on [%g, %g]: formulas %d and %d do not meet", nu, beta, lo, hi, k-1, k)
			}
		}
	}
}

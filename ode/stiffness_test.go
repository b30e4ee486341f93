package ode_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/testproblems"
	"github.com/costate-go/costate/solvers"
)

func TestStiffnessIsSuspected(t *testing.T) {
	for _, m := range []solvers.Method{solvers.DormandPrince54, solvers.Tsit5, solvers.BogackiShampine54, solvers.Verner65} {
		warnings := 0
		s := ode.Settings{Method: m, MaxSteps: 5000, EndOnly: true, SkipDense: true,
			OnStiff: func(at, ratio float64) {
				warnings++
				if !(at > 0 && at < 2 && ratio > 1) {
					t.Errorf("warned at %g with ratio %g", at, ratio)
				}
			}}
		p := testproblems.StiffVanDerPol
		sol, err := ode.Solve(background, p.IVP(), s)
		if !errors.Is(err, ode.ErrMaxSteps) || !strings.Contains(err.Error(), "stiff") || !sol.Stats.Stiff || warnings != 1 {
			t.Errorf("%s: %v, %d warnings", m.Name(), err, warnings)
		}
		for _, p := range testproblems.All() {
			if sol := solve(t, p.IVP(), s); sol.Stats.Stiff {
				t.Errorf("%s suspects %s", m.Name(), p.Name)
			}
		}
	}
}

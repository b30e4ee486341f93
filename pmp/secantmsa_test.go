package pmp_test

import (
	"context"
	"errors"
	"testing"

	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/problems"
)

func TestSecantMSARefuses(t *testing.T) {
	for name, p := range map[string]*pmp.Problem{
		"bounds":                    problems.VanDerPolBounded().Problem(pmp.PiecewiseConstant, 4),
		"piecewise linear controls": problems.ScalarLQR().Problem(pmp.PiecewiseLinear, 4),
	} {
		w, err := pmp.NewSweeper(p, rk4(1))
		if err != nil {
			t.Fatal(err)
		}
		if err := (&pmp.SecantMSA{}).Init(context.Background(), w, make([]float64, w.NumControls())); !errors.Is(err, pmp.ErrProblem) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

package problems_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/problems"
)

func ExampleByName() {
	c, err := problems.ByName("rayleigh")
	if err != nil {
		fmt.Println(err)
		return
	}
	p := c.Problem(pmp.PiecewiseLinear, 400)
	fmt.Println(c.Title, "on", p.T0, "to", p.T1, "from", p.X0)
	// Output:
	// Rayleigh problem on 0 to 2.5 from [-5 -5]
}

func TestDerivatives(t *testing.T) {
	for _, c := range problems.All() {
		if err := neural.Check(&c.Field, neural.CheckConfig{}).Err(1e-6); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		diff, err := pmp.CheckGradient(context.Background(), c.Problem(pmp.PiecewiseConstant, 20), pmp.Settings{}, fill(20, 0.1), 1)
		if err != nil || diff > 1e-7 {
			t.Errorf("%s: gradient off by %.2g, %v", c.Name, diff, err)
		}
	}
}

func fill(n int, v float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v
	}
	return out
}

func TestUnknownName(t *testing.T) {
	if _, err := problems.ByName("rocket"); err == nil {
		t.Error("no error")
	}
}

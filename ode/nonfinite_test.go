package ode_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/costate-go/costate/ode"
)

// TestNonFiniteAtTheFloor: steps that creep up to a time beyond which f is not finite reach the floor of the step
// size before the limit on halvings; the failure is the right-hand side's all the same.
func TestNonFiniteAtTheFloor(t *testing.T) {
	f := func(dx []float64, t float64, x []float64) {
		dx[0], dx[1] = -x[0], x[1]
		if t > 0.5 {
			dx[1] = math.NaN()
		}
	}
	sol, err := ode.Solve(context.Background(), ode.Problem{F: f, X0: []float64{1, 1}, T1: 1}, ode.Settings{})
	var e *ode.Error
	if !errors.Is(err, ode.ErrNonFinite) || errors.Is(err, ode.ErrStepTooSmall) || !errors.As(err, &e) {
		t.Fatalf("error %v", err)
	}
	if e.Component != 1 || math.Abs(e.T-0.5) > 1e-6 || sol.Reason != ode.NonFinite {
		t.Errorf("component %d at %v, reason %v", e.Component, e.T, sol.Reason)
	}
}

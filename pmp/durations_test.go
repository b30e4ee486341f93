package pmp_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
	"github.com/costate-go/costate/pmp/problems"
)

// With the order of arcs known their times come out to many digits from three unknowns.
func TestSwitchingTimes(t *testing.T) {
	for _, tc := range []struct {
		c     *problems.Classical
		modes [][]float64
	}{
		{problems.DoubleIntegratorFuel(), [][]float64{{5}, {0}, {-5}}},
		{problems.Turnpike(), [][]float64{{-1}, {0}, {1}}},
	} {
		d := &pmp.Durations{Problem: tc.c.Problem(pmp.PiecewiseConstant, 3), Modes: tc.modes, Autonomous: true}
		p, theta, err := d.Pose(nil)
		if err != nil {
			t.Fatal(err)
		}
		r := optimize(t, &pmp.AugmentedLagrangian{Inner: &pmp.Riccati{}, Tolerance: 1e-10}, p, rk4(4), theta, 500, math.Inf(-1))
		times := d.Times(r.last.Theta)
		t.Logf("%s: J = %.10g, times %.9g, %d solves, %v %s", tc.c.Name, r.last.Loss, times, r.solves, r.last.Stop, r.last.Message)
		if math.Abs(r.last.Loss-tc.c.Optimal) > 1e-7 {
			t.Errorf("%s: J = %.10g, want %.10g", tc.c.Name, r.last.Loss, tc.c.Optimal)
		}
		for k, want := range tc.c.Switches {
			if math.Abs(times[k+1]-want) > 1e-6 {
				t.Errorf("%s: a switch at %.9g, want %.9g", tc.c.Name, times[k+1], want)
			}
		}
		c, u := d.Control(r.last.Theta)
		if at := c.At(make([]float64, 1), u, 0.1); at[0] != tc.modes[0][0] {
			t.Errorf("u(0.1) = %v", at)
		}
	}
}

// Minimum time: the controls, their durations and the horizon are unknown.
func TestFreeHorizon(t *testing.T) {
	c := problems.MinimumTime()
	start := c.Problem(pmp.PiecewiseConstant, 2)
	start.T1 = 3
	start.Control.Mesh = pmp.UniformMesh(0, 3, 2)
	d := &pmp.Durations{Problem: start, FreeEnd: true, Autonomous: true}
	p, theta, err := d.Pose([]float64{0.5, -0.5})
	if err != nil {
		t.Fatal(err)
	}
	r := optimize(t, &pmp.AugmentedLagrangian{Inner: &pmp.Riccati{}, Tolerance: 1e-8}, p, rk4(4), theta, 1000, math.Inf(-1))
	times := d.Times(r.last.Theta)
	_, u := d.Control(r.last.Theta)
	t.Logf("J = %.9g, times %.9g, u %v, %d solves, %v %s", r.last.Loss, times, u, r.solves, r.last.Stop, r.last.Message)
	if math.Abs(r.last.Loss-2) > 1e-6 || math.Abs(times[1]-1) > 1e-4 || math.Abs(times[2]-2) > 1e-6 || math.Abs(u[0]-1) > 1e-6 || math.Abs(u[1]+1) > 1e-6 {
		t.Errorf("J = %.9g, times %v, u = %v", r.last.Loss, times, u)
	}
}

// Derivatives of the scaled problem, with coefficients that depend on time, prices and two samples.
func TestDurationsDerivatives(t *testing.T) {
	for _, modes := range [][][]float64{nil, {{0.3}, {-0.4}, {0.1}}} {
		q := oscillator(pmp.PiecewiseConstant, 3)
		q.X0 = []float64{1, 0.2, 0, -0.3}
		q.Terminal = &pmp.Linear{Weight: []float64{1, -0.5}}
		q.Control.L1 = 0.2
		q.Running = &pmp.RunningFunc{
			L:    func(t float64, x, u []float64) float64 { return t*x[0]*x[0] + x[1]*u[0] },
			Grad: func(gx, gu []float64, t float64, x, u []float64) { gx[0], gx[1], gu[0] = 2*t*x[0], u[0], x[1] },
		}
		d := &pmp.Durations{Problem: q, Modes: modes}
		p, theta, err := d.Pose([]float64{0.4, -0.3, 0.2})
		if err != nil {
			t.Fatal(err)
		}
		if err := neural.Check(p.Field, neural.CheckConfig{}).Err(1e-5); err != nil && modes == nil {
			t.Error(err)
		}
		if diff, err := pmp.CheckGradient(context.Background(), p, rk4(3), theta, 2); err != nil || diff > 1e-7 {
			t.Errorf("modes %v: gradient off by %.2g, %v", modes, diff, err)
		}
		// The cost is that of the control on the mesh of its times.
		_, tr := sweep(t, p, rk4(10), theta)
		own := *q
		own.Control, own.T1 = q.Control, 2
		var u []float64
		own.Control, u = d.Control(theta)
		_, plain := sweep(t, &own, rk4(10), u)
		if math.Abs(tr.J-plain.J) > 1e-9 {
			t.Errorf("modes %v: J = %.12g, on the mesh %.12g", modes, tr.J, plain.J)
		}
	}
}

func TestDurationsRefuse(t *testing.T) {
	p := oscillator(pmp.PiecewiseLinear, 3)
	if _, _, err := (&pmp.Durations{Problem: p}).Pose(make([]float64, 4)); !errors.Is(err, pmp.ErrProblem) {
		t.Errorf("got %v", err)
	}
	p = oscillator(pmp.PiecewiseConstant, 3)
	if _, _, err := (&pmp.Durations{Problem: p, Modes: [][]float64{{1, 2}}}).Pose(nil); !errors.Is(err, pmp.ErrProblem) {
		t.Errorf("got %v", err)
	}
	p.Breaks = []float64{0.1}
	if _, _, err := (&pmp.Durations{Problem: p}).Pose(make([]float64, 3)); !errors.Is(err, pmp.ErrProblem) {
		t.Errorf("got %v", err)
	}
}

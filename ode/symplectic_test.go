package ode_test

import (
	"flag"
	"math"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/solvers"
)

var long = flag.Bool("long", false, "energy over 100 000 periods for every symplectic method")

// kepler is the motion around a fixed star; H = |p|²/2 − 1/|q|.
var kepler = solvers.Partition{Force: func(dp []float64, _ float64, q []float64) {
	r2 := q[0]*q[0] + q[1]*q[1]
	r3 := r2 * math.Sqrt(r2)
	dp[0], dp[1] = -q[0]/r3, -q[1]/r3
}}

func keplerEnergy(x []float64) float64 {
	return (x[2]*x[2]+x[3]*x[3])/2 - 1/math.Hypot(x[0], x[1])
}

// ellipse starts at the pericentre of an orbit with period 2π.
func ellipse(eccentricity float64) []float64 {
	return []float64{1 - eccentricity, 0, 0, math.Sqrt((1 + eccentricity) / (1 - eccentricity))}
}

// The energy of symplectic methods swings within the local errors of a revolution and does not drift: not over a
// hundred thousand periods with -long, not over two thousand otherwise.
func TestEnergyDrift(t *testing.T) {
	periods := 2000
	if *long {
		periods = 100000
	}
	for _, c := range []struct {
		method solvers.Method
		steps  int     // a period
		swing  float64 // of the energy −1/2
	}{
		{solvers.Leapfrog, 60, 2e-3}, {solvers.Yoshida4, 60, 2e-3}, {solvers.Yoshida6, 60, 2e-4}, {solvers.KahanLi8, 60, 1e-7},
	} {
		it := newIntegrator(t, 4, ode.Settings{Method: c.method, Step: 2 * math.Pi / float64(c.steps), MaxSteps: -1})
		x0 := ellipse(0.2)
		it.SetPartition(kepler)
		end := 2 * math.Pi * float64(periods)
		it.Start(kepler.Func(), 0, x0, end)
		var early, late, top float64 // means over the first and the last hundred periods, and the largest swing
		e0 := keplerEnergy(x0)
		total := c.steps * periods
		window := 100 * c.steps
		for i := range total {
			step(t, it, end)
			d := keplerEnergy(it.X()) - e0
			top = max(top, math.Abs(d))
			switch {
			case i < window:
				early += d / float64(window)
			case i >= total-window:
				late += d / float64(window)
			}
		}
		drift := math.Abs(late - early)
		if top > c.swing || drift > 0.02*top+1e-13*math.Sqrt(float64(total)) {
			t.Errorf("%s: energy swings by %.3g and drifts by %.3g in %d periods", c.method.Name(), top, drift, periods)
		}
		if it.Stats().Evaluations != 1+total*len(c.method.(*solvers.Splitting).Weights) {
			t.Errorf("%s: %v", c.method.Name(), it.Stats())
		}
	}
	// What it is worth: a method of order 4 without the property loses energy all the time.
	sol, err := ode.Solve(background, ode.Problem{F: kepler.Func(), X0: ellipse(0.2), T1: 2 * math.Pi * 1000},
		ode.Settings{Method: solvers.RK4, Step: 2 * math.Pi / 60, EndOnly: true, SkipDense: true})
	if err != nil {
		t.Fatal(err)
	}
	if d := keplerEnergy(sol.Final()) + 0.5; math.Abs(d) < 1e-3 {
		t.Errorf("RK4 keeps the energy to %g", d)
	}
}

// Solve takes halves in place of F, for any method, and passes jumps at stops to them.
func TestPartition(t *testing.T) {
	stiffness := func(t float64) float64 {
		switch {
		case t < 1:
			return 1
		case t == 1:
			return math.NaN()
		}
		return 4
	}
	p := ode.Problem{X0: []float64{1, 0}, T1: 2, Partition: solvers.Partition{
		Velocity: func(dq []float64, t float64, p []float64) { dq[0] = p[0] + 0*stiffness(t) },
		Force:    func(dp []float64, t float64, q []float64) { dp[0] = -stiffness(t) * q[0] },
	}}
	// cos t until 1, then frequency 2 from q = cos 1, p = −sin 1.
	q := math.Cos(1)*math.Cos(2) - math.Sin(1)/2*math.Sin(2)
	for _, m := range append(solvers.SymplecticMethods(), solvers.Verner76) {
		s := ode.Settings{Method: m, Stops: []float64{1}, RTol: 1e-10, ATol: 1e-10}
		tol := 1e-9
		if m.ErrorOrder() == 0 {
			s.Step, tol = 0.01, []float64{0, 0, 1e-4, 0, 1e-7, 0, 1e-9, 0, 1e-11}[m.Order()]
		}
		sol := solve(t, p, s)
		if d := math.Abs(sol.Final()[0] - q); d > tol {
			t.Errorf("%s: off by %g", m.Name(), d)
		}
		x := make([]float64, 2)
		if err := sol.At(x, 0.505); err != nil || math.Abs(x[0]-math.Cos(0.505)) > max(tol, 1e-9) {
			t.Errorf("%s: x(0.505) is off by %g, %v", m.Name(), x[0]-math.Cos(0.505), err)
		}
	}
	p.X0 = []float64{1, 2, 3}
	for _, m := range []solvers.Method{solvers.Leapfrog, solvers.Tsit5} {
		if _, err := ode.Solve(background, p, ode.Settings{Method: m, Step: 0.1}); err == nil {
			t.Errorf("%s takes halves of three unknowns", m.Name())
		}
	}
}

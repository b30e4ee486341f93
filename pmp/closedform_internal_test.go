package pmp

import (
	"math"
	"testing"

	"github.com/costate-go/costate/internal/rng"
)

// The closed form against a fine grid, with all prices and bounds.
func TestAffineMaxIsTheMaximum(t *testing.T) {
	src := rng.New(5)
	pick := func(list ...float64) float64 { return list[int(src.Float64()*float64(len(list)))] }
	for range 400 {
		g, old := 3*src.Normal(), src.Normal()
		eps, nu, beta, gamma := pick(0, 0.3, 2), pick(0, 1), pick(0, 0.7), pick(0, 0.2, 1)
		lo, hi := pick(-2, -0.5, 0), pick(0, 0.4, 3)
		value := func(u float64) float64 {
			v := g*u - 0.5*nu*u*u - beta*math.Abs(u) - eps*(u-old)*(u-old)
			if u != 0 {
				v -= gamma
			}
			return v
		}
		u := affineMax(g, old, eps, nu, beta, gamma, lo, hi)
		if u < lo || u > hi {
			t.Fatalf("%g outside [%g, %g]", u, lo, hi)
		}
		for k := range 1001 {
			if try := lo + (hi-lo)*float64(k)/1000; value(try) > value(u)+1e-12 {
				t.Fatalf("g %g, old %g, ε %g, ν %g, β %g, γ %g on [%g, %g]: %g is worth %g, and %g %g", g, old, eps, nu, beta, gamma, lo, hi, u, value(u), try, value(try))
			}
		}
	}
}

// The closed form in a ball against points all over it.
func TestBallMaxIsTheMaximum(t *testing.T) {
	src := rng.New(6)
	for trial := range 60 {
		m := &mesh{radius: 0.5 + src.Float64(), l2: float64(trial % 2), l1: 0.3 * float64(trial%3)}
		eps := 0.4 * float64(trial%4)
		g, old := []float64{2 * src.Normal(), src.Normal()}, []float64{0.3 * src.Normal(), 0.3 * src.Normal()}
		value := func(x, y float64) float64 {
			return g[0]*x + g[1]*y - m.price(x) - m.price(y) - eps*((x-old[0])*(x-old[0])+(y-old[1])*(y-old[1]))
		}
		u := append([]float64(nil), g...)
		ballMax(u, old, eps, m)
		if math.Hypot(u[0], u[1]) > m.radius*(1+1e-12) {
			t.Fatalf("%v leaves the ball of radius %g", u, m.radius)
		}
		for i := range 60 {
			for k := range 180 {
				r, a := m.radius*float64(i)/59, 2*math.Pi*float64(k)/180
				if x, y := r*math.Cos(a), r*math.Sin(a); value(x, y) > value(u[0], u[1])+1e-12 {
					t.Fatalf("%v is worth %g, and (%g, %g) %g", u, value(u[0], u[1]), x, y, value(x, y))
				}
			}
		}
	}
}

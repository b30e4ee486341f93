package systems_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/systems"
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/solvers"
)

func field(f neural.Func, values []float64) solvers.Func {
	return func(dx []float64, t float64, x []float64) { f.F(dx, t, x, values) }
}

// Every Jacobian is that by differences, at the usual parameters and at others; with fixed parameters nothing else changes.
func TestJacobians(t *testing.T) {
	if len(systems.Names()) != 11 || systems.ByName("sir") == nil || systems.ByName("nothing") != nil {
		t.Fatalf("systems: %v", systems.Names())
	}
	for _, s := range systems.All() {
		t.Run(s.Name, func(t *testing.T) {
			if len(s.X0) != len(s.States) || len(s.Values) != len(s.Params) || !(s.T1 > 0) || s.Points < 2 {
				t.Fatalf("%+v", s)
			}
			for _, theta := range [][]float64{s.Values, nil} {
				c := neural.CheckConfig{Theta: theta, T: 0.7, Seed: 4}
				if theta == nil { // away from zero masses and lengths
					for i, v := range s.Values {
						c.Theta = append(c.Theta, v*(1.3-0.2*float64(i)))
					}
				}
				if err := neural.Check(s.Field(), c).Err(1e-7); err != nil {
					t.Error(err)
				}
			}
			if err := neural.Check(s.Fixed(s.Values), neural.CheckConfig{T: 0.7}).Err(1e-7); err != nil {
				t.Error(err)
			}
			a, b := make([]float64, len(s.X0)), make([]float64, len(s.X0))
			s.Field().F(a, 1, s.X0, s.Values)
			s.Fixed(s.Values).F(b, 1, s.X0, nil)
			for i := range a {
				if a[i] != b[i] {
					t.Errorf("component %d: %v with parameters, %v fixed", i, a[i], b[i])
				}
			}
		})
	}
}

// Solutions keep what they must keep, and decay as they must.
func TestInvariants(t *testing.T) {
	end := func(name string, values []float64, t1 float64) []float64 {
		s := systems.ByName(name)
		if values == nil {
			values = s.Values
		}
		sol, err := ode.Solve(context.Background(), ode.Problem{F: field(s.Field(), values), X0: s.X0, T1: t1}, ode.Settings{RTol: 1e-11, ATol: 1e-12})
		if err != nil {
			t.Fatal(err)
		}
		return sol.Final()
	}
	near := func(what string, got, want, tolerance float64) {
		t.Helper()
		if math.Abs(got-want) > tolerance {
			t.Errorf("%s: %.12g, want %.12g", what, got, want)
		}
	}
	x := end("kepler", nil, 2*math.Pi) // one period
	near("Kepler after one period", math.Hypot(x[0]-0.5, x[1]), 0, 1e-8)

	energy := func(x []float64, m, l, k float64) float64 {
		return 0.5*(1+m)*x[2]*x[2] + 0.5*m*l*l*x[3]*x[3] + m*l*x[2]*x[3]*math.Cos(x[0]-x[1]) - (1+m)*k*math.Cos(x[0]) - m*l*k*math.Cos(x[1])
	}
	u := []float64{0.7, 1.4, 3}
	near("energy of the double pendulum", energy(end("double_pendulum", u, 7), u[0], u[1], u[2]), energy(systems.ByName("double_pendulum").X0, u[0], u[1], u[2]), 1e-8)

	x = end("pendulum", []float64{2, 0}, 9)
	near("energy of the pendulum", 0.5*x[1]*x[1]-2*math.Cos(x[0]), -2*math.Cos(2), 1e-8)

	// The modes sin πx and sin 3πx of the rod decay with the eigenvalues of the second difference.
	x = end("heat", nil, 0.5)
	decay := func(mode float64) float64 { return math.Exp(-0.1 * 0.5 * 4 * 256 * square(math.Sin(mode*math.Pi/32))) }
	near("heat in the middle", x[7], decay(1)-0.5*decay(3), 1e-9)

	x = end("sir", nil, 200)
	near("SIR population", x[0]+x[1]+x[2], 1, 1e-12)
	// The final size of an epidemic: log(S∞/S0) = −(β/γ)(1 − S∞).
	near("SIR final size", math.Log(x[0]/0.99), -4*(1-x[0]-x[1]), 1e-8)

	x = end("lotka_volterra", nil, 3)
	v := func(x []float64) float64 { return x[0] - 3*math.Log(x[0]) + x[1] - 1.5*math.Log(x[1]) }
	near("Lotka–Volterra", v(x), 2, 1e-8)
}

// The table of docs/systems.md says what the systems are.
func TestTable(t *testing.T) {
	text, err := os.ReadFile("../../docs/systems.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range systems.All() {
		states := strings.Join(s.States, ", ")
		if len(s.States) > 4 {
			states = s.States[0] + " to " + s.States[len(s.States)-1]
		}
		var values []string
		for i, v := range s.Values {
			values = append(values, fmt.Sprintf("%s %.3g", s.Params[i], v))
		}
		tail := fmt.Sprintf(" | %s | %s | %.3g |\n", states, strings.Join(values, ", "), s.T1)
		begin := strings.Index(string(text), "\n| "+s.Name+" | ")
		if begin < 0 {
			t.Errorf("no row of %s", s.Name)
			continue
		}
		row := string(text)[begin+1:]
		if row = row[:strings.Index(row, "\n")+1]; !strings.HasSuffix(row, tail) {
			t.Errorf("the row of %s ends otherwise:\n%swant %s", s.Name, row, tail)
		}
	}
}

func square(x float64) float64 { return x * x }

package ode_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/solvers"
)

// heat is u_t = u_xx + u(1 − u) on n points with zero boundary values: stiff, and with a tridiagonal Jacobian.
func heat(n int) (p ode.Problem, product func(dst []float64, t float64, x, v []float64)) {
	c := float64((n + 1) * (n + 1))
	neighbours := func(v []float64, i int) (sum float64) {
		if i > 0 {
			sum += v[i-1]
		}
		if i+1 < n {
			sum += v[i+1]
		}
		return sum
	}
	p = ode.Problem{X0: make([]float64, n), T1: 0.2,
		F: func(dx []float64, _ float64, x []float64) {
			for i, v := range x {
				dx[i] = c*(neighbours(x, i)-2*v) + v*(1-v)
			}
		}}
	for i := range p.X0 {
		p.X0[i] = math.Sin(math.Pi * float64(i+1) / float64(n+1))
	}
	return p, func(dst []float64, _ float64, x, v []float64) {
		for i := range dst {
			dst[i] = c*(neighbours(v, i)-2*v[i]) + (1-2*x[i])*v[i]
		}
	}
}

// Products with the Jacobian alone take the same steps as the matrix, and no matrix is ever made.
func TestMatrixFree(t *testing.T) {
	for _, m := range []solvers.Method{solvers.Kvaerno3, solvers.KenCarp4, solvers.Kvaerno5, solvers.BDF} {
		p, product := heat(120)
		s := ode.Settings{Method: m, RTol: 1e-6, ATol: 1e-8, EndOnly: true, SkipDense: true}
		p.Jacobian = solvers.Jacobian{Banded: true, Lower: 1, Upper: 1}
		banded := solve(t, p, s)
		p.Jacobian = solvers.Jacobian{Product: product}
		free := solve(t, p, s)
		if d := distance(banded.Final(), free.Final()); d > 1e-6 {
			t.Errorf("%s: results differ by %g", m.Name(), d)
		}
		if free.Stats.Factorizations+free.Stats.Jacobians != 0 || free.Stats.Accepted > banded.Stats.Accepted+5 {
			t.Errorf("%s: %v without a matrix, %v with it", m.Name(), free.Stats, banded.Stats)
		}
	}
	// A matrix of that many unknowns would fill 80 gigabytes.
	p, product := heat(100_000)
	p.Jacobian = solvers.Jacobian{Product: product}
	p.T1 = 1e-9
	if sol := solve(t, p, ode.Settings{Method: solvers.KenCarp4, EndOnly: true, SkipDense: true}); sol.Stats.Accepted == 0 {
		t.Errorf("%v", sol.Stats)
	}
}

// Heat conduction on 1000 points: three diagonals instead of a million numbers, and four evaluations for differences.
func ExampleProblem_banded() {
	p, _ := heat(1000)
	p.Jacobian = solvers.Jacobian{Banded: true, Lower: 1, Upper: 1, Autonomous: true}
	sol, err := ode.Solve(context.Background(), p, ode.Settings{Method: solvers.Rodas5P})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f in the middle, fewer than 50 steps: %v\n", sol.Final()[500], sol.Stats.Accepted < 50)
	// Output: 0.1571 in the middle, fewer than 50 steps: true
}

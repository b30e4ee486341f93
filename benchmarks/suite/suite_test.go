package suite

import (
	"context"
	"math"
	"testing"

	"github.com/costate-go/costate/solvers"
)

// TestEndStates solves every problem, without an allocation once there is a workspace, and comes close to the end state that
// it is compared with.
func TestEndStates(t *testing.T) {
	for _, p := range Problems() {
		t.Run(p.Name, func(t *testing.T) {
			m, tol, bound := Method{solvers.DormandPrince54, p.Values.Len() > 0}, 1e-9, 1e-4
			if p.Stiff {
				m = Method{Method: solvers.Rodas5P}
			}
			r, err := NewRun(&p, m, tol)
			if err != nil {
				t.Fatal(err)
			}
			ctx := context.Background()
			if err := r.Solve(ctx); err != nil {
				t.Fatal(err)
			}
			if e := r.Error(); !(e < bound) {
				t.Errorf("error %.2g with tolerance %g, want less than %g", e, tol, bound)
			}
			if n := testing.AllocsPerRun(1, func() { _ = r.Solve(ctx) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

func TestJacobians(t *testing.T) {
	for _, p := range Problems() {
		if !p.Stiff {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			n := len(p.X0)
			lower, width := n-1, n
			if p.Jacobian.Banded {
				lower, width = p.Jacobian.Lower, p.Jacobian.Lower+p.Jacobian.Upper+1
			}
			j, x, above, below := make([]float64, n*width), make([]float64, n), make([]float64, n), make([]float64, n)
			for i := range x {
				x[i] = p.X0[i] + 0.1*math.Sin(float64(3*i+1))
			}
			p.Jacobian.Func(j, 0, x)
			for k := range n {
				const h = 1e-6
				at := x[k]
				x[k] = at + h
				p.F(above, 0, x)
				x[k] = at - h
				p.F(below, 0, x)
				x[k] = at
				for i := range n {
					got, want := 0.0, (above[i]-below[i])/(2*h)
					switch {
					case !p.Jacobian.Banded:
						got = j[i*n+k]
					case i-lower <= k && k <= i+p.Jacobian.Upper:
						got = j[i*width+k-i+lower]
					}
					if d := math.Abs(got - want); !(d <= 1e-7*math.Abs(want)+1e-3) {
						t.Errorf("∂f_%d/∂x_%d = %g, want %g", i, k, got, want)
					}
				}
			}
		})
	}
}

func TestAttract(t *testing.T) {
	x := pleiades.X0
	dx := make([]float64, len(x))
	attract(dx, 0, x)
	for i := range stars {
		ax, ay := 0.0, 0.0
		for j := range stars {
			if i != j {
				p, q := x[j]-x[i], x[stars+j]-x[stars+i]
				r := math.Hypot(p, q)
				ax += float64(j+1) * p / (r * r * r)
				ay += float64(j+1) * q / (r * r * r)
			}
		}
		for k, want := range map[int]float64{i: x[2*stars+i], stars + i: x[3*stars+i], 2*stars + i: ax, 3*stars + i: ay} {
			if !(math.Abs(dx[k]-want) < 1e-14) {
				t.Errorf("rate %d is %g, want %g", k, dx[k], want)
			}
		}
	}
}

package pmp_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/costate-go/costate/internal/rng"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
)

// onPiece is a field whose evaluators look at one piece of time.
type onPiece struct {
	neural.Field
	a, b float64
}

func (f onPiece) NewEvaluator(width int) neural.Evaluator {
	e := f.Field.NewEvaluator(width)
	e.(pmp.Piecewise).SetPiece(f.a, f.b)
	return e
}

func TestFreeStartsConformance(t *testing.T) {
	net, err := neural.NewMLP(neural.MLPConfig{Dim: 2, Hidden: []int{4}, Time: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, tied := range []bool{false, true} {
		for _, n := range []int{1, 3} {
			for name, piece := range map[string][2]float64{"lead": {-0.5, 0}, "after": {0, 1}} {
				t.Run(fmt.Sprintf("tied=%v/N=%d/%s", tied, n, name), func(t *testing.T) {
					f := onPiece{&pmp.FreeStarts{Field: net, N: n, Lead: 0.5, Tied: tied}, piece[0], piece[1]}
					r := neural.Check(f, neural.CheckConfig{Batch: 1, T: 0.3})
					if err := r.Err(1e-7); err != nil {
						t.Error(err)
					}
					if len(r.Items) < 18 {
						t.Errorf("only %d promises checked", len(r.Items))
					}
					ev := f.NewEvaluator(1)
					x, theta := make([]float64, f.Dim()), make([]float64, f.NumParams())
					k, jac := ev.(neural.Keeper), make([]float64, f.Dim()*f.NumParams())
					keep := make([]float64, k.KeepLen(1))
					if a := testing.AllocsPerRun(10, func() {
						ev.Bind(theta)
						k.EvalKeep(x, 0.1, x, keep)
						k.VJPKept(x, theta, 0.1, x, x, keep)
						ev.JVP(x, 0.1, x, x, theta)
						ev.(neural.ParamJacobian).ParamJacobian(jac, 0.1, x)
					}); a != 0 {
						t.Errorf("%v allocations", a)
					}
				})
			}
		}
	}
}

// The derivative in the initial state is −p(t₀), and the mismatch of pieces is the distance from the end of one to the start of the next.
func TestFreeStarts(t *testing.T) {
	net, err := neural.NewMLP(neural.MLPConfig{Dim: 2, Hidden: []int{5}})
	if err != nil {
		t.Fatal(err)
	}
	const n, lead, t1 = 3, 0.25, 0.8
	src := rng.New(6)
	guess := make([]float64, 2*n)
	for i := range guess {
		guess[i] = src.Normal()
	}
	for _, tied := range []bool{false, true} {
		f := &pmp.FreeStarts{Field: net, N: n, Lead: lead, Tied: tied}
		target := make([]float64, f.Dim())
		for i := range target {
			if target[i] = src.Normal(); i >= 2*n {
				target[i] = 0
			}
		}
		p := &pmp.Problem{Field: f, T0: -lead, T1: t1, X0: f.X0(guess), Breaks: []float64{0},
			Terminal: &pmp.SquaredError{Target: target, N: 1, Weight: 0.7}}
		p.Observations = []pmp.Observation{{T: 0, Cost: &pmp.SquaredError{Target: guess, N: 1, Weight: 0.3}}}
		theta := make([]float64, f.NumParams())
		for i := range theta {
			theta[i] = 0.4 * src.Normal()
		}
		if off, err := pmp.CheckGradient(context.Background(), p, pmp.Settings{}, theta, 1); err != nil || off > 1e-7 {
			t.Errorf("tied %v: the gradient differs from central differences by %.2g, %v", tied, off, err)
		}
		w, err := pmp.NewSweeper(p, pmp.Settings{})
		if err != nil {
			t.Fatal(err)
		}
		tr := w.NewTrajectory()
		if err := w.Forward(context.Background(), tr, theta); err != nil {
			t.Fatal(err)
		}
		w.Backward(tr)
		_, costate := tr.Costate(0)
		xi := theta[net.NumParams():]
		for i, g := range tr.Grad[net.NumParams():] {
			if tied {
				break // the differences' costates belong to it as well
			}
			if math.Abs(g+costate[0][i]) > 1e-12*(1+math.Abs(g)) {
				t.Errorf("∂J/∂x0 is %v and −p(t₀) %v", g, -costate[0][i])
			}
		}
		times, x := tr.Path(0)
		for k, at := range times {
			if at != 0 {
				continue
			}
			for i := range guess {
				if math.Abs(x[k][i]-guess[i]-xi[i]) > 1e-14 {
					t.Errorf("start %d is %v, want %v", i, x[k][i], guess[i]+xi[i])
				}
			}
		}
		end := tr.Final(nil)
		for r := 2 * n; r < f.Dim(); r++ {
			i, s := (r-2*n)/(n-1), (r-2*n)%(n-1)
			next := guess[i*n+s+1] + xi[i*n+s+1]
			if math.Abs(end[r]-(end[i*n+s]-next)) > 1e-12 {
				t.Errorf("mismatch %v of piece %d, which ends at %v where the next begins at %v", end[r], s, end[i*n+s], next)
			}
		}
	}
}

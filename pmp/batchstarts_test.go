package pmp_test

import (
	"context"
	"math"
	"testing"

	"github.com/costate-go/costate/internal/rng"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp"
)

func TestBatchStartsConformance(t *testing.T) {
	net, err := neural.NewMLP(neural.MLPConfig{Dim: 2, Hidden: []int{4}, Time: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, piece := range map[string][2]float64{"lead": {-0.5, 0}, "after": {0, 1}} {
		f := onPiece{&pmp.BatchStarts{Field: net, N: 4, Of: []int{2, 0, 3}, Lead: 0.5}, piece[0], piece[1]}
		r := neural.Check(f, neural.CheckConfig{Batch: 3, T: 0.3})
		if err := r.Err(1e-7); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		ev := f.NewEvaluator(3)
		x, theta := make([]float64, 6), make([]float64, f.NumParams())
		k := ev.(neural.Keeper)
		keep := make([]float64, k.KeepLen(3))
		if a := testing.AllocsPerRun(10, func() {
			ev.Bind(theta)
			k.EvalKeep(x, 0.1, x, keep)
			k.VJPKept(x, theta, 0.1, x, x, keep)
			ev.JVP(x, 0.1, x, x, theta)
		}); a != 0 {
			t.Errorf("%s: %v allocations", name, a)
		}
	}
}

// A batch of all starts has the cost and the gradient of FreeStarts; a smaller one has those of its own starts, whichever they are, and on
// however many threads.
func TestBatchStarts(t *testing.T) {
	ctx := context.Background()
	net, err := neural.NewMLP(neural.MLPConfig{Dim: 2, Hidden: []int{5}})
	if err != nil {
		t.Fatal(err)
	}
	const n, lead, t1 = 5, 0.25, 0.8
	src := rng.New(6)
	guess, target, theta := make([]float64, 2*n), make([]float64, 2*n), make([]float64, net.NumParams()+2*n)
	for _, x := range [][]float64{guess, target, theta} {
		for i := range x {
			x[i] = 0.5 * src.Normal()
		}
	}
	choose := func(x []float64, of []int) []float64 { // columns
		out := make([]float64, 2*len(of))
		for k, s := range of {
			out[k], out[len(of)+k] = x[s], x[n+s]
		}
		return out
	}
	sweep := func(of []int, threads int) (cost float64, grad []float64) {
		f := &pmp.BatchStarts{Field: net, N: n, Of: of, Lead: lead}
		p := &pmp.Problem{Field: f, T0: -lead, T1: t1, X0: choose(guess, of), Breaks: []float64{0}, Terminal: &pmp.SquaredError{Target: choose(target, of), N: len(of), Weight: 0.7}}
		if off, err := pmp.CheckGradient(ctx, p, pmp.Settings{}, theta, 1); err != nil || off > 1e-7 {
			t.Errorf("%v: the gradient differs from central differences by %.2g, %v", of, off, err)
		}
		w, err := pmp.NewSweeper(p, pmp.Settings{Threads: threads, ShardWidth: 2})
		if err != nil {
			t.Fatal(err)
		}
		tr := w.NewTrajectory()
		if err := w.Forward(ctx, tr, theta); err != nil {
			t.Fatal(err)
		}
		w.Backward(tr)
		return tr.J, tr.Grad
	}
	same := func(what string, got, want []float64, tolerance float64) {
		t.Helper()
		for i, v := range want {
			if math.Abs(got[i]-v) > tolerance*(1+math.Abs(v)) {
				t.Errorf("%s: number %d is %g, want %g", what, i, got[i], v)
			}
		}
	}
	all := []int{0, 1, 2, 3, 4}
	cost, grad := sweep(all, 1)
	free := &pmp.FreeStarts{Field: net, N: n, Lead: lead}
	p := &pmp.Problem{Field: free, T0: -lead, T1: t1, X0: free.X0(guess), Breaks: []float64{0}, Terminal: &pmp.SquaredError{Target: target, N: 1, Weight: 0.7 / n}}
	w, err := pmp.NewSweeper(p, pmp.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	tr := w.NewTrajectory()
	if err := w.Forward(ctx, tr, theta); err != nil {
		t.Fatal(err)
	}
	w.Backward(tr)
	same("cost", []float64{cost}, []float64{tr.J}, 1e-6) // steps differ
	same("gradient", grad, tr.Grad, 1e-5)

	cost3, grad3 := sweep([]int{4, 0, 2}, 2)
	cost2, grad2 := sweep([]int{1, 3}, 1)
	same("cost of two batches", []float64{(3*cost3 + 2*cost2) / n}, []float64{cost}, 1e-6)
	for i := range grad3 {
		grad3[i] = (3*grad3[i] + 2*grad2[i]) / n
	}
	same("gradient of two batches", grad3, grad, 1e-5)
	for k, v := range grad2[net.NumParams():] {
		if s := k % n; (s == 1 || s == 3) == (v == 0) {
			t.Errorf("the slope in start %d is %g", s, v)
		}
	}
}

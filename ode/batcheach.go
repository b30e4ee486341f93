package ode

import (
	"context"
	"errors"
	"math"
	"time"
)

// solveEach integrates one sample after the other.
func (b *Batch) solveEach(ctx context.Context, s Settings) (*BatchSolution, error) {
	sol, n, began := b.solution(), b.samples(), time.Now()
	report, limit := s.OnProgress, s.MaxTime
	s.OnProgress = nil
	x0 := make([]float64, b.Dim)
	t, index := make([]float64, 1), make([]int, 1)
	for i := range n {
		for k := range x0 {
			x0[k] = b.X0[k*n+i]
		}
		p := Problem{X0: x0, T0: at(b.T0, i), T1: at(b.T1, i)}
		p.F = func(dx []float64, now float64, x []float64) {
			sol.Calls++
			t[0], index[0] = now, i
			b.F(dx, t, x, index)
		}
		if b.Jacobian != nil {
			p.Jacobian = b.Jacobian(i)
		}
		s.SaveAt, s.EndOnly, s.SkipDense = nil, true, true
		if b.SaveAt != nil && len(b.SaveAt[i]) > 0 {
			s.SaveAt, s.EndOnly = b.SaveAt[i], false
		}
		if limit > 0 {
			s.MaxTime = max(limit-time.Since(began), 1)
		}
		one, err := Solve(ctx, p, s)
		var failed *Error
		if err != nil && !errors.As(err, &failed) {
			return nil, err // the settings
		}
		sol.T[i], sol.Stats[i], sol.Reasons[i], sol.Errors[i] = one.End(), one.Stats, one.Reason, err
		for k, v := range one.Final() {
			sol.X[k*n+i] = v
		}
		if s.SaveAt != nil {
			for _, x := range one.X {
				sol.Saved[i] = append(sol.Saved[i], x...)
			}
		}
		if report != nil {
			report(Progress{Fraction: float64(i+1) / float64(n), T: math.NaN(), Elapsed: time.Since(began)})
		}
	}
	return sol, sol.failure()
}

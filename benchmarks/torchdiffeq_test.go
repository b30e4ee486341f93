package benchmarks

import (
	"math"

	"github.com/costate-go/costate/solvers"
)

// torchdiffeq solves like odeint(method="dopri5") of torchdiffeq 0.2.5: the same first step, norm (root mean square over the
// whole batch) and controller, and, which shows in the losses, steps that pass over the times asked for and a quartic
// through both ends and the middle of the step that gives the states there. It returns the states at ts, the number of
// evaluations, first step included, and the accepted steps. Steps that are given are taken as they are: torchdiffeq
// does not differentiate its controller.
func torchdiffeq(f solvers.Func, x0, ts []float64, rtol, atol float64, steps []float64) (out [][]float64, calls int, taken []float64) {
	// Twice the weights of the middle of the step (Shampine, Some practical Runge–Kutta formulas, 1986).
	middle := []float64{6025192743. / 30085553152, 0, 51252292925. / 65400821598, -2691868925. / 45128329728,
		187940372067. / 1594534317056, -1776094331. / 19743644256, 11237099. / 235043384}
	tab, n := solvers.DormandPrince54, len(x0)
	k := make([][]float64, len(tab.C))
	for i := range k {
		k[i] = make([]float64, n)
	}
	evaluate := func(dx []float64, t float64, x []float64) { calls++; f(dx, t, x) }
	rms := func(v func(i int) float64) float64 {
		sum := 0.0
		for i := range n {
			sum += v(i) * v(i)
		}
		return math.Sqrt(sum / float64(n))
	}
	scale := func(i int) float64 { return atol + rtol*math.Abs(x0[i]) }
	x, next, t := append([]float64(nil), x0...), make([]float64, n), ts[0]
	evaluate(k[0], t, x)
	d0 := rms(func(i int) float64 { return x0[i] / scale(i) })
	d1 := rms(func(i int) float64 { return k[0][i] / scale(i) })
	h0 := 0.01 * d0 / d1
	for i := range next {
		next[i] = x[i] + h0*k[0][i]
	}
	evaluate(k[1], t+h0, next)
	d2 := rms(func(i int) float64 { return (k[1][i] - k[0][i]) / scale(i) }) / h0
	h := min(100*h0, math.Pow(0.01/max(d1, d2), 1.0/5))

	quartic := make([][5]float64, n)
	var start, length float64
	out = append(out, x0)
	for _, at := range ts[1:] {
		for at > t {
			if steps != nil {
				h = steps[len(taken)]
			}
			for s := 1; s < len(tab.C); s++ {
				for i := range next {
					sum := 0.0
					for j, a := range tab.A[s] {
						sum += a * k[j][i]
					}
					next[i] = x[i] + h*sum
				}
				evaluate(k[s], t+tab.C[s]*h, next)
			}
			ratio := rms(func(i int) float64 {
				e := 0.0
				for s, w := range tab.E {
					e += 2.0 / 3 * w * k[s][i] // its weights are those of Shampine: two thirds of Dormand and Prince's
				}
				return h * e / (atol + rtol*max(math.Abs(x[i]), math.Abs(next[i])))
			})
			if ratio <= 1 || steps != nil {
				taken = append(taken, h)
				for i, y0 := range x {
					y1, f0, f1, m := next[i], h*k[0][i], h*k[6][i], 0.0
					for s, w := range middle {
						m += 0.5 * h * w * k[s][i]
					}
					m += y0
					quartic[i] = [5]float64{y0, f0, f1 - 4*f0 - 11*y0 - 5*y1 + 16*m, 5*f0 - 3*f1 + 18*y0 + 14*y1 - 32*m, 2*(f1-f0) - 8*(y0+y1) + 16*m}
				}
				start, length = t, h
				t += h
				copy(x, next)
				copy(k[0], k[6])
			}
			slowest := 0.2
			if ratio < 1 {
				slowest = 1
			}
			h *= min(10, max(0.9/math.Pow(ratio, 1.0/5), slowest))
		}
		y, s := make([]float64, n), (at-start)/length
		for i, q := range quartic {
			y[i] = q[0] + s*(q[1]+s*(q[2]+s*(q[3]+s*q[4])))
		}
		out = append(out, y)
	}
	return out, calls, taken
}

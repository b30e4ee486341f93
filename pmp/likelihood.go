package pmp

import "math"

// NormalLikelihood is the terminal cost of a continuous normalizing flow (neural.Density) in nats,
//
//	−log p(x(t₀)) = ½|x(t₁)|² + (D/2) log 2π − ℓ(t₁),
//
// with the standard normal density at t₁ and the state (x, ℓ). Kinetic·K + Jacobian·F is added where they are not zero, with the two states
// that follow: the regularized likelihood of Finlay et al. (ICML 2020).
type NormalLikelihood struct {
	D                 int // dimension of x
	Kinetic, Jacobian float64
}

// Eval implements Cost.
func (c *NormalLikelihood) Eval(grad, x []float64, _, batch int) float64 {
	sum, at := 0.5*float64(c.D*batch)*math.Log(2*math.Pi), c.D*batch
	for i, v := range x[:at] {
		sum += 0.5 * v * v
		if grad != nil {
			grad[i] += v
		}
	}
	for row, weight := range [...]float64{-1, c.Kinetic, c.Jacobian} {
		if weight == 0 {
			continue
		}
		for i := at + row*batch; i < at+(row+1)*batch; i++ {
			sum += weight * x[i]
			if grad != nil {
				grad[i] += weight
			}
		}
	}
	return sum
}

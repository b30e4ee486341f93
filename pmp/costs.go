package pmp

import "math"

// SquaredError is the cost Weight·Σ_i (x_i − y_i)² against targets y on the first rows of the state. A missing
// target (NaN) costs nothing.
type SquaredError struct {
	Target []float64 // rows×N, batch last
	N      int       // samples of the data set
	Weight float64
}

// Eval implements Cost.
func (c *SquaredError) Eval(grad, x []float64, lo, batch int) float64 {
	sum := 0.0
	for i := 0; i < len(c.Target)/c.N; i++ {
		xi := x[i*batch : (i+1)*batch]
		for s, y := range c.Target[i*c.N+lo : i*c.N+lo+batch] {
			if d := xi[s] - y; !math.IsNaN(y) {
				sum += d * d
				if grad != nil {
					grad[i*batch+s] += 2 * c.Weight * d
				}
			}
		}
	}
	return c.Weight * sum
}

// AbsoluteError is the cost Weight·Σ_i |x_i − y_i|, whose subgradient at zero is zero. A missing target (NaN) costs
// nothing.
type AbsoluteError struct {
	Target []float64 // rows×N, batch last
	N      int
	Weight float64
}

// Eval implements Cost.
func (c *AbsoluteError) Eval(grad, x []float64, lo, batch int) float64 {
	sum := 0.0
	for i := 0; i < len(c.Target)/c.N; i++ {
		xi := x[i*batch : (i+1)*batch]
		for s, y := range c.Target[i*c.N+lo : i*c.N+lo+batch] {
			d := xi[s] - y
			if d == 0 || math.IsNaN(d) && math.IsNaN(y) {
				continue
			}
			sum += math.Abs(d)
			if grad != nil {
				grad[i*batch+s] += math.Copysign(c.Weight, d)
			}
		}
	}
	return c.Weight * sum
}

// SumError is the cost Weight·(Σ_i x_i − y)²: regression by the sum of the states.
type SumError struct {
	Target []float64 // N
	Weight float64
}

// Eval implements Cost.
func (c *SumError) Eval(grad, x []float64, lo, batch int) float64 {
	total := 0.0
	for s := range batch {
		sum := -c.Target[lo+s]
		for i := s; i < len(x); i += batch {
			sum += x[i]
		}
		total += sum * sum
		if grad != nil {
			for i := s; i < len(x); i += batch {
				grad[i] += 2 * c.Weight * sum
			}
		}
	}
	return c.Weight * total
}

// CrossEntropy is the cost of classification with the softmax of the states First … First+Classes−1, times Scale, as
// probabilities: −log p_label. With one class that state is the logit of label 1 against 0.
type CrossEntropy struct {
	Label          []int // N
	First, Classes int
	Scale          float64
}

// Eval implements Cost.
func (c *CrossEntropy) Eval(grad, x []float64, lo, batch int) float64 {
	total := 0.0
	x = x[c.First*batch:]
	if grad != nil {
		grad = grad[c.First*batch:]
	}
	for s := range batch {
		label := c.Label[lo+s]
		if c.Classes == 1 {
			z := c.Scale * x[s]
			if label == 1 {
				z = -z
			}
			// log(1 + eᶻ) and its slope, without overflow.
			e := math.Exp(-math.Abs(z))
			total += max(z, 0) + math.Log1p(e)
			if grad != nil {
				p := e / (1 + e)
				if z > 0 {
					p = 1 / (1 + e)
				}
				if label == 1 {
					p = -p
				}
				grad[s] += c.Scale * p
			}
			continue
		}
		top := math.Inf(-1)
		for k := range c.Classes {
			top = max(top, c.Scale*x[k*batch+s])
		}
		sum := 0.0
		for k := range c.Classes {
			sum += math.Exp(c.Scale*x[k*batch+s] - top)
		}
		total += math.Log(sum) + top - c.Scale*x[label*batch+s]
		if grad != nil {
			for k := range c.Classes {
				p := math.Exp(c.Scale*x[k*batch+s]-top) / sum
				if k == label {
					p--
				}
				grad[k*batch+s] += c.Scale * p
			}
		}
	}
	return total
}

// Quadratic is the running cost Σ_i Weight_i (x_i − Target_i)²; a nil Target is the origin.
type Quadratic struct {
	Weight, Target []float64 // d
}

// Eval implements Running.
func (c *Quadratic) Eval(gx, _ []float64, w, _ float64, x, _ []float64, _, batch int) float64 {
	sum := 0.0
	for i, q := range c.Weight {
		if q == 0 {
			continue
		}
		y := 0.0
		if c.Target != nil {
			y = c.Target[i]
		}
		for s, v := range x[i*batch : (i+1)*batch] {
			d := v - y
			sum += q * d * d
			if gx != nil {
				gx[i*batch+s] += 2 * w * q * d
			}
		}
	}
	return sum
}

// Elapsed is the running cost 1: J is the time that passes.
type Elapsed struct{}

// Eval implements Running.
func (Elapsed) Eval(_, _ []float64, _, _ float64, _, _ []float64, _, batch int) float64 {
	return float64(batch)
}

// Linear is the terminal cost Offset + Σ_i Weight_i x_i.
type Linear struct {
	Weight []float64 // d
	Offset float64
}

// Eval implements Cost.
func (c *Linear) Eval(grad, x []float64, _, batch int) float64 {
	sum := c.Offset * float64(batch)
	for i, q := range c.Weight {
		for s, v := range x[i*batch : (i+1)*batch] {
			sum += q * v
			if grad != nil {
				grad[i*batch+s] += q
			}
		}
	}
	return sum
}

// RunningFunc is a running cost written for one sample.
type RunningFunc struct {
	// L returns L(t, x, u).
	L func(t float64, x, u []float64) float64
	// Grad stores ∂L/∂x in gx (d) and ∂L/∂u in gu (P).
	Grad func(gx, gu []float64, t float64, x, u []float64)
}

// Eval implements Running. It allocates; costs on hot paths implement Running themselves.
func (c *RunningFunc) Eval(gx, gtheta []float64, w, t float64, x, theta []float64, _, batch int) float64 {
	d := len(x) / batch
	xs, gxs, gus := make([]float64, d), make([]float64, d), make([]float64, len(theta))
	sum := 0.0
	for s := range batch {
		for i := range xs {
			xs[i] = x[i*batch+s]
		}
		sum += c.L(t, xs, theta)
		if gx == nil {
			continue
		}
		c.Grad(gxs, gus, t, xs, theta)
		for i, g := range gxs {
			gx[i*batch+s] += w * g
		}
		for i, g := range gus {
			gtheta[i] += w * g
		}
	}
	return sum
}

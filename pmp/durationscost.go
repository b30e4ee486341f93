package pmp

import "math"

// durationsCost is v (L(t, x, u) + ½ν|u|² + β|u|₁) of a problem with unknown durations.
type durationsCost struct{ f *durationsField }

// Eval implements Running.
func (c *durationsCost) Eval(gx, gtheta []float64, w, _ float64, x, theta []float64, lo, batch int) float64 {
	f := c.f
	p, own := f.d.Problem, f.own
	n := p.Field.Dim() * batch
	u, v, t := f.d.control(theta), theta[own], x[n]
	price := 0.0
	for _, a := range u {
		price += 0.5*p.Control.L2*a*a + p.Control.L1*math.Abs(a)
	}
	sum := float64(batch) * price
	var inner []float64 // ∂L/∂u
	if gx != nil {
		inner = gtheta[:own]
		if f.given() {
			inner = make([]float64, len(u)) // not wanted
		}
		for i, a := range u {
			inner[i] += w * v * float64(batch) * (p.Control.L2*a + sign(a)*p.Control.L1)
		}
	}
	if p.Running != nil {
		var rows []float64
		if gx != nil {
			rows = gx[:n]
		}
		sum += p.Running.Eval(rows, inner, w*v, t, x[:n], u, lo, batch)
		if gx != nil && !f.d.Autonomous {
			h := f.d.difference()
			slope := p.Running.Eval(nil, nil, 0, t+h, x[:n], u, lo, batch) - p.Running.Eval(nil, nil, 0, t-h, x[:n], u, lo, batch)
			for s := range batch { // samples share t; their sum is what counts
				gx[n+s] += w * v * slope / (2 * h) / float64(batch)
			}
		}
	}
	if gx != nil {
		gtheta[own] += w * sum
	}
	return v * sum
}

func sign(a float64) float64 {
	switch {
	case a > 0:
		return 1
	case a < 0:
		return -1
	}
	return 0
}

// firstRows is a cost of the first rows of a state.
type firstRows struct {
	Cost
	rows int
}

// Eval implements Cost.
func (c firstRows) Eval(grad, x []float64, lo, batch int) float64 {
	if grad != nil {
		grad = grad[:c.rows*batch]
	}
	return c.Cost.Eval(grad, x[:c.rows*batch], lo, batch)
}

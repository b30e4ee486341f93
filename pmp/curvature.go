package pmp

import (
	"fmt"
	"math"

	"github.com/costate-go/costate/internal/kernel"
)

// Curved is a Cost that is convex in the state: what Gauss–Newton methods need of it.
type Curved interface {
	Cost
	// AddCurvature adds ℓ_xx(x_s) v_s to dst for the samples lo … lo+batch−1. dst, x and v are d×batch, batch last. The matrix
	// must be symmetric and positive semidefinite.
	AddCurvature(dst, x, v []float64, lo, batch int)
}

// AddCurvature implements Curved.
func (c *SquaredError) AddCurvature(dst, _, v []float64, lo, batch int) {
	for i := 0; i < len(c.Target)/c.N; i++ {
		row := i * batch
		for s, y := range c.Target[i*c.N+lo : i*c.N+lo+batch] {
			if !math.IsNaN(y) {
				dst[row+s] += 2 * c.Weight * v[row+s]
			}
		}
	}
}

// AddCurvature implements Curved.
func (c *SumError) AddCurvature(dst, _, v []float64, _, batch int) {
	for s := range batch {
		sum := 0.0
		for i := s; i < len(v); i += batch {
			sum += v[i]
		}
		for i := s; i < len(v); i += batch {
			dst[i] += 2 * c.Weight * sum
		}
	}
}

// AddCurvature implements Curved: with the probabilities π, the matrix Scale²(diag π − ππᵀ).
func (c *CrossEntropy) AddCurvature(dst, x, v []float64, _, batch int) {
	x, v, dst = x[c.First*batch:], v[c.First*batch:], dst[c.First*batch:]
	square := c.Scale * c.Scale
	for s := range batch {
		if c.Classes == 1 {
			e := math.Exp(-math.Abs(c.Scale * x[s]))
			dst[s] += square * e / ((1 + e) * (1 + e)) * v[s]
			continue
		}
		top := math.Inf(-1)
		for k := range c.Classes {
			top = max(top, c.Scale*x[k*batch+s])
		}
		sum, mean := 0.0, 0.0
		for k := range c.Classes {
			e := math.Exp(c.Scale*x[k*batch+s] - top)
			sum += e
			mean += e * v[k*batch+s]
		}
		mean /= sum
		for k := range c.Classes {
			p := math.Exp(c.Scale*x[k*batch+s]-top) / sum
			dst[k*batch+s] += square * p * (v[k*batch+s] - mean)
		}
	}
}

// AddCurvature implements Curved: there is none.
func (c *Linear) AddCurvature(_, _, _ []float64, _, _ int) {}

func (c *TerminalConstraint) addCurvature(dst, v []float64, batch int) {
	for _, i := range c.Component {
		kernel.Axpy(dst[i*batch:(i+1)*batch], c.Sigma, v[i*batch:(i+1)*batch])
	}
}

// curved returns an error unless all costs are Curved costs of states at single instants.
func (p *Problem) curved() error {
	if p.Running != nil {
		return fmt.Errorf("%w: gauss-newton takes costs at observations and at t1, and there is a running cost; use sqh or lbfgs", ErrProblem)
	}
	if len(p.Paths) > 0 {
		return fmt.Errorf("%w: gauss-newton takes no path constraints; use sqh", ErrProblem)
	}
	check := func(c Cost, where string) error {
		if _, ok := c.(Curved); c != nil && !ok {
			return fmt.Errorf("%w: gauss-newton needs the curvature of the cost at %s, and %T has none; take a squared error, or lbfgs", ErrProblem, where, c)
		}
		return nil
	}
	for _, o := range p.Observations {
		if err := check(o.Cost, fmt.Sprintf("t = %g", o.T)); err != nil {
			return err
		}
	}
	return check(p.Terminal, "t1")
}

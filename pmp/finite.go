package pmp

import (
	"fmt"
	"math"
	"slices"
)

// Finite maximizes over a finite set: every parameter takes one of some levels (binary {−1, 1}, ternary {−1, 0, 1}, a grid), or a node's
// vector one of some points. Where the dynamics are affine in the control the levels of every parameter are chosen independently, from the slope;
// else H̃ is evaluated: for all combinations where these are few, or parameter by parameter, each with the others held, until
// nothing changes. The control to start from is moved to the nearest allowed one.
type Finite struct {
	// Levels are the values of every parameter, Points those of a node's vector (each of length P); one of the two is given.
	Levels []float64
	Points [][]float64
	// Combinations bounds the combinations of levels that are all tried; 0 means 256. Sweeps bounds the passes over the
	// parameters where there are more; 0 means 5.
	Combinations, Sweeps int

	affine bool
	try    [][]float64 // per lane
	count  [][]int
}

// Binary are the levels of binary weights, −1 and 1.
func Binary() []float64 { return []float64{-1, 1} }

// Ternary are the levels of ternary weights, −1, 0 and 1.
func Ternary() []float64 { return []float64{-1, 0, 1} }

// Name implements Maximizer.
func (*Finite) Name() string { return "finite" }

// Prepare implements Maximizer.
func (s *Finite) Prepare(w *Sweeper) error {
	m := w.mesh
	if (len(s.Levels) == 0) == (len(s.Points) == 0) {
		return fmt.Errorf("%w: finite needs either levels or points", ErrMaximizer)
	}
	fits := func(u []float64) bool {
		c := slices.Clone(u)
		m.clipNode(c)
		return slices.Equal(c, u)
	}
	for _, point := range s.Points {
		if len(point) != m.params || !fits(point) {
			return fmt.Errorf("%w: the point %v does not have %d parameters within the bounds", ErrMaximizer, point, m.params)
		}
	}
	for _, level := range s.Levels {
		if u := slices.Repeat([]float64{level}, m.params); m.radius > 0 || !fits(u) {
			return fmt.Errorf("%w: the level %g lies outside the bounds; a radius takes points", ErrMaximizer, level)
		}
	}
	if m.kind == PiecewiseLinear {
		return fmt.Errorf("%w: a piecewise linear control takes values between those of its knots; take a piecewise constant one with finite", ErrMaximizer)
	}
	s.affine = w.Problem.Affine && len(s.Levels) > 0
	s.try, s.count = nil, nil
	for range w.lanes {
		s.try, s.count = append(s.try, make([]float64, m.params)), append(s.count, make([]int, m.params))
	}
	return nil
}

// Project moves every node to the nearest allowed value.
func (s *Finite) Project(w *Sweeper, theta []float64) {
	for j := range w.mesh.nodes {
		u := w.mesh.node(theta, j)
		if len(s.Points) > 0 {
			best := slices.MinFunc(s.Points, func(a, b []float64) int {
				if distance2(a, u) < distance2(b, u) {
					return -1
				}
				return 1
			})
			copy(u, best)
			continue
		}
		for i, v := range u {
			u[i] = s.Levels[0]
			for _, level := range s.Levels[1:] {
				if math.Abs(level-v) < math.Abs(u[i]-v) {
					u[i] = level
				}
			}
		}
	}
}

// MaximizeNode implements Maximizer.
func (s *Finite) MaximizeNode(f *Frozen, ln *Lane, j int, u []float64) {
	switch {
	case s.affine:
		s.fromSlope(f, j, u)
		return
	case len(s.Points) > 0:
		value := f.ValueNode(ln, j, u)
		for _, point := range s.Points {
			if v := f.ValueNode(ln, j, point); v > value {
				copy(u, point)
				value = v
			}
		}
		return
	}
	most := s.Combinations
	if most == 0 {
		most = 256
	}
	if all := math.Pow(float64(len(s.Levels)), float64(len(u))); all <= float64(most) {
		s.exhaust(f, ln, j, u)
		return
	}
	s.byParameter(f, ln, j, u)
}

// fromSlope chooses the best level of every parameter where H is affine in it but for its own price.
func (s *Finite) fromSlope(f *Frozen, j int, u []float64) {
	m := f.w.mesh
	old, grad := m.node(f.tr.Theta, j), m.node(f.tr.Grad, j)
	for i := range u {
		g := -grad[i]/m.mass[j] + m.l2*old[i]
		value := math.Inf(-1)
		for _, level := range s.Levels {
			d := level - old[i]
			v := g*level - m.price(level) - f.Epsilon*d*d
			if v > value || v == value && level == old[i] {
				u[i], value = level, v
			}
		}
	}
}

// exhaust tries all combinations of levels.
func (s *Finite) exhaust(f *Frozen, ln *Lane, j int, u []float64) {
	try, count := s.try[ln.index], s.count[ln.index]
	clear(count)
	for i := range try {
		try[i] = s.Levels[0]
	}
	value := f.ValueNode(ln, j, u)
	for {
		if v := f.ValueNode(ln, j, try); v > value {
			copy(u, try)
			value = v
		}
		i := 0
		for ; i < len(count); i++ {
			if count[i]++; count[i] < len(s.Levels) {
				try[i] = s.Levels[count[i]]
				break
			}
			count[i] = 0
			try[i] = s.Levels[0]
		}
		if i == len(count) {
			return
		}
	}
}

// byParameter tries the levels of one parameter after the other.
func (s *Finite) byParameter(f *Frozen, ln *Lane, j int, u []float64) {
	try := s.try[ln.index]
	copy(try, u)
	sweeps := s.Sweeps
	if sweeps == 0 {
		sweeps = 5
	}
	value := f.ValueNode(ln, j, u)
	for range sweeps {
		changed := false
		for i := range u {
			for _, level := range s.Levels {
				if try[i] = level; level == u[i] {
					continue
				}
				if v := f.ValueNode(ln, j, try); v > value {
					u[i], value, changed = level, v, true
				}
			}
			try[i] = u[i]
		}
		if !changed {
			return
		}
	}
}

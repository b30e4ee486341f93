package pmp

import (
	"context"
	"errors"
	"fmt"
)

// Indirect is the solution of the maximum principle as an Optimizer, for programs that treat all alike. Its first step finds the
// extremal and takes its control over to the nodes of the sweeper's control: at knots where that is piecewise linear, else in the middle of
// intervals. Loss is J of the extremal, not of the control at the nodes.
type Indirect struct {
	// Extremal finds the extremal, by a Shooting or a Homotopy.
	Extremal func(ctx context.Context) (*Extremal, error)

	base
	p1 []float64 // of the extremal, once it is found
}

// Name implements Optimizer.
func (*Indirect) Name() string { return "shooting" }

// Init implements Optimizer.
func (o *Indirect) Init(_ context.Context, w *Sweeper, theta []float64) error {
	return o.init(w, theta)
}

// Step implements Optimizer.
func (o *Indirect) Step(ctx context.Context) (Iterate, error) {
	e, err := o.Extremal(ctx)
	if err != nil {
		return Iterate{}, err
	}
	m := o.w.mesh
	if m.kind == CubicHermite {
		return Iterate{}, fmt.Errorf("%w: the control of an extremal is stored by values alone; take a piecewise linear one", ErrProblem)
	}
	for j := range m.nodes {
		var t float64
		switch m.kind {
		case PiecewiseLinear:
			t = m.knots[j]
		default:
			t = m.knots[j] + (m.knots[j+1]-m.knots[j])/2
		}
		if err := e.At(nil, nil, m.node(o.theta, j), min(t, e.T1)); err != nil {
			return Iterate{}, err
		}
	}
	m.clip(o.theta)
	o.hold(e.P1)
	o.Refresh()
	it := Iterate{Accepted: true, StepParameter: 1, Stop: e.Stop, Message: e.Message}
	if err = o.sweep(ctx, &it); err != nil {
		return Iterate{}, errors.Join(errors.New("pmp: the control of the extremal, on the nodes, cannot be swept; take more intervals"), err)
	}
	o.iter++
	o.describe(&it, o.cur)
	it.Loss, it.Before, it.Augmented, it.Residual = e.J, e.J, e.J, e.Gap
	it.Work.Forward += e.Evaluations
	it.Work.Backward += e.Evaluations
	it.Work.Solves += e.Solves
	return it, nil
}

// hold gives the terminal constraints their multipliers −p(t₁), so that sweeps of the control have the extremal's costate.
func (o *Indirect) hold(p1 []float64) {
	o.p1 = append(o.p1[:0], p1...)
	for _, c := range o.w.Problem.Constraints {
		c.Sigma = 0
		for k, i := range c.Component {
			c.Zeta[k] = -p1[i]
		}
	}
}

// Save implements Optimizer.
func (o *Indirect) Save() State {
	s := o.save()
	if o.p1 != nil {
		s["shooting.p1"] = append([]float64(nil), o.p1...)
	}
	return s
}

// Load implements Optimizer.
func (o *Indirect) Load(s State) error {
	if _, ok := s["shooting.p1"]; ok {
		p1 := make([]float64, o.w.Problem.Field.Dim())
		if err := s.vector("shooting.p1", p1); err != nil {
			return err
		}
		o.hold(p1)
	}
	return o.load(s)
}

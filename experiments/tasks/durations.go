package tasks

import (
	"fmt"

	"github.com/costate-go/costate/pmp"
)

// pose makes the durations of the control's intervals unknowns, where the configuration asks for it.
func (t *Control) pose() error {
	if !t.c.Control.Durations {
		return nil
	}
	d := &pmp.Durations{
		Problem: t.problem, FreeEnd: t.Classical.FreeTime, Autonomous: true, // as all classical problems are
		Least: 1e-6 * (t.Classical.T1 - t.Classical.T0),
	}
	if values, m := t.c.Control.Modes, t.Classical.Field.P; values != nil {
		if len(values) == 0 || len(values)%m != 0 {
			return configError("control.modes", fmt.Sprintf("has %d numbers, and every interval takes %d", len(values), m))
		}
		for k := 0; k < len(values); k += m {
			d.Modes = append(d.Modes, values[k:k+m])
		}
	}
	problem, start, err := d.Pose(t.Initial())
	if err != nil {
		return configError("control.durations", err.Error())
	}
	t.durations, t.problem, t.start = d, problem, start
	return nil
}

// Shape is the control as a function of time: its space and its nodes. The knots of a control whose durations are unknown are those that theta has,
// and a cubic one is cut into short lines.
func (t *Control) Shape(theta []float64) (pmp.Control, []float64) {
	c := t.problem.Control
	switch {
	case t.durations != nil:
		return t.durations.Control(theta)
	case c.Kind == pmp.CubicHermite:
		const pieces = 400
		line := pmp.Control{Kind: pmp.PiecewiseLinear, Mesh: pmp.UniformMesh(t.problem.T0, t.problem.T1, pieces)}
		var u []float64
		for _, at := range line.Mesh {
			u = append(u, c.At(make([]float64, t.Classical.Field.P), theta, at)...)
		}
		return line, u
	}
	return c, theta
}

// durationMetrics are the switching times that a control has found, and the horizon.
func (t *Control) durationMetrics(m map[string]float64, theta []float64) {
	if t.durations == nil {
		return
	}
	times := t.durations.Times(theta)
	last := len(times) - 1
	for k, at := range times[1:last] {
		m[fmt.Sprintf("switch_%d", k+1)] = at
	}
	m["t1"] = times[last]
}

// ownTime turns paths on the time of the durations to those on the problem's own.
func (t *Control) ownTime(p *Paths) {
	if t.durations == nil {
		return
	}
	d := t.Classical.Field.D
	for k := range p.T {
		p.T[k] = p.X[k][d]
		p.X[k], p.P[k] = p.X[k][:d], p.P[k][:d]
		if t.durations.Modes != nil { // a node has the number of its mode
			p.U[k] = t.durations.Modes[int(p.U[k][0])]
		} else {
			p.U[k] = p.U[k][:t.Classical.Field.P]
		}
	}
}

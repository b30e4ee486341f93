package pmp

import (
	"fmt"

	"github.com/costate-go/costate/solvers"
)

// use prepares the sweeper for a method. Methods that are no tableaux have workspaces like one of a single stage, or are treated like one.
func (w *Sweeper) use(method solvers.Method) (err error) {
	if w.reversible, err = checkReversible(method, &w.Settings); err != nil {
		return err
	}
	w.method = solvers.Euler.Tableau()
	switch m := method.(type) {
	case solvers.Tableaued:
		w.method = m.Tableau()
	case *solvers.ESDIRK:
		return w.useESDIRK(m)
	case *solvers.Rosenbrock:
		return w.useRosenbrock(m)
	default:
		if w.reversible == nil {
			return fmt.Errorf("%w: the discrete costate needs an explicit Runge–Kutta, an ESDIRK or a Rosenbrock method, and %s is none", ErrProblem, method.Name())
		}
	}
	return nil
}

// suits reports what of the settings does not go with the problem or with each other.
func (w *Sweeper) suits() error {
	p, s := w.Problem, &w.Settings
	if len(p.Events) > 0 {
		w.width = 1 // since each sample meets them at times of its own
	}
	if s.Interpolate {
		if err := w.checkInterpolation(); err != nil {
			return err
		}
	}
	if s.Costate.continuous() {
		if err := w.checkContinuous(); err != nil {
			return err
		}
	}
	switch {
	case len(p.Jumps)+len(p.Events) > 0 && (s.Interpolate || s.Costate != Discrete || w.implicit()):
		return fmt.Errorf("%w: jumps and events need an explicit method, the discrete costate and no interpolation", ErrProblem)
	case len(p.Paths) > 0 && (s.Interpolate || s.Costate.continuous()):
		return fmt.Errorf("%w: path constraints are held at ends of steps, without interpolation, and not by the costate %v", ErrProblem, s.Costate)
	case s.Interpolate && s.Costate.again():
		return fmt.Errorf("%w: observations are interpolated with the discrete costate alone", ErrProblem)
	}
	return nil
}

// wire finds how the stages of the method depend on each other.
func (w *Sweeper) wire() {
	w.feeds = make([]bool, len(w.method.C))
	for i := len(w.feeds) - 1; i >= 0; i-- {
		w.feeds[i] = w.method.B[i] != 0
		for j := i + 1; j < len(w.feeds); j++ {
			w.feeds[i] = w.feeds[i] || w.feeds[j] && w.method.A[j][i] != 0
		}
	}
	w.followers = make([][]follower, len(w.method.C))
	for j, row := range w.method.A {
		for i, a := range row {
			if a != 0 {
				w.followers[i] = append(w.followers[i], follower{j, a})
			}
		}
	}
	if w.gamma != 0 {
		w.implicitAnchor()
		return
	}
	for w.method.B[w.anchor] == 0 {
		w.anchor++
	}
}

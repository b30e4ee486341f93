package ode

import "github.com/costate-go/costate/solvers"

// Watcher looks for events in the steps of an Integrator that its owner drives, as Solve does. Of the events it uses G, Direction and
// Samples. After construction it allocates nothing. It belongs to one goroutine.
type Watcher struct {
	w         *watcher
	coeffs, x []float64
	point     func(s float64) []float64
}

// NewWatcher returns a Watcher for the steps of it.
func NewWatcher(events []Event, it *Integrator) *Watcher {
	w := &Watcher{w: newWatcher(events, it.n), coeffs: make([]float64, it.Stepper().DenseLen()), x: make([]float64, it.n)}
	w.point = func(s float64) []float64 {
		solvers.EvalDense(w.x, w.coeffs, s)
		return w.x
	}
	return w
}

// Begin says from where the solution goes on, at first or after a change that no event made.
func (w *Watcher) Begin(t float64, x []float64) { w.w.begin(t, x) }

// First returns the first event in the last step of it, and the part of the step (in (0, 1]) after which it is located on the continuous
// extension; event is −1 where there is none. The part is 0 where an event that had just happened comes back so soon that rounding hides when.
// It takes the extension of the step, for which some methods evaluate f.
func (w *Watcher) First(it *Integrator) (event int, part float64) {
	it.Stepper().Dense(w.coeffs)
	hits := w.w.look(it, w.point)
	switch {
	case w.w.back >= 0:
		return w.w.back, 0
	case len(hits) == 0:
		return -1, 1
	}
	return hits[0].event, hits[0].s
}

// Earlier returns an event other than the given one that has happened between the beginning of the last step and the time and state, which
// need not be on the continuous extension: one that First may have taken for a later one. It is −1 where there is none.
func (w *Watcher) Earlier(than int, t float64, x []float64) int {
	for k := range w.w.events {
		if e, was := &w.w.events[k], w.w.was[k]; k != than && e.wanted(was) && changes(was, e.G(t, x)) {
			return k
		}
	}
	return -1
}

// Happened says that the solution goes on from the time and state of an event that was met with |G| = noise and may have changed the state.
// Where |G| is hardly larger now, the solution is on the side that slope, the derivative of G along it, points to; if that is zero, on neither
// side until it has left.
func (w *Watcher) Happened(event int, noise, slope, t float64, x []float64) {
	w.w.begin(t, x)
	w.w.left(event, noise)
	w.w.side[event] = slope
}

package ode

import (
	"math"
	"slices"
	"sort"
)

// Event is a function of time and state whose sign changes are located on the dense output.
type Event struct {
	// G is evaluated at points inside and at the end of every accepted step, and while a change of sign is located. It
	// must not keep or change x. Where it only touches zero nothing happens, unless it is exactly zero there.
	G func(t float64, x []float64) float64
	// Direction > 0 takes only changes from negative to positive, in the direction of integration, < 0 only the
	// opposite ones, 0 both.
	Direction int
	// Terminal ends the integration at the event; with After > 1 at the occurrence of that number.
	Terminal bool
	After    int
	// Apply changes the state at the event in place, such as the velocity of a ball that bounces; the integration goes on
	// from there, with the right-hand side evaluated afresh. It is not called where the event ends the integration.
	Apply func(t float64, x []float64)
	// Samples is the number of points inside a step at which G is looked at, so that several changes of sign in one
	// step are found; zero means 7, a negative number none. Between them a change of sign and back is found
	// where |G| has a minimum at a sample.
	Samples int
}

const defaultSamples = 7

func (e *Event) samples() int {
	if e.Samples == 0 {
		return defaultSamples
	}
	return max(0, e.Samples)
}

// Occurrence is an event that happened.
type Occurrence struct {
	Event int // index in Settings.Events
	T     float64
	X     []float64 // before Apply
	After []float64 // after Apply; nil where the event has none or ended the integration
}

// watcher looks for events in the steps of one integration.
type watcher struct {
	events []Event
	g      []float64 // values at the present point; zero: the side that the event is on is not known yet
	noise  []float64 // how far from zero the event was found
	side   []float64 // the sign that it takes on when it leaves zero; 0 where that is not known
	was    []float64 // the values at the beginning of the last step, or where the solution left zero in it
	back   int       // an event that took on the other one at once, −1 for none
	counts []int
	at     []float64 // where samples of a step lie, from 0 to 1
	values []float64 // of one event at these points
	points []float64 // states there
	hits   []hit
}

// hit is a change of sign in a step.
type hit struct {
	event int
	s     float64 // where, on the far side
	far   float64 // G there
}

func newWatcher(events []Event, n int) *watcher {
	w := &watcher{events: events, g: make([]float64, len(events)), counts: make([]int, len(events)), noise: make([]float64, len(events)), side: make([]float64, len(events)), was: make([]float64, len(events))}
	top := 0
	for i := range events {
		top = max(top, events[i].samples())
	}
	for j := range top + 2 { // close to the ends, where polynomials swing, a little denser
		w.at = append(w.at, (1-math.Cos(math.Pi*float64(j)/float64(top+1)))/2)
	}
	w.at[len(w.at)-1] = 1
	w.values = make([]float64, len(w.at))
	w.points = make([]float64, len(w.at)*n)
	return w
}

// begin says where the solution is.
func (w *watcher) begin(t float64, x []float64) {
	for k := range w.events {
		w.g[k], w.side[k] = w.events[k].G(t, x), 0
	}
}

// left says that event k was found as far from zero as noise and changed the state, so that G is what it is now: where it is
// as close to zero as that, its side is the one on which the solution leaves.
func (w *watcher) left(k int, noise float64) {
	if math.Abs(w.g[k]) <= 100*noise {
		w.g[k], w.noise[k] = 0, noise
	}
}

// leave returns where and on which side the solution has left zero: at the first value that is no noise, so that it may
// come back soon.
func (w *watcher) leave(k int, g func(s float64) float64) (s, v float64) {
	end := 0.01
	if w.side[k] != 0 {
		end = 1
	}
	back := false
	for s := 1e-14; s < end; s *= 100 {
		switch v := g(s); {
		case math.Abs(v) <= 100*w.noise[k]:
		case v*w.side[k] >= 0:
			return s, v
		default:
			back = true
		}
	}
	if back {
		w.back = k
	}
	return 0, 0
}

// look collects the changes of sign in the last step of it, in order; interpolate gives the state at a part of that step.
func (w *watcher) look(it *Integrator, interpolate func(s float64) []float64) []hit {
	n, last := it.n, len(w.at)-1
	t0, h := it.TPrev(), it.H()
	time := func(s float64) float64 {
		if s == 1 {
			return it.T()
		}
		return t0 + s*h
	}
	for j := 1; j < last; j++ {
		copy(w.points[j*n:], interpolate(w.at[j]))
	}
	w.hits, w.back = w.hits[:0], -1
	for k := range w.events {
		e := &w.events[k]
		inside := func(s float64) float64 {
			return e.G(time(s), interpolate(s))
		}
		w.at[0], w.values[0] = 0, w.g[k]
		if w.g[k] == 0 {
			w.at[0], w.values[0] = w.leave(k, inside)
		}
		w.was[k] = w.values[0]
		w.g[k] = e.G(it.T(), it.X())
		if e.samples() == 0 {
			if a, b := w.values[0], w.g[k]; changes(a, b) {
				w.hit(k, inside, w.at[0], 1, a, b)
			}
			continue
		}
		for j := 1; j < last; j++ {
			w.values[j] = e.G(time(w.at[j]), w.points[j*n:(j+1)*n])
		}
		w.values[last] = w.g[k]
		w.scan(k, inside)
	}
	slices.SortStableFunc(w.hits, func(a, b hit) int {
		switch {
		case a.s < b.s:
			return -1
		case a.s > b.s:
			return 1
		}
		return 0
	})
	return w.hits
}

// scan collects the changes of sign of event k from its values at the samples.
func (w *watcher) scan(k int, g func(s float64) float64) {
	v, at := w.values, w.at
	for j := 1; j < len(v); j++ {
		a, b := v[j-1], v[j]
		switch {
		case changes(a, b):
			w.hit(k, g, at[j-1], at[j], a, b)
		case j+1 < len(v) && !changes(b, v[j+1]) && a*b > 0 && math.Abs(b) <= math.Abs(a) && math.Abs(b) < math.Abs(v[j+1]):
			if s, c := dip(g, at[j-1], at[j], at[j+1], b); changes(b, c) {
				w.hit(k, g, at[j-1], s, a, c)
				w.hit(k, g, s, at[j+1], c, v[j+1])
			}
		}
	}
}

// changes reports a change of sign from a to b; one from zero was reported when zero was reached.
func changes(a, b float64) bool { return a < 0 && b >= 0 || a > 0 && b <= 0 }

// wanted reports whether a change of sign that begins at v is one that the event takes.
func (e *Event) wanted(v float64) bool {
	return !(e.Direction > 0 && v > 0 || e.Direction < 0 && v < 0)
}

func (w *watcher) hit(k int, g func(s float64) float64, a, b, ga, gb float64) {
	if !w.events[k].wanted(ga) {
		return
	}
	s, far := locate(g, a, b, ga, gb)
	w.hits = append(w.hits, hit{event: k, s: s, far: far})
}

// locate finds a change of sign of g in (a, b], given the values at a and b, of opposite sign or the latter zero: bisection
// made fast by the Illinois rule. The returned point lies on the far side of the change, so that an integration which
// goes on from it does not meet the event again.
func locate(g func(s float64) float64, a, b, ga, gb float64) (s, far float64) {
	side, gFar := 0, gb
	for i := 0; i < 100 && b-a > 4e-16*b; i++ {
		s := (a*gb - b*ga) / (gb - ga)
		if i%3 == 2 || !(s > a && s < b) {
			s = a + (b-a)/2
		}
		if s == a || s == b {
			break
		}
		v := g(s)
		if math.Signbit(v) == math.Signbit(ga) && v != 0 {
			if a, ga = s, v; side == -1 {
				gb /= 2
			}
			side = -1
		} else {
			gFar = v
			if b, gb = s, v; side == 1 {
				ga /= 2
			}
			side = 1
			if v == 0 {
				break
			}
		}
	}
	return b, gFar
}

// dip follows |g| down from its smallest sample b, at m between a and c, until g changes its sign or stops falling:
// golden sections.
func dip(g func(s float64) float64, a, m, c, b float64) (s, v float64) {
	const golden = 0.3819660112501051
	v = b
	for range 40 {
		left := m-a > c-m
		s = m + golden*(c-m)
		if left {
			s = m - golden*(m-a)
		}
		u := g(s)
		switch {
		case changes(b, u):
			return s, u
		case math.Abs(u) < math.Abs(v):
			if left {
				c = m
			} else {
				a = m
			}
			m, v = s, u
		case left:
			a = s
		default:
			c = s
		}
		if c-a < 1e-8 {
			break
		}
	}
	return m, v
}

// ends reports whether the integration ends at a hit, the others before it in the list being counted.
func (w *watcher) ends(h hit, hits []hit) bool {
	e := &w.events[h.event]
	if !e.Terminal {
		return false
	}
	n := w.counts[h.event]
	for _, other := range hits {
		if other.event == h.event {
			n++
		}
		if other == h {
			break
		}
	}
	return n >= e.After
}

// outcome is what the events of a step mean for the integration.
type outcome struct {
	cut     bool // the step ends early, at s, at time t
	s, t    float64
	ended   bool // so does the integration
	changed bool // the state is another one from there on: run.after
	lost    bool // an event came back at once, and its time is not known
}

// together is how close events in a step happen at once.
const together = 1e-13

// events records the events of the last step in order, and changes the state where they ask for it.
func (r *run) events() (o outcome) {
	w, it := r.watch, r.it
	hits := w.look(it, r.point)
	if w.back >= 0 {
		o.lost = true
		return o
	}
	state := func(s float64) (t float64, x []float64) {
		if s == 1 {
			return it.T(), it.X()
		}
		return it.TPrev() + s*it.H(), r.interpolate(s)
	}
	record := func(h hit, t float64, x []float64) {
		w.counts[h.event]++
		r.sol.Events = append(r.sol.Events, Occurrence{Event: h.event, T: t, X: slices.Clone(x)})
	}
	decisive := slices.IndexFunc(hits, func(h hit) bool { return w.ends(h, hits) || w.events[h.event].Apply != nil })
	single := len(hits) // events that have no company
	if decisive >= 0 {
		single = slices.IndexFunc(hits, func(h hit) bool { return h.s >= hits[decisive].s-together })
	}
	for _, h := range hits[:single] {
		t, x := state(h.s)
		record(h, t, x)
	}
	if decisive < 0 {
		return o
	}
	// The first event that ends the integration or changes the state, and what happens at once with it; the rest of the
	// step is void.
	o.s = hits[decisive].s
	var x []float64
	o.t, x = state(o.s)
	o.cut = o.s < 1
	first := len(r.sol.Events)
	hits = hits[single:]
	hits = hits[:sort.Search(len(hits), func(i int) bool { return hits[i].s > o.s+together })]
	slices.SortStableFunc(hits, func(a, b hit) int { return a.event - b.event })
	for i, h := range hits {
		o.ended = o.ended || w.ends(h, hits[:i+1])
		o.changed = o.changed || w.events[h.event].Apply != nil
		hits[i].far = max(math.Abs(h.far), math.Abs(w.events[h.event].G(o.t, x)))
	}
	for _, h := range hits {
		record(h, o.t, x)
	}
	if o.changed = o.changed && !o.ended; !o.changed {
		return o
	}
	copy(r.after, x)
	for i, h := range hits {
		if e := &w.events[h.event]; e.Apply != nil {
			e.Apply(o.t, r.after)
			r.sol.Events[first+i].After = slices.Clone(r.after)
		}
	}
	w.begin(o.t, r.after)
	for _, h := range hits {
		w.left(h.event, h.far)
		w.side[h.event] = r.leaving(h, o.t)
	}
	return o
}

// leaving is the sign that the event of a hit takes on as the solution goes on from run.after at time t; zero where rounding hides it.
func (r *run) leaving(h hit, t float64) float64 {
	const part = 1e-4 // of the last step
	g, dt := r.watch.events[h.event].G, part*r.it.H()
	r.f(r.x, t, r.after)
	for i, v := range r.after {
		r.x[i] = v + dt*r.x[i]
	}
	change := g(t+dt, r.x) - g(t, r.after)
	if !(math.Abs(change) > 10*h.far) {
		return 0
	}
	return math.Copysign(1, change)
}

package pmp

import "math"

// checkpoints are the states at the beginnings of some steps.
type checkpoints struct {
	states   arena
	most     int   // checkpoints that there is memory for, the initial state included
	free     []int // places in the arena that were given back, of the
	used     int   // first so many
	step, at []int // number of the step and place of each checkpoint, ascending
	planned  bool  // the number of steps is known
	total    int
	stride   int
}

// beginCheckpoints makes the initial state the first checkpoint.
func (w *Sweeper) beginCheckpoints(tp *tape, x0 []float64, samples int) {
	c := &tp.checkpoints
	c.states.reset(tp.n)
	share := float64(w.budget()) * float64(tp.batch) / float64(samples) // whatever the number of threads, on which the counts of work must not depend
	one := float64(8 * len(w.method.C) * (3*tp.n + tp.keepLen))         // the records of a step
	c.most = int(min(max((share-one)/float64(8*tp.n), 1), 1<<20))
	if w.Settings.Costate == Symplectic {
		c.most = 1 << 20
	}
	c.free, c.step, c.at, c.used = c.free[:0], c.step[:0], c.at[:0], 0
	c.stride, c.total = 1, 0
	if c.planned = w.Settings.Steps > 0 && w.Settings.Costate == Checkpointed; c.planned {
		c.total = w.Settings.Steps * len(w.segs)
	}
	c.put(0, x0)
}

// left is how many more there is memory for.
func (c *checkpoints) left() int { return c.most - c.used + len(c.free) }

func (c *checkpoints) put(step int, x []float64) {
	at := c.used
	if last := len(c.free) - 1; last >= 0 {
		at, c.free = c.free[last], c.free[:last]
	} else {
		c.used++
	}
	copy(c.states.at(at), x)
	c.step, c.at = append(c.step, step), append(c.at, at)
}

// drop forgets the last checkpoint.
func (c *checkpoints) drop() {
	last := len(c.step) - 1
	c.free = append(c.free, c.at[last])
	c.step, c.at = c.step[:last], c.at[:last]
}

// pass decides on the way forward whether the state before step k is kept.
func (c *checkpoints) pass(k int, x []float64) {
	if c.planned {
		last := c.step[len(c.step)-1]
		if c.left() > 0 && c.total-last > 1 && k == last+split(c.total-last, c.left()) {
			c.put(k, x)
		}
		return
	}
	if k%c.stride != 0 {
		return
	}
	if c.left() == 0 {
		if c.most < 2 {
			return
		}
		c.thin()
		if k%c.stride != 0 {
			return
		}
	}
	c.put(k, x)
}

// thin keeps every other checkpoint.
func (c *checkpoints) thin() {
	c.stride *= 2
	kept := 0
	for i, k := range c.step {
		if k%c.stride == 0 {
			c.step[kept], c.at[kept] = k, c.at[i]
			kept++
		} else {
			c.free = append(c.free, c.at[i])
		}
	}
	c.step, c.at = c.step[:kept], c.at[:kept]
}

// split returns how far the next checkpoint lies ahead when l ≥ 2 steps are to be reversed from one checkpoint with s ≥ 1
// others to place. With β(s, r) = (s + r)! / (s! r!) and β(s, r−1) < l ≤ β(s, r), where s counts the first one, no step need be
// taken more than r times; any m with m ≤ β(s, r−1) and l − m ≤ β(s−1, r) is a best one if neither part could do with less.
func split(l, others int) int {
	s, r := others+1, 1
	for beta(s, r) < l {
		r++
	}
	low := max(l-beta(s-1, r), beta(s, r-2), 1)
	high := min(beta(s, r-1), l-beta(s-1, r-1), l-1)
	return max(min(low, high), 1)
}

// beta is the binomial coefficient (s + r)! / (s! r!), 0 where r is negative; large ones saturate.
func beta(s, r int) int {
	if r < 0 {
		return 0
	}
	v := 1.0
	for i := 1; i <= min(s, r); i++ {
		v = v * float64(max(s, r)+i) / float64(i)
		if v > 1<<30 {
			return 1 << 30
		}
	}
	return int(math.Round(v))
}

// backwardCheckpointed is backwardShard from checkpoints.
func (w *Sweeper) backwardCheckpointed(ln *Lane, tr *Trajectory, tp *tape, grad []float64) Work {
	lam := ln.lam[:tp.n]
	ln.enter(tp)
	w.terminalGradient(tp, lam)
	tp.hamiltonian = 0
	b := reversal{w: w, ln: ln, tr: tr, tp: tp, lam: lam, grad: grad}
	ln.rec.calls = 0
	end := len(tp.steps)
	for c := &tp.checkpoints; end > 0; {
		last := len(c.step) - 1
		first := c.step[last]
		b.reverse(first, end, c.states.at(c.at[last]))
		if end = first; first > 0 {
			c.drop()
		}
	}
	w.release(ln, grad)
	return Work{Forward: b.evaluations + ln.rec.calls, Backward: b.calls}
}

// reversal is one shard's way back.
type reversal struct {
	w         *Sweeper
	ln        *Lane
	tr        *Trajectory
	tp        *tape
	lam, grad []float64
	calls     int // vector–Jacobian products, and
	// evaluations of f before the stepper was last put somewhere
	evaluations int
}

// reverse takes the costate across the steps first … end−1, given the state x before them.
func (b *reversal) reverse(first, end int, x []float64) {
	c := &b.tp.checkpoints
	for end > first {
		steps := end - first
		if steps == 1 || c.left() == 0 {
			b.back(first, end-1, x)
			end--
			continue
		}
		middle := first + split(steps, c.left())
		b.replay(first, middle, x)
		c.put(middle, b.ln.replay.X())
		b.reverse(middle, end, c.states.at(c.at[len(c.at)-1]))
		c.drop()
		end = middle
	}
}

// replay takes steps first … end−1 again, with the bits of the forward sweep, and stays there.
func (b *reversal) replay(first, end int, x []float64) {
	b.ln.rec.on = false
	b.begin(first, x)
	for k := first; k < end; k++ {
		b.step(k, k > first)
	}
}

// begin puts the stepper before step k.
func (b *reversal) begin(k int, x []float64) {
	w, ln, tp := b.w, b.ln, b.tp
	ln.replay = ln.replays[tp.n]
	if ln.replay == nil {
		ln.replay = w.method.NewStepper(tp.n)
		ln.replays[tp.n] = ln.replay
	}
	rc := &ln.rec
	b.evaluations += rc.calls
	*rc = recorder{w: w, ln: ln, tp: tp, theta: b.tr.Theta, first: -1, f: rc.f, begin: rc.begin, on: rc.on, replaying: true}
	b.enter(k)
	ln.replay.Begin(rc.f, tp.steps[k].t, x)
}

// enter turns field and control to the segment of step k.
func (b *reversal) enter(k int) {
	sg := b.tp.steps[k].segment
	b.w.setSegment(b.ln, sg)
	b.ln.rec.elem = b.w.segs[sg].elem
}

func (b *reversal) step(k int, going bool) {
	st := &b.tp.steps[k]
	if going && b.tp.steps[k-1].segment != st.segment {
		b.enter(k)
		if b.w.segs[st.segment].restart {
			b.ln.replay.Begin(b.ln.rec.f, st.t, b.ln.replay.X())
		}
	}
	_ = b.ln.replay.AttemptTo(st.end) // explicit methods do not fail
	b.ln.replay.Accept()
}

// back records step k, coming from the state x before step first, and takes the costate across it.
func (b *reversal) back(first, k int, x []float64) {
	if k > first {
		b.replay(first, k, x)
		held := b.ln.xi[0][:len(x)]
		copy(held, b.ln.replay.X())
		x = held
	}
	w, ln, tp := b.w, b.ln, b.tp
	tp.records = 0
	ln.rec.on = true
	b.begin(k, x)
	b.step(k, false)
	for r := range tp.records {
		clear(tp.adj(r))
	}
	st := &tp.steps[k]
	st.first, st.rest = 0, 1
	if k == len(tp.steps)-1 || tp.steps[k+1].segment != st.segment {
		w.passEnd(ln, b.tr, tp, st.segment, ln.replay.X(), b.lam, b.grad)
	}
	b.calls += w.backStep(ln, b.tr, tp, k, b.lam, b.grad)
	u := w.mesh.at(ln.theta, b.tr.Theta, w.segs[st.segment].elem, st.t)
	tp.hamiltonian += min(st.h, w.Problem.T1-st.t) * float64(tp.batch) * w.meanH(tp, st.t, tp.state(0), tp.rate(0), b.lam, u)
	if k == 0 || tp.steps[k-1].segment != st.segment {
		w.passStart(ln, b.tr, tp, st.segment, tp.state(0), b.lam, b.grad)
	}
}

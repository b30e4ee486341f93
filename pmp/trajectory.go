package pmp

import "math"

// tape is what one shard's forward sweep recorded: every evaluation of f on an accepted step, and the steps.
// Arenas grow to the longest sweep seen and are reused.
type tape struct {
	lo, batch int // samples lo … lo+batch−1
	n         int // d·batch
	keepLen   int
	points    bool // all that maximizers work on is filed: states, rates and μ of every stage
	states    bool // states of every stage are filed

	records int // evaluations recorded
	t       []float64
	elem    []int
	weight  []float64 // quadrature weight h·b_i of the cost at this stage
	metric  []float64 // positive weight h on the anchor stage of a step: the measure of feasibility penalties
	x, f    arena     // n each: states and rates of the records, or else at the starts of steps
	mu      arena     // n: cost gradient with respect to f at this stage (μ_i), or else none
	keep    arena     // keepLen, nothing when not kept

	steps  []step
	lambda arena     // n, for each step and one more: λ = −p at the start of the step (after the jump there), and at t₁
	end    []float64 // n: x(t₁)
	seen   []float64 // observations × n: interpolated states, and
	jumps  []float64 // (observations + 1) × n: the gradients of their costs, that of t₁ last

	leaps arena // n: states before jumps

	met                  []int // events, one after the other
	departures, arrivals arena // n each: states and λ right before them

	g []float64 // slots × batch: values of path constraints, NaN where none is held

	dense, ends arena // dense output of the steps, and states at the ends of segments, for continuous costates
	checkpoints checkpoints
	hamiltonian float64 // Σ h H over the steps, H summed over samples, where the records do not last
}

// step is one accepted step of a shard.
type step struct {
	t, h    float64
	end     float64 // t + h as the solver has it
	first   int     // record of stage 0
	rest    int     // record of stage 1; the others follow
	segment int
	met     int  // 1 + the place in tape.met of the event at its end, 0 where there is none
	seen    int  // how many observations lie at the end of this step or before
	points  int  // of a Rosenbrock method: the first record that maximizers work on,
	beyond  int  // the first one after them, and
	anchor  int  // that of the state at the start of the step
	tail    bool // the last stage is evaluated at the end of this step alone, and interpolated states depend on it
}

func (tp *tape) reset(lo, batch, dim, keepLen int) {
	tp.lo, tp.batch, tp.n, tp.keepLen = lo, batch, dim*batch, keepLen
	tp.records = 0
	tp.steps = tp.steps[:0]
	tp.end = grow(tp.end, tp.n)
	tp.met = tp.met[:0]
	for _, a := range []*arena{&tp.x, &tp.f, &tp.mu, &tp.lambda, &tp.departures, &tp.arrivals} {
		a.reset(tp.n)
	}
	tp.keep.reset(keepLen)
}

// resetPaths makes room for so many values of path constraints for a sample.
func (tp *tape) resetPaths(slots int) {
	tp.g = grow(tp.g, slots*tp.batch)
	for i := range tp.g {
		tp.g[i] = math.NaN()
	}
}

// add files one more record with its state and returns its index.
func (tp *tape) add(t float64, elem int, x []float64) int {
	r := tp.addTime(t, elem)
	copy(tp.state(r), x)
	return r
}

// addTime makes room for one more record and returns its index.
func (tp *tape) addTime(t float64, elem int) int {
	r := tp.records
	tp.records++
	tp.t = grow(tp.t, tp.records)
	tp.elem = grow(tp.elem, tp.records)
	tp.weight = grow(tp.weight, tp.records)
	tp.metric = grow(tp.metric, tp.records)
	tp.t[r], tp.elem[r], tp.weight[r], tp.metric[r] = t, elem, 0, 0
	return r
}

func (tp *tape) state(r int) []float64   { return tp.x.at(r) }
func (tp *tape) rate(r int) []float64    { return tp.f.at(r) }
func (tp *tape) adj(r int) []float64     { return tp.mu.at(r) }
func (tp *tape) kept(r int) []float64    { return tp.keep.at(r) }
func (tp *tape) costate(k int) []float64 { return tp.lambda.at(k) }

// before is the state at the start of step k.
func (tp *tape) before(k int) []float64 {
	if tp.states {
		return tp.state(tp.steps[k].first)
	}
	return tp.x.at(k)
}

// rateBefore is the rate at the start of step k.
func (tp *tape) rateBefore(k int) []float64 {
	if tp.points {
		return tp.rate(tp.steps[k].first)
	}
	return tp.f.at(k)
}

// grow returns s with length n, keeping its contents and growing geometrically.
func grow[T any](s []T, n int) []T {
	if n <= cap(s) {
		return s[:n]
	}
	out := make([]T, n, max(n, 2*cap(s)))
	copy(out, s)
	return out
}

// Work counts what sweeps cost.
type Work struct {
	Forward, Backward  int // evaluations of f, and of its vector–Jacobian product, per shard
	Accepted, Rejected int // steps
	MinStep, MaxStep   float64
	Solves             int // forward sweeps
}

// Add accumulates b into w.
func (w *Work) Add(b Work) {
	w.Forward += b.Forward
	w.Backward += b.Backward
	w.Accepted += b.Accepted
	w.Rejected += b.Rejected
	w.Solves += b.Solves
	if b.MaxStep > 0 {
		if w.MaxStep == 0 || b.MinStep < w.MinStep {
			w.MinStep = b.MinStep
		}
		w.MaxStep = max(w.MaxStep, b.MaxStep)
	}
}

// Trajectory is a control with the states it steers and, after a backward sweep, their costates: the frozen
// points that maximizers work on. It belongs to the Sweeper that made it and is reused from sweep to sweep.
type Trajectory struct {
	// Theta is the control of this trajectory (nodes × P).
	Theta []float64
	// J is the cost J(θ), constraints not counted. Augmented adds the augmented Lagrangian's terms: it is what
	// optimizers compare.
	J, Augmented float64
	// Grad is the gradient of Augmented in the nodes of θ, exact for the steps that were taken (set by Backward and Gradient).
	// Of the control's own cost it holds the smooth part ½ν|θ|² only.
	Grad []float64
	// StateGrad is Grad without the control's own cost: −∫ ∂(p·f − L)/∂θ against each node's basis.
	StateGrad []float64
	// Work is what the sweeps of this trajectory cost.
	Work Work

	mesh    *mesh
	samples int
	dim     int
	sparse  bool  // there is nothing to look at but the ends,
	lent    bool  // and nothing to go back along
	err     error // of the way back
	shards  []tape
	back    bool // Backward was done
}

// Err is why the last backward sweep failed, which only continuous costates can and events that have no derivative; the gradient is NaN then.
func (tr *Trajectory) Err() error { return tr.err }

// Samples is the number of states carried.
func (tr *Trajectory) Samples() int { return tr.samples }

// Final stores the states at t₁ in dst (d×N, batch last) and returns it; dst may be nil.
func (tr *Trajectory) Final(dst []float64) []float64 {
	dst = grow(dst[:0], tr.dim*tr.samples)
	for k := range tr.shards {
		tp := &tr.shards[k]
		for i := 0; i < tr.dim; i++ {
			copy(dst[i*tr.samples+tp.lo:i*tr.samples+tp.lo+tp.batch], tp.end[i*tp.batch:(i+1)*tp.batch])
		}
	}
	return dst
}

// Path returns the times and states of sample s at the ends of the accepted steps, t₀ first. x[k] has d entries. It is empty after
// Gradient and Evaluate, and after sweeps with checkpoints.
func (tr *Trajectory) Path(s int) (t []float64, x [][]float64) {
	tp, c := tr.shardOf(s)
	if tp == nil {
		return nil, nil
	}
	for k, st := range tp.steps {
		t = append(t, st.t)
		x = append(x, column(tp.before(k), tp.batch, c))
	}
	return append(t, tr.end()), append(x, column(tp.end, tp.batch, c))
}

// Costate returns p at the times of Path for sample s, right after the jumps at observations and events; it needs a backward sweep, and is
// empty where Path is.
func (tr *Trajectory) Costate(s int) (t []float64, p [][]float64) {
	tp, c := tr.shardOf(s)
	if tp == nil || !tr.back {
		return nil, nil
	}
	for k := 0; k <= len(tp.steps); k++ {
		row := column(tp.costate(k), tp.batch, c)
		for i := range row {
			row[i] = -row[i]
		}
		p = append(p, row)
		if k < len(tp.steps) {
			t = append(t, tp.steps[k].t)
		} else {
			t = append(t, tr.end())
		}
	}
	return t, p
}

// end is t₁.
func (tr *Trajectory) end() float64 { return tr.mesh.knots[len(tr.mesh.knots)-1] }

func (tr *Trajectory) shardOf(s int) (*tape, int) {
	for k := range tr.shards {
		if tr.sparse {
			break
		}
		tp := &tr.shards[k]
		if s >= tp.lo && s < tp.lo+tp.batch && len(tp.steps) > 0 {
			return tp, s - tp.lo
		}
	}
	return nil, 0
}

func column(x []float64, batch, s int) []float64 {
	out := make([]float64, len(x)/batch)
	for i := range out {
		out[i] = x[i*batch+s]
	}
	return out
}

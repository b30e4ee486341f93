package pmp

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"github.com/costate-go/costate/ode/neural"
)

// ErrMemory is wrapped by the error of a sweep that takes more steps than there is memory for.
var ErrMemory = errors.New("pmp: a trajectory outgrows its memory")

// outgrown returns an error where a shard has taken more than its share of Settings.MaxBytes.
func (w *Sweeper) outgrown(tp *tape, samples int, t float64) error {
	limit := w.Settings.MaxBytes
	if limit <= 0 || w.purpose == forCost {
		return nil
	}
	records := w.recordsOf(tp, tp.points)
	x, f, mu := filed(records, len(tp.steps), tp.points, tp.states)
	bytes := 8 * (int64(x+f+mu)*int64(tp.n) + int64(records)*int64(tp.keepLen))
	held := min(samples, w.width*w.tapes) // at a time
	if share := float64(limit) * float64(tp.batch) / float64(held); float64(bytes) > share {
		return fmt.Errorf("%w of %d MiB at t = %.4g, after %d steps of %d samples: the control makes the dynamics stiff; loosen the tolerances, bound or price the control, or take fewer samples at once",
			ErrMemory, limit>>20, t, len(tp.steps), tp.batch)
	}
	return nil
}

// recordsOf is how many records a tape has after the way back, with or without the points that maximizers work on.
func (w *Sweeper) recordsOf(tp *tape, points bool) int {
	if points && w.rosenbrock != nil {
		return len(tp.steps) * (1 + 5*len(w.rosenbrock.Alpha) + 2*len(fourth))
	}
	return tp.records
}

// filed is how many states, rates and μ a tape has, as it files those of all stages or not.
func filed(records, steps int, points, states bool) (x, f, mu int) {
	switch {
	case points:
		return records, records, records
	case states:
		return records, steps + 1, 0
	}
	return steps + 1, steps + 1, 0
}

// Footprint is how many bytes the sweeps of a problem hold.
type Footprint struct {
	// Trajectory is one trajectory swept by Forward and Backward: states, rates, costates and kept values of every stage, and the points that
	// Rosenbrock methods have for maximizers.
	Trajectory int64
	// Tapes are what Gradient sweeps on, and Held is how many samples it has on them at a time.
	Tapes int64
	Held  int
	// Ends is one trajectory swept by Gradient.
	Ends int64
	// Lanes are the workspaces of all goroutines.
	Lanes int64
}

// Footprint sweeps the first shard forward under the control theta and returns what whole sweeps that take as many steps
// hold. It is also how a budget for kept values (Settings.KeepBytes) is held from the first sweep on. Errors are those of Forward.
func (w *Sweeper) Footprint(ctx context.Context, theta []float64) (Footprint, error) {
	n, d := w.Problem.Samples(), w.Problem.Field.Dim()
	tr := w.NewTrajectory()
	w.begin(tr, theta, forGradient)
	w.ctx = ctx
	tp := &tape{}
	probe := w.forwardTape(w.lanes[0], tp, 0)
	w.ctx = nil
	if probe.err != nil {
		return Footprint{}, probe.err
	}
	w.records = tp.records
	controls := 3 * 8 * int64(w.NumControls())
	f := Footprint{Trajectory: controls, Ends: controls + 8*int64(n)*int64(d+w.slots), Lanes: int64(len(w.lanes)) * w.laneBytes()}
	shards, tapes, whole := len(tr.shards), w.tapes, tp.batch
	for k := range shards {
		batch := min(w.width, n-k*w.width)
		if k < tapes {
			f.Tapes += w.tapeBytes(tp, batch, whole, tapes, w.filesPoints())
			f.Held += batch
		}
		f.Trajectory += w.tapeBytes(tp, batch, whole, shards, true)
	}
	books := int64(shards) * int64(unsafe.Sizeof(tape{})) // which narrow shards have little besides
	f.Trajectory, f.Ends = f.Trajectory+books, f.Ends+books
	f.Lanes += int64(shards) * (8*int64(w.NumControls()) + int64(unsafe.Sizeof(shardCost{}))) // gradients and costs of the shards
	return f, nil
}

// tapeBytes is what one of some tapes, with the records and steps of probe, takes for a batch, with or without the points that maximizers work
// on.
func (w *Sweeper) tapeBytes(probe *tape, batch, whole, tapes int, points bool) int64 {
	n, records := probe.n/whole*batch, w.recordsOf(probe, points)
	var a arena
	a.reset(n)
	states, bytes := len(probe.steps)+1, int64(0)
	switch w.Settings.Costate {
	case Checkpointed: // records of one step, and some of all states
		records, states = len(w.method.C), min(probe.checkpoints.most, states)
	case Symplectic:
		records = len(w.method.C)
	case Interpolated:
		var dense arena
		dense.reset(n * len(probe.dense.at(0)) / probe.n)
		bytes = dense.bytes(len(probe.steps))
		records, states = len(w.method.C)+1, len(w.segs)
	case Reversible:
		records, states = 0, 2*len(w.segs)
	case Backsolve:
		records, states = len(w.method.C)+1, len(w.segs)
	}
	var keep arena
	if keep.reset(w.keepLen(w.lanes[0], probe, batch, tapes)); keep.size > 0 {
		bytes += keep.bytes(records)
	}
	x, f, mu := filed(records, len(probe.steps), points, w.filesStates(w.lanes[0], points, keep.size > 0))
	bytes += a.bytes(x) + a.bytes(f) + a.bytes(mu) + a.bytes(states) + 2*a.bytes(len(probe.met))
	vectors := 1
	if w.Settings.Interpolate {
		vectors += 2 * len(w.Problem.Observations)
	}
	const record, step = 5 * 8, 96 // times, elements and weights with the slack of growing slices
	return bytes + int64(records)*record + int64(len(probe.steps))*step + 8*int64(n)*int64(vectors)
}

// laneBytes is the workspace of a goroutine: vectors of the sweeps, the integrator's stages, and the evaluator.
func (w *Sweeper) laneBytes() int64 {
	d := int64(w.Problem.Field.Dim())
	n, stages := int64(w.width)*d, int64(len(w.method.C))
	bytes := 8 * (n*(2*stages+16) + 3*int64(w.mesh.params))
	if e, ok := w.lanes[0].ev.(interface{ Bytes() int64 }); ok {
		bytes += e.Bytes()
	}
	if w.implicit() { // matrices of whole shards, and of the last one
		last := int64(w.Problem.Samples()%w.width) * d
		bytes += 8 * (2*(n*n+last*last) + n*d)
	}
	if w.rosenbrock != nil {
		bytes += 8 * n * (4*int64(len(w.rosenbrock.Alpha)) + 6 + d)
	}
	return bytes
}

// Footprinter is an Optimizer that knows how much memory it takes, trajectories included.
type Footprinter interface {
	// Bytes is what the optimizer holds besides the lanes of its sweeper, whose Footprint is f.
	Bytes(w *Sweeper, f Footprint) int64
}

// Bytes implements Footprinter.
func (o *Gradient) Bytes(w *Sweeper, f Footprint) int64 { return f.Tapes + f.Ends + w.vectors(3) }

// Bytes implements Footprinter.
func (o *Batch) Bytes(w *Sweeper, f Footprint) int64 { return f.Tapes + 2*f.Ends + w.vectors(4) }

// Bytes implements Footprinter.
func (o *SNOpt) Bytes(w *Sweeper, f Footprint) int64 {
	bytes := 2*f.Trajectory + w.vectors(5)
	if q, ok := w.lanes[0].ev.(neural.Factored); ok {
		a, b := neural.FactorSizes(q.FactorLayers())
		shards := int64((w.Problem.Samples() + w.width - 1) / w.width)
		bytes += 8 * int64(w.mesh.nodes) * int64(a+b) * (2 + shards)
	}
	return bytes
}

// Bytes implements Footprinter.
func (o *QuasiNewton) Bytes(w *Sweeper, f Footprint) int64 {
	return f.Tapes + 2*f.Ends + w.vectors(5+2*o.Pairs)
}

// Bytes implements Footprinter.
func (o *SecantMSA) Bytes(w *Sweeper, f Footprint) int64 {
	return 2*f.Trajectory + w.vectors(5+2*o.Pairs)
}

// Bytes implements Footprinter.
func (o *MSA) Bytes(w *Sweeper, f Footprint) int64 { return f.Trajectory + w.vectors(4) }

// Bytes implements Footprinter.
func (o *SQH) Bytes(w *Sweeper, f Footprint) int64 { return 2*f.Trajectory + w.vectors(6) }

// Bytes implements Footprinter.
func (o *EMSA) Bytes(w *Sweeper, f Footprint) int64 {
	bytes := 2*f.Trajectory + w.vectors(4)
	p, lanes := int64(w.mesh.params), int64(len(w.lanes))
	if _, ok := o.Maximizer.(*LBFGS); !ok {
		n := int64(min(w.width, w.Problem.Samples()) * w.Problem.Field.Dim())
		bytes += 8 * lanes * (2*p*p + (n+8)*p)
		if e, ok := w.lanes[0].ev.(interface{ JacobianBytes() int64 }); ok {
			bytes += lanes * e.JacobianBytes()
		}
	}
	return bytes
}

// Bytes implements Footprinter.
func (o *Riccati) Bytes(w *Sweeper, f Footprint) int64 {
	d, p := int64(w.Problem.Field.Dim()), int64(w.mesh.params)
	n := d
	if w.mesh.kind == PiecewiseLinear {
		n += p
	}
	return 2*f.Trajectory + w.vectors(3) + 8*int64(w.mesh.elements())*(n*n+n+p*n+p+d*(n+p))
}

// Bytes implements Footprinter.
func (o *GaussNewton) Bytes(w *Sweeper, f Footprint) int64 {
	m, lanes := int64(w.NumControls()), int64(len(w.lanes))
	observed := 8 * int64(len(w.Problem.Observations)+1) * int64(len(w.Problem.X0))
	shards := int64((w.Problem.Samples() + w.width - 1) / w.width)
	n := int64(w.width * w.Problem.Field.Dim())
	carried := max(n, 512) * int64(len(w.method.C)+2) // by a lane along with tangents
	bytes := 2*f.Trajectory + w.vectors(3) + 2*observed + 8*lanes*(carried+n+2*int64(w.mesh.params))
	limit := o.Dense
	if limit == 0 {
		limit = 50
	}
	if m > int64(limit) {
		return bytes + w.vectors(4) + 8*shards*m
	}
	return bytes + m*observed + 8*(2+shards)*m*m + 8*lanes*n*int64(len(w.Problem.Observations)+1)
}

// vectors is the size of k vectors as long as the control.
func (w *Sweeper) vectors(k int) int64 { return 8 * int64(k) * int64(w.NumControls()) }

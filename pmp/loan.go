package pmp

import (
	"context"
	"math"
)

// purpose is what a sweep is for.
type purpose int

const (
	forAll      purpose = iota // whoever looks at the trajectory afterwards
	forGradient                // cost and gradient
	forCost                    // the cost alone
)

// Gradient is Forward and Backward in one. Each goroutine takes shard after shard forward and back on one tape, so that the memory it
// takes does not grow with the number of samples: what remains in tr are costs, gradients, the states at t₁ and the mean of H, to the bit those of
// Forward and Backward, but no points for maximizers and nothing to look at on the way. Where the cost is not finite, neither is the gradient
// of use. On an error nothing is.
func (w *Sweeper) Gradient(ctx context.Context, tr *Trajectory, theta []float64) error {
	w.begin(tr, theta, forGradient)
	w.beginBack(tr)
	if err := w.lend(ctx, tr); err != nil {
		return err
	}
	w.totalGradient(tr)
	return tr.err
}

// Evaluate is Forward for those who want costs and the states at t₁ alone: it keeps no steps.
func (w *Sweeper) Evaluate(ctx context.Context, tr *Trajectory, theta []float64) error {
	w.begin(tr, theta, forCost)
	return w.lend(ctx, tr)
}

// lend sweeps all shards on the tapes of the lanes.
func (w *Sweeper) lend(ctx context.Context, tr *Trajectory) error {
	w.ctx = ctx
	w.parallel(len(tr.shards), w.borrow)
	w.ctx = nil
	return w.total(tr)
}

// borrowTape sweeps shard k on the tape of the lane.
func (w *Sweeper) borrowTape(ln *Lane, k int) {
	tp, c := &ln.tape, &w.costs[k]
	*c = w.forwardTape(ln, tp, k)
	if c.err != nil {
		return
	}
	if cost := c.j + c.constraint; w.purpose == forGradient && !math.IsNaN(cost) && !math.IsInf(cost, 0) {
		w.backwardTape(ln, tp, k)
		if w.Settings.Costate == Discrete {
			tp.hamiltonian = w.integrateH(ln, tp, w.tr.Theta)
		}
	}
	own := &w.tr.shards[k]
	own.lo, own.batch, own.n, own.hamiltonian = tp.lo, tp.batch, tp.n, tp.hamiltonian
	own.end, own.g = append(own.end[:0], tp.end...), append(own.g[:0], tp.g...)
}

// forwardTape integrates the states of shard k, recording them on the tape.
func (w *Sweeper) forwardTape(ln *Lane, tp *tape, k int) shardCost {
	if w.reversible != nil {
		return w.forwardReversible(w.ctx, ln, w.tr, tp, k)
	}
	return w.forwardShard(w.ctx, ln, w.tr, tp, k)
}

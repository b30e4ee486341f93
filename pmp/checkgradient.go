package pmp

import (
	"context"
	"math"

	"github.com/costate-go/costate/internal/rng"
	"github.com/costate-go/costate/ode"
)

// CheckGradient compares ⟨∇J, d⟩ by the costate with central differences of J along a random direction d drawn
// from seed, relative to the larger of both, or to a hundredth of the costate's part of the slope without
// cancellation, where that is more, as it is near an optimum, or to what rounding leaves of differences, a billionth of |J| over their
// width. The steps of the forward sweep at theta are used for all of them, so
// that only rounding and the differences' own error O(h⁴) remain; steps that end at events end at them. Of the batch it uses the first shard; the L¹ and L⁰ costs of the
// control are left out, and path constraints have a penalty weight of 1 at most, with the multipliers they have.
func CheckGradient(ctx context.Context, p *Problem, s Settings, theta []float64, seed uint64) (float64, error) {
	q := *firstShard(p, s)
	q.Control.L1, q.Control.L0 = 0, 0
	q.Paths = nil
	for _, c := range p.Paths { // heavy penalties bend within a difference
		light := *c
		light.Sigma = min(c.Sigma, 1)
		q.Paths = append(q.Paths, &light)
	}
	if s.Steps <= 0 && s.Solver.Step == 0 {
		// Find the steps, then force them.
		w, err := NewSweeper(&q, s)
		if err != nil {
			return 0, err
		}
		tr := w.NewTrajectory()
		if err := w.Forward(ctx, tr, theta); err != nil {
			return 0, err
		}
		q.Breaks = append([]float64(nil), p.Breaks...)
		steps := tr.shards[0].steps
		for k, st := range steps[1:] {
			if steps[k].met == 0 { // others begin where an event says
				q.Breaks = append(q.Breaks, st.t)
			}
		}
		s.Steps = 1
		s.Solver = ode.Settings{Method: s.Solver.Method}
	}
	w, err := NewSweeper(&q, s)
	if err != nil {
		return 0, err
	}
	tr := w.NewTrajectory()
	if err := w.Gradient(ctx, tr, theta); err != nil {
		return 0, err
	}
	d := make([]float64, len(theta))
	src := rng.New(seed)
	size, slope, scale := 0.0, 0.0, 0.0
	for i := range d {
		d[i] = src.Normal()
		size += theta[i] * theta[i]
		slope += d[i] * tr.Grad[i]
		scale += math.Abs(d[i] * tr.StateGrad[i])
	}
	h := 1e-5 * (1 + math.Sqrt(size/float64(len(theta))))
	rounding := 1e-9 * math.Abs(tr.Augmented) / h
	at := func(scale float64) (float64, error) {
		shifted := make([]float64, len(theta))
		for i := range shifted {
			shifted[i] = theta[i] + scale*d[i]
		}
		err := w.Evaluate(ctx, tr, shifted)
		return tr.Augmented, err
	}
	// Fourth-order central difference.
	var f [4]float64
	for k, scale := range [4]float64{-2 * h, -h, h, 2 * h} {
		if f[k], err = at(scale); err != nil {
			return 0, err
		}
	}
	diff := (f[0] - 8*f[1] + 8*f[2] - f[3]) / (12 * h)
	return math.Abs(diff-slope) / max(math.Abs(diff), math.Abs(slope), 1e-2*scale, rounding, 1e-300), nil
}

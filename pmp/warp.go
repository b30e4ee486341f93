package pmp

import (
	"fmt"
	"sort"

	"github.com/costate-go/costate/ode/neural"
)

// Warp lets every sample of a batch have observation times of its own: in the common time τ with grid τ_0 < … <
// τ_K, sample s is at its own time
//
//	t_s(τ) = t_s,k + (τ − τ_k) Δ_s,k,   Δ_s,k = (t_s,k+1 − t_s,k)/(τ_k+1 − τ_k),   τ in [τ_k, τ_k+1],
//
// and dx_s/dτ = Δ_s,k f(t_s, x_s, θ). The grid's inner times have to be Breaks of the problem.
type Warp struct {
	Field neural.Field
	// Grid holds τ_0 … τ_K. Times holds t_s,k at [k*N+s].
	Grid, Times []float64
	// N is the number of samples.
	N int
}

// MeanGrid returns the mean of the samples' offsets from their first time: the grid for which Δ is 1 where all
// samples have the same offsets.
func MeanGrid(times []float64, n int) []float64 {
	grid := make([]float64, len(times)/n)
	for k := range grid {
		for s := range n {
			grid[k] += times[k*n+s] - times[s]
		}
		grid[k] /= float64(n)
	}
	return grid
}

// Dim implements neural.Field.
func (w *Warp) Dim() int { return w.Field.Dim() }

// NumParams implements neural.Field.
func (w *Warp) NumParams() int { return w.Field.NumParams() }

// NewEvaluator implements neural.Field.
func (w *Warp) NewEvaluator(width int) neural.Evaluator {
	if len(w.Times) != len(w.Grid)*w.N {
		panic(fmt.Sprintf("pmp: Warp has %d times for %d samples on a grid of %d", len(w.Times), w.N, len(w.Grid)))
	}
	e := &warpEvaluator{warp: w, ev: w.Field.NewEvaluator(width), rate: make([]float64, width), times: make([]float64, width), p: make([]float64, width*w.Dim())}
	e.timed, _ = e.ev.(neural.TimeBatch)
	e.keeper, _ = e.ev.(neural.Keeper)
	e.jac, _ = e.ev.(neural.ParamJacobian)
	e.second, _ = e.ev.(neural.SecondOrder)
	e.sample, _ = e.ev.(neural.SampleBatch)
	switch {
	case e.keeper != nil && e.jac != nil && e.second != nil:
		return &warpFull{e}
	case e.jac != nil:
		return &warpJacobian{e}
	}
	return e
}

// warpEvaluator evaluates the warped field.
type warpEvaluator struct {
	warp   *Warp
	ev     neural.Evaluator
	timed  neural.TimeBatch
	keeper neural.Keeper
	jac    neural.ParamJacobian
	second neural.SecondOrder
	sample neural.SampleBatch
	lo, k  int
	rate   []float64 // Δ of the samples at hand
	times  []float64
	p      []float64
}

// SetSamples implements neural.SampleBatch.
func (e *warpEvaluator) SetSamples(lo int) {
	e.lo = lo
	if e.sample != nil {
		e.sample.SetSamples(lo)
	}
}

// SetPiece implements Piecewise.
func (e *warpEvaluator) SetPiece(a, _ float64) {
	grid := e.warp.Grid
	k := sort.SearchFloat64s(grid, a)
	if k == len(grid) || grid[k] != a {
		k--
	}
	e.k = min(max(k, 0), len(grid)-2)
}

// enter prepares rates and times for a batch of states like x at τ, and returns the rates.
func (e *warpEvaluator) enter(tau float64, x []float64) []float64 {
	w, batch := e.warp, len(x)/e.warp.Dim()
	t0 := w.Times[e.k*w.N+e.lo:]
	t1 := w.Times[(e.k+1)*w.N+e.lo:]
	width := w.Grid[e.k+1] - w.Grid[e.k]
	s := tau - w.Grid[e.k]
	for i := range batch {
		e.rate[i] = (t1[i] - t0[i]) / width
		e.times[i] = t0[i] + s*e.rate[i]
	}
	if e.timed != nil {
		e.timed.SetTimes(e.times[:batch])
	}
	return e.rate[:batch]
}

// scaled stores Δ·src in dst, sample by sample.
func scaled(dst, src, rate []float64) []float64 {
	dst = dst[:len(src)]
	for i := 0; i < len(src); i += len(rate) {
		row, out := src[i:i+len(rate)], dst[i:i+len(rate)]
		for s, r := range rate {
			out[s] = r * row[s]
		}
	}
	return dst
}

// Bind implements neural.Evaluator.
func (e *warpEvaluator) Bind(theta []float64) { e.ev.Bind(theta) }

// Eval implements neural.Evaluator.
func (e *warpEvaluator) Eval(dx []float64, t float64, x []float64) {
	rate := e.enter(t, x)
	e.ev.Eval(dx, t, x)
	scaled(dx, dx, rate)
}

// VJP implements neural.Evaluator.
func (e *warpEvaluator) VJP(px, ptheta []float64, t float64, x, p []float64) {
	rate := e.enter(t, x)
	e.ev.VJP(px, ptheta, t, x, scaled(e.p, p, rate))
}

// JVP implements neural.Evaluator.
func (e *warpEvaluator) JVP(dst []float64, t float64, x, dx, dtheta []float64) {
	rate := e.enter(t, x)
	e.ev.JVP(dst, t, x, dx, dtheta)
	scaled(dst, dst, rate)
}

// warpJacobian adds the parameter Jacobian.
type warpJacobian struct{ *warpEvaluator }

// ParamJacobian implements neural.ParamJacobian.
func (e *warpJacobian) ParamJacobian(jac []float64, t float64, x []float64) {
	e.paramJacobian(jac, t, x)
}

func (e *warpEvaluator) paramJacobian(jac []float64, t float64, x []float64) {
	rate := e.enter(t, x)
	e.jac.ParamJacobian(jac, t, x)
	params := e.warp.NumParams()
	for r := range x {
		d := rate[r%len(rate)]
		row := jac[r*params : (r+1)*params]
		for i := range row {
			row[i] *= d
		}
	}
}

// warpFull adds everything that a network's evaluator offers.
type warpFull struct{ *warpEvaluator }

// ParamJacobian implements neural.ParamJacobian.
func (e *warpFull) ParamJacobian(jac []float64, t float64, x []float64) { e.paramJacobian(jac, t, x) }

// FactorLayers implements neural.Factored.
func (e *warpFull) FactorLayers() []neural.Shape {
	if f, ok := e.ev.(neural.Factored); ok {
		return f.FactorLayers()
	}
	return nil
}

// AddFactors implements neural.Factored.
func (e *warpFull) AddFactors(a, b []float64, weight, t float64, x, p []float64) {
	rate := e.enter(t, x)
	e.ev.(neural.Factored).AddFactors(a, b, weight, t, x, scaled(e.p, p, rate))
}

// KeepLen implements neural.Keeper.
func (e *warpFull) KeepLen(n int) int { return e.keeper.KeepLen(n) }

// EvalKeep implements neural.Keeper.
func (e *warpFull) EvalKeep(dx []float64, t float64, x, keep []float64) {
	rate := e.enter(t, x)
	e.keeper.EvalKeep(dx, t, x, keep)
	scaled(dx, dx, rate)
}

// VJPKept implements neural.Keeper.
func (e *warpFull) VJPKept(px, ptheta []float64, t float64, x, p, keep []float64) {
	rate := e.enter(t, x)
	e.keeper.VJPKept(px, ptheta, t, x, scaled(e.p, p, rate), keep)
}

// VJPGrad implements neural.SecondOrder.
func (e *warpFull) VJPGrad(ptheta []float64, t float64, x, p, v []float64) {
	rate := e.enter(t, x)
	e.second.VJPGrad(ptheta, t, x, scaled(e.p, p, rate), v)
}

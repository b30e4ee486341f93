package neural

import (
	"unsafe"

	"github.com/costate-go/costate/internal/kernel"
)

// mixedEvaluator evaluates an MLP in float32 for callers who compute in float64.
type mixedEvaluator struct {
	core *mlpEvaluator[float32]

	theta, grad []float32    // P
	batch       [4][]float32 // d × width: states, costates, tangents, results
	times       []float32
	holding     bool      // grad is a sum that was not given away yet
	jacobian    []float32 // made when it is asked for
}

func newMixedEvaluator(m *MLP, width int) *mixedEvaluator {
	e := &mixedEvaluator{core: newMLPEvaluator[float32](m, width), theta: make([]float32, m.params), grad: make([]float32, m.params), times: make([]float32, width)}
	for i := range e.batch {
		e.batch[i] = make([]float32, max(m.cfg.Dim, m.outputs)*width)
	}
	return e
}

// Bytes is the size of the workspace.
func (e *mixedEvaluator) Bytes() int64 {
	return e.core.Bytes() + 4*int64(len(e.theta)+len(e.grad)+4*len(e.batch[0])+len(e.times)+len(e.jacobian))
}

// JacobianBytes is what the workspace grows by when ParamJacobian is first called.
func (e *mixedEvaluator) JacobianBytes() int64 {
	return 4 * int64(len(e.batch[0])) * int64(len(e.theta))
}

// Bind implements Evaluator.
func (e *mixedEvaluator) Bind(theta []float64) {
	if len(theta) != len(e.theta) {
		panic(badTheta)
	}
	kernel.Narrow(e.theta, theta)
	e.core.Bind(e.theta)
}

// SetTimes implements TimeBatch.
func (e *mixedEvaluator) SetTimes(ts []float64) {
	if ts == nil {
		e.core.SetTimes(nil)
		return
	}
	kernel.Narrow(e.times[:len(ts)], ts)
	e.core.SetTimes(e.times[:len(ts)])
}

// SetSamples implements SampleBatch.
func (e *mixedEvaluator) SetSamples(lo int) { e.core.SetSamples(lo) }

// SetSignal implements SignalBatch.
func (e *mixedEvaluator) SetSignal(s Signal) { e.core.SetSignal(s) }

// narrow rounds a batch into buffer i, nil staying nil.
func (e *mixedEvaluator) narrow(i int, x []float64) []float32 {
	if x == nil {
		return nil
	}
	y := e.room(i, x)
	kernel.Narrow(y, x)
	return y
}

// room is buffer i for as many numbers as x has, nil staying nil.
func (e *mixedEvaluator) room(i int, x []float64) []float32 {
	if x == nil {
		return nil
	}
	if len(x) > len(e.batch[i]) {
		panic(badBatch)
	}
	return e.batch[i][:len(x)]
}

// singles is the memory of x as float32, two for one.
func singles(x []float64, n int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(x))), 2*len(x))[:n]
}

// Eval implements Evaluator.
func (e *mixedEvaluator) Eval(dx []float64, t float64, x []float64) {
	y := e.room(3, dx)
	e.core.Eval(y, t, e.narrow(0, x))
	kernel.Widen(dx, y)
}

// KeepLen implements Keeper.
func (e *mixedEvaluator) KeepLen(n int) int {
	return (e.core.KeepLen(n) + e.core.m.cfg.Dim*n + 1) / 2
}

// KeepsStates implements StateKeeper: the states are kept as they are rounded.
func (e *mixedEvaluator) KeepsStates() bool { return true }

// kept is the memory of keep for the core, and for the states.
func (e *mixedEvaluator) kept(x, keep []float64) (core, states []float32) {
	n := len(x) / e.core.m.cfg.Dim
	if len(keep) != e.KeepLen(n) {
		panic(badKeep)
	}
	whole := e.core.KeepLen(n)
	all := singles(keep, whole+len(x))
	return all[:whole:whole], all[whole:]
}

// EvalKeep implements Keeper.
func (e *mixedEvaluator) EvalKeep(dx []float64, t float64, x, keep []float64) {
	y := e.room(3, dx)
	core, states := e.kept(x, keep)
	kernel.Narrow(states, x)
	e.core.EvalKeep(y, t, states, core)
	kernel.Widen(dx, y)
}

// VJP implements Evaluator.
func (e *mixedEvaluator) VJP(px, ptheta []float64, t float64, x, p []float64) {
	y, g := e.room(3, px), e.gradient(ptheta)
	e.core.VJP(y, g, t, e.narrow(0, x), e.narrow(1, p))
	e.give(px, ptheta, y, g)
}

// VJPKept implements Keeper.
func (e *mixedEvaluator) VJPKept(px, ptheta []float64, t float64, x, p, keep []float64) {
	y, g := e.room(3, px), e.gradient(ptheta)
	core, states := e.kept(x, keep)
	e.core.VJPKept(y, g, t, states, e.narrow(1, p), core)
	e.give(px, ptheta, y, g)
}

// gradient is a gradient to be added to ptheta: sums over evaluations are in float64, but for those that are held.
func (e *mixedEvaluator) gradient(ptheta []float64) []float32 {
	if ptheta == nil {
		return nil
	}
	if !e.holding {
		clear(e.grad)
	}
	return e.grad
}

// Hold implements Holder.
func (e *mixedEvaluator) Hold() {
	clear(e.grad)
	e.holding = true
}

// Release implements Holder.
func (e *mixedEvaluator) Release(ptheta []float64) {
	e.holding = false
	e.give(nil, ptheta, nil, e.grad)
}

func (e *mixedEvaluator) give(px, ptheta []float64, y, g []float32) {
	if px != nil {
		kernel.Widen(px, y)
	}
	if ptheta != nil && !e.holding {
		if len(ptheta) != len(g) {
			panic(badTheta)
		}
		kernel.AddWiden(ptheta, g)
	}
}

// JVP implements Evaluator.
func (e *mixedEvaluator) JVP(dst []float64, t float64, x, dx, dtheta []float64) {
	y := e.room(3, dst)
	var dp []float32
	if dtheta != nil {
		if len(dtheta) != len(e.grad) {
			panic(badTheta)
		}
		dp = e.grad
		kernel.Narrow(dp, dtheta)
	}
	e.core.JVP(y, t, e.narrow(0, x), e.narrow(1, dx), dp)
	kernel.Widen(dst, y)
}

// VJPGrad implements SecondOrder.
func (e *mixedEvaluator) VJPGrad(ptheta []float64, t float64, x, p, v []float64) {
	g := e.gradient(ptheta)
	e.core.VJPGrad(g, t, e.narrow(0, x), e.narrow(1, p), e.narrow(2, v))
	e.give(nil, ptheta, nil, g)
}

// ParamJacobian implements ParamJacobian.
func (e *mixedEvaluator) ParamJacobian(jac []float64, t float64, x []float64) {
	if len(jac) > len(e.jacobian) {
		e.jacobian = make([]float32, len(jac))
	}
	j := e.jacobian[:len(jac)]
	e.core.ParamJacobian(j, t, e.narrow(0, x))
	kernel.Widen(jac, j)
}

package neural

import (
	"fmt"

	"github.com/costate-go/costate/internal/kernel"
)

// Acceleration is the field of a second-order equation q̈ = a(t, q, q̇, θ): with the state x = (q, v)
//
//	q̇ = v,   v̇ = a(t, q, v, θ),
//
// where a is a network of half the state's dimension (Norcliffe et al., On Second Order Behaviour in Augmented Neural ODEs, NeurIPS
// 2020). Its Evaluator implements what that of an MLP does, but BlockNormal. It is immutable and safe for concurrent use.
type Acceleration struct{ net *MLP }

// NewAcceleration builds the field for a state of cfg.Dim = 2m positions and velocities. Errors wrap ErrConfig.
func NewAcceleration(cfg MLPConfig) (*Acceleration, error) {
	if cfg.Dim%2 != 0 {
		return nil, fmt.Errorf("%w: a second-order field has positions and as many velocities, got %d states", ErrConfig, cfg.Dim)
	}
	net, err := newMLP(cfg, cfg.Dim/2)
	if err != nil {
		return nil, err
	}
	return &Acceleration{net}, nil
}

// Dim is 2m.
func (f *Acceleration) Dim() int { return f.net.cfg.Dim }

// Network is a(t, q, v, θ), with the outputs of half the state.
func (f *Acceleration) Network() *MLP { return f.net }

// NumParams is that of the network.
func (f *Acceleration) NumParams() int { return f.net.params }

// Init implements Network.
func (f *Acceleration) Init(theta []float64, seed uint64) { f.net.Init(theta, seed) }

// Tensors implements Network.
func (f *Acceleration) Tensors() []Tensor { return f.net.Tensors() }

// netEvaluator is what evaluators of networks have in every precision.
type netEvaluator interface {
	Evaluator
	Keeper
	SecondOrder
	ParamJacobian
	TimeBatch
	SampleBatch
	SignalBatch
	Bytes() int64
}

// NewEvaluator builds an evaluator for batches of at most width samples. It panics if width < 1.
func (f *Acceleration) NewEvaluator(width int) Evaluator {
	return &accelerationEvaluator{f.net.NewEvaluator(width).(netEvaluator)}
}

// accelerationEvaluator leaves to the network's evaluator all that does not depend on the outputs.
type accelerationEvaluator struct{ netEvaluator }

// halves cuts a batch into positions and velocities.
func halves(x []float64) (q, v []float64) { return x[:len(x)/2], x[len(x)/2:] }

// Eval implements Evaluator.
func (e *accelerationEvaluator) Eval(dx []float64, t float64, x []float64) {
	same(dx, x)
	dq, dv := halves(dx)
	_, v := halves(x)
	e.netEvaluator.Eval(dv, t, x)
	copy(dq, v)
}

// EvalKeep implements Keeper.
func (e *accelerationEvaluator) EvalKeep(dx []float64, t float64, x, keep []float64) {
	same(dx, x)
	dq, dv := halves(dx)
	_, v := halves(x)
	e.netEvaluator.EvalKeep(dv, t, x, keep)
	copy(dq, v)
}

// VJP implements Evaluator.
func (e *accelerationEvaluator) VJP(px, ptheta []float64, t float64, x, p []float64) {
	same(p, x)
	pq, pv := halves(p)
	e.netEvaluator.VJP(px, ptheta, t, x, pv)
	addVelocity(px, pq)
}

// VJPKept implements Keeper.
func (e *accelerationEvaluator) VJPKept(px, ptheta []float64, t float64, x, p, keep []float64) {
	same(p, x)
	pq, pv := halves(p)
	e.netEvaluator.VJPKept(px, ptheta, t, x, pv, keep)
	addVelocity(px, pq)
}

// addVelocity adds the part of q̇ = v.
func addVelocity(px, pq []float64) {
	if px != nil {
		_, v := halves(px)
		kernel.Add(v, pq)
	}
}

// JVP implements Evaluator.
func (e *accelerationEvaluator) JVP(dst []float64, t float64, x, dx, dtheta []float64) {
	same(dst, x)
	dq, dv := halves(dst)
	e.netEvaluator.JVP(dv, t, x, dx, dtheta)
	if dx == nil {
		clear(dq)
		return
	}
	_, v := halves(dx)
	copy(dq, v)
}

// VJPGrad implements SecondOrder.
func (e *accelerationEvaluator) VJPGrad(ptheta []float64, t float64, x, p, v []float64) {
	same(p, x)
	_, pv := halves(p)
	e.netEvaluator.VJPGrad(ptheta, t, x, pv, v)
}

// ParamJacobian implements ParamJacobian.
func (e *accelerationEvaluator) ParamJacobian(jac []float64, t float64, x []float64) {
	zero, rest := halves(jac)
	e.netEvaluator.ParamJacobian(rest, t, x)
	clear(zero)
}

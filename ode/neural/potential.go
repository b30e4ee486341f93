package neural

import (
	"fmt"

	"github.com/costate-go/costate/internal/kernel"
)

// Potential is a field that a scalar network is behind: with a Hamiltonian H(t, x, θ) and x = (q, p) the field
//
//	q̇ = ∂H/∂p,   ṗ = −∂H/∂q,
//
// along which H stays the same where it does not depend on t (Greydanus, Dzamba & Yosinski, Hamiltonian Neural Networks, NeurIPS 2019);
// with a potential V the gradient flow ẋ = −∂V/∂x, along which V falls. Its Evaluator implements ParamJacobian, TimeBatch and Energy. A Potential is
// immutable and safe for concurrent use.
type Potential struct {
	net         *MLP
	hamiltonian bool
}

// Energy is an Evaluator of a Potential.
type Energy interface {
	// Energy stores H or V of the samples of x in dst (B).
	Energy(dst []float64, t float64, x []float64)
}

// NewHamiltonian builds the field of a Hamiltonian, a network from ℝᵈ to ℝ. Errors wrap ErrConfig; d must be even.
func NewHamiltonian(cfg MLPConfig) (*Potential, error) {
	if cfg.Dim%2 != 0 {
		return nil, fmt.Errorf("%w: a Hamiltonian field has positions and as many momenta, got %d states", ErrConfig, cfg.Dim)
	}
	return newPotential(cfg, true)
}

// NewGradient builds the field −∂V/∂x of a potential, a network from ℝᵈ to ℝ. Errors wrap ErrConfig.
func NewGradient(cfg MLPConfig) (*Potential, error) { return newPotential(cfg, false) }

func newPotential(cfg MLPConfig, hamiltonian bool) (*Potential, error) {
	if cfg.Precision != Float64 || cfg.Signals != 0 {
		return nil, fmt.Errorf("%w: the field of a potential computes in float64 and takes no signals", ErrConfig)
	}
	net, err := newMLP(cfg, 1)
	if err != nil {
		return nil, err
	}
	return &Potential{net: net, hamiltonian: hamiltonian}, nil
}

// Dim is d.
func (f *Potential) Dim() int { return f.net.cfg.Dim }

// Network is the scalar network, and whether it is a Hamiltonian or else a potential.
func (f *Potential) Network() (m *MLP, hamiltonian bool) { return f.net, f.hamiltonian }

// NumParams is that of the network.
func (f *Potential) NumParams() int { return f.net.params }

// Init implements Network.
func (f *Potential) Init(theta []float64, seed uint64) { f.net.Init(theta, seed) }

// Tensors implements Network.
func (f *Potential) Tensors() []Tensor { return f.net.Tensors() }

// NewEvaluator builds an evaluator for batches of at most width samples. It panics if width < 1.
func (f *Potential) NewEvaluator(width int) Evaluator {
	size := f.Dim() * width
	e := &potentialEvaluator{
		f: f, net: newMLPEvaluator[float64](f.net, width), tangents: newTangentNet(f.net, width, 1),
		v: make([]float64, size), g: make([]float64, size), ones: make([]float64, width), rows: newRowsWork(f.Dim()),
	}
	widest := 0
	for _, l := range f.net.layers {
		widest = max(widest, l.in*l.out)
	}
	e.tangents.transpose = make([]float64, widest)
	kernel.Fill(e.ones, 1)
	return e
}

// potentialEvaluator differentiates the network once with an MLP's evaluator and twice with tangents.
type potentialEvaluator struct {
	f        *Potential
	net      *mlpEvaluator[float64]
	tangents *tangentNet
	times    []float64
	v, g     []float64
	ones     []float64
	rows     rowsWork
}

// Bytes is the size of the workspace.
func (e *potentialEvaluator) Bytes() int64 {
	return e.net.Bytes() + e.tangents.bytes() + 8*int64(len(e.v)+len(e.g)+len(e.ones)+len(e.tangents.transpose))
}

// Bind implements Evaluator.
func (e *potentialEvaluator) Bind(theta []float64) {
	e.net.Bind(theta)
	e.tangents.bind(theta)
}

// SetTimes implements TimeBatch.
func (e *potentialEvaluator) SetTimes(ts []float64) {
	e.times = ts
	e.net.SetTimes(ts)
	e.tangents.times = ts
}

// Energy implements Energy.
func (e *potentialEvaluator) Energy(dst []float64, t float64, x []float64) { e.net.Eval(dst, t, x) }

// turn stores J g, where the field is J times the gradient g.
func (e *potentialEvaluator) turn(dst, g []float64) {
	if !e.f.hamiltonian {
		kernel.ScaleTo(dst, -1, g)
		return
	}
	half := len(g) / 2
	copy(dst[:half], g[half:])
	kernel.ScaleTo(dst[half:], -1, g[:half])
}

// turnBack stores Jᵀp.
func (e *potentialEvaluator) turnBack(dst, p []float64) {
	e.turn(dst, p)
	if e.f.hamiltonian { // J is skew
		kernel.Scale(dst, -1)
	}
}

// Eval implements Evaluator.
func (e *potentialEvaluator) Eval(dx []float64, t float64, x []float64) {
	n := e.net.batch(x)
	same(dx, x)
	g := e.g[:len(x)]
	e.net.VJP(g, nil, t, x, e.ones[:n])
	e.turn(dx, g)
}

// VJP implements Evaluator: p·J∇H is the tangent of H along Jᵀp.
func (e *potentialEvaluator) VJP(px, ptheta []float64, t float64, x, p []float64) {
	n := e.net.batch(x)
	same(p, x)
	if px != nil {
		same(px, x)
	}
	v := e.v[:len(x)]
	e.turnBack(v, p)
	keep := e.tangents.keep[:e.tangents.keepLen(n)]
	e.tangents.forward(nil, nil, t, x, v, keep, n)
	e.tangents.backward(px, ptheta, t, x, v, nil, e.ones[:n], keep, n)
}

// JVP implements Evaluator: the derivative of ∇H along (dx, dθ) is the gradient of the tangent of H along it.
func (e *potentialEvaluator) JVP(dst []float64, t float64, x, dx, dtheta []float64) {
	n := e.net.batch(x)
	same(dst, x)
	if dtheta != nil && len(dtheta) != e.f.net.params {
		panic(badTheta)
	}
	v, g := e.v[:len(x)], e.g[:len(x)]
	clear(v)
	if dx != nil {
		same(dx, x)
		copy(v, dx)
	}
	if dx == nil && dtheta == nil {
		clear(dst)
		return
	}
	keep := e.tangents.keep[:e.tangents.keepLen(n)]
	e.tangents.dtheta = dtheta
	e.tangents.forward(nil, nil, t, x, v, keep, n)
	e.tangents.backward(g, nil, t, x, v, nil, e.ones[:n], keep, n)
	e.tangents.dtheta = nil
	e.turn(dst, g)
}

// ParamJacobian implements ParamJacobian.
func (e *potentialEvaluator) ParamJacobian(jac []float64, t float64, x []float64) {
	e.rows.jacobian(jac, e, e.f.net.params, e.times, 0, t, x)
}

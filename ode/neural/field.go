// Package neural provides neural networks as vector fields ẋ = f(t, x, θ) on batches of states, with the
// derivatives that the maximum principle needs: f_xᵀp and f_θᵀp (costate and gradient), f_x v + f_θ w
// (tangents), ∂_θ(p·f_x v) (the derivative of the costate equation) and f_θ point by point (least squares).
//
// A batch is stored batch last: entry i of sample s of a batch of B states is x[i*B+s], so that every inner
// loop runs along the batch (Chen et al., Neural Ordinary Differential Equations, NeurIPS 2018).
package neural

// Field is a parametrized vector field f(t, x, θ) on ℝᵈ with P parameters. Fields are immutable and safe
// for concurrent use.
type Field interface {
	// Dim is d, the dimension of one state.
	Dim() int
	// NumParams is P, the number of parameters.
	NumParams() int
	// NewEvaluator builds an evaluator with all its workspace for batches of at most width samples.
	NewEvaluator(width int) Evaluator
}

// Evaluator evaluates a field and its derivatives on batches. It belongs to one goroutine and allocates
// nothing. The batch size B = len(x)/d may vary from call to call up to the width it was built for.
type Evaluator interface {
	// Bind sets the parameters, len P, and packs them. θ is copied; Bind again after every change.
	Bind(theta []float64)
	// Eval stores f(t, x, θ) in dx (d×B).
	Eval(dx []float64, t float64, x []float64)
	// VJP stores f_xᵀp in px (d×B) and adds Σ_s f_θᵀp_s to ptheta (P). px and ptheta may each be nil.
	VJP(px, ptheta []float64, t float64, x, p []float64)
	// JVP stores f_x·dx + f_θ·dtheta in dst (d×B). dx (d×B) and dtheta (P, the same for all samples) may each be nil.
	JVP(dst []float64, t float64, x, dx, dtheta []float64)
}

// Keeper is an Evaluator that can keep what it computed in Eval, so that a later VJP at the same point
// need not compute it again.
type Keeper interface {
	// KeepLen is the length of keep for a batch of n samples.
	KeepLen(n int) int
	// EvalKeep is Eval, storing intermediate values in keep.
	EvalKeep(dx []float64, t float64, x, keep []float64)
	// VJPKept is VJP at the point of an earlier EvalKeep with the same parameters, t and x.
	VJPKept(px, ptheta []float64, t float64, x, p, keep []float64)
}

// StateKeeper is a Keeper that keeps the states as well: of x its VJPKept needs the length alone.
type StateKeeper interface {
	Keeper
	// KeepsStates tells whether it does.
	KeepsStates() bool
}

// Holder is an Evaluator that adds gradients faster if it may keep the sum of several to itself.
type Holder interface {
	// Hold makes VJP and VJPKept keep the gradients that they are asked for, until Release adds their sum to ptheta (P).
	Hold()
	Release(ptheta []float64)
}

// SecondOrder is an Evaluator with the parameter derivative of its vector–Jacobian product.
type SecondOrder interface {
	// VJPGrad adds Σ_s ∂_θ(p_s·f_x(x_s) v_s) to ptheta (P): the gradient of v·(f_xᵀp) in θ.
	VJPGrad(ptheta []float64, t float64, x, p, v []float64)
}

// ParamJacobian is an Evaluator with the full Jacobian in the parameters, for least squares.
type ParamJacobian interface {
	// ParamJacobian stores ∂f_i(x_s)/∂θ_j in jac[(i*B+s)*P+j].
	ParamJacobian(jac []float64, t float64, x []float64)
}

// BlockNormal is an Evaluator whose normal matrix Σ_s f_θᵀf_θ may fall into blocks, and which then sums it without the
// Jacobian.
type BlockNormal interface {
	Keeper
	// Blocks lists groups of parameters such that every output depends on one of them alone, each in ascending order; nil
	// where there is one group. The lists must not be changed.
	Blocks() [][]int
	// AddBlocks adds w·Σ_s f_θ(x_s)ᵀf_θ(x_s) to the lower triangle of normal (P×P) and Σ_s f_θ(x_s)ᵀr_s to g (P) at the
	// point of an earlier EvalKeep with the same parameters, t and x. It may be called where Blocks is not nil.
	AddBlocks(normal, g []float64, w, t float64, x, r, keep []float64)
}

// TimeBatch is an Evaluator whose samples may each have a time of their own.
type TimeBatch interface {
	// SetTimes makes the following calls use ts[s] instead of t for sample s; nil returns to the common t.
	// ts is not copied.
	SetTimes(ts []float64)
}

// Signal gives a network inputs besides state and time: forces, weather, doses.
type Signal interface {
	// At stores the inputs of a sample of the data set at time t in dst. It is called by several goroutines.
	At(dst []float64, t float64, sample int)
}

// SignalBatch is an Evaluator of a field with further inputs, such as that of an MLP with Signals.
type SignalBatch interface {
	// SetSignal gives the inputs of all following calls.
	SetSignal(s Signal)
}

// SampleBatch is an Evaluator whose values depend on which samples of a data set the batch holds (forcing
// inputs, time spans per sample).
type SampleBatch interface {
	// SetSamples says that the following batches hold the samples lo … lo+B−1 of the data set. The parameters stay bound.
	SetSamples(lo int)
}

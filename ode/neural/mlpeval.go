package neural

import (
	"unsafe"

	"github.com/costate-go/costate/internal/kernel"
)

// mlpEvaluator evaluates an MLP in numbers of one type. Values of a batch of n samples, layer by layer, are kept in one slice:
//
//	h_l = φ(z_l) of the hidden layers, followed by φ′(z_l) where it is no function of h_l;
//	φ_L′(z_L) of the output layer, where it is not linear.
type mlpEvaluator[T kernel.Float] struct {
	m       *MLP
	width   int
	bound   bool
	weights []*kernel.Weights[T]
	times   []T
	lo      int // sample of the data set that a batch begins with
	signal  Signal
	values  []float64 // of the signal

	input  []T    // first layer's inputs, where they are not x itself
	keep   []T    // for calls without the caller's keep
	ping   [2][]T // batches of the widest layer
	pong   [2][]T
	output []T // a batch of outputs that nobody asked for

	second   secondWork[T]
	jacobian jacobianWork[T]
	blocks   blocksWork[T]
	factors  factorsWork[T]
}

// NewEvaluator builds an evaluator for batches of at most width samples. It panics if width < 1.
func (m *MLP) NewEvaluator(width int) Evaluator {
	if width < 1 {
		panic("neural: NewEvaluator needs a width of 1 or more")
	}
	if m.cfg.Precision == Float32 {
		return newMixedEvaluator(m, width)
	}
	return newMLPEvaluator[float64](m, width)
}

func newMLPEvaluator[T kernel.Float](m *MLP, width int) *mlpEvaluator[T] {
	e := &mlpEvaluator[T]{m: m, width: width}
	widest := 0
	for _, l := range m.layers {
		e.weights = append(e.weights, kernel.NewWeights[T](l.out, l.in))
		widest = max(widest, l.out, l.in)
	}
	if m.cfg.Time || m.cfg.Input != Identity || m.cfg.Signals > 0 {
		e.input = make([]T, m.layers[0].in*width)
		e.values = make([]float64, m.cfg.Signals)
	}
	e.keep = make([]T, e.KeepLen(width))
	for i := range e.ping {
		e.ping[i] = make([]T, widest*width)
		e.pong[i] = make([]T, widest*width)
	}
	e.output = make([]T, m.outputs*width)
	e.second.init(m, width)
	e.jacobian.init(m, width)
	e.blocks.init(m, width)
	return e
}

// Bytes is the size of the workspace.
func (e *mlpEvaluator[T]) Bytes() int64 {
	var one T
	n := len(e.input) + len(e.keep) + 4*len(e.ping[0]) + len(e.output) + len(e.jacobian.d) + len(e.jacobian.delta)
	n += len(e.second.input) + 4*len(e.second.adj[0]) + len(e.blocks.inputs) + len(e.blocks.scaled) + len(e.blocks.weight) + len(e.blocks.block)
	for i, l := range e.m.layers {
		n += 2*l.out*l.in + l.out + 5*l.out*e.width + len(e.jacobian.inputs[i])
	}
	return int64(n) * int64(unsafe.Sizeof(one))
}

// Bind implements Evaluator.
func (e *mlpEvaluator[T]) Bind(theta []T) {
	if len(theta) != e.m.params {
		panic(badTheta)
	}
	for i, l := range e.m.layers {
		e.weights[i].Pack(theta[l.w:l.b], theta[l.b:l.b+l.out])
	}
	e.bound = true
}

// SetTimes implements TimeBatch.
func (e *mlpEvaluator[T]) SetTimes(ts []T) { e.times = ts }

// SetSamples implements SampleBatch.
func (e *mlpEvaluator[T]) SetSamples(lo int) { e.lo = lo }

// SetSignal implements SignalBatch.
func (e *mlpEvaluator[T]) SetSignal(s Signal) { e.signal = s }

// batch is the number of samples in x.
func (e *mlpEvaluator[T]) batch(x []T) int {
	d := e.m.cfg.Dim
	n := len(x) / d
	if n*d != len(x) || n > e.width {
		panic(badBatch)
	}
	if !e.bound {
		panic(unbound)
	}
	return n
}

// same panics unless every given batch has the length of x.
func same[T kernel.Float](x, y []T) {
	if len(x) != len(y) {
		panic(badBatch)
	}
}

// outputs panics unless y is a batch of n outputs.
func (e *mlpEvaluator[T]) outputs(y []T, n int) {
	if len(y) != n*e.m.outputs {
		panic(badBatch)
	}
}

// inputs returns the first layer's inputs [T(x); t] of n samples.
func (e *mlpEvaluator[T]) inputs(t float64, x []T, n int) []T {
	if e.input == nil {
		return x
	}
	u := e.input[:e.m.layers[0].in*n]
	if e.m.cfg.Input == Cube {
		kernel.Cube(u[:len(x)], x)
	} else {
		copy(u, x)
	}
	at := len(x)
	if e.m.cfg.Time {
		if e.times != nil {
			copy(u[at:], e.times[:n])
		} else {
			kernel.Fill(u[at:at+n], T(t))
		}
		at += n
	}
	if e.m.cfg.Signals > 0 {
		e.force(u[at:], t, n)
	}
	return u
}

// force stores the signals of n samples.
func (e *mlpEvaluator[T]) force(dst []T, t float64, n int) {
	if e.signal == nil {
		panic(unforced)
	}
	for s := range n {
		if e.times != nil {
			t = float64(e.times[s])
		}
		e.signal.At(e.values, t, e.lo+s)
		for i, v := range e.values {
			dst[i*n+s] = T(v)
		}
	}
}

// Eval implements Evaluator.
func (e *mlpEvaluator[T]) Eval(dx []T, t float64, x []T) {
	n := e.batch(x)
	e.outputs(dx, n)
	h := e.inputs(t, x, n)
	last := len(e.m.layers) - 1
	for i, l := range e.m.layers[:last] {
		y := e.ping[i&1][:l.out*n]
		e.weights[i].Affine(y, nil, h, n, l.act.kernel())
		h = y
	}
	e.weights[last].Affine(dx, nil, h, n, e.m.cfg.Output.kernel())
}

// kept returns how many numbers a layer keeps per sample, h and φ′.
func (m *MLP) kept(layer int) (h, d int) {
	l := m.layers[layer]
	if layer == len(m.layers)-1 {
		if l.act != Linear {
			d = l.out
		}
		return 0, d
	}
	if !l.act.kernel().FromValue() {
		d = l.out
	}
	return l.out, d
}

// KeepLen implements Keeper.
func (e *mlpEvaluator[T]) KeepLen(n int) int {
	sum := 0
	for i := range e.m.layers {
		h, d := e.m.kept(i)
		sum += h + d
	}
	return sum * n
}

// nextKept cuts a layer's part off keep.
func nextKept[T kernel.Float](m *MLP, layer, n int, keep []T) (h, d, rest []T) {
	nh, nd := m.kept(layer)
	h = keep[: nh*n : nh*n]
	if nd > 0 {
		d = keep[nh*n : (nh+nd)*n]
	}
	return h, d, keep[(nh+nd)*n:]
}

// EvalKeep implements Keeper.
func (e *mlpEvaluator[T]) EvalKeep(dx []T, t float64, x, keep []T) {
	n := e.batch(x)
	e.outputs(dx, n)
	if len(keep) != e.KeepLen(n) {
		panic(badKeep)
	}
	e.forward(dx, e.inputs(t, x, n), n, keep)
}

// forward evaluates and keeps. A nil dx says that the output itself is not wanted.
func (e *mlpEvaluator[T]) forward(dx, u []T, n int, keep []T) {
	in := u
	last := len(e.m.layers) - 1
	for i, l := range e.m.layers {
		h, d, rest := nextKept(e.m, i, n, keep)
		keep = rest
		if i == last {
			if dx == nil {
				if d == nil {
					return
				}
				dx = e.output[:l.out*n]
			}
			h = dx
		}
		e.weights[i].Affine(h, d, in, n, l.act.kernel())
		in = h
	}
}

// VJP implements Evaluator.
func (e *mlpEvaluator[T]) VJP(px, ptheta []T, t float64, x, p []T) {
	n := e.batch(x)
	e.outputs(p, n)
	u := e.inputs(t, x, n)
	keep := e.keep[:e.KeepLen(n)]
	e.forward(nil, u, n, keep)
	e.backward(px, ptheta, u, x, p, n, keep)
}

// VJPKept implements Keeper.
func (e *mlpEvaluator[T]) VJPKept(px, ptheta []T, t float64, x, p, keep []T) {
	n := e.batch(x)
	e.outputs(p, n)
	if len(keep) != e.KeepLen(n) {
		panic(badKeep)
	}
	e.backward(px, ptheta, e.inputs(t, x, n), x, p, n, keep)
}

// backward goes from p through the layers: δ_L = p ⊙ φ′(z_L), δ_l = (W_{l+1}ᵀ δ_{l+1}) ⊙ φ′(z_l), with
// ∂W_l = Σ_s δ_l h_{l−1}ᵀ, ∂b_l = Σ_s δ_l, and f_xᵀp = (W₁ᵀ δ₁) ⊙ T′(x).
func (e *mlpEvaluator[T]) backward(px, ptheta []T, u, x, p []T, n int, keep []T) {
	if ptheta != nil && len(ptheta) != e.m.params {
		panic(badTheta)
	}
	if px != nil {
		same(px, x)
	}
	delta := p
	end := len(keep)
	for i := len(e.m.layers) - 1; i >= 0; i-- {
		l := e.m.layers[i]
		nh, nd := e.m.kept(i)
		start := end - (nh+nd)*n
		h, d := keep[start:start+nh*n], keep[start+nh*n:end]
		end = start
		delta = e.throughActivation(i, n, delta, h, d)
		in := u
		if i > 0 {
			hBelow, dBelow := e.m.kept(i - 1)
			at := end - (hBelow+dBelow)*n
			in = keep[at : at+hBelow*n]
		}
		if ptheta != nil {
			kernel.AddOuter(ptheta[l.w:l.b], delta, in, l.out, l.in, n)
			kernel.AddRowSums(ptheta[l.b:l.b+l.out], delta, n)
		}
		if i > 0 {
			next := e.ping[(i-1)&1][:l.in*n]
			e.weights[i].MulT(next, delta, l.in, n)
			delta = next
		} else if px != nil {
			e.weights[0].MulT(px, delta, e.m.cfg.Dim, n)
			if e.m.cfg.Input == Cube {
				kernel.MulCubeD(px, x)
			}
		}
	}
}

// throughActivation multiplies what comes back to a layer's values by φ′: in place, but for the last layer, whose δ is the caller's.
func (e *mlpEvaluator[T]) throughActivation(i, n int, delta, h, d []T) []T {
	l := e.m.layers[i]
	switch {
	case i == len(e.m.layers)-1:
		if len(d) > 0 {
			p := delta
			delta = e.ping[i&1][:l.out*n]
			kernel.MulTo(delta, p, d)
		}
	case len(d) > 0:
		kernel.Mul(delta, d)
	default:
		kernel.MulD1(l.act.kernel(), delta, h)
	}
	return delta
}

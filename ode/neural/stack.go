package neural

import (
	"fmt"
	"slices"

	"github.com/costate-go/costate/internal/kernel"
	"github.com/costate-go/costate/internal/rng"
)

// Stack is a network of layers of other kinds than an MLP's as a vector field: see NewGated and NewConv. Its Evaluator implements Keeper,
// ParamJacobian and TimeBatch. A Stack is immutable and safe for concurrent use.
type Stack struct {
	dim, params int
	layers      []stackLayer
	cfg         any // GatedConfig or ConvConfig
}

// stackLayer is one layer's plan.
type stackLayer interface {
	// sizes are the numbers in and out, kept for the way back, and parameters.
	sizes() (in, out, keep, params int)
	// fill draws the first parameters.
	fill(theta []float64, r *rng.Source)
	// tensors names the parameters, with offsets from 0.
	tensors() []Tensor
	// work makes the layer's own workspace.
	work(width int) stackWork
}

// stackWork computes a layer on batches of n samples, whose times are ts.
type stackWork interface {
	bind(theta []float64)
	bytes() int64
	// forward stores the outputs in y and fills keep.
	forward(y, x, ts, keep []float64, n int)
	// backward turns the adjoint delta of y, which it may overwrite, into that of x, stored in px, and adds to grad, each unless nil.
	backward(px, grad, x, ts, keep, delta []float64, n int)
	// tangent stores the derivative of y along (dx, dtheta) in dy; dtheta may be nil.
	tangent(dy, x, dx, dtheta, ts, keep []float64, n int)
}

func newStack(dim int, layers []stackLayer) *Stack {
	f := &Stack{dim: dim, layers: layers}
	for _, l := range layers {
		_, _, _, p := l.sizes()
		f.params += p
	}
	return f
}

// Dim is the dimension of the state.
func (f *Stack) Dim() int { return f.dim }

// NumParams is the number of parameters of all layers.
func (f *Stack) NumParams() int { return f.params }

// Gated is a copy of the configuration of NewGated, with its defaults filled in; ok says that the field came from there.
func (f *Stack) Gated() (cfg GatedConfig, ok bool) {
	cfg, ok = f.cfg.(GatedConfig)
	cfg.Hidden = slices.Clone(cfg.Hidden)
	return cfg, ok
}

// Conv is a copy of the configuration of NewConv, with its defaults filled in; ok says that the field came from there.
func (f *Stack) Conv() (cfg ConvConfig, ok bool) {
	cfg, ok = f.cfg.(ConvConfig)
	cfg.Hidden = slices.Clone(cfg.Hidden)
	return cfg, ok
}

// Init implements Network.
func (f *Stack) Init(theta []float64, seed uint64) {
	if len(theta) != f.params {
		panic(badTheta)
	}
	r := rng.New(seed)
	for _, l := range f.layers {
		_, _, _, p := l.sizes()
		l.fill(theta[:p], r)
		theta = theta[p:]
	}
}

// Tensors implements Network.
func (f *Stack) Tensors() []Tensor {
	var out []Tensor
	at := 0
	for i, l := range f.layers {
		for _, t := range l.tensors() {
			t.Name, t.Offset = fmt.Sprintf("layers.%d.%s", i, t.Name), t.Offset+at
			out = append(out, t)
		}
		_, _, _, p := l.sizes()
		at += p
	}
	return out
}

// NewEvaluator builds an evaluator for batches of at most width samples. It panics if width < 1.
func (f *Stack) NewEvaluator(width int) Evaluator {
	if width < 1 {
		panic("neural: NewEvaluator needs a width of 1 or more")
	}
	e := &stackEvaluator{f: f, width: width, ts: make([]float64, width), rows: newRowsWork(f.dim)}
	widest := 0
	for _, l := range f.layers {
		in, out, _, _ := l.sizes()
		widest = max(widest, in, out)
		e.layers = append(e.layers, l.work(width))
	}
	e.keep = make([]float64, e.KeepLen(width))
	for i := range 2 {
		e.delta[i] = make([]float64, widest*width)
	}
	e.last = make([]float64, f.dim*width)
	return e
}

// stackEvaluator goes through the layers. What is kept of a layer is its own part, then its outputs, which the last layer
// gives to the caller instead.
type stackEvaluator struct {
	f      *Stack
	width  int
	bound  bool
	times  []float64
	layers []stackWork
	ts     []float64 // times of the batch at hand
	keep   []float64
	delta  [2][]float64
	last   []float64
	rows   rowsWork
}

// Bytes is the size of the workspace.
func (e *stackEvaluator) Bytes() int64 {
	n := 8 * int64(len(e.ts)+len(e.keep)+2*len(e.delta[0])+len(e.last))
	for _, l := range e.layers {
		n += l.bytes()
	}
	return n
}

// Bind implements Evaluator.
func (e *stackEvaluator) Bind(theta []float64) {
	if len(theta) != e.f.params {
		panic(badTheta)
	}
	for i, l := range e.f.layers {
		_, _, _, p := l.sizes()
		e.layers[i].bind(theta[:p])
		theta = theta[p:]
	}
	e.bound = true
}

// SetTimes implements TimeBatch.
func (e *stackEvaluator) SetTimes(ts []float64) { e.times = ts }

// enter returns the number of samples and their times.
func (e *stackEvaluator) enter(t float64, x []float64) (n int, ts []float64) {
	n = len(x) / e.f.dim
	if n*e.f.dim != len(x) || n > e.width {
		panic(badBatch)
	}
	if !e.bound {
		panic(unbound)
	}
	ts = e.ts[:n]
	if e.times != nil {
		copy(ts, e.times)
	} else {
		kernel.Fill(ts, t)
	}
	return n, ts
}

// KeepLen implements Keeper.
func (e *stackEvaluator) KeepLen(n int) int {
	sum := 0
	for i, l := range e.f.layers {
		_, out, keep, _ := l.sizes()
		if sum += keep; i < len(e.f.layers)-1 {
			sum += out
		}
	}
	return sum * n
}

// forward stores the outputs of the last layer in dx.
func (e *stackEvaluator) forward(dx, x, ts, keep []float64, n int) {
	for i, l := range e.f.layers {
		_, out, own, _ := l.sizes()
		y, part := dx, keep[:own*n]
		keep = keep[own*n:]
		if i < len(e.layers)-1 {
			y, keep = keep[:out*n], keep[out*n:]
		}
		e.layers[i].forward(y, x, ts, part, n)
		x = y
	}
}

// Eval implements Evaluator.
func (e *stackEvaluator) Eval(dx []float64, t float64, x []float64) {
	n, ts := e.enter(t, x)
	same(dx, x)
	e.forward(dx, x, ts, e.keep[:e.KeepLen(n)], n)
}

// EvalKeep implements Keeper.
func (e *stackEvaluator) EvalKeep(dx []float64, t float64, x, keep []float64) {
	n, ts := e.enter(t, x)
	same(dx, x)
	if len(keep) != e.KeepLen(n) {
		panic(badKeep)
	}
	e.forward(dx, x, ts, keep, n)
}

// VJP implements Evaluator.
func (e *stackEvaluator) VJP(px, ptheta []float64, t float64, x, p []float64) {
	n, ts := e.enter(t, x)
	keep := e.keep[:e.KeepLen(n)]
	e.forward(e.last[:len(x)], x, ts, keep, n)
	e.backward(px, ptheta, x, ts, p, keep, n)
}

// VJPKept implements Keeper.
func (e *stackEvaluator) VJPKept(px, ptheta []float64, t float64, x, p, keep []float64) {
	n, ts := e.enter(t, x)
	if len(keep) != e.KeepLen(n) {
		panic(badKeep)
	}
	e.backward(px, ptheta, x, ts, p, keep, n)
}

func (e *stackEvaluator) backward(px, ptheta, x, ts, p, keep []float64, n int) {
	same(p, x)
	if px != nil {
		same(px, x)
	}
	if ptheta != nil && len(ptheta) != e.f.params {
		panic(badTheta)
	}
	last := len(e.layers) - 1
	delta := e.delta[last&1][:len(p)]
	copy(delta, p)
	end, at := len(keep), e.f.params
	for i := last; i >= 0; i-- {
		in, out, own, params := e.f.layers[i].sizes()
		if i < last {
			end -= out * n
		}
		part := keep[end-own*n : end]
		end -= own * n
		at -= params
		var grad []float64
		if ptheta != nil {
			grad = ptheta[at : at+params]
		}
		below, next := x, px
		if i > 0 {
			below, next = keep[end-in*n:end], e.delta[(i-1)&1][:in*n]
		}
		e.layers[i].backward(next, grad, below, ts, part, delta, n)
		delta = next
	}
}

// JVP implements Evaluator.
func (e *stackEvaluator) JVP(dst []float64, t float64, x, dx, dtheta []float64) {
	n, ts := e.enter(t, x)
	same(dst, x)
	if dx != nil {
		same(dx, x)
	}
	if dtheta != nil && len(dtheta) != e.f.params {
		panic(badTheta)
	}
	keep := e.keep[:e.KeepLen(n)]
	e.forward(e.last[:len(x)], x, ts, keep, n)
	tangent := e.delta[1][:len(x)]
	clear(tangent)
	copy(tangent, dx)
	for i, l := range e.f.layers {
		_, out, own, params := l.sizes()
		part, next := keep[:own*n], e.delta[i&1][:out*n]
		keep = keep[own*n:]
		if i == len(e.layers)-1 {
			next = dst
		}
		var d []float64
		if dtheta != nil {
			d, dtheta = dtheta[:params], dtheta[params:]
		}
		e.layers[i].tangent(next, x, tangent, d, ts, part, n)
		if i < len(e.layers)-1 {
			x, keep = keep[:out*n], keep[out*n:]
		}
		tangent = next
	}
}

// ParamJacobian implements ParamJacobian.
func (e *stackEvaluator) ParamJacobian(jac []float64, t float64, x []float64) {
	e.rows.jacobian(jac, e, e.f.params, e.times, 0, t, x)
}

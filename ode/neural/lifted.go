package neural

import (
	"fmt"

	"github.com/costate-go/costate/internal/kernel"
	"github.com/costate-go/costate/internal/rng"
)

// LiftedConfig describes a flow between two affine maps that are trained with it.
type LiftedConfig struct {
	// Flow is the vector field between the maps, on states h.
	Flow Network
	// Patches makes the first map one of patches of pictures; nil makes it one of all features.
	Patches *Patches
	// Features is the number of features u of a sample, Outputs the number m of what is read from h at the end.
	Features, Outputs int
	// Start and End are the times at which the flow begins and ends.
	Start, End float64
	// Precision is that of the maps; the flow has its own.
	Precision Precision
	// Init draws the initial weights of both maps; LecunNormal by default.
	Init Initializer
	// Samples are the features that SetSamples refers to.
	Samples *Samples
}

// Samples are the features of N samples, sample by sample: feature k of sample s is X[s*Features+k]. They may be replaced between
// sweeps by their owner.
type Samples struct{ X []float32 }

// Lifted is a field on states (h, y) that maps features into the flow and reads the flow's end, in three pieces of time,
//
//	ḣ = A u + a,  ẏ = 0        for t < Start,
//	ḣ = f(t, h, θ),  ẏ = 0     for Start ≤ t ≤ End,
//	ḣ = 0,  ẏ = C h + c        for t > End.
//
// On a horizon [Start − 1, End + 1] from h = y = 0 the flow begins at A u + a and y ends as C h(End) + c: maps of any size, trained by
// the same costates as the flow. The parameters are A (row-major, d×Features), a, θ, C (m×d), c. Start and End must be breaks of the
// problem. With Patches A is (channels, 1, size, size) and a (channels). A Lifted is immutable; its Samples are not.
type Lifted struct {
	cfg  LiftedConfig
	d    int // of h
	ins  int // columns of A
	outs int // rows of A
	flow int // offset of θ
	read int // offset of C
	p    int // number of parameters
}

// NewLifted builds a Lifted. Errors wrap ErrConfig.
func NewLifted(cfg LiftedConfig) (*Lifted, error) {
	switch {
	case cfg.Flow == nil:
		return nil, fmt.Errorf("%w: no Flow", ErrConfig)
	case cfg.Features < 1 || cfg.Outputs < 1:
		return nil, fmt.Errorf("%w: %d features and %d outputs, need 1 or more", ErrConfig, cfg.Features, cfg.Outputs)
	case !(cfg.End > cfg.Start):
		return nil, fmt.Errorf("%w: the flow ends at %g, not after its start at %g", ErrConfig, cfg.End, cfg.Start)
	case cfg.Samples == nil:
		return nil, fmt.Errorf("%w: no Samples", ErrConfig)
	}
	l := &Lifted{cfg: cfg, d: cfg.Flow.Dim(), ins: cfg.Features}
	l.outs = l.d
	if cfg.Patches != nil {
		patches := *cfg.Patches
		var err error
		if l.outs, err = patches.check(cfg.Features, l.d); err != nil {
			return nil, err
		}
		l.ins, l.cfg.Patches = patches.Size*patches.Size, &patches
	}
	l.flow = l.outs * (l.ins + 1)
	l.read = l.flow + cfg.Flow.NumParams()
	l.p = l.read + cfg.Outputs*(l.d+1)
	return l, nil
}

// With is the same field on other samples.
func (l *Lifted) With(s *Samples) *Lifted {
	other := *l
	other.cfg.Samples = s
	return &other
}

// Dim is the dimension of (h, y).
func (l *Lifted) Dim() int { return l.d + l.cfg.Outputs }

// NumParams counts the parameters of maps and flow.
func (l *Lifted) NumParams() int { return l.p }

// Patches are those of the first map, with the size filled in; nil where it takes all features.
func (l *Lifted) Patches() *Patches {
	if l.cfg.Patches == nil {
		return nil
	}
	p := *l.cfg.Patches
	return &p
}

// Parts are the offsets of A, a, θ, C and c among the parameters.
func (l *Lifted) Parts() (weights, bias, flow, readWeights, readBias int) {
	return 0, l.outs * l.ins, l.flow, l.read, l.read + l.cfg.Outputs*l.d
}

// Init implements Network.
func (l *Lifted) Init(theta []float64, seed uint64) {
	w, b, f, c, e := l.Parts()
	l.cfg.Flow.Init(theta[f:c], seed)
	r := rng.New(seed + 1)
	l.cfg.Init.fill(theta[w:b], theta[b:b+l.outs], l.ins, l.outs, r)
	l.cfg.Init.fill(theta[c:e], theta[e:e+l.cfg.Outputs], l.d, l.cfg.Outputs, r)
}

// Tensors lists input.weight and input.bias, those of the flow, output.weight and output.bias.
func (l *Lifted) Tensors() []Tensor {
	w, b, f, c, e := l.Parts()
	shape := []int{l.outs, l.ins}
	if p := l.cfg.Patches; p != nil {
		shape = []int{l.outs, 1, p.Size, p.Size}
	}
	out := []Tensor{{"input.weight", w, shape}, {"input.bias", b, []int{l.outs}}}
	for _, t := range l.cfg.Flow.Tensors() {
		t.Offset += f
		out = append(out, t)
	}
	return append(out, Tensor{"output.weight", c, []int{l.cfg.Outputs, l.d}}, Tensor{"output.bias", e, []int{l.cfg.Outputs}})
}

// liftedEvaluator implements Evaluator, Keeper, Holder, SampleBatch and pmp.Piecewise.
type liftedEvaluator struct {
	l       *Lifted
	flow    Evaluator
	keeper  Keeper
	holder  Holder // nil where the flow has none
	in, out linear
	piece   int // −1 before the flow, 0 in it, 1 after it
	set     bool
	first   int  // sample
	holding bool // gradients
	held    []float64
}

// NewEvaluator implements Field.
func (l *Lifted) NewEvaluator(width int) Evaluator {
	e := &liftedEvaluator{l: l, flow: l.cfg.Flow.NewEvaluator(width)}
	e.keeper, _ = e.flow.(Keeper)
	e.holder, _ = e.flow.(Holder)
	if e.holder == nil {
		e.held = make([]float64, l.cfg.Flow.NumParams())
	}
	if l.cfg.Precision == Float32 {
		e.in, e.out = mapsOf[float32](l, width)
	} else {
		e.in, e.out = mapsOf[float64](l, width)
	}
	return e
}

// mapsOf are the maps before and after the flow.
func mapsOf[T kernel.Float](l *Lifted, width int) (in, out linear) {
	out = newAffine[T](l.d, l.cfg.Outputs, width)
	if l.cfg.Patches != nil {
		return newPatched[T](l.cfg.Patches, l.outs, width), out
	}
	return newAffine[T](l.ins, l.outs, width), out
}

// Bytes is the size of the workspace.
func (e *liftedEvaluator) Bytes() int64 {
	n := e.in.bytes() + e.out.bytes() + 8*int64(len(e.held))
	if s, ok := e.flow.(interface{ Bytes() int64 }); ok {
		n += s.Bytes()
	}
	return n
}

// SetPiece says that the following calls lie in [a, b].
func (e *liftedEvaluator) SetPiece(a, b float64) {
	e.set = true
	switch {
	case b <= e.l.cfg.Start:
		e.piece = -1
	case a >= e.l.cfg.End:
		e.piece = 1
	default:
		e.piece = 0
	}
}

// at is the piece that t lies in.
func (e *liftedEvaluator) at(t float64) int {
	switch {
	case e.set:
		return e.piece
	case t < e.l.cfg.Start:
		return -1
	case t > e.l.cfg.End:
		return 1
	}
	return 0
}

// SetSamples implements SampleBatch.
func (e *liftedEvaluator) SetSamples(lo int) {
	e.in.flush()
	e.first = lo
	e.in.forget()
}

// Bind implements Evaluator.
func (e *liftedEvaluator) Bind(theta []float64) {
	l := e.l
	if len(theta) != l.p {
		panic(badTheta)
	}
	e.in.bind(theta[:l.flow])
	e.flow.Bind(theta[l.flow:l.read])
	e.out.bind(theta[l.read:])
}

// split cuts a batch into h and y.
func (e *liftedEvaluator) split(x []float64) (h, y []float64, n int) {
	n = len(x) / e.l.Dim()
	if n*e.l.Dim() != len(x) {
		panic(badBatch)
	}
	return x[:e.l.d*n], x[e.l.d*n:], n
}

// features are those of n samples, sample by sample.
func (e *liftedEvaluator) features(n int) []float32 {
	k := e.l.cfg.Features
	return e.l.cfg.Samples.X[e.first*k : (e.first+n)*k]
}

// Eval implements Evaluator.
func (e *liftedEvaluator) Eval(dx []float64, t float64, x []float64) {
	h, _, n := e.split(x)
	dh, dy, _ := e.split(dx)
	switch e.at(t) {
	case -1:
		e.in.load(e.features(n), n)
		e.in.apply(dh, n)
		clear(dy)
	case 0:
		e.flow.Eval(dh, t, h)
		clear(dy)
	default:
		e.out.states(h, n)
		e.out.apply(dy, n)
		clear(dh)
	}
}

// KeepLen implements Keeper.
func (e *liftedEvaluator) KeepLen(n int) int {
	if e.keeper == nil {
		return 0
	}
	return e.keeper.KeepLen(n)
}

// EvalKeep implements Keeper.
func (e *liftedEvaluator) EvalKeep(dx []float64, t float64, x, keep []float64) {
	if e.at(t) != 0 || e.keeper == nil {
		e.Eval(dx, t, x)
		return
	}
	h, _, _ := e.split(x)
	dh, dy, _ := e.split(dx)
	e.keeper.EvalKeep(dh, t, h, keep)
	clear(dy)
}

// VJP implements Evaluator.
func (e *liftedEvaluator) VJP(px, ptheta []float64, t float64, x, p []float64) {
	e.vjp(px, ptheta, t, x, p, nil)
}

// VJPKept implements Keeper.
func (e *liftedEvaluator) VJPKept(px, ptheta []float64, t float64, x, p, keep []float64) {
	e.vjp(px, ptheta, t, x, p, keep)
}

func (e *liftedEvaluator) vjp(px, ptheta []float64, t float64, x, p, keep []float64) {
	l := e.l
	h, _, n := e.split(x)
	ph, py, _ := e.split(p)
	var qh, flow, in, out []float64
	if px != nil {
		q, qy, _ := e.split(px)
		clear(qy)
		qh = q
	}
	if ptheta != nil {
		in, flow, out = ptheta[:l.flow], ptheta[l.flow:l.read], ptheta[l.read:]
	}
	switch e.at(t) {
	case -1:
		clear(qh)
		if ptheta != nil {
			e.in.load(e.features(n), n)
			e.in.pull(in, ph, n, e.holding)
		}
	case 0:
		if e.holding && e.holder == nil && flow != nil {
			flow = e.held
		}
		if keep != nil && e.keeper != nil {
			e.keeper.VJPKept(qh, flow, t, h, ph, keep)
		} else {
			e.flow.VJP(qh, flow, t, h, ph)
		}
	default:
		e.out.states(h, n)
		if qh != nil {
			e.out.back(qh, py, n)
		}
		if ptheta != nil {
			e.out.pull(out, py, n, e.holding)
		}
		if e.holding {
			e.out.flush()
		}
	}
}

// Hold implements Holder.
func (e *liftedEvaluator) Hold() {
	e.holding = true
	e.in.hold()
	e.out.hold()
	clear(e.held)
	if e.holder != nil {
		e.holder.Hold()
	}
}

// Release implements Holder.
func (e *liftedEvaluator) Release(ptheta []float64) {
	l := e.l
	e.holding = false
	e.in.release(ptheta[:l.flow])
	e.out.release(ptheta[l.read:])
	if e.holder != nil {
		e.holder.Release(ptheta[l.flow:l.read])
	} else {
		kernel.Add(ptheta[l.flow:l.read], e.held)
	}
}

// JVP implements Evaluator.
func (e *liftedEvaluator) JVP(dst []float64, t float64, x, dx, dtheta []float64) {
	l := e.l
	h, _, n := e.split(x)
	th, ty, _ := e.split(dst)
	var dh, in, flow, out []float64
	if dx != nil {
		dh, _, _ = e.split(dx)
	}
	if dtheta != nil {
		in, flow, out = dtheta[:l.flow], dtheta[l.flow:l.read], dtheta[l.read:]
	}
	switch e.at(t) {
	case -1:
		e.in.load(e.features(n), n)
		e.in.push(th, nil, in, n)
		clear(ty)
	case 0:
		e.flow.JVP(th, t, h, dh, flow)
		clear(ty)
	default:
		e.out.states(h, n)
		e.out.push(ty, dh, out, n)
		clear(th)
	}
}

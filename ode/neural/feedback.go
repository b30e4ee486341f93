package neural

import (
	"fmt"

	"github.com/costate-go/costate/internal/kernel"
)

// FeedbackConfig describes a plant that a network steers.
type FeedbackConfig struct {
	// Plant is ẋ = f(t, x, u) with the D states x and the P controls u. Its derivatives should be given: see Func.
	Plant Func
	// See is how many of the states, the first ones, the policy sees; 0 means all. Others may count what it costs.
	See int
	// Policy describes the network π from the states it sees to the controls; its Dim is See.
	Policy MLPConfig
	// Scale and Offset make u = Offset + Scale·π(t, x, θ), one number a control; nil means 1 and 0. With a Tanh output they are half widths
	// and middles of bounds.
	Scale, Offset []float64
}

// Feedback is the field of a closed loop, ẋ = f(t, x, π(t, x, θ)): what a policy does to a plant, with the policy's parameters. Its Evaluator
// implements Keeper, ParamJacobian and TimeBatch. It is immutable and safe for concurrent use.
type Feedback struct {
	cfg FeedbackConfig
	net *MLP
}

// NewFeedback builds the closed loop. Errors wrap ErrConfig.
func NewFeedback(cfg FeedbackConfig) (*Feedback, error) {
	p := cfg.Plant
	if cfg.See == 0 {
		cfg.See = p.D
	}
	if p.F == nil || p.P < 1 || cfg.See < 1 || cfg.See > p.D || cfg.Policy.Dim != cfg.See {
		return nil, fmt.Errorf("%w: a policy of %d inputs that sees %d of %d states for %d controls", ErrConfig, cfg.Policy.Dim, cfg.See, p.D, p.P)
	}
	if cfg.Policy.Precision != Float64 || cfg.Policy.Signals != 0 {
		return nil, fmt.Errorf("%w: a policy computes in float64 and takes no signals", ErrConfig)
	}
	for _, s := range [][]float64{cfg.Scale, cfg.Offset} {
		if s != nil && len(s) != p.P {
			return nil, fmt.Errorf("%w: %d scales or offsets for %d controls", ErrConfig, len(s), p.P)
		}
	}
	net, err := newMLP(cfg.Policy, p.P)
	if err != nil {
		return nil, err
	}
	return &Feedback{cfg: cfg, net: net}, nil
}

// Dim is the number of the plant's states.
func (f *Feedback) Dim() int { return f.cfg.Plant.D }

// Policy is the network π, and the scales and offsets of its outputs, nil where they are 1 and 0; they must not be changed.
func (f *Feedback) Policy() (m *MLP, scale, offset []float64) {
	return f.net, f.cfg.Scale, f.cfg.Offset
}

// NumParams is that of the policy.
func (f *Feedback) NumParams() int { return f.net.params }

// Init implements Network.
func (f *Feedback) Init(theta []float64, seed uint64) { f.net.Init(theta, seed) }

// Tensors implements Network.
func (f *Feedback) Tensors() []Tensor { return f.net.Tensors() }

// Steering is an Evaluator that tells what its policy does.
type Steering interface {
	// Control stores u (controls × B) at the states x.
	Control(u []float64, t float64, x []float64)
}

// NewEvaluator builds an evaluator for batches of at most width samples. It panics if width < 1.
func (f *Feedback) NewEvaluator(width int) Evaluator {
	if width < 1 {
		panic("neural: NewEvaluator needs a width of 1 or more")
	}
	d, m, see := f.cfg.Plant.D, f.cfg.Plant.P, f.cfg.See
	return &feedbackEvaluator{
		f: f, d: d, m: m, see: see, net: newMLPEvaluator[float64](f.net, width), plant: f.cfg.Plant.NewEvaluator(1).(*funcEvaluator),
		u: make([]float64, m*width), pu: make([]float64, m*width), px: make([]float64, d*width), jac: make([]float64, m*width*f.net.params), fu: make([]float64, d*m),
		x1: make([]float64, d), p1: make([]float64, d), y1: make([]float64, d), v1: make([]float64, d), u1: make([]float64, m), w1: make([]float64, m),
	}
}

type feedbackEvaluator struct {
	f          *Feedback
	d, m, see  int
	net        *mlpEvaluator[float64]
	plant      *funcEvaluator // for one sample
	times      []float64
	u, pu, px  []float64
	jac        []float64 // of the policy
	fu         []float64
	x1, p1, y1 []float64 // of one sample: D
	v1         []float64
	u1, w1     []float64 // and m
}

// Bytes is the size of the workspace.
func (e *feedbackEvaluator) Bytes() int64 {
	return e.net.Bytes() + 8*int64(len(e.u)+len(e.pu)+len(e.px)+len(e.jac)+len(e.fu)+4*e.d)
}

// Bind implements Evaluator.
func (e *feedbackEvaluator) Bind(theta []float64) { e.net.Bind(theta) }

// SetTimes implements TimeBatch.
func (e *feedbackEvaluator) SetTimes(ts []float64) {
	e.times = ts
	e.net.SetTimes(ts)
}

// time is that of sample s.
func (e *feedbackEvaluator) time(t float64, s int) float64 {
	if e.times != nil {
		return e.times[s]
	}
	return t
}

// batch is the number of samples, and the states that the policy sees.
func (e *feedbackEvaluator) batch(x []float64) (n int, seen []float64) {
	n = len(x) / e.d
	if n*e.d != len(x) || n > e.net.width {
		panic(badBatch)
	}
	return n, x[:e.see*n]
}

// scale turns the policy's outputs, or their tangents, into controls.
func (e *feedbackEvaluator) scale(u []float64, n int, offset bool) {
	for k := range e.m {
		row := u[k*n : (k+1)*n]
		if s := e.f.cfg.Scale; s != nil {
			kernel.Scale(row, s[k])
		}
		if o := e.f.cfg.Offset; offset && o != nil {
			for i := range row {
				row[i] += o[k]
			}
		}
	}
}

// Control implements Steering.
func (e *feedbackEvaluator) Control(u []float64, t float64, x []float64) {
	n, seen := e.batch(x)
	e.net.Eval(u, t, seen)
	e.scale(u, n, true)
}

// at gathers sample s of n and binds its control to the plant.
func (e *feedbackEvaluator) at(x, u []float64, s, n int) (x1 []float64) {
	e.plant.Bind(gather(e.u1, u, s, n))
	return gather(e.x1, x, s, n)
}

// run evaluates the plant under controls.
func (e *feedbackEvaluator) run(dx []float64, t float64, x, u []float64, n int) {
	for s := range n {
		x1 := e.at(x, u, s, n)
		e.plant.f.F(e.y1, e.time(t, s), x1, e.plant.u)
		scatter(dx, e.y1, s, n)
	}
}

// Eval implements Evaluator.
func (e *feedbackEvaluator) Eval(dx []float64, t float64, x []float64) {
	n, _ := e.batch(x)
	same(dx, x)
	u := e.u[:e.m*n]
	e.Control(u, t, x)
	e.run(dx, t, x, u, n)
}

// KeepLen implements Keeper: what the network keeps, and the controls.
func (e *feedbackEvaluator) KeepLen(n int) int { return e.net.KeepLen(n) + e.m*n }

// EvalKeep implements Keeper.
func (e *feedbackEvaluator) EvalKeep(dx []float64, t float64, x, keep []float64) {
	n, seen := e.batch(x)
	same(dx, x)
	if len(keep) != e.KeepLen(n) {
		panic(badKeep)
	}
	u := keep[:e.m*n]
	e.net.EvalKeep(u, t, seen, keep[e.m*n:])
	e.scale(u, n, true)
	e.run(dx, t, x, u, n)
}

// plantVJP stores f_xᵀp in px, unless nil, and the adjoints f_uᵀp of the policy's outputs in e.pu.
func (e *feedbackEvaluator) plantVJP(px []float64, t float64, x, u, p []float64, n int) (pu []float64) {
	pu = e.pu[:e.m*n]
	for s := range n {
		x1 := e.at(x, u, s, n)
		e.plant.vjp(e.y1, e.w1, e.time(t, s), x1, gather(e.p1, p, s, n))
		if px != nil {
			scatter(px, e.y1, s, n)
		}
		scatter(pu, e.w1, s, n)
	}
	e.scale(pu, n, false)
	return pu
}

// VJP implements Evaluator.
func (e *feedbackEvaluator) VJP(px, ptheta []float64, t float64, x, p []float64) {
	n, seen := e.batch(x)
	same(p, x)
	u := e.u[:e.m*n]
	e.Control(u, t, x)
	pu := e.plantVJP(px, t, x, u, p, n)
	var through []float64
	if px != nil {
		through = e.px[:len(seen)]
	}
	e.net.VJP(through, ptheta, t, seen, pu)
	if px != nil {
		kernel.Add(px[:len(seen)], through)
	}
}

// VJPKept implements Keeper.
func (e *feedbackEvaluator) VJPKept(px, ptheta []float64, t float64, x, p, keep []float64) {
	n, seen := e.batch(x)
	same(p, x)
	if len(keep) != e.KeepLen(n) {
		panic(badKeep)
	}
	pu := e.plantVJP(px, t, x, keep[:e.m*n], p, n)
	var through []float64
	if px != nil {
		through = e.px[:len(seen)]
	}
	e.net.VJPKept(through, ptheta, t, seen, pu, keep[e.m*n:])
	if px != nil {
		kernel.Add(px[:len(seen)], through)
	}
}

// JVP implements Evaluator.
func (e *feedbackEvaluator) JVP(dst []float64, t float64, x, dx, dtheta []float64) {
	n, seen := e.batch(x)
	same(dst, x)
	u, du := e.u[:e.m*n], e.pu[:e.m*n]
	e.Control(u, t, x)
	var dseen []float64
	if dx != nil {
		same(dx, x)
		dseen = dx[:len(seen)]
	}
	e.net.JVP(du, t, seen, dseen, dtheta)
	e.scale(du, n, false)
	clear(e.v1)
	for s := range n {
		x1, v := e.at(x, u, s, n), e.v1
		if dx != nil {
			v = gather(e.v1, dx, s, n)
		}
		if e.times != nil {
			t = e.times[s]
		}
		e.plant.JVP(e.y1, t, x1, v, gather(e.w1, du, s, n))
		scatter(dst, e.y1, s, n)
	}
}

// ParamJacobian implements ParamJacobian: f_u times that of the policy.
func (e *feedbackEvaluator) ParamJacobian(jac []float64, t float64, x []float64) {
	n, seen := e.batch(x)
	params := e.f.net.params
	if len(jac) != len(x)*params {
		panic(badJacobian)
	}
	u, policy := e.u[:e.m*n], e.jac[:e.m*n*params]
	e.Control(u, t, x)
	e.net.ParamJacobian(policy, t, seen)
	for s := range n {
		x1 := e.at(x, u, s, n)
		e.plant.ParamJacobian(e.fu, e.time(t, s), x1)
		for i := range e.d {
			row := jac[(i*n+s)*params:][:params]
			clear(row)
			for k := range e.m {
				c := e.fu[i*e.m+k]
				if s := e.f.cfg.Scale; s != nil {
					c *= s[k]
				}
				kernel.Axpy(row, c, policy[(k*n+s)*params:][:params])
			}
		}
	}
}

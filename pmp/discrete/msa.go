package discrete

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/costate-go/costate/internal/kernel"
	"github.com/costate-go/costate/pmp"
)

// Batch is what an iteration works on: N samples.
type Batch struct {
	X      []float32 // inputs×N, batch last
	Labels []int     // N class numbers from 0
}

// MSA is the method of successive approximations for weights from a set. An iteration takes a batch forward and its costates
// backward, averages the derivative of the Hamiltonian,
//
//	M ← α M + (1 − α) ∂H/∂W,   α ← 1 − (1 − α) d after each epoch,
//
// and maximizes M·W under a price for every change: binary weights take the sign of M where that differs and |M| > ρ max|M| over
// those that differ; ternary ones become
//
//	1 where M > ρ_k (1 − 2W) + λ,   −1 where M < −ρ_k (1 + 2W) − λ,   0 elsewhere,   ρ_k = ρ max|M|,
//
// λ being the price of a weight that is not zero. Scales and shifts of the normalisation follow Adam on −H. It implements
// pmp.Optimizer; its Sweeper is not used and may be nil.
type MSA struct {
	Network Network
	// Batch is changed between steps by the owner.
	Batch *Batch
	Set   Set
	// Rho is ρ; 0 means 0.25 (ternary) or 0.5 (binary). Lambda is λ. Kappa is κ, which adds κ ρ_k to λ: weights then come at
	// |M| > (1 + κ) ρ_k and go again at MW < −(1 − κ) ρ_k, so that networks of any scale become sparse. It is 0 as published.
	Rho, Lambda, Kappa float64
	// Alpha is the first α, 0 means 0.999; Decay is d, 0 means 0.95; Epoch is how many iterations make an epoch, 0: α stays.
	Alpha, Decay float64
	Epoch        int
	// Rate is Adam's learning rate for scales and shifts; 0 means 0.01. Schedule changes it over Total iterations.
	Rate     float64
	Schedule pmp.Schedule
	Total    int
	// Threads is how many goroutines share the work; the results don't depend on it.
	Threads int

	sys   *system
	theta []float64
	iter  int
	alpha float64
	mean  []*average
	adam  []adam

	batch    *average // the average that accumulate works on
	p, x     []float32
	visit    func(k int, p, x []float32)
	gather   func(int)
	decide   func(int)
	deciding *layer
}

// average is M of a layer, stored as a multiple: M = scale·a, so that a new term costs one product.
type average struct {
	a     []float32
	scale float64
	// By row: max|a|, with binary weights of those that differ in sign, Σ max(|a| − λ/scale, 0), and a·W where W is dense.
	peaks, sums, gains []float32
	bar, price         float32 // ρ_k and λ, as multiples too
}

// adam is the state of Adam for the scales and shifts of a layer.
type adam struct{ first, second []float64 }

// ErrBatch reports a batch that does not fit the network.
var ErrBatch = errors.New("discrete: the batch does not fit the network")

// Name implements pmp.Optimizer.
func (*MSA) Name() string { return "discrete-msa" }

// Init implements pmp.Optimizer.
func (o *MSA) Init(_ context.Context, _ *pmp.Sweeper, theta []float64) error {
	var err error
	if o.sys, err = newSystem(o.Network, o.Threads); err != nil {
		return err
	}
	if n := o.Network.NumParams(); len(theta) != n {
		return fmt.Errorf("discrete: the control has %d numbers and the network %d", len(theta), n)
	}
	def := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	rho := 0.25
	if o.Set == Binary {
		rho = 0.5
	}
	def(&o.Rho, rho)
	def(&o.Alpha, 0.999)
	def(&o.Decay, 0.95)
	def(&o.Rate, 0.01)
	o.theta = append(o.theta[:0], theta...)
	o.iter, o.alpha = 0, o.Alpha
	o.mean, o.adam = nil, nil
	for _, l := range o.sys.layers {
		o.mean = append(o.mean, &average{a: make([]float32, l.Out*l.In), scale: 1, peaks: make([]float32, l.Out), sums: make([]float32, l.Out), gains: make([]float32, l.Out)})
		o.adam = append(o.adam, adam{make([]float64, 2*l.Out), make([]float64, 2*l.Out)})
	}
	o.sys.load(o.theta)
	o.visit, o.gather, o.decide = o.accumulate, o.gatherBlock, o.decideBlock
	return nil
}

// Step implements pmp.Optimizer. Loss is the mean cross-entropy of the batch before the update; Residual is
// Σ [max_W H − H] of the averaged Hamiltonian, with the price λ.
func (o *MSA) Step(context.Context) (pmp.Iterate, error) {
	s, n := o.sys, len(o.Batch.Labels)
	if n < 2 || len(o.Batch.X) != n*o.Network.Sizes[0] {
		return pmp.Iterate{}, fmt.Errorf("%w: %d inputs and %d labels for %d inputs each, and normalisation needs two samples or more", ErrBatch, len(o.Batch.X), n, o.Network.Sizes[0])
	}
	if o.Epoch > 0 && o.iter > 0 && o.iter%o.Epoch == 0 {
		o.alpha = 1 - (1-o.alpha)*o.Decay
	}
	it := pmp.Iterate{Theta: o.theta, Accepted: true, StepParameter: o.alpha}
	logits := s.forward(o.Batch.X, n, true)
	last := s.layers[len(s.layers)-1]
	loss, _ := crossEntropy(last.p[:len(logits)], logits, o.Batch.Labels, n)
	it.Loss = loss / float64(n)
	it.Before, it.Augmented = it.Loss, it.Loss
	if math.IsNaN(it.Loss) || math.IsInf(it.Loss, 0) {
		return it, fmt.Errorf("discrete: the loss of the batch is %g: check that the inputs are finite and scaled", it.Loss)
	}
	for l, p := range last.p[:len(logits)] {
		it.Hamiltonian += float64(p) * float64(logits[l])
	}
	s.backward(o.Batch.X, o.visit)
	for k := range s.layers {
		it.Residual += o.maximize(k)
		it.GradNorm += o.follow(k)
	}
	it.GradNorm = math.Sqrt(it.GradNorm)
	for _, l := range s.layers {
		it.ControlNorm += float64(l.w.nonzero())
	}
	it.ControlNorm = math.Sqrt(it.ControlNorm) // of the weights
	it.Work.Forward, it.Work.Backward, it.Work.Solves = len(s.layers), len(s.layers), 1
	o.iter++
	return it, nil
}

// accumulate adds (1 − α) ∂H/∂W of the batch, p xᵀ, to the average of layer k.
func (o *MSA) accumulate(k int, p, x []float32) {
	m := o.mean[k]
	m.scale *= o.alpha
	if m.scale < 1e-8 { // keep the multiples in range
		kernel.Scale(m.a, float32(m.scale))
		m.scale = 1
	}
	kernel.Scale(p, float32((1-o.alpha)/m.scale))
	o.batch, o.p, o.x, o.deciding = m, p, x, o.sys.layers[k]
	o.sys.parallel(o.deciding.w.blocks(), o.gather)
}

// gatherBlock does so for a block of rows and measures them while they are near.
func (o *MSA) gatherBlock(b int) {
	l, m, n := o.deciding, o.batch, o.sys.n
	lo, hi := b*blockRows, min((b+1)*blockRows, l.Out)
	kernel.AddOuter(m.a[lo*l.In:hi*l.In], o.p[lo*n:hi*n], o.x, hi-lo, l.In, n)
	price := float32(o.Lambda / m.scale)
	for r := lo; r < hi; r++ {
		a := m.a[r*l.In : (r+1)*l.In]
		m.peaks[r], m.sums[r] = measure(a, price)
		if o.Set == Ternary && !l.w.dense {
			continue
		}
		peak, gain := against(a, l.w.code[r*l.In:(r+1)*l.In])
		m.gains[r] = gain
		if o.Set == Binary {
			m.peaks[r] = peak
		}
	}
}

// against returns the largest |a| among those that do not have the sign of their weight, and a·w, in four strands.
func against(a []float32, code []uint8) (peak, gain float32) {
	var p, s [4]float32
	code = code[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		v0, v1, v2, v3 := a[i]*value(code[i]), a[i+1]*value(code[i+1]), a[i+2]*value(code[i+2]), a[i+3]*value(code[i+3])
		s[0] += v0
		s[1] += v1
		s[2] += v2
		s[3] += v3
		if v0 <= 0 && abs(a[i]) > p[0] {
			p[0] = abs(a[i])
		}
		if v1 <= 0 && abs(a[i+1]) > p[1] {
			p[1] = abs(a[i+1])
		}
		if v2 <= 0 && abs(a[i+2]) > p[2] {
			p[2] = abs(a[i+2])
		}
		if v3 <= 0 && abs(a[i+3]) > p[3] {
			p[3] = abs(a[i+3])
		}
	}
	for ; i < len(a); i++ {
		v := a[i] * value(code[i])
		s[0] += v
		if v <= 0 {
			p[0] = max(p[0], abs(a[i]))
		}
	}
	return max(p[0], p[1], p[2], p[3]), s[0] + s[1] + (s[2] + s[3])
}

// measure returns max|a| and Σ max(|a| − price, 0), in four strands.
func measure(a []float32, price float32) (peak, sum float32) {
	var p, s [4]float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		v0, v1, v2, v3 := abs(a[i]), abs(a[i+1]), abs(a[i+2]), abs(a[i+3])
		if v0 > p[0] {
			p[0] = v0
		}
		if v1 > p[1] {
			p[1] = v1
		}
		if v2 > p[2] {
			p[2] = v2
		}
		if v3 > p[3] {
			p[3] = v3
		}
		s[0] += max(v0-price, 0)
		s[1] += max(v1-price, 0)
		s[2] += max(v2-price, 0)
		s[3] += max(v3-price, 0)
	}
	for ; i < len(a); i++ {
		p[0] = max(p[0], abs(a[i]))
		s[0] += max(abs(a[i])-price, 0)
	}
	return max(p[0], p[1], p[2], p[3]), s[0] + s[1] + (s[2] + s[3])
}

func abs(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }

// maximize updates the weights of layer k and returns how much the averaged Hamiltonian could still have been raised before.
func (o *MSA) maximize(k int) (residual float64) {
	l, m := o.sys.layers[k], o.mean[k]
	o.batch, o.deciding = m, l
	var most float32
	for r, v := range m.sums {
		residual += float64(v) * m.scale
		most = max(most, m.peaks[r])
	}
	s := &l.w.byRow
	for r := range l.Out {
		row := m.a[r*l.In : (r+1)*l.In]
		gain := 0.0
		if l.w.dense {
			residual -= float64(m.gains[r])*m.scale - o.Lambda*float64(l.w.count[r])
			continue
		}
		for _, j := range s.index[s.start[r]:s.split[r]] {
			gain += float64(row[j])
		}
		for _, j := range s.index[s.split[r]:s.start[r+1]] {
			gain -= float64(row[j])
		}
		residual -= gain*m.scale - o.Lambda*float64(s.start[r+1]-s.start[r])
	}
	m.bar = float32(o.Rho) * most
	m.price = float32(o.Lambda/m.scale) + float32(o.Kappa)*m.bar
	o.sys.parallel(l.w.blocks(), o.decide)
	l.w.arrange()
	return residual
}

// decideBlock updates the weights of a block of rows.
func (o *MSA) decideBlock(b int) {
	l, m := o.deciding, o.batch
	for r := b * blockRows; r < min((b+1)*blockRows, l.Out); r++ {
		lo, hi := r*l.In, (r+1)*l.In
		u := update{w: l.w, row: r, a: m.a[lo:hi], code: l.w.code[lo:hi], theta: o.theta[l.Weight+lo : l.Weight+hi]}
		switch {
		case o.Set == Binary:
			if m.peaks[r] > m.bar {
				u.binary(m.bar)
			}
		case !l.w.dense && m.peaks[r] <= m.bar+m.price: // no zero is left
			s := &l.w.byRow
			for _, j := range s.index[s.start[r]:s.start[r+1]] {
				u.ternary(int(j), m.bar, m.price)
			}
		default:
			for j, v := range u.a {
				if u.code[j] != zero || abs(v) > m.bar+m.price {
					u.ternary(j, m.bar, m.price)
				}
			}
		}
	}
}

// update is a row of weights that is being decided.
type update struct {
	w     *weights
	row   int
	a     []float32
	code  []uint8
	theta []float64
}

func (u *update) set(j int, c uint8) {
	if u.code[j] != c {
		u.w.set(u.row, j, c)
		u.theta[j] = float64(value(c))
	}
}

func (u *update) ternary(j int, bar, price float32) {
	v, w := u.a[j], value(u.code[j])
	switch {
	case v > bar*(1-2*w)+price:
		u.set(j, plus)
	case v < -bar*(1+2*w)-price:
		u.set(j, minus)
	default:
		u.set(j, zero)
	}
}

func (u *update) binary(bar float32) {
	for j, v := range u.a {
		if v > bar {
			u.set(j, plus)
		} else if v < -bar {
			u.set(j, minus)
		}
	}
}

// follow takes a step of Adam on the scales and shifts of layer k, copies the running moments, and returns the squared norm of
// the gradient.
func (o *MSA) follow(k int) (square float64) {
	const beta1, beta2, guard = 0.9, 0.999, 1e-8
	l, st := o.sys.layers[k], &o.adam[k]
	c1, c2 := 1-math.Pow(beta1, float64(o.iter+1)), 1-math.Pow(beta2, float64(o.iter+1))
	rate := o.Rate * o.Schedule.Factor(o.iter, o.Total)
	step := func(i int, v *float32, g float64) float64 {
		square += g * g
		st.first[i] = beta1*st.first[i] + (1-beta1)*g
		st.second[i] = beta2*st.second[i] + (1-beta2)*g*g
		*v += float32(rate * (st.first[i] / c1) / (math.Sqrt(st.second[i]/c2) + guard))
		return float64(*v)
	}
	for r := range l.Out {
		o.theta[l.Scale+r] = step(r, &l.norm.scale[r], float64(l.norm.dscale[r]))
		o.theta[l.Shift+r] = step(l.Out+r, &l.norm.shift[r], float64(l.norm.dshift[r]))
		o.theta[l.Mean+r], o.theta[l.Variance+r] = float64(l.norm.mean[r]), float64(l.norm.variance[r])
	}
	return square
}

// Theta implements pmp.Optimizer.
func (o *MSA) Theta() []float64 { return o.theta }

// Refresh implements pmp.Optimizer: nothing is kept of a batch.
func (o *MSA) Refresh() {}

// Save implements pmp.Optimizer.
func (o *MSA) Save() pmp.State {
	s := pmp.State{"msa": {float64(o.iter), o.alpha}}
	for k, m := range o.mean {
		a := make([]float64, len(m.a)+1)
		a[0] = m.scale
		kernel.Widen(a[1:], m.a)
		s[fmt.Sprintf("msa.mean.%d", k)] = a
		s[fmt.Sprintf("msa.adam.%d", k)] = append(append([]float64(nil), o.adam[k].first...), o.adam[k].second...)
	}
	return s
}

// Load implements pmp.Optimizer.
func (o *MSA) Load(s pmp.State) error {
	v := s["msa"]
	if len(v) != 2 {
		return fmt.Errorf("discrete: the optimizer's state has %d numbers for %q and 2 are needed", len(v), "msa")
	}
	o.iter, o.alpha = int(v[0]), v[1]
	for k, m := range o.mean {
		a, ad := s[fmt.Sprintf("msa.mean.%d", k)], s[fmt.Sprintf("msa.adam.%d", k)]
		half := len(o.adam[k].first)
		if len(a) != len(m.a)+1 || len(ad) != 2*half {
			return fmt.Errorf("discrete: the optimizer's state of layer %d has %d and %d numbers, and %d and %d are needed", k, len(a), len(ad), len(m.a)+1, 2*half)
		}
		m.scale = a[0]
		kernel.Narrow(m.a, a[1:])
		copy(o.adam[k].first, ad[:half])
		copy(o.adam[k].second, ad[half:])
	}
	return nil
}

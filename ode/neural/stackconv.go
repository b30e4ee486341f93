package neural

import (
	"fmt"
	"math"

	"github.com/costate-go/costate/internal/kernel"
	"github.com/costate-go/costate/internal/rng"
)

// ConvConfig describes a network of two-dimensional convolutions on pictures: states of channels × height × width numbers, entry (c, y,
// x) at (c·height + y)·width + x.
type ConvConfig struct {
	Channels, Height, Width int
	// Hidden are the channels of the hidden layers.
	Hidden []int
	// Kernel is the size of the kernels, odd; 0 means 3. Pictures are continued by zeros.
	Kernel int
	// Activation, Output and Init are those of MLPConfig; a kernel's inputs are channels × size².
	Activation Activation
	Output     Activation
	Init       Initializer
	// Time gives every layer t as one more channel.
	Time bool
	// Residual adds the inputs of layers with as many channels as outputs, but to the last one.
	Residual bool
}

// NewConv builds the network. θ holds layer by layer the kernels (outputs × channels × rows × columns), then the biases. Errors wrap ErrConfig.
func NewConv(cfg ConvConfig) (*Stack, error) {
	if cfg.Kernel == 0 {
		cfg.Kernel = 3
	}
	if cfg.Height < 1 || cfg.Width < 1 || cfg.Kernel < 1 || cfg.Kernel%2 == 0 {
		return nil, fmt.Errorf("%w: pictures of %d×%d with kernels of %d×%d; sizes are 1 or more, and those of kernels odd", ErrConfig, cfg.Height, cfg.Width, cfg.Kernel, cfg.Kernel)
	}
	plan, err := NewMLP(MLPConfig{Dim: cfg.Channels, Hidden: cfg.Hidden, Activation: cfg.Activation, Output: cfg.Output, Init: cfg.Init})
	if err != nil {
		return nil, err
	}
	var layers []stackLayer
	for i, l := range plan.layers {
		layers = append(layers, &convLayer{
			cfg: cfg, in: l.in, out: l.out, act: l.act, residual: cfg.Residual && l.in == l.out && i < len(plan.layers)-1,
		})
	}
	f := newStack(cfg.Channels*cfg.Height*cfg.Width, layers)
	cfg.Activation, cfg.Output = plan.cfg.Activation, plan.cfg.Output
	f.cfg = cfg
	if f.params > math.MaxInt32 || f.dim > math.MaxInt32 {
		return nil, fmt.Errorf("%w: %d states and %d parameters are over the limit of %d", ErrConfig, f.dim, f.params, math.MaxInt32)
	}
	return f, nil
}

// convLayer is a layer of NewConv.
type convLayer struct {
	cfg      ConvConfig
	in, out  int // channels, without the time
	act      Activation
	residual bool
}

// columns is the number of inputs of a kernel.
func (l *convLayer) columns() int {
	n := l.in
	if l.cfg.Time {
		n++
	}
	return n * l.cfg.Kernel * l.cfg.Kernel
}

func (l *convLayer) sizes() (in, out, keep, params int) {
	pixels := l.cfg.Height * l.cfg.Width
	return l.in * pixels, l.out * pixels, l.out * pixels, l.out*l.columns() + l.out
}

func (l *convLayer) fill(theta []float64, r *rng.Source) {
	w := l.out * l.columns()
	l.cfg.Init.fill(theta[:w], theta[w:], l.columns(), l.out, r)
}

func (l *convLayer) tensors() []Tensor {
	k := l.cfg.Kernel
	return []Tensor{{"weight", 0, []int{l.out, l.columns() / (k * k), k, k}}, {"bias", l.out * l.columns(), []int{l.out}}}
}

func (l *convLayer) work(width int) stackWork {
	size := l.cfg.Height * l.cfg.Width * width
	return &convWork{l: l, weights: kernel.NewWeights[float64](l.out, l.columns()), col: make([]float64, l.columns()*size), other: make([]float64, l.columns()*size)}
}

// convWork multiplies the kernels with shifted pictures (im2col), one product for the whole batch. It keeps φ′.
type convWork struct {
	l          *convLayer
	weights    *kernel.Weights[float64]
	col, other []float64
}

func (w *convWork) bytes() int64 {
	return 8 * int64(2*w.l.out*w.l.columns()+w.l.out+len(w.col)+len(w.other))
}

func (w *convWork) bind(theta []float64) {
	size := w.l.out * w.l.columns()
	w.weights.Pack(theta[:size], theta[size:])
}

// shift is the part of rows that a kernel's column sees: dst[at : at+length] of a row of the output is src[from : from+length], in samples.
func (w *convWork) shift(kx, n int) (at, from, length int) {
	d := kx - w.l.cfg.Kernel/2
	return max(0, -d) * n, max(0, d) * n, max(0, w.l.cfg.Width-abs(d)) * n
}

func abs(d int) int { return max(d, -d) }

// gather stores the shifted pictures of x in col: row (c, ky, kx) is channel c moved by (ky, kx), with zeros behind the edges. A nil ts
// leaves out the time, whose channel is zero then.
func (w *convWork) gather(col, x, ts []float64, n int) []float64 {
	l, k := w.l, w.l.cfg.Kernel
	line, pixels := l.cfg.Width*n, l.cfg.Height*l.cfg.Width*n
	col = col[:l.columns()*pixels]
	clear(col)
	for r := 0; r*pixels < len(col); r++ {
		c, ky, kx := r/(k*k), r/k%k, r%k
		at, from, length := w.shift(kx, n)
		for y := range l.cfg.Height {
			source := y + ky - k/2
			if source < 0 || source >= l.cfg.Height || length == 0 || c == l.in && ts == nil {
				continue
			}
			dst := col[r*pixels+y*line+at:][:length]
			if c < l.in {
				copy(dst, x[c*pixels+source*line+from:])
				continue
			}
			for s := 0; s < length; s += n {
				copy(dst[s:s+n], ts)
			}
		}
	}
	return col
}

// scatter adds the adjoints of the shifted pictures to px.
func (w *convWork) scatter(px, col []float64, n int) {
	l, k := w.l, w.l.cfg.Kernel
	line, pixels := l.cfg.Width*n, l.cfg.Height*l.cfg.Width*n
	for r := range l.in * k * k {
		c, ky, kx := r/(k*k), r/k%k, r%k
		at, from, length := w.shift(kx, n)
		for y := range l.cfg.Height {
			if source := y + ky - k/2; source >= 0 && source < l.cfg.Height && length > 0 {
				kernel.Add(px[c*pixels+source*line+from:][:length], col[r*pixels+y*line+at:][:length])
			}
		}
	}
}

func (w *convWork) forward(y, x, ts, keep []float64, n int) {
	col := w.gather(w.col, x, ts, n)
	w.weights.Affine(y, keep, col, len(ts)*w.l.cfg.Height*w.l.cfg.Width, w.l.act.kernel())
	if w.l.residual {
		kernel.Add(y, x)
	}
}

func (w *convWork) backward(px, grad, x, ts, keep, delta []float64, n int) {
	l, columns := w.l, w.l.columns()
	wide := n * l.cfg.Height * l.cfg.Width
	if px != nil {
		if l.residual {
			copy(px, delta)
		} else {
			clear(px)
		}
	}
	kernel.Mul(delta, keep)
	if grad != nil {
		col := w.gather(w.col, x, ts, n)
		kernel.AddOuter(grad[:l.out*columns], delta, col, l.out, columns, wide)
		kernel.AddRowSums(grad[l.out*columns:], delta, wide)
	}
	if px != nil {
		rows := l.in * l.cfg.Kernel * l.cfg.Kernel
		back := w.other[:rows*wide]
		w.weights.MulT(back, delta, rows, wide)
		w.scatter(px, back, n)
	}
}

func (w *convWork) tangent(dy, x, dx, dtheta, ts, keep []float64, n int) {
	l, columns := w.l, w.l.columns()
	wide := n * l.cfg.Height * l.cfg.Width
	w.weights.Mul(dy, w.gather(w.other, dx, nil, n), wide)
	if dtheta != nil {
		kernel.MulAddTo(dy, dtheta[:l.out*columns], w.gather(w.col, x, ts, n), l.out, columns, wide)
		kernel.AddRows(dy, dtheta[l.out*columns:], wide)
	}
	kernel.Mul(dy, keep)
	if l.residual {
		kernel.Add(dy, dx)
	}
}

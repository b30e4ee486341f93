package neural

import (
	"fmt"
	"math"

	"github.com/costate-go/costate/internal/kernel"
	"github.com/costate-go/costate/internal/rng"
)

// GatedConfig describes a network of dense layers that time may gate and that may be residual.
type GatedConfig struct {
	// Dim, Hidden, Activation, Output and Init are those of MLPConfig.
	Dim        int
	Hidden     []int
	Activation Activation
	Output     Activation
	Init       Initializer
	// Gate lets the time t act on every layer,
	//
	//	y = φ((Wx + b) ⊙ σ(gt + c) + et),
	//
	// with the logistic function σ: the layers "ConcatSquash" of FFJORD (Grathwohl et al., ICLR 2019). g, c and e begin at zero.
	Gate bool
	// Residual adds the inputs of layers as wide as their outputs, y = x + φ(…), but to the last one (He, Zhang, Ren & Sun, CVPR 2016).
	Residual bool
}

// NewGated builds the network. θ holds layer by layer W (row-major, outputs × inputs), b and, with gates, g, c, e. Errors wrap ErrConfig.
func NewGated(cfg GatedConfig) (*Stack, error) {
	plan, err := NewMLP(MLPConfig{Dim: cfg.Dim, Hidden: cfg.Hidden, Activation: cfg.Activation, Output: cfg.Output, Init: cfg.Init})
	if err != nil {
		return nil, err
	}
	var layers []stackLayer
	for i, l := range plan.layers {
		layers = append(layers, &denseLayer{
			in: l.in, out: l.out, act: l.act, gate: cfg.Gate, init: cfg.Init, residual: cfg.Residual && l.in == l.out && i < len(plan.layers)-1,
		})
	}
	f := newStack(cfg.Dim, layers)
	cfg.Activation, cfg.Output = plan.cfg.Activation, plan.cfg.Output
	f.cfg = cfg
	if f.params > math.MaxInt32 {
		return nil, fmt.Errorf("%w: %d parameters are over the limit of %d", ErrConfig, f.params, math.MaxInt32)
	}
	return f, nil
}

// denseLayer is a layer of NewGated.
type denseLayer struct {
	in, out        int
	act            Activation
	gate, residual bool
	init           Initializer
}

func (l *denseLayer) sizes() (in, out, keep, params int) {
	if l.gate {
		return l.in, l.out, 3 * l.out, l.in*l.out + 4*l.out
	}
	return l.in, l.out, l.out, l.in*l.out + l.out
}

func (l *denseLayer) fill(theta []float64, r *rng.Source) {
	w := l.in * l.out
	clear(theta[w:])
	l.init.fill(theta[:w], theta[w:w+l.out], l.in, l.out, r)
}

func (l *denseLayer) tensors() []Tensor {
	w := l.in * l.out
	out := []Tensor{{"weight", 0, []int{l.out, l.in}}, {"bias", w, []int{l.out}}}
	if l.gate {
		for i, name := range []string{"gate_slope", "gate_bias", "time_bias"} {
			out = append(out, Tensor{name, w + (i+1)*l.out, []int{l.out}})
		}
	}
	return out
}

func (l *denseLayer) work(width int) stackWork {
	return &denseWork{l: l, weights: kernel.NewWeights[float64](l.out, l.in), gates: make([]float64, 3*l.out), row: make([]float64, 2*width), wide: make([]float64, l.in*width)}
}

// denseWork keeps φ′ and, with gates, z = Wx + b and the gate's value σ.
type denseWork struct {
	l       *denseLayer
	weights *kernel.Weights[float64]
	gates   []float64 // g, c, e
	row     []float64
	wide    []float64 // Wᵀδ of a residual layer
}

func (w *denseWork) bytes() int64 {
	return 8 * int64(2*w.l.in*w.l.out+4*w.l.out+len(w.row)+len(w.wide))
}

func (w *denseWork) bind(theta []float64) {
	size := w.l.in * w.l.out
	w.weights.Pack(theta[:size], theta[size:size+w.l.out])
	copy(w.gates, theta[size+w.l.out:])
}

// parts cuts what is kept.
func (w *denseWork) parts(keep []float64, n int) (d, z, gate []float64) {
	size := w.l.out * n
	if !w.l.gate {
		return keep, nil, nil
	}
	return keep[:size], keep[size : 2*size], keep[2*size:]
}

func (w *denseWork) forward(y, x, ts, keep []float64, n int) {
	l := w.l
	d, z, gate := w.parts(keep, n)
	if !l.gate {
		w.weights.Affine(y, d, x, n, l.act.kernel())
	} else {
		w.weights.Affine(z, nil, x, n, kernel.Linear)
		g, c, e := w.gates[:l.out], w.gates[l.out:2*l.out], w.gates[2*l.out:]
		for o := range l.out {
			row := gate[o*n : (o+1)*n]
			for s, t := range ts {
				row[s] = g[o]*t + c[o]
			}
		}
		kernel.Apply(kernel.Sigmoid, gate, gate)
		kernel.MulTo(y, z, gate)
		for o := range l.out {
			kernel.Axpy(y[o*n:(o+1)*n], e[o], ts)
		}
		kernel.ApplyD1(l.act.kernel(), y, d, y)
	}
	if l.residual {
		kernel.Add(y, x)
	}
}

func (w *denseWork) backward(px, grad, x, ts, keep, delta []float64, n int) {
	l := w.l
	d, z, gate := w.parts(keep, n)
	if px != nil && l.residual {
		copy(px, delta) // as wide as delta, and another slice
	}
	kernel.Mul(delta, d)
	size := l.in * l.out
	if l.gate {
		if grad != nil {
			gates := grad[size+l.out:]
			slope, byTime := w.row[:n], w.row[n:2*n]
			for o := range l.out {
				row, g := delta[o*n:(o+1)*n], gate[o*n:(o+1)*n]
				for s, v := range row {
					slope[s] = v * z[o*n+s] * g[s] * (1 - g[s])
				}
				kernel.MulTo(byTime, slope, ts)
				gates[o] += kernel.Sum(byTime)
				gates[l.out+o] += kernel.Sum(slope)
				gates[2*l.out+o] += kernel.Dot(row, ts)
			}
		}
		kernel.Mul(delta, gate)
	}
	if grad != nil {
		kernel.AddOuter(grad[:size], delta, x, l.out, l.in, n)
		kernel.AddRowSums(grad[size:size+l.out], delta, n)
	}
	switch {
	case px == nil:
	case l.residual:
		back := w.wide[:len(px)]
		w.weights.MulT(back, delta, l.in, n)
		kernel.Add(px, back)
	default:
		w.weights.MulT(px, delta, l.in, n)
	}
}

func (w *denseWork) tangent(dy, x, dx, dtheta, ts, keep []float64, n int) {
	l := w.l
	d, z, gate := w.parts(keep, n)
	size := l.in * l.out
	w.weights.Mul(dy, dx, n)
	if dtheta != nil {
		kernel.MulAddTo(dy, dtheta[:size], x, l.out, l.in, n)
		kernel.AddRows(dy, dtheta[size:size+l.out], n)
	}
	if l.gate {
		kernel.Mul(dy, gate)
		if dtheta != nil {
			gates := dtheta[size+l.out:]
			for o := range l.out {
				row := dy[o*n : (o+1)*n]
				for s, t := range ts {
					g := gate[o*n+s]
					row[s] += z[o*n+s]*g*(1-g)*(gates[o]*t+gates[l.out+o]) + gates[2*l.out+o]*t
				}
			}
		}
	}
	kernel.Mul(dy, d)
	if l.residual {
		kernel.Add(dy, dx)
	}
}

package tasks

import (
	"slices"

	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/systems"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/pmp/discrete"
)

// Portable is what other programs have to know to compute a model: its field, the maps around it, and the control.
type Portable struct {
	// Network is the field or, where there is a System, what is added to it; nil for a System alone. Policies have the network
	// from states to controls.
	Network neural.Field
	// Scale multiplies the outputs of the Network; nil means 1.
	Scale []float64
	// System is a known equation, whose parameters come first in Theta unless Fixed holds them.
	System *systems.System
	Fixed  []float64
	// Theta is the control, nodes × parameters.
	Theta []float64
	// Policy says that the Network gives controls, not derivatives.
	Policy bool
	// Layers is a network in discrete time instead of all that.
	Layers *discrete.Network
	// In leads from data to the first state, Out from the last state to the answer; nil where there is none.
	In, Out *AffineMap
}

// AffineMap is y = Weight x + Bias, with logarithms before or exponentials after it.
type AffineMap struct {
	Input, Output string    // what they are
	In, Out       int       // how many
	Weight        []float64 // Out × In, row-major
	Bias          []float64 // Out
	Log, Exp      bool
	Logits        bool // of classes; of the second of two where Out = 1
}

func newAffineMap(input, output string, in, out int) *AffineMap {
	return &AffineMap{Input: input, Output: output, In: in, Out: out, Weight: make([]float64, in*out), Bias: make([]float64, out)}
}

// Porter is a Task whose model other programs can compute.
type Porter interface {
	Portable(theta []float64) Portable
}

// portable is the part of a model.
func (m *model) portable(theta []float64) Portable {
	p := Portable{System: m.system, Fixed: m.fixed, Theta: theta}
	if m.network != nil {
		p.Network = m.network
	}
	if m.only != nil {
		p.Scale = make([]float64, m.Dim())
		for _, i := range m.only {
			p.Scale[i] = 1
		}
	}
	return p
}

// states is the map from n columns of data to d states, those besides them zero.
func states(s data.Scaler, n, d int) *AffineMap {
	m := newAffineMap("data", "x", n, d)
	m.Log = s.Transform == "log"
	for i := range n {
		mean, std := scale1(s, i)
		m.Weight[i*n+i], m.Bias[i] = 1/std, -mean/std
	}
	return m
}

// columns is the way back.
func columns(s data.Scaler, n, d int) *AffineMap {
	m := newAffineMap("x", "data", d, n)
	m.Exp = s.Transform == "log"
	for i := range n {
		mean, std := scale1(s, i)
		m.Weight[i*d+i], m.Bias[i] = std, mean
	}
	return m
}

// scale1 is the scale of one column.
func scale1(s data.Scaler, i int) (mean, std float64) {
	if s.Mean == nil {
		return 0, 1
	}
	return s.Mean[i], s.Std[i]
}

// Portable implements Porter.
func (f *Fit) Portable(theta []float64) Portable {
	p := f.field.portable(f.own(theta))
	p.In, p.Out = states(f.scaler, f.series.Dim(), f.dim), columns(f.scaler, f.series.Dim(), f.dim)
	return p
}

// Portable implements Porter.
func (t *Classify) Portable(theta []float64) Portable {
	p := t.field.portable(theta)
	p.In, p.Out = states(t.scaler, t.all.Dim(), t.dim), newAffineMap("x", "logits", t.dim, t.read)
	p.Out.Logits = true
	for i := range t.read {
		p.Out.Weight[i*t.dim+t.dim-t.read+i] = logitScale
	}
	return p
}

// Portable implements Porter.
func (t *Density) Portable(theta []float64) Portable {
	p := t.field.portable(theta)
	p.In, p.Out = states(t.scaler, t.dim, t.dim), columns(t.scaler, t.dim, t.dim)
	return p
}

// Portable implements Porter: the input is copied to all states, and their sum is the output.
func (s *Sine) Portable(theta []float64) Portable {
	p := s.field.portable(theta)
	p.In, p.Out = newAffineMap("data", "x", 1, s.dim), newAffineMap("x", "y", s.dim, 1)
	mean, std := scale1(s.scaler, 0)
	for i := range s.dim {
		p.In.Weight[i], p.In.Bias[i], p.Out.Weight[i] = 1/std, -mean/std, 1
	}
	return p
}

// Portable implements Porter.
func (t *Policy) Portable(theta []float64) Portable {
	net, scale, _ := t.feedback.Policy()
	return Portable{Network: net, Scale: scale, Theta: theta, Policy: true}
}

// Portable implements Porter: pixels from 0 to 255 become states, and states logits, by maps that were trained.
func (t *Lifted) Portable(theta []float64) Portable {
	w, b, f, c, e := t.field.Parts()
	n, d, m := t.images.Dim(), t.flow.Dim(), len(t.images.Classes)
	p := Portable{Network: t.flow, Theta: theta[f:c], In: newAffineMap("pixels", "x", n, d), Out: newAffineMap("x", "logits", d, m)}
	connect := func(i, k int, v float64) { // pixel k, scaled, to state i
		p.In.Weight[i*n+k] += v / (255 * PixelDeviation)
		p.In.Bias[i] -= v * PixelMean / PixelDeviation
	}
	if q := t.field.Patches(); q != nil {
		rows, columns := q.Height/q.Stride, q.Width/q.Stride
		before := (q.Size - q.Stride) / 2
		for i := range d {
			channel, row, column := i/(rows*columns), i/columns%rows, i%columns
			p.In.Bias[i] += theta[b+channel]
			for k := range q.Size * q.Size {
				if y, x := row*q.Stride+k/q.Size-before, column*q.Stride+k%q.Size-before; y >= 0 && y < q.Height && x >= 0 && x < q.Width {
					connect(i, y*q.Width+x, theta[w+channel*q.Size*q.Size+k])
				}
			}
		}
	} else {
		for i := range d {
			p.In.Bias[i] += theta[b+i]
			for k := range n {
				connect(i, k, theta[w+i*n+k])
			}
		}
	}
	copy(p.Out.Weight, theta[c:e])
	copy(p.Out.Bias, theta[e:e+m])
	p.Out.Logits = true
	return p
}

// Portable implements Porter.
func (t *Layers) Portable(theta []float64) Portable {
	net := t.net
	net.Sizes = slices.Clone(net.Sizes)
	return Portable{Layers: &net, Theta: theta}
}

// Classes names those of a task that classifies, nil for another.
func Classes(t Task) []string {
	switch t := t.(type) {
	case *Classify:
		return t.all.Classes
	case *Lifted:
		return t.images.Classes
	case *Layers:
		return t.images.Classes
	}
	return nil
}

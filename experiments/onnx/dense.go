package onnx

import (
	"fmt"
	"math"

	"github.com/costate-go/costate/ode/neural"
)

// signalsOf is the number of signals that drive a field.
func signalsOf(f neural.Field) int {
	switch f := f.(type) {
	case *neural.MLP:
		return f.Config().Signals
	case *neural.Acceleration:
		return f.Network().Config().Signals
	}
	return 0
}

// network adds a field on x and returns the name of its output.
func network(g *graph, field neural.Field, c *control) (string, error) {
	switch f := field.(type) {
	case *neural.MLP:
		p, err := perceptronOf(g, f, c)
		return p.out, err
	case *neural.Acceleration:
		p, err := perceptronOf(g, f.Network(), c)
		if err != nil {
			return "", err
		}
		m := f.Dim() / 2
		return g.node("Concat", "second.order", []string{g.columns("velocities", "x", m, 2*m), p.out}, attribute{"axis", 1}), nil
	case *neural.Potential:
		return potential(g, f, c)
	case *neural.Stack:
		if cfg, ok := f.Gated(); ok {
			return gated(g, f, cfg, c)
		}
		if cfg, ok := f.Conv(); ok {
			return conv(g, f, cfg, c)
		}
	}
	return "", fmt.Errorf("%w: no graph for a field of type %T", ErrField, field)
}

// perceptron is a fully connected network in the graph, with what its gradient needs.
type perceptron struct {
	out     string
	weights []string // out × in, without the columns of the time
	z, h    []string // of each layer, before and after its activation
	acts    []neural.Activation
	cube    string // x² where the input is x³
}

func perceptronOf(g *graph, f *neural.MLP, c *control) (p perceptron, err error) {
	cfg := f.Config()
	h := "x"
	switch cfg.Input {
	case neural.Identity:
	case neural.Cube:
		p.cube = g.node("Mul", "input.square", []string{"x", "x"})
		h = g.node("Mul", "input", []string{p.cube, "x"})
	default:
		return p, fmt.Errorf("%w: no operation for the input %v", ErrField, cfg.Input)
	}
	if cfg.Signals > 0 {
		h = g.node("Concat", "input.driven", []string{h, "u"}, attribute{"axis", 1})
	}
	layers := f.Layers()
	for l, s := range layers {
		name := fmt.Sprintf("layers.%d", l)
		timed := l == 0 && cfg.Time // its column belongs to the bias
		keep := func(theta []float64) []float64 { return theta[s.W : s.W+s.In*s.Out] }
		in := s.In
		if timed {
			whole := keep
			keep = func(theta []float64) []float64 { return without(whole(theta), s.In, cfg.Dim) }
			in--
		}
		weight := c.at(name+".weight", keep, s.Out, in)
		bias := c.slice(name+".bias", s.B, s.Out)
		if timed {
			w := c.at(name+".time", func(theta []float64) []float64 { return column(theta[s.W:s.W+s.In*s.Out], s.In, cfg.Dim) }, s.Out)
			drift := g.node("Mul", name+".drift", []string{w, "t"})
			bias = g.node("Add", name+".offset", []string{bias, drift})
		}
		z := g.node("Gemm", name+".z", []string{h, weight, bias}, attribute{"transB", 1})
		act := cfg.Activation
		if l == len(layers)-1 {
			act = cfg.Output
		}
		if h, err = activate(g, act, name, z); err != nil {
			return p, err
		}
		p.weights, p.z, p.h, p.acts = append(p.weights, weight), append(p.z, z), append(p.h, h), append(p.acts, act)
	}
	p.out = h
	return p, nil
}

// column of a matrix with so many, row by row.
func column(w []float64, n, k int) []float64 {
	var out []float64
	for i := k; i < len(w); i += n {
		out = append(out, w[i])
	}
	return out
}

// without is a matrix of n columns without one of them.
func without(w []float64, n, k int) []float64 {
	out := make([]float64, 0, len(w)/n*(n-1))
	for i, v := range w {
		if i%n != k {
			out = append(out, v)
		}
	}
	return out
}

// potential adds the field of a scalar network, whose gradient goes back through the layers.
func potential(g *graph, f *neural.Potential, c *control) (string, error) {
	net, hamiltonian := f.Network()
	p, err := perceptronOf(g, net, c)
	if err != nil {
		return "", err
	}
	delta := ""
	for l := len(p.weights) - 1; l >= 0; l-- {
		name := fmt.Sprintf("layers.%d", l)
		d, err := derivative(g, p.acts[l], name, p.z[l], p.h[l])
		if err != nil {
			return "", err
		}
		switch {
		case delta == "" && d == "": // a linear scalar at the end
			ones := g.node("Mul", "gradient.none", []string{p.h[l], g.number(0)})
			delta = g.node("Add", "gradient.one", []string{ones, g.number(1)})
		case delta == "":
			delta = d
		case d != "":
			delta = g.node("Mul", name+".delta", []string{delta, d})
		}
		delta = g.node("MatMul", name+".back", []string{delta, p.weights[l]})
	}
	if p.cube != "" {
		slope := g.node("Mul", "input.slope", []string{p.cube, g.number(3)})
		delta = g.node("Mul", "gradient", []string{delta, slope})
	}
	if !hamiltonian {
		return g.node("Neg", "downhill", []string{delta}), nil
	}
	m := f.Dim() / 2
	force := g.node("Neg", "force", []string{g.columns("gradient.q", delta, 0, m)})
	return g.node("Concat", "hamiltonian.field", []string{g.columns("gradient.p", delta, m, 2*m), force}, attribute{"axis", 1}), nil
}

// activate applies an activation. Where ONNX Runtime has no kernel for an operation in float64, others stand in for it.
func activate(g *graph, act neural.Activation, name, z string) (string, error) {
	ops := map[neural.Activation]string{neural.Tanh: "Tanh", neural.Sigmoid: "Sigmoid", neural.ReLU: "Relu", neural.Sine: "Sin"}
	switch {
	case act == neural.Linear:
		return z, nil
	case ops[act] != "":
		return g.node(ops[act], name+".h", []string{z}), nil
	case act == neural.Softplus && g.elem == Float32:
		return g.node("Softplus", name+".h", []string{z}), nil
	case act == neural.Softplus: // max(z, 0) + log(1 + exp(−|z|))
		size := g.node("Abs", name+".size", []string{z})
		fall := g.node("Exp", name+".fall", []string{g.node("Neg", name+".minus", []string{size})})
		bend := g.node("Log", name+".bend", []string{g.node("Add", name+".up", []string{fall, g.number(1)})})
		return g.node("Add", name+".h", []string{g.node("Relu", name+".ramp", []string{z}), bend}), nil
	case act == neural.GELU: // z·½(1 + erf(z/√2))
		return g.node("Mul", name+".h", []string{z, normal(g, name, z)}), nil
	}
	return "", fmt.Errorf("%w: no operation for the activation %v", ErrField, act)
}

// normal is the distribution function of normal numbers at z.
func normal(g *graph, name, z string) string {
	scaled := g.node("Mul", g.fresh(name+".scaled"), []string{z, g.number(math.Sqrt2 / 2)})
	erf := g.node("Erf", g.fresh(name+".erf"), []string{scaled})
	up := g.node("Add", g.fresh(name+".risen"), []string{erf, g.number(1)})
	return g.node("Mul", g.fresh(name+".normal"), []string{up, g.number(0.5)})
}

// derivative adds φ′ at z, where h = φ(z); "" stands for 1.
func derivative(g *graph, act neural.Activation, name, z, h string) (string, error) {
	e := expression{g}
	switch act {
	case neural.Linear:
		return "", nil
	case neural.Tanh:
		return e.sub(e.num(1), e.mul(h, h)), nil
	case neural.Sigmoid:
		return e.mul(h, e.sub(e.num(1), h)), nil
	case neural.Softplus:
		return g.node("Sigmoid", name+".slope", []string{z}), nil
	case neural.ReLU:
		return g.node("Cast", name+".slope", []string{g.node("Greater", name+".positive", []string{z, g.number(0)})}, attribute{"to", int(g.elem)}), nil
	case neural.Sine:
		return e.cos(z), nil
	case neural.GELU: // Φ(z) + zφ(z)
		bell := e.mul(e.num(1/math.Sqrt(2*math.Pi)), g.node("Exp", name+".bell", []string{e.mul(e.num(-0.5), e.mul(z, z))}))
		return e.add(normal(g, name, z), e.mul(z, bell)), nil
	}
	return "", fmt.Errorf("%w: no derivative for the activation %v", ErrField, act)
}

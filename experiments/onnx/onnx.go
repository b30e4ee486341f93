// Package onnx writes the vector field of a network, dx = f(t, x, θ(t)), as an ONNX model (opset 13), with the inputs t (a
// scalar) and x (batch × d) and the output dx (batch × d). A control on a mesh becomes part of the graph: the interval that holds
// t chooses the weights, or interpolates them. The format is written by hand, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3.
package onnx

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/costate-go/costate/ode/neural"
)

// ErrField is what errors of Encode are (errors.Is).
var ErrField = errors.New("onnx")

const (
	irVersion = 7
	opset     = 13
)

// Model is a network and its control.
type Model struct {
	Field *neural.MLP
	Theta []float64 // nodes × parameters
	// Knots of the mesh of a control that varies with time, in the time of the field; nil: it is constant. One node less than
	// knots makes the control piecewise constant, as many make it piecewise linear.
	Knots []float64
	// Type of inputs, weights and output: Float64 (also the zero value) or Float32.
	Type Type
	// Name and Doc of the graph, Version of the program that wrote it, Metadata for who loads it.
	Name, Doc, Version string
	Metadata           map[string]string
}

// Encode gives the bytes of the file. The same model gives the same bytes.
func Encode(m Model) ([]byte, error) {
	if m.Type == 0 {
		m.Type = Float64
	}
	if m.Type != Float64 && m.Type != Float32 {
		return nil, fmt.Errorf("%w: element type %d; choose float64 or float32", ErrField, m.Type)
	}
	if m.Field.Config().Signals > 0 {
		return nil, fmt.Errorf("%w: the network has inputs besides state and time", ErrField)
	}
	p := m.Field.NumParams()
	nodes := len(m.Theta) / p
	if nodes < 1 || nodes*p != len(m.Theta) || nodes > 1 && nodes != len(m.Knots) && nodes != len(m.Knots)-1 {
		return nil, fmt.Errorf("%w: %d numbers for a network of %d parameters and %d knots", ErrField, len(m.Theta), p, len(m.Knots))
	}
	g := &graph{elem: m.Type}
	c := newControl(g, &m, nodes)
	out, err := network(g, &m, c)
	if err != nil {
		return nil, err
	}
	g.node("Identity", "dx", []string{out})

	var body message
	for _, n := range g.nodes {
		body.bytes(graphNode, n)
	}
	body.text(graphName, m.Name)
	for _, t := range g.initializers {
		body.bytes(graphInitializer, t)
	}
	body.text(graphDoc, m.Doc)
	d := m.Field.Dim()
	body.bytes(graphInput, value("t", m.Type))
	body.bytes(graphInput, value("x", m.Type, "batch", d))
	body.bytes(graphOutput, value("dx", m.Type, "batch", d))

	var file, set message
	file.integer(modelIRVersion, irVersion)
	file.text(modelProducer, "costate")
	file.text(modelProducerVersion, m.Version)
	file.bytes(modelGraph, body)
	set.text(opsetDomain, "")
	set.integer(opsetVersion, opset)
	file.bytes(modelOpset, set)
	for _, k := range slices.Sorted(maps.Keys(m.Metadata)) {
		var prop message
		prop.text(propKey, k)
		prop.text(propValue, m.Metadata[k])
		file.bytes(modelProps, prop)
	}
	return file, nil
}

// control gives the tensors of the weights at time t.
type control struct {
	g        *graph
	m        *Model
	nodes    int
	interval string // index of the interval that holds t
	next     string // and of the node at its end
	share    string // of that interval which lies before t
}

func newControl(g *graph, m *Model, nodes int) *control {
	c := &control{g: g, m: m, nodes: nodes}
	if nodes == 1 {
		return c
	}
	knots := g.tensor("knots", []int{len(m.Knots)}, m.Knots)
	if inner := m.Knots[1 : len(m.Knots)-1]; len(inner) > 0 { // the interval is the number of inner knots at or before t
		before := g.node("GreaterOrEqual", "control.before", []string{"t", g.tensor("knots.inner", []int{len(inner)}, inner)})
		one := g.node("Cast", "control.ones", []string{before}, attribute{"to", int(Int64)})
		c.interval = g.node("ReduceSum", "control.interval", []string{one, g.integers("axis", []int{1}, 0)}, attribute{"keepdims", 0})
	} else {
		c.interval = g.integers("control.interval", nil, 0)
	}
	if nodes == len(m.Knots) {
		c.next = g.node("Add", "control.next", []string{c.interval, g.integers("one", nil, 1)})
		left := g.node("Gather", "control.left", []string{knots, c.interval})
		right := g.node("Gather", "control.right", []string{knots, c.next})
		passed := g.node("Sub", "control.passed", []string{"t", left})
		length := g.node("Sub", "control.length", []string{right, left})
		s := g.node("Div", "control.ratio", []string{passed, length})
		c.share = g.node("Min", "control.share", []string{s, g.tensor("whole", nil, []float64{1})}) // beyond the last knot its value stays
	}
	return c
}

// at returns the tensor of so many dimensions that begins at an offset of each node's parameters, at time t.
func (c *control) at(name string, pick func(theta []float64) []float64, dims ...int) string {
	p := c.m.Field.NumParams()
	var data []float64
	for j := range c.nodes {
		data = append(data, pick(c.m.Theta[j*p:(j+1)*p])...)
	}
	if c.nodes == 1 {
		return c.g.tensor(name, dims, data)
	}
	all := c.g.tensor(name+".nodes", append([]int{c.nodes}, dims...), data)
	if c.share == "" {
		return c.g.node("Gather", name, []string{all, c.interval})
	}
	a := c.g.node("Gather", name+".a", []string{all, c.interval})
	b := c.g.node("Gather", name+".b", []string{all, c.next})
	slope := c.g.node("Sub", name+".slope", []string{b, a})
	rise := c.g.node("Mul", name+".rise", []string{slope, c.share})
	return c.g.node("Add", name, []string{a, rise})
}

// network adds the layers and returns the name of the output.
func network(g *graph, m *Model, c *control) (string, error) {
	cfg := m.Field.Config()
	h := "x"
	if cfg.Input == neural.Cube {
		square := g.node("Mul", "input.square", []string{"x", "x"})
		h = g.node("Mul", "input", []string{square, "x"})
	} else if cfg.Input != neural.Identity {
		return "", fmt.Errorf("%w: no operation for the input %v", ErrField, cfg.Input)
	}
	at := 0
	layers := m.Field.Layers()
	for l, s := range layers {
		name := fmt.Sprintf("layers.%d", l)
		from, in := at, s.In
		timed := l == 0 && cfg.Time // time is the last input: it belongs to the bias
		if timed {
			in--
		}
		weight := c.at(name+".weight", func(theta []float64) []float64 { return columns(theta[from:from+s.Out*s.In], s.In, 0, in) }, s.Out, in)
		at += s.Out * s.In
		begin := at
		bias := c.at(name+".bias", func(theta []float64) []float64 { return theta[begin : begin+s.Out] }, s.Out)
		at += s.Out
		if timed {
			w := c.at(name+".time", func(theta []float64) []float64 { return columns(theta[from:from+s.Out*s.In], s.In, in, s.In) }, s.Out)
			drift := g.node("Mul", name+".drift", []string{w, "t"})
			bias = g.node("Add", name+".offset", []string{bias, drift})
		}
		z := g.node("Gemm", name+".z", []string{h, weight, bias}, attribute{"transB", 1})
		act := cfg.Activation
		if l == len(layers)-1 {
			act = cfg.Output
		}
		var err error
		if h, err = activate(g, act, name, z); err != nil {
			return "", err
		}
	}
	return h, nil
}

// columns [lo, hi) of a matrix with so many, row by row.
func columns(w []float64, n, lo, hi int) []float64 {
	out := make([]float64, 0, len(w)/n*(hi-lo))
	for i := 0; i < len(w); i += n {
		out = append(out, w[i+lo:i+hi]...)
	}
	return out
}

func activate(g *graph, act neural.Activation, name, z string) (string, error) {
	ops := map[neural.Activation]string{neural.Tanh: "Tanh", neural.Softplus: "Softplus", neural.Sigmoid: "Sigmoid", neural.ReLU: "Relu", neural.Sine: "Sin"}
	switch {
	case act == neural.Linear:
		return z, nil
	case ops[act] != "":
		return g.node(ops[act], name+".h", []string{z}), nil
	case act == neural.GELU: // z·½(1 + erf(z/√2))
		scaled := g.node("Mul", name+".scaled", []string{z, g.tensor(name+".sqrt", nil, []float64{math.Sqrt2 / 2})})
		erf := g.node("Erf", name+".erf", []string{scaled})
		up := g.node("Add", name+".up", []string{erf, g.tensor(name+".one", nil, []float64{1})})
		half := g.node("Mul", name+".normal", []string{up, g.tensor(name+".half", nil, []float64{0.5})})
		return g.node("Mul", name+".h", []string{z, half}), nil
	}
	return "", fmt.Errorf("%w: no operation for the activation %v", ErrField, act)
}

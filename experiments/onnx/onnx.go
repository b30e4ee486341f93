// Package onnx writes models as ONNX graphs (opset 13), for ONNX Runtime and other runtimes. A vector field dx = f(t, x, θ(t)) has the
// inputs t (a scalar), x (batch × d) and, where signals drive it, u (batch × signals) and the output dx (batch × d): see Encode. A control
// on a mesh becomes part of the graph: the interval that holds t chooses the weights, or interpolates them. What leads from data to states
// and from states to answers is a graph of its own: see Map. The format is written by hand,
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3.
package onnx

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/costate-go/costate/ode/neural"
)

// ErrField is what errors of this package are (errors.Is).
var ErrField = errors.New("onnx")

const (
	irVersion = 7
	opset     = 13
)

// Model is a vector field and its control: the network Field, the equation Law, or the sum of both.
type Model struct {
	// Field is an *neural.MLP, *neural.Stack, *neural.Potential or *neural.Acceleration; nil leaves the Law alone.
	Field neural.Field
	// Law is a known equation; nil leaves the Field alone.
	Law *Law
	// Scale multiplies the outputs of the Field, one number each; nil means 1.
	Scale []float64
	// Theta holds nodes × parameters: those of the Law where they are part of the control, then those of the Field.
	Theta []float64
	// Knots of the mesh of a control that varies with time, in the time of the field; nil: it is constant. One node less than
	// knots makes the control piecewise constant, as many make it piecewise linear, twice as many cubic (pmp.CubicHermite).
	Knots []float64
	// Type of inputs, weights and output: Float64 (also the zero value) or Float32.
	Type Type
	// Output names the output; "" means dx.
	Output string
	About
}

// About says what a file is.
type About struct {
	// Name ("" means model) and Doc of the graph, Version of the program that wrote it, Metadata for who loads it.
	Name, Doc, Version string
	Metadata           map[string]string
}

// Encode gives the bytes of the file. The same model gives the same bytes. Errors are ErrField.
func Encode(m Model) ([]byte, error) {
	elem, err := elementType(m.Type)
	if err != nil {
		return nil, err
	}
	fieldParams, lawParams := 0, 0
	dim, outputs, signals := 0, 0, 0
	switch {
	case m.Field == nil && m.Law == nil:
		return nil, fmt.Errorf("%w: neither a network nor a known equation", ErrField)
	case m.Field != nil:
		dim, fieldParams = m.Field.Dim(), m.Field.NumParams()
		outputs, signals = dim, signalsOf(m.Field)
		if f, ok := m.Field.(*neural.MLP); ok {
			layers := f.Layers()
			outputs = layers[len(layers)-1].Out
		}
		if m.Scale != nil && len(m.Scale) != outputs {
			return nil, fmt.Errorf("%w: %d scales for %d outputs", ErrField, len(m.Scale), outputs)
		}
	}
	if m.Law != nil {
		if m.Law.Fixed == nil {
			lawParams = m.Law.params()
		}
		if dim == 0 {
			dim = m.Law.states()
			outputs = dim
		}
		if err := m.Law.check(outputs); err != nil {
			return nil, err
		}
	}
	g := &graph{elem: elem}
	c, err := newControl(g, m.Theta, m.Knots, lawParams+fieldParams)
	if err != nil {
		return nil, err
	}
	out := ""
	if m.Field != nil {
		if out, err = network(g, m.Field, c.part(lawParams, fieldParams)); err != nil {
			return nil, err
		}
		if m.Scale != nil {
			out = g.node("Mul", "scaled", []string{out, g.tensor("scale", []int{outputs}, m.Scale)})
		}
	}
	if m.Law != nil {
		law := m.Law.build(g, c.part(0, lawParams))
		if out == "" {
			out = law
		} else {
			out = g.node("Add", "sum", []string{law, out})
		}
	}
	name := m.Output
	if name == "" {
		name = "dx"
	}
	g.node("Identity", name, []string{out})
	inputs := []message{value("t", elem), value("x", elem, "batch", dim)}
	if signals > 0 {
		inputs = append(inputs, value("u", elem, "batch", signals))
	}
	return g.file(m.About, inputs, []message{value(name, elem, "batch", outputs)}), nil
}

func elementType(t Type) (Type, error) {
	switch t {
	case 0:
		return Float64, nil
	case Float64, Float32:
		return t, nil
	}
	return 0, fmt.Errorf("%w: element type %d; choose float64 or float32", ErrField, t)
}

// file is the whole of a graph with its inputs and outputs.
func (g *graph) file(about About, inputs, outputs []message) []byte {
	var body message
	for _, n := range g.nodes {
		body.bytes(graphNode, n)
	}
	if about.Name == "" {
		about.Name = "model" // the format asks for one
	}
	body.text(graphName, about.Name)
	for _, t := range g.initializers {
		body.bytes(graphInitializer, t)
	}
	body.text(graphDoc, about.Doc)
	for _, v := range inputs {
		body.bytes(graphInput, v)
	}
	for _, v := range outputs {
		body.bytes(graphOutput, v)
	}
	var file, set message
	file.integer(modelIRVersion, irVersion)
	file.text(modelProducer, "costate")
	file.text(modelProducerVersion, about.Version)
	file.bytes(modelGraph, body)
	set.text(opsetDomain, "")
	set.integer(opsetVersion, opset)
	file.bytes(modelOpset, set)
	for _, k := range slices.Sorted(maps.Keys(about.Metadata)) {
		var prop message
		prop.text(propKey, k)
		prop.text(propValue, about.Metadata[k])
		file.bytes(modelProps, prop)
	}
	return file
}

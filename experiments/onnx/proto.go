package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
)

// message is a protocol buffer under construction. Only what ONNX needs of the wire format is here: variable-length integers
// and length-delimited fields (https://protobuf.dev/programming-guides/encoding).
type message []byte

const (
	varintType = 0
	bytesType  = 2
)

func (m *message) key(field, wire int) { *m = binary.AppendUvarint(*m, uint64(field)<<3|uint64(wire)) }

func (m *message) integer(field int, v int64) {
	m.key(field, varintType)
	*m = binary.AppendUvarint(*m, uint64(v))
}

func (m *message) bytes(field int, b []byte) {
	m.key(field, bytesType)
	*m = binary.AppendUvarint(*m, uint64(len(b)))
	*m = append(*m, b...)
}

func (m *message) text(field int, s string) { m.bytes(field, []byte(s)) }

// Field numbers of onnx.proto3, IR version 7.
const (
	modelIRVersion, modelProducer, modelProducerVersion, modelGraph, modelOpset, modelProps = 1, 2, 3, 7, 8, 14
	opsetDomain, opsetVersion                                                               = 1, 2
	propKey, propValue                                                                      = 1, 2
	graphNode, graphName, graphInitializer, graphDoc, graphInput, graphOutput               = 1, 2, 5, 10, 11, 12
	nodeInput, nodeOutput, nodeName, nodeOp, nodeAttribute                                  = 1, 2, 3, 4, 5
	attributeName, attributeInt, attributeInts, attributeType                               = 1, 3, 8, 20
	tensorDims, tensorType, tensorName, tensorRaw                                           = 1, 2, 8, 9
	infoName, infoType, typeTensor, tensorElem, tensorShape                                 = 1, 2, 1, 1, 2
	shapeDim, dimValue, dimParam                                                            = 1, 1, 2

	attributeIsInt, attributeIsInts = 2, 7
)

// Type is an element type of ONNX.
type Type int

// The element types in use.
const (
	Float32 Type = 1
	Int64   Type = 7
	Float64 Type = 11
)

// graph is a graph under construction, in topological order.
type graph struct {
	nodes, initializers []message
	elem                Type
	numbers             map[float64]string // scalars by value
	count               map[string]int     // how many names with a beginning were given
}

// fresh is a name that no other tensor has.
func (g *graph) fresh(name string) string {
	if g.count == nil {
		g.count = map[string]int{}
	}
	g.count[name]++
	return fmt.Sprintf("%s.%d", name, g.count[name])
}

// number is a scalar.
func (g *graph) number(v float64) string {
	if g.numbers == nil {
		g.numbers = map[float64]string{}
	}
	if g.numbers[v] == "" {
		g.numbers[v] = g.tensor(g.fresh("number"), nil, []float64{v})
	}
	return g.numbers[v]
}

// slice is part [lo, hi) of a tensor along an axis.
func (g *graph) slice(name, x string, axis, lo, hi int) string {
	at := func(v int) string { return g.integers(g.fresh("place"), []int{1}, int64(v)) }
	return g.node("Slice", name, []string{x, at(lo), at(hi), at(axis)})
}

// columns [lo, hi) of a matrix.
func (g *graph) columns(name, x string, lo, hi int) string { return g.slice(name, x, 1, lo, hi) }

// tensor adds a constant in the graph's element type and returns its name.
func (g *graph) tensor(name string, dims []int, data []float64) string {
	var raw []byte
	for _, v := range data {
		if g.elem == Float32 {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(v)))
		} else {
			raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
		}
	}
	g.constant(name, g.elem, dims, raw)
	return name
}

// integers adds a constant of whole numbers and returns its name.
func (g *graph) integers(name string, dims []int, data ...int64) string {
	var raw []byte
	for _, v := range data {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	g.constant(name, Int64, dims, raw)
	return name
}

func (g *graph) constant(name string, elem Type, dims []int, raw []byte) {
	var t message
	for _, d := range dims {
		t.integer(tensorDims, int64(d))
	}
	t.integer(tensorType, int64(elem))
	t.text(tensorName, name)
	t.bytes(tensorRaw, raw)
	g.initializers = append(g.initializers, t)
}

// attribute is a named number of a node, an int, or several, []int.
type attribute struct {
	name  string
	value any
}

// node adds an operation with one output, whose name it returns.
func (g *graph) node(op, output string, inputs []string, attributes ...attribute) string {
	var n message
	for _, in := range inputs {
		n.text(nodeInput, in)
	}
	n.text(nodeOutput, output)
	n.text(nodeName, output)
	n.text(nodeOp, op)
	for _, a := range attributes {
		var m message
		m.text(attributeName, a.name)
		switch v := a.value.(type) {
		case int:
			m.integer(attributeInt, int64(v))
			m.integer(attributeType, attributeIsInt)
		case []int:
			for _, i := range v {
				m.integer(attributeInts, int64(i))
			}
			m.integer(attributeType, attributeIsInts)
		}
		n.bytes(nodeAttribute, m)
	}
	g.nodes = append(g.nodes, n)
	return output
}

// value describes an input or output; dims are ints or names of sizes that are free.
func value(name string, elem Type, dims ...any) message {
	var shape message
	for _, d := range dims {
		var m message
		switch v := d.(type) {
		case int:
			m.integer(dimValue, int64(v))
		case string:
			m.text(dimParam, v)
		}
		shape.bytes(shapeDim, m)
	}
	var tensor, kind, info message
	tensor.integer(tensorElem, int64(elem))
	tensor.bytes(tensorShape, shape)
	kind.bytes(typeTensor, tensor)
	info.text(infoName, name)
	info.bytes(infoType, kind)
	return info
}

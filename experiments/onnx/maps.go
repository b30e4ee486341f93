package onnx

import (
	"fmt"

	"github.com/costate-go/costate/pmp/discrete"
)

// Map is what lies between data and states: y = Weight x + Bias, with logarithms before or exponentials after it.
type Map struct {
	In, Out int
	Weight  []float64 // Out × In, row-major
	Bias    []float64 // Out
	// Log takes the logarithm of the inputs, Exp the exponential of the outputs.
	Log, Exp bool
	// Logits says that the outputs are logits of classes, of the second of two where there is but one: probabilities (batch × classes) are another output.
	Logits bool
	// Input and Output are the names in the graph.
	Input, Output string
	Type          Type
	About
}

// EncodeMap gives the bytes of a file with the input of a Map (batch × In) and its output (batch × Out).
func EncodeMap(m Map) ([]byte, error) {
	elem, err := elementType(m.Type)
	if err != nil {
		return nil, err
	}
	if m.In < 1 || m.Out < 1 || len(m.Weight) != m.In*m.Out || len(m.Bias) != m.Out {
		return nil, fmt.Errorf("%w: a map from %d to %d numbers with %d weights and %d biases", ErrField, m.In, m.Out, len(m.Weight), len(m.Bias))
	}
	g := &graph{elem: elem}
	x := m.Input
	if m.Log {
		x = g.node("Log", "logarithm", []string{x})
	}
	y := g.node("Gemm", "affine", []string{x, g.tensor("weight", []int{m.Out, m.In}, m.Weight), g.tensor("bias", []int{m.Out}, m.Bias)}, attribute{"transB", 1})
	if m.Exp {
		y = g.node("Exp", "exponential", []string{y})
	}
	g.node("Identity", m.Output, []string{y})
	outputs := []message{value(m.Output, elem, "batch", m.Out)}
	if m.Logits {
		outputs = append(outputs, value("probabilities", elem, "batch", probabilities(g, y, m.Out)))
	}
	return g.file(m.About, []message{value(m.Input, elem, "batch", m.In)}, outputs), nil
}

// probabilities adds those of classes from so many logits and returns how many classes there are.
func probabilities(g *graph, logits string, n int) int {
	if n > 1 {
		g.node("Softmax", "probabilities", []string{logits}, attribute{"axis", 1})
		return n
	}
	second := g.node("Sigmoid", "probability", []string{logits})
	first := g.node("Sigmoid", "probability.first", []string{g.node("Neg", "opposite", []string{logits})})
	g.node("Concat", "probabilities", []string{first, second}, attribute{"axis", 1})
	return 2
}

// EncodeLayers gives the bytes of a file with a network in discrete time, from pixels (batch × inputs, from 0 to 255) to logits and
// probabilities (batch × classes each), with the running moments of its normalisation.
func EncodeLayers(net discrete.Network, theta []float64, elem Type, about About) ([]byte, error) {
	elem, err := elementType(elem)
	if err != nil {
		return nil, err
	}
	if len(theta) != net.NumParams() {
		return nil, fmt.Errorf("%w: %d numbers for a network of %d", ErrField, len(theta), net.NumParams())
	}
	g := &graph{elem: elem}
	x := g.node("Mul", "shares", []string{"pixels", g.number(1. / 255)})
	all := net.Parts()
	for l, p := range all {
		name := fmt.Sprintf("layers.%d", l)
		get := func(part string, at int, dims ...int) string {
			n := 1
			for _, d := range dims {
				n *= d
			}
			return g.tensor(name+"."+part, dims, theta[at:at+n])
		}
		z := g.node("Gemm", name+".z", []string{x, get("weight", p.Weight, p.Out, p.In)}, attribute{"transB", 1})
		e := expression{g}
		spread := e.sqrt(e.add(get("norm.running_var", p.Variance, p.Out), e.num(discrete.NormEpsilon)))
		scale := e.div(get("norm.weight", p.Scale, p.Out), spread)
		x = e.add(e.mul(e.sub(z, get("norm.running_mean", p.Mean, p.Out)), scale), get("norm.bias", p.Shift, p.Out))
		if l < len(all)-1 {
			x = g.node("Relu", name+".h", []string{x})
		}
	}
	g.node("Identity", "logits", []string{x})
	classes := net.Sizes[len(net.Sizes)-1]
	outputs := []message{value("logits", elem, "batch", classes), value("probabilities", elem, "batch", probabilities(g, x, classes))}
	return g.file(about, []message{value("pixels", elem, "batch", net.Sizes[0])}, outputs), nil
}

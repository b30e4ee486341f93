package neural

import "fmt"

// Network is a Field that draws its own first parameters and names them.
type Network interface {
	Field
	// Init stores initial parameters in theta (P), drawn from the stream of the seed.
	Init(theta []float64, seed uint64)
	// Tensors lists the parts of θ in order; together they are all of it.
	Tensors() []Tensor
}

// Tensor is a named part of the parameters.
type Tensor struct {
	Name   string
	Offset int   // in θ
	Shape  []int // row-major
}

// Len is how many parameters it holds.
func (t Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Tensors lists layers.0.weight, layers.0.bias, layers.1.weight, …
func (m *MLP) Tensors() []Tensor {
	var out []Tensor
	for i, l := range m.layers {
		out = append(out, Tensor{fmt.Sprintf("layers.%d.weight", i), l.w, []int{l.out, l.in}}, Tensor{fmt.Sprintf("layers.%d.bias", i), l.b, []int{l.out}})
	}
	return out
}

// Package discrete holds the maximum principle in discrete time, for layered networks whose weights take few values.
//
// A network of layers k = 0 … K−1 is a control system x_{k+1} = g_k(x_k, θ_k) whose states change their dimension:
//
//	z = W_k x_k,   x_{k+1} = σ(γ_k (z − mean z)/√(var z + ϵ) + β_k),
//
// with weights W in {−1, 1} or {−1, 0, 1}, batch normalisation (Ioffe & Szegedy, 2015) over the samples of a batch and σ the
// rectifier, but the identity in the last layer, whose states are the logits of the classes. The Hamiltonian of a layer is
// H_k = p_{k+1}·g_k(x_k, θ_k); costates go backward, p_k = ∂H_k/∂x_k, from p_K = −∂Φ/∂x_K. Weights are found by maximizing
// H, never by following gradients through a rounding: MSA is the method of successive approximations of Li and Hao (An Optimal
// Control Approach to Deep Learning and Applications to Discrete-Weight Neural Networks, ICML 2018).
//
// States are float32 and stored batch last. Work is cut by rows of matrices, never by samples: the same bits come out at
// any number of threads.
package discrete

import (
	"fmt"

	"github.com/costate-go/costate/internal/rng"
)

// Set is what values weights may take.
type Set int

// The sets.
const (
	Ternary Set = iota // −1, 0 and 1
	Binary             // −1 and 1
)

var setNames = [...]string{"ternary", "binary"}

// String returns the name used in configuration files.
func (s Set) String() string { return setNames[s] }

// Network is the shape of a layered network: Sizes holds the number of inputs, the widths of the hidden layers and the number of
// classes.
type Network struct {
	Sizes []int
}

// Layers is the number of matrices.
func (n Network) Layers() int { return len(n.Sizes) - 1 }

// Part is where a layer's numbers lie in a control: Out×In weights, row by row, then the Out scales γ, shifts β, and running means
// and variances of z, which are measured, not trained.
type Part struct {
	In, Out                              int
	Weight, Scale, Shift, Mean, Variance int // offsets
}

// Parts gives the layout of a control, one part for each layer.
func (n Network) Parts() []Part {
	parts := make([]Part, n.Layers())
	at := 0
	for k := range parts {
		in, out := n.Sizes[k], n.Sizes[k+1]
		p := Part{In: in, Out: out, Weight: at}
		p.Scale = p.Weight + in*out
		p.Shift = p.Scale + out
		p.Mean = p.Shift + out
		p.Variance = p.Mean + out
		at = p.Variance + out
		parts[k] = p
	}
	return parts
}

// NumParams is the length of a control.
func (n Network) NumParams() int {
	total := 0
	for _, p := range n.Parts() {
		total = p.Variance + p.Out
	}
	return total
}

// Init fills a control with random weights: each is ±1 with probability density, else zero; binary weights have density one.
// Scales and variances are one, shifts and means zero.
func (n Network) Init(theta []float64, density float64, seed uint64) {
	src := rng.New(seed)
	for _, p := range n.Parts() {
		for i := range theta[p.Weight:p.Scale] {
			u := src.Float64()
			w := 0.0
			if u < density {
				w = 1
				if src.Next()>>63 != 0 {
					w = -1
				}
			}
			theta[p.Weight+i] = w
		}
		for i := range p.Out {
			theta[p.Scale+i], theta[p.Shift+i], theta[p.Mean+i], theta[p.Variance+i] = 1, 0, 0, 1
		}
	}
}

// Density is the share of weights of a control that are not zero.
func (n Network) Density(theta []float64) float64 {
	count, all := 0, 0
	for _, p := range n.Parts() {
		for _, w := range theta[p.Weight:p.Scale] {
			if w != 0 {
				count++
			}
		}
		all += p.Scale - p.Weight
	}
	return float64(count) / float64(all)
}

func (n Network) check() error {
	if len(n.Sizes) < 2 {
		return fmt.Errorf("discrete: a network needs inputs and classes, got sizes %v", n.Sizes)
	}
	for _, s := range n.Sizes {
		if s < 1 {
			return fmt.Errorf("discrete: a layer has the size %d; sizes must be positive", s)
		}
	}
	return nil
}

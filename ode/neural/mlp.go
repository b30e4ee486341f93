package neural

import (
	"errors"
	"fmt"
	"math"

	"github.com/costate-go/costate/internal/rng"
)

// Input is a fixed transform of the state, entry by entry, before the first layer.
type Input uint8

// The input transforms.
const (
	// Identity passes x.
	Identity Input = iota
	// Cube passes x³, as the spiral demonstration of Chen et al. (2018) does.
	Cube
)

var inputNames = [...]string{Identity: "identity", Cube: "cube"}

// String is the name in configuration files.
func (in Input) String() string {
	if int(in) < len(inputNames) {
		return inputNames[in]
	}
	return fmt.Sprintf("Input(%d)", in)
}

// ParseInput finds an input transform by its name. The error is an *UnknownNameError.
func ParseInput(name string) (Input, error) {
	for i, n := range inputNames {
		if n == name {
			return Input(i), nil
		}
	}
	return 0, &UnknownNameError{What: "input", Name: name, Known: append([]string(nil), inputNames[:]...)}
}

// ErrConfig is what errors.Is finds in every error of NewMLP.
var ErrConfig = errors.New("neural: invalid MLP configuration")

// MLPConfig describes a multilayer perceptron as a vector field. Only Dim must be set; the zero values of
// the others mean a single linear layer without time.
type MLPConfig struct {
	// Dim is d, the dimension of the state, inputs and outputs of the network.
	Dim int
	// Hidden are the widths of the hidden layers; none makes a single affine layer with Output.
	Hidden []int
	// Activation of the hidden layers; Tanh by default.
	Activation Activation
	// Output activation; Linear by default.
	Output Activation
	// Time appends t to the inputs of the first layer, as its last input.
	Time bool
	// Signals is the number of inputs of the first layer behind state and time that a Signal gives: see Forced.
	Signals int
	// Input is the fixed transform of the state before the first layer; the time is not transformed.
	Input Input
	// Init draws the initial weights; LecunNormal by default.
	Init Initializer
	// Precision is that of the numbers the network computes with; Float64 by default.
	Precision Precision
}

// MLP is a multilayer perceptron as a vector field,
//
//	f(t, x, θ) = φ_L(W_L … φ(W₂ φ(W₁ [T(x); t] + b₁) + b₂) … + b_L),
//
// with the activation φ in hidden layers, φ_L at the output, T the input transform, t only where
// MLPConfig.Time says so, and the signals behind it. θ holds layer by layer W_l, row-major (outputs × inputs), then b_l. An MLP is
// immutable and safe for concurrent use. Its Evaluator implements Keeper, SecondOrder, ParamJacobian,
// TimeBatch, SampleBatch and SignalBatch.
type MLP struct {
	cfg     MLPConfig
	layers  []layer
	params  int
	outputs int // Dim, but for the networks inside of other fields
}

// layer is one affine map with its activation and its place in θ.
type layer struct {
	in, out int
	w, b    int // offsets in θ
	act     Activation
}

// NewMLP builds an MLP. Errors wrap ErrConfig.
func NewMLP(cfg MLPConfig) (*MLP, error) { return newMLP(cfg, cfg.Dim) }

// newMLP builds a network from ℝᵈ to as many outputs as given. Where these are not d, it is no field by itself: Evaluator and the
// optional abilities take dx, p and dst as batches of outputs then.
func newMLP(cfg MLPConfig, outputs int) (*MLP, error) {
	if cfg.Dim < 1 {
		return nil, fmt.Errorf("%w: Dim is %d, need 1 or more", ErrConfig, cfg.Dim)
	}
	if cfg.Signals < 0 {
		return nil, fmt.Errorf("%w: Signals is %d, need 0 or more", ErrConfig, cfg.Signals)
	}
	for i, h := range cfg.Hidden {
		if h < 1 {
			return nil, fmt.Errorf("%w: Hidden[%d] is %d, need 1 or more", ErrConfig, i, h)
		}
	}
	for _, a := range []Activation{cfg.Activation, cfg.Output} {
		if int(a) >= len(activations) {
			return nil, fmt.Errorf("%w: unknown activation %v", ErrConfig, a)
		}
	}
	if int(cfg.Input) >= len(inputNames) {
		return nil, fmt.Errorf("%w: unknown input transform %v", ErrConfig, cfg.Input)
	}
	if int(cfg.Precision) >= len(precisionNames) {
		return nil, fmt.Errorf("%w: unknown precision %v", ErrConfig, cfg.Precision)
	}
	if int(cfg.Init.Scheme) >= len(schemeNames) {
		return nil, fmt.Errorf("%w: unknown initializer %v", ErrConfig, cfg.Init.Scheme)
	}
	if s := cfg.Init.Scale; s < 0 || math.IsNaN(s) || math.IsInf(s, 0) {
		return nil, fmt.Errorf("%w: initializer scale is %v, need a finite number ≥ 0 (0 means 1)", ErrConfig, s)
	}
	cfg.Hidden = append([]int(nil), cfg.Hidden...)
	cfg.Activation, cfg.Output = cfg.Activation.or(Tanh), cfg.Output.or(Linear)
	m := &MLP{cfg: cfg, outputs: outputs}
	in := cfg.Dim + cfg.Signals
	if cfg.Time {
		in++
	}
	for i := range len(cfg.Hidden) + 1 {
		out, act := outputs, cfg.Output
		if i < len(cfg.Hidden) {
			out, act = cfg.Hidden[i], cfg.Activation
		}
		if in > (math.MaxInt32-m.params)/(out+1) {
			return nil, fmt.Errorf("%w: layer %d brings the parameters over the limit of %d", ErrConfig, i+1, math.MaxInt32)
		}
		m.layers = append(m.layers, layer{in: in, out: out, w: m.params, b: m.params + in*out, act: act})
		m.params += in*out + out
		in = out
	}
	return m, nil
}

// Dim is d.
func (m *MLP) Dim() int { return m.cfg.Dim }

// NumParams is P, the sum of inputs·outputs + outputs over the layers.
func (m *MLP) NumParams() int { return m.params }

// Config returns the configuration with its defaults filled in.
func (m *MLP) Config() MLPConfig {
	cfg := m.cfg
	cfg.Hidden = append([]int(nil), cfg.Hidden...)
	return cfg
}

// Shape says where a layer's weights and biases lie in θ.
type Shape struct {
	In, Out int // inputs (with the time, in the first layer) and outputs
	W, B    int // θ[W : W+In·Out] is the matrix, row-major Out×In; θ[B : B+Out] is the bias
}

// Layers returns the shapes of the layers, from the first.
func (m *MLP) Layers() []Shape {
	shapes := make([]Shape, len(m.layers))
	for i, l := range m.layers {
		shapes[i] = Shape{In: l.in, Out: l.out, W: l.w, B: l.b}
	}
	return shapes
}

// Init stores initial parameters in theta (len P) by the configured initializer, drawn from the SplitMix64
// stream of the seed layer by layer, weights row-major.
func (m *MLP) Init(theta []float64, seed uint64) {
	if len(theta) != m.params {
		panic(badTheta)
	}
	r := rng.New(seed)
	for _, l := range m.layers {
		m.cfg.Init.fill(theta[l.w:l.b], theta[l.b:l.b+l.out], l.in, l.out, r)
	}
}

const (
	badTheta    = "neural: length of the parameters is not NumParams"
	badBatch    = "neural: a batch does not have Dim times at most width entries, the same in all arguments"
	badJacobian = "neural: length of jac is not Dim·B·NumParams"
	badKeep     = "neural: length of keep is not KeepLen"
	unforced    = "neural: a network with Signals was given none: see Forced"
	unbound     = "neural: Bind was not called"
)

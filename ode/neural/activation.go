package neural

import (
	"fmt"
	"strings"

	"github.com/costate-go/costate/internal/kernel"
)

// Activation is a function φ applied to every entry of a layer. The zero value is the default of the place
// where it stands: Tanh for hidden layers, Linear for the output.
type Activation uint8

// The activations.
const (
	DefaultActivation Activation = iota
	Linear                       // z
	Tanh                         // tanh z
	Softplus                     // log(1 + eᶻ)
	Sigmoid                      // 1/(1 + e⁻ᶻ)
	ReLU                         // max(z, 0), with derivative 0 at 0
	Sine                         // sin z
	GELU                         // z·Φ(z), Φ the normal distribution function (the exact form, by erf)
)

var activations = [...]struct {
	name string
	act  kernel.Activation
}{
	Linear:   {"linear", kernel.Linear},
	Tanh:     {"tanh", kernel.Tanh},
	Softplus: {"softplus", kernel.Softplus},
	Sigmoid:  {"sigmoid", kernel.Sigmoid},
	ReLU:     {"relu", kernel.ReLU},
	Sine:     {"sine", kernel.Sine},
	GELU:     {"gelu", kernel.GELU},
}

// ActivationNames returns the names that ParseActivation understands.
func ActivationNames() []string {
	var names []string
	for _, a := range activations[Linear:] {
		names = append(names, a.name)
	}
	return names
}

// String is the name in configuration files, such as "tanh".
func (a Activation) String() string {
	switch {
	case a == DefaultActivation:
		return "default"
	case int(a) < len(activations):
		return activations[a].name
	}
	return fmt.Sprintf("Activation(%d)", a)
}

// ParseActivation finds an activation by its name. The error is an *UnknownNameError.
func ParseActivation(name string) (Activation, error) {
	for i, a := range activations {
		if i > 0 && a.name == name {
			return Activation(i), nil
		}
	}
	return 0, &UnknownNameError{What: "activation", Name: name, Known: ActivationNames()}
}

// or replaces the default.
func (a Activation) or(b Activation) Activation {
	if a == DefaultActivation {
		return b
	}
	return a
}

func (a Activation) kernel() kernel.Activation { return activations[a].act }

// UnknownNameError says that a name is none of those known.
type UnknownNameError struct {
	What  string   // what was looked for: "activation", "initializer", "input"
	Name  string   // the name given
	Known []string // the names that would do
}

func (e *UnknownNameError) Error() string {
	return fmt.Sprintf("neural: unknown %s %q; choose one of %s", e.What, e.Name, strings.Join(e.Known, ", "))
}

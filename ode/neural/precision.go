package neural

import "fmt"

// Precision is that of the numbers a network computes with. States, costates, parameters and gradients are float64 always.
type Precision uint8

// The precisions.
const (
	// Float64 computes in float64.
	Float64 Precision = iota
	// Float32 computes layers and their derivatives in float32, at about twice the speed (mixed precision): f and f_xᵀp
	// are rounded to seven digits, so tolerances of a solver below 10⁻⁶ ask for more than they have.
	Float32
)

var precisionNames = [...]string{Float64: "float64", Float32: "float32"}

// String is the name in configuration files.
func (p Precision) String() string {
	if int(p) < len(precisionNames) {
		return precisionNames[p]
	}
	return fmt.Sprintf("Precision(%d)", p)
}

// PrecisionNames returns the names that ParsePrecision understands.
func PrecisionNames() []string { return append([]string(nil), precisionNames[:]...) }

// ParsePrecision finds a precision by its name. The error is an *UnknownNameError.
func ParsePrecision(name string) (Precision, error) {
	for i, n := range precisionNames {
		if n == name {
			return Precision(i), nil
		}
	}
	return 0, &UnknownNameError{What: "precision", Name: name, Known: PrecisionNames()}
}

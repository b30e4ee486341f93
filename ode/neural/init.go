package neural

import (
	"fmt"
	"math"

	"github.com/costate-go/costate/internal/rng"
)

// Scheme is a rule for initial weights W of a layer with fan_in inputs and fan_out outputs.
type Scheme uint8

// The schemes. Scale is the factor σ below; biases are zero except with TorchLinear.
const (
	// LecunNormal is σ·normal()/√fan_in (LeCun, Bottou, Orr & Müller, Efficient BackProp, 1998). The default.
	LecunNormal Scheme = iota
	// NormalWeights is σ·normal().
	NormalWeights
	// UniformWeights is uniform on (−σ, σ).
	UniformWeights
	// GlorotUniform is uniform on ±σ√(6/(fan_in + fan_out)) (Glorot & Bengio, AISTATS 2010).
	GlorotUniform
	// GlorotNormal is σ√(2/(fan_in + fan_out))·normal() (the same).
	GlorotNormal
	// KaimingUniform is uniform on ±σ√(6/fan_in) (He, Zhang, Ren & Sun, ICCV 2015).
	KaimingUniform
	// KaimingNormal is σ√(2/fan_in)·normal() (the same).
	KaimingNormal
	// TorchLinear is uniform on ±σ/√fan_in for weights and biases: what torch.nn.Linear does.
	TorchLinear
	// ZeroWeights is zero.
	ZeroWeights
)

var schemeNames = [...]string{
	LecunNormal: "lecun-normal", NormalWeights: "normal", UniformWeights: "uniform",
	GlorotUniform: "glorot-uniform", GlorotNormal: "glorot-normal",
	KaimingUniform: "kaiming-uniform", KaimingNormal: "kaiming-normal",
	TorchLinear: "torch-linear", ZeroWeights: "zeros",
}

// SchemeNames returns the names that ParseScheme understands.
func SchemeNames() []string { return append([]string(nil), schemeNames[:]...) }

// String is the name in configuration files, such as "lecun-normal".
func (s Scheme) String() string {
	if int(s) < len(schemeNames) {
		return schemeNames[s]
	}
	return fmt.Sprintf("Scheme(%d)", s)
}

// ParseScheme finds a scheme by its name; "lecun" stands for lecun-normal, "xavier-…" for "glorot-…". The
// error is an *UnknownNameError.
func ParseScheme(name string) (Scheme, error) {
	switch name {
	case "lecun":
		return LecunNormal, nil
	case "xavier-uniform":
		return GlorotUniform, nil
	case "xavier-normal":
		return GlorotNormal, nil
	}
	for i, n := range schemeNames {
		if n == name {
			return Scheme(i), nil
		}
	}
	return 0, &UnknownNameError{What: "initializer", Name: name, Known: SchemeNames()}
}

// Initializer draws initial weights. The zero value is LecunNormal with σ = 1.
type Initializer struct {
	Scheme Scheme
	// Scale is σ; zero means 1.
	Scale float64
}

// fill draws W (out×in, row-major) and b of one layer.
func (z Initializer) fill(w, b []float64, in, out int, r *rng.Source) {
	scale := z.Scale
	if scale == 0 {
		scale = 1
	}
	fanIn, fanOut := float64(in), float64(out)
	clear(b)
	uniform := func(v []float64, a float64) {
		for i := range v {
			v[i] = a * (2*r.Float64() - 1)
		}
	}
	normal := func(sigma float64) {
		for i := range w {
			w[i] = sigma * r.Normal()
		}
	}
	switch z.Scheme {
	case LecunNormal:
		for i := range w {
			w[i] = scale * r.Normal() / math.Sqrt(fanIn)
		}
	case NormalWeights:
		normal(scale)
	case UniformWeights:
		uniform(w, scale)
	case GlorotUniform:
		uniform(w, scale*math.Sqrt(6/(fanIn+fanOut)))
	case GlorotNormal:
		normal(scale * math.Sqrt(2/(fanIn+fanOut)))
	case KaimingUniform:
		uniform(w, scale*math.Sqrt(6/fanIn))
	case KaimingNormal:
		normal(scale * math.Sqrt(2/fanIn))
	case TorchLinear:
		uniform(w, scale/math.Sqrt(fanIn))
		uniform(b, scale/math.Sqrt(fanIn))
	case ZeroWeights:
		clear(w)
	default:
		panic("neural: unknown initializer scheme")
	}
}

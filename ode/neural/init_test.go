package neural

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/costate-go/costate/internal/rng"
)

// The published rule: the stream of the seed, layer by layer, W row-major, biases zero.
func TestInitStream(t *testing.T) {
	m := mustMLP(t, MLPConfig{Dim: 2, Hidden: []int{3}})
	theta := make([]float64, m.NumParams())
	for i := range theta {
		theta[i] = math.NaN()
	}
	m.Init(theta, 42)
	r := rng.New(42)
	for _, l := range m.Layers() {
		for i := range l.In * l.Out {
			if want := r.Normal() / math.Sqrt(float64(l.In)); theta[l.W+i] != want {
				t.Fatalf("θ[%d] = %v, want %v", l.W+i, theta[l.W+i], want)
			}
		}
		for i := range l.Out {
			if theta[l.B+i] != 0 {
				t.Fatalf("bias %d = %v", i, theta[l.B+i])
			}
		}
	}
}

// Standard deviation and range of every scheme.
func TestInitMoments(t *testing.T) {
	const in, out = 120, 90 // fan_in and fan_out of the middle layer
	for s := range schemeNames {
		scheme := Scheme(s)
		for _, scale := range []float64{0, 1, 0.3} {
			sigma := scale
			if scale == 0 {
				sigma = 1
			}
			m := mustMLP(t, MLPConfig{Dim: 2, Hidden: []int{in, out}, Init: Initializer{Scheme: scheme, Scale: scale}})
			theta := make([]float64, m.NumParams())
			m.Init(theta, 7)
			l := m.Layers()[1]
			w, b := theta[l.W:l.B], theta[l.B:l.B+l.Out]
			var sd, limit float64
			uniform := func(a float64) { sd, limit = a/math.Sqrt(3), a }
			switch scheme {
			case LecunNormal:
				sd = sigma / math.Sqrt(in)
			case NormalWeights:
				sd = sigma
			case UniformWeights:
				uniform(sigma)
			case GlorotUniform:
				uniform(sigma * math.Sqrt(6./(in+out)))
			case GlorotNormal:
				sd = sigma * math.Sqrt(2./(in+out))
			case KaimingUniform:
				uniform(sigma * math.Sqrt(6./in))
			case KaimingNormal:
				sd = sigma * math.Sqrt(2./in)
			case TorchLinear:
				uniform(sigma / math.Sqrt(in))
			}
			sum, sum2, largest := 0.0, 0.0, 0.0
			for _, v := range w {
				sum += v
				sum2 += v * v
				largest = math.Max(largest, math.Abs(v))
			}
			n := float64(len(w))
			if math.Abs(sum/n) > 4*sd/math.Sqrt(n) || math.Abs(math.Sqrt(sum2/n)-sd) > 0.03*sd {
				t.Errorf("%v, scale %v: mean %v, deviation %v, want 0, %v", scheme, scale, sum/n, math.Sqrt(sum2/n), sd)
			}
			if limit > 0 && (largest > limit || largest < 0.99*limit) {
				t.Errorf("%v, scale %v: largest %v, want %v", scheme, scale, largest, limit)
			}
			if biased := maxAbs(b) > 0; biased != (scheme == TorchLinear) {
				t.Errorf("%v: bias %v", scheme, maxAbs(b))
			}
		}
	}
}

func TestParseNames(t *testing.T) {
	for _, name := range ActivationNames() {
		if a, err := ParseActivation(name); err != nil || a.String() != name || a == DefaultActivation {
			t.Errorf("activation %q: %v, %v", name, a, err)
		}
	}
	for i, name := range SchemeNames() {
		if s, err := ParseScheme(name); err != nil || int(s) != i || s.String() != name {
			t.Errorf("scheme %q: %v, %v", name, s, err)
		}
	}
	for name, want := range map[string]Scheme{"lecun": LecunNormal, "xavier-uniform": GlorotUniform, "xavier-normal": GlorotNormal} {
		if s, err := ParseScheme(name); err != nil || s != want {
			t.Errorf("scheme %q: %v, %v", name, s, err)
		}
	}
	for i, name := range inputNames {
		if in, err := ParseInput(name); err != nil || int(in) != i || in.String() != name {
			t.Errorf("input %q: %v, %v", name, in, err)
		}
	}
	_, e1 := ParseActivation("tan")
	_, e2 := ParseScheme("glorot")
	_, e3 := ParseInput("default")
	_, e4 := ParseActivation("")
	for _, err := range []error{e1, e2, e3, e4} {
		var unknown *UnknownNameError
		if !errors.As(err, &unknown) || !strings.Contains(err.Error(), unknown.Known[0]) {
			t.Errorf("error %v", err)
		}
	}
}

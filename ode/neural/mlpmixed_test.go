package neural

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/costate-go/costate/internal/rng"
)

// Every call of the mixed evaluator gives what the one in float64 gives, to the precision of float32.
func TestMixedAgainstDouble(t *testing.T) {
	for act := Linear; int(act) < len(activations); act++ {
		for _, batch := range []int{1, 3, 33} {
			cfg := MLPConfig{Dim: 3, Hidden: []int{17, 6}, Activation: act, Time: true, Input: Input(batch % 2)}
			if batch == 3 {
				cfg.Output = act
			}
			t.Run(fmt.Sprintf("%v/B=%d", act, batch), func(t *testing.T) {
				double := mustMLP(t, cfg)
				cfg.Precision = Float32
				single := mustMLP(t, cfg)
				if single.NumParams() != double.NumParams() || single.Config().Precision != Float32 {
					t.Fatal("another network")
				}
				src := rng.New(5)
				draw := func(n int) []float64 {
					v := make([]float64, n)
					for i := range v {
						v[i] = 0.4 * src.Normal()
					}
					return v
				}
				d, n, params := 3, batch, double.NumParams()
				theta, x, p, v, w := draw(params), draw(d*n), draw(d*n), draw(d*n), draw(params)
				results := func(f Field, times []float64) (out [][]float64) {
					ev := f.NewEvaluator(n + 2)
					ev.Bind(theta)
					ev.(TimeBatch).SetTimes(times)
					room := func(n int) []float64 {
						r := make([]float64, n)
						out = append(out, r)
						return r
					}
					ev.Eval(room(d*n), 0.3, x)
					keeper := ev.(Keeper)
					keep := make([]float64, keeper.KeepLen(n))
					keeper.EvalKeep(room(d*n), 0.3, x, keep)
					for i := range 2 { // gradients are added
						px, g := room(d*n), room(params)
						for range i + 1 {
							ev.VJP(px, g, 0.3, x, p)
						}
					}
					keeper.VJPKept(room(d*n), room(params), 0.3, x, p, keep)
					keeper.VJPKept(nil, room(params), 0.3, x, p, keep)
					keeper.VJPKept(room(d*n), nil, 0.3, x, p, keep)
					ev.JVP(room(d*n), 0.3, x, v, w)
					ev.JVP(room(d*n), 0.3, x, nil, w)
					ev.JVP(room(d*n), 0.3, x, v, nil)
					ev.(SecondOrder).VJPGrad(room(params), 0.3, x, p, v)
					ev.(ParamJacobian).ParamJacobian(room(d*n*params), 0.3, x)
					return out
				}
				for _, times := range [][]float64{nil, draw(n)} {
					got, want := results(single, times), results(double, times)
					for k := range want {
						size, diff := 1.0, 0.0
						for i, v := range want[k] {
							size, diff = max(size, math.Abs(v)), max(diff, math.Abs(got[k][i]-v))
						}
						if !(diff <= 3e-6*size) {
							t.Errorf("result %d is off by %.3g of %.3g", k, diff, size)
						}
						if diff == 0 && k == 0 && act != ReLU && act != Linear {
							t.Error("not a bit differs from float64: nothing was computed in float32")
						}
					}
				}
			})
		}
	}
}

func TestMixedAllocatesNothing(t *testing.T) {
	for _, batch := range []int{1, 9} {
		m := mustMLP(t, MLPConfig{Dim: 3, Hidden: []int{8, 5}, Activation: Softplus, Time: true, Precision: Float32})
		allocatesNothing(t, m, batch)
	}
}

func TestMixedPanics(t *testing.T) {
	m := mustMLP(t, MLPConfig{Dim: 2, Hidden: []int{4}, Precision: Float32})
	ev := m.NewEvaluator(2).(*mixedEvaluator)
	x, p := make([]float64, 4), make([]float64, m.NumParams())
	mustPanic(t, "unbound", func() { ev.Eval(x, 0, x) })
	mustPanic(t, "parameters", func() { ev.Bind(p[1:]) })
	ev.Bind(p)
	mustPanic(t, "wide batch", func() { y := make([]float64, 6); ev.Eval(y, 0, y) })
	mustPanic(t, "keep", func() { ev.EvalKeep(x, 0, x, make([]float64, 1)) })
	mustPanic(t, "gradient", func() { ev.VJP(nil, p[1:], 0, x, x) })
	mustPanic(t, "tangent", func() { ev.JVP(x, 0, x, nil, p[1:]) })
}

func TestParsePrecision(t *testing.T) {
	for _, name := range PrecisionNames() {
		p, err := ParsePrecision(name)
		if err != nil || p.String() != name {
			t.Errorf("%q is %v, %v", name, p, err)
		}
	}
	var unknown *UnknownNameError
	if _, err := ParsePrecision("float16"); !errors.As(err, &unknown) {
		t.Errorf("float16: %v", err)
	}
	if _, err := NewMLP(MLPConfig{Dim: 1, Precision: 7}); !errors.Is(err, ErrConfig) {
		t.Errorf("an unknown precision: %v", err)
	}
}

package neural

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/costate-go/costate/internal/kernel"
	"github.com/costate-go/costate/internal/rng"
)

func mustDensity(t testing.TB, cfg DensityConfig, samples int) *Density {
	t.Helper()
	f, err := NewDensity(cfg)
	if err != nil {
		t.Fatal(err)
	}
	noise, src := make([]float64, f.NoiseLen()*samples), rng.New(11)
	for i := range noise {
		noise[i] = src.Normal()
	}
	f.SetNoise(noise, samples)
	return f
}

func TestDensityConformance(t *testing.T) {
	hidden := [][]int{nil, {5}, {7, 4}, {3, 6, 2}}
	for act := Linear; int(act) < len(activations); act++ {
		for depth, h := range hidden {
			for k, batch := range []int{1, 3, 17} {
				for _, cfg := range []DensityConfig{{}, {Energies: true}, {Trace: HutchinsonTrace}, {Trace: HutchinsonTrace, Probes: 3, Energies: true}} {
					net := MLPConfig{Dim: 1 + k, Hidden: h, Activation: act, Time: (depth+k)%2 == 0, Input: Input(depth % 2)}
					if depth == 0 || k == 1 {
						net.Output = act
					}
					cfg.Flow = mustMLP(t, net)
					t.Run(fmt.Sprintf("%v/depth=%d/B=%d/%d probes/energies=%v", act, depth, batch, cfg.Probes, cfg.Energies), func(t *testing.T) {
						r := Check(mustDensity(t, cfg, batch), CheckConfig{Batch: batch, T: 0.7, Seed: uint64(10*depth + k)})
						if err := r.Err(1e-7); err != nil {
							t.Error(err)
						}
					})
				}
			}
		}
	}
}

// The trace is that of the Jacobian by differences of the flow, and ℓ̇ of an affine flow ẋ = Ax + b is tr A, with |Ax + b|² and
// ‖A‖² as energies.
func TestTraceAgainstDifferences(t *testing.T) {
	m := mustMLP(t, MLPConfig{Dim: 3, Hidden: []int{8, 6}, Activation: Softplus, Time: true})
	f := mustDensity(t, DensityConfig{Flow: m, Energies: true}, 4)
	theta := make([]float64, m.NumParams())
	m.Init(theta, 5)
	const n, at, h = 4, 0.3, 1e-5
	ev, flow := f.NewEvaluator(n), m.NewEvaluator(n)
	ev.Bind(theta)
	flow.Bind(theta)
	z, dz := make([]float64, 6*n), make([]float64, 6*n)
	for i := range z {
		z[i] = math.Sin(float64(3 * i))
	}
	ev.Eval(dz, at, z)
	trace, norm, x := make([]float64, n), make([]float64, n), append([]float64(nil), z[:3*n]...)
	for i := range 3 {
		lo, hi := make([]float64, 3*n), make([]float64, 3*n)
		for s := range n {
			x[i*n+s] += h
		}
		flow.Eval(hi, at, x)
		for s := range n {
			x[i*n+s] -= 2 * h
		}
		flow.Eval(lo, at, x)
		copy(x, z)
		for s := range n {
			trace[s] += (hi[i*n+s] - lo[i*n+s]) / (2 * h)
			for o := range 3 {
				d := (hi[o*n+s] - lo[o*n+s]) / (2 * h)
				norm[s] += d * d
			}
		}
	}
	for s := range n {
		if math.Abs(dz[3*n+s]-trace[s]) > 1e-9 || math.Abs(dz[5*n+s]-norm[s]) > 1e-8 {
			t.Errorf("sample %d: trace %.12g, squared norm %.12g; differences give %.12g, %.12g", s, dz[3*n+s], dz[5*n+s], trace[s], norm[s])
		}
	}

	affine := mustDensity(t, DensityConfig{Flow: mustMLP(t, MLPConfig{Dim: 2}), Energies: true}, 1)
	ev = affine.NewEvaluator(1)
	ev.Bind([]float64{1, 2, 3, -4, 0.5, -0.5})
	dz = dz[:5]
	ev.Eval(dz, 0, []float64{0.1, -0.2, 7, 8, 9})
	u, v := 0.1-0.4+0.5, 0.3+0.8-0.5
	for i, want := range []float64{u, v, -3, u*u + v*v, 30} {
		if math.Abs(dz[i]-want) > 1e-14 {
			t.Errorf("entry %d of the affine flow is %v, want %v", i, dz[i], want)
		}
	}
}

// Over many vectors the estimates of trace and norm have the exact values as their means, within five standard errors.
func TestHutchinsonMean(t *testing.T) {
	const samples = 20000
	m := mustMLP(t, MLPConfig{Dim: 3, Hidden: []int{10}})
	theta := make([]float64, m.NumParams())
	m.Init(theta, 3)
	x := []float64{0.3, -1.1, 0.7}
	exact := make([]float64, 6)
	ev := mustDensity(t, DensityConfig{Flow: m, Energies: true}, 1).NewEvaluator(1)
	ev.Bind(theta)
	ev.Eval(exact, 0, append(append([]float64(nil), x...), 0, 0, 0))
	for _, gaussian := range []bool{false, true} {
		f, err := NewDensity(DensityConfig{Flow: m, Trace: HutchinsonTrace, Energies: true})
		if err != nil {
			t.Fatal(err)
		}
		noise, src := make([]float64, 3*samples), rng.New(2)
		for i := range noise {
			noise[i] = src.Normal()
			if !gaussian {
				noise[i] = math.Copysign(1, noise[i])
			}
		}
		f.SetNoise(noise, samples)
		ev := f.NewEvaluator(samples)
		ev.Bind(theta)
		z, dz := make([]float64, 6*samples), make([]float64, 6*samples)
		for i, v := range x {
			kernel.Fill(z[i*samples:(i+1)*samples], v)
		}
		ev.Eval(dz, 0, z)
		for _, row := range []int{3, 5} {
			values := dz[row*samples : (row+1)*samples]
			mean, square := kernel.Sum(values)/samples, kernel.Dot(values, values)/samples
			if limit := 5 * math.Sqrt((square-mean*mean)/samples); math.Abs(mean-exact[row]) > limit || limit > 0.1 {
				t.Errorf("gaussian %v, row %d: mean %v of the estimates, exactly %v, limit %v", gaussian, row, mean, exact[row], limit)
			}
		}
	}
}

func TestDensityAllocatesNothing(t *testing.T) {
	for act := Linear; int(act) < len(activations); act++ {
		m := mustMLP(t, MLPConfig{Dim: 3, Hidden: []int{8, 5}, Activation: act, Output: act, Time: true, Input: Cube})
		for _, cfg := range []DensityConfig{{Flow: m, Energies: true}, {Flow: m, Trace: HutchinsonTrace, Probes: 2}} {
			for _, batch := range []int{1, 9} {
				allocatesNothing(t, mustDensity(t, cfg, batch), batch)
			}
		}
	}
}

func TestDensityRefuses(t *testing.T) {
	m := mustMLP(t, MLPConfig{Dim: 2, Precision: Float32})
	for name, cfg := range map[string]DensityConfig{
		"no flow": {}, "float32": {Flow: m}, "trace": {Flow: mustMLP(t, MLPConfig{Dim: 2}), Trace: 9}, "probes": {Flow: mustMLP(t, MLPConfig{Dim: 2}), Probes: -1},
	} {
		if _, err := NewDensity(cfg); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	f := mustDensity(t, DensityConfig{Flow: mustMLP(t, MLPConfig{Dim: 2}), Trace: HutchinsonTrace}, 3)
	ev := f.NewEvaluator(4)
	x := make([]float64, 12)
	mustPanic(t, "unbound", func() { ev.Eval(make([]float64, 3), 0, make([]float64, 3)) })
	ev.Bind(make([]float64, 6))
	mustPanic(t, "more samples than noise", func() { ev.Eval(x, 0, x) })
	mustPanic(t, "noise", func() { f.SetNoise(x, 3) })
}

func BenchmarkDensity(b *testing.B) {
	for _, cfg := range []DensityConfig{{}, {Trace: HutchinsonTrace}} {
		cfg.Flow = mustMLP(b, MLPConfig{Dim: 2, Hidden: []int{64, 64}, Time: true})
		const batch = 128
		f := mustDensity(b, cfg, batch)
		ev := f.NewEvaluator(batch).(*densityEvaluator)
		theta := make([]float64, f.NumParams())
		cfg.Flow.Init(theta, 1)
		ev.Bind(theta)
		z, y, g := make([]float64, 3*batch), make([]float64, 3*batch), make([]float64, f.NumParams())
		for i := range z {
			z[i] = math.Sin(float64(i))
		}
		keep := make([]float64, ev.KeepLen(batch))
		name := fmt.Sprintf("trace=%d/net=3-64-64-2/B=%d", cfg.Trace, batch)
		b.Run("op=eval/"+name, func(b *testing.B) {
			for b.Loop() {
				ev.EvalKeep(y, 0.5, z, keep)
			}
		})
		b.Run("op=vjp/"+name, func(b *testing.B) {
			for b.Loop() {
				ev.VJPKept(y, g, 0.5, z, z, keep)
			}
		})
	}
}

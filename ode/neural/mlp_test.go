package neural

import (
	"errors"
	"fmt"
	"math"
	"testing"
)

func mustMLP(t testing.TB, cfg MLPConfig) *MLP {
	t.Helper()
	m, err := NewMLP(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMLPConformance(t *testing.T) {
	hidden := [][]int{nil, {5}, {7, 4}, {3, 6, 2}}
	for act := Linear; int(act) < len(activations); act++ {
		for depth, h := range hidden {
			for k, batch := range []int{1, 3, 17} {
				cfg := MLPConfig{Dim: 2 + k, Hidden: h, Activation: act, Time: (depth+k)%2 == 0, Input: Input(depth % 2)}
				if depth == 0 || k == 1 {
					cfg.Output = act
				}
				name := fmt.Sprintf("%v/output=%v/depth=%d/B=%d/time=%v/%v", act, cfg.Output, depth, batch, cfg.Time, cfg.Input)
				t.Run(name, func(t *testing.T) {
					r := Check(mustMLP(t, cfg), CheckConfig{Batch: batch, T: 0.7, Seed: uint64(10*depth + k)})
					if err := r.Err(1e-7); err != nil {
						t.Error(err)
					}
					if len(r.Items) < 18 {
						t.Errorf("only %d promises checked", len(r.Items))
					}
				})
			}
		}
	}
}

// allocatesNothing asserts that no call on a field's evaluator allocates.
func allocatesNothing(t *testing.T, f Field, batch int) {
	t.Helper()
	d, params := f.Dim(), f.NumParams()
	ev := f.NewEvaluator(batch)
	ev.Bind(make([]float64, params))
	x, p, v, y := make([]float64, d*batch), make([]float64, d*batch), make([]float64, d*batch), make([]float64, d*batch)
	for i := range x {
		x[i], p[i], v[i] = 0.1*float64(i), 1, 2
	}
	theta, g, jac := make([]float64, params), make([]float64, params), make([]float64, d*batch*params)
	for i := range theta {
		theta[i] = math.Sin(float64(i))
	}
	calls := map[string]func(){
		"Bind": func() { ev.Bind(theta) },
		"Eval": func() { ev.Eval(y, 0.5, x) },
		"VJP":  func() { ev.VJP(y, g, 0.5, x, p) },
		"JVP":  func() { ev.JVP(y, 0.5, x, v, g) },
	}
	if k, ok := ev.(Keeper); ok {
		keep := make([]float64, k.KeepLen(batch))
		calls["EvalKeep"] = func() { k.EvalKeep(y, 0.5, x, keep) }
		calls["VJPKept"] = func() { k.VJPKept(y, g, 0.5, x, p, keep) }
	}
	if so, ok := ev.(SecondOrder); ok {
		calls["VJPGrad"] = func() { so.VJPGrad(g, 0.5, x, p, v) }
	}
	if pj, ok := ev.(ParamJacobian); ok {
		calls["ParamJacobian"] = func() { pj.ParamJacobian(jac, 0.5, x) }
	}
	for name, call := range calls {
		if a := testing.AllocsPerRun(10, call); a != 0 {
			t.Errorf("%T B=%d: %s allocates %v times", f, batch, name, a)
		}
	}
}

func mustPanic(t *testing.T, name string, call func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s: no panic", name)
		}
	}()
	call()
}

func TestMLPAllocatesNothing(t *testing.T) {
	for act := Linear; int(act) < len(activations); act++ {
		for _, batch := range []int{1, 9} {
			allocatesNothing(t, mustMLP(t, MLPConfig{Dim: 3, Hidden: []int{8, 5}, Activation: act, Output: act, Time: true, Input: Cube}), batch)
		}
	}
}

// The smallest network by hand: f = tanh(Wx + b).
func TestSingleLayerByHand(t *testing.T) {
	m := mustMLP(t, MLPConfig{Dim: 2, Output: Tanh})
	ev := m.NewEvaluator(1)
	ev.Bind([]float64{1, 2, 3, 4, 0.5, -0.5})
	dx := make([]float64, 2)
	ev.Eval(dx, 0, []float64{0.1, -0.2})
	for i, want := range []float64{math.Tanh(0.1 - 0.4 + 0.5), math.Tanh(0.3 - 0.8 - 0.5)} {
		if math.Abs(dx[i]-want) > 1e-15 {
			t.Errorf("dx[%d] = %v, want %v", i, dx[i], want)
		}
	}
}

func TestLayout(t *testing.T) {
	m := mustMLP(t, MLPConfig{Dim: 2, Hidden: []int{3}, Time: true})
	if got, want := m.NumParams(), 3*3+3+3*2+2; got != want {
		t.Errorf("NumParams = %d, want %d", got, want)
	}
	want := []Shape{{In: 3, Out: 3, W: 0, B: 9}, {In: 3, Out: 2, W: 12, B: 18}}
	for i, s := range m.Layers() {
		if s != want[i] {
			t.Errorf("layer %d: %+v, want %+v", i, s, want[i])
		}
	}
}

func TestNewMLPErrors(t *testing.T) {
	for name, cfg := range map[string]MLPConfig{
		"no dimension": {}, "zero width": {Dim: 1, Hidden: []int{0}}, "activation": {Dim: 1, Activation: 99},
		"output": {Dim: 1, Output: 99}, "input": {Dim: 1, Input: 9}, "scheme": {Dim: 1, Init: Initializer{Scheme: 99}},
		"scale": {Dim: 1, Init: Initializer{Scale: -1}}, "NaN scale": {Dim: 1, Init: Initializer{Scale: math.NaN()}},
		"too large": {Dim: 1 << 20, Hidden: []int{1 << 20}},
	} {
		if _, err := NewMLP(cfg); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestMLPPanics(t *testing.T) {
	m := mustMLP(t, MLPConfig{Dim: 2, Hidden: []int{3}})
	ev := m.NewEvaluator(2).(*mlpEvaluator[float64])
	x := make([]float64, 4)
	mustPanic(t, "unbound", func() { ev.Eval(x, 0, x) })
	mustPanic(t, "theta", func() { ev.Bind(x) })
	mustPanic(t, "init", func() { m.Init(x, 1) })
	mustPanic(t, "zero width", func() { m.NewEvaluator(0) })
	ev.Bind(make([]float64, m.NumParams()))
	mustPanic(t, "too wide", func() { ev.Eval(make([]float64, 6), 0, make([]float64, 6)) })
	mustPanic(t, "keep", func() { ev.EvalKeep(x, 0, x, x) })
	mustPanic(t, "gradient", func() { ev.VJP(nil, x, 0, x, x) })
	mustPanic(t, "costate", func() { ev.VJP(x, nil, 0, x, x[:2]) })
	mustPanic(t, "jacobian", func() { ev.ParamJacobian(x, 0, x) })
}

// Large arguments saturate; nothing overflows to NaN.
func TestActivationsSaturate(t *testing.T) {
	for act := Linear; int(act) < len(activations); act++ {
		m := mustMLP(t, MLPConfig{Dim: 1, Hidden: []int{2}, Activation: act})
		ev := m.NewEvaluator(1)
		ev.Bind([]float64{1, -1, 0, 0, 1, 1, 0})
		y, g := []float64{0}, make([]float64, m.NumParams())
		for _, x := range []float64{1e3, -1e3, 800, 40.5, 1e8} {
			ev.VJP(y, g, 0, []float64{x}, []float64{1})
			v := y[0]
			ev.Eval(y, 0, []float64{x})
			if math.IsNaN(v+y[0]) || math.IsInf(v+y[0], 0) {
				t.Errorf("%v at %v: value %v, derivative %v", act, x, y[0], v)
			}
		}
	}
}

func BenchmarkMLP(b *testing.B) {
	for _, c := range []struct {
		name  string
		cfg   MLPConfig
		batch int
	}{
		{"net=2-50-2/B=1", MLPConfig{Dim: 2, Hidden: []int{50}, Input: Cube}, 1},
		{"net=2-50-2/B=20", MLPConfig{Dim: 2, Hidden: []int{50}, Input: Cube}, 20},
		{"net=2-50-2/B=198", MLPConfig{Dim: 2, Hidden: []int{50}, Input: Cube}, 198},
		{"net=16-64-64-16/B=128", MLPConfig{Dim: 16, Hidden: []int{64, 64}}, 128},
		{"net=64-256-256-64/B=64", MLPConfig{Dim: 64, Hidden: []int{256, 256}}, 64},
	} {
		m := mustMLP(b, c.cfg)
		theta, g := make([]float64, m.NumParams()), make([]float64, m.NumParams())
		m.Init(theta, 1)
		ev := m.NewEvaluator(c.batch).(*mlpEvaluator[float64])
		ev.Bind(theta)
		size := m.Dim() * c.batch
		x, y, p := make([]float64, size), make([]float64, size), make([]float64, size)
		for i := range x {
			x[i], p[i] = math.Sin(float64(i)), math.Cos(float64(i))
		}
		keep := make([]float64, ev.KeepLen(c.batch))
		ev.EvalKeep(y, 0, x, keep)
		run := func(op string, products float64, call func()) {
			b.Run("op="+op+"/"+c.name, func(b *testing.B) {
				for b.Loop() {
					call()
				}
				flop := 2 * products * float64(m.NumParams()*c.batch)
				b.ReportMetric(flop*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			})
		}
		run("bind", 0, func() { ev.Bind(theta) })
		run("eval", 1, func() { ev.Eval(y, 0, x) })
		run("vjpkept", 2, func() { ev.VJPKept(y, g, 0, x, p, keep) })
		run("vjp", 3, func() { ev.VJP(y, g, 0, x, p) })
		run("jvp", 3, func() { ev.JVP(y, 0, x, p, g) })
		run("vjpgrad", 6, func() { ev.VJPGrad(g, 0, x, p, p) })
		if m.NumParams() < 10000 {
			jac := make([]float64, size*m.NumParams())
			run("jacobian", 0, func() { ev.ParamJacobian(jac, 0, x) })
		}
	}
}

// AddBlocks sums what the Jacobian gives, and nothing lies outside the blocks.
func TestBlocksAgainstJacobian(t *testing.T) {
	for act := Linear; int(act) < len(activations); act++ {
		for _, batch := range []int{1, 3, 40} {
			for _, timed := range []bool{false, true} {
				m := mustMLP(t, MLPConfig{Dim: 3, Output: act, Time: timed, Input: Input(batch % 2)})
				ev := m.NewEvaluator(batch).(BlockNormal)
				d, n, params := 3, batch, m.NumParams()
				theta, x, r := make([]float64, params), make([]float64, d*n), make([]float64, d*n)
				for i := range theta {
					theta[i] = math.Sin(float64(3 * i))
				}
				for i := range x {
					x[i], r[i] = math.Cos(float64(i)), math.Sin(float64(7*i))
				}
				e := ev.(Evaluator)
				e.Bind(theta)
				const weight, at = 0.7, 0.3
				jac, y, keep := make([]float64, d*n*params), make([]float64, d*n), make([]float64, ev.KeepLen(n))
				e.(ParamJacobian).ParamJacobian(jac, at, x)
				want, wantG := make([]float64, params*params), make([]float64, params)
				got, gotG := make([]float64, params*params), make([]float64, params)
				for i := range got {
					got[i], want[i] = 1, 1
				}
				for row := range d * n {
					j := jac[row*params:][:params]
					for a, u := range j {
						wantG[a] += u * r[row]
						for b := range a + 1 {
							want[a*params+b] += weight * u * j[b]
						}
					}
				}
				ev.EvalKeep(y, at, x, keep)
				ev.AddBlocks(got, gotG, weight, at, x, r, keep)
				seen := map[int]bool{}
				for _, group := range ev.Blocks() {
					for _, i := range group {
						seen[i] = true
					}
				}
				if len(seen) != params {
					t.Fatalf("the blocks hold %d of %d parameters", len(seen), params)
				}
				for i, w := range want {
					if math.Abs(got[i]-w) > 1e-13*(1+math.Abs(w)) {
						t.Fatalf("%v B=%d: entry %d, %d is %v, want %v", act, batch, i/params, i%params, got[i], w)
					}
				}
				for i, w := range wantG {
					if math.Abs(gotG[i]-w) > 1e-13*(1+math.Abs(w)) {
						t.Fatalf("%v B=%d: gradient %d is %v, want %v", act, batch, i, gotG[i], w)
					}
				}
			}
		}
	}
	if b := mustMLP(t, MLPConfig{Dim: 2, Hidden: []int{3}}).NewEvaluator(1).(BlockNormal).Blocks(); b != nil {
		t.Errorf("a network with a hidden layer has blocks %v", b)
	}
}

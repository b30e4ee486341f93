package neural

import (
	"fmt"
	"math"
	"testing"
)

// pendulum is a damped, driven pendulum with parameters (stiffness, damping, amplitude).
func pendulum() Func {
	return Func{
		D: 2, P: 3,
		F: func(dx []float64, t float64, x, u []float64) {
			dx[0] = x[1]
			dx[1] = -u[0]*math.Sin(x[0]) - u[1]*x[1]*x[1]*x[1] + u[2]*math.Cos(t)
		},
		VJP: func(px, pu []float64, t float64, x, u, p []float64) {
			px[0] = -p[1] * u[0] * math.Cos(x[0])
			px[1] = p[0] - 3*p[1]*u[1]*x[1]*x[1]
			pu[0] = -p[1] * math.Sin(x[0])
			pu[1] = -p[1] * x[1] * x[1] * x[1]
			pu[2] = p[1] * math.Cos(t)
		},
	}
}

// withTangent is pendulum with the product along (v, w) in closed form.
func withTangent() Func {
	f := pendulum()
	f.JVP = func(dst []float64, t float64, x, u, v, w []float64) {
		dst[0] = v[1]
		dst[1] = -u[0]*math.Cos(x[0])*v[0] - 3*u[1]*x[1]*x[1]*v[1] - math.Sin(x[0])*w[0] - x[1]*x[1]*x[1]*w[1] + math.Cos(t)*w[2]
	}
	return f
}

// withJacobian is pendulum with its Jacobian instead of products.
func withJacobian() Func {
	f := pendulum()
	f.VJP = nil
	f.Jacobian = func(fx, fu []float64, t float64, x, u []float64) {
		fx[1], fx[2], fx[3] = 1, -u[0]*math.Cos(x[0]), -3*u[1]*x[1]*x[1]
		fu[3], fu[4], fu[5] = -math.Sin(x[0]), -x[1]*x[1]*x[1], math.Cos(t)
	}
	return f
}

func TestFuncConformance(t *testing.T) {
	for _, given := range []string{"nothing", "VJP", "VJP and JVP", "Jacobian"} {
		for _, batch := range []int{1, 3, 17} {
			t.Run(fmt.Sprintf("given=%s/B=%d", given, batch), func(t *testing.T) {
				f := pendulum()
				switch given {
				case "nothing":
					f.VJP = nil
				case "VJP and JVP":
					f = withTangent()
				case "Jacobian":
					f = withJacobian()
				}
				if err := Check(f, CheckConfig{Batch: batch, T: 0.3, Seed: 5}).Err(1e-7); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// A field without parameters, such as an uncontrolled problem.
func TestFuncWithoutParameters(t *testing.T) {
	f := Func{D: 1, F: func(dx []float64, _ float64, x, _ []float64) { dx[0] = -x[0] * x[0] }}
	if err := Check(f, CheckConfig{}).Err(1e-7); err != nil {
		t.Error(err)
	}
}

// A wrong derivative must be found.
func TestCheckFindsMistakes(t *testing.T) {
	f := pendulum()
	right := f.VJP
	for _, c := range []struct {
		name  string
		wrong func(px, pu []float64)
	}{
		{"px", func(px, _ []float64) { px[1] *= 1.00001 }},
		{"pu", func(_, pu []float64) { pu[2] += 1e-5 }},
		{"NaN", func(px, _ []float64) { px[0] = math.NaN() }},
	} {
		f.VJP = func(px, pu []float64, t float64, x, u, p []float64) {
			right(px, pu, t, x, u, p)
			c.wrong(px, pu)
		}
		if err := Check(f, CheckConfig{}).Err(1e-7); err == nil {
			t.Errorf("wrong %s not found", c.name)
		}
	}
}

// An evaluator that says it keeps the states must not look at them again.
func TestCheckFindsStatesThatAreNotKept(t *testing.T) {
	for _, precision := range []Precision{Float32, Float64} { // which keeps them, and which does not
		net := mustMLP(t, MLPConfig{Dim: 2, Hidden: []int{3}, Precision: precision})
		wrong := ""
		for _, i := range Check(claiming{net}, CheckConfig{}).Items {
			if i.Exact && !(i.Error == 0) {
				wrong += i.Name + "; "
			}
		}
		if found := wrong != ""; found != (precision == Float64) {
			t.Errorf("%v: wrong is %q", precision, wrong)
		}
	}
}

type claiming struct{ *MLP }

func (f claiming) NewEvaluator(width int) Evaluator {
	return claimingEvaluator{f.MLP.NewEvaluator(width).(netEvaluator)}
}

type claimingEvaluator struct{ netEvaluator }

func (claimingEvaluator) KeepsStates() bool { return true }

// With its own derivative a Func allocates nothing; gonum's differences do.
func TestFuncAllocatesNothing(t *testing.T) {
	for _, batch := range []int{1, 5} {
		allocatesNothing(t, pendulum(), batch)
	}
}

func TestFuncPanics(t *testing.T) {
	ev := pendulum().NewEvaluator(2)
	x := make([]float64, 4)
	for name, call := range map[string]func(){
		"unbound":    func() { ev.Eval(x, 0, x) },
		"theta":      func() { ev.Bind(x) },
		"no F":       func() { Func{D: 1}.NewEvaluator(1) },
		"zero width": func() { pendulum().NewEvaluator(0) },
	} {
		mustPanic(t, name, call)
	}
	ev.Bind(make([]float64, 3))
	mustPanic(t, "too wide", func() { ev.Eval(make([]float64, 6), 0, make([]float64, 6)) })
	mustPanic(t, "odd", func() { ev.Eval(x[:3], 0, x[:3]) })
}

func BenchmarkFunc(b *testing.B) {
	ev := pendulum().NewEvaluator(1)
	ev.Bind([]float64{1, 0.1, 0.5})
	x, p, dx, g := []float64{1, 2}, []float64{1, 1}, make([]float64, 2), make([]float64, 3)
	b.Run("op=eval/B=1", func(b *testing.B) {
		for b.Loop() {
			ev.Eval(dx, 0, x)
		}
	})
	b.Run("op=vjp/B=1", func(b *testing.B) {
		for b.Loop() {
			ev.VJP(dx, g, 0, x, p)
		}
	})
}

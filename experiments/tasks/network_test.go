package tasks_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/ode/neural"
)

// A Hamiltonian field keeps the true energy of the pendulum over ten times the time that it was trained on, to what the noise
// spoils; a network without structure loses it.
func TestHamiltonianKeepsTheEnergy(t *testing.T) {
	var text strings.Builder
	text.WriteString("t,angle,velocity\n")
	for k := range 151 {
		fmt.Fprintf(&text, "%d,2,0\n", k)
	}
	drift := map[string]float64{}
	for _, kind := range []string{"hamiltonian", "mlp"} {
		task, theta := trained(t, parse(t, "hamiltonian_pendulum", "field.kind="+kind))
		table, err := data.ParseTable("long.csv", []byte(text.String()))
		if err != nil {
			t.Fatal(err)
		}
		_, rows, err := task.Predict(ctx, theta, table)
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := task.Problem().Field.NewEvaluator(1).(neural.Energy); ok { // that of the network
			e.(neural.Evaluator).Bind(theta)
			first, h := 0.0, []float64{0}
			for k, r := range rows {
				if e.Energy(h, 0, r[1:]); k == 0 {
					first = h[0]
				}
				if math.Abs(h[0]-first) > 1e-3 {
					t.Errorf("at t = %g the Hamiltonian is %v, and %v in the beginning", r[0], h[0], first)
					break
				}
			}
		}
		for _, r := range rows {
			drift[kind] = max(drift[kind], math.Abs(0.5*r[2]*r[2]-4*math.Cos(r[1])+4*math.Cos(2)))
		}
	}
	if !(drift["hamiltonian"] < 0.15) || !(drift["hamiltonian"] < drift["mlp"]) {
		t.Errorf("the energies, of a size of 4, change by up to %v", drift)
	}
}

// The convolution finds the second difference of the heat equation.
func TestConvolutionFindsTheStencil(t *testing.T) {
	task, theta := trained(t, parse(t, "heat_stencil"))
	w := task.Tensors(theta)[0]
	if fmt.Sprint(w.Name, w.Shape) != "layers.0.weight[1 1 1 3 3]" {
		t.Fatalf("%s %v", w.Name, w.Shape)
	}
	for i, want := range []float64{25.6, -51.2, 25.6} {
		if math.Abs(w.Data[3+i]-want) > 1e-4 {
			t.Errorf("the stencil is %v, want 25.6, −51.2, 25.6", w.Data[3:6])
			break
		}
	}
}

func TestKindsOfFields(t *testing.T) {
	small := []string{"data.points=60", "data.t1=3", "field.hidden=[5,5]"}
	for kind, model := range map[string]string{
		"gated": "gated layers 2-5-5-2 (tanh), 93 parameters", "residual": "residual layers 2-5-5-2 (tanh), 57 parameters",
		"hamiltonian": "hamiltonian field of an MLP 2-5-5-1 (tanh), 51 parameters", "gradient": "gradient field of an MLP 2-5-5-1 (tanh), 51 parameters",
		"second-order": "second-order MLP 2-5-5-1 (tanh), 51 parameters", "conv": "convolutions 3×3 on 1×2 pixels, channels 1-5-5-1 (tanh), 326 parameters",
	} {
		over := append([]string{"field.kind=" + kind, "train.iterations=3"}, small...)
		if kind == "conv" {
			over = append(over, "field.shape=[1,1,2]", "field.residual=true")
		}
		task, theta := trained(t, parse(t, "", over...))
		if got := task.About().Model; got != model || len(theta) != task.About().Params {
			t.Errorf("%s: %s, %d parameters", kind, got, len(theta))
		}
	}
	for _, kind := range []string{"gated", "residual", "gradient"} {
		task, theta := trained(t, parse(t, "circles", "field.kind="+kind, "data.samples=60", "field.hidden=6", "train.iterations=3"))
		if m, err := task.Metrics(ctx, theta); err != nil || !(m["train_cross_entropy"] > 0) {
			t.Errorf("%s: %v %v", kind, m, err)
		}
	}
	for name, c := range map[string]struct {
		over []string
		want string
	}{
		"shape":   {[]string{"field.kind=conv", "field.shape=[1,2,3]"}, "1 × 2 × 3 has 6 numbers, and the data have 2 columns"},
		"no size": {[]string{"field.kind=conv", "field.shape=[1,2]"}, "want channels, height and width"},
		"absent":  {[]string{"field.kind=conv"}, "field.shape: is required"},
		"even":    {[]string{"field.kind=conv", "field.shape=[1,1,2]", "field.kernel=2"}, "must be odd"},
		"odd":     {[]string{"data.source=lorenz", "field.kind=hamiltonian"}, "needs as many positions as momenta"},
		"single":  {[]string{"field.kind=gated", "precision=float32"}, `"float32" does not work with field.kind = "gated"`},
		"cube":    {[]string{"field.kind=residual", "field.input=cube"}, "field.input: does not apply"},
		"density": {[]string{"task=density", "field.kind=gated"}, `"gated" is for task = "fit" or task = "classify"; choose from mlp`},
		"snopt":   {[]string{"field.kind=gated", "optimizer.kind=snopt"}, "which needs the layers of an mlp"},
	} {
		parsed, err := config.Parse("x", nil, c.over...)
		if err == nil {
			_, err = tasks.New(parsed, 1)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", name, err, c.want)
		}
	}
}

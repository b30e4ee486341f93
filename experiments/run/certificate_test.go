package run_test

import (
	"math"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/run"
	"github.com/costate-go/costate/pmp"
)

func TestFaults(t *testing.T) {
	control, learn, half := config.Default(), config.Default(), config.Default()
	control.Task, control.Problem.Tolerance, half.Precision = "control", 1e-6, "float32"
	shooting, kinked := *control, *learn
	kinked.Field.Activation = "relu"
	shooting.Optimizer.Kind = "shooting"
	for name, tc := range map[string]struct {
		c    *config.Config
		cert pmp.Certificate
		want string
	}{
		"good":             {learn, pmp.Certificate{J: 1, CostateError: 1e-6}, ""},
		"costate":          {learn, pmp.Certificate{CostateError: 1e-4}, "off by 0.0001 relative (limit 1e-05)"},
		"costate, float32": {half, pmp.Certificate{CostateError: 1e-4}, ""},
		"costate, kinks":   {&kinked, pmp.Certificate{CostateError: 1e-3}, ""},
		"kinks, and more":  {&kinked, pmp.Certificate{CostateError: 0.1}, "off by 0.1 relative (limit 0.01)"},
		"not a number":     {learn, pmp.Certificate{Drift: math.NaN()}, "the drift of H is NaN"},
		"infinite":         {learn, pmp.Certificate{J: math.Inf(1)}, "the loss is +Inf"},
		"ends":             {control, pmp.Certificate{Violation: 1e-5}, "missed by 1e-05 (problem.tolerance 1e-06)"},
		"ends met":         {control, pmp.Certificate{Violation: 1e-7}, ""},
		"shooting":         {&shooting, pmp.Certificate{Violation: 1e-2}, ""},
	} {
		got := strings.Join(run.Faults(tc.c, tc.cert), "; ")
		if (tc.want == "") != (got == "") || !strings.Contains(got, tc.want) {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

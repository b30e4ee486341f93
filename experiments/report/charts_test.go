package report_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/report"
	"github.com/costate-go/costate/experiments/rundir"
)

// The chart of the step parameter bears the name that the optimizer gives it, and is left out where nothing ever set the size of a step.
func TestStepChart(t *testing.T) {
	for _, c := range []struct {
		optimizer, want string
		step            rundir.Float
		accepted        bool
	}{
		{"riccati", "ε", 0.5, true},
		{"riccati", "", 0, true},
		{"riccati", "ε", 0, false}, // where the marks of undone trials belong
		{"lbfgs", "step length", 1, true},
		{"gauss-newton", "λ", 1, true},
		{"adam", "learning rate", 1, true},
		{"sgd", "learning rate", 1, true},
	} {
		d, err := rundir.Create("", "x", filepath.Join(t.TempDir(), "x"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			err = errors.Join(err, d.AppendMetrics(&rundir.Metrics{Iteration: i + 1, Loss: 1, StepParameter: c.step, Accepted: c.accepted}))
		}
		if err := errors.Join(err, d.WriteSummary(&rundir.Summary{Name: "x", Optimizer: c.optimizer, Task: map[bool]string{true: "control", false: "fit"}[c.optimizer == "riccati"]}), d.Close()); err != nil {
			t.Fatal(err)
		}
		html := write(t, d.Path(), report.Options{})
		if strings.Contains(html, "training data") == (c.optimizer == "riccati") {
			t.Errorf("%s: the loss is said to be that of training data, or not to", c.optimizer)
		}
		_, chart, drawn := strings.Cut(html, `id="chart-step"`)
		if drawn != (c.want != "") {
			t.Errorf("%+v: drawn %v", c, drawn)
		}
		if chart, _, _ = strings.Cut(chart, "</figure>"); !strings.Contains(chart, c.want) || c.want != "learning rate" && strings.Contains(chart, "learning rate") {
			t.Errorf("%+v:\n%s", c, chart)
		}
	}
}

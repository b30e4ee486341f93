package run

import (
	"context"
	"fmt"
	"math"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/tasks"
	"github.com/costate-go/costate/pmp"
)

// Certify is the certificate of a control on the task's problem. With an error what could not be computed is NaN.
func Certify(ctx context.Context, task tasks.Task, s pmp.Settings, theta []float64) (pmp.Certificate, error) {
	nan := math.NaN()
	lost := pmp.Certificate{J: nan, Residual: nan, Drift: nan, ProjectedGradient: nan, OnBounds: nan, Violation: nan, CostateError: nan}
	w, err := pmp.NewSweeper(task.Problem(), once(s))
	if err != nil {
		return lost, err
	}
	c, err := w.Certify(ctx, theta)
	if err != nil && c.Residual == 0 && c.J == 0 { // not even the states could be integrated
		return lost, err
	}
	if err != nil {
		c.CostateError = nan
	}
	return c, err
}

// once are settings for a single sweep of all samples, which computes values again rather than keep them.
func once(s pmp.Settings) pmp.Settings {
	if s.Costate == pmp.Discrete {
		s.KeepBytes = -1
	}
	return s
}

// GradientTolerance is the largest relative difference between gradients by the costate and by central differences that
// is put down to rounding or, where the dynamics has kinks, to those between the two points of a difference.
func GradientTolerance(c *config.Config) float64 {
	if c.Precision == "float32" || c.Field.Activation == "relu" || c.Field.Output == "relu" || c.Train.Loss == "absolute" {
		return 1e-2
	}
	return 1e-5
}

// Faults says what is wrong with a certificate, one sentence each; none for a control that can be trusted. How close to an
// extremal it is, by residual and drift, is for the reader to judge. After shooting the certificate is that of the control on the
// nodes, which misses what the extremal meets where the control switches between two nodes.
func Faults(c *config.Config, cert pmp.Certificate) []string {
	var out []string
	for _, v := range []struct {
		name  string
		value float64
	}{{"the loss", cert.J}, {"the PMP residual", cert.Residual}, {"the drift of H", cert.Drift}, {"the projected gradient", cert.ProjectedGradient}, {"the costate's error", cert.CostateError}} {
		if math.IsNaN(v.value) || math.IsInf(v.value, 0) {
			out = append(out, fmt.Sprintf("%s is %v, not a finite number", v.name, v.value))
		}
	}
	if limit := GradientTolerance(c); cert.CostateError > limit {
		out = append(out, fmt.Sprintf("the gradient by the costate is off by %.2g relative (limit %g): is the dynamics smooth?", cert.CostateError, limit))
	}
	if limit := c.Problem.Tolerance; c.Task == "control" && c.Optimizer.Kind != "shooting" && cert.Violation > limit {
		out = append(out, fmt.Sprintf("the constraints are missed by %.2g (problem.tolerance %g): raise train.iterations or problem.penalty_growth", cert.Violation, limit))
	}
	return out
}

package ode

import (
	"context"
	"fmt"
	"math"
)

// What an Integrator says when it cannot go on. It stands at the end of the last accepted step then.

func (it *Integrator) fail(r Reason, h, limit float64, component int, cause error) error {
	return &Error{Reason: r, T: it.t, H: h, Norm: it.norm, Component: component, Limit: limit, Stats: it.Stats(), Cause: cause}
}

func (it *Integrator) tooSmall(h, floor float64) error {
	worst, top := -1, 0.0
	x, next := it.stepper.X(), it.stepper.Proposed()
	for i, e := range it.stepper.ErrorEstimate() {
		if r := math.Abs(e) / (it.s.ATol + it.s.RTol*max(math.Abs(x[i]), math.Abs(next[i]))); r > top {
			worst, top = i, r
		}
	}
	return it.fail(StepTooSmall, h, floor, worst, nil)
}

// notConverged reports that the equations of a step could not be solved, unless something is not finite.
func (it *Integrator) notConverged(h float64) error {
	if !allFinite(it.stepper.FirstStage()) {
		return it.notFinite(h)
	}
	return it.fail(NotConverged, h, 0, -1, it.failed)
}

func (it *Integrator) notFinite(h float64) error {
	for _, v := range [][]float64{it.stepper.FirstStage(), it.stepper.Proposed(), it.stepper.ErrorEstimate()} {
		for i := range v {
			if !isFinite(v[i]) {
				return it.fail(NonFinite, h, 0, i, nil)
			}
		}
	}
	return it.fail(NonFinite, h, 0, -1, nil)
}

func (it *Integrator) cancelled(ctx context.Context, cause error) error {
	if why := context.Cause(ctx); why != cause {
		cause = fmt.Errorf("%w: %w", cause, why)
	}
	return it.fail(Cancelled, 0, 0, -1, cause)
}

package tasks

import (
	"context"

	"github.com/costate-go/costate/pmp"
)

// PathConstraint is a constraint along the way at a control: its points in the order of time.
type PathConstraint struct {
	Name     string
	Equality bool
	Points   []pmp.PathPoint
}

// PathConstraints are the values and multipliers of the constraints along the way; those at the end alone are left out.
func (t *Control) PathConstraints(ctx context.Context, theta []float64) ([]PathConstraint, error) {
	if len(t.problem.Paths) == 0 {
		return nil, nil
	}
	_, tr, err := evaluate(ctx, t.problem, t.settings, theta)
	if err != nil {
		return nil, err
	}
	var out []PathConstraint
	for k, c := range t.problem.Paths {
		if !c.End {
			out = append(out, PathConstraint{Name: c.Name, Equality: c.Equality, Points: t.problem.Path(tr, k, 0)})
		}
	}
	return out, nil
}

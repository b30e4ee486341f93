package pictures

import (
	"context"

	"github.com/costate-go/costate/experiments/figures"
	"github.com/costate-go/costate/experiments/tasks"
)

// constraints draws the constraints along the way and their multipliers over time, where there are any.
func constraints(ctx context.Context, t *tasks.Control, theta []float64) ([]*figures.Figure, error) {
	list, err := t.PathConstraints(ctx, theta)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	var values, multipliers []figures.Curve
	for _, c := range list {
		g, mu := figures.Curve{Name: c.Name}, figures.Curve{Name: "μ of " + c.Name}
		for _, p := range c.Points {
			g.X, g.Y = append(g.X, p.T), append(g.Y, p.G)
			mu.X, mu.Y = append(mu.X, p.T), append(mu.Y, p.Mu)
		}
		values, multipliers = append(values, g), append(multipliers, mu)
	}
	values = append(values, figures.Curve{Name: "limit", X: []float64{t.Problem().T0, t.Problem().T1}, Y: []float64{0, 0}, Dashed: true})
	return []*figures.Figure{
		figures.Curves(figures.Axes{
			Name: "constraints", Title: "Constraints along the way", X: "t", Y: "g(t, x, u)",
			Caption: "The constraints along the horizon, each written as g ≤ 0 or g = 0: one that reaches 0 is active there.",
		}, values),
		figures.Curves(figures.Axes{
			Name: "multipliers", Title: "Multipliers of the constraints", X: "t", Y: "μ",
			Caption: "The multipliers μ(t) of the constraints: 0 where g < 0. Where a constraint on the states becomes active μ may have a peak, as high as the mesh is fine.",
		}, multipliers),
	}, nil
}

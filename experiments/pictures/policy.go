package pictures

import (
	"context"
	"math"

	"github.com/costate-go/costate/experiments/figures"
	"github.com/costate-go/costate/experiments/tasks"
)

// policy draws closed loops from some held-out initial states: in the plane of the first two states, and the controls over time.
func policy(ctx context.Context, t *tasks.Policy, theta []float64) ([]*figures.Figure, error) {
	const loops = 12
	names := t.States()
	plane := figures.Plane{X: names[0], Y: names[1], Field: t.Plane(theta), DataName: "initial state", ModelName: "closed loop"}
	var controls []figures.Curve
	for i, x0 := range t.Held() {
		if i == loops {
			break
		}
		times, x, u, err := t.Steer(ctx, theta, x0)
		if err != nil {
			return nil, err
		}
		plane.DataX, plane.DataY = append(plane.DataX, x0[0]), append(plane.DataY, x0[1])
		for _, v := range x {
			plane.ModelX, plane.ModelY = append(plane.ModelX, v[0]), append(plane.ModelY, v[1])
		}
		plane.ModelX, plane.ModelY = append(plane.ModelX, math.NaN()), append(plane.ModelY, math.NaN())
		controls = append(controls, figures.Curve{X: times, Y: u})
	}
	phase := figures.Phase(plane)
	phase.Title, phase.Caption = "Closed loops", "Trajectories from held-out initial states (dots) under the policy, over the closed loop's vector field at t = 0."
	u := figures.Curves(figures.Axes{Name: "controls", Title: "Controls", X: "t", Y: "u", Caption: "What the policy does from the same initial states."}, controls)
	return []*figures.Figure{phase, u}, nil
}

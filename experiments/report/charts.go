package report

import (
	"slices"

	"github.com/costate-go/costate/experiments/page"
	"github.com/costate-go/costate/experiments/rundir"
)

// StepName is what the step parameter is called by an optimizer.
func StepName(optimizer string) string {
	switch optimizer {
	case "emsa":
		return "ρ"
	case "sqh", "batch-pmp", "riccati":
		return "ε"
	case "msa":
		return "‖Δθ‖"
	case "gauss-newton":
		return "λ"
	case "lbfgs", "secant-msa":
		return "step length"
	case "discrete-msa":
		return "α"
	case "", "shooting":
		return "step parameter"
	}
	return "learning rate"
}

func stepCaption(name string) string {
	switch name {
	case "ρ":
		return "The weight ρ of the penalties: larger means smaller updates."
	case "ε":
		return "The weight ε of the proximal term: larger means smaller updates."
	case "α":
		return "The weight α of the past in the averages of H: larger means smaller updates."
	case "λ":
		return "The damping λ: larger means smaller updates."
	case "‖Δθ‖":
		return "The size of the update."
	}
	return "What sets the size of an update: " + name + "."
}

// charts are the columns of the metrics over the iterations.
func (r *record) charts() []page.Chart {
	if len(r.metrics) == 0 {
		return nil
	}
	var k, undone []float64
	for i := range r.metrics {
		m := &r.metrics[i]
		k = append(k, float64(m.Iteration))
		if !m.Accepted || m.Rollbacks > 0 {
			undone = append(undone, float64(m.Iteration))
		}
	}
	line := func(name string, c column) page.Line {
		y := make([]float64, len(k))
		for i := range y {
			y[i] = c(&r.metrics[i])
		}
		return page.Line{Name: name, X: k, Y: y}
	}
	training, validation := line("training", loss), line("held out", held)
	validation.Sparse = true
	lossCaption := "The loss J on the training data and on held-out data."
	switch _, at := least(r.metrics, held); {
	case r.summary != nil && r.summary.Task == "control":
		training.Name, lossCaption = "J", "The cost J; where constraints are still missed it may rise."
	case at < 0:
		lossCaption = "The loss J on the training data."
	}
	step := StepName(r.optimizer())
	var out []page.Chart
	for _, p := range []page.Plan{
		{ID: "loss", Title: "Loss", Caption: lossCaption, Lines: []page.Line{training, validation}, Log: true},
		{ID: "residual", Title: "PMP residual", Caption: "How much the Hamiltonian could still gain, or was raised, in each iteration: 0 at an extremal.", Lines: []page.Line{line("residual", residual)}, Log: true},
		{ID: "hamiltonian", Title: "Hamiltonian", Caption: "H = p·f − L, averaged over time and samples.", Lines: []page.Line{line("H", func(m *rundir.Metrics) float64 { return float64(m.Hamiltonian) })}},
		{ID: "step", Title: "Step parameter", Caption: stepCaption(step), Lines: []page.Line{line(step, func(m *rundir.Metrics) float64 { return float64(m.StepParameter) })}, Log: true, Undone: undone},
		{ID: "gradient", Title: "Gradient", Caption: "The L² norm of ∂J/∂θ over the horizon.", Lines: []page.Line{line("‖∇J‖", func(m *rundir.Metrics) float64 { return float64(m.GradNorm) })}, Log: true},
		{ID: "norm", Title: "Control", Caption: "The L² norm of θ over the horizon: of the parameters, or of a classical control.", Lines: []page.Line{line("‖θ‖", func(m *rundir.Metrics) float64 { return float64(m.ControlNorm) })}},
		{ID: "evaluations", Title: "Evaluations", Caption: "Evaluations of f and of its vector–Jacobian product in an iteration, counted for each shard of the batch.", Lines: []page.Line{
			line("forward", func(m *rundir.Metrics) float64 { return float64(m.NFEForward) }),
			line("backward", func(m *rundir.Metrics) float64 { return float64(m.NFEBackward) }),
		}},
		{ID: "work", Title: "Steps of the solver", Caption: "Steps of all solves of an iteration. More of them over time mean a stiffer vector field.", Lines: []page.Line{
			line("accepted", func(m *rundir.Metrics) float64 { return float64(m.StepsAccepted) }),
			line("rejected", func(m *rundir.Metrics) float64 { return float64(m.StepsRejected) }),
		}},
	} {
		if p.ID == "step" && len(undone) == 0 && !slices.ContainsFunc(p.Lines[0].Y, func(v float64) bool { return v != 0 }) {
			continue // whole steps only: nothing set their size
		}
		if c, visible := page.Draw(p); visible {
			out = append(out, c)
		}
	}
	return out
}

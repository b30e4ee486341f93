package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/experiments/verify"
)

// numbers asks whether all numbers of the iterations are finite.
func (r *record) numbers() check {
	const title = "Finite numbers"
	var lost, other int
	failed := 0
	first := 0
	for i := range r.metrics {
		m := &r.metrics[i]
		switch {
		case !finite(float64(m.Loss)):
			lost++
		case !finite(float64(m.GradNorm)), !finite(float64(m.ControlNorm)), !finite(float64(m.Hamiltonian)), !finite(float64(m.PMPResidual)):
			other++
		default:
			if math.IsInf(float64(m.ValLoss), 0) {
				failed++
			}
			continue
		}
		if first == 0 {
			first = m.Iteration
		}
	}
	switch {
	case lost > 0:
		return check{bad, title, fmt.Sprintf("The loss is not a finite number in %s of %s iterations, first at iteration %d.", count(int64(lost)), count(int64(len(r.metrics))), first),
			"Probably " + "the states blow up: " + r.smaller() + ", or start from smaller weights (field.init_scale)."}
	case other > 0:
		return check{look, title, fmt.Sprintf("The loss is always finite, but gradient, control, Hamiltonian or residual are not in %s of %s iterations, first at iteration %d.", count(int64(other)), count(int64(len(r.metrics))), first),
			"Where they are missing, they were not computed; where they are infinite, " + r.smaller() + "."}
	case failed > 0:
		return check{look, title, fmt.Sprintf("The held-out data could not be integrated in %s validations.", count(int64(failed))),
			"The model leaves the region it was trained on: more data there, or a smoother field (control.l2)."}
	}
	return check{ok, title, "Loss, gradient, control, Hamiltonian and residual are finite in all rows.", ""}
}

// smoothed are rows whose losses are means over as many iterations as a twentieth of all has, where batches make single ones noisy, and
// how many those are; else the rows as they are.
func (r *record) smoothed() (rows []rundir.Metrics, over int) {
	over = len(r.metrics) / 20
	if over < 2 || r.config == nil || r.config.Train.Batch == 0 {
		return r.metrics, 1
	}
	for lo := 0; lo+over <= len(r.metrics); lo += over {
		block := r.metrics[lo : lo+over]
		m := block[over-1]
		m.Loss = 0
		for i := range block {
			m.Loss += block[i].Loss / rundir.Float(over)
		}
		rows = append(rows, m)
	}
	return rows, over
}

// fell asks whether the loss fell, and stayed low.
func (r *record) fell() check {
	const title = "Loss fell"
	rows, over := r.smoothed()
	first := loss(&rows[0])
	v, at := least(rows, loss)
	last := loss(&rows[len(rows)-1])
	if at < 0 || len(rows) < 2 || r.constrained() {
		return check{}
	}
	if over > 1 {
		switch {
		case at == 0:
			return check{bad, title, fmt.Sprintf("No later mean over %d iterations was smaller than the first, %s.", over, number(rundir.Float(first))), "First " + r.smaller() + "; then check the gradients with costate check config.toml."}
		case v > 0 && finite(last) && last > awayFromBest*v:
			return check{look, title, fmt.Sprintf("The last mean over %d iterations, %s, is %.3g times the least one, which ended at iteration %d.", over, number(rundir.Float(last)), last/v, rows[at].Iteration),
				"To end nearer to it, " + r.smaller() + ", or let the learning rate fall (optimizer.schedule) where there is one."}
		default:
			return check{ok, title, fmt.Sprintf("From %s to %s, means over %d iterations.", number(rundir.Float(first)), number(rundir.Float(last)), over), ""}
		}
	}
	if r.summary != nil && finite(float64(r.summary.InitialLoss)) {
		first = float64(r.summary.InitialLoss) // of the first control, which the first iteration may have changed already
	}
	switch {
	case at == 0 && !(v < first):
		return check{bad, title, "No iteration had a smaller loss than the first, " + number(rundir.Float(first)) + ".", "First " + r.smaller() + "; then check the gradients with costate check config.toml."}
	case v > 0 && finite(last) && last > awayFromBest*v:
		return check{look, title, fmt.Sprintf("The last loss, %s, is %.3g times the least one, which was at iteration %d.", number(rundir.Float(last)), last/v, r.metrics[at].Iteration),
			"The best model is kept. To end nearer to it, " + r.smaller() + ", or let the learning rate fall (optimizer.schedule) where there is one."}
	}
	return check{ok, title, fmt.Sprintf("From %s at the first to %s at iteration %d.", number(rundir.Float(first)), number(rundir.Float(v)), r.metrics[at].Iteration), ""}
}

// constrained tells whether the control has constraints to meet: before it does, its loss may be anything.
func (r *record) constrained() bool {
	if r.summary == nil {
		return false
	}
	_, ends := r.summary.Metrics["end_violation"]
	_, way := r.summary.Metrics["path_violation"]
	return ends || way
}

// flat asks whether more iterations would have helped.
func (r *record) flat() check {
	const title = "Loss at the end"
	n := len(r.metrics)
	if n < 10 || r.status != nil && (r.status.State == rundir.Running || r.status.State == rundir.Failed) {
		return check{}
	}
	k := tenth(r.metrics)
	before, at := least(r.metrics[:n-k], loss)
	after, to := least(r.metrics[n-k:], loss)
	if at < 0 || to < 0 {
		return check{}
	}
	fall := (before - after) / max(math.Abs(before), math.SmallestNonzeroFloat64)
	if fall > stillFalling {
		return check{look, title, fmt.Sprintf("Still falling: by %s over the last %d iterations.", percent(fall), k), "More iterations are likely to help: run config.toml again with a larger train.iterations."}
	}
	if fall <= 0 {
		return check{ok, title, fmt.Sprintf("Flat: the last %d iterations did not lower it.", k), ""}
	}
	return check{ok, title, fmt.Sprintf("Nearly flat: it fell by %s over the last %d iterations.", percent(fall), k), ""}
}

// generalizes asks whether the loss on held-out data rises while the training loss falls.
func (r *record) generalizes() check {
	const title = "Held-out loss"
	var rows []rundir.Metrics
	for i := range r.metrics {
		if finite(held(&r.metrics[i])) {
			rows = append(rows, r.metrics[i])
		}
	}
	if len(rows) < 5 {
		return check{}
	}
	v, at := least(rows, held)
	k := tenth(rows)
	end := median(rows[len(rows)-k:], held)
	if v > 0 && end > rising*v && at < len(rows)-k && median(rows[len(rows)-k:], loss) < loss(&rows[at]) {
		return check{look, title, fmt.Sprintf("Rising: it was least at iteration %d, %s, and %.3g times that at the end, while the training loss fell on.", rows[at].Iteration, number(rundir.Float(v)), end/v),
			"Overfitting: stop earlier (train.patience), penalize the control (control.l2), take a smaller network, or more data. The best model is the one with the least held-out loss."}
	}
	return check{ok, title, fmt.Sprintf("Not rising: least at iteration %d, %s.", rows[at].Iteration, number(rundir.Float(v))), ""}
}

// trials asks how much of the work was undone.
func (r *record) trials() check {
	const title = "Trials"
	undone, taken, run := 0, 0, 0
	for i := range r.metrics {
		m := &r.metrics[i]
		undone += m.Rollbacks
		if m.Accepted {
			taken++
			run = 0
			continue
		}
		if m.Rollbacks == 0 {
			undone++
		}
		run++
	}
	share := float64(undone) / float64(max(undone+taken, 1))
	finding := fmt.Sprintf("%s of %s trials were undone (%s).", count(int64(undone)), count(int64(undone+taken)), percent(share))
	switch {
	case taken == 0:
		return check{bad, title, "No trial lowered the loss.", "First " + r.smaller() + "; then check the gradients with costate check config.toml."}
	case undone == 0:
		return check{ok, title, "No trial was undone.", ""}
	case share >= mostTrials:
		return check{bad, title, finding, "Most of the work was lost: " + r.smaller() + "."}
	case share >= manyTrials:
		return check{look, title, finding, "Much of the work was lost: " + r.smaller() + "."}
	case run >= 10:
		return check{look, title, finding + fmt.Sprintf(" The last %d iterations were all undone.", run), "The optimizer is stuck: tighten solver.rtol, or stop here."}
	}
	return check{ok, title, finding, ""}
}

// steps asks how many steps the solver had to repeat.
func (r *record) steps() check {
	const title = "Steps of the solver"
	var taken, rejected int64
	for i := range r.metrics {
		taken += r.metrics[i].StepsAccepted
		rejected += r.metrics[i].StepsRejected
	}
	if taken+rejected <= 0 {
		return check{}
	}
	share := float64(rejected) / float64(taken+rejected)
	finding := fmt.Sprintf("%s of %s steps were rejected (%s).", count(rejected), count(taken+rejected), percent(share))
	const advice = "The vector field changes abruptly: a smoother activation, a penalty (control.l2), a gentler controller (solver.controller = \"pid\"), or knots where the data jump."
	switch {
	case share >= mostSteps:
		return check{bad, title, finding, advice}
	case share >= manySteps:
		return check{look, title, finding, advice}
	case rejected == 0:
		return check{ok, title, "No step was rejected.", ""}
	}
	return check{ok, title, finding, ""}
}

// stiffness asks whether the solver needs more and more steps.
func (r *record) stiffness() check {
	const title = "Work per iteration"
	n := len(r.metrics)
	if n < 10 {
		return check{}
	}
	k := tenth(r.metrics)
	first, last := median(r.metrics[:k], work), median(r.metrics[n-k:], work)
	if !(first > 0) {
		return check{}
	}
	if last > stiffer*first {
		return check{look, title, fmt.Sprintf("The solver needs %.3g times the steps that it needed at first (%.0f, then %.0f).", last/first, first, last),
			"The vector field grows stiff: penalize the control (control.l2), loosen solver.rtol, or shorten the windows."}
	}
	return check{ok, title, fmt.Sprintf("%.0f steps in a typical iteration at first, %.0f at the end.", first, last), ""}
}

// principle asks whether the maximum principle holds better at the end.
func (r *record) principle() check {
	const title = "PMP residual"
	n := len(r.metrics)
	if n < 10 {
		return check{}
	}
	k := tenth(r.metrics)
	first, last := median(r.metrics[:k], residual), median(r.metrics[n-k:], residual)
	if !finite(first) || !finite(last) || first <= 0 {
		return check{look, title, "It was not measured.", ""}
	}
	if r.summary != nil {
		if c := float64(r.summary.PMP.Residual); finite(c) && c > small*last && c > first/fellEnough {
			return check{look, title, fmt.Sprintf("The updates gain less and less, %s at the end, but the best control has a residual of %s.", number(rundir.Float(last)), number(rundir.Float(c))),
				"The residual of the iterations is small because the updates are, not because the maximum principle holds."}
		}
	}
	if last <= 0 {
		return check{ok, title, "It fell from " + number(rundir.Float(first)) + " to 0.", ""}
	}
	fell := first / last
	finding := fmt.Sprintf("From %s in the first to %s in the last iterations.", number(rundir.Float(first)), number(rundir.Float(last)))
	switch {
	case fell >= fellEnough:
		return check{ok, title, "It fell. " + finding, ""}
	case fell > 1:
		return check{look, title, "It fell by less than ten. " + finding, "The control is still far from an extremal, or was near one from the start: more iterations; with mini-batches, larger ones."}
	case fell > 1/fellEnough:
		return check{look, title, "It did not fall. " + finding, "The iterates don't approach an extremal: " + r.smaller() + "; with mini-batches, take larger ones."}
	}
	return check{bad, title, "It rose. " + finding, "The iterates move away from an extremal: " + r.smaller() + "."}
}

// certified repeats what was found at the best control.
func (r *record) certified() check {
	const title = "Certificate"
	if r.summary == nil {
		return check{}
	}
	p := r.summary.PMP
	if r.summary.Method == "" { // discrete time has no path along which H could drift
		return check{}
	}
	if !finite(float64(p.Residual)) || !finite(float64(p.HamiltonianDrift)) {
		return check{look, title, "Residual or drift of the best control could not be computed.", "Its trajectory could not be integrated at the end; see the events."}
	}
	finding := "The best control has a PMP residual of " + number(p.Residual) + ", and H drifts by " + number(p.HamiltonianDrift) + " of its size."
	if k := slices.IndexFunc(r.proof, func(row verify.Row) bool { return row.Name == "stationarity" }); k >= 0 {
		finding += " The largest slope of H inside the bounds is " + r.proof[k].Value + " of what slopes are where nothing is fitted and nothing cancels."
	}
	return check{ok, title, finding, ""}
}

// gradients asks whether the costate gives the gradient that differences give, where the task compared them.
func (r *record) gradients() check {
	const title = "Gradient"
	if r.summary == nil {
		return check{}
	}
	v, has := r.summary.Metrics["costate_error"]
	if !has {
		return check{}
	}
	finding := "By the costate and by differences it differs by " + number(v) + ", relatively."
	const advice = "With solver.rtol tighter, or costate.kind = \"discrete\", it becomes more exact; at a minimum, where the gradient is nearly zero, rounding is all that is left of it."
	switch e := float64(v); {
	case e <= smallMiss:
		return check{ok, title, finding, ""}
	case e <= largeMiss:
		return check{look, title, finding, advice}
	}
	return check{bad, title, finding, advice}
}

// constraints asks whether the constraints hold, at the end and along the way.
func (r *record) constraints() check {
	const title = "Constraints"
	if r.summary == nil || r.config == nil {
		return check{}
	}
	if !r.constrained() {
		return check{}
	}
	v := max(r.summary.Metrics["end_violation"], r.summary.Metrics["path_violation"])
	limit := r.config.Problem.Tolerance
	finding := fmt.Sprintf("The largest miss is %s, where %s is permitted.", number(v), number(rundir.Float(limit)))
	if float64(v) <= limit {
		return check{ok, title, finding, ""}
	}
	return check{look, title, finding, "More iterations (train.iterations), or a larger first penalty (problem.penalty)."}
}

// measured asks whether the task could measure the best control.
func (r *record) measured() check {
	if r.summary == nil {
		return check{}
	}
	var names []string
	for k, v := range r.summary.Metrics {
		if !finite(float64(v)) {
			names = append(names, phrase(k))
		}
	}
	if len(names) == 0 {
		return check{}
	}
	slices.Sort(names)
	return check{look, "Metrics", "Of the best control " + phrase(strings.Join(names, ", ")) + " could not be measured.",
		"The model may blow up over a longer time than that of a training window: train on longer ones (data.window, data.grow_to)."}
}

// warnings counts the events that other checks don't speak of.
func (r *record) warnings() check {
	kinds := map[string]int{}
	for i := range r.events {
		switch k := r.events[i].Kind; k {
		case "rejected", "rollback", "signal", "failure":
		default:
			kinds[phrase(k)]++
		}
	}
	if len(kinds) == 0 {
		return check{}
	}
	var parts []string
	for k, n := range kinds {
		parts = append(parts, fmt.Sprintf("%s (%d)", k, n))
	}
	slices.Sort(parts)
	return check{look, "Events", "There were " + phrase(strings.Join(parts, ", ")) + ".", "The table of events has their texts."}
}

// reproducible asks whether somebody else can get the same numbers.
func (r *record) reproducible() check {
	const title = "Reproducible"
	m := r.manifest
	switch {
	case m == nil:
		return check{look, title, "There is no manifest.json.", "Without it nobody can tell which program and data made these numbers."}
	case m.Modified:
		return check{look, title, "The program was built from a modified working copy: its revision does not say which code ran.", "Build from a commit before you publish these numbers."}
	}
	return check{ok, title, fmt.Sprintf("Configuration, seed (%d) and hashes of the data (%d) are recorded.", m.Seed, len(m.DataHashes)), ""}
}

package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/costate-go/costate/experiments/rundir"
)

// level of a check: what a reader should do about it.
type level string

const (
	ok   level = "OK"
	look level = "look"
	bad  level = "bad"
)

// check is a question asked of a run, with the answer and, where it is not OK, advice.
type check struct {
	Level                  level
	Title, Finding, Advice string
}

// Mark is a sign besides the word and the colour.
func (c check) Mark() string {
	switch c.Level {
	case ok:
		return "✓"
	case look:
		return "!"
	}
	return "✕"
}

// Thresholds. They are meant to let good runs pass: on the way to a minimum an adaptive optimizer rejects about a fifth
// of its trials, and a step-size controller a tenth of its steps.
const (
	manyTrials, mostTrials = 1. / 3, 2. / 3 // share of undone trials
	manySteps, mostSteps   = 0.2, 0.5       // share of rejected steps
	stiffer                = 4.             // growth of the steps per iteration
	fellEnough             = 10.            // fall of the residual
	arrived                = 1e-2           // of the gradient's first norm
	small                  = 1e3            // certified residual over that of the last updates
	stillFalling           = 0.03           // relative fall of the loss over the last tenth
	rising                 = 1.1            // of the held-out loss over its least
	awayFromBest           = 1.5            // final loss over the best
	silent                 = time.Minute    // without a row before one doubts that the run lives …
	silentRows             = 20             // … or so many times the duration of an iteration
)

type column func(*rundir.Metrics) float64

func loss(m *rundir.Metrics) float64     { return float64(m.Loss) }
func held(m *rundir.Metrics) float64     { return float64(m.ValLoss) }
func residual(m *rundir.Metrics) float64 { return float64(m.PMPResidual) }
func work(m *rundir.Metrics) float64     { return float64(m.StepsAccepted + m.StepsRejected) }

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// least is the smallest finite value of a column and its row, or −1.
func least(rows []rundir.Metrics, c column) (v float64, at int) {
	v, at = math.Inf(1), -1
	for i := range rows {
		if x := c(&rows[i]); finite(x) && x < v {
			v, at = x, i
		}
	}
	return v, at
}

// median of the finite values of a column; NaN where there are none.
func median(rows []rundir.Metrics, c column) float64 {
	var v []float64
	for i := range rows {
		if x := c(&rows[i]); finite(x) {
			v = append(v, x)
		}
	}
	if len(v) == 0 {
		return math.NaN()
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// tenth is the number of rows at the beginning and the end that are compared.
func tenth(rows []rundir.Metrics) int { return max(len(rows)/10, min(len(rows)/2, 3)) }

// health asks a run what an experienced reader would ask.
func (r *record) health(now time.Time) []check {
	var list []check
	add := func(c check) {
		if c.Title != "" {
			list = append(list, c)
		}
	}
	add(r.ended(now))
	for _, d := range r.damaged {
		add(check{bad, "Files", d, "This part is missing below. A run that is resumed writes its rows anew from its last checkpoint on."})
	}
	if len(r.metrics) > 0 {
		add(r.numbers())
		add(r.fell())
		add(r.flat())
		add(r.generalizes())
		add(r.trials())
		add(r.steps())
		add(r.stiffness())
		add(r.principle())
	}
	add(r.certified())
	add(r.warnings())
	add(r.reproducible())
	return list
}

func (r *record) ended(now time.Time) check {
	const title = "State"
	if r.status == nil {
		return check{look, title, "There is no status.json.", "The run did not get as far as its first iteration."}
	}
	switch s := r.status; s.State {
	case rundir.Complete:
		switch s.Reason {
		case "no-progress":
			return r.stuck()
		case "max-seconds":
			return check{look, title, reason(s), "To let it go on longer, raise train.max_seconds."}
		}
		return check{ok, title, reason(s), ""}
	case rundir.Interrupted:
		return check{look, title, "The run was interrupted after iteration " + count(int64(s.Iteration)) + "; everything is saved.", "The command on top continues it bit for bit."}
	case rundir.Failed:
		return check{bad, title, "The run failed at iteration " + count(int64(s.Iteration)) + ": " + phrase(s.Reason), r.rescue()}
	case rundir.Running:
		pause := silent
		began := r.written
		if n := len(r.metrics); n > 0 {
			per := float64(r.metrics[n-1].WallSeconds) / float64(n)
			if finite(per) && per < 1e6 {
				pause = max(pause, time.Duration(silentRows*per*float64(time.Second)))
			}
		} else if t, err := time.Parse(time.RFC3339, s.Updated); err == nil {
			began = t
		}
		if quiet := now.Sub(began); !began.IsZero() && quiet > pause {
			return check{look, title, "The last row of metrics.jsonl is " + quiet.Round(time.Second).String() + " old, and the run did not say that it ended.",
				fmt.Sprintf("If process %d is gone, the run was killed: the command on top continues it from its last checkpoint.", s.PID)}
		}
		return check{ok, title, "The run is going on.", ""}
	default:
		return check{bad, title, fmt.Sprintf("Unknown state %q.", phrase(string(s.State))), "Another version of the program may have written it."}
	}
}

// stuck tells an optimizer that arrived from one that cannot go on.
func (r *record) stuck() check {
	const title = "State"
	first, last := math.NaN(), math.NaN()
	for i := range r.metrics {
		if g := float64(r.metrics[i].GradNorm); finite(g) {
			if math.IsNaN(first) {
				first = g
			}
			last = g
		}
	}
	finding := reasons["no-progress"]
	if first > 0 {
		finding += fmt.Sprintf(" The gradient's norm is %s of its first value.", percent(last/first))
		if last < arrived*first {
			return check{ok, title, finding, ""}
		}
	}
	return check{look, title, finding, "Unless the control sits on its bounds it did not arrive: the steps of the solver may change from trial to trial (tighten solver.rtol), or the updates ask too much of the model at once (" + r.smaller() + ")."}
}

// rescue is advice after a failure.
func (r *record) rescue() string {
	switch text := strings.ToLower(r.status.Reason); {
	case strings.Contains(text, "not finite"), strings.Contains(text, "too small"), strings.Contains(text, "blow"):
		return "The states blow up under this control: " + r.smaller() + ", start from smaller weights (field.init_scale), or shorten the horizon."
	case strings.Contains(text, "steps"):
		return "The vector field has become stiff: raise solver.max_steps, loosen solver.rtol, or " + r.smaller() + "."
	}
	return "log.jsonl and the events below tell more."
}

// smaller says how updates of the present optimizer are made smaller.
func (r *record) smaller() string {
	switch r.optimizer() {
	case "emsa":
		return "take smaller updates (raise optimizer.rho)"
	case "sqh":
		return "take smaller updates (raise optimizer.epsilon)"
	case "msa":
		return "take an optimizer that tests its updates (optimizer.kind = \"emsa\" or \"sqh\")"
	case "lbfgs":
		return "give the line search better numbers (tighten solver.rtol)"
	}
	return "take smaller updates (lower optimizer.learning_rate)"
}

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

func (r *record) fell() check {
	const title = "Loss fell"
	first := loss(&r.metrics[0])
	v, at := least(r.metrics, loss)
	last := loss(&r.metrics[len(r.metrics)-1])
	if at < 0 || len(r.metrics) < 2 {
		return check{}
	}
	switch {
	case at == 0:
		return check{bad, title, "No iteration had a smaller loss than the first, " + number(rundir.Float(first)) + ".", "First " + r.smaller() + "; then check the gradients with costate check config.toml."}
	case v > 0 && finite(last) && last > awayFromBest*v:
		return check{look, title, fmt.Sprintf("The last loss, %s, is %.3g times the least one, which was at iteration %d.", number(rundir.Float(last)), last/v, r.metrics[at].Iteration),
			"The best model is kept. To end nearer to it, " + r.smaller() + ", or let the learning rate fall (optimizer.schedule) where there is one."}
	}
	return check{ok, title, fmt.Sprintf("From %s at the first to %s at iteration %d.", number(rundir.Float(first)), number(rundir.Float(v)), r.metrics[at].Iteration), ""}
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

func (r *record) certified() check {
	const title = "Certificate"
	if r.summary == nil {
		return check{}
	}
	p := r.summary.PMP
	if !finite(float64(p.Residual)) || !finite(float64(p.HamiltonianDrift)) {
		return check{look, title, "Residual or drift of the best control could not be computed.", "Its trajectory could not be integrated at the end; see the events."}
	}
	return check{ok, title, "The best control has a PMP residual of " + number(p.Residual) + ", and H drifts by " + number(p.HamiltonianDrift) + " of its size.", ""}
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

func (r *record) reproducible() check {
	const title = "Reproducible"
	m := r.manifest
	switch {
	case m == nil:
		return check{look, title, "There is no manifest.json.", "Without it nobody can tell which program and data made these numbers."}
	case m.Modified:
		return check{look, title, "The program was built from a modified working copy: its revision does not say which code ran.", "Build from a commit before you publish these numbers."}
	}
	return check{ok, title, fmt.Sprintf("config.toml, seed %d and %d data hashes are recorded.", m.Seed, len(m.DataHashes)), ""}
}

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
	smallMiss, largeMiss   = 1e-4, 1e-2     // relative error of the gradient
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
	add(r.gradients())
	add(r.constraints())
	add(r.measured())
	add(r.warnings())
	add(r.reproducible())
	return list
}

// ended asks how the run came to its end, or whether it still goes on.
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
		return check{bad, title, "The run failed after iteration " + count(int64(s.Iteration)) + ", for the reason that stands on top.", r.rescue()}
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
			return check{look, title, "Nothing was written for " + quiet.Round(time.Second).String() + ", and the run did not say that it ended.",
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
	case "shooting":
		return "cut the arcs into more pieces (raise optimizer.nodes)"
	case "lbfgs":
		return "give the line search better numbers (tighten solver.rtol)"
	case "gauss-newton":
		return "take smaller updates (raise optimizer.damping)"
	}
	return "take smaller updates (lower optimizer.learning_rate)"
}

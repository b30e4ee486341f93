package report

import (
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/experiments/verify"
)

// healthy is a run of which nothing is to be said; change alters its rows.
func healthy(n int, change func(i int, m *rundir.Metrics)) *record {
	r := &record{
		status:   &rundir.Status{State: rundir.Complete, Reason: "iterations", Iteration: n},
		manifest: &rundir.Manifest{Seed: 1},
		summary:  &rundir.Summary{Method: "tsit5", Optimizer: "emsa", Iterations: n},
		config:   config.Default(),
	}
	r.config.Problem.Tolerance = 1e-6
	for i := range n {
		decay := math.Exp(-20*float64(i)/float64(n)) + 1e-6
		m := rundir.Metrics{Iteration: i + 1, WallSeconds: rundir.Float(i + 1), Loss: rundir.Float(decay), ValLoss: rundir.Float(2 * decay), PMPResidual: rundir.Float(decay), GradNorm: rundir.Float(decay),
			Accepted: true, StepsAccepted: 100, StepsRejected: 5}
		if change != nil {
			change(i, &m)
		}
		r.metrics = append(r.metrics, m)
	}
	if n > 0 {
		r.summary.InitialLoss = r.metrics[0].Loss
	}
	return r
}

func TestHealthy(t *testing.T) {
	list := healthy(100, nil).health(time.Now())
	if len(list) < 9 {
		t.Errorf("only %d checks", len(list))
	}
	for _, c := range list {
		if c.Level != ok || c.Advice != "" || c.Finding == "" {
			t.Errorf("%+v", c)
		}
	}
}

func TestHealth(t *testing.T) {
	nan, inf := rundir.Float(math.NaN()), rundir.Float(math.Inf(1))
	run := func(change func(i int, m *rundir.Metrics)) *record { return healthy(100, change) }
	with := func(change func(r *record)) *record {
		r := healthy(100, nil)
		change(r)
		return r
	}
	batches := func(change func(i int, m *rundir.Metrics)) *record {
		r := healthy(100, change)
		r.config.Train.Batch = 10
		return r
	}
	for _, c := range []struct {
		name  string
		r     *record
		title string
		level level
		says  string
	}{
		{"loss not finite", run(func(i int, m *rundir.Metrics) {
			if i == 30 {
				m.Loss = nan
			}
		}), "Finite numbers", bad, "in 1 of 100 iterations, first at iteration 31"},
		{"residual not finite", run(func(i int, m *rundir.Metrics) {
			if i > 97 {
				m.PMPResidual = inf
			}
		}), "Finite numbers", look, "in 2 of 100"},
		{"validation fails", run(func(i int, m *rundir.Metrics) {
			if i == 3 {
				m.ValLoss = inf
			}
		}), "Finite numbers", look, "1 validations"},
		{"loss never fell", run(func(i int, m *rundir.Metrics) { m.Loss = rundir.Float(1 + i) }), "Loss fell", bad, "smaller loss than the first"},
		{"loss rose again", run(func(i int, m *rundir.Metrics) {
			if i > 90 {
				m.Loss = 0.5
			}
		}), "Loss fell", look, "times the least"},
		{"one iteration was enough", with(func(r *record) {
			r.summary.InitialLoss = 5
			for i := range r.metrics {
				r.metrics[i].Loss = 1
			}
		}), "Loss fell", ok, "From 5 at the first to 1 at iteration 1"},
		{"noisy batches", batches(func(i int, m *rundir.Metrics) { m.Loss = rundir.Float(1 - 0.009*float64(i) + 0.09*float64(i%2)) }), "Loss fell", ok, "means over 5 iterations"},
		{"batches rise again", batches(func(i int, m *rundir.Metrics) { m.Loss = rundir.Float(math.Abs(float64(i - 50))) }), "Loss fell", look, "The last mean over 5 iterations, 47, is "},
		{"batches never fall", batches(func(i int, m *rundir.Metrics) { m.Loss = rundir.Float(1 + i) }), "Loss fell", bad, "No later mean over 5 iterations was smaller than the first, 3."},
		{"loss negative", run(func(i int, m *rundir.Metrics) { m.Loss = -rundir.Float(min(i, 50)) }), "Loss fell", ok, "From 0 at the first to −50"},
		{"loss still falling", run(func(i int, m *rundir.Metrics) { m.Loss = rundir.Float(math.Pow(0.97, float64(i))) }), "Loss at the end", look, "Still falling: by 26.3\u00a0% over the last 10"},
		{"held out rises", run(func(i int, m *rundir.Metrics) { m.ValLoss = rundir.Float(1 + math.Abs(float64(i)-30)/100) }), "Held-out loss", look, "least at iteration 31, 1, and 1.65 times"},
		{"held out rises with the loss", run(func(i int, m *rundir.Metrics) {
			m.Loss = rundir.Float(1 + math.Abs(float64(i)-30)/100)
			m.ValLoss = m.Loss
		}), "Held-out loss", ok, "Not rising"},
		{"a third of the trials", run(func(i int, m *rundir.Metrics) {
			if m.Accepted = i%5 > 1; !m.Accepted {
				m.Rollbacks = 1
			}
		}), "Trials", look, "40 of 100 trials were undone (40\u00a0%)"},
		{"line search", run(func(i int, m *rundir.Metrics) { m.Rollbacks = 3 }), "Trials", bad, "300 of 400"},
		{"no trial", run(func(i int, m *rundir.Metrics) { m.Accepted = false }), "Trials", bad, "No trial lowered"},
		{"stuck at the end", run(func(i int, m *rundir.Metrics) { m.Accepted = i < 85 }), "Trials", look, "last 15 iterations"},
		{"rejected steps", run(func(i int, m *rundir.Metrics) { m.StepsRejected = 50 }), "Steps of the solver", look, "33.3\u00a0%"},
		{"mostly rejected steps", run(func(i int, m *rundir.Metrics) { m.StepsRejected = 150 }), "Steps of the solver", bad, "60\u00a0%"},
		{"stiff", run(func(i int, m *rundir.Metrics) { m.StepsAccepted = int64(100 + 10*i) }), "Work per iteration", look, "times the steps"},
		{"residual stays", run(func(i int, m *rundir.Metrics) { m.PMPResidual = 1 }), "PMP residual", look, "It did not fall"},
		{"residual hardly falls", run(func(i int, m *rundir.Metrics) { m.PMPResidual = rundir.Float(1 - float64(i)/200) }), "PMP residual", look, "less than ten"},
		{"residual rises", run(func(i int, m *rundir.Metrics) { m.PMPResidual = rundir.Float(math.Exp(float64(i) / 10)) }), "PMP residual", bad, "It rose"},
		{"residual unknown", run(func(i int, m *rundir.Metrics) { m.PMPResidual = nan }), "PMP residual", look, "not measured"},
		{"residual small only in the iterations", with(func(r *record) { r.summary.PMP.Residual = 0.5 }), "PMP residual", look, "the best control has a residual of 0.5"},
		{"slopes of H", with(func(r *record) { r.proof = []verify.Row{{Name: "stationarity", Value: "2e-05"}} }), "Certificate", ok, "The largest slope of H inside the bounds is 2e-05"},
		{"no certificate", with(func(r *record) { r.summary.PMP.Residual = nan }), "Certificate", look, "could not be computed"},
		{"gradients agree", with(func(r *record) { r.summary.Metrics = map[string]rundir.Float{"costate_error": 1e-8} }), "Gradient", ok, "1e−08"},
		{"gradients differ a little", with(func(r *record) { r.summary.Metrics = map[string]rundir.Float{"costate_error": 1e-3} }), "Gradient", look, "0.001"},
		{"gradients differ", with(func(r *record) { r.summary.Metrics = map[string]rundir.Float{"costate_error": nan} }), "Gradient", bad, "differs by –"},
		{"end conditions hold", with(func(r *record) { r.summary.Metrics = map[string]rundir.Float{"end_violation": 1e-7} }), "Constraints", ok, "1e−07, where 1e−06"},
		{"end conditions don't hold", with(func(r *record) { r.summary.Metrics = map[string]rundir.Float{"end_violation": 1e-5} }), "Constraints", look, "1e−05"},
		{"constraints along the way don't hold", with(func(r *record) {
			r.summary.Metrics = map[string]rundir.Float{"end_violation": 1e-7, "path_violation": 1e-2}
		}), "Constraints", look, "0.01"},
		{"no metric", with(func(r *record) { r.summary.Metrics = map[string]rundir.Float{"b": nan, "a": inf, "c": 1} }), "Metrics", look, "a, b could not"},
		{"arrived", with(func(r *record) { r.status.Reason = "no-progress" }), "State", ok, "less than 0.01\u00a0% of its first value"},
		{"did not arrive", with(func(r *record) {
			r.status.Reason = "no-progress"
			for i := range r.metrics {
				r.metrics[i].GradNorm = 3
			}
		}), "State", look, "100\u00a0% of its first value"},
		{"failed", with(func(r *record) { r.status.State, r.status.Reason = rundir.Failed, "needs more than 10 steps" }), "State", bad, "failed after iteration 100"},
		{"warnings", with(func(r *record) { r.events = []rundir.Event{{Kind: "rejected"}, {Kind: "warning"}, {Kind: "warning"}} }), "Events", look, "warning (2)."},
		{"modified program", with(func(r *record) { r.manifest.Modified = true }), "Reproducible", look, "modified working copy"},
		{"no manifest", with(func(r *record) { r.manifest = nil }), "Reproducible", look, "no manifest"},
	} {
		t.Run(c.name, func(t *testing.T) {
			list := c.r.health(time.Now())
			i := slices.IndexFunc(list, func(x check) bool { return x.Title == c.title })
			if i < 0 {
				t.Fatalf("no check of %s: %+v", c.title, list)
			}
			if got := list[i]; got.Level != c.level || !strings.Contains(got.Finding, c.says) || (got.Advice == "") != (c.level == ok) && c.name != "residual unknown" {
				t.Errorf("%+v", got)
			}
		})
	}
}

// Under constraints the first loss may be the least one of all: nothing was driven anywhere yet.
func TestLossUnderConstraints(t *testing.T) {
	for _, violation := range []string{"end_violation", "path_violation"} {
		r := healthy(100, func(i int, m *rundir.Metrics) { m.Loss = rundir.Float(min(i, 50)) })
		r.summary.Metrics = map[string]rundir.Float{violation: 1e-9}
		for _, c := range r.health(time.Now()) {
			if c.Title == "Loss fell" || c.Level == bad {
				t.Errorf("%s: %+v", violation, c)
			}
		}
	}
}

// A killed process cannot say that it ended.
func TestSilentRun(t *testing.T) {
	r := healthy(10, nil)
	now := time.Now()
	r.status.State, r.status.PID = rundir.Running, 4711
	for quiet, want := range map[time.Duration]level{time.Second: ok, 19 * time.Second: ok, 10 * time.Minute: look} { // an iteration takes a second
		r.written = now.Add(-quiet)
		if c := r.ended(now); c.Level != want || want == look && !strings.Contains(c.Advice, "4711") {
			t.Errorf("quiet for %v: %+v", quiet, c)
		}
	}
	r.metrics[9].WallSeconds = 1000 // an iteration takes 100 seconds
	if c := r.ended(now); c.Level != ok {
		t.Errorf("slow iterations: %+v", c)
	}
}

func TestFewRows(t *testing.T) {
	for n := range 12 {
		r := healthy(n, func(_ int, m *rundir.Metrics) {
			*m = rundir.Metrics{Loss: rundir.Float(math.NaN()), ValLoss: rundir.Float(math.Inf(1))}
		})
		r.health(time.Now())
		if c := r.charts(); n > 0 && len(c) == 0 {
			t.Errorf("%d rows: no charts", n)
		}
		(&record{metrics: r.metrics}).health(time.Now())
	}
}

// Advice that names a key of the configuration names one that exists.
func TestAdviceNamesKeys(t *testing.T) {
	known := map[string]bool{}
	for _, k := range config.Keys() {
		known[k.Path] = true
	}
	for _, file := range []string{"health.go", "checks.go", "report.go"} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range regexp.MustCompile(`\b(data|problem|field|control|solver|costate|optimizer|train|report)\.[a-z][a-z_0-9]*`).FindAllString(string(b), -1) {
			if !known[k] && k != "report.html" && k != "report.gohtml" {
				t.Errorf("%s: there is no key %s", file, k)
			}
		}
	}
}

// In discrete time there is no certificate to ask for.
func TestHealthInDiscreteTime(t *testing.T) {
	r := &record{summary: &rundir.Summary{}}
	if got := r.certified(); got != (check{}) {
		t.Errorf("%+v", got)
	}
}

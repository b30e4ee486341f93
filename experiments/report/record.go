package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/panels"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/experiments/verify"
)

// record is what a run directory says. What is missing is nil or empty.
type record struct {
	dir      string
	text     string         // of config.toml
	config   *config.Config // nil also where this version cannot read it
	manifest *rundir.Manifest
	status   *rundir.Status
	summary  *rundir.Summary
	metrics  []rundir.Metrics
	written  time.Time // when metrics.jsonl last changed
	events   []rundir.Event
	pictures []picture
	panels   *panels.Set
	proof    []verify.Row // of certificate.json
	damaged  []string     // complaints about files
}

// load reads a run directory as far as it can be read.
func load(dir string) (*record, error) {
	r := &record{dir: dir}
	if _, err := os.ReadDir(dir); err != nil {
		return nil, err
	}
	found := false
	note := func(err error) bool {
		found = found || !errors.Is(err, fs.ErrNotExist)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			r.damaged = append(r.damaged, phrase(err.Error()))
		}
		return err == nil
	}
	path := filepath.Join(dir, rundir.ConfigFile)
	if b, err := os.ReadFile(path); note(err) {
		r.text = strings.ToValidUTF8(string(b), "\uFFFD")
		if len(r.text) > maxText {
			r.text = strings.ToValidUTF8(r.text[:maxText], "") + "\n… (cut off here; the file has it all)"
		}
		if c, err := config.Load(path); err == nil { // if not, an older version of the program wrote it
			r.config = c
		}
	}
	var err error
	r.manifest, err = rundir.ReadManifest(dir)
	note(err)
	r.status, err = rundir.ReadStatus(dir)
	note(err)
	r.summary, err = rundir.ReadSummary(dir)
	note(err)
	if r.status != nil && r.status.State == rundir.Running {
		r.summary = nil // of before the run was resumed
	}
	r.metrics, err = rundir.ReadMetrics(dir)
	note(err)
	if info, err := os.Stat(filepath.Join(dir, rundir.MetricsFile)); err == nil {
		r.written = info.ModTime()
	}
	r.events, err = rundir.ReadEvents(dir)
	note(err)
	if !found {
		return nil, fmt.Errorf("%s is not a run directory: it has no %s: %w", dir, rundir.ConfigFile, fs.ErrNotExist)
	}
	set, err := panels.Read(filepath.Join(dir, rundir.Figures))
	if !note(err) || set == nil {
		set = &panels.Set{}
	}
	r.panels = set
	r.proof, err = readCertificate(dir)
	note(err)
	r.pictures, err = readPictures(filepath.Join(dir, rundir.Figures))
	note(err)
	return r, nil
}

func (r *record) name() string {
	switch {
	case r.summary != nil && r.summary.Name != "":
		return r.summary.Name
	case r.config != nil && r.config.Name != "":
		return r.config.Name
	}
	if abs, err := filepath.Abs(r.dir); err == nil {
		return filepath.Base(abs)
	}
	return filepath.Base(r.dir)
}

func (r *record) optimizer() string {
	switch {
	case r.summary != nil:
		return r.summary.Optimizer
	case r.config != nil:
		return r.config.Optimizer.Kind
	}
	return ""
}

// about is the subtitle: what is solved, and with what.
func (r *record) about() string {
	var task, optimizer, method, costate string
	switch {
	case r.summary != nil:
		task, optimizer, method, costate = r.summary.Task, r.summary.Optimizer, r.summary.Method, r.summary.Costate
	case r.config != nil:
		task, optimizer, method, costate = r.config.Task, r.config.Optimizer.Kind, r.config.Solver.Method, r.config.Costate.Kind
	default:
		return ""
	}
	text := fmt.Sprintf("task %s · optimizer %s", task, optimizer)
	if method == "" {
		return text + " · discrete time"
	}
	return fmt.Sprintf("%s · method %s · costate %s", text, method, costate)
}

// results are the numbers on top: of the run as a whole and of its task.
func (r *record) results() (cards, metrics []card) {
	if r.summary == nil {
		return r.progress(), nil
	}
	s := r.summary
	cards = []card{
		{"Best loss", number(s.BestLoss), fmt.Sprintf("at iteration %s of %s", count(int64(s.BestIteration)), count(int64(s.Iterations)))},
		{"First → last loss", number(s.InitialLoss) + " → " + number(s.FinalLoss), ""},
		{"PMP residual", number(s.PMP.Residual), "what H could still gain; 0 at an extremal"},
		{"Drift of H", number(s.PMP.HamiltonianDrift), "0 where nothing depends on time"},
		{"Wall time", seconds(s.WallSeconds), perIteration(s)},
		{"Evaluations", count(s.NFE.Forward + s.NFE.Backward), count(s.NFE.Forward) + " forward, " + count(s.NFE.Backward) + " backward"},
		{"Solver steps", count(s.Steps.Accepted), count(s.Steps.Rejected) + " more rejected"},
		{"Parameters", count(int64(s.Params)), memory(s.PeakRSSBytes)},
	}
	names := make([]string, 0, len(s.Metrics))
	for k := range s.Metrics {
		names = append(names, k)
	}
	slices.Sort(names)
	for _, k := range names {
		metrics = append(metrics, card{phrase(k), number(s.Metrics[k]), meanings[k]})
	}
	return cards, metrics
}

// meanings of the tasks' metrics whose names don't say it all.
var meanings = map[string]string{
	"cost":                 "J of the best control",
	"reference":            "the known optimum",
	"gap":                  "cost − reference",
	"on_bounds":            "share of the control on a bound",
	"projected_gradient":   "L² norm; 0 at an extremal",
	"costate_error":        "∇J against differences, relative",
	"end_violation":        "largest miss of an end condition",
	"stationarity":         "largest slope of H inside the bounds, relative",
	"complementarity":      "largest slope of H from a bound to the inside, relative",
	"final_hamiltonian":    "H(t1) = −∂J/∂t1",
	"transversality":       "p(t1) against the multipliers",
	"least_multiplier":     "of the constraints along the way; not negative",
	"path_complementarity": "Σ w μ |g| of the constraints along the way",
	"path_violation":       "largest miss of a constraint along the way",
	"trajectory_mae":       "mean |error|, whole series from its start",
	"trajectory_rmse":      "root mean square, whole series",
	"truth_mae":            "mean |error| to the noiseless series",
	"truth_rmse":           "root mean square to the noiseless series",
}

func perIteration(s *rundir.Summary) string {
	if s.Iterations < 1 {
		return ""
	}
	return seconds(s.WallSeconds/rundir.Float(s.Iterations)) + " an iteration"
}

func memory(bytes int64) string {
	if bytes <= 0 {
		return ""
	}
	return fmt.Sprintf("peak memory %.0f MiB", float64(bytes)/(1<<20))
}

// progress is what can be said before there is a summary.
func (r *record) progress() []card {
	n := len(r.metrics)
	if n == 0 {
		return nil
	}
	last := r.metrics[n-1]
	of := ""
	if r.config != nil {
		of = "of " + count(int64(r.config.Train.Iterations))
	}
	cards := []card{{"Iteration", count(int64(last.Iteration)), of}}
	if v, at := least(r.metrics, loss); at >= 0 {
		cards = append(cards, card{"Least loss", number(rundir.Float(v)), fmt.Sprintf("at iteration %s", count(int64(r.metrics[at].Iteration)))})
	}
	return append(cards, card{"Last loss", number(last.Loss), ""}, card{"PMP residual", number(last.PMPResidual), "of the last iteration"},
		card{"Wall time", seconds(last.WallSeconds), ""})
}

// table is the last iterations.
func (r *record) table() (columns []string, rows [][]string) {
	columns = []string{"iteration", "time", "loss", "validation", StepName(r.optimizer()), "accepted", "‖∇J‖", "‖θ‖", "H", "PMP residual", "evaluations", "steps", "rejected steps"}
	for _, m := range r.metrics[max(len(r.metrics)-maxRows, 0):] {
		accepted := "yes"
		if !m.Accepted {
			accepted = "no"
		}
		rows = append(rows, []string{
			count(int64(m.Iteration)), seconds(m.WallSeconds), number(m.Loss), number(m.ValLoss), number(m.StepParameter), accepted, number(m.GradNorm),
			number(m.ControlNorm), number(m.Hamiltonian), number(m.PMPResidual), count(m.NFEForward + m.NFEBackward), count(m.StepsAccepted), count(m.StepsRejected),
		})
	}
	return columns, rows
}

// circumstances are the manifest as a table.
func (r *record) circumstances() []pair {
	m := r.manifest
	if m == nil {
		return nil
	}
	revision := m.Revision
	if revision != "" && m.Modified {
		revision += ", modified"
	}
	quoted := make([]string, len(m.CommandLine))
	for i, a := range m.CommandLine {
		quoted[i] = quote(a)
	}
	out := []pair{
		{"Version", m.Version}, {"Revision", revision}, {"Go", m.Go}, {"System", m.OS + "/" + m.Arch}, {"Processors", fmt.Sprint(m.CPUs)},
		{"Processor features", strings.Join(m.CPUFeatures, ", ")}, {"Threads", fmt.Sprint(m.Threads)}, {"Seed", fmt.Sprint(m.Seed)},
		{"Configuration hash", m.ConfigHash}, {"Command line", strings.Join(quoted, " ")}, {"Started", m.Started},
	}
	sources := make([]string, 0, len(m.DataHashes))
	for k := range m.DataHashes {
		sources = append(sources, k)
	}
	slices.Sort(sources)
	for _, k := range sources {
		out = append(out, pair{"SHA-256 of " + k, m.DataHashes[k]})
	}
	out = slices.DeleteFunc(out, func(p pair) bool { return p.Value == "" })
	for i := range out {
		out[i].Key, out[i].Value = phrase(out[i].Key), phrase(out[i].Value)
	}
	return out
}

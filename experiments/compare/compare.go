// Package compare sets runs side by side: a table of their results, the settings in which they differ, and their curves over
// iterations, evaluations and seconds, as text, CSV, figures and one self-contained page.
package compare

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/rundir"
)

// Entry is one run.
type Entry struct {
	Label   string // unique among the entries
	Dir     string
	State   rundir.State
	Summary *rundir.Summary // of what there is so far where the run is not over
	Config  *config.Config
	Metrics []rundir.Metrics
}

// Read reads a run directory; the run may be going on.
func Read(dir string) (*Entry, error) {
	if err := rundir.Exists(dir); err != nil {
		return nil, err
	}
	c, err := config.Load(filepath.Join(dir, rundir.ConfigFile))
	if err != nil {
		return nil, err
	}
	e := &Entry{Label: c.Name, Dir: dir, Config: c, State: "unknown"}
	if s, err := rundir.ReadStatus(dir); err == nil {
		e.State = s.State
	}
	if e.Metrics, err = rundir.ReadMetrics(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if e.Summary, err = rundir.ReadSummary(dir); err != nil || e.State == rundir.Running {
		e.Summary = soFar(c, e.Metrics)
	}
	return e, nil
}

// soFar is a summary of a run that is not over.
func soFar(c *config.Config, rows []rundir.Metrics) *rundir.Summary {
	nan := rundir.Float(math.NaN())
	s := &rundir.Summary{Name: c.Name, Task: c.Task, Optimizer: c.Optimizer.Kind, Costate: c.Costate.Kind, Method: c.Solver.Method, Seed: c.Seed,
		StopReason: "running", InitialLoss: nan, FinalLoss: nan, BestLoss: nan, WallSeconds: nan}
	s.PMP.Residual, s.PMP.HamiltonianDrift = nan, nan
	for i := range rows {
		m := &rows[i]
		if i == 0 {
			s.InitialLoss, s.BestLoss, s.BestIteration = m.Loss, m.Loss, m.Iteration
		}
		if m.Loss < s.BestLoss {
			s.BestLoss, s.BestIteration = m.Loss, m.Iteration
		}
		s.Iterations, s.FinalLoss, s.WallSeconds = m.Iteration, m.Loss, m.WallSeconds
		s.NFE.Forward += m.NFEForward
		s.NFE.Backward += m.NFEBackward
		s.Steps.Accepted += m.StepsAccepted
		s.Steps.Rejected += m.StepsRejected
	}
	return s
}

// Label gives every entry a label of its own: its name, the name of its directory where names repeat, else a number as well.
func Label(entries []*Entry) {
	seen := map[string]int{}
	for _, e := range entries {
		seen[e.Label]++
	}
	for _, e := range entries {
		if seen[e.Label] > 1 {
			if abs, err := filepath.Abs(e.Dir); err == nil {
				e.Label = filepath.Base(abs)
			}
		}
	}
	taken := map[string]bool{}
	for _, e := range entries {
		label := e.Label
		for k := 2; taken[e.Label]; k++ {
			e.Label = fmt.Sprintf("%s #%d", label, k)
		}
		taken[e.Label] = true
	}
}

// Number is a cell of a table: a number, or a text where it is none.
type Number struct {
	Value float64
	Text  string
}

func number(v float64) Number { return Number{v, fmt.Sprintf("%.6g", v)} }
func whole[T int | int64](v T) Number {
	return Number{float64(v), fmt.Sprint(v)}
}
func word(s string) Number { return Number{math.NaN(), s} }

// Columns of the tables: what every run has, then the metrics of the tasks.
func Columns(entries []*Entry) (names []string, rows [][]Number) {
	names = []string{"run", "optimizer", "iterations", "seconds", "evaluations", "loss", "best", "at", "stopped"}
	metrics := map[string]bool{}
	for _, e := range entries {
		for m := range e.Summary.Metrics {
			metrics[m] = true
		}
	}
	more := make([]string, 0, len(metrics))
	for m := range metrics {
		more = append(more, m)
	}
	slices.Sort(more)
	for _, e := range entries {
		s := e.Summary
		row := []Number{word(e.Label), word(s.Optimizer), whole(s.Iterations), number(float64(s.WallSeconds)), whole(s.NFE.Forward + s.NFE.Backward),
			number(float64(s.FinalLoss)), number(float64(s.BestLoss)), whole(s.BestIteration), word(s.StopReason)}
		for _, m := range more {
			v, has := s.Metrics[m]
			if !has {
				row = append(row, word(""))
				continue
			}
			row = append(row, number(float64(v)))
		}
		rows = append(rows, row)
	}
	return append(names, more...), rows
}

// Difference is a key of the configuration that not all runs have alike.
type Difference struct {
	Key    string
	Values []string // one of each entry, empty where the key does not apply
}

// Differences lists them in the order of the configuration.
func Differences(entries []*Entry) []Difference {
	var order []string
	all := make([]map[string]string, len(entries))
	for i, e := range entries {
		all[i] = map[string]string{}
		for _, v := range e.Config.Values() {
			all[i][v.Path] = v.Text
			if !slices.Contains(order, v.Path) {
				order = append(order, v.Path)
			}
		}
	}
	var out []Difference
	for _, key := range order {
		d := Difference{Key: key}
		same := true
		for i := range all {
			d.Values = append(d.Values, all[i][key])
			same = same && d.Values[i] == d.Values[0]
		}
		if !same {
			out = append(out, d)
		}
	}
	return out
}

// Table writes aligned columns: numbers to the right, words to the left.
func Table(names []string, rows [][]Number) string {
	width := make([]int, len(names))
	left := make([]bool, len(names))
	size := func(s string) int { return len([]rune(s)) }
	for j, n := range names {
		width[j] = size(n)
		for _, r := range rows {
			width[j] = max(width[j], size(r[j].Text))
			left[j] = left[j] || math.IsNaN(r[j].Value) && r[j].Text != "" && r[j].Text != "NaN"
		}
	}
	var b strings.Builder
	line := func(cell func(j int) string) {
		var l strings.Builder
		for j := range names {
			s := cell(j)
			pad := strings.Repeat(" ", width[j]-size(s))
			if left[j] {
				l.WriteString(s + pad)
			} else {
				l.WriteString(pad + s)
			}
			l.WriteString("  ")
		}
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	line(func(j int) string { return names[j] })
	for _, r := range rows {
		line(func(j int) string { return r[j].Text })
	}
	return b.String()
}

// CSV writes the same table with all digits.
func CSV(names []string, rows [][]Number) ([]byte, error) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	if err := w.Write(names); err != nil {
		return nil, err
	}
	for _, r := range rows {
		line := make([]string, len(r))
		for j, n := range r {
			line[j] = n.Text
			if !math.IsNaN(n.Value) {
				line[j] = fmt.Sprint(n.Value)
			}
		}
		if err := w.Write(line); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return []byte(b.String()), w.Error()
}

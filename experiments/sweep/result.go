package sweep

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/costate-go/costate/experiments/atomicfile"
	"github.com/costate-go/costate/experiments/compare"
	"github.com/costate-go/costate/experiments/internal/words"
	"github.com/costate-go/costate/experiments/page"
	"github.com/costate-go/costate/experiments/rundir"
)

// Result is what the points of a sweep have come to.
type Result struct {
	Plan    *Plan
	Names   []string
	Rows    [][]compare.Number // in the order of the points
	Ranked  []int              // rows from the best one; those without a number at the end
	by      int                // column that ranks
	entries []*compare.Entry   // nil where a point was not begun
}

// Collect reads the runs of a sweep. by names the column that ranks them, empty for the best loss; less is better, but for
// accuracies.
func Collect(dir string, p *Plan, by string) (*Result, error) {
	r := &Result{Plan: p, entries: make([]*compare.Entry, len(p.Points))}
	var have []*compare.Entry
	for k := range p.Points {
		e, err := compare.Read(filepath.Join(dir, Name(k)))
		if err != nil {
			continue // not begun
		}
		e.Label = Name(k)
		r.entries[k] = e
		have = append(have, e)
	}
	names, rows := compare.Columns(have)
	r.Names = append(append([]string{"run"}, p.Keys...), append([]string{"state"}, names[2:]...)...)
	next := 0
	for k, point := range p.Points {
		row := []compare.Number{{Value: math.NaN(), Text: Name(k)}}
		for _, set := range point.Set {
			_, v, _ := strings.Cut(set, "=")
			row = append(row, value(v))
		}
		if e := r.entries[k]; e != nil {
			row = append(row, compare.Number{Value: math.NaN(), Text: string(e.State)})
			row = append(row, rows[next][2:]...)
			next++
		} else {
			row = append(row, compare.Number{Value: math.NaN(), Text: "to do"})
			for len(row) < len(r.Names) {
				row = append(row, compare.Number{Value: math.NaN()})
			}
		}
		r.Rows = append(r.Rows, row)
	}
	if by == "" {
		by = "best"
	}
	r.by = slices.Index(r.Names, by)
	if r.by < 0 {
		return nil, fmt.Errorf("--by %s: no such column; there are %s", by, strings.Join(r.Names, ", "))
	}
	r.rank(strings.Contains(by, "accuracy"))
	return r, nil
}

func value(s string) compare.Number {
	if v, err := strconv.ParseFloat(s, 64); err == nil {
		return compare.Number{Value: v, Text: s}
	}
	return compare.Number{Value: math.NaN(), Text: s}
}

func (r *Result) rank(more bool) {
	for i := range r.Rows {
		r.Ranked = append(r.Ranked, i)
	}
	score := func(i int) float64 {
		v := r.Rows[i][r.by].Value
		switch {
		case math.IsNaN(v):
			return math.Inf(1)
		case more:
			return -v
		}
		return v
	}
	slices.SortStableFunc(r.Ranked, func(a, b int) int { return cmp.Compare(score(a), score(b)) })
}

func (r *Result) ranked() [][]compare.Number {
	out := make([][]compare.Number, len(r.Ranked))
	for i, k := range r.Ranked {
		out[i] = r.Rows[k]
	}
	return out
}

// Text is the table from the best run on.
func (r *Result) Text() string { return compare.Table(r.Names, r.ranked()) }

// curvesOf is how many runs the curves show.
const curvesOf = 8

// Write writes sweep.csv, in the order of the points, and sweep.html.
func (r *Result) Write(dir, command string) error {
	table, err := compare.CSV(r.Names, r.Rows)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(filepath.Join(dir, TableFile), table); err != nil {
		return err
	}
	links := make([]string, len(r.Ranked))
	var best []*compare.Entry
	for i, k := range r.Ranked {
		e := r.entries[k]
		if e == nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, Name(k), rundir.ReportFile)); err == nil {
			links[i] = Name(k) + "/" + rundir.ReportFile
		}
		if len(best) < curvesOf && len(e.Metrics) > 0 {
			label := *e
			label.Label = strings.Join(r.Plan.Points[k].Set, " ")
			best = append(best, &label)
		}
	}
	v := &compare.View{
		Title: "Sweep", About: fmt.Sprintf("%s of %s over %s", words.Count(len(r.Rows), "run"), r.Plan.Source, strings.Join(r.Plan.Keys, ", ")), Command: command,
		Names: r.Names, Rows: compare.Rows(r.ranked(), 0, links), Charts: compare.Charts(best), More: r.values(),
	}
	if len(best) < len(r.Rows) {
		v.ChartsNote = fmt.Sprintf("Of the %d best runs.", len(best))
	}
	b, err := compare.HTML(v)
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(dir, PageFile), b)
}

// values are charts of the ranking column over each key that has numbers, a dot for each run.
func (r *Result) values() []page.Chart {
	var out []page.Chart
	for j, key := range r.Plan.Keys {
		var list []int
		different, positive := map[float64]bool{}, true
		for i := range r.Rows {
			x, y := r.Rows[i][j+1].Value, r.Rows[i][r.by].Value
			if !math.IsNaN(x) && !math.IsNaN(y) {
				list = append(list, i)
				different[x] = true
				positive = positive && x > 0
			}
		}
		if len(different) < 2 {
			continue
		}
		slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(r.Rows[a][j+1].Value, r.Rows[b][j+1].Value) })
		l := page.Line{Name: r.Names[r.by]}
		for _, i := range list {
			l.X, l.Y = append(l.X, r.Rows[i][j+1].Value), append(l.Y, r.Rows[i][r.by].Value)
		}
		label := key
		if positive && l.X[len(l.X)-1]/l.X[0] > 20 {
			label = "log₁₀ " + key
			for i := range l.X {
				l.X[i] = math.Log10(l.X[i])
			}
		}
		p := page.Plan{ID: fmt.Sprintf("key-%d", j), Title: key, Caption: "One dot for each run.", XLabel: label, Lines: []page.Line{l}, Log: true, Dots: true}
		if c, visible := page.Draw(p); visible {
			out = append(out, c)
		}
	}
	return out
}

package compare

import (
	"bytes"
	_ "embed"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/costate-go/costate/experiments/atomicfile"
	"github.com/costate-go/costate/experiments/page"
	"github.com/costate-go/costate/experiments/rundir"
)

var (
	//go:embed page.gohtml
	text string

	tmpl = page.Template("compare", text)
)

// View is what the page shows.
type View struct {
	page.Head
	Title, About string
	Command      string // that writes the page again
	Names        []string
	Rows         []Row
	Labels       []string
	Differences  []Difference
	Charts       []page.Chart
	ChartsNote   string
	More         []page.Chart // other charts, above the curves
	Written      string
}

// Row of the table.
type Row struct {
	Cells []Cell
	Best  bool
	Link  string // to the run's report, empty where there is none
}

// Cell is a number or a word as the page writes it.
type Cell struct {
	Text  string
	Right bool
}

// Rows prepares a table; best is the row to mark, −1 for none, and links one address or "" for each row.
func Rows(rows [][]Number, best int, links []string) []Row {
	var out []Row
	for i, r := range rows {
		row := Row{Best: i == best}
		if i < len(links) {
			row.Link = links[i]
		}
		for _, n := range r {
			if math.IsNaN(n.Value) {
				row.Cells = append(row.Cells, Cell{Text: page.Phrase(n.Text)})
				continue
			}
			row.Cells = append(row.Cells, Cell{page.Number(rundir.Float(n.Value)), true})
		}
		out = append(out, row)
	}
	return out
}

// Best is the index of the entry with the least best loss, −1 where there is none, or where the runs solve different problems.
func Best(entries []*Entry) int {
	best := -1
	for i, e := range entries {
		if e.Summary.Task != entries[0].Summary.Task {
			return -1
		}
		if v := e.Summary.BestLoss; v == v && !math.IsInf(float64(v), 0) && (best < 0 || v < entries[best].Summary.BestLoss) {
			best = i
		}
	}
	return best
}

// Links are the addresses of the reports of the entries from a page in dir.
func Links(dir string, entries []*Entry) []string {
	out := make([]string, len(entries))
	from, err := filepath.Abs(dir)
	if err != nil {
		return out
	}
	for i, e := range entries {
		to, err := filepath.Abs(filepath.Join(e.Dir, rundir.ReportFile))
		if err != nil {
			continue
		}
		if _, err := os.Stat(to); err != nil {
			continue
		}
		if rel, err := filepath.Rel(from, to); err == nil {
			out[i] = filepath.ToSlash(rel)
		}
	}
	return out
}

// HTML is a page.
func HTML(v *View) ([]byte, error) {
	v.Head = page.NewHead(style, "")
	v.Written = time.Now().UTC().Format(time.RFC3339)
	var b bytes.Buffer
	if err := tmpl.Execute(&b, v); err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	return b.Bytes(), nil
}

const style = `
tr.best th, tr.best td { font-weight: 700 } td.word, th.word { text-align: left }
`

// PageFile and TableFile are what Write makes, besides the folder of figures.
const (
	PageFile  = "compare.html"
	TableFile = "compare.csv"
)

// Write writes page, table and figures into a folder; formats are those of the figures.
func Write(dir, command string, entries []*Entry, formats []string) error {
	names, rows := Columns(entries)
	table, err := CSV(names, rows)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(filepath.Join(dir, TableFile), table); err != nil {
		return err
	}
	folder := filepath.Join(dir, rundir.Figures)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, f := range Figures(entries) {
		if err := f.Write(folder, formats); err != nil {
			return err
		}
	}
	v := &View{Title: "Comparison", About: fmt.Sprintf("%d runs", len(entries)), Command: command, Names: names, Rows: Rows(rows, Best(entries), Links(dir, entries)),
		Differences: Differences(entries), Charts: Charts(entries)}
	for _, e := range entries {
		v.Labels = append(v.Labels, e.Label)
	}
	if !slices.ContainsFunc(entries, func(e *Entry) bool { return e.Summary.Task != entries[0].Summary.Task }) {
		v.About += " of task " + entries[0].Summary.Task
	}
	b, err := HTML(v)
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(dir, PageFile), b)
}

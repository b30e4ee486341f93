// Package report writes report.html: one self-contained page on a run, readable without a network and without scripts,
// in light and dark, and on paper. It is made from the files of the run directory alone, so it can be rewritten at any
// time: while the run goes on, after it failed, and from files that were damaged, about which the page then complains.
package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/costate-go/costate/experiments/atomicfile"
	"github.com/costate-go/costate/experiments/page"
	"github.com/costate-go/costate/experiments/rundir"
	"github.com/costate-go/costate/experiments/verify"
)

var (
	//go:embed report.gohtml
	text string

	tmpl = page.Template("report", panelText+text)
)

// Options of Write. The zero value is a report that stays as it is.
type Options struct {
	// Refresh makes browsers load the page again after so many seconds while the run is still running; 0: never.
	Refresh int
}

// Limits that keep a report below 5 MB.
const (
	maxFigures = 5 << 19  // bytes of all pictures, which grow by a third as addresses
	maxText    = 64 << 10 // of config.toml
	maxRows    = 40       // last iterations
	maxEvents  = 60       // last events
)

type pair struct{ Key, Value string }

// card is a number with a word on what it means.
type card struct{ Key, Value, Note string }

// tally says how many checks came out how.
type tally struct{ OK, Look, Bad int }

type view struct {
	page.Head

	Name, About, State, Reason string
	Refresh                    int
	Updated                    string
	Commands                   []pair
	Cards, Metrics             []card
	Health                     []check
	Tally                      tally
	Figures                    []picture
	Panels                     panelViews
	Horizon                    []page.Chart
	HorizonDrawn               []picture // figures whose numbers those charts show
	Charts                     []page.Chart
	Drawn                      []picture // figures whose numbers the charts show
	Columns                    []string
	Rows                       [][]string
	RowsOf                     int
	Events                     []rundir.Event
	EventsOf                   int
	Certificate                []verify.Row
	Checkpoints                []saved
	Config                     []line
	Changed                    int // lines that differ from the defaults
	Manifest                   []pair
}

// Write makes report.html in a run directory from the files there. Files that do not exist yet leave their part of the
// page out, and damaged ones are named under "Health". An error is a directory that holds no run (fs.ErrNotExist), or
// a failure to write.
func Write(dir string, o Options) error {
	r, err := load(dir)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, r.view(o)); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return atomicfile.Write(filepath.Join(dir, rundir.ReportFile), b.Bytes())
}

// view prepares everything that the page shows.
func (r *record) view(o Options) *view {
	v := &view{Head: page.NewHead(panelStyle, panelScript), Name: r.name(), State: "unknown", Certificate: r.proof, Checkpoints: r.checkpoints()}
	v.Config, v.Changed = r.lines()
	if s := r.status; s != nil {
		v.State, v.Reason, v.Updated = string(s.State), reason(s), s.Updated
		if s.State == rundir.Running {
			v.Refresh = o.Refresh
		}
	}
	v.About = r.about()
	path := filepath.Clean(r.dir)
	if strings.HasPrefix(path, "-") {
		path = "." + string(filepath.Separator) + path
	}
	v.Commands = []pair{
		{"reproduce", "costate run " + quote(filepath.Join(path, rundir.ConfigFile))},
		{"resume", "costate resume " + quote(path)},
	}
	v.Cards, v.Metrics = r.results()
	v.Health = r.health(time.Now())
	for _, c := range v.Health {
		switch c.Level {
		case ok:
			v.Tally.OK++
		case look:
			v.Tally.Look++
		default:
			v.Tally.Bad++
		}
	}
	v.Charts = r.charts()
	v.Panels = viewsOf(r.panels)
	var shown []string
	v.Horizon, shown = r.horizon()
	for _, p := range r.pictures {
		if slices.Contains(shown, p.Name) {
			v.HorizonDrawn = append(v.HorizonDrawn, p)
		} else if len(v.Charts) > 0 && slices.Contains(charted, p.Name) {
			v.Drawn = append(v.Drawn, p)
		} else {
			v.Figures = append(v.Figures, p)
		}
	}
	v.Columns, v.Rows = r.table()
	v.RowsOf = len(r.metrics)
	v.Events, v.EventsOf = slices.Clone(r.events), len(r.events)
	if n := len(v.Events); n > maxEvents {
		v.Events = v.Events[n-maxEvents:]
	}
	for i := range v.Events {
		v.Events[i].Text, v.Events[i].Kind = phrase(v.Events[i].Text), phrase(v.Events[i].Kind)
	}
	v.Manifest = r.circumstances()
	return v
}

// reasons in words, of those that a run gives as one word.
var reasons = map[string]string{
	"iterations":        "All iterations are done.",
	"target-loss":       "The loss reached train.target_loss.",
	"patience":          "The loss stopped improving for train.patience validations.",
	"max-seconds":       "The time of train.max_seconds is over.",
	"converged":         "The optimizer converged: the control changed by less than its tolerance.",
	"stationary":        "The optimizer converged: the gradient is below its tolerance.",
	"no-progress":       "The optimizer found no step that lowers the loss any more.",
	"diverged":          "The iterates moved away.",
	"numerical-failure": "An iteration could not be computed.",
}

func reason(s *rundir.Status) string {
	if s.State == rundir.Running {
		return "The run is not over; this page shows what there was when it was written."
	}
	if text, known := reasons[s.Reason]; known {
		return text
	}
	return phrase(s.Reason)
}

// Package report writes report.html: one self-contained page on a run, readable without a network, in light and dark,
// and on paper. It is made from the files of the run directory alone, so it can be rewritten at any time, while the run
// goes on too.
package report

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/costate-go/costate/experiments/atomicfile"
	"github.com/costate-go/costate/experiments/rundir"
)

//go:embed report.gohtml
var page string

var tmpl = template.Must(template.New("report").Parse(page))

// Options of Write. The zero value is a report of a finished run.
type Options struct {
	// Refresh makes browsers load the page again after so many seconds while the run is still running; 0: never.
	Refresh int
}

// Limits that keep a report below 5 MB.
const (
	maxFigures   = 3 << 20 // bytes of SVG
	maxText      = 128 << 10
	maxRows      = 240
	maxEvents    = 60
	maxHashWidth = 12
)

// order of the figures on the page; others follow by name.
var order = []string{"loss", "trajectory", "phase", "decision", "control", "pmp_residual", "hamiltonian", "steps"}

type figure struct {
	Name, Title, Caption string
	Data                 template.URL // empty where the file is too large
}

type pair struct{ Key, Value string }

type view struct {
	Name, Dir, State, Reason string
	Running                  bool
	Refresh                  int
	Updated                  string
	Commands                 []pair
	Cards                    []pair
	Metrics                  []pair
	Details                  []pair
	Figures                  []figure
	Columns                  []string
	Rows                     [][]string
	Skipped                  int
	Events                   []rundir.Event
	EventsSkipped            int
	Config, Manifest         string
}

// Write makes report.html in a run directory from the files there. Files that do not exist yet leave their part of the page out.
func Write(dir string, o Options) error {
	v, err := gather(dir, o)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, v); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return atomicfile.Write(filepath.Join(dir, rundir.ReportFile), b.Bytes())
}

// absent lets a file be missing.
func absent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func gather(dir string, o Options) (*view, error) {
	v := &view{Name: filepath.Base(dir), Dir: dir, State: "unknown"}
	var err error
	if v.Config, err = text(filepath.Join(dir, rundir.ConfigFile)); err != nil {
		return nil, err
	}
	if v.Manifest, err = text(filepath.Join(dir, rundir.ManifestFile)); err != nil {
		return nil, err
	}
	status, err := rundir.ReadStatus(dir)
	if absent(err) != nil {
		return nil, err
	}
	if status != nil {
		v.State, v.Reason, v.Updated = string(status.State), status.Reason, status.Updated
		v.Running = status.State == rundir.Running
		if v.Running {
			v.Refresh = o.Refresh
		}
	}
	rows, err := rundir.ReadMetrics(dir)
	if absent(err) != nil {
		return nil, err
	}
	v.table(rows)
	summary, err := rundir.ReadSummary(dir)
	if absent(err) != nil {
		return nil, err
	}
	switch {
	case summary != nil:
		v.summarize(summary)
	case len(rows) > 0:
		last := rows[len(rows)-1]
		v.Cards = []pair{{"iteration", fmt.Sprint(last.Iteration)}, {"loss", number(last.Loss)}, {"time", seconds(last.WallSeconds)}}
	}
	manifest, err := rundir.ReadManifest(dir)
	if absent(err) != nil {
		return nil, err
	}
	if manifest != nil {
		v.describe(manifest)
	}
	v.Commands = append(v.Commands, pair{"reproduce", "costate run " + quote(filepath.Join(dir, rundir.ConfigFile))})
	v.Commands = append(v.Commands, pair{"resume", "costate resume " + quote(dir)})
	events, err := rundir.ReadEvents(dir)
	if absent(err) != nil {
		return nil, err
	}
	if n := len(events); n > maxEvents {
		v.EventsSkipped, events = n-maxEvents, events[n-maxEvents:]
	}
	v.Events = events
	v.Figures, err = figuresOf(filepath.Join(dir, rundir.Figures))
	return v, err
}

// text reads a file that may be absent, up to a limit.
func text(path string) (string, error) {
	b, err := os.ReadFile(path)
	if absent(err) != nil {
		return "", err
	}
	if len(b) > maxText {
		return strings.ToValidUTF8(string(b[:maxText]), "") + "\n… (cut off here; the file has it all)", nil
	}
	return string(b), nil
}

func (v *view) summarize(s *rundir.Summary) {
	v.Name = s.Name
	v.Cards = []pair{
		{"best loss", number(s.BestLoss)}, {"at iteration", fmt.Sprintf("%d of %d", s.BestIteration, s.Iterations)},
		{"first → last loss", number(s.InitialLoss) + " → " + number(s.FinalLoss)}, {"time", seconds(s.WallSeconds)},
		{"PMP residual", number(s.PMP.Residual)}, {"parameters", count(int64(s.Params))},
	}
	names := make([]string, 0, len(s.Metrics))
	for k := range s.Metrics {
		names = append(names, k)
	}
	slices.Sort(names)
	for _, k := range names {
		v.Metrics = append(v.Metrics, pair{k, number(s.Metrics[k])})
	}
	v.Details = append(v.Details, pair{"stopped because", s.StopReason}, pair{"task", s.Task}, pair{"optimizer", s.Optimizer}, pair{"method", s.Method},
		pair{"costate", s.Costate}, pair{"drift of H", number(s.PMP.HamiltonianDrift)},
		pair{"evaluations forward, backward", count(s.NFE.Forward) + ", " + count(s.NFE.Backward)},
		pair{"steps accepted, rejected", count(s.Steps.Accepted) + ", " + count(s.Steps.Rejected)})
	if s.PeakRSSBytes > 0 {
		v.Details = append(v.Details, pair{"peak memory", fmt.Sprintf("%.0f MiB", float64(s.PeakRSSBytes)/(1<<20))})
	}
}

func (v *view) describe(m *rundir.Manifest) {
	v.Details = append(v.Details, pair{"seed", fmt.Sprint(m.Seed)}, pair{"threads", fmt.Sprint(m.Threads)}, pair{"configuration hash", m.ConfigHash},
		pair{"version", strings.TrimSpace(m.Version + " " + short(m.Revision))}, pair{"started", m.Started})
	sources := make([]string, 0, len(m.DataHashes))
	for k := range m.DataHashes {
		sources = append(sources, k)
	}
	slices.Sort(sources)
	for _, k := range sources {
		v.Details = append(v.Details, pair{"data " + k, "SHA-256 " + short(m.DataHashes[k]) + "…"})
	}
}

func short(hash string) string { return hash[:min(len(hash), maxHashWidth)] }

// table fills the metrics table: every row where there are few, else the first, the last and evenly spaced ones.
func (v *view) table(rows []rundir.Metrics) {
	v.Columns = []string{"iteration", "time", "loss", "validation", "step parameter", "accepted", "|gradient|", "|control|", "H", "PMP residual", "evaluations", "steps", "rejected"}
	n := len(rows)
	pick := min(n, maxRows)
	v.Skipped = n - pick
	for j := range pick {
		i := j
		if n > maxRows {
			i = j * (n - 1) / (maxRows - 1)
		}
		r := rows[i]
		accepted := "yes"
		if !r.Accepted {
			accepted = "no"
		}
		v.Rows = append(v.Rows, []string{fmt.Sprint(r.Iteration), seconds(r.WallSeconds), number(r.Loss), number(r.ValLoss), number(r.StepParameter), accepted, number(r.GradNorm),
			number(r.ControlNorm), number(r.Hamiltonian), number(r.PMPResidual), count(r.NFEForward + r.NFEBackward), count(r.StepsAccepted), count(r.StepsRejected)})
	}
}

// number writes five digits; a dash where there is no number.
func number(f rundir.Float) string {
	v := float64(f)
	switch {
	case math.IsNaN(v):
		return "–"
	case math.IsInf(v, 1):
		return "∞"
	case math.IsInf(v, -1):
		return "−∞"
	}
	return strings.Replace(fmt.Sprintf("%.5g", v), "-", "−", 1)
}

func seconds(f rundir.Float) string {
	v := float64(f)
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0) || math.Abs(v) > 1e9:
		return number(f)
	case v < 120:
		return fmt.Sprintf("%.1f s", v)
	}
	return time.Duration(v * float64(time.Second)).Round(time.Second).String()
}

// count groups the digits of a whole number by thin spaces.
func count(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u2009" + s[i:]
	}
	return s
}

// quote protects an argument for a POSIX shell.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=+,@%") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// figuresOf reads the SVG files of a folder. They become images with data addresses: as such they can run no scripts and
// cannot disturb the page, whatever the files hold.
func figuresOf(dir string) ([]figure, error) {
	entries, err := os.ReadDir(dir)
	if absent(err) != nil {
		return nil, err
	}
	rank := func(name string) int {
		if i := slices.Index(order, name); i >= 0 {
			return i
		}
		return len(order)
	}
	var names []string
	for _, e := range entries {
		if n, ok := strings.CutSuffix(e.Name(), ".svg"); ok && !strings.HasPrefix(n, ".") {
			names = append(names, n)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	var out []figure
	left := maxFigures
	for _, n := range names {
		b, err := os.ReadFile(filepath.Join(dir, n+".svg"))
		if err != nil {
			return nil, err
		}
		f := figure{Name: n}
		f.Title, f.Caption = labels(b)
		if f.Title == "" {
			f.Title = n
		}
		if len(b) <= left {
			left -= len(b)
			f.Data = template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(b)) //nolint:gosec // base64 has no markup
		}
		out = append(out, f)
	}
	return out, nil
}

// labels reads title and description at the top of an SVG document.
func labels(svg []byte) (title, caption string) {
	d := xml.NewDecoder(bytes.NewReader(svg))
	for range 12 {
		t, err := d.Token()
		if err != nil {
			return title, caption
		}
		e, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		var into *string
		switch e.Name.Local {
		case "title":
			into = &title
		case "desc":
			into = &caption
		default:
			continue
		}
		if d.DecodeElement(into, &e) != nil {
			return title, caption
		}
	}
	return title, caption
}

package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/checkpoint"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/figures"
	"github.com/costate-go/costate/experiments/report"
	"github.com/costate-go/costate/experiments/rundir"
)

var show = flag.String("show", "", "empty folder to write the report of TestWrite to, for looking at it")

const hostile = `</script></code></pre><script>alert(1)</script>"'<b onclick=x>&amp;{{.}}` + "\xff\x00"

// filled is a run directory with everything in it, much of it hostile.
func filled(t *testing.T, out string, iterations int) string {
	t.Helper()
	if out == "" {
		out = filepath.Join(t.TempDir(), "my run")
	}
	d, err := rundir.Create("", "spiral", out)
	if err != nil {
		t.Fatal(err)
	}
	m := rundir.NewManifest()
	m.CommandLine = []string{"costate", hostile}
	m.DataHashes[hostile] = strings.Repeat("0123456789abcdef", 4)
	s := &rundir.Summary{Name: "spiral" + hostile, Task: "fit", Optimizer: "emsa", Method: "tsit5", Costate: "discrete", StopReason: hostile, Iterations: iterations, BestIteration: 41, BestLoss: 1.8e-7,
		InitialLoss: 0.31, FinalLoss: 2e-7, WallSeconds: 3.21, Params: 252, Metrics: map[string]rundir.Float{"validation mse": 3e-7, hostile: rundir.Float(math.NaN())}}
	s.NFE.Forward, s.NFE.Backward = 1234000, 567
	if err := errors.Join(d.WriteConfig(config.Default()), d.WriteManifest(m), d.WriteSummary(s), d.SetStatus(rundir.Complete, hostile, iterations)); err != nil {
		t.Fatal(err)
	}
	var k, v []float64
	var rows bytes.Buffer
	for i := range iterations {
		k, v = append(k, float64(i)), append(v, 0.3*math.Exp(-float64(i)/8)+1e-7)
		row := rundir.Metrics{Iteration: i, Loss: rundir.Float(v[i]), ValLoss: rundir.Float(math.NaN()), PMPResidual: rundir.Float(v[i] / 3), GradNorm: rundir.Float(math.Sqrt(v[i])),
			StepParameter: rundir.Float(1 + i%7), Accepted: i%5 > 0, MinStep: rundir.Float(math.Inf(1)), NFEForward: 12345, StepsAccepted: 40, StepsRejected: 2}
		if i%10 == 0 {
			row.ValLoss = rundir.Float(2 * v[i])
		}
		switch i {
		case 7:
			row.Loss = rundir.Float(math.NaN())
		case 8:
			row.Loss, row.Hamiltonian = rundir.Float(math.Inf(1)), rundir.Float(math.Inf(-1))
		case 9:
			row.Loss = 1e300
		}
		b, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		rows.Write(append(b, '\n'))
	}
	if err := errors.Join(d.AppendEvent(&rundir.Event{Iteration: 3, Kind: hostile, Text: hostile}), d.Close(), os.WriteFile(d.Path(rundir.MetricsFile), rows.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
	for _, f := range []*figures.Figure{
		figures.PMPResidual(k, v), figures.Loss(k, v, nil, 41), figures.Hamiltonian("t", []figures.Curve{{Name: "H", X: k[:9], Y: v[:9]}}),
		figures.Curves(figures.Axes{Name: `x"#?<b>`, Title: hostile[:40], X: "x", Y: "y"}, []figures.Curve{{X: k[:9], Y: v[:9]}}),
	} {
		if err := f.Write(d.Path(rundir.Figures), []string{"svg"}); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func write(t *testing.T, dir string, o report.Options) string {
	t.Helper()
	if err := report.Write(dir, o); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, rundir.ReportFile))
	if err != nil {
		t.Fatal(err)
	}
	html := string(b)
	wellFormed(t, html)
	selfContained(t, html)
	return html
}

func TestWrite(t *testing.T) {
	html := write(t, filled(t, *show, 60), report.Options{Refresh: 5})
	for _, want := range []string{
		`<html lang="en">`, "<h1>spiral&lt;/script&gt;", "complete", "1.8e−07", "at iteration 41 of 60", "1\u2009234\u2009567", "costate run ", "costate resume ", "optimizer emsa", "prefers-color-scheme",
		"@media print", "The last 40 of 60 iterations", "The loss is not a finite number in 2 of 60 iterations, first at iteration 7.", "scale-loss-log", ">ρ<", "numbers</a>",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("no %q", want)
		}
	}
	if *show == "" && !strings.Contains(html, "&#39;") {
		t.Error("the directory with a space is not quoted for the shell")
	}
	if strings.Contains(html, `http-equiv="refresh"`) {
		t.Error("a finished run must not reload")
	}
	if n := strings.Count(html, `src="data:image/svg`); n != 1 {
		t.Errorf("%d figures, want 1: those of the charts are linked only", n)
	}
	if !strings.Contains(html, `href="figures/loss.svg"`) || !strings.Contains(html, `href="figures/x%22%23%3F%3Cb%3E.svg"`) {
		t.Error("links to the files of figures")
	}
}

// wellFormed parses a page as XML after closing the elements that HTML leaves open, and follows its references.
func wellFormed(t *testing.T, html string) {
	t.Helper()
	if strings.Contains(html, "ZgotmplZ") {
		t.Error("the template refused some text")
	}
	if strings.ContainsRune(html, 0) {
		t.Error("a zero byte")
	}
	src := regexp.MustCompile(`(?s)<(script|style)>.*?</(script|style)>`).ReplaceAllString(html, "")
	if strings.Contains(src, "<script") || strings.Contains(src, "<b onclick") {
		t.Error("hostile text got through")
	}
	src = regexp.MustCompile(`<(meta|img|input)( [^<>]*?)/?>`).ReplaceAllStringFunc(src, func(s string) string {
		return strings.Replace(strings.TrimSuffix(s, ">"), " checked", ` checked="checked"`, 1) + "/>"
	})
	d := xml.NewDecoder(strings.NewReader(src))
	d.Entity = xml.HTMLEntity
	ids, wants, depth := map[string]bool{}, map[string]bool{}, 0
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		switch e := tok.(type) {
		case xml.EndElement:
			depth--
		case xml.StartElement:
			depth++
			for _, a := range e.Attr {
				switch n := a.Name.Local; {
				case n == "id" && ids[a.Value]:
					t.Errorf("two elements are called %q", a.Value)
				case n == "id":
					ids[a.Value] = true
				case n == "for", n == "aria-labelledby":
					wants[a.Value] = true
				case n == "href" && strings.HasPrefix(a.Value, "#"):
					wants[a.Value[1:]] = true
				case strings.HasPrefix(n, "on"), n == "style":
					t.Errorf("<%s %s=%q>", e.Name.Local, n, a.Value)
				}
			}
			if e.Name.Local == "table" {
				if next, err := d.Token(); err != nil {
					t.Fatal(err)
				} else if c, isStart := next.(xml.StartElement); !isStart || c.Name.Local != "caption" {
					t.Error("a table without caption")
				} else {
					depth++
				}
			}
		}
	}
	if depth != 0 {
		t.Errorf("%d elements stay open", depth)
	}
	for id := range wants {
		if !ids[id] {
			t.Errorf("nothing is called %q", id)
		}
	}
}

// selfContained checks that a page loads nothing from elsewhere, and that its policy lets its own style and script act.
func selfContained(t *testing.T, html string) {
	t.Helper()
	if i := strings.Index(html, "://"); i >= 0 {
		t.Errorf("an address: …%s…", html[max(i-40, 0):i+40])
	}
	if loc := regexp.MustCompile(`(?i)(@import|url\(|src="[^d]|<link|<iframe|<object|fetch\(|XMLHttp|WebSocket|import\()`).FindString(html); loc != "" {
		t.Errorf("the page needs something from elsewhere: %s", loc)
	}
	policy := regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(html)
	if policy == nil || !strings.HasPrefix(policy[1], "default-src 'none'; img-src data:; style-src 'sha256-") {
		t.Fatalf("policy %q", policy)
	}
	for _, name := range []string{"style", "script"} {
		all := regexp.MustCompile(`(?s)<`+name+`>(.*?)</`+name+`>`).FindAllStringSubmatch(html, -1)
		if len(all) != 1 {
			t.Fatalf("%d elements <%s>", len(all), name)
		}
		h := sha256.Sum256([]byte(all[0][1]))
		if !strings.Contains(policy[1], name+"-src 'sha256-"+base64.StdEncoding.EncodeToString(h[:])+"'") {
			t.Errorf("the policy forbids the page's own %s", name)
		}
	}
}

// Certificate, checkpoints and what the configuration changes.
func TestSections(t *testing.T) {
	dir := filled(t, "", 30)
	store := &checkpoint.Store{Dir: filepath.Join(dir, rundir.Checkpoints)}
	for _, k := range []int{10, 20} {
		if err := store.Save(&checkpoint.State{Meta: checkpoint.Meta{Iteration: k}, Floats: map[string][]float64{"theta": make([]float64, 2000)}}, k == 10); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Parse("x", []byte("name = \"spiral\"\n"), "solver.rtol=1e-9", "field.hidden=7")
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := c.Print(&text); err != nil {
		t.Fatal(err)
	}
	const certificate = `{"residual": 1e-9, "loss": 2, "exact": false, "p0": [1, -2], "arcs": [{"component": 0, "kind": "upper", "from": 0, "to": 0.5}], "a <new> one": "NaN", "none": null}`
	if err := errors.Join(os.WriteFile(filepath.Join(dir, rundir.ConfigFile), text.Bytes(), 0o644), os.WriteFile(filepath.Join(dir, rundir.CertificateFile), []byte(certificate), 0o644)); err != nil {
		t.Fatal(err)
	}
	html := write(t, dir, report.Options{})
	for _, want := range []string{
		"step-000010.ckpt</th><td>10</td><td>16 KiB</td>", "<td>best</td>", "<td>newest</td>",
		"Marked: 2 keys", "<mark>rtol = 1e-09", "<mark>hidden = [7]",
		`>residual</th><td class="value">1e−09</td>`, `>p0</th><td class="value">1, −2</td>`, "u1 upper on [0, 0.5]", `a &lt;new&gt; one</th><td class="value">NaN</td>`,
	} {
		if !strings.Contains(html, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Count(html, "<mark>") != 2 || strings.Index(html, ">loss</th>") > strings.Index(html, ">residual</th>") || strings.Contains(html, ">none</th>") {
		t.Error("other lines are marked, or the certificate is out of order")
	}
	if err := os.WriteFile(filepath.Join(dir, rundir.CertificateFile), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if html := write(t, dir, report.Options{}); !strings.Contains(html, "certificate.json: ") || strings.Contains(html, "what holds at the best control") {
		t.Error("a damaged certificate is not named")
	}
}

func TestLargeRunStaysSmall(t *testing.T) {
	dir := filled(t, "", 20000)
	for i := range 4 {
		b := append([]byte("<svg><title>big</title>"), make([]byte, 2<<20)...)
		if err := os.WriteFile(filepath.Join(dir, rundir.Figures, string(rune('a'+i))+".svg"), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.OpenFile(filepath.Join(dir, rundir.EventsFile), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	e, err := json.Marshal(rundir.Event{Iteration: 1, Kind: strings.Repeat("long", 10000), Text: strings.Repeat("<", 50000)})
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if _, err := f.Write(append(e, '\n')); err != nil {
			t.Fatal(err)
		}
	}
	f.Close()
	html := write(t, dir, report.Options{})
	if len(html) > 5<<20 {
		t.Errorf("%d bytes", len(html))
	}
	for _, want := range []string{"The last 40 of 20000 iterations", "The last 60 of 101 events", "too large for the page", ">19\u2009999<"} {
		if !strings.Contains(html, want) {
			t.Errorf("no %q", want)
		}
	}
}

func TestStates(t *testing.T) {
	for _, c := range []struct {
		name   string
		state  rundir.State
		reason string
		rows   int
		want   []string
	}{
		{"begun", rundir.Running, "", 0, []string{`http-equiv="refresh" content="5"`, ">running<", "The run is going on."}},
		{"running", rundir.Running, "", 12, []string{`http-equiv="refresh"`, "Least loss", "Last loss", ">12<"}},
		{"failed", rundir.Failed, "iteration 3: component 0 is not finite <b>", 3, []string{">failed<", "not finite &lt;b&gt;", "blow up", "costate resume"}},
		{"interrupted", rundir.Interrupted, "received SIGINT", 5, []string{">interrupted<", "everything is saved"}},
		{"strange", "<odd>", "", 1, []string{"&lt;odd&gt;", "Unknown state"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := rundir.Create(t.TempDir(), "x", "")
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if err := d.SetStatus(c.state, c.reason, c.rows); err != nil {
				t.Fatal(err)
			}
			for i := range c.rows {
				if err := d.AppendMetrics(&rundir.Metrics{Iteration: i + 1, Loss: rundir.Float(1 / float64(i+1)), Accepted: true, ValLoss: rundir.Float(math.NaN())}); err != nil {
					t.Fatal(err)
				}
			}
			html := write(t, d.Path(), report.Options{Refresh: 5})
			for _, want := range c.want {
				if !strings.Contains(html, want) {
					t.Errorf("no %q", want)
				}
			}
		})
	}
}

// A resumed run still has the summary of its first end.
func TestResumedRun(t *testing.T) {
	dir := filled(t, "", 30)
	d, err := rundir.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.SetStatus(rundir.Running, "", 30); err != nil {
		t.Fatal(err)
	}
	if html := write(t, dir, report.Options{}); strings.Contains(html, "Best loss") || !strings.Contains(html, "Least loss") {
		t.Error("results of the first end")
	}
}

func TestNoRun(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if err := report.Write(dir, report.Options{}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v", err)
		}
		if _, err := os.Stat(filepath.Join(dir, rundir.ReportFile)); err == nil {
			t.Error("a report where there is no run")
		}
	}
}

func TestDamagedFiles(t *testing.T) {
	dir := filled(t, "", 30)
	for _, f := range []string{rundir.SummaryFile, rundir.MetricsFile, rundir.StatusFile, rundir.ConfigFile} {
		if err := os.WriteFile(filepath.Join(dir, f), []byte("{<oops>\n\xff"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	html := write(t, dir, report.Options{})
	for _, want := range []string{"<h1>my run</h1>", "summary.json: ", "metrics.jsonl:1: ", "status.json: ", "{&lt;oops&gt;", "Circumstances"} {
		if !strings.Contains(html, want) {
			t.Errorf("no %q", want)
		}
	}
}

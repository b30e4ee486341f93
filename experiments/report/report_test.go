package report_test

import (
	"errors"
	"flag"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/figures"
	"github.com/costate-go/costate/experiments/report"
	"github.com/costate-go/costate/experiments/rundir"
)

var show = flag.String("show", "", "empty folder to write the report of the test to, for looking at it")

const hostile = `</script><script>alert(1)</script>"'<b>`

// filled is a run directory with everything in it.
func filled(t *testing.T, iterations int) string {
	t.Helper()
	out := *show
	if out == "" {
		out = filepath.Join(t.TempDir(), "my run")
	}
	d, err := rundir.Create("", "spiral", out)
	if err != nil {
		t.Fatal(err)
	}
	m := rundir.NewManifest()
	m.CommandLine = []string{"costate", hostile}
	m.DataHashes["spiral"] = strings.Repeat("0123456789abcdef", 4)
	s := &rundir.Summary{Name: "spiral", Task: "fit", Optimizer: "emsa", Method: "tsit5", Costate: "discrete", StopReason: hostile, Iterations: iterations, BestIteration: 41, BestLoss: 1.8e-7,
		InitialLoss: 0.31, FinalLoss: 2e-7, WallSeconds: 3.21, Params: 252, Metrics: map[string]rundir.Float{"validation mse": 3e-7, hostile: rundir.Float(math.NaN())}}
	s.NFE.Forward = 1234567
	if err := errors.Join(d.WriteConfig(config.Default()), d.WriteManifest(m), d.WriteSummary(s), d.SetStatus(rundir.Complete, "iterations done", iterations)); err != nil {
		t.Fatal(err)
	}
	var k, loss []float64
	for i := range iterations {
		k, loss = append(k, float64(i)), append(loss, 0.3*math.Exp(-float64(i)/8)+1e-7)
		if err := d.AppendMetrics(&rundir.Metrics{Iteration: i, Loss: rundir.Float(loss[i]), ValLoss: rundir.Float(math.NaN()), Accepted: i%5 > 0, MinStep: rundir.Float(math.Inf(1)), NFEForward: 12345}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.AppendEvent(&rundir.Event{Iteration: 3, Kind: "rejected", Text: hostile}); err != nil {
		t.Fatal(err)
	}
	for _, f := range []*figures.Figure{figures.PMPResidual(k, loss), figures.Loss(k, loss, nil, 41)} {
		if err := f.Write(d.Path(rundir.Figures), []string{"svg"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

func read(t *testing.T, dir string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, rundir.ReportFile))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWrite(t *testing.T) {
	dir := filled(t, 60)
	if err := report.Write(dir, report.Options{Refresh: 5}); err != nil {
		t.Fatal(err)
	}
	html := read(t, dir)
	for _, want := range []string{"<h1>spiral</h1>", "complete", "1.8e−07", "41 of 60", "1\u2009234\u2009567", "costate resume ", "config.toml", "emsa", "prefers-color-scheme", "@media print"} {
		if !strings.Contains(html, want) {
			t.Errorf("no %q", want)
		}
	}
	if *show == "" && !strings.Contains(html, "&#39;") {
		t.Error("the directory with a space is not quoted for the shell")
	}
	if strings.Contains(html, "<script") || strings.Contains(html, "<b>\"") || strings.Contains(html, "ZgotmplZ") {
		t.Error("text got through unescaped, or the template refused some")
	}
	if loc := regexp.MustCompile(`(src|href|url\()=?["']?(https?:|//|file:)`).FindString(html); loc != "" {
		t.Errorf("the page needs something from elsewhere: %s", loc)
	}
	if strings.Contains(html, `http-equiv="refresh"`) {
		t.Error("a finished run must not reload")
	}
	if strings.Count(html, `src="data:image/svg&#43;xml;base64,`)+strings.Count(html, `src="data:image/svg+xml;base64,`) != 2 || strings.Index(html, `alt="Loss"`) > strings.Index(html, `alt="Residual of`) {
		t.Error("figures: two, the loss first")
	}
}

func TestLargeRunStaysSmall(t *testing.T) {
	if *show != "" {
		t.Skip("the folder is for one report")
	}
	dir := filled(t, 20000)
	for i := range 4 {
		b := append([]byte("<svg><title>big</title>"), make([]byte, 2<<20)...)
		if err := os.WriteFile(filepath.Join(dir, rundir.Figures, string(rune('a'+i))+".svg"), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := report.Write(dir, report.Options{}); err != nil {
		t.Fatal(err)
	}
	html := read(t, dir)
	if len(html) > 5<<20 || !strings.Contains(html, "rows are left out") || !strings.Contains(html, "too large for this page") {
		t.Errorf("%d bytes", len(html))
	}
	if !strings.Contains(html, "<td>19999</td>") || !strings.Contains(html, "<td>0</td>") {
		t.Error("first and last row must be there")
	}
}

func TestRunJustBegun(t *testing.T) {
	if *show != "" {
		t.Skip("the folder is for one report")
	}
	d, err := rundir.Create(t.TempDir(), "x", "")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.SetStatus(rundir.Running, "", 0); err != nil {
		t.Fatal(err)
	}
	if err := report.Write(d.Path(), report.Options{Refresh: 5}); err != nil {
		t.Fatal(err)
	}
	if html := read(t, d.Path()); !strings.Contains(html, `http-equiv="refresh" content="5"`) || !strings.Contains(html, "running") {
		t.Error("a running run must reload")
	}
	if err := report.Write(filepath.Join(t.TempDir(), "none"), report.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
}

package report_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/internal/browser"
	"github.com/costate-go/costate/experiments/panels"
	"github.com/costate-go/costate/experiments/report"
	"github.com/costate-go/costate/experiments/rundir"
)

// moving is a run with all kinds of panels, with hostile words in them.
func moving(t *testing.T) string {
	t.Helper()
	dir := filled(t, "", 30)
	nan := rundir.Float(math.NaN())
	s := &panels.Set{
		Heats: []panels.Heat{{ID: `h"><b>`, Title: hostile[:30], XLabel: "iteration", YLabel: "t", ValueLabel: "u", X: []float64{0, 1, 5}, Y: []float64{0, 0.5}, V: [][]rundir.Float{{-1, 2, nan}, {0, 1e-3, -4}}}},
		Flows: []panels.Flow{{ID: "flow", Title: "Flow", TLabel: "t", T: []float64{0, 0.25, 1}, Classes: []string{"a" + hostile, "b"}, Tracks: []panels.Track{
			{Class: 1, X: []rundir.Float{0, 1, 2}, Y: []rundir.Float{0, 4, nan}, LineX: []rundir.Float{0, 0, 0.5, 1, nan}, LineY: []rundir.Float{0, 0, 3, 4, 4}}, {Still: true, X: []rundir.Float{1, nan}, Y: []rundir.Float{2, 2}}}}},
		Frames: []panels.Frames{{ID: "frames", Title: "Frames", X0: -1, X1: 1, Y1: 2, Columns: 2, Rows: 1, Classes: []string{"a", "b"}, PX: []rundir.Float{0, nan}, PY: []rundir.Float{1, 1}, PClass: []int{1, 0}, Frames: []panels.Frame{
			{Iteration: 0, Loss: nan, Class: []int{0, -1}, Sure: []int{9, 0}}, {Iteration: 12, Loss: 0.5, Class: []int{0, 1}, Sure: []int{9, 3}}}}},
	}
	if err := panels.Write(filepath.Join(dir, rundir.Figures), s); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestPanels(t *testing.T) {
	html := write(t, moving(t), report.Options{})
	for _, want := range []string{`id="panel-hb"`, `data-v="-1 2 NaN 0 0.001 -4"`, `−4 <img class="bar"`, "iteration 12, loss 0.5", `points="`, `data-t="0 0.25 1"`, "In motion"} {
		if !strings.Contains(html, want) {
			t.Errorf("no %q", want)
		}
	}
	if n := strings.Count(html, `visibility="hidden"`); n != 1 {
		t.Errorf("%d hidden stages, want the first one alone", n)
	}
	dir := filled(t, "", 30)
	if err := os.WriteFile(filepath.Join(dir, rundir.Figures, panels.File), []byte(`{"heats":[{"X":[1],"Y":[1],"V":[]}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if html := write(t, dir, report.Options{}); !strings.Contains(html, "panels.json: ") || strings.Contains(html, "In motion") {
		t.Error("panels that don't fit are not named")
	}
}

// The numbers of figures over time become charts; what cannot be read back stays a picture.
func TestHorizon(t *testing.T) {
	dir := filled(t, "", 30)
	if html := write(t, dir, report.Options{}); !strings.Contains(html, `id="chart-over-t-hamiltonian"`) || !strings.Contains(html, `href="figures/hamiltonian.svg"`) {
		t.Error("no chart of the Hamiltonian")
	}
	for _, spoiled := range []string{"series,x,y\nH,1,2\nH,0,2\n", "series,x,y\nH,1\n", "series,x,y\nH,1,two\n", ""} {
		if err := os.WriteFile(filepath.Join(dir, rundir.Figures, "hamiltonian.csv"), []byte(spoiled), 0o600); err != nil {
			t.Fatal(err)
		}
		if html := write(t, dir, report.Options{}); strings.Contains(html, "chart-over-t") || !strings.Contains(html, "hamiltonian") {
			t.Errorf("%q became a chart", spoiled)
		}
	}
}

func TestPanelsInBrowser(t *testing.T) {
	dir := moving(t)
	write(t, dir, report.Options{})
	p := browser.Open(t, filepath.Join(dir, rundir.ReportFile), 1200, 900)
	now := func(panel string) string {
		return p.Text("document.querySelector('#panel-" + panel + " .now').textContent")
	}
	if got := now("flow"); got != "t = 1" {
		t.Errorf("flow at first: %s", got)
	}
	const dot = "['cx', 'cy'].map(a => document.querySelector('#panel-flow circle:not(.key circle)').getAttribute(a)).join(' ')"
	end := p.Text(dot)
	p.Eval("document.querySelector('#panel-flow input').focus()", nil)
	p.Key("Home")
	if got := now("flow"); got != "t = 0" || p.Text(dot) == end {
		t.Errorf("flow at its beginning: %s, dot at %s", got, p.Text(dot))
	}
	p.Key("ArrowRight")
	if got := now("flow"); got != "t = 0.25" || p.Text(dot) != end { // the end is lost: the dot stays where it was last
		t.Errorf("flow one further: %s, dot at %s, not %s", got, p.Text(dot), end)
	}
	p.Eval("document.querySelector('#panel-frames input').focus()", nil)
	p.Key("ArrowLeft")
	if got := now("frames"); got != "iteration 0" || p.Text("[...document.querySelectorAll('#panel-frames image')].map(e => e.getAttribute('visibility')).join()") != "visible,hidden" {
		t.Errorf("the first stage: %s", got)
	}
	// Playing goes to the end and stops there.
	p.Eval("document.querySelector('#panel-frames .play').click()", nil)
	p.Eval("new Promise(done => { const t = setInterval(() => { if (document.querySelector('#panel-frames .now').textContent.startsWith('iteration 12')) { clearInterval(t); done(); } }, 20); })", nil)
	if got := p.Text("document.querySelector('#panel-frames .play').textContent"); got != "play" {
		t.Errorf("after the end the button says %s", got)
	}
	p.Eval("document.querySelector('#panel-hb > svg').focus()", nil)
	p.Key("ArrowRight")
	p.Key("ArrowRight")
	p.Key("ArrowUp")
	if got := now("hb"); got != "iteration 1, t 0.5: u = 0.001" {
		t.Errorf("heat map: %q", got)
	}
	var box struct{ X, Y, Width float64 }
	p.Eval("document.querySelector('#panel-hb').scrollIntoView({block: 'center'})", nil)
	p.Eval("(b => ({X: b.x, Y: b.y, Width: b.width}))(document.querySelector('#panel-hb image').getBoundingClientRect())", &box)
	p.Pointer("mouseMoved", box.X+box.Width*0.95, box.Y+10, 0)
	if got := now("hb"); got != "iteration 5, t 0.5: u = −4" {
		t.Errorf("under the pointer: %q", got)
	}
	if *show != "" {
		if err := os.WriteFile(filepath.Join(*show, "panels.png"), p.Screenshot(), 0o600); err != nil {
			t.Error(err)
		}
	}
	if err := p.Quiet(); err != nil {
		t.Error(fmt.Errorf("in the browser: %w", err))
	}
}

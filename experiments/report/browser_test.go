package report_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/internal/browser"
	"github.com/costate-go/costate/experiments/report"
	"github.com/costate-go/costate/experiments/rundir"
)

// A report in a browser: no complaint, no request, and charts that answer to keys and pointer.
func TestInBrowser(t *testing.T) {
	dir := filled(t, "", 60)
	write(t, dir, report.Options{})
	p := browser.Open(t, filepath.Join(dir, rundir.ReportFile), 1200, 900)
	const chart, svg = "document.querySelector('#chart-gradient')", "document.querySelector('#chart-gradient > svg')"
	where := func() string { return p.Text(chart + ".querySelector('.where').textContent") }
	zoomed := func() bool { return p.Text(chart+".classList.contains('zoomed')") == "true" }
	value := func() string { return p.Text(chart + ".querySelector('.series b').textContent") }

	p.Eval(svg+".focus()", nil)
	p.Key("Home")
	if where() != "iteration 0" || value() != "0.54772" {
		t.Errorf("Home: %s %s", where(), value())
	}
	p.Key("ArrowRight")
	p.Key("PageDown")
	p.Key("ArrowRight")
	if where() != "iteration 1" {
		t.Errorf("keys: %s", where())
	}
	p.Key("End")
	if where() != "iteration 59" || p.Text(svg+".getAttribute('aria-valuenow')") != "59" {
		t.Errorf("End: %s", where())
	}
	p.Key("+")
	if !zoomed() || p.Text(chart+".querySelectorAll('.part .line').length") != "1" {
		t.Error("+ does not zoom")
	}
	p.Key("0")
	if zoomed() {
		t.Error("0 does not bring back the whole")
	}
	p.Key("Escape")
	if where() != "last" {
		t.Errorf("Escape: %s", where())
	}

	// Drag over the middle third.
	var box struct{ X, Y, Width, Height float64 }
	p.Eval(svg+".scrollIntoView({block: 'center'})", nil)
	p.Eval("(b => ({X: b.x, Y: b.y, Width: b.width, Height: b.height}))("+svg+".getBoundingClientRect())", &box)
	y := box.Y + box.Height/2
	p.Pointer("mouseMoved", box.X+box.Width*0.4, y, 0)
	if !strings.HasPrefix(where(), "iteration ") {
		t.Errorf("the pointer shows nothing: %s", where())
	}
	p.Pointer("mousePressed", box.X+box.Width*0.4, y, 1)
	p.Pointer("mouseMoved", box.X+box.Width*0.6, y, 0)
	p.Pointer("mouseReleased", box.X+box.Width*0.6, y, 1)
	if !zoomed() {
		t.Error("dragging does not zoom")
	}
	for _, kind := range []string{"linear", "log"} {
		p.Eval(chart+".querySelector('.pick-"+kind+"').click()", nil)
		if label := p.Text(chart + ".querySelector('.part .ytick').textContent"); !zoomed() || label == "" {
			t.Errorf("%s: %q", kind, label)
		}
	}
	p.Eval(chart+".querySelector('.reset').click()", nil)
	if zoomed() || p.Text(chart+".querySelectorAll('.part').length") != "0" {
		t.Error("the button does not bring back the whole")
	}

	p.Media("", "prefers-color-scheme", "light")
	light := p.Text("getComputedStyle(document.body).backgroundColor")
	p.Media("", "prefers-color-scheme", "dark")
	if dark := p.Text("getComputedStyle(document.body).backgroundColor"); dark == light {
		t.Errorf("dark and light are both %s", dark)
	}
	p.Media("print", "prefers-color-scheme", "dark")
	if got := p.Text("getComputedStyle(document.body).backgroundColor + getComputedStyle(document.querySelector('nav')).display"); got != "rgb(255, 255, 255)none" {
		t.Errorf("on paper: %s", got)
	}
	if *show != "" {
		p.Media("", "prefers-color-scheme", "dark")
		if err := os.WriteFile(filepath.Join(*show, "dark.png"), p.Screenshot(), 0o600); err != nil {
			t.Error(err)
		}
	}
	var wide bool
	if p.Eval("document.documentElement.scrollWidth > innerWidth", &wide); wide {
		t.Error(fmt.Sprint("the page is wider than its window: ", p.Text("document.documentElement.scrollWidth")))
	}
	if err := p.Quiet(); err != nil {
		t.Error(err)
	}
}

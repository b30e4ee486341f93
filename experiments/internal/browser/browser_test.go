package browser_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/internal/browser"
)

func page(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, []byte("<!doctype html><meta charset=utf-8>"+text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPage(t *testing.T) {
	p := browser.Open(t, page(t, `<p id=a>é</p><input id=s type=range min=0 max=9 value=3><script>let n = 0; addEventListener("keydown", e => n += e.key); addEventListener("pointermove", () => n += "m")</script>`), 400, 300)
	if got := p.Text("document.getElementById('a').textContent"); got != "é" {
		t.Errorf("text %q", got)
	}
	p.Key("+")
	p.Pointer("mouseMoved", 20, 20, 0)
	if got := p.Text("n"); got != "0+m" {
		t.Errorf("events %q", got)
	}
	p.Eval("document.getElementById('s').focus()", nil)
	p.Key("ArrowRight")
	var n int
	if p.Eval("Number(document.getElementById('s').value)", &n); n != 4 {
		t.Errorf("slider %d", n)
	}
	p.Media("", "prefers-color-scheme", "dark")
	var dark bool
	if p.Eval("matchMedia('(prefers-color-scheme: dark)').matches", &dark); !dark {
		t.Error("not dark")
	}
	if !bytes.HasPrefix(p.Screenshot(), []byte("\x89PNG")) {
		t.Error("no picture")
	}
	if err := p.Quiet(); err != nil {
		t.Error(err)
	}
}

// Whatever goes wrong in a page is noticed.
func TestComplaints(t *testing.T) {
	for text, wants := range map[string][]string{
		`<script>console.error("bad luck")</script><img src="nowhere.png"><script>undefinedFunction()</script>`: {"undefinedFunction", "bad luck", "nowhere.png"},
		`<meta http-equiv="Content-Security-Policy" content="default-src 'none'"><script>1</script>`:            {"Content Security Policy"},
	} {
		err := browser.Open(t, page(t, text), 400, 300).Quiet()
		for _, want := range wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", text, err, want)
			}
		}
	}
}

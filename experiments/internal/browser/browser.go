// Package browser drives a headless Chromium for the tests of pages, by chromedp: it loads a file, evaluates scripts, sends keys and
// pointers, and notes every complaint of the console and every request.
package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const patience = 30 * time.Second // for an answer

// Page is an open page. It belongs to one goroutine.
type Page struct {
	t   testing.TB
	ctx context.Context
	url string

	mu         sync.Mutex
	complaints []string // errors and warnings of the console, and exceptions
	requests   []string // addresses that were asked for, besides the page's own and data in the page
}

// Find is the path of a Chromium or a Chrome, or "" where there is none.
func Find() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// Open loads a file in a window of the given size in pixels. It skips the test where there is no Chromium.
func Open(t testing.TB, path string, width, height int) *Page {
	t.Helper()
	program := Find()
	if program == "" {
		t.Skip("no Chromium here")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.WindowSize(width, height))
	for _, flag := range []string{"disable-gpu", "disable-quic", "disable-component-update"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	p := &Page{t: t, url: (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()}
	allocator, release := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(release)
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithListener(p.note))
	p.ctx = ctx
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // begins the browser, without a limit in time that would end it
		t.Fatal(err)
	}
	p.do(chromedp.EmulateViewport(int64(width), int64(height)))
	p.do(chromedp.Navigate(p.url))
	return p
}

// note listens to what happens in the page, on a goroutine of the browser's.
func (p *Page) note(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if thrown := e.ExceptionDetails.Exception; thrown != nil {
			text += " " + thrown.Description
		}
		p.complaints = append(p.complaints, text)
	case *runtime.EventConsoleAPICalled:
		switch e.Type {
		case runtime.ConsoleAPICalledTypeError, runtime.ConsoleAPICalledTypeWarning, runtime.ConsoleAPICalledTypeAssert:
			var words []string
			for _, a := range e.Args {
				words = append(words, string(a.Value)+a.Description)
			}
			p.complaints = append(p.complaints, strings.Join(words, " "))
		}
	case *log.EventEntryAdded:
		p.complaints = append(p.complaints, fmt.Sprintf("%s: %s", e.Entry.Level, e.Entry.Text))
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; u != p.url && !strings.HasPrefix(u, "data:") {
			p.requests = append(p.requests, u)
		}
	}
}

func (p *Page) do(a chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	run(p, a)
}

func run[T any](p *Page, a chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		p.t.Fatal(err)
	}
	return v
}

// Eval evaluates an expression, waiting for it where it is a promise, and stores its value in result, which may be nil.
func (p *Page) Eval(expression string, result any) {
	p.t.Helper()
	value := run(p, chromedp.Evaluate[[]byte](expression, chromedp.EvalAwaitPromise))
	if result != nil {
		if err := json.Unmarshal(value, result); err != nil {
			p.t.Fatalf("%s is %s: %v", expression, value, err)
		}
	}
}

// Text is the value of an expression as a string.
func (p *Page) Text(expression string) string {
	p.t.Helper()
	return run(p, chromedp.Evaluate[string]("String("+expression+")"))
}

var keys = map[string]string{"PageUp": kb.PageUp, "PageDown": kb.PageDown, "End": kb.End, "Home": kb.Home, "ArrowLeft": kb.ArrowLeft, "ArrowUp": kb.ArrowUp,
	"ArrowRight": kb.ArrowRight, "ArrowDown": kb.ArrowDown, "Tab": kb.Tab, "Escape": kb.Escape, "Enter": kb.Enter}

// Key presses a key, such as "ArrowLeft" or "+", on what has the focus.
func (p *Page) Key(key string) {
	p.t.Helper()
	if known, special := keys[key]; special {
		key = known
	}
	p.do(chromedp.KeyEvent(key))
}

// Pointer moves, presses or releases the pointer: kind is "mouseMoved", "mousePressed" or "mouseReleased". x and y are pixels from the
// upper left corner of the window.
func (p *Page) Pointer(kind string, x, y float64, clicks int) {
	p.t.Helper()
	button := chromedp.ButtonLeft
	if kind == "mouseMoved" {
		button = chromedp.ButtonNone
	}
	p.do(chromedp.MouseEvent(input.DispatchMouseEventType(kind), x, y, button, chromedp.ClickCount(clicks)))
}

// Media sets the features of the medium, such as "prefers-color-scheme" to "dark", and its type, such as "print".
func (p *Page) Media(kind, feature, value string) {
	p.t.Helper()
	p.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: kind,
			Features: []*emulation.MediaFeature{{Name: feature, Value: value}}})
		return chromedp.Void{}, err
	})
}

// Screenshot is the window as PNG.
func (p *Page) Screenshot() []byte {
	p.t.Helper()
	return run(p, chromedp.CaptureScreenshot())
}

// Quiet is an error where the page complained or asked for anything.
func (p *Page) Quiet() error {
	p.t.Helper()
	time.Sleep(100 * time.Millisecond) // for what is under way
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.complaints)+len(p.requests) > 0 {
		return errors.New("complaints: " + strings.Join(p.complaints, "; ") + "; requests: " + strings.Join(p.requests, " "))
	}
	return nil
}

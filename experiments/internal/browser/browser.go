// Package browser drives a headless Chromium for the tests of pages: it loads a file, evaluates scripts, sends keys and pointers,
// and notes every complaint of the console and every request. It speaks the DevTools protocol over a pipe
// (https://chromedevtools.github.io/devtools-protocol), which needs neither a port nor a library.
package browser

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const patience = 30 * time.Second // for an answer

// Page is an open page. It belongs to one goroutine.
type Page struct {
	t       testing.TB
	out     *os.File
	in      chan message
	session string
	id      int
	begun   bool
	// Complaints are errors and warnings of the console, and exceptions.
	Complaints []string
	// Requests are the addresses that were asked for, besides the page's own and data in the page.
	Requests []string
	loaded   bool
}

type message struct {
	ID        int             `json:"id,omitempty"`
	SessionID string          `json:"sessionId,omitempty"`
	Method    string          `json:"method,omitempty"`
	Params    any             `json:"params,omitempty"`
	Result    json.RawMessage `json:"result,omitempty"`
	Error     *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
	raw json.RawMessage // Params of an event
}

// Open loads a file in a window of the given size. It skips the test where there is no Chromium.
func Open(t testing.TB, path string, width, height int) *Page {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			program = p
			break
		}
	}
	if program == "" {
		t.Skip("no Chromium here")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, program)
	var target struct {
		TargetID string `json:"targetId"`
	}
	p.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct {
		SessionID string `json:"sessionId"`
	}
	p.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	p.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		p.call(domain+".enable", nil, nil)
	}
	p.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
	p.begun = true
	p.call("Page.navigate", map[string]any{"url": "file://" + filepath.ToSlash(path)}, nil)
	for end := time.Now().Add(patience); !p.loaded; {
		if !p.receive(time.Until(end)) {
			t.Fatalf("%s is not loaded after %v", path, patience)
		}
	}
	return p
}

func start(t testing.TB, program string) *Page {
	t.Helper()
	theirs, mine, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	answers, their, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	profile := t.TempDir()
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
		"--disable-background-networking", "--remote-debugging-pipe", "--user-data-dir="+profile, "about:blank")
	cmd.ExtraFiles = []*os.File{theirs, their} // file descriptors 3 and 4
	var noise bytes.Buffer
	cmd.Stderr = &noise
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	their.Close()
	p := &Page{t: t, out: mine, in: make(chan message, 1024)}
	go func() {
		defer close(p.in)
		r := bufio.NewReader(answers)
		for {
			b, err := r.ReadBytes(0)
			if err != nil {
				return
			}
			var m struct {
				message
				Params json.RawMessage `json:"params"`
			}
			if json.Unmarshal(b[:len(b)-1], &m) == nil {
				m.message.raw = m.Params
				p.in <- m.message
			}
		}
	}()
	t.Cleanup(func() {
		_ = p.send("Browser.close", nil)
		mine.Close()
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		select {
		case <-done:
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			<-done
		}
		answers.Close()
		for range p.in { // the reader ends
		}
		for range 20 { // the profile may be in use for another moment
			if os.RemoveAll(profile) == nil {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
	return p
}

func (p *Page) send(method string, params any) error {
	p.id++
	m := message{ID: p.id, Method: method, Params: params}
	if !strings.HasPrefix(method, "Target.") && !strings.HasPrefix(method, "Browser.") {
		m.SessionID = p.session
	}
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = p.out.Write(append(b, 0))
	return err
}

// call sends a command and waits for its result.
func (p *Page) call(method string, params, result any) {
	p.t.Helper()
	if err := p.send(method, params); err != nil {
		p.t.Fatalf("%s: %v", method, err)
	}
	id := p.id
	for end := time.After(patience); ; {
		select {
		case m, open := <-p.in:
			switch {
			case !open:
				p.t.Fatalf("%s: the browser is gone", method)
			case m.ID != id:
				p.note(m)
			case m.Error != nil:
				p.t.Fatalf("%s: %s", method, m.Error.Message)
			case result != nil:
				if err := json.Unmarshal(m.Result, result); err != nil {
					p.t.Fatalf("%s: %v", method, err)
				}
				return
			default:
				return
			}
		case <-end:
			p.t.Fatalf("%s: no answer after %v", method, patience)
		}
	}
}

// receive takes one event; it says whether one came.
func (p *Page) receive(wait time.Duration) bool {
	select {
	case m, open := <-p.in:
		p.note(m)
		return open
	case <-time.After(wait):
		return false
	}
}

func (p *Page) note(m message) {
	if !p.begun {
		return
	}
	var e struct {
		Type             string                       `json:"type"`
		Args             []struct{ Value any }        `json:"args"`
		Entry            struct{ Level, Text string } `json:"entry"`
		Request          struct{ URL string }         `json:"request"`
		ExceptionDetails struct {
			Text      string
			Exception struct{ Description string }
		} `json:"exceptionDetails"`
	}
	_ = json.Unmarshal(m.raw, &e) // events of other shapes are of no interest
	switch m.Method {
	case "Page.loadEventFired":
		p.loaded = true
	case "Runtime.exceptionThrown":
		p.Complaints = append(p.Complaints, e.ExceptionDetails.Text+" "+e.ExceptionDetails.Exception.Description)
	case "Runtime.consoleAPICalled":
		if e.Type == "error" || e.Type == "warning" || e.Type == "assert" {
			p.Complaints = append(p.Complaints, fmt.Sprint(e.Args))
		}
	case "Log.entryAdded":
		p.Complaints = append(p.Complaints, e.Entry.Level+": "+e.Entry.Text)
	case "Network.requestWillBeSent":
		if u := e.Request.URL; e.Type != "Document" && !strings.HasPrefix(u, "data:") {
			p.Requests = append(p.Requests, u)
		}
	}
}

// Eval evaluates an expression, waiting for it where it is a promise, and stores its value in result, which may be nil.
func (p *Page) Eval(expression string, result any) {
	p.t.Helper()
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	p.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &answer)
	if d := answer.ExceptionDetails; d != nil {
		p.t.Fatalf("%s: %s %s", expression, d.Text, d.Exception.Description)
	}
	if result != nil {
		if err := json.Unmarshal(answer.Result.Value, result); err != nil {
			p.t.Fatalf("%s is %s: %v", expression, answer.Result.Value, err)
		}
	}
}

// Text is the value of an expression as a string.
func (p *Page) Text(expression string) string {
	p.t.Helper()
	var s string
	p.Eval("String("+expression+")", &s)
	return s
}

// Key presses a key, such as "ArrowLeft" or "+", on what has the focus.
func (p *Page) Key(key string) {
	p.t.Helper()
	params := map[string]any{"type": "keyDown", "key": key}
	if len(key) == 1 {
		params["text"] = key
	} else if code, known := codes[key]; known {
		params["windowsVirtualKeyCode"] = code
	}
	p.call("Input.dispatchKeyEvent", params, nil)
	p.call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key}, nil)
}

// codes make keys do what the browser itself does at them, such as moving sliders.
var codes = map[string]int{"PageUp": 33, "PageDown": 34, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Tab": 9, "Escape": 27}

// Pointer moves, presses or releases the pointer: kind is "mouseMoved", "mousePressed" or "mouseReleased".
func (p *Page) Pointer(kind string, x, y float64, clicks int) {
	p.t.Helper()
	params := map[string]any{"type": kind, "x": x, "y": y, "clickCount": clicks}
	if kind != "mouseMoved" {
		params["button"] = "left"
	}
	p.call("Input.dispatchMouseEvent", params, nil)
}

// Media sets the features of the medium, such as "prefers-color-scheme" to "dark", and its type, such as "print".
func (p *Page) Media(kind, feature, value string) {
	p.t.Helper()
	p.call("Emulation.setEmulatedMedia", map[string]any{"media": kind, "features": []map[string]string{{"name": feature, "value": value}}}, nil)
}

// Screenshot is the window as PNG.
func (p *Page) Screenshot() []byte {
	p.t.Helper()
	var shot struct{ Data string }
	p.call("Page.captureScreenshot", nil, &shot)
	b, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		p.t.Fatal(err)
	}
	return b
}

// Quiet is an error where the page complained or asked for anything.
func (p *Page) Quiet() error {
	p.t.Helper()
	for p.receive(100 * time.Millisecond) {
	}
	if len(p.Complaints)+len(p.Requests) > 0 {
		return errors.New("complaints: " + strings.Join(p.Complaints, "; ") + "; requests: " + strings.Join(p.Requests, " "))
	}
	return nil
}

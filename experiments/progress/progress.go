// Package progress shows on standard error how far a run is: one rewriting line on a terminal, one plain line now and
// then elsewhere, nothing on request.
package progress

import (
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// Modes are the choices of --progress.
var Modes = []string{"auto", "plain", "none"}

// Update is the state after an iteration.
type Update struct {
	Iteration  int     // iterations done
	Loss       float64 // training loss
	Validation float64 // NaN where there is none
	StepName   string  // "ρ", "ε", "rate"; empty hides the step parameter
	Step       float64
}

// Meter shows updates. It may be used by several goroutines. Close leaves the terminal in order and may be called
// twice.
type Meter interface {
	Update(Update)
	// Print writes a line above the progress.
	Print(line string)
	Close()
}

// Options of New. The zero value is auto mode on standard error.
type Options struct {
	Mode  string        // one of Modes; empty: auto
	Out   io.Writer     // nil: os.Stderr
	Total int           // iterations of the whole run
	Start int           // iterations done before, when resuming
	Every time.Duration // between plain lines; 0: 5 s
	Now   func() time.Time
}

// New builds the meter that mode and output ask for: a bar only where the output is a terminal that can rewrite lines.
func New(o Options) Meter {
	if o.Out == nil {
		o.Out = os.Stderr
	}
	if o.Every <= 0 {
		o.Every = 5 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	switch {
	case o.Mode == "none":
		return none{o.Out}
	case o.Mode != "plain" && IsTerminal(o.Out):
		return newBar(o)
	}
	return &plain{o: o, begun: o.Now()}
}

// IsTerminal reports whether lines written to w can be rewritten.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

// Colour reports whether w should get colours: a terminal, and NO_COLOR (no-color.org) not set.
func Colour(w io.Writer) bool { return os.Getenv("NO_COLOR") == "" && IsTerminal(w) }

// describe is the changing part of a line.
func describe(u Update) string {
	s := fmt.Sprintf("loss %.4g", u.Loss)
	if !math.IsNaN(u.Validation) {
		s += fmt.Sprintf("  val %.4g", u.Validation)
	}
	if u.StepName != "" {
		s += fmt.Sprintf("  %s %.3g", u.StepName, u.Step)
	}
	return s
}

// Duration writes a time as people do: 0.4s, 12s, 3m05s, 2h07m.
func Duration(d time.Duration) string {
	switch s := int(d.Round(time.Second) / time.Second); {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	default:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	}
}

type none struct{ out io.Writer }

func (none) Update(Update)       {}
func (n none) Print(line string) { fmt.Fprintln(n.out, line) }
func (none) Close()              {}

// plain writes whole lines: the first and the last update, and between them one now and then.
type plain struct {
	mu      sync.Mutex
	o       Options
	begun   time.Time
	last    time.Time
	pending *Update
	any     bool
}

func (p *plain) Update(u Update) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.o.Now()
	if p.any && now.Sub(p.last) < p.o.Every && u.Iteration < p.o.Total {
		p.pending = &u
		return
	}
	p.line(u, now)
}

func (p *plain) line(u Update, now time.Time) {
	p.any, p.last, p.pending = true, now, nil
	took := now.Sub(p.begun)
	s := fmt.Sprintf("iteration %d/%d  %s  %s", u.Iteration, p.o.Total, describe(u), Duration(took))
	if done := u.Iteration - p.o.Start; done > 0 && u.Iteration < p.o.Total {
		left := time.Duration(float64(took) / float64(done) * float64(p.o.Total-u.Iteration))
		s += "  left " + Duration(left)
	}
	fmt.Fprintln(p.o.Out, s)
}

func (p *plain) Print(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(p.o.Out, line)
}

func (p *plain) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pending != nil {
		p.line(*p.pending, p.o.Now())
	}
}

// bar is the rewriting line.
type bar struct {
	mu       sync.Mutex
	out      io.Writer
	progress *mpb.Progress
	bar      *mpb.Bar
	text     string
	closed   bool
}

func newBar(o Options) *bar {
	b := &bar{out: o.Out}
	b.progress = mpb.New(mpb.WithOutput(o.Out), mpb.WithWidth(64), mpb.WithRefreshRate(120*time.Millisecond))
	style := mpb.BarStyle().Lbound("").Rbound("").Filler("━").Tip("━").Padding("─").Refiller("━")
	if Colour(o.Out) {
		style = style.FillerMeta(func(s string) string { return "\x1b[36m" + s + "\x1b[0m" }).
			TipMeta(func(s string) string { return "\x1b[36m" + s + "\x1b[0m" }).
			PaddingMeta(func(s string) string { return "\x1b[90m" + s + "\x1b[0m" })
	}
	b.bar = b.progress.New(int64(o.Total), style,
		mpb.BarFillerTrim(),
		mpb.PrependDecorators(decor.CountersNoUnit("%d/%d ")),
		mpb.AppendDecorators(
			decor.Any(func(decor.Statistics) string { b.mu.Lock(); defer b.mu.Unlock(); return " " + b.text }),
			decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO, decor.WC{W: 8}), ""),
		))
	if o.Start > 0 {
		b.bar.SetCurrent(int64(o.Start))
		b.bar.SetRefill(int64(o.Start))
	}
	return b
}

func (b *bar) Update(u Update) {
	b.mu.Lock()
	b.text = describe(u)
	b.mu.Unlock()
	b.bar.SetCurrent(int64(u.Iteration))
}

func (b *bar) Print(line string) {
	if _, err := fmt.Fprintln(b.progress, line); err != nil { // the bar is done
		fmt.Fprintln(b.out, line)
	}
}

func (b *bar) Close() {
	b.mu.Lock()
	closed := b.closed
	b.closed = true
	b.mu.Unlock()
	if closed {
		return
	}
	b.bar.Abort(false) // no effect on a bar that is complete
	b.progress.Wait()
}

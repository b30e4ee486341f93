package progress_test

import (
	"bytes"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/costate-go/costate/experiments/progress"
)

func TestPlain(t *testing.T) {
	var b bytes.Buffer
	now := time.Unix(0, 0)
	m := progress.New(progress.Options{Out: &b, Total: 100, Now: func() time.Time { return now }})
	for i := 1; i <= 100; i++ {
		now = now.Add(300 * time.Millisecond)
		val := math.NaN()
		if i == 100 {
			val = 0.25
		}
		m.Update(progress.Update{Iteration: i, Loss: 1 / float64(i), Validation: val, StepName: "ρ", Step: 2})
	}
	m.Close()
	m.Close()
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 7 {
		t.Fatalf("%d lines:\n%s", len(lines), b.String())
	}
	if lines[0] != "iteration 1/100  loss 1  ρ 2  0.3s  left 30s" || lines[6] != "iteration 100/100  loss 0.01  val 0.25  ρ 2  30s" {
		t.Errorf("first %q\nlast %q", lines[0], lines[6])
	}
}

func TestPlainCloseShowsTheLastUpdate(t *testing.T) {
	var b bytes.Buffer
	m := progress.New(progress.Options{Out: &b, Mode: "plain", Total: 10})
	for i := 1; i <= 3; i++ {
		m.Update(progress.Update{Iteration: i, Loss: math.NaN(), Validation: math.NaN()})
	}
	m.Print("warning: x")
	m.Close()
	if s := b.String(); strings.Count(s, "iteration") != 2 || !strings.Contains(s, "iteration 3/10  loss NaN") || !strings.Contains(s, "warning: x\n") {
		t.Errorf("%q", s)
	}
}

func TestNone(t *testing.T) {
	var b bytes.Buffer
	m := progress.New(progress.Options{Out: &b, Mode: "none", Total: 3})
	m.Update(progress.Update{Iteration: 1})
	m.Print("line")
	m.Close()
	if b.String() != "line\n" {
		t.Errorf("%q", b.String())
	}
}

func TestNoTerminal(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if progress.IsTerminal(f) || progress.Colour(f) || progress.IsTerminal(&bytes.Buffer{}) {
		t.Error("a file is no terminal")
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{400 * time.Millisecond: "0.4s", 12 * time.Second: "12s", 185 * time.Second: "3m05s", 7620 * time.Second: "2h07m", 59999 * time.Millisecond: "1m00s"} {
		if got := progress.Duration(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

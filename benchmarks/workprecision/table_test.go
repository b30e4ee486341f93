package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/benchmarks/suite"
)

func TestMicros(t *testing.T) {
	c := &curve{points: []*point{{err: 1e-2, micros: 10}, {err: 1e-4, micros: 100}, {err: 1e-3, micros: 150}, {err: 1e-6, micros: 1000}}}
	for _, test := range []struct{ e, want float64 }{
		{1, 10},                             // the cheapest is good enough
		{1e-3, 10 * math.Sqrt(10)},          // half way between two, though a dearer one has just that error
		{1e-4, 100},                         // just a point
		{1e-5, 150 * math.Pow(20./3, 2./3)}, // where the curve crosses for good
		{1e-7, math.Inf(1)},                 // out of reach
	} {
		if got := c.micros(test.e); got != test.want && !(math.Abs(got/test.want-1) < 1e-12) {
			t.Errorf("error %g: %g µs, want %g", test.e, got, test.want)
		}
	}
}

func TestRatios(t *testing.T) {
	p := suite.Problems()[0]
	p.Targets = []float64{1e-4, 1e-12}
	points := []*point{
		{key: key{p.Name, "GSL", "slow", 1e-3}, err: 1e-5, micros: 30},
		{key: key{p.Name, oursName, "best", 1e-3}, err: 1e-5, micros: 5},
		{key: key{p.Name, oursName, "other", 1e-3}, err: 1e-5, micros: 6},
		{key: key{p.Name, "Boost.odeint", "fast", 1e-3}, err: 1e-4, micros: 20},
	}
	var b bytes.Buffer
	printRatios(&b, []suite.Problem{p}, points)
	for _, want := range []string{
		"| lotka-volterra | 1e-04 | best | 5 | Boost.odeint fast | 20 | 0.25 |\n",
		"| lotka-volterra | 1e-12 | – | – | – | – | – |\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no line %q in\n%s", want, b.String())
		}
	}
}

func TestParse(t *testing.T) {
	p := &suite.Problems()[0]
	q, err := parse("lotka-volterra dopri5 0.001 0.001 2.5 295 1.1263447675750893 0.9096910781361416", p)
	if err != nil {
		t.Fatal(err)
	}
	if q.key != (key{p.Name, "", "dopri5", 1e-3}) || q.micros != 2.5 || q.evaluations != 295 || !(math.Abs(q.err-0.1/2.0263447675750893) < 1e-12) {
		t.Errorf("parsed as %+v", *q)
	}
	for _, line := range []string{"", "lorenz dopri5 1 1 1 1 1 1", "lotka-volterra dopri5 1 1 1 1 1", "lotka-volterra dopri5 1 1 1 1 1 one"} {
		if _, err := parse(line, p); err == nil {
			t.Errorf("no error for %q", line)
		}
	}
}

func TestDraw(t *testing.T) {
	p := &suite.Problems()[0]
	var points []*point
	for tool := range hues {
		for k := range 5 {
			e := math.Pow(10, -float64(2*k+1))
			points = append(points, &point{key: key{p.Name, tool, "m", e}, err: e, micros: 1 / math.Sqrt(e)})
		}
	}
	folder := t.TempDir()
	if err := draw(folder, p, points); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{p.Name + ".svg", p.Name + ".png"} {
		if s, err := os.Stat(filepath.Join(folder, name)); err != nil || s.Size() < 1000 {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	if err := draw(folder, p, nil); err != nil {
		t.Errorf("without points: %v", err)
	}
}

package main

import (
	"bytes"
	"math"
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

package data_test

import (
	"math"
	"testing"

	"github.com/costate-go/costate/experiments/data"
)

func TestSine(t *testing.T) {
	p := data.Sine(4000, 0, 1)
	sum := 0.0
	for s := range p.Len() {
		x := p.Row(s)[0]
		if math.Abs(x) >= math.Pi || p.Targets[s] != math.Sin(x) {
			t.Fatalf("point %d: x = %g, y = %g", s, x, p.Targets[s])
		}
		sum += x * x
	}
	if v, want := sum/4000, math.Pi*math.Pi/3; math.Abs(v-want) > 0.2 {
		t.Errorf("variance of x is %g, want %g", v, want)
	}
}

func TestCircles(t *testing.T) {
	p := data.Circles(4000, 0, 1)
	mean := [2]float64{}
	for s := range p.Len() {
		r := math.Hypot(p.Row(s)[0], p.Row(s)[1])
		if p.Labels[s] == 0 && r > 0.5 || p.Labels[s] == 1 && (r < 1 || r > 1.5) {
			t.Fatalf("point %d of class %s at radius %g", s, p.Classes[p.Labels[s]], r)
		}
		mean[p.Labels[s]] += r * r / 2000
	}
	// Uniform in area: the mean of r² is the mean of the squared radii.
	if math.Abs(mean[0]-0.125) > 0.01 || math.Abs(mean[1]-1.625) > 0.04 {
		t.Errorf("mean r²: %v, want 0.125 and 1.625", mean)
	}
}

func TestMoons(t *testing.T) {
	p := data.Moons(1000, 0, 1)
	for s := range p.Len() {
		x, y := p.Row(s)[0], p.Row(s)[1]
		cx, cy, side := 0.0, 0.0, 1.0
		if p.Labels[s] == 1 {
			cx, cy, side = 1, 0.5, -1
		}
		if math.Abs(math.Hypot(x-cx, y-cy)-1) > 1e-12 || side*(y-cy) < -1e-12 {
			t.Fatalf("point %d of class %d at (%g, %g)", s, p.Labels[s], x, y)
		}
	}
	if q := data.Moons(1000, 0.1, 1); q.Hash == p.Hash {
		t.Error("noise changes nothing")
	}
}

package data_test

import (
	"math"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/data"
)

// Every density integrates to one over the plane, and the frequencies of its points in the quadrants and rings of the plane are
// those that it gives, within five standard errors.
func TestLogDensities(t *testing.T) {
	const samples = 20000
	for _, c := range []struct {
		name   string
		noise  float64
		points *data.Points
	}{
		{"moons", 0.1, data.Moons(samples, 0.1, 3)}, {"rings", 0.08, data.Rings(samples, 0.08, 3)}, {"pinwheel", 0, data.Pinwheel(samples, 3)},
		{"checkerboard", 0, data.Checkerboard(samples, 3)}, {"gaussians", 0, data.Gaussians(samples, 3)},
	} {
		t.Run(c.name, func(t *testing.T) {
			log := data.LogDensity(c.name, c.noise)
			const half, cells = 5.0, 120
			cell := func(x, y float64) int {
				k := 0
				for i, bit := range []bool{x > 0.3, y > 0.2, math.Hypot(x, y) > 1, math.Hypot(x, y) > 2.5} {
					if bit {
						k |= 1 << i
					}
				}
				return k
			}
			h := 2 * half / cells
			total, want, count := 0.0, make([]float64, 16), make([]float64, 16)
			for i := range cells {
				for j := range cells {
					x, y := -half+(float64(i)+0.5)*h, -half+(float64(j)+0.5)*h
					p := math.Exp(log(x, y)) * h * h
					total += p
					want[cell(x, y)] += p
				}
			}
			if math.Abs(total-1) > 2e-3 {
				t.Errorf("the density integrates to %.6f", total)
			}
			for s := range samples {
				p := c.points.Row(s)
				count[cell(p[0], p[1])]++
				if math.IsInf(log(p[0], p[1]), 0) {
					t.Fatalf("point %v has the density 0", p)
				}
			}
			for k, w := range want {
				// Cells of the grid that a boundary cuts are counted on one side: allow for them.
				if got := count[k] / samples; math.Abs(got-w) > 5*math.Sqrt(w*(1-w)/samples)+0.015 {
					t.Errorf("region %04b holds %.4f of the points, and %.4f of the density", k, got, w)
				}
			}
		})
	}
	if data.LogDensity("moons", 0) != nil || data.LogDensity("csv", 1) != nil {
		t.Error("a density without being one")
	}
	if got := data.LogDensity("checkerboard", 0)(1, 1); got != -math.Log(32) {
		t.Errorf("checkerboard: %v", got)
	}
}

func TestLoadSamples(t *testing.T) {
	for _, source := range []string{"moons", "rings", "pinwheel", "checkerboard", "gaussians"} {
		c, err := config.Parse("x", nil, "task=density", "data.source="+source, "data.samples=50")
		if err != nil {
			t.Fatal(err)
		}
		p, err := data.LoadSamples(c)
		if err != nil || p.Len() != 50 || p.Dim() != 2 || p.Labels != nil || p.Hash == "" {
			t.Errorf("%s: %+v %v", source, p, err)
		}
	}
	tab, err := data.ParseTable("f.csv", []byte("a,b\n1,2\n3,4\n"))
	if err != nil {
		t.Fatal(err)
	}
	if p, err := tab.Samples(data.CSVOptions{}); err != nil || p.Len() != 2 || p.Row(1)[0] != 3 {
		t.Errorf("%+v %v", p, err)
	}
	tab, _ = data.ParseTable("f.csv", []byte("a,b\n1,\n"))
	if _, err := tab.Samples(data.CSVOptions{}); err == nil || !strings.Contains(err.Error(), `f.csv:2: column "b": the value is missing`) {
		t.Errorf("missing value: %v", err)
	}
}

package systems_test

import (
	"math"
	"testing"

	"github.com/costate-go/costate/experiments/systems"
	"github.com/costate-go/costate/ode/neural"
)

// Every plant rests at the origin, its Jacobian is that by differences, and linear ones are what they say.
func TestPlants(t *testing.T) {
	for _, name := range systems.PlantNames() {
		p := systems.PlantByName(name)
		d := len(p.States)
		f := p.Steered(1.5, 0.3)
		if err := neural.Check(f, neural.CheckConfig{T: 0.2}).Err(1e-7); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		dx, x := make([]float64, d+1), make([]float64, d+1)
		f.F(dx, 0, x, []float64{0})
		for i, v := range dx {
			if v != 0 {
				t.Errorf("%s: component %d moves at the origin", name, i)
			}
		}
		x[0], x[1] = 1e-4, -2e-4
		if got := p.Size(nil, x[:d]); math.Abs(got-5e-8) > 1e-15 {
			t.Errorf("%s: size %v near the origin", name, got)
		}
		if p.A == nil {
			continue
		}
		x[0], x[1] = 0.3, -0.7
		f.F(dx, 0, x, []float64{0.9})
		for i := range d {
			want := p.B[i] * 0.9
			for k := range d {
				want += p.A[i*d+k] * x[k]
			}
			if math.Abs(dx[i]-want) > 1e-15 {
				t.Errorf("%s: component %d is %v, A and B give %v", name, i, dx[i], want)
			}
		}
	}
	if systems.PlantByName("x") != nil {
		t.Error("a plant that is none")
	}
}

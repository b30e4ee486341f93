package data_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/systems"
)

const drives = "id,t,u,x\nb,0,5,1\na,0,0,2\nb,1,7,\na,2,4,3\na,3,2,4\n"

// Rows of several trajectories may be mixed; they come out one trajectory after the other.
func TestTrajectories(t *testing.T) {
	s, err := series(t, drives, data.CSVOptions{Time: "t", ID: "id", Inputs: []string{"u"}})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(s.Names, s.InputNames, s.IDs, s.T, s.X, s.U, s.Trajectories(), s.Missing)
	if want := "[x] [u] [b a] [0 1 0 2 3] [1 NaN 2 3 4] [5 7 0 4 2] [[0 2] [2 5]] 1"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for name, c := range map[string]struct{ text, want string }{
		"name":  {"id,t,x\na,0,1\n,1,1\n", `f.csv:3: column "id": the name of the trajectory is missing`},
		"short": {"id,t,x\na,0,1\na,1,1\nb,1,1\n", `f.csv: 1 rows of trajectory "b" in the time span; a series needs 2 or more`},
		"order": {"id,t,x\na,1,1\nb,0,1\na,0,1\n", `f.csv:4: column "t": time 0 does not exceed 1, the one before; sort the rows and merge rows of equal time`},
	} {
		if _, err := series(t, c.text, data.CSVOptions{Time: "t", ID: "id"}); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v\nwant %s", name, err, c.want)
		}
	}
}

func TestSignal(t *testing.T) {
	s, err := series(t, drives, data.CSVOptions{Time: "t", ID: "id", Inputs: []string{"u"}})
	if err != nil {
		t.Fatal(err)
	}
	u := []float64{0}
	linear, err := s.Signal(false, []int{1, 0})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		t      float64
		sample int
		want   float64
	}{{0.5, 0, 1}, {2.5, 0, 3}, {2, 0, 4}, {-1, 0, 0}, {9, 0, 2}, {0.25, 1, 5.5}} {
		if linear.At(u, c.t, c.sample); math.Abs(u[0]-c.want) > 1e-14 {
			t.Errorf("at %g of sample %d: %v, want %v", c.t, c.sample, u[0], c.want)
		}
	}
	// The natural spline through (0, 0), (2, 4), (3, 2): its second derivative M in the middle solves 2(2 + 1)M = 6(−2 − 2).
	cubic, err := s.Signal(true, []int{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	if cubic.At(u, 1, 1); math.Abs(u[0]-(2-(-4.)*(1.-4)/12*-1)) > 1e-12 {
		t.Errorf("spline: %v, want %v", u[0], 2-(-4.)*(1.-4)/12*-1)
	}
	if cubic.Follow([]int{1}); testing.AllocsPerRun(10, func() { cubic.At(u, 1, 0) }) != 0 {
		t.Error("a signal allocates")
	}
}

func TestHide(t *testing.T) {
	s, err := data.System(systems.ByName("sir"), nil, nil, data.SeriesOptions{Points: 5, T1: 10})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Hide([]string{"infected", "infected"}); err != nil || s.Missing != 5 || !math.IsNaN(s.Row(2)[1]) || s.Truth[1] != 0.01 {
		t.Errorf("%+v %v", s, err)
	}
}

package pictures

import (
	"fmt"
	"math"
	"testing"
)

func TestApart(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		times []float64
		want  string
	}{
		{[]float64{0, 1, 2}, "[{0 3}]"},
		{[]float64{0, 1, nan, 0, 1, 2}, "[{0 2} {3 6}]"},
		{[]float64{0, nan, 5, nan, 7}, "[{0 1} {2 3} {4 5}]"},
	} {
		if got := fmt.Sprint(apart(c.times)); got != c.want {
			t.Errorf("%v: %s, want %s", c.times, got, c.want)
		}
	}
}

// What is picked ascends, begins with the first, and is all where that is few.
func TestPick(t *testing.T) {
	for _, c := range []struct {
		n, most int
		want    string
	}{{0, 3, "[]"}, {2, 3, "[0 1]"}, {6, 3, "[0 2 4]"}, {7, 3, "[0 2 4]"}, {100, 4, "[0 25 50 75]"}} {
		if got := fmt.Sprint(pick(c.n, c.most)); got != c.want {
			t.Errorf("%d of %d: %s, want %s", c.most, c.n, got, c.want)
		}
	}
	if got := fmt.Sprint(ends(100, 4), ends(4, 9), ends(1, 1), ends(0, 1)); got != "[0 25 50 75 99] [0 1 2 3] [0] []" {
		t.Errorf("with the last one: %s", got)
	}
}

package pmp

import "testing"

// With s checkpoints l steps can be reversed by r l − β(s + 1, r − 1) steps forward, where β(s, r − 1) < l ≤ β(s, r), and
// not by fewer (Griewank & Walther 2000, proposition 1).
func TestSplitIsOptimal(t *testing.T) {
	var cost func(l, others int) int
	memo := map[[2]int]int{}
	cost = func(l, others int) int {
		switch {
		case l == 1:
			return 0
		case others == 0:
			return l * (l - 1) / 2
		}
		key := [2]int{l, others}
		if v, ok := memo[key]; ok {
			return v
		}
		m := split(l, others)
		if m < 1 || m >= l {
			t.Fatalf("split(%d, %d) = %d", l, others, m)
		}
		v := m + cost(l-m, others-1) + cost(m, others)
		memo[key] = v
		return v
	}
	for others := range 12 {
		for l := 1; l <= 300; l++ {
			s, r := others+1, 0
			for beta(s, r) < l {
				r++
			}
			if want := r*l - beta(s+1, r-1); cost(l, others) != want {
				t.Fatalf("%d steps with %d checkpoints take %d steps forward, want %d", l, s, cost(l, others), want)
			}
		}
	}
}

package data

import (
	"math"
	"slices"
)

// Window is a run of consecutive observations of a series: Start … Start+Len−1.
type Window struct{ Start, Len int }

// Windows cuts n observations into windows of a length whose starts lie stride apart; a last one ends at n when
// the stride leaves observations over. Length 0 or ≥ n gives the whole series; stride 0 is half the length.
func Windows(n, length, stride int) []Window {
	if length <= 0 || length >= n {
		return []Window{{0, n}}
	}
	if stride <= 0 {
		stride = max(1, length/2)
	}
	var w []Window
	for s := 0; s+length <= n; s += stride {
		w = append(w, Window{s, length})
	}
	if last := w[len(w)-1]; last.Start+length < n {
		w = append(w, Window{n - length, length})
	}
	return w
}

// Split is a partition of indexes, each list ascending.
type Split struct{ Train, Validation, Test []int }

// counts rounds fractions of n to whole numbers; a positive fraction gives at least one where n allows, and one at
// least stays for training.
func counts(n int, validation, test float64) (v, t int) {
	round := func(f float64) int {
		if f <= 0 {
			return 0
		}
		return max(1, int(math.Round(f*float64(n))))
	}
	v, t = round(validation), round(test)
	for v+t >= n && v+t > 0 {
		if v >= t {
			v--
		} else {
			t--
		}
	}
	return v, t
}

// SplitPoints draws validation and test sets from n independent samples.
func SplitPoints(n int, validation, test float64, seed uint64) Split {
	v, t := counts(n, validation, test)
	p := Stream(seed, "split").Perm(n)
	s := Split{Validation: p[:v:v], Test: p[v : v+t : v+t], Train: p[v+t:]}
	s.sort()
	return s
}

// blocks is into how many runs of consecutive windows a held-out set is cut at most.
const blocks = 5

// SplitWindows holds out windows of one series. By time, the last ones are the test set and those before them the
// validation set; otherwise each set is cut into up to five runs of consecutive windows at random places. Windows overlap: a
// training window that shares more than an end point with a held-out one is left out of all sets, and so is a validation
// window that shares so much with a test window, or the held-out losses would flatter.
func SplitWindows(w []Window, validation, test float64, byTime bool, seed uint64) Split {
	n := len(w)
	v, t := counts(n, validation, test)
	role := make([]int, 0, n) // 0 train, 1 validation, 2 test
	if byTime {
		for i := range n {
			switch {
			case i >= n-t:
				role = append(role, 2)
			case i >= n-t-v:
				role = append(role, 1)
			default:
				role = append(role, 0)
			}
		}
	} else {
		role = scatter(n, v, t, seed)
	}
	var s Split
	for i := range n {
		if clashes(w, role, i) {
			continue
		}
		switch role[i] {
		case 0:
			s.Train = append(s.Train, i)
		case 1:
			s.Validation = append(s.Validation, i)
		case 2:
			s.Test = append(s.Test, i)
		}
	}
	return s
}

// scatter places runs of held-out windows between the training windows, every arrangement equally likely.
func scatter(n, v, t int, seed uint64) []int {
	type run struct{ role, length int }
	var runs []run
	for r, total := range []int{0, v, t} {
		if r == 0 || total == 0 {
			continue
		}
		b := min(blocks, total)
		for i := range b {
			runs = append(runs, run{r, (i+1)*total/b - i*total/b})
		}
	}
	for range n - v - t {
		runs = append(runs, run{0, 1})
	}
	role := make([]int, 0, n)
	for _, i := range Stream(seed, "split").Perm(len(runs)) {
		for range runs[i].length {
			role = append(role, runs[i].role)
		}
	}
	return role
}

// clashes reports whether window i shares more than one observation with a window of a set held out more strictly.
func clashes(w []Window, role []int, i int) bool {
	for _, step := range []int{-1, 1} {
		for j := i + step; j >= 0 && j < len(w); j += step {
			shared := min(w[i].Start+w[i].Len, w[j].Start+w[j].Len) - max(w[i].Start, w[j].Start)
			if shared <= 1 {
				break
			}
			if role[j] > role[i] {
				return true
			}
		}
	}
	return false
}

func (s *Split) sort() {
	slices.Sort(s.Train)
	slices.Sort(s.Validation)
	slices.Sort(s.Test)
}

package pmp

import (
	"cmp"
	"slices"
)

// jumps keep a control in a finite set from changing in too many places at once: a trust region on the share of the time in which it
// changes (Hahn, Leyffer & Sager, Binary optimal control by trust-region steepest descent, Math. Program. 197 (2023) 147–190).
type jumps struct {
	w        *Sweeper
	share    float64 // of the time that may change
	changed  int     // nodes that change in the present trial
	gain     []float64
	order    []int
	rejected bool // a trial with a single node was
}

func newJumps(w *Sweeper) *jumps {
	return &jumps{w: w, share: 1, gain: make([]float64, w.mesh.nodes), order: make([]int, 0, w.mesh.nodes)}
}

// best takes back the changes from theta to next but those of the nodes where H gains most per unit of time.
func (s *jumps) best(f *Frozen, next, theta []float64) {
	m := s.w.mesh
	s.order = s.order[:0]
	f.Parts(next)
	for j := range m.nodes {
		s.gain[j] = f.sums[2*j] - f.sums[2*j+1]
	}
	f.Parts(theta)
	for j := range m.nodes {
		s.gain[j] -= f.sums[2*j] - f.sums[2*j+1]
		if !slices.Equal(m.node(next, j), m.node(theta, j)) {
			s.order = append(s.order, j)
		}
	}
	slices.SortFunc(s.order, func(a, b int) int {
		return cmp.Or(cmp.Compare(s.gain[b]*m.mass[a], s.gain[a]*m.mass[b]), cmp.Compare(a, b))
	})
	room := s.share * (s.w.Problem.T1 - s.w.Problem.T0)
	s.changed, s.rejected = 0, false
	for k, j := range s.order {
		room -= m.mass[j]
		if k > 0 && room < -1e-12 {
			copy(m.node(next, j), m.node(theta, j))
		} else {
			s.changed++
		}
	}
}

// reject halves the share that was really used.
func (s *jumps) reject() {
	used := 0.0
	for _, j := range s.order[:s.changed] {
		used += s.w.mesh.mass[j]
	}
	s.rejected = s.changed == 1
	s.share = 0.5 * used / (s.w.Problem.T1 - s.w.Problem.T0)
}

// end stops where the jump of the most promising node alone does not lower J.
func (s *jumps) end(it *Iterate) {
	if s.rejected {
		it.Stop, it.Message = Converged, "no jump of a single node lowers J where H gains most"
	}
}

package ode

// suspicion counts steps that stability seems to limit (Hairer & Wanner, Solving ODEs II, section IV.2, and
// their program dopri5).
type suspicion struct {
	stiff, calm, wait int
}

const (
	stiffSteps = 15 // suspicious steps, with fewer than calmSteps others between them, that make a problem stiff
	calmSteps  = 6
	stiffEvery = 16 // without suspicion only one step in so many is looked at
)

// watchStiffness looks at the attempted step before it is accepted.
func (it *Integrator) watchStiffness(t float64) {
	s := &it.suspect
	if it.stiff == nil || it.stats.Stiff {
		return
	}
	ratio := it.stiff.StiffnessRatio()
	if ratio > 1 {
		s.calm = 0
		if s.stiff++; s.stiff == stiffSteps {
			it.stats.Stiff = true
			if it.s.OnStiff != nil {
				it.s.OnStiff(t, ratio)
			}
		}
		return
	}
	if s.calm++; s.stiff == 0 || s.calm == calmSteps {
		*s = suspicion{wait: stiffEvery - 1}
	}
}

package solvers

// Gustafsson is the predictive controller
//
//	factor = safety · error_n^(−1/k) · min(1, (h_n/h_{n−1}) · (error_{n−1}/error_n)^(1/k)),
//
// which takes it that errors go on changing as they did in the last step: in stiff problems steps grow or shrink over
// many orders of magnitude, and PI lags behind (K. Gustafsson, ACM Trans. Math. Softw. 20 (1994) 496–517; Hairer &
// Wanner, Solving ODEs II, section IV.8). It is the default of implicit methods.
type Gustafsson struct{ Limits }

// Factor implements Controller.
func (c Gustafsson) Factor(h *History) float64 {
	l := c.Limits.orDefaults()
	if h.Error > 1 {
		return l.shrink(h)
	}
	k := float64(h.Order)
	now := fastLog2(max(h.Error, 1e-10))
	log := -now / k
	if h.Last > 0 && h.Ratio > 0 {
		log += min(0, fastLog2(h.Ratio)+(fastLog2(max(h.Last, 1e-2))-now)/k)
	}
	return l.clamp(l.Safety*fastExp2(log), h)
}

package solvers

import (
	"math"

	"github.com/costate-go/costate/internal/approx"
)

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
	return c.predictor(h.Order).Factor(h)
}

// predictor is Gustafsson for one order.
type predictor struct {
	limits             Limits
	logSafety, inverse float64 // log₂ of the safety factor, 1/k
}

func (c Gustafsson) predictor(order int) *predictor {
	l := c.Limits.orDefaults()
	return &predictor{limits: l, logSafety: math.Log2(l.Safety), inverse: 1 / float64(order)}
}

// Factor implements Controller.
func (c *predictor) Factor(h *History) float64 {
	if h.Error > 1 {
		return c.limits.shrink(h)
	}
	now := approx.Log2(max(h.Error, 1e-10))
	log := c.logSafety - now*c.inverse
	if last := max(h.Last, 1e-2); h.Last > 0 && h.Ratio > 0 && (h.Ratio < 1 || last < h.Error) {
		log += min(0, approx.Log2(h.Ratio)+(approx.Log2(last)-now)*c.inverse)
	}
	return c.limits.clamp(approx.Exp2(log), h)
}

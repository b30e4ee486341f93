package solvers

import (
	"math"

	"github.com/costate-go/costate/internal/approx"
)

// History is what a step-size controller sees. Errors are norms, one being the tolerance; those of earlier steps
// are zero where there is no such step since the start or the last discontinuity.
type History struct {
	Error      float64 // of the attempted step
	Last       float64 // of the accepted step before it
	BeforeLast float64 // of the one before that
	Ratio      float64 // size of the attempted step over that of the accepted step before it; zero: unknown
	Order      int     // k = q + 1: the error behaves as hᵏ
	Rejected   bool    // an attempt at this step was rejected before
}

// Controller chooses step sizes. Controllers are immutable values, safe for concurrent use.
type Controller interface {
	// Factor returns the size of the next attempt over that of the attempted step. The attempt is accepted if
	// h.Error ≤ 1; otherwise the factor must be less than one.
	Factor(h *History) float64
}

// Limits bound the factors of a controller. Zero values mean the defaults given.
type Limits struct {
	Safety    float64 // aims at an error below the tolerance; 0.9
	MinFactor float64 // strongest shrinking; 0.2
	MaxFactor float64 // strongest growth; 10
	// GrowAfterRejection permits growth right after a rejected attempt, which is otherwise put off for one step.
	GrowAfterRejection bool
}

func (l Limits) orDefaults() Limits {
	if l.Safety == 0 {
		l.Safety = 0.9
	}
	if l.MinFactor == 0 {
		l.MinFactor = 0.2
	}
	if l.MaxFactor == 0 {
		l.MaxFactor = 10
	}
	return l
}

// clamp limits the factor of an accepted step.
func (l Limits) clamp(factor float64, h *History) float64 {
	top := l.MaxFactor
	if h.Rejected && !l.GrowAfterRejection {
		top = 1
	}
	return min(top, max(l.MinFactor, factor))
}

// shrink is the factor after a rejected attempt, which carries no information on how errors develop: the
// elementary controller.
func (l Limits) shrink(h *History) float64 {
	return max(l.MinFactor, min(l.Safety*approx.Exp2(-approx.Log2(min(h.Error, 1e300))/float64(h.Order)), maxShrink))
}

const (
	// maxShrink keeps a rejected attempt from being repeated with almost the same size.
	maxShrink = 0.95
	// errorFloor keeps one step with hardly any error from upsetting the steps after it (as facold in dopri5).
	errorFloor = 1e-4
)

// I is the elementary (integral) controller: factor = safety·error^(−1/k). An accepted step is never followed
// by a smaller one. With its defaults it is the controller of torchdiffeq.
type I struct{ Limits }

// Factor implements Controller.
func (c I) Factor(h *History) float64 {
	l := c.Limits.orDefaults()
	if h.Error > 1 {
		return l.shrink(h)
	}
	return l.clamp(max(1, l.Safety*math.Pow(h.Error, -1/float64(h.Order))), h)
}

// PI is the proportional–integral controller
//
//	factor = safety · error_n^(−β₁/k) · error_{n−1}^(−β₂/k),
//
// which damps the oscillations of I where stability limits the steps (Gustafsson 1991; Hairer & Wanner II.IV.2).
// It is the default of explicit methods, with β = (0.7, −0.4).
type PI struct {
	Beta1, Beta2 float64 // both zero: 0.7 and −0.4
	Limits
}

// Factor implements Controller.
func (c PI) Factor(h *History) float64 { return c.filter(h.Order).Factor(h) }

func (c PI) filter(order int) *filter {
	b1, b2 := c.Beta1, c.Beta2
	if b1 == 0 && b2 == 0 {
		b1, b2 = 0.7, -0.4
	}
	return newFilter(c.Limits, order, b1, b2, 0, 0)
}

// PID is the general three-term digital filter
//
//	factor = safety · error_n^(−β₁/k) · error_{n−1}^(−β₂/k) · error_{n−2}^(−β₃/k) · (h_n/h_{n−1})^(−α),
//
// (G. Söderlind, ACM Trans. Math. Softw. 29 (2003) 1–26). The default is that of Kennedy and Carpenter (Appl. Numer. Math. 44 (2003) 139–181),
// β = (0.49, −0.34, 0.10), α = 0.
type PID struct {
	Beta1, Beta2, Beta3, Alpha float64 // all zero: 0.49, −0.34, 0.10, 0
	Limits
}

// Factor implements Controller.
func (c PID) Factor(h *History) float64 { return c.filter(h.Order).Factor(h) }

func (c PID) filter(order int) *filter {
	if c.Beta1 == 0 && c.Beta2 == 0 && c.Beta3 == 0 && c.Alpha == 0 {
		c.Beta1, c.Beta2, c.Beta3 = 0.49, -0.34, 0.10
	}
	return newFilter(c.Limits, order, c.Beta1, c.Beta2, c.Beta3, c.Alpha)
}

// Prepare returns a controller that does the same as c for methods of that History.Order, faster where it can.
func Prepare(c Controller, order int) Controller {
	switch c := c.(type) {
	case PI:
		return c.quick(order)
	case PID:
		if f := c.filter(order); f.alpha != 0 {
			return f
		} else {
			return newQuickFilter(f)
		}
	case Gustafsson:
		return c.predictor(order)
	}
	return c
}

// filter is a digital filter for one order. Without any history it is the elementary controller; while the error before
// last is not known, the last one stands in for it.
type filter struct {
	limits                      Limits
	logSafety, first            float64 // log₂ of the safety factor, −1/k
	beta1, beta2, beta3, beta23 float64 // −β/k
	alpha                       float64
}

func newFilter(l Limits, order int, b1, b2, b3, alpha float64) *filter {
	l = l.orDefaults()
	k := -1 / float64(order)
	return &filter{limits: l, logSafety: math.Log2(l.Safety), first: k,
		beta1: k * b1, beta2: k * b2, beta3: k * b3, beta23: k * (b2 + b3), alpha: -alpha}
}

// Factor implements Controller.
func (c *filter) Factor(h *History) float64 {
	if h.Error > 1 {
		return c.limits.shrink(h)
	}
	var log float64
	if now := approx.Log2(max(h.Error, 1e-10)); h.Last == 0 {
		log = c.logSafety + c.first*now
	} else {
		log = c.history(h) + c.beta1*now
		if c.alpha != 0 && h.Ratio > 0 {
			log += c.alpha * approx.Log2(h.Ratio)
		}
	}
	return c.limits.clamp(approx.Exp2(log), h)
}

// history is log₂ of what earlier errors, of which there is one at least, and the safety factor make of the factor.
func (c *filter) history(h *History) float64 {
	last := max(h.Last, errorFloor)
	if h.BeforeLast == 0 || c.beta3 == 0 {
		return c.logSafety + c.beta23*approx.Log2(last)
	}
	return c.logSafety + c.beta2*approx.Log2(last) + c.beta3*approx.Log2(max(h.BeforeLast, errorFloor))
}

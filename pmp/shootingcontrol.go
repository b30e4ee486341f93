package pmp

import (
	"errors"
	"fmt"
	"math"
)

// formula is a stretch of slopes g = ∂(p·f)/∂u on which the maximizer of g u − ½νu² − β|u| over the bounds is one formula,
// value + (g − shift)/ν. It grows with g, so that the formulas of a control are a list in the order of g.
type formula struct {
	kind                ArcKind
	value, shift, slope float64
	from, to            float64 // slopes
}

func (f *formula) at(g float64) float64 {
	if f.slope == 0 {
		return f.value
	}
	return f.slope * (g - f.shift)
}

// formulas lists them for the price ν, β and the bounds lo ≤ hi.
func formulas(nu, beta, lo, hi float64) ([]formula, error) {
	if nu == 0 && math.IsInf(hi-lo, 0) {
		return nil, fmt.Errorf("%w: without bounds on both sides and without a price L2, H has no maximum over the control", ErrProblem)
	}
	var list []formula
	from := math.Inf(-1)
	add := func(f formula, to float64) {
		if to > from {
			f.from, f.to = from, to
			list = append(list, f)
			from = to
		}
	}
	line := func(shift, to float64) {
		if nu > 0 {
			add(formula{kind: InteriorArc, shift: shift, slope: 1 / nu}, to)
		}
	}
	// end is the slope at which the branch u ≥ 0 or u ≤ 0 reaches the value u.
	end := func(u, sign float64) float64 {
		if nu > 0 {
			return nu*u + sign*beta
		}
		return sign * beta
	}
	inf := math.Inf(1)
	if beta == 0 {
		add(formula{kind: LowerArc, value: lo}, end(lo, 1))
		line(0, end(hi, 1))
		add(formula{kind: UpperArc, value: hi}, inf)
		return list, nil
	}
	if lo < 0 {
		add(formula{kind: LowerArc, value: lo}, end(lo, -1))
		line(-beta, end(min(hi, 0), -1))
		switch {
		case hi > 0:
			add(formula{kind: ZeroArc}, beta)
		default:
			add(formula{kind: UpperArc, value: hi}, inf)
		}
	} else {
		add(formula{kind: LowerArc, value: lo}, end(lo, 1))
	}
	line(beta, end(hi, 1))
	add(formula{kind: UpperArc, value: hi}, inf)
	return list, nil
}

// find returns the formula of that kind of control i, −1 where there is none or more than one.
func (sys *system) find(i int, kind ArcKind) int {
	at := -1
	for k := range sys.formulas[i] {
		if sys.formulas[i][k].kind == kind {
			if at >= 0 {
				return -1
			}
			at = k
		}
	}
	return at
}

// choose returns the formula that maximizes H at the slope g.
func (sys *system) choose(i int, g float64) int {
	list := sys.formulas[i]
	k := 0
	for k < len(list)-1 && g >= list[k].to {
		k++
	}
	return k
}

// meet is where two arcs meet: the slope of one control is at a threshold, and into a singular arc the slope's rate vanishes too.
// Out of a singular arc nothing more is asked. Where it lasts to the end, the conditions there hold the slope, and its rate alone is asked to vanish.
type meet struct {
	control     int
	threshold   float64
	enter, exit bool
	last        bool // into a singular arc that lasts to the end
}

func (m *meet) equations() int {
	switch {
	case m.last:
		return 1
	case m.enter:
		return 2
	case m.exit:
		return 0
	}
	return 1
}

func (sys *system) meet(a, b *Arc) (meet, error) {
	m := meet{control: -1}
	for i := range a.Kinds {
		if a.Kinds[i] == b.Kinds[i] {
			continue
		}
		if m.control >= 0 {
			return m, errors.New("two controls change at once; put an arc between")
		}
		m.control = i
	}
	if m.control < 0 {
		return m, errors.New("no control changes")
	}
	from, to := a.Kinds[m.control], b.Kinds[m.control]
	switch {
	case to == SingularArc:
		m.enter = true
		return m, nil
	case from == SingularArc:
		m.exit = true
		return m, nil
	}
	k, n := sys.find(m.control, from), sys.find(m.control, to)
	if k-n != 1 && n-k != 1 {
		return m, fmt.Errorf("a control that maximizes H does not go from %v to %v in one step", from, to)
	}
	m.threshold = sys.formulas[m.control][max(k, n)].from
	return m, nil
}

// eighth holds the weights of the central difference of eighth order at ±1 … ±4.
var eighth = [...]float64{4. / 5, -1. / 5, 4. / 105, -1. / 280}

// along differentiates g along the direction that v holds at (t, y), on the scratch w.
func along(w, y, v []float64, t float64, g func(t float64, y []float64) float64) float64 {
	size, speed := 1.0, 1.0
	for i := range v {
		size, speed = max(size, math.Abs(y[i])), max(speed, math.Abs(v[i]))
	}
	h, sum := 0.01*size/speed, 0.0
	for k, c := range eighth {
		s := float64(k+1) * h
		for i := range v {
			w[i] = y[i] + s*v[i]
		}
		up := g(t+s, w)
		for i := range v {
			w[i] = y[i] - s*v[i]
		}
		sum += c * (up - g(t-s, w))
	}
	return sum / h
}

// slopeRate is dg/dt of the singular control, which does not depend on that control.
func (f *flow) slopeRate(t float64, y []float64) float64 {
	f.rate(f.dir[0], t, y, f.lower[f.singular])
	return along(f.at[0], y, f.dir[0], t, func(t float64, y []float64) float64 {
		f.slope(f.g, t, y)
		return f.g[f.singular]
	})
}

// singularControl solves d²g/dt² = 0, which is affine in the control.
func (f *flow) singularControl(t float64, y []float64) float64 {
	if f.law != nil {
		return f.law(t, y[:f.d], y[f.d:2*f.d])
	}
	second := func(v float64) float64 {
		f.rate(f.dir[1], t, y, v)
		return along(f.at[1], y, f.dir[1], t, f.slopeRate)
	}
	lo, hi := f.lower[f.singular], f.upper[f.singular]
	a, b := second(lo), second(hi)
	return lo + (hi-lo)*a/(a-b)
}

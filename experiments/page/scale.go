package page

import (
	"fmt"
	"math"
	"strings"
)

// axis maps numbers to [0, 1], linearly or by their logarithms.
type axis struct {
	lo, hi float64 // logarithms where log
	log    bool
	whole  bool // ticks at whole numbers only
}

// fewDecades have room for ticks between the powers of ten.
const fewDecades = 2.2

// newAxis covers the numbers from lo to hi, with a margin.
func newAxis(lo, hi float64, log bool) axis {
	a := axis{lo: lo, hi: hi, log: log}
	if log {
		a.lo, a.hi = math.Log10(lo), math.Log10(hi)
	}
	margin := 0.05 * (a.hi - a.lo)
	if !(margin > 1e-9*(math.Abs(a.lo)+math.Abs(a.hi))) { // all the same
		margin = 0.5
		if !log {
			margin = 0.5 * math.Abs(lo)
			if margin == 0 {
				margin = 1
			}
		}
	}
	a.lo, a.hi = a.lo-margin, a.hi+margin
	return a
}

func (a axis) at(v float64) float64 {
	if a.log {
		v = math.Log10(v)
	}
	return (v - a.lo) / (a.hi - a.lo)
}

// ticks are about n round numbers inside, with their labels.
func (a axis) ticks(n int) (values []float64, labels []string) {
	if a.log && a.hi-a.lo >= 1.2 {
		factors, step := []float64{1}, int(math.Ceil((a.hi-a.lo)/float64(n)))
		if a.hi-a.lo < fewDecades {
			factors = []float64{1, 2, 5}
		}
		for e := int(math.Floor(a.lo)); float64(e) <= a.hi; e++ {
			for _, f := range factors {
				if at := float64(e) + math.Log10(f); e%step != 0 || at < a.lo || at > a.hi {
					continue
				}
				values = append(values, f*math.Pow(10, float64(e)))
				labels = append(labels, strings.TrimPrefix(fmt.Sprintf("%g·10%s", f, superscript(e)), "1·"))
			}
		}
		return values, labels
	}
	lo, hi := a.lo, a.hi
	if a.log {
		lo, hi = math.Pow(10, lo), math.Pow(10, hi)
	}
	step := round((hi - lo) / float64(n))
	if a.whole {
		step = max(step, 1)
	}
	if !(step > 0) || math.IsInf(step, 0) {
		return nil, nil
	}
	for k := math.Ceil(lo / step); k*step <= hi && len(values) < 4*n; k++ {
		values = append(values, k*step)
		labels = append(labels, plain(k*step, step))
	}
	return values, labels
}

// round is the next of 1, 2, 5, 10, … times a power of ten, or the one before where it is close.
func round(step float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(step)))
	for _, f := range []float64{1, 2, 5} {
		if 1.25*f*p >= step {
			return f * p
		}
	}
	return 10 * p
}

// plain writes a multiple of a step with as many digits as tell the multiples apart.
func plain(v, step float64) string {
	if math.Abs(v) < step/2 {
		return "0"
	}
	decimals := max(-int(math.Floor(math.Log10(step)+1e-9)), 0)
	if a := math.Abs(v); a >= 1e5 || step < 1e-4 && (a < 0.01 || decimals > 6) {
		e := int(math.Floor(math.Log10(a) + 1e-9))
		digits := max(e-int(math.Floor(math.Log10(step)+1e-9)), 0)
		return Minus(fmt.Sprintf("%.*f", min(digits, 6), v/math.Pow(10, float64(e)))) + "·10" + superscript(e)
	}
	return Minus(fmt.Sprintf("%.*f", decimals, v))
}

// Ticks are about n round numbers from lo to hi with their labels.
func Ticks(lo, hi float64, n int) (values []float64, labels []string) {
	if !(hi > lo) {
		return nil, nil
	}
	return axis{lo: lo, hi: hi}.ticks(n)
}

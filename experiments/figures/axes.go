package figures

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

// extent accumulates the finite range of what is drawn.
type extent struct{ lo, hi float64 }

func newExtent() extent { return extent{math.Inf(1), math.Inf(-1)} }

// leastLog is the smallest number drawn on a logarithmic axis; with the margin it stays a normal number.
const leastLog = 1e-290

func finite(v float64) bool { return !math.IsNaN(v) && math.Abs(v) < 1e300 }

func (e *extent) add(v float64) {
	if finite(v) {
		e.lo, e.hi = math.Min(e.lo, v), math.Max(e.hi, v)
	}
}

func (e extent) empty() bool { return e.lo > e.hi }

// set gives a linear axis the extent with a margin; a degenerate one is widened.
func (e extent) set(a *plot.Axis, margin float64) {
	if e.empty() {
		e.lo, e.hi = 0, 1
	}
	d := (e.hi - e.lo) * margin
	if floor := 1e-6 * math.Max(math.Abs(e.lo), math.Abs(e.hi)); e.hi-e.lo <= floor*1e-3 {
		d = math.Max(floor, 1e-12)
		if e.lo == 0 && e.hi == 0 {
			d = 1
		}
	}
	a.Min, a.Max = e.lo-d, e.hi+d
	a.Tick.Marker = linearTicks{}
}

// setLog makes the axis logarithmic over the positive extent, widened to a decade at least.
func (e extent) setLog(a *plot.Axis) {
	if e.empty() || e.lo < leastLog {
		e.lo, e.hi = 0.1, 1
	}
	lo, hi := math.Log10(e.lo), math.Log10(e.hi)
	if hi-lo < 1 {
		mid := (lo + hi) / 2
		lo, hi = mid-0.5, mid+0.5
	}
	d := 0.04 * (hi - lo)
	a.Min, a.Max = math.Pow(10, max(lo-d, -307)), math.Pow(10, min(hi+d, 307))
	a.Scale = plot.LogScale{}
	a.Tick.Marker = logTicks{}
}

// logTicks labels powers of ten, as many as fit, with minor ticks between when the range is short.
type logTicks struct{}

// Ticks implements plot.Ticker.
func (logTicks) Ticks(lo, hi float64) []plot.Tick {
	first, last := int(math.Ceil(math.Log10(lo)-1e-9)), int(math.Floor(math.Log10(hi)+1e-9))
	decades := last - first
	every := 1 + decades/8
	var out []plot.Tick
	for e := first - 1; e <= last; e++ {
		p := math.Pow(10, float64(e))
		if p >= lo && p <= hi {
			label := ""
			if ((e%every)+every)%every == 0 {
				label = power(e)
			}
			out = append(out, plot.Tick{Value: p, Label: label})
		}
		if decades > 8 {
			continue
		}
		for m := 2; m < 10; m++ {
			v := float64(m) * p
			if v < lo || v > hi {
				continue
			}
			label := ""
			if decades < 2 && (m == 2 || m == 5) {
				label = strconv.FormatFloat(v, 'g', 3, 64)
			}
			out = append(out, plot.Tick{Value: v, Label: label})
		}
	}
	return out
}

// power writes a power of ten: plainly near one, with an exponent otherwise.
func power(e int) string {
	if e >= -2 && e <= 3 {
		return strconv.FormatFloat(math.Pow(10, float64(e)), 'f', -1, 64)
	}
	return "1e" + strconv.Itoa(e)
}

// linearTicks puts labels at multiples of 1, 2 or 5 times a power of ten, five or so of them, and at whole numbers only where those count.
type linearTicks struct{ whole bool }

// Ticks implements plot.Ticker.
func (t linearTicks) Ticks(lo, hi float64) []plot.Tick {
	raw := (hi - lo) / 6
	if t.whole {
		raw = math.Max(raw, 1)
	}
	unit := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * unit
	for _, m := range []float64{1, 2, 5} {
		if m*unit >= raw {
			step = m * unit
			break
		}
	}
	digits := max(0, int(-math.Floor(math.Log10(step)+1e-9)))
	format := byte('f')
	if largest := math.Max(math.Abs(lo), math.Abs(hi)); digits > 5 || largest >= 1e6 {
		format = 'g'
		digits = max(1, int(math.Ceil(math.Log10(largest/step)))+1)
	}
	var out []plot.Tick
	for k := math.Ceil(lo / step); k*step <= hi; k++ {
		v := k * step
		if k == 0 {
			v = 0 // not −0
		}
		out = append(out, plot.Tick{Value: v, Label: strconv.FormatFloat(v, format, digits, 64)})
	}
	return out
}

// runs cuts a line at what cannot be drawn and thins out the pieces, keeping the extremes of every bucket.
func runs(x, y []float64, log bool) []plotter.XYs {
	var out []plotter.XYs
	var cur plotter.XYs
	flush := func() {
		if len(cur) > 0 {
			line := thin(cur)
			for ; len(line) > strokePoints; line = line[strokePoints-1:] { // the next piece begins where this one ends
				out = append(out, line[:strokePoints])
			}
			out = append(out, line)
			cur = nil
		}
	}
	for i := range min(len(x), len(y)) {
		if !finite(x[i]) || !finite(y[i]) || log && y[i] < leastLog {
			flush()
			continue
		}
		cur = append(cur, plotter.XY{X: x[i], Y: y[i]})
	}
	flush()
	return out
}

func thin(p plotter.XYs) plotter.XYs {
	if len(p) <= maxLinePoint {
		return p
	}
	const buckets = maxLinePoint / 2
	out := make(plotter.XYs, 0, maxLinePoint+2)
	out = append(out, p[0])
	for b := range buckets {
		part := p[b*len(p)/buckets : (b+1)*len(p)/buckets]
		lo, hi := 0, 0
		for i := range part {
			if part[i].Y < part[lo].Y {
				lo = i
			}
			if part[i].Y > part[hi].Y {
				hi = i
			}
		}
		out = append(out, part[min(lo, hi)])
		if lo != hi {
			out = append(out, part[max(lo, hi)])
		}
	}
	return append(out, p[len(p)-1])
}

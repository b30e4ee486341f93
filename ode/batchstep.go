package ode

import (
	"math"

	"github.com/costate-go/costate/solvers"
)

// batchStepper attempts a step of every sample of a shrinking batch. All arrays are batch last with the present number
// of columns.
type batchStepper struct {
	b   *Batch
	tab *solvers.Tableau

	samples     []int     // indices of the columns
	t, next     []float64 // ends of the attempted steps
	h, times    []float64
	x, xNext    []float64
	stage, err  []float64
	err2        []float64
	k           [][]float64 // stages, f at the end where the method is not FSAL, further stages of the extension
	known       bool        // k[0] is f at the present points
	endKnown    bool        // so is f at the ends of the steps
	calls       int
	shared      int // calls since the statistics were last brought up to date
	interpolant []float64
}

func newBatchStepper(b *Batch, tab *solvers.Tableau, samples []int) *batchStepper {
	w, all := len(samples), b.samples()
	s := &batchStepper{b: b, tab: tab, samples: samples, interpolant: make([]float64, len(tab.Dense))}
	row := func() []float64 { return make([]float64, w) }
	state := func() []float64 { return make([]float64, b.Dim*w) }
	s.t, s.next, s.h, s.times = row(), row(), row(), row()
	s.x, s.xNext, s.stage, s.err, s.err2 = state(), state(), state(), state(), state()
	stages := tab.Stages() + len(tab.DenseC)
	if !tab.FSAL {
		stages++
	}
	for range stages {
		s.k = append(s.k, state())
	}
	for j, sample := range samples {
		s.t[j] = at(b.T0, sample)
		for i := range b.Dim {
			s.x[i*w+j] = b.X0[i*all+sample]
		}
	}
	return s
}

func (s *batchStepper) eval(dx, t, x []float64) {
	s.b.F(dx, t, x, s.samples)
	s.calls++
	s.shared++
}

// start evaluates the first stage unless it is known.
func (s *batchStepper) start() {
	if !s.known {
		s.eval(s.k[0], s.t, s.x)
		s.known = true
	}
}

// attempt computes a step of every column from t to next.
func (s *batchStepper) attempt() {
	s.shared = 0
	s.start()
	for j, t := range s.t {
		s.h[j] = s.next[j] - t
	}
	stages := s.tab.Stages()
	last := stages
	if s.tab.FSAL {
		last--
	}
	for i := 1; i < last; i++ {
		s.combine(s.stage, s.x, s.tab.A[i])
		s.evalAt(s.k[i], s.tab.C[i], s.stage)
	}
	s.combine(s.xNext, s.x, s.tab.B)
	s.endKnown = s.tab.FSAL && stages > 1
	if s.endKnown {
		s.eval(s.k[stages-1], s.next, s.xNext)
	}
	if s.tab.E != nil {
		s.combine(s.err, nil, s.tab.E)
	}
	if s.tab.E2 != nil {
		s.combine(s.err2, nil, s.tab.E2)
	}
}

// evalAt evaluates a stage with abscissa c.
func (s *batchStepper) evalAt(dx []float64, c float64, x []float64) {
	for j, t := range s.t {
		s.times[j] = t + c*s.h[j]
		if c == 1 {
			s.times[j] = s.next[j]
		}
	}
	s.eval(dx, s.times, x)
}

// combine stores x + h Σ a_j k_j in dst, without x where it is nil.
func (s *batchStepper) combine(dst, x, a []float64) {
	clear(dst)
	for m, v := range a {
		if v == 0 {
			continue
		}
		k := s.k[m][:len(dst)]
		for i := range dst {
			dst[i] += v * k[i]
		}
	}
	w := len(s.h)
	for i := 0; i < len(dst); i += w {
		row := dst[i : i+w]
		if x == nil {
			for j, h := range s.h {
				row[j] *= h
			}
			continue
		}
		from := x[i : i+w]
		for j, h := range s.h {
			row[j] = from[j] + h*row[j]
		}
	}
}

// end is where f at the end of the steps is kept.
func (s *batchStepper) end() []float64 {
	if s.tab.FSAL {
		return s.k[s.tab.Stages()-1]
	}
	return s.k[s.tab.Stages()]
}

// extend evaluates what the continuous extension needs beyond the stages.
func (s *batchStepper) extend() {
	if !s.endKnown {
		s.eval(s.end(), s.next, s.xNext)
		s.endKnown = true
	}
	first := len(s.k) - len(s.tab.DenseC)
	for i, c := range s.tab.DenseC {
		s.combine(s.stage, s.x, s.tab.DenseA[i])
		s.evalAt(s.k[first+i], c, s.stage)
	}
}

// interpolate stores the state of column j at σ of its step.
func (s *batchStepper) interpolate(dst []float64, j int, sigma float64) {
	w := len(s.h)
	for i, row := range s.tab.Dense {
		v := 0.0
		for m := len(row) - 1; m >= 0; m-- {
			v = (v + row[m]) * sigma
		}
		s.interpolant[i] = v
	}
	for i := range dst {
		var sum float64
		for m, v := range s.interpolant {
			if v != 0 {
				sum += v * s.k[m][i*w+j]
			}
		}
		dst[i] = s.x[i*w+j] + s.h[j]*sum
	}
}

// norm is the error of column j over the tolerance, in the root mean square.
func (s *batchStepper) norm(j int, rtol, atol float64) float64 {
	e := s.rms(s.err, j, rtol, atol)
	if s.tab.E2 != nil {
		e = solvers.CombineEstimates(e, s.rms(s.err2, j, rtol, atol))
	}
	return e
}

func (s *batchStepper) rms(e []float64, j int, rtol, atol float64) float64 {
	w, n := len(s.h), s.b.Dim
	var sum float64
	for i := j; i < n*w; i += w {
		r := e[i] / (atol + rtol*max(math.Abs(s.x[i]), math.Abs(s.xNext[i])))
		sum += r * r
	}
	return math.Sqrt(sum / float64(n))
}

// weigh is the root mean square of a column over the tolerances at the present point.
func (s *batchStepper) weigh(v []float64, j int, rtol, atol float64) float64 {
	w, n := len(s.h), s.b.Dim
	var sum float64
	for i := j; i < n*w; i += w {
		r := v[i] / (atol + rtol*math.Abs(s.x[i]))
		sum += r * r
	}
	return math.Sqrt(sum / float64(n))
}

func (s *batchStepper) finite(j int) bool {
	var sum float64
	for i := j; i < len(s.xNext); i += len(s.h) {
		sum += s.xNext[i] - s.xNext[i]
	}
	return sum == 0
}

// worst is the unknown of column j with the largest weighted error, or the first that is not finite; −1: none.
func (s *batchStepper) worst(j int, rtol, atol float64) int {
	worst, top := -1, 0.0
	w := len(s.h)
	for i := range s.b.Dim {
		at := i*w + j
		if !isFinite(s.xNext[at]) || !isFinite(s.err[at]) {
			return i
		}
		if r := math.Abs(s.err[at]) / (atol + rtol*max(math.Abs(s.x[at]), math.Abs(s.xNext[at]))); r > top {
			worst, top = i, r
		}
	}
	return worst
}

// accept moves column j to the end of its step.
func (s *batchStepper) accept(j int) {
	s.t[j] = s.next[j]
	w := len(s.h)
	end := s.end()
	for i := j; i < len(s.x); i += w {
		s.x[i] = s.xNext[i]
		s.k[0][i] = end[i]
	}
	// Where f at the end is not known, neither is the first stage of the next step, for no column.
	s.known = s.endKnown
}

// keep drops the columns that keep denies.
func (s *batchStepper) keep(keep func(j int) bool) {
	w := len(s.t)
	var columns []int
	for j := range w {
		if keep(j) {
			columns = append(columns, j)
		}
	}
	pack := func(v []float64, rows int) []float64 {
		for i := range rows {
			for to, j := range columns {
				v[i*len(columns)+to] = v[i*w+j]
			}
		}
		return v[:rows*len(columns)]
	}
	for to, j := range columns {
		s.samples[to] = s.samples[j]
	}
	s.samples = s.samples[:len(columns)]
	for _, v := range []*[]float64{&s.t, &s.next, &s.h, &s.times} {
		*v = pack(*v, 1)
	}
	for _, v := range []*[]float64{&s.x, &s.xNext, &s.stage, &s.err, &s.err2} {
		*v = pack(*v, s.b.Dim)
	}
	for i := range s.k {
		s.k[i] = pack(s.k[i], s.b.Dim)
	}
}

package solvers

import "math"

// rungeKutta is the Stepper of every explicit tableau.
//
// State and first stage each have two buffers that change roles when a step is accepted. What the sums of a
// step read is therefore listed twice, once for each assignment of roles, when the stepper is built; a step only
// walks through the lists.
type rungeKutta struct {
	tab    *Tableau
	p      *plan
	n      int
	f      Func
	t      float64
	tNext  float64 // end of the attempted step
	h      float64 // size of the attempted step
	known  bool    // the first stage holds f(t, x)
	hasErr bool    // err belongs to the attempted step
	evals  int
	side   int // which of the two assignments of roles is in force
	sides  [2]roles
	stage  []float64 // the state at a stage
	err    []float64
	err2   []float64   // of the second estimate
	extra  [][]float64 // further stages of the continuous extension
}

// roles lists the buffers that one step works on.
type roles struct {
	x, xNext []float64
	k        [][]float64 // stages
	rows     []sum       // states at the stages 2 …, without x⁺
	weights  sum         // x⁺
	errors   sum
	errors2  sum
	extra    []sum // states at the further stages of the continuous extension
	dense    []sum // one per power of σ
}

// sum is a linear combination Σ a_j k_j, zero coefficients left out.
type sum struct {
	a, ha []float64 // ha is h a during a sum
	k     [][]float64
}

func newSum(a []float64, k [][]float64) sum {
	var s sum
	for j, v := range a {
		if v != 0 {
			s.a = append(s.a, v)
			s.k = append(s.k, k[j])
		}
	}
	return s
}

func newRungeKutta(tab *Tableau, n int) *rungeKutta {
	if n < 1 {
		panic("solvers: a stepper needs at least one unknown")
	}
	s := tab.Stages()
	// The vectors lie one after the other, eight numbers apart so that large ones don't all compete for the
	// same cache sets.
	stride := n + 8
	mem := make([]float64, (s+6+len(tab.DenseC))*stride)
	next := func() []float64 {
		v := mem[:n:stride]
		mem = mem[stride:]
		return v
	}
	r := &rungeKutta{tab: tab, p: tab.plan(), n: n, stage: next()}
	x := [2][]float64{next(), next()}
	k := make([][]float64, s)
	for i := range k {
		k[i] = next()
	}
	other := k[s-1] // holds f at the end of the step, or at the start of it once the step is accepted
	if !tab.FSAL {
		other = next()
	}
	if tab.E != nil {
		r.err = next()
	}
	if tab.E2 != nil {
		r.err2 = next()
	}
	for range tab.DenseC {
		r.extra = append(r.extra, next())
	}
	p := r.p
	scaled := make([]float64, p.count) // sums are computed one after the other
	terms := make([][]float64, 2*len(p.stages))
	for side := range r.sides {
		ks := make([][]float64, 0, p.count)
		ks = append(ks, k...)
		end := other
		if side == 1 {
			end = k[0]
			ks[0] = other
			if tab.FSAL {
				ks[s-1] = k[0]
			}
		}
		if !tab.FSAL {
			ks = append(ks, end)
		}
		ks = append(ks, r.extra...)
		mine := terms[side*len(p.stages) : (side+1)*len(p.stages)]
		for i, j := range p.stages {
			mine[i] = ks[j]
		}
		r.sides[side] = newRoles(p, x[side], x[1-side], ks, mine, scaled)
	}
	return r
}

// newRoles makes the sums of a plan of the stages of all its terms.
func newRoles(p *plan, x, xNext []float64, k, terms [][]float64, scaled []float64) roles {
	one := func(r *planned) sum {
		from := r.end - r.count
		return sum{a: p.coefficients[from:r.end:r.end], ha: scaled[:r.count], k: terms[from:r.end:r.end]}
	}
	sums := make([]sum, len(p.rows)+len(p.extra)+len(p.dense))
	all := func(list []planned) []sum {
		out := sums[:len(list):len(list)]
		sums = sums[len(list):]
		for i := range list {
			out[i] = one(&list[i])
		}
		return out
	}
	return roles{
		x: x, xNext: xNext, k: k,
		rows: all(p.rows), weights: one(&p.weights), errors: one(&p.errors), errors2: one(&p.errors2),
		extra: all(p.extra), dense: all(p.dense),
	}
}

func (r *rungeKutta) Begin(f Func, t float64, x []float64) {
	if len(x) != r.n {
		panic("solvers: length of x differs from the number of unknowns")
	}
	r.f, r.t = f, t
	r.known, r.hasErr = false, false
	copy(r.sides[r.side].x, x)
}

func (r *rungeKutta) AttemptTo(tNext float64) error {
	v := &r.sides[r.side]
	t, h, f := r.t, tNext-r.t, r.f
	r.tNext, r.h, r.hasErr = tNext, h, false
	if !r.known {
		f(v.k[0], t, v.x)
		r.known = true
		r.evals++
	}
	for i := range v.rows {
		c, ti := r.tab.C[i+1], tNext
		if c != 1 {
			ti = t + c*h
		}
		v.rows[i].addTo(r.stage, v.x, h)
		f(v.k[i+1], ti, r.stage)
	}
	r.evals += len(v.rows)
	v.weights.addTo(v.xNext, v.x, h)
	if r.tab.FSAL {
		f(v.k[r.tab.Stages()-1], tNext, v.xNext)
		r.evals++
	}
	return nil
}

func (r *rungeKutta) Accept() {
	r.t = r.tNext
	r.side = 1 - r.side
	r.known, r.hasErr = r.tab.FSAL, false
}

func (r *rungeKutta) T() float64            { return r.t }
func (r *rungeKutta) X() []float64          { return r.sides[r.side].x }
func (r *rungeKutta) Proposed() []float64   { return r.sides[r.side].xNext }
func (r *rungeKutta) FirstStageKnown() bool { return r.known }
func (r *rungeKutta) Evaluations() int      { return r.evals }

func (r *rungeKutta) ErrorEstimate() []float64 {
	if r.err != nil && !r.hasErr {
		r.sides[r.side].errors.scaleTo(r.err, r.h)
		r.hasErr = true
	}
	return r.err
}

// AttemptRMS implements RMSStepper.
func (r *rungeKutta) AttemptRMS(tNext, rtol, atol float64) (square float64) {
	_ = r.AttemptTo(tNext) // never fails
	v := &r.sides[r.side]
	e := RMS(r.ErrorEstimate(), v.x, v.xNext, rtol, atol)
	if r.err2 != nil {
		e = CombineEstimates(e, RMS(r.SecondErrorEstimate(), v.x, v.xNext, rtol, atol))
	}
	return e * e
}

// SecondErrorEstimate implements SecondEstimator.
func (r *rungeKutta) SecondErrorEstimate() []float64 {
	if r.err2 == nil {
		return nil
	}
	r.sides[r.side].errors2.scaleTo(r.err2, r.h)
	return r.err2
}

func (r *rungeKutta) FirstStage() []float64 {
	v := &r.sides[r.side]
	if !r.known {
		r.f(v.k[0], r.t, v.x)
		r.known = true
		r.evals++
	}
	return v.k[0]
}

func (r *rungeKutta) DenseLen() int { return (1 + len(r.sides[0].dense)) * r.n }

func (r *rungeKutta) Dense(dst []float64) {
	if len(r.tab.Dense) > len(r.tab.C) {
		r.FirstStage()
	}
	v := &r.sides[1-r.side]
	n := r.n
	for i, c := range r.tab.DenseC {
		v.extra[i].addTo(r.stage, v.x, r.h)
		r.f(r.extra[i], r.t-(1-c)*r.h, r.stage)
	}
	r.evals += len(r.extra)
	copy(dst[:n], v.x)
	for m := range v.dense {
		out := dst[(m+1)*n : (m+2)*n]
		if p := r.p; p.low != nil {
			d := &p.dense[m]
			v.dense[m].scaleAccurately(out, r.h, p.low[d.end-d.count:d.end])
		} else {
			v.dense[m].scaleTo(out, r.h)
		}
	}
}

func (r *rungeKutta) StiffnessRatio() float64 {
	s := len(r.tab.C)
	if r.tab.RealStability == 0 || !r.tab.FSAL || s < 3 || r.tab.C[s-2] != 1 {
		return 0
	}
	v := &r.sides[r.side]
	n := r.n
	k1, k0, x1, x0 := v.k[s-1][:n], v.k[s-2][:n], v.xNext[:n], r.stage[:n]
	var num, den float64
	for i := range k1 {
		dk, dx := k1[i]-k0[i], x1[i]-x0[i]
		num += dk * dk
		den += dx * dx
	}
	if !(den > 0) {
		return 0
	}
	return math.Sqrt(r.h*r.h*num/den) / r.tab.RealStability
}

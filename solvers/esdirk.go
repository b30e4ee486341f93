package solvers

import (
	"fmt"
	"math"
	"math/big"
)

// ESDIRK is a diagonally implicit Runge–Kutta method with an explicit first stage,
//
//	k₁ = f(t, x),   k_i = f(t + c_i h, X_i),   X_i = x + h Σ_{j<i} a_ij k_j + hγ k_i,   x⁺ = X_s,
//
// whose last stage is the first one of the next step. Stages are of order two, so that little order is lost on stiff
// problems. The continuous extension is the Hermite interpolant of both ends and, where the method has weights q of a
// fourth derivative Σ q_i k_i ≈ h³x⁗/24, that plus σ²(1 − σ)² h Σ q_i k_i.
//
// An ESDIRK is a Method. FirstStage of its Steppers is the last stage of the step before: f(t, x) to the accuracy of the
// equations.
type ESDIRK struct {
	// Gamma is γ, the diagonal of A but for its first entry, which is zero.
	Gamma float64
	// C holds the abscissae c_i, the row sums of A.
	C []float64
	// A holds the strictly lower triangle: A[i] has length i.
	A [][]float64
	// B and E hold the weights of x⁺, which are the last row of A, and of the error estimate b − b̂.
	B, E []float64
	// Q holds the weights of the fourth derivative; nil where there are none.
	Q []float64
	// Source is the publication that the coefficients come from.
	Source string

	name                          string
	order, errorOrder, denseOrder int
	exact                         exactTableau
	exactQ                        []*big.Rat
}

// esdirkCoefficients are coefficients as text, as in Coefficients.
type esdirkCoefficients struct {
	name, source                  string
	order, errorOrder, denseOrder int
	gamma                         string
	a                             []string // rows 2 … s without the diagonal
	bHat                          string   // empty: the last row but one
	q                             string
}

func mustESDIRK(c esdirkCoefficients) *ESDIRK {
	p := coefficientParser{name: c.name}
	gamma := p.row("γ", c.gamma, 1)[0]
	s := len(c.a) + 1
	x := exactTableau{a: [][]*big.Rat{{new(big.Rat)}}}
	for i, text := range c.a {
		x.a = append(x.a, append(p.row("A", text, i+1), gamma))
	}
	for i, row := range x.a {
		sum := new(big.Rat)
		for _, v := range row {
			sum.Add(sum, v)
		}
		x.c = append(x.c, sum)
		for len(row) < s {
			row = append(row, new(big.Rat))
		}
		x.a[i] = row
	}
	x.b = x.a[s-1]
	hat := x.a[s-2]
	if c.bHat != "" {
		hat = p.row("b̂", c.bHat, s)
	}
	for i, v := range hat {
		x.e = append(x.e, new(big.Rat).Sub(x.b[i], v))
	}
	var q []*big.Rat
	if c.q != "" {
		q = p.row("q", c.q, s)
	}
	if p.err != nil {
		panic(fmt.Sprint("solvers: ", p.err))
	}
	m := &ESDIRK{
		C: rounded(x.c), B: rounded(x.b), E: rounded(x.e), Q: rounded(q), Source: c.source,
		name: c.name, order: c.order, errorOrder: c.errorOrder, denseOrder: c.denseOrder, exact: x, exactQ: q,
	}
	m.Gamma, _ = gamma.Float64()
	for i, row := range x.a {
		m.A = append(m.A, rounded(row[:i]))
	}
	return m
}

// Name is the method's name in configuration files and reports.
func (m *ESDIRK) Name() string { return m.name }

// String is the name.
func (m *ESDIRK) String() string { return m.name }

// Order is the order p of the propagated solution.
func (m *ESDIRK) Order() int { return m.order }

// ErrorOrder is the order q of the embedded solution.
func (m *ESDIRK) ErrorOrder() int { return m.errorOrder }

// DenseOrder is the order of the continuous extension.
func (m *ESDIRK) DenseOrder() int { return m.denseOrder }

// Stages is the number of stages s.
func (m *ESDIRK) Stages() int { return len(m.C) }

// NewStepper returns a Stepper for n unknowns, which implements Implicit.
func (m *ESDIRK) NewStepper(n int) Stepper { return newESDIRK(m, n) }

// predictor returns weights with which stage i is guessed from those before: the polynomial through up to three of them,
// the latest with different abscissae. A stage at the same time is as good as the answer.
func (m *ESDIRK) predictor(i int) []float64 {
	w := make([]float64, i)
	var nodes []int
	for j := i - 1; j >= 0 && len(nodes) < 3; j-- {
		if math.Abs(m.C[j]-m.C[i]) < 1e-6 {
			nodes = []int{j}
			break
		}
		apart := true
		for _, l := range nodes {
			apart = apart && math.Abs(m.C[l]-m.C[j]) > 0.1
		}
		if apart {
			nodes = append(nodes, j)
		}
	}
	for _, j := range nodes {
		w[j] = 1
		for _, l := range nodes {
			if l != j {
				w[j] *= (m.C[i] - m.C[l]) / (m.C[j] - m.C[l])
			}
		}
	}
	return w
}

// esdirk is the Stepper of every ESDIRK method.
type esdirk struct {
	equations
	method *ESDIRK
	f      Func
	t      float64
	tNext  float64
	h      float64
	known  bool // the first stage holds f(t, x)
	moveK  bool // the last stage is to become the first one
	hasErr bool

	x, xNext, psi, err []float64
	k                  [][]float64
	rows, guesses      []sum
	errors             sum
	dense              []sum
}

func newESDIRK(m *ESDIRK, n int) *esdirk {
	if n < 1 {
		panic("solvers: a stepper needs at least one unknown")
	}
	s := m.Stages()
	mem := make([]float64, (s+4)*(n+8))
	next := func() []float64 {
		v := mem[:n:n]
		mem = mem[n+8:]
		return v
	}
	r := &esdirk{equations: newEquations(n), method: m, x: next(), xNext: next(), psi: next(), err: next()}
	for range s {
		r.k = append(r.k, next())
	}
	for i := 1; i < s; i++ {
		r.rows = append(r.rows, newSum(m.A[i], r.k))
		r.guesses = append(r.guesses, newSum(m.predictor(i), r.k))
	}
	r.errors = newSum(m.E, r.k)
	d := make([][]float64, 3, 4)
	if m.Q != nil {
		d = d[:4]
	}
	for i := range d {
		d[i] = make([]float64, s)
	}
	for j, b := range m.B {
		d[1][j], d[2][j] = 3*b, -2*b
		if m.Q != nil {
			d[1][j] += m.Q[j]
			d[2][j] -= 2 * m.Q[j]
			d[3][j] = m.Q[j]
		}
	}
	d[0][0]++
	d[1][0] -= 2
	d[1][s-1]--
	d[2][0]++
	d[2][s-1]++
	for _, row := range d {
		r.dense = append(r.dense, newSum(row, r.k))
	}
	return r
}

func (r *esdirk) SetJacobian(j Jacobian) { r.set(j) }

func (r *esdirk) SetTolerance(rtol, atol float64, norm Norm) { r.tol = newAccuracy(rtol, atol, norm) }

func (r *esdirk) Begin(f Func, t float64, x []float64) {
	if len(x) != r.n {
		panic("solvers: length of x differs from the number of unknowns")
	}
	if !r.ready {
		r.set(Jacobian{})
	}
	r.f, r.t = f, t
	r.known, r.moveK, r.hasErr = false, false, false
	r.forget()
	copy(r.x, x)
}

func (r *esdirk) AttemptTo(tNext float64) error {
	h := tNext - r.t
	r.tNext, r.h, r.hasErr = tNext, h, false
	r.FirstStage()
	if r.moveK {
		copy(r.k[0], r.k[len(r.k)-1])
		r.moveK = false
	}
	sigma := 1 / (h * r.method.Gamma)
	for {
		err := r.prepare(r.f, r.t, h, r.x, sigma)
		if err == nil {
			err = r.stages(h, sigma)
		}
		if err == nil || !r.retry(sigma) {
			return err
		}
	}
}

func (r *esdirk) stages(h, sigma float64) error {
	c := r.method.C
	inverse := 1 / sigma
	for i := range r.rows {
		r.rows[i].addTo(r.psi, r.x, h)
		r.guesses[i].addTo(r.xNext, r.psi, inverse)
		ti := r.tNext
		if c[i+1] != 1 {
			ti = r.t + c[i+1]*h
		}
		if err := r.solve(r.f, ti, r.xNext, r.k[i+1], r.psi, r.x, sigma); err != nil {
			return err
		}
	}
	return nil
}

func (r *esdirk) Accept() {
	r.t = r.tNext
	r.x, r.xNext = r.xNext, r.x
	r.known, r.moveK, r.hasErr = true, true, false
	r.moved()
}

func (r *esdirk) T() float64            { return r.t }
func (r *esdirk) X() []float64          { return r.x }
func (r *esdirk) Proposed() []float64   { return r.xNext }
func (r *esdirk) FirstStageKnown() bool { return r.known }
func (r *esdirk) Evaluations() int      { return r.calls }
func (r *esdirk) Algebra() Algebra      { return r.work }

// Slopes implements Sloped.
func (r *esdirk) Slopes() [][]float64 { return r.k }

func (r *esdirk) ErrorEstimate() []float64 {
	if r.hasErr {
		return r.err
	}
	r.hasErr = true
	r.errors.scaleTo(r.err, r.h)
	return r.err
}

func (r *esdirk) FirstStage() []float64 {
	if !r.known {
		r.f(r.k[0], r.t, r.x)
		r.known = true
		r.calls++
	}
	if r.moveK {
		return r.k[len(r.k)-1]
	}
	return r.k[0]
}

func (r *esdirk) DenseLen() int { return (1 + len(r.dense)) * r.n }

func (r *esdirk) Dense(dst []float64) {
	n := r.n
	copy(dst[:n], r.xNext) // where the step began
	for m := range r.dense {
		r.dense[m].scaleTo(dst[(m+1)*n:(m+2)*n], r.h)
	}
}

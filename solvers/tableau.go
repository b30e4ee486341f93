package solvers

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"sync"
)

// Tableau is an explicit Runge–Kutta method with s stages: with k_i = f(t + c_i h, x + h Σ_{j<i} a_ij k_j),
//
//	x⁺ = x + h Σ b_i k_i,   err = h Σ e_i k_i,   x(t + σh) ≈ x + h Σ b_i(σ) k_i,  0 ≤ σ ≤ 1.
//
// A Tableau is a Method. The slices are the correctly rounded values of exact coefficients and must not be changed.
type Tableau struct {
	// C holds the abscissae c_i, length s.
	C []float64
	// A holds the strictly lower triangle: A[i] has length i.
	A [][]float64
	// B holds the weights b_i, length s.
	B []float64
	// E is b − b̂, the weights of the error estimate, length s; nil where there is none. E2 are those of a second
	// estimate of lower order, to be combined with the first (CombineEstimates); nil where there is none.
	E, E2 []float64
	// FSAL says that the last stage is f(t + h, x⁺), the first stage of the next step.
	FSAL bool
	// Dense holds the continuous extension: Dense[i][m] is the coefficient of σᵐ⁺¹ in b_i(σ). After the rows of the
	// stages comes one for f(t + h, x⁺) where the extension uses it and the method is not FSAL, then those of
	// the further stages.
	Dense [][]float64
	// DenseC and DenseA are further stages that only the continuous extension needs: abscissae, and rows over all
	// stages before, f(t + h, x⁺) included. Where a method that is not FSAL has some, Dense has a row for f(t + h, x⁺).
	DenseC []float64
	DenseA [][]float64
	// RealStability is the extent of the stability region along the negative real axis; zero switches the
	// stiffness test off. The test needs FSAL and c_{s−1} = 1.
	RealStability float64
	// Source is the publication that the coefficients come from.
	Source string

	name                          string
	order, errorOrder, denseOrder int
	embedded, embedded2           int // orders of b̂ and of the second embedded solution
	text                          Coefficients
	shared                        *sharedPlan
}

// Coefficients are the exact coefficients of a method as text: numbers such as "1/5", "0.161" or "-1",
// separated by spaces. NewTableau makes a method of them.
type Coefficients struct {
	Name, Source string
	// Order is p of the solution, ErrorOrder q of the embedded one, ErrorOrder2 that of the second one, DenseOrder
	// that of the continuous extension: its error inside a step is O(h^(DenseOrder+1)).
	Order, ErrorOrder, ErrorOrder2, DenseOrder int

	C             string
	A             []string // rows 2 … s
	B             string
	BHat, BHat2   string   // embedded weights b̂; empty where there is no estimate, or no second one
	DenseC        string   // further stages of the continuous extension
	DenseA        []string // their rows
	Dense         []string
	FSAL          bool
	RealStability float64
}

// NewTableau builds a method from its coefficients. It reports coefficients that are not numbers, have the wrong
// shape or contradict the FSAL property; whether the order is what c says is a question for a test.
func NewTableau(c Coefficients) (*Tableau, error) {
	p := coefficientParser{name: c.Name}
	t := &Tableau{
		C: p.floats("C", c.C, -1), FSAL: c.FSAL, RealStability: c.RealStability, Source: c.Source,
		name: c.Name, order: c.Order, denseOrder: c.DenseOrder, errorOrder: estimateOrder(c),
		embedded: c.ErrorOrder, embedded2: c.ErrorOrder2, text: c,
	}
	s := len(t.C)
	if s == 0 || len(c.A) != s-1 {
		return nil, fmt.Errorf("solvers: tableau %q: %d abscissae need %d rows of A, not %d", c.Name, s, s-1, len(c.A))
	}
	t.A = [][]float64{{}}
	for i, row := range c.A {
		t.A = append(t.A, p.floats("A", row, i+1))
	}
	t.B = p.floats("B", c.B, s)
	t.E = p.difference("BHat", c.B, c.BHat, s)
	t.E2 = p.difference("BHat2", c.B, c.BHat2, s)
	if t.DenseC = p.floats("DenseC", c.DenseC, -1); len(c.DenseA) != len(t.DenseC) {
		return nil, fmt.Errorf("solvers: tableau %q: %d abscissae in DenseC and %d rows in DenseA", c.Name, len(t.DenseC), len(c.DenseA))
	}
	before := s
	if !c.FSAL {
		before++
	}
	for i, row := range c.DenseA {
		t.DenseA = append(t.DenseA, p.floats("DenseA", row, before+i))
	}
	for _, row := range c.Dense {
		t.Dense = append(t.Dense, p.floats("Dense", row, -1))
	}
	if p.err != nil {
		return nil, p.err
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	t.shared = &sharedPlan{owner: t}
	return t, nil
}

// estimateOrder is q of an estimate that behaves as h^(q+1): the lower of the orders of the two solutions, or that of
// two combined estimates (CombineEstimates).
func estimateOrder(c Coefficients) int {
	if c.ErrorOrder2 > 0 {
		return 2*c.ErrorOrder - c.ErrorOrder2
	}
	return min(c.Order, c.ErrorOrder)
}

func (t *Tableau) check() error {
	s := len(t.C)
	rows := s
	if !t.FSAL {
		rows++
	}
	if d := len(t.Dense) - len(t.DenseC); d != rows && (d != s || len(t.DenseC) > 0) {
		return fmt.Errorf("solvers: tableau %q: the continuous extension has %d rows for %d stages", t.name, len(t.Dense), s+len(t.DenseC))
	}
	for _, row := range t.Dense {
		if len(row) != len(t.Dense[0]) {
			return fmt.Errorf("solvers: tableau %q: the rows of the continuous extension differ in length", t.name)
		}
	}
	if (t.E == nil) != (t.embedded == 0) || (t.E2 == nil) != (t.embedded2 == 0) {
		return fmt.Errorf("solvers: tableau %q: an error estimate and its order belong together", t.name)
	}
	if t.E == nil && t.E2 != nil {
		return fmt.Errorf("solvers: tableau %q: a second error estimate without a first", t.name)
	}
	if t.FSAL {
		for j, v := range t.A[s-1] {
			if v != t.B[j] {
				return fmt.Errorf("solvers: tableau %q: not FSAL: a_%d,%d differs from b_%d", t.name, s, j+1, j+1)
			}
		}
		if t.B[s-1] != 0 {
			return fmt.Errorf("solvers: tableau %q: not FSAL: b_%d is not zero", t.name, s)
		}
	}
	return nil
}

// exactTableau holds the exact coefficients: the order conditions are tested on them.
type exactTableau struct {
	c, b, e, e2, denseC []*big.Rat
	a, dense, denseA    [][]*big.Rat
}

// exactly returns the exact coefficients, whose making would slow down the start of programs that do not ask for them.
func (t *Tableau) exactly() *exactTableau {
	p, c := coefficientParser{name: t.name}, t.text
	rows := func(text []string) (out [][]*big.Rat) {
		for _, row := range text {
			out = append(out, p.row("", row, -1))
		}
		return out
	}
	x := &exactTableau{c: p.row("", c.C, -1), b: p.row("", c.B, -1), denseC: p.row("", c.DenseC, -1), denseA: rows(c.DenseA), dense: rows(c.Dense)}
	x.a = append([][]*big.Rat{{}}, rows(c.A)...)
	less := func(bHat string) (e []*big.Rat) {
		for j, v := range p.row("", bHat, -1) {
			e = append(e, v.Sub(x.b[j], v))
		}
		return e
	}
	x.e, x.e2 = less(c.BHat), less(c.BHat2)
	return x
}

// denseLow returns what rounding took from the coefficients of the continuous extension, power by power, where these
// are so large that it would be seen (about 10⁻¹⁶ times their sum); else nil.
func (t *Tableau) denseLow() [][]float64 {
	const harmless = 1e3
	var top float64
	for m := range t.Dense[0] {
		var sum float64
		for i := range t.Dense {
			sum += math.Abs(t.Dense[i][m])
		}
		top = max(top, sum)
	}
	if top < harmless {
		return nil
	}
	low := make([][]float64, len(t.Dense[0]))
	for i, text := range t.text.Dense {
		p := coefficientParser{name: t.name}
		for m, exact := range p.row("", text, -1) {
			high := new(big.Rat).SetFloat64(t.Dense[i][m])
			v, _ := high.Sub(exact, high).Float64()
			low[m] = append(low[m], v)
		}
	}
	return low
}

type coefficientParser struct {
	name string
	err  error
}

// row reads want numbers, or any number of them where want is negative.
func (p *coefficientParser) row(what, text string, want int) []*big.Rat {
	words := strings.Fields(text)
	if want >= 0 && len(words) != want && p.err == nil {
		p.err = fmt.Errorf("solvers: tableau %q: a row of %s has %d numbers instead of %d", p.name, what, len(words), want)
	}
	out := make([]*big.Rat, len(words))
	for i, w := range words {
		r, ok := new(big.Rat).SetString(w)
		if !ok && p.err == nil {
			p.err = fmt.Errorf("solvers: tableau %q: %q in %s is not a number", p.name, w, what)
		}
		out[i] = r
	}
	return out
}

// floats reads numbers as row does and rounds them correctly.
func (p *coefficientParser) floats(what, text string, want int) []float64 {
	words := strings.Fields(text)
	if want >= 0 && len(words) != want && p.err == nil {
		p.err = fmt.Errorf("solvers: tableau %q: a row of %s has %d numbers instead of %d", p.name, what, len(words), want)
	}
	out := make([]float64, len(words))
	for i, w := range words {
		num, den, fraction := strings.Cut(w, "/")
		if !fraction {
			if v, err := strconv.ParseFloat(w, 64); err == nil && isFinite(v) {
				out[i] = v
				continue
			}
		} else if n, ok := short(num); ok {
			if d, ok := short(den); ok && d > 0 {
				out[i] = n / d // of exact numbers
				continue
			}
		}
		if r := p.row(what, w, 1)[0]; r != nil {
			out[i], _ = r.Float64()
		}
	}
	return out
}

// short reads a whole number that a float64 holds exactly.
func short(text string) (float64, bool) {
	v, err := strconv.ParseInt(text, 10, 54)
	return float64(v), err == nil
}

func isFinite(v float64) bool { return v-v == 0 }

// difference is b − b̂, correctly rounded; nil where there is no b̂.
func (p *coefficientParser) difference(what, b, bHat string, s int) []float64 {
	if bHat == "" {
		return nil
	}
	p.floats(what, bHat, s)
	if p.err != nil {
		return nil
	}
	e := make([]float64, s)
	minuend := strings.Fields(b)
	for j, w := range strings.Fields(bHat) {
		x, y := p.wide(minuend[j]), p.wide(w)
		e[j], _ = x.Sub(x, y).Float64()
	}
	return e
}

// wide reads a number with 320 bits, more than the digits of any coefficient.
func (p *coefficientParser) wide(word string) *big.Float {
	num, den, fraction := strings.Cut(word, "/")
	x, _, err := big.ParseFloat(num, 10, 320, big.ToNearestEven)
	if err != nil {
		x = new(big.Float)
	}
	if fraction {
		if y, _, err := big.ParseFloat(den, 10, 320, big.ToNearestEven); err == nil {
			x.Quo(x, y)
		}
	}
	return x
}

func rounded(row []*big.Rat) []float64 {
	if row == nil {
		return nil
	}
	out := make([]float64, len(row))
	for i, v := range row {
		out[i], _ = v.Float64()
	}
	return out
}

func roundedRows(rows [][]*big.Rat) [][]float64 {
	out := make([][]float64, len(rows))
	for i, row := range rows {
		out[i] = rounded(row)
	}
	return out
}

func mustTableau(c Coefficients) *Tableau {
	t, err := NewTableau(c)
	if err != nil {
		panic(err)
	}
	return t
}

// Name is the method's name in configuration files and reports.
func (t *Tableau) Name() string { return t.name }

// String is the name.
func (t *Tableau) String() string { return t.name }

// Order is the order p of the propagated solution.
func (t *Tableau) Order() int { return t.order }

// ErrorOrder is q of the error estimate, which behaves as h^(q+1): the order of the embedded solution, or that of the
// propagated one where it is lower; zero where there is no estimate.
func (t *Tableau) ErrorOrder() int { return t.errorOrder }

// DenseOrder is the order of the continuous extension.
func (t *Tableau) DenseOrder() int { return t.denseOrder }

// Stages is the number of stages s.
func (t *Tableau) Stages() int { return len(t.C) }

// Tableau returns t itself.
func (t *Tableau) Tableau() *Tableau { return t }

// NewStepper returns a Stepper for n unknowns. It holds about s + 6 vectors of length n, and as many as the continuous
// extension has further stages.
func (t *Tableau) NewStepper(n int) Stepper {
	if p := t.plan(); 0 < n && n <= maxSmall && p.count <= maxSmallStages {
		return newSmallStepper(t, p, n)
	}
	return newRungeKutta(t, n)
}

// sharedPlan makes the plan of its owner when the first Stepper is built. A copy of a Tableau, which may have been
// changed, has no part in it.
type sharedPlan struct {
	owner *Tableau
	once  sync.Once
	plan  *plan
}

func (t *Tableau) plan() *plan {
	s := t.shared
	if s.owner != t {
		return newPlan(t)
	}
	s.once.Do(func() { s.plan = newPlan(t) })
	return s.plan
}

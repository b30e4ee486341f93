package solvers

import (
	"fmt"
	"math"
	"math/big"
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
	exact                         exactTableau
	// denseLow[m][i] is what rounding took from Dense[i][m], for extensions whose powers nearly cancel; else nil.
	denseLow [][]float64

	shared *sharedPlan
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

// exactTableau keeps the exact values: the order conditions are tested on them.
type exactTableau struct {
	c, b, e, e2, denseC []*big.Rat
	a, dense, denseA    [][]*big.Rat
}

// NewTableau builds a method from its coefficients. It reports coefficients that are not numbers, have the wrong
// shape or contradict the FSAL property; whether the order is what c says is a question for a test.
func NewTableau(c Coefficients) (*Tableau, error) {
	p := coefficientParser{name: c.Name}
	x := exactTableau{c: p.row("C", c.C, -1)}
	s := len(x.c)
	if s == 0 || len(c.A) != s-1 {
		return nil, fmt.Errorf("solvers: tableau %q: %d abscissae need %d rows of A, not %d", c.Name, s, s-1, len(c.A))
	}
	x.a = [][]*big.Rat{{}}
	for i, row := range c.A {
		x.a = append(x.a, p.row("A", row, i+1))
	}
	x.b = p.row("B", c.B, s)
	x.e = p.difference("BHat", x.b, c.BHat)
	x.e2 = p.difference("BHat2", x.b, c.BHat2)
	if x.denseC = p.row("DenseC", c.DenseC, -1); len(c.DenseA) != len(x.denseC) {
		return nil, fmt.Errorf("solvers: tableau %q: %d abscissae in DenseC and %d rows in DenseA", c.Name, len(x.denseC), len(c.DenseA))
	}
	before := s
	if !c.FSAL {
		before++
	}
	for i, row := range c.DenseA {
		x.denseA = append(x.denseA, p.row("DenseA", row, before+i))
	}
	for _, row := range c.Dense {
		x.dense = append(x.dense, p.row("Dense", row, -1))
	}
	if p.err != nil {
		return nil, p.err
	}
	if err := x.check(c); err != nil {
		return nil, err
	}
	t := &Tableau{
		C: rounded(x.c), A: roundedRows(x.a), B: rounded(x.b), E: rounded(x.e), E2: rounded(x.e2),
		Dense: roundedRows(x.dense), DenseC: rounded(x.denseC), DenseA: roundedRows(x.denseA),
		FSAL: c.FSAL, RealStability: c.RealStability, Source: c.Source,
		name: c.Name, order: c.Order, denseOrder: c.DenseOrder, errorOrder: estimateOrder(c),
		embedded: c.ErrorOrder, embedded2: c.ErrorOrder2, exact: x,
	}
	t.denseLow = x.denseLow(t.Dense)
	t.shared = &sharedPlan{owner: t}
	return t, nil
}

// denseLow returns the low parts of the coefficients of the continuous extension where these are so large that their
// rounding errors would be seen (about 10⁻¹⁶ times their sum).
func (x *exactTableau) denseLow(high [][]float64) [][]float64 {
	const harmless = 1e3
	var low [][]float64
	var top float64
	for m := range high[0] {
		var sum float64
		column := make([]float64, len(high))
		for i := range high {
			sum += math.Abs(high[i][m])
			h := new(big.Rat).SetFloat64(high[i][m])
			column[i], _ = h.Sub(x.dense[i][m], h).Float64()
		}
		top = max(top, sum)
		low = append(low, column)
	}
	if top < harmless {
		return nil
	}
	return low
}

// estimateOrder is q of an estimate that behaves as h^(q+1): the lower of the orders of the two solutions, or that of
// two combined estimates (CombineEstimates).
func estimateOrder(c Coefficients) int {
	if c.ErrorOrder2 > 0 {
		return 2*c.ErrorOrder - c.ErrorOrder2
	}
	return min(c.Order, c.ErrorOrder)
}

func (x *exactTableau) check(c Coefficients) error {
	s := len(x.c)
	rows := s
	if !c.FSAL {
		rows++
	}
	if d := len(x.dense) - len(x.denseC); d != rows && (d != s || len(x.denseC) > 0) {
		return fmt.Errorf("solvers: tableau %q: the continuous extension has %d rows for %d stages", c.Name, len(x.dense), s+len(x.denseC))
	}
	for _, row := range x.dense {
		if len(row) != len(x.dense[0]) {
			return fmt.Errorf("solvers: tableau %q: the rows of the continuous extension differ in length", c.Name)
		}
	}
	if (x.e == nil) != (c.ErrorOrder == 0) || (x.e2 == nil) != (c.ErrorOrder2 == 0) {
		return fmt.Errorf("solvers: tableau %q: an error estimate and its order belong together", c.Name)
	}
	if x.e == nil && x.e2 != nil {
		return fmt.Errorf("solvers: tableau %q: a second error estimate without a first", c.Name)
	}
	if c.FSAL {
		for j, v := range x.a[s-1] {
			if v.Cmp(x.b[j]) != 0 {
				return fmt.Errorf("solvers: tableau %q: not FSAL: a_%d,%d differs from b_%d", c.Name, s, j+1, j+1)
			}
		}
		if x.b[s-1].Sign() != 0 {
			return fmt.Errorf("solvers: tableau %q: not FSAL: b_%d is not zero", c.Name, s)
		}
	}
	return nil
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

// difference is b − b̂; nil where there is no b̂.
func (p *coefficientParser) difference(what string, b []*big.Rat, bHat string) []*big.Rat {
	if bHat == "" {
		return nil
	}
	e := make([]*big.Rat, len(b))
	for i, v := range p.row(what, bHat, len(b)) {
		if i < len(b) && v != nil && b[i] != nil {
			e[i] = new(big.Rat).Sub(b[i], v)
		}
	}
	return e
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

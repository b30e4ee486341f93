package solvers

import (
	"fmt"
	"math/big"
	"strings"
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
	// E is b − b̂, the weights of the error estimate, length s; nil where there is none.
	E []float64
	// FSAL says that the last stage is f(t + h, x⁺), the first stage of the next step.
	FSAL bool
	// Dense holds the continuous extension: Dense[i][m] is the coefficient of σᵐ⁺¹ in b_i(σ). It has a row more
	// than there are stages where it uses f(t + h, x⁺) of a method that is not FSAL.
	Dense [][]float64
	// RealStability is the extent of the stability region along the negative real axis; zero switches the
	// stiffness test off. The test needs FSAL and c_{s−1} = 1.
	RealStability float64
	// Source is the publication that the coefficients come from.
	Source string

	name                          string
	order, errorOrder, denseOrder int
	exact                         exactTableau
}

// Coefficients are the exact coefficients of a method as text: numbers such as "1/5", "0.161" or "-1",
// separated by spaces. NewTableau makes a method of them.
type Coefficients struct {
	Name, Source string
	// Order is p of the solution, ErrorOrder q of the embedded one, DenseOrder that of the continuous extension:
	// its error inside a step is O(h^(DenseOrder+1)).
	Order, ErrorOrder, DenseOrder int
	C                             string
	A                             []string // rows 2 … s
	B                             string
	BHat                          string // embedded weights b̂; empty where there is no estimate
	Dense                         []string
	FSAL                          bool
	RealStability                 float64
}

// exactTableau keeps the exact values: the order conditions are tested on them.
type exactTableau struct {
	c, b, e  []*big.Rat
	a, dense [][]*big.Rat
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
	var bHat []*big.Rat
	if c.BHat != "" {
		bHat = p.row("BHat", c.BHat, s)
	}
	for _, row := range c.Dense {
		x.dense = append(x.dense, p.row("Dense", row, -1))
	}
	if p.err != nil {
		return nil, p.err
	}
	for i, v := range bHat {
		x.e = append(x.e, new(big.Rat).Sub(x.b[i], v))
	}
	if err := x.check(c); err != nil {
		return nil, err
	}
	return &Tableau{
		C: rounded(x.c), A: roundedRows(x.a), B: rounded(x.b), E: rounded(x.e), Dense: roundedRows(x.dense),
		FSAL: c.FSAL, RealStability: c.RealStability, Source: c.Source,
		name: c.Name, order: c.Order, errorOrder: c.ErrorOrder, denseOrder: c.DenseOrder, exact: x,
	}, nil
}

func (x *exactTableau) check(c Coefficients) error {
	s := len(x.c)
	rows := s
	if !c.FSAL {
		rows++
	}
	if d := len(x.dense); d != s && d != rows {
		return fmt.Errorf("solvers: tableau %q: the continuous extension has %d rows for %d stages", c.Name, d, s)
	}
	for _, row := range x.dense {
		if len(row) != len(x.dense[0]) {
			return fmt.Errorf("solvers: tableau %q: the rows of the continuous extension differ in length", c.Name)
		}
	}
	if (x.e == nil) != (c.ErrorOrder == 0) {
		return fmt.Errorf("solvers: tableau %q: an error estimate and its order belong together", c.Name)
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

// ErrorOrder is the order q of the embedded solution; zero where there is none.
func (t *Tableau) ErrorOrder() int { return t.errorOrder }

// DenseOrder is the order of the continuous extension.
func (t *Tableau) DenseOrder() int { return t.denseOrder }

// Stages is the number of stages s.
func (t *Tableau) Stages() int { return len(t.C) }

// Tableau returns t itself.
func (t *Tableau) Tableau() *Tableau { return t }

// NewStepper returns a Stepper for n unknowns. It holds about s + 6 vectors of length n.
func (t *Tableau) NewStepper(n int) Stepper { return newRungeKutta(t, n) }

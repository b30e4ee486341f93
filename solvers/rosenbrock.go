package solvers

import (
	"fmt"
	"math/big"
)

// Rosenbrock is a linearly implicit Runge–Kutta method with s ≤ 8 stages. With J = ∂f/∂x and ḟ = ∂f/∂t at (t, x),
//
//	(I/(hγ) − J) u_i = f(t + α_i h, x + Σ_{j<i} a_ij u_j) + Σ_{j<i} (c_ij/h) u_j + hγ_i ḟ,
//
//	x⁺ = x + Σ m_i u_i,   err = Σ e_i u_i,
//	x(t + σh) ≈ x + σ(x⁺ − x) + σ(1 − σ) Σ_m σᵐ⁻¹ Σ_j h_mj u_j.
//
// The u_i are combinations of the stages k_i in which no product with J is left (Hairer & Wanner, Solving ODEs II,
// section IV.7): a = α Γ⁻¹, c = diag(1/γ) − Γ⁻¹, m = b Γ⁻¹. All built-in methods have m_j = a_sj for j < s.
//
// A Rosenbrock is a Method. A step evaluates J once and decomposes one matrix.
type Rosenbrock struct {
	// Gamma is γ, the diagonal of Γ.
	Gamma float64
	// Alpha and GammaSum hold the abscissae α_i and γ_i = Σ_j γ_ij.
	Alpha, GammaSum []float64
	// A and C hold the strictly lower triangles a_ij and c_ij.
	A, C [][]float64
	// M and E hold the weights of x⁺ and of the error estimate.
	M, E []float64
	// H holds the rows of the continuous extension.
	H [][]float64
	// FSAL says that f of the last stage is f(t + h, x⁺).
	FSAL bool
	// Source is the publication that the coefficients come from.
	Source string

	name                          string
	order, errorOrder, denseOrder int
	exact                         exactRosenbrock
}

// rosenbrockCoefficients are coefficients as text, as in Coefficients.
type rosenbrockCoefficients struct {
	name, source                  string
	order, errorOrder, denseOrder int
	gamma, alpha, gammaSum        string
	a, c                          []string // rows 2 … s
	last                          string   // m_s; the other m_j are a_sj
	e                             string
	h                             []string
}

// exactRosenbrock keeps the exact values: the order conditions are tested on them.
type exactRosenbrock struct {
	gamma           *big.Rat
	alpha, gammaSum []*big.Rat
	a, c, h         [][]*big.Rat
	m, e            []*big.Rat
}

// maxStages is the largest number of stages of a Rosenbrock method.
const maxStages = 8

func mustRosenbrock(c rosenbrockCoefficients) *Rosenbrock {
	p := coefficientParser{name: c.name}
	x := exactRosenbrock{gamma: p.row("γ", c.gamma, 1)[0], alpha: p.row("α", c.alpha, -1)}
	s := len(x.alpha)
	x.gammaSum = p.row("γ_i", c.gammaSum, s)
	x.a, x.c = [][]*big.Rat{{}}, [][]*big.Rat{{}}
	for i := 1; i < s; i++ {
		x.a = append(x.a, p.row("a", c.a[i-1], i))
		x.c = append(x.c, p.row("c", c.c[i-1], i))
	}
	last := p.row("m", c.last, 1)[0]
	x.m = append(append([]*big.Rat(nil), x.a[s-1]...), last)
	x.e = p.row("e", c.e, s)
	for _, row := range c.h {
		x.h = append(x.h, p.row("h", row, s))
	}
	if p.err != nil || s > maxStages {
		panic(fmt.Sprintf("solvers: Rosenbrock method %q with %d stages: %v", c.name, s, p.err))
	}
	gamma, _ := x.gamma.Float64()
	return &Rosenbrock{
		Gamma: gamma, Alpha: rounded(x.alpha), GammaSum: rounded(x.gammaSum), A: roundedRows(x.a), C: roundedRows(x.c),
		M: rounded(x.m), E: rounded(x.e), H: roundedRows(x.h), FSAL: last.Sign() == 0, Source: c.source,
		name: c.name, order: c.order, errorOrder: c.errorOrder, denseOrder: c.denseOrder, exact: x,
	}
}

// Name is the method's name in configuration files and reports.
func (m *Rosenbrock) Name() string { return m.name }

// String is the name.
func (m *Rosenbrock) String() string { return m.name }

// Order is the order p of the propagated solution.
func (m *Rosenbrock) Order() int { return m.order }

// ErrorOrder is the order q of the embedded solution.
func (m *Rosenbrock) ErrorOrder() int { return m.errorOrder }

// DenseOrder is the order of the continuous extension.
func (m *Rosenbrock) DenseOrder() int { return m.denseOrder }

// Stages is the number of stages s.
func (m *Rosenbrock) Stages() int { return len(m.Alpha) }

// NewStepper returns a Stepper for n unknowns, which implements Implicit. It holds two matrices and about 16 vectors.
func (m *Rosenbrock) NewStepper(n int) Stepper { return newRosenbrock(m, n) }

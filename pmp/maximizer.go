package pmp

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/optimize"
)

// Maximizer raises a frozen Hamiltonian. No differential equation is solved inside, and nodes are
// independent of each other, so that a Sweeper works on them in parallel.
type Maximizer interface {
	// Name is the maximizer's name in configuration files.
	Name() string
	// Prepare checks that the maximizer suits the problem and makes room for the nodes of its control.
	Prepare(w *Sweeper) error
	// MaximizeNode improves u, which holds the present control of node j, so that H̃_j(u) does not fall and u
	// respects the bounds. It may keep state per node.
	MaximizeNode(f *Frozen, ln *Lane, j int, u []float64)
}

// Projector is a Maximizer over a set of its own, such as a finite one.
type Projector interface {
	// Project moves a control into the set, in place.
	Project(w *Sweeper, theta []float64)
}

// Maximize applies mx to all nodes: theta, which holds the control to start from, is improved in place.
func (f *Frozen) Maximize(mx Maximizer, theta []float64) {
	f.mx, f.arg = mx, theta
	f.w.parallel(f.w.mesh.nodes, f.maximize)
}

// ErrMaximizer reports a maximizer that does not fit the problem.
var ErrMaximizer = errors.New("pmp: maximizer does not fit the problem")

// HMax is the closed form of the linearized Hamiltonian of a network (Hofmann & Borzì, 2022),
//
//	θ⁺ = (2εθ + ∂(p·f − L)/∂θ) / (ν + 2ε),
//
// backed off by convex combination with θ while H̃ does not grow.
type HMax struct {
	// Backtracks bounds the convex combinations tried; 0 means 10.
	Backtracks int
}

// Name implements Maximizer.
func (HMax) Name() string { return "h-max" }

// Prepare implements Maximizer.
func (HMax) Prepare(*Sweeper) error { return nil }

// MaximizeNode implements Maximizer.
func (h HMax) MaximizeNode(f *Frozen, ln *Lane, j int, u []float64) {
	tries := h.Backtracks
	if tries == 0 {
		tries = 10
	}
	old := ln.theta
	copy(old, u)
	ClosedForm{}.MaximizeNode(f, ln, j, u)
	before := f.ValueNode(ln, j, old)
	for range tries {
		if f.ValueNode(ln, j, u) >= before {
			return
		}
		for i := range u {
			u[i] = 0.5 * (u[i] + old[i])
		}
	}
	copy(u, old)
}

// LevenbergMarquardt maximizes the augmented Hamiltonian of E-MSA, read as a least-squares problem: the network
// is fitted to its own vector field plus p/ρ at all frozen points. Each inner step solves
//
//	(ρ Σ f_θᵀf_θ + m(ν + 2ε)I + κ D) δ = ∂H̃/∂u,   D = diag of the sum before it, plus 1/100 of that diagonal's mean,
//
// where the damping κ falls after a success and rises until H̃ grows. κ is kept per node from call to call.
type LevenbergMarquardt struct {
	// Inner is the number of steps; 0 means 2.
	Inner int
	// Kappa is the damping per node, part of the optimizer's state.
	Kappa []float64

	nodes []lmNode
}

type lmNode struct {
	gn, a, g, delta, trial []float64
	blocks                 [][]int // of the matrix, nil for one
	block, rhs             []float64
}

// Name implements Maximizer.
func (*LevenbergMarquardt) Name() string { return "levenberg-marquardt" }

// Prepare implements Maximizer.
func (lm *LevenbergMarquardt) Prepare(w *Sweeper) error {
	if !w.lanes[0].hasJacobian() {
		return fmt.Errorf("%w: levenberg-marquardt needs a field with parameter Jacobians; use lbfgs", ErrMaximizer)
	}
	n := w.mesh.nodes
	if len(lm.Kappa) != n {
		lm.Kappa = make([]float64, n)
		for i := range lm.Kappa {
			lm.Kappa[i] = 1e-3
		}
	}
	lm.nodes = make([]lmNode, min(n, len(w.lanes)))
	for i := range lm.nodes {
		p := w.mesh.params
		lm.nodes[i] = lmNode{gn: make([]float64, p*p), a: make([]float64, p*p), g: make([]float64, p), delta: make([]float64, p), trial: make([]float64, p)}
		if b := w.lanes[0].blocks; b != nil {
			nd := &lm.nodes[i]
			nd.blocks = b.Blocks()
			largest := 0
			for _, group := range nd.blocks {
				largest = max(largest, len(group))
			}
			nd.block, nd.rhs = make([]float64, largest*largest), make([]float64, 2*largest)
		}
	}
	return nil
}

// MaximizeNode implements Maximizer.
func (lm *LevenbergMarquardt) MaximizeNode(f *Frozen, ln *Lane, j int, u []float64) {
	const (
		least, most = 1e-12, 1e8
		tries       = 8
	)
	nd := &lm.nodes[ln.index%len(lm.nodes)]
	inner := lm.Inner
	if inner == 0 {
		inner = 2
	}
	p := f.w.mesh.params
	value := f.ValueNode(ln, j, u)
	for range inner {
		f.GaussNewtonNode(ln, nd.gn, nd.g, j, u)
		trace := 0.0
		for i := 0; i < p; i++ {
			trace += nd.gn[i*p+i]
		}
		if !(trace > 0) || math.IsInf(trace, 0) {
			return
		}
		// Parameters that the anchor stages hardly see, such as weights into saturated units, must not take steps of
		// any size: all are damped by at least a hundredth of the mean.
		share, floor := 0.01*trace/float64(p), 1e-12*trace/float64(p)
		grown := false
		for range tries {
			if nd.solve(lm.Kappa[j], share, floor) {
				for i := range nd.trial {
					nd.trial[i] = u[i] + nd.delta[i]
				}
				f.w.mesh.clipNode(nd.trial)
				if v := f.ValueNode(ln, j, nd.trial); v > value {
					copy(u, nd.trial)
					value, grown = v, true
					lm.Kappa[j] = max(lm.Kappa[j]/3, least)
					break
				}
			}
			lm.Kappa[j] = min(lm.Kappa[j]*4, most)
		}
		if !grown {
			return
		}
	}
}

// solve stores (gn + κ(diag gn + share) + floor)⁻¹ g in delta, block by block where there are blocks.
func (nd *lmNode) solve(kappa, share, floor float64) bool {
	p := len(nd.g)
	damping := func(i int) float64 { return kappa*(nd.gn[i*p+i]+share) + floor }
	if nd.blocks == nil {
		copy(nd.a, nd.gn)
		for i := range p {
			nd.a[i*p+i] += damping(i)
		}
		return solveSPD(nd.delta, nd.a, nd.g)
	}
	for _, group := range nd.blocks {
		n := len(group)
		a, x, b := nd.block[:n*n], nd.rhs[:n], nd.rhs[n:2*n]
		for i, row := range group {
			for k, column := range group[:i+1] {
				a[i*n+k] = nd.gn[row*p+column]
			}
			a[i*n+i] += damping(row)
			b[i] = nd.g[row]
		}
		if !solveSPD(x, a, b) {
			return false
		}
		for i, row := range group {
			nd.delta[row] = x[i]
		}
	}
	return true
}

// solveSPD stores a⁻¹b in x by Cholesky's factorization, which takes the place of a; only a's lower triangle is used.
// It reports false where a is not positive definite.
func solveSPD(x, a, b []float64) bool {
	n := len(b)
	chol, ok := lapack64.Potrf(blas64.Symmetric{N: n, Stride: n, Data: a, Uplo: blas.Lower})
	if !ok {
		return false
	}
	copy(x, b)
	lapack64.Potrs(chol, blas64.General{Rows: n, Cols: 1, Stride: 1, Data: x})
	return true
}

// LBFGS maximizes H̃ by a few iterations of gonum's limited-memory BFGS, projected onto the bounds, as the
// authors of E-MSA do. The result is backed off by convex combination with the start while H̃ does not grow.
type LBFGS struct {
	// Iterations is the number of iterations; 0 means 10.
	Iterations int
	// Perturbation is the half-width of a uniform perturbation of the start (0: none), drawn from Rand.
	Perturbation float64
	// Safeguard keeps the start where H̃ did not grow. The published method goes without.
	Safeguard bool
	// Noise, length of the control, holds this iteration's perturbation when Perturbation > 0; its owner fills it.
	Noise []float64
}

// Name implements Maximizer.
func (*LBFGS) Name() string { return "lbfgs" }

// Prepare implements Maximizer.
func (b *LBFGS) Prepare(w *Sweeper) error {
	if !w.mesh.smooth() {
		return fmt.Errorf("%w: lbfgs needs a smooth control cost, and L1 = %g, L0 = %g", ErrMaximizer, w.mesh.l1, w.mesh.l0)
	}
	return nil
}

// MaximizeNode implements Maximizer.
func (b *LBFGS) MaximizeNode(f *Frozen, ln *Lane, j int, u []float64) {
	m := f.w.mesh
	iterations := b.Iterations
	if iterations == 0 {
		iterations = 10
	}
	old := append([]float64(nil), u...)
	before := f.ValueNode(ln, j, old)
	if b.Perturbation > 0 {
		for i, v := range m.node(b.Noise, j) {
			u[i] += v
		}
	}
	m.clipNode(u)
	clipped := make([]float64, len(u))
	project := func(x []float64) []float64 {
		copy(clipped, x)
		m.clipNode(clipped)
		return clipped
	}
	scale := 1 / m.mass[j]
	problem := optimize.Problem{
		Func: func(x []float64) float64 { return -scale * f.ValueNode(ln, j, project(x)) },
		Grad: func(g, x []float64) {
			f.GradientNode(ln, g, j, project(x))
			for i := range g {
				g[i] *= -scale
				if x[i] != clipped[i] {
					g[i] = 0
				}
			}
		},
	}
	settings := &optimize.Settings{MajorIterations: iterations, GradientThreshold: 1e-12, Converger: optimize.NeverTerminate{}}
	res, _ := optimize.Minimize(problem, append([]float64(nil), u...), settings, &optimize.LBFGS{GradStopThreshold: math.NaN()})
	if res != nil && allFinite(res.X) {
		copy(u, project(res.X))
	}
	if !b.Safeguard {
		return
	}
	for range 10 {
		if f.ValueNode(ln, j, u) >= before {
			return
		}
		for i := range u {
			u[i] = 0.5 * (u[i] + old[i])
		}
	}
	copy(u, old)
}

func allFinite(x []float64) bool {
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

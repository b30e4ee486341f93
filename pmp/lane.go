package pmp

import (
	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/ode/neural"
	"github.com/costate-go/costate/solvers"
)

// Lane is the workspace of one of a Sweeper's goroutines, handed through by Maximizers to the methods of Frozen.
type Lane struct {
	index  int
	ev     neural.Evaluator
	keeper neural.Keeper
	piece  Piecewise
	sample neural.SampleBatch
	blocks neural.BlockNormal // nil where the Gauss–Newton matrix has no blocks
	holder neural.Holder
	held   int                     // node whose gradient the evaluator holds, −1 for none, and
	holds  int                     // how many evaluations that gradient sums
	its    map[int]*ode.Integrator // by number of unknowns
	theta  []float64               // scratch for θ(t)
	bound  int                     // element bound, −1 for none
	xi     [][]float64             // ξ_i of each stage
	coef   []float64               // of a sum over stages
	terms  [][]float64             // its vectors
	lam    []float64
	stored []bool // records whose μ_i backStep stores
	gtheta []float64
	mu     []float64 // unless nil, takes the μ_i of a Linearization, which leaves the tape's alone
	rec    recorder
	tape   tape // lent to the shards of a trajectory one after the other
	one    one  // for constraints
	events eventLane

	plain          solvers.Func                                // right-hand side of implicit steps, and
	matrix         func(dst []float64, t float64, x []float64) // their Jacobian
	jacobian, unit []float64
	dense, mui     []float64
	pivot          []int
	times          func(dst []float64, t float64, x []float64) // ∂f/∂t
	rosenbrock     rosenbrock

	replay  solvers.Stepper // takes steps again from checkpoints
	replays map[int]solvers.Stepper

	adjoints    map[int]*adjoint // continuous costates
	reversibles map[int]*reversible

	// workspace of the frozen Hamiltonian
	fnew, res, vec []float64
	jac, rows      []float64
}

func (w *Sweeper) newLane(index int) (*Lane, error) {
	ln := &Lane{index: index, its: map[int]*ode.Integrator{}, replays: map[int]solvers.Stepper{}, adjoints: map[int]*adjoint{}, reversibles: map[int]*reversible{}}
	ln.rec.f, ln.rec.begin = ln.rec.eval, ln.rec.beforeAttempt
	ln.plain, ln.matrix, ln.times = ln.rec.plain, ln.rec.jacobian, ln.rec.timeSlope
	ln.ev = w.Problem.Field.NewEvaluator(w.width)
	ln.keeper, _ = ln.ev.(neural.Keeper)
	ln.piece, _ = ln.ev.(Piecewise)
	ln.sample, _ = ln.ev.(neural.SampleBatch)
	if !w.mesh.sloped() { // whose gradients are shared out at once
		ln.holder, _ = ln.ev.(neural.Holder)
	}
	ln.held = -1
	if b, ok := ln.ev.(neural.BlockNormal); ok && b.Blocks() != nil {
		ln.blocks = b
	}
	ln.theta = make([]float64, w.mesh.params)
	ln.gtheta = make([]float64, w.mesh.params)
	p, d := w.mesh.params, w.Problem.Field.Dim()
	ln.one = one{x: make([]float64, d), u: make([]float64, p), p: make([]float64, d), y: make([]float64, d), gx: make([]float64, d), gu: make([]float64, p)}
	n := w.width * w.Problem.Field.Dim()
	ln.lam = make([]float64, n)
	for range w.method.C {
		ln.xi = append(ln.xi, make([]float64, n))
	}
	ln.coef, ln.terms = make([]float64, 0, len(w.method.C)+2), make([][]float64, 0, len(w.method.C)+2)
	_, err := ode.NewIntegrator(1, w.Settings.Solver)
	return ln, err
}

// enter turns the lane to a shard, whatever control it held before.
func (ln *Lane) enter(tp *tape) {
	ln.bound = -1
	ln.turn(tp)
}

// turn turns the lane to a shard of the sweep that it is at.
func (ln *Lane) turn(tp *tape) {
	if ln.sample != nil {
		ln.sample.SetSamples(tp.lo)
	}
}

func (ln *Lane) hasJacobian() bool {
	_, ok := ln.ev.(neural.ParamJacobian)
	return ok
}

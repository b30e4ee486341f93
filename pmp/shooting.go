package pmp

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/costate-go/costate/ode"
	"github.com/costate-go/costate/solvers"
)

// Shooting solves the equations of the maximum principle themselves, with the control eliminated:
//
//	ẋ = H_p,   ṗ = −H_x,   u = argmax H,   x(t₀) = X0,   x_i(t₁) = target or p_i(t₁) = −∂Φ/∂x_i,
//
// and H(t₁) = 0 where t₁ is free. The unknowns are p(t₀), with Nodes > 1 the states and costates at inner nodes
// (multiple shooting), the times at which arcs of a given structure meet, and t₁. They are found by Newton's method
// with the natural monotonicity test as line search (Deuflhard, Newton Methods for Nonlinear Problems, 2011, sections 3.3 and
// 7.1; Stoer & Bulirsch, Introduction to Numerical Analysis, 3rd ed., section 7.3).
//
// Dynamics have to be affine in the control, whose only price is Control.L2 and Control.L1: Problem.Affine. For others the maximizer is given as
// Law. There is one initial state, and no observations. Kind and Mesh of the control are not used: u(t) is what maximizes H. Without Arcs the
// times at which it reaches or leaves a bound, or jumps, are located while integrating.
//
// A Shooting may be used by several goroutines at once.
type Shooting struct {
	Problem *Problem
	// Arcs is the structure of the control where it is known: bang-bang, or with singular arcs. The times at which
	// arcs meet are unknowns then, each with the equation that the switching function vanishes, and a singular arc with one
	// more for its derivative.
	Arcs []Arc
	// Law stores the control that maximizes H(t, x, p, ·) over the admissible set, for problems whose maximizer is no closed form of ours. It
	// has to be smooth, keeps nothing from call to call, and goes without Arcs. An extremal's Gap says whether it maximizes H: by trying
	// other values of every control.
	Law func(u []float64, t float64, x, p []float64)
	// FreeTime makes t₁ an unknown.
	FreeTime bool
	// Nodes is the number of pieces that every arc is cut into; 0 means 1, single shooting.
	Nodes int
	// Solver integrates states and costates. Method nil means Verner98; tolerances of zero mean 1e-12, MaxSteps zero 10000.
	Solver ode.Settings
	// Tolerance is the size of the last Newton step, relative to max(1, |unknown|), root mean square; 0 means 1e-10.
	Tolerance float64
	// MaxIterations bounds the Newton steps; 0 means 50.
	MaxIterations int
}

// Guess is where the iteration starts. The zero value means p(t₀) = 0, equal arcs and the problem's t₁.
type Guess struct {
	P0 []float64 // d
	// Switches are the times at which arcs meet, one less than there are arcs.
	Switches []float64
	T1       float64
	// Path stores state and costate at time t, for inner nodes; nil means integration from X0 and P0.
	Path func(x, p []float64, t float64) error
}

// ArcKind says which formula a control follows on an arc.
type ArcKind int

// The kinds of arcs.
const (
	InteriorArc ArcKind = iota // u = g/ν between the bounds, with g = ∂(p·f)/∂u
	LowerArc                   // at the lower bound
	UpperArc                   // at the upper bound
	ZeroArc                    // off, with an L¹ price
	SingularArc                // the switching function vanishes: u from d²g/dt² = 0
)

var arcNames = [...]string{"interior", "lower", "upper", "zero", "singular"}

// String returns a word for messages.
func (k ArcKind) String() string {
	if k < 0 || int(k) >= len(arcNames) {
		return fmt.Sprintf("ArcKind(%d)", int(k))
	}
	return arcNames[k]
}

// Arc is a stretch of time on which every control follows one formula.
type Arc struct {
	// Kinds has one entry per control. From one arc to the next a single control changes its kind.
	Kinds []ArcKind
	// Singular is the value of the control on a singular arc, where it is known; nil means that d²g/dt² = 0, which is
	// affine in the control, is solved with differences of eighth order. That is for arcs of order one.
	Singular func(t float64, x, p []float64) float64
}

// ScalarArcs is the structure of a problem with one control.
func ScalarArcs(kinds ...ArcKind) []Arc {
	arcs := make([]Arc, len(kinds))
	for i, k := range kinds {
		arcs[i].Kinds = []ArcKind{k}
	}
	return arcs
}

// ErrShooting is wrapped by the error of a shooting that found no solution.
var ErrShooting = errors.New("pmp: shooting found no solution")

// ShootingError says how far a shooting came. It wraps ErrShooting and the cause.
type ShootingError struct {
	Stop       StopReason
	Iterations int
	Residual   float64 // largest violation of the equations
	Step       float64 // relative size of the last Newton step
	Reason     string
	Cause      error // of a failing integration, otherwise nil
}

// Error says what happened and what to do about it.
func (e *ShootingError) Error() string {
	text := fmt.Sprintf("pmp: shooting found no solution in %d Newton steps: %s (residual %.3g, last step %.3g): "+
		"start closer, from a direct method's costate or through a Homotopy; raise Nodes; or check the structure of the arcs",
		e.Iterations, e.Reason, e.Residual, e.Step)
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns ErrShooting and the cause.
func (e *ShootingError) Unwrap() []error {
	if e.Cause != nil {
		return []error{ErrShooting, e.Cause}
	}
	return []error{ErrShooting}
}

// Solve finds an extremal near the guess. With an error that wraps ErrShooting the last iterate comes along, where it
// could be integrated. Other errors wrap ErrProblem.
func (s *Shooting) Solve(ctx context.Context, g Guess) (*Extremal, error) {
	sh, err := s.compile()
	if err != nil {
		return nil, err
	}
	z, err := sh.start(ctx, g)
	if err != nil {
		return nil, err
	}
	return sh.newton(ctx, z)
}

// Check reports whether the problem can be posed for shooting; its error wraps ErrProblem.
func (s *Shooting) Check() error {
	_, err := s.compile()
	return err
}

// compile checks that the problem can be solved by shooting.
func (s *Shooting) compile() (*shooter, error) {
	p := s.Problem
	switch {
	case p == nil || p.Field == nil || p.Field.Dim() <= 0:
		return nil, fmt.Errorf("%w: no field", ErrProblem)
	case p.Control.L0 != 0 || p.Control.Radius != 0:
		return nil, fmt.Errorf("%w: shooting takes no L0 price and no radius", ErrProblem)
	case s.Law != nil && len(s.Arcs) > 0:
		return nil, fmt.Errorf("%w: a control given by Law goes without Arcs", ErrProblem)
	case s.Law == nil && !p.Affine:
		return nil, fmt.Errorf("%w: shooting needs the maximum of H in closed form: dynamics affine in the control, whose price is L2 and L1; say so with Affine, or give the maximizer as Law", ErrProblem)
	case p.Samples() != 1 || len(p.X0) != p.Field.Dim():
		return nil, fmt.Errorf("%w: shooting takes one initial state of %d numbers, not %d numbers", ErrProblem, p.Field.Dim(), len(p.X0))
	case len(p.Observations) > 0 || len(p.Breaks) > 0 || len(p.Jumps)+len(p.Events) > 0:
		return nil, fmt.Errorf("%w: shooting takes no observations, no breaks, jumps and events", ErrProblem)
	case !(p.T1 > p.T0) || math.IsInf(p.T1-p.T0, 0):
		return nil, fmt.Errorf("%w: the horizon [%g, %g] is empty or infinite", ErrProblem, p.T0, p.T1)
	}
	sys, err := newSystem(p, s.Law)
	if err != nil {
		return nil, err
	}
	sh := &shooter{s: s, system: sys, d: sys.d, arcs: s.Arcs, parts: max(1, s.Nodes), ode: s.Solver}
	if sh.ode.Method == nil {
		sh.ode.Method = solvers.Verner98
	}
	for _, tol := range []*float64{&sh.ode.RTol, &sh.ode.ATol} {
		if *tol == 0 {
			*tol = 1e-12
		}
	}
	if sh.ode.MaxSteps == 0 {
		sh.ode.MaxSteps = 10000
	}
	sh.tolerance, sh.most = s.Tolerance, s.MaxIterations
	if sh.tolerance == 0 {
		sh.tolerance = 1e-10
	}
	if sh.most == 0 {
		sh.most = 50
	}
	if err := sh.ends(); err != nil {
		return nil, err
	}
	return sh, sh.structure()
}

// ends finds which states are fixed at t₁.
func (sh *shooter) ends() error {
	if len(sh.system.problem.Paths) > 0 {
		return fmt.Errorf("%w: shooting takes no path constraints; use riccati", ErrProblem)
	}
	sh.fixed = make([]bool, sh.d)
	sh.target = make([]float64, sh.d)
	for _, c := range sh.system.problem.Constraints {
		if len(c.Component) != len(c.Target) {
			return fmt.Errorf("%w: a terminal constraint has %d components and %d targets", ErrProblem, len(c.Component), len(c.Target))
		}
		for k, i := range c.Component {
			if i < 0 || i >= sh.d || sh.fixed[i] {
				return fmt.Errorf("%w: a terminal constraint names state %d of %d, or names it twice", ErrProblem, i, sh.d)
			}
			sh.fixed[i], sh.target[i] = true, c.Target[k]
		}
	}
	return nil
}

// opening is the control that is singular on the first arc, −1 where none is.
func (sh *shooter) opening() int {
	for i, kind := range sh.arcs[0].Kinds {
		if kind == SingularArc {
			return i
		}
	}
	return -1
}

// structure checks the arcs and finds what holds where they meet.
func (sh *shooter) structure() error {
	sys := sh.system
	if len(sh.arcs) == 0 {
		sh.arcs = []Arc{{}}
		return nil
	}
	for k := range sh.arcs {
		a := &sh.arcs[k]
		if len(a.Kinds) != sys.m {
			return fmt.Errorf("%w: arc %d has %d kinds for %d controls", ErrProblem, k, len(a.Kinds), sys.m)
		}
		singular := 0
		for i, kind := range a.Kinds {
			if kind == SingularArc {
				singular++
				if sys.l2 != 0 || sys.l1 != 0 || math.IsInf(sys.upper[i]-sys.lower[i], 0) {
					return fmt.Errorf("%w: arc %d is singular, which needs a bounded control %d without a price", ErrProblem, k, i)
				}
				continue
			}
			if sys.find(i, kind) < 0 {
				return fmt.Errorf("%w: control %d has no %v arc with these bounds and prices", ErrProblem, i, kind)
			}
		}
		if singular > 1 {
			return fmt.Errorf("%w: arc %d is singular in %d controls; one is possible", ErrProblem, k, singular)
		}
		if singular == 1 && len(sh.arcs) == 1 {
			return fmt.Errorf("%w: the only arc is singular; one that begins and one that ends without a bound are possible", ErrProblem)
		}
		if k == 0 {
			continue
		}
		m, err := sys.meet(&sh.arcs[k-1], a)
		if err != nil {
			return fmt.Errorf("%w: arcs %d and %d: %w", ErrProblem, k-1, k, err)
		}
		m.last = m.enter && k == len(sh.arcs)-1
		sh.meets = append(sh.meets, m)
	}
	n := 0
	if sh.opening() >= 0 {
		n++
	}
	for _, m := range sh.meets {
		n += m.equations()
	}
	if n != len(sh.meets) {
		return fmt.Errorf("%w: %d switching times for %d equations: a singular arc between others needs an entry and an exit of its own", ErrProblem, len(sh.meets), n)
	}
	return nil
}

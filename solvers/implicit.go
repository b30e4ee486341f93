package solvers

import "errors"

// What AttemptTo reports of an implicit step that failed; a shorter step may succeed.
var (
	ErrNotConverged = errors.New("solvers: the equations of an implicit step did not converge")
	ErrSingular     = errors.New("solvers: the matrix of an implicit step is singular or not finite")
)

// Implicit is implemented by Steppers of methods that solve equations with ∂f/∂x in every step.
type Implicit interface {
	Stepper
	// SetJacobian says how ∂f/∂x is obtained; it takes effect with the next Begin and allocates the matrix. Without
	// it the first Begin does, and the matrix is dense and comes from finite differences.
	SetJacobian(j Jacobian)
	// SetTolerance says how errors are measured, to which the accuracy of the equations and the increments of
	// differences are adapted. Without it, or where rtol is zero, equations are solved to rounding, however many
	// iterations that takes.
	SetTolerance(rtol, atol float64, norm Norm)
	// Algebra counts the work on equations since the Stepper was built.
	Algebra() Algebra
}

// Sloped is implemented by the Steppers of ESDIRK methods.
type Sloped interface {
	// Slopes are k₁ … k_s of the last accepted step, owned by the Stepper and valid from Accept to the next AttemptTo or Begin.
	Slopes() [][]float64
}

// Algebra counts work on the equations of implicit steps.
type Algebra struct {
	Jacobians      int // evaluations of ∂f/∂x
	Factorizations int // LU decompositions, of which a complex one counts as one
	Iterations     int // of Newton's method, over all stages together where they are coupled
}

// accuracy is how an implicit Stepper measures.
type accuracy struct {
	rtol, atol float64
	norm       Norm
	iterations int // at most
	// hopeless is the rate of convergence from which on a shorter step is better: iterations that creep may end on
	// another branch of the solution.
	hopeless float64
}

func newAccuracy(rtol, atol float64, norm Norm) accuracy {
	if rtol == 0 {
		return accuracy{1e-14, 1e-16, norm, 100, 0.9} // no shorter step will be tried
	}
	return accuracy{rtol, atol, norm, 6, 0.5}
}

// newton is the bound on the error of iterates over the tolerance of a step: well below one, so that it is no part of the
// step's error, but within reach of rounding.
func (t *accuracy) newton() float64 { return max(0.003, 10*epsilon/t.rtol) }

// rounding is the error of iterates over the tolerance that rounding may leave.
func (t *accuracy) rounding() float64 { return 100 * epsilon / t.rtol }

// epsilon is the distance from one to the next number.
const epsilon = 0x1p-52

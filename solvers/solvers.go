// Package solvers takes one step of an initial value problem
//
//	ẋ = f(t, x),   x(t₀) = x₀ ∈ ℝⁿ,
//
// from t to t + h with an error estimate and a continuous extension of the step. A method is a Butcher
// tableau (c, A, b, b̂) with its interpolant: data, one file a method, with its source. Methods for stiff problems solve
// equations with ∂f/∂x on the way: Rosenbrock, ESDIRK, Radau5, BDF, and Auto, which changes over. Where to go next, how
// large the step may be and what to keep are decided above, in package ode
// (Hairer, Nørsett & Wanner, Solving Ordinary Differential Equations I, 2nd ed., 1993, chapter II).
package solvers

import "math"

// Func is a right-hand side: it stores f(t, x) in dx. len(dx) == len(x). It must not keep or change x,
// and must not keep dx.
type Func func(dx []float64, t float64, x []float64)

// Method is a rule for one step. Methods are immutable values, safe for concurrent use.
type Method interface {
	// Name is the method's name in configuration files and reports, such as "tsit5".
	Name() string
	// Order is the order p of the solution that is propagated: the local error is O(hᵖ⁺¹).
	Order() int
	// ErrorOrder is the order q of the embedded error estimate, which behaves as O(h^(q+1));
	// zero where the method has none and can only run with fixed steps.
	ErrorOrder() int
	// NewStepper builds every buffer that steps of n unknowns need; nothing is allocated afterwards.
	NewStepper(n int) Stepper
}

// Stepper takes steps of one method for n unknowns. A Stepper belongs to one goroutine.
//
// A Stepper that is a Controller as well, as those of variable order are, chooses the sizes of its steps itself.
//
// The life of a step: Begin once, then AttemptTo a later (or earlier) time; if the error is too large AttemptTo
// a nearer one; Accept moves to the end of the step, where the next attempt starts.
type Stepper interface {
	// Begin sets the right-hand side and the point of departure, copies x, and forgets all stages.
	// Begin is also how a discontinuity of f is passed: call it again with the same t and x.
	Begin(f Func, t float64, x []float64)
	// AttemptTo computes a step from T to tNext, of signed size h = tNext − T. Naming the end rather than the
	// size makes a step land on tNext bit for bit. It evaluates f at the stages in order; the first stage,
	// f(t, x), is evaluated only where FirstStageKnown reports false. An explicit method returns nil always.
	AttemptTo(tNext float64) error
	// Accept makes the attempted step the last accepted one and moves to its end.
	Accept()
	// T and X are the present point. X is owned by the Stepper and valid until the next Accept or Begin.
	T() float64
	X() []float64
	// Proposed is the state at the end of the attempted step, owned by the Stepper.
	Proposed() []float64
	// ErrorEstimate is the estimated local error of the attempted step, owned by the Stepper and to be asked for
	// before Accept; nil where the method has no estimate. It is computed on the first call after an attempt.
	ErrorEstimate() []float64
	// FirstStageKnown reports whether f at the present point is known already (first same as last, or a
	// rejected attempt before).
	FirstStageKnown() bool
	// FirstStage returns f at the present point, evaluating it when it is not known yet. Owned by the Stepper.
	FirstStage() []float64
	// DenseLen is how many numbers describe the continuous extension of one accepted step.
	DenseLen() int
	// Dense stores the continuous extension of the last accepted step in dst, of length DenseLen:
	// polynomial coefficients in s = (t − t_n)/h, coefficient by coefficient, n numbers each, constant first;
	// EvalDense evaluates them. It is available from Accept to the next AttemptTo or Begin, and evaluates f where the
	// interpolant needs more stages than the step: at the present point (as FirstStage does) and inside the step.
	Dense(dst []float64)
	// Evaluations is how often f has been called since the Stepper was built.
	Evaluations() int
}

// SecondEstimator is implemented by Steppers that may have a second error estimate.
type SecondEstimator interface {
	// SecondErrorEstimate is like ErrorEstimate; nil where the method has only one.
	SecondErrorEstimate() []float64
}

// RMSStepper is implemented by Steppers that take the norm RMS of their error faster than from outside.
type RMSStepper interface {
	// AttemptRMS is AttemptTo for methods with an error estimate that never fail, followed by RMS of ErrorEstimate, and
	// by CombineEstimates where there are two. It returns the square, for a SquareController; NaN or +Inf where the estimate or x⁺ is not finite.
	AttemptRMS(tNext, rtol, atol float64) (square float64)
}

// CombineEstimates returns e²/√(e² + e₂²/100) of the norms of a method's two error estimates, the error of the step
// (Hairer, Nørsett & Wanner, Solving ODEs I, section II.10). It falls with twice the order of the first less that of
// the second, and the second, of low order, guards against a first that is small by accident.
func CombineEstimates(e, e2 float64) float64 {
	if e == 0 {
		return 0
	}
	return e * e / math.Sqrt(e*e+0.01*e2*e2)
}

// StiffnessTester is implemented by Steppers that can tell stiffness from the stages of a step.
type StiffnessTester interface {
	// StiffnessRatio returns h·‖k_s − k_{s−1}‖/‖X_s − X_{s−1}‖ of the attempted step, an estimate of h·|λ| for the
	// dominant eigenvalue λ of ∂f/∂x, divided by the extent of the method's stability region along the
	// negative real axis. A value that stays above one means that stability, not accuracy, limits the step.
	// It is zero where the method has no such test (Hairer & Wanner, Solving ODEs II, section IV.2).
	StiffnessRatio() float64
}

// Tableaued is implemented by methods that are Runge–Kutta tableaux, for those who differentiate a step.
type Tableaued interface {
	Method
	Tableau() *Tableau
}

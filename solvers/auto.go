package solvers

import "math"

// Auto takes steps of an explicit method while the problem is not stiff and of Rodas5P while it is: Tsit5, or
// Verner76 for relative tolerances below 10⁻⁶. Stiffness is seen in the explicit method's last two stages, its end in
// the norm of the Jacobian. Auto has its own step-size controllers, PI and Gustafsson. With fixed steps it starts
// with Tsit5.
//
// The rule for switching is that of many programs: ten steps that stability limits, of which every two others undo
// one, and three steps with the stiff method that the explicit one could have taken as well (L. Petzold, SIAM J. Sci.
// Stat. Comput. 4 (1983) 136–148; C. Rackauckas, Q. Nie, J. Open Res. Softw. 5 (2017) 15).
var Auto Method = autoMethod{}

type autoMethod struct{}

func (autoMethod) Name() string    { return "auto" }
func (autoMethod) String() string  { return "auto" }
func (autoMethod) Order() int      { return 5 }
func (autoMethod) ErrorOrder() int { return 4 }
func (autoMethod) DenseOrder() int { return 4 }

func (autoMethod) NewStepper(n int) Stepper {
	a := &auto{
		loose: Tsit5.NewStepper(n).(explicitStepper), tight: Verner76.NewStepper(n).(explicitStepper), stiff: newRosenbrock(Rodas5P, n),
		controls: [3]Controller{
			Prepare(PI{}, Tsit5.ErrorOrder()+1), Prepare(PI{}, Verner76.ErrorOrder()+1), Prepare(Gustafsson{}, Rodas5P.ErrorOrder()+1),
		},
	}
	a.explicit = a.loose
	a.now, a.made = a.explicit, a.explicit
	return a
}

const (
	autoTight      = 1e-6 // relative tolerances below are for Verner76
	autoStiffSteps = 10
	autoCalmSteps  = 3
	autoMargin     = 0.9 // of the extent below
	// autoVerner is half the extent 4.64 of Verner76's stability region along the negative real axis: at small
	// tolerances the error estimate, in which stiff components grow earlier, holds back the steps from there on.
	autoVerner = 2.3
)

// explicitStepper is a Stepper of an explicit tableau.
type explicitStepper interface {
	Stepper
	StiffnessTester
	stiffnessAfter(w float64) float64
}

// auto is the Stepper of Auto.
type auto struct {
	loose, tight explicitStepper
	explicit     explicitStepper // one of them
	stiff        *rosenbrock
	now, made    Stepper // the one that goes on, and the one that made the last accepted step
	controls     [3]Controller
	history      History
	count        int  // steps that speak for a change
	fresh        bool // no step was accepted since the last change
	f            Func
}

func (a *auto) SetJacobian(j Jacobian) { a.stiff.SetJacobian(j) }

// SetValues implements ByValue.
func (a *auto) SetValues(v Values) {
	for _, s := range []explicitStepper{a.loose, a.tight} {
		if s, ok := s.(ByValue); ok {
			s.SetValues(v)
		}
	}
}

func (a *auto) SetTolerance(rtol, atol float64, norm Norm) {
	a.stiff.SetTolerance(rtol, atol, norm)
	explicit := a.loose
	if 0 < rtol && rtol < autoTight {
		explicit = a.tight
	}
	if explicit == a.explicit {
		return
	}
	if a.now == Stepper(a.explicit) && a.f != nil {
		explicit.Begin(a.f, a.now.T(), a.now.X())
		a.now, a.made = explicit, explicit
	} else if a.f == nil {
		a.now, a.made = explicit, explicit
	}
	a.explicit = explicit
}

// Begin starts with the explicit method; after a discontinuity on the way, too.
func (a *auto) Begin(f Func, t float64, x []float64) {
	a.f, a.count, a.fresh = f, 0, true
	a.explicit.Begin(f, t, x)
	a.now, a.made = a.explicit, a.explicit
}

func (a *auto) AttemptTo(tNext float64) error { return a.now.AttemptTo(tNext) }

func (a *auto) isStiff() bool { return a.now == Stepper(a.stiff) }

// Factor implements Controller.
func (a *auto) Factor(h *History) float64 {
	which, order := 0, Tsit5.ErrorOrder()
	switch {
	case a.isStiff():
		which, order = 2, Rodas5P.ErrorOrder()
	case a.explicit == a.tight:
		which, order = 1, Verner76.ErrorOrder()
	}
	a.history = *h
	a.history.Order = order + 1
	if a.fresh { // what is remembered is of another method
		a.history.Last, a.history.BeforeLast, a.history.Ratio = 0, 0, 0
	}
	return a.controls[which].Factor(&a.history)
}

func (a *auto) Accept() {
	ratio := a.ratio()
	a.now.Accept()
	a.made, a.fresh = a.now, false
	if a.explicit == a.tight && !a.isStiff() {
		ratio = a.tight.stiffnessAfter(a.stiff.tol.atol/a.stiff.tol.rtol) / autoVerner
	}
	switch {
	case a.isStiff() && ratio < autoMargin:
		if a.count++; a.count >= autoCalmSteps {
			a.change(a.explicit)
		}
	case a.isStiff():
		a.count = 0
	case ratio > autoMargin:
		if a.count++; a.count >= autoStiffSteps {
			a.change(a.stiff)
		}
	default:
		a.count = max(0, a.count-2)
	}
}

// ratio is h·|λ| of the attempted step over the extent of the explicit method's stability region; |λ| is estimated by the
// explicit method, and bounded by norms of J otherwise.
func (a *auto) ratio() float64 {
	if !a.isStiff() {
		return a.explicit.StiffnessRatio() // zero for Verner76, which needs f at the end
	}
	bound := Tsit5.RealStability
	if a.explicit == a.tight {
		bound = autoVerner
	}
	return math.Abs(a.stiff.h) * a.stiff.lin.norm() / bound
}

func (a *auto) change(to Stepper) {
	to.Begin(a.f, a.now.T(), a.now.X())
	a.now, a.count, a.fresh = to, 0, true
}

func (a *auto) T() float64               { return a.now.T() }
func (a *auto) X() []float64             { return a.now.X() }
func (a *auto) Proposed() []float64      { return a.now.Proposed() }
func (a *auto) ErrorEstimate() []float64 { return a.now.ErrorEstimate() }
func (a *auto) FirstStageKnown() bool    { return a.now.FirstStageKnown() }
func (a *auto) FirstStage() []float64    { return a.now.FirstStage() }
func (a *auto) Algebra() Algebra         { return a.stiff.Algebra() }

func (a *auto) Evaluations() int {
	return a.loose.Evaluations() + a.tight.Evaluations() + a.stiff.Evaluations()
}

// DenseLen is that of the longest extension; others have zeros for the powers that they lack.
func (a *auto) DenseLen() int {
	return max(a.loose.DenseLen(), a.tight.DenseLen(), a.stiff.DenseLen())
}

func (a *auto) Dense(dst []float64) {
	length := a.made.DenseLen()
	clear(dst[length:])
	a.made.Dense(dst[:length])
}

// stiffnessAfter returns h·‖f(t, x) − k_s‖/‖x − X_s‖ of the last accepted step, for a method whose last stage is at
// its end. Entries are weighed by 1/(w + |x_i|): at small tolerances the rounding errors of the large ones would hide
// the others.
func (r *rungeKutta) stiffnessAfter(w float64) float64 {
	k1 := r.FirstStage()
	k0, x1, x0 := r.sides[1-r.side].k[len(r.tab.C)-1], r.sides[r.side].x, r.stage
	var num, den float64
	for i, v := range k1 {
		scale := 1 / (w + math.Abs(x1[i]))
		dk, dx := scale*(v-k0[i]), scale*(x1[i]-x0[i])
		num += dk * dk
		den += dx * dx
	}
	if !(den > 0) {
		return 0
	}
	return math.Abs(r.h) * math.Sqrt(num/den)
}

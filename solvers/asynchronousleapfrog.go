package solvers

// AsynchronousLeapfrog is the method of order 2 of MALI. It carries a velocity v beside the state and never evaluates f
// at the state itself:
//
//	x_½ = x + (h/2) v,   v⁺ = 2 f(t + h/2, x_½) − v,   x⁺ = x_½ + (h/2) v⁺.
//
// A step back by −h undoes a step up to rounding, so that a backward pass can recompute a trajectory instead of
// keeping it. One evaluation a step. It runs with fixed steps: v swings around f(t, x), without damping, and estimates of the
// error would see nothing else in the end. Its continuous extension is the cubic Hermite interpolant with slopes v, of
// order 2.
var AsynchronousLeapfrog = &Reversible{
	Source: "J. Zhuang, N. C. Dvornek, S. Tatikonda, J. S. Duncan, MALI, ICLR 2021; U. Mutze, arXiv:1311.6602",
	name:   "alf",
	build: func(n int) Stepper {
		return &alfStepper{base: newBase(n, false), v: make([]float64, n), vNext: make([]float64, n), k: make([]float64, n)}
	},
}

// Reversible is a method of order 2 whose step is undone by a step back to where it began.
type Reversible struct {
	// Source is the publication that the method comes from.
	Source string

	name  string
	build func(n int) Stepper
}

// Name is the method's name in reports.
func (m *Reversible) Name() string { return m.name }

// String is the name.
func (m *Reversible) String() string { return m.name }

// Order is 2.
func (m *Reversible) Order() int { return 2 }

// ErrorOrder is zero: there is no estimate.
func (m *Reversible) ErrorOrder() int { return 0 }

// DenseOrder is 2.
func (m *Reversible) DenseOrder() int { return 2 }

// NewStepper returns a Stepper for n unknowns.
func (m *Reversible) NewStepper(n int) Stepper { return m.build(n) }

// alfStepper takes f at the present point for v when it begins, and from then on v for f.
type alfStepper struct {
	base
	v, vNext, k []float64
}

func (s *alfStepper) AttemptTo(tNext float64) error {
	h := tNext - s.t
	s.tNext, s.h = tNext, h
	v, vNext, k, half := s.FirstStage(), s.vNext, s.k, s.xNext
	for i, x := range s.x {
		half[i] = x + h/2*v[i]
	}
	s.eval(k, s.t+h/2, half)
	for i, f := range k {
		vNext[i] = 2*f - v[i]
		half[i] += h / 2 * vNext[i]
	}
	return nil
}

func (s *alfStepper) Accept() {
	s.accept()
	s.v, s.vNext = s.vNext, s.v
}

// FirstStage is f at the point where the stepper began, and v later.
func (s *alfStepper) FirstStage() []float64 {
	if !s.known {
		s.eval(s.v, s.t, s.x)
		s.known = true
	}
	return s.v
}

func (s *alfStepper) Dense(dst []float64) { hermite(dst, s.xNext, s.vNext, s.x, s.v, s.h) }

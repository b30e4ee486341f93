package solvers

// ReversibleHeun is the method of order 2 of Kidger et al. It carries a second state z, the only one that f is evaluated
// at:
//
//	z⁺ = 2x − z + h f(t, z),   x⁺ = x + (h/2)(f(t, z) + f(t + h, z⁺)).
//
// A step back by −h undoes a step up to rounding. One evaluation a step. It runs with fixed steps: z swings around x,
// without damping, and estimates of the error would see nothing else in the end. Its continuous extension is the
// cubic Hermite interpolant with slopes f(t, z), of order 2.
var ReversibleHeun = &Reversible{
	Source: "P. Kidger, J. Foster, X. Li, T. Lyons, Efficient and accurate gradients for neural SDEs, NeurIPS 2021",
	name:   "revheun",
	build: func(n int) Stepper {
		vector := func() []float64 { return make([]float64, n) }
		return &reversibleHeunStepper{base: newBase(n, false), z: vector(), zNext: vector(), k: vector(), kNext: vector()}
	},
}

type reversibleHeunStepper struct {
	base
	z, zNext []float64
	k, kNext []float64 // f at z and at zNext
}

func (s *reversibleHeunStepper) AttemptTo(tNext float64) error {
	h := tNext - s.t
	s.tNext, s.h = tNext, h
	k, kNext := s.FirstStage(), s.kNext
	for i, x := range s.x {
		s.zNext[i] = 2*x - s.z[i] + h*k[i]
	}
	s.eval(kNext, tNext, s.zNext)
	for i, x := range s.x {
		s.xNext[i] = x + h/2*(k[i]+kNext[i])
	}
	return nil
}

func (s *reversibleHeunStepper) Accept() {
	s.accept()
	s.z, s.zNext = s.zNext, s.z
	s.k, s.kNext = s.kNext, s.k
}

// FirstStage is f at z, which is x where the stepper began.
func (s *reversibleHeunStepper) FirstStage() []float64 {
	if !s.known {
		copy(s.z, s.x)
		s.eval(s.k, s.t, s.x)
		s.known = true
	}
	return s.k
}

func (s *reversibleHeunStepper) Dense(dst []float64) { hermite(dst, s.xNext, s.kNext, s.x, s.k, s.h) }

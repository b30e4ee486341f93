package solvers

// base is what Steppers of methods with one state and a cubic extension have in common. When a step is accepted, x
// and xNext change roles, so that xNext is where it began until the next attempt.
type base struct {
	n                int
	f                Func
	t, tNext, h      float64
	x, xNext, errors []float64
	known            bool // f at the present point is known
	evals            int
}

func newBase(n int, estimates bool) base {
	if n < 1 {
		panic("solvers: a stepper needs at least one unknown")
	}
	b := base{n: n, x: make([]float64, n), xNext: make([]float64, n)}
	if estimates {
		b.errors = make([]float64, n)
	}
	return b
}

func (b *base) Begin(f Func, t float64, x []float64) {
	if len(x) != b.n {
		panic("solvers: length of x differs from the number of unknowns")
	}
	b.f, b.t, b.known = f, t, false
	copy(b.x, x)
}

func (b *base) accept() {
	b.t = b.tNext
	b.x, b.xNext = b.xNext, b.x
}

func (b *base) T() float64               { return b.t }
func (b *base) X() []float64             { return b.x }
func (b *base) Proposed() []float64      { return b.xNext }
func (b *base) ErrorEstimate() []float64 { return b.errors }
func (b *base) FirstStageKnown() bool    { return b.known }
func (b *base) Evaluations() int         { return b.evals }
func (b *base) DenseLen() int            { return 4 * b.n }

func (b *base) eval(dx []float64, t float64, x []float64) {
	b.f(dx, t, x)
	b.evals++
}

// hermite stores the cubic with the given values and slopes at the ends of a step of size h, as Stepper.Dense does.
func hermite(dst, x0, f0, x1, f1 []float64, h float64) {
	n := len(x0)
	copy(dst, x0)
	c1, c2, c3 := dst[n:][:n], dst[2*n:][:n], dst[3*n:][:n]
	for i := range x0 {
		d, a, b := x1[i]-x0[i], h*f0[i], h*f1[i]
		c1[i], c2[i], c3[i] = a, 3*d-2*a-b, a+b-2*d
	}
}

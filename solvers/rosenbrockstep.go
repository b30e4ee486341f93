package solvers

// rosenbrock is the Stepper of every Rosenbrock method.
type rosenbrock struct {
	method *Rosenbrock
	n      int
	f      Func
	t      float64
	tNext  float64
	h      float64
	known  bool // f0 holds f(t, x)
	spec   Jacobian
	ready  bool // diff and lin have been built for spec: only when they are needed, because Auto may never need them
	fresh  bool // J and ḟ belong to (t, x)
	hasErr bool // err belongs to the attempted step
	evals  int
	work   Algebra
	tol    accuracy

	x, xNext, stage []float64
	f0, fx, ft      []float64
	rhs, err        []float64
	u               [][maxStages]float64 // u_i of one unknown after the other
	rows            []rosenbrockRow
	dense           [][maxStages]float64 // coefficients of σ, σ², … in terms of u
	lastIsError     bool                 // e = (0, …, 0, 1)
	diff            differentiator
	lin             linear
}

// rosenbrockRow is what a stage needs.
type rosenbrockRow struct {
	a, c            [maxStages]float64
	alpha, gammaSum float64
	// extends says that the state of the stage is that of the stage before plus its u.
	extends bool
}

func newRosenbrock(m *Rosenbrock, n int) *rosenbrock {
	if n < 1 {
		panic("solvers: a stepper needs at least one unknown")
	}
	r := &rosenbrock{method: m, n: n, tol: newAccuracy(0, 0, RMS), u: make([][maxStages]float64, n)}
	mem := make([]float64, 8*(n+8))
	for i, v := range []*[]float64{&r.x, &r.xNext, &r.stage, &r.f0, &r.fx, &r.ft, &r.rhs, &r.err} {
		*v = mem[i*(n+8):][:n:n]
	}
	for i := range m.Alpha {
		row := rosenbrockRow{alpha: m.Alpha[i], gammaSum: m.GammaSum[i]}
		copy(row.a[:], m.A[i])
		copy(row.c[:], m.C[i])
		if i > 0 {
			before := r.rows[i-1].a
			before[i-1] = 1
			row.extends = row.a == before
		}
		r.rows = append(r.rows, row)
	}
	last := len(m.Alpha) - 1
	r.lastIsError = true
	for i, e := range m.E {
		r.lastIsError = r.lastIsError && (e == 0) == (i < last) && (i < last || e == 1)
	}
	r.dense = make([][maxStages]float64, len(m.H)+1)
	copy(r.dense[0][:], m.M)
	for i, row := range m.H {
		for j, v := range row {
			r.dense[i][j] += v
			r.dense[i+1][j] -= v
		}
	}
	return r
}

func (r *rosenbrock) SetJacobian(j Jacobian) { r.spec, r.ready = j, false }

func (r *rosenbrock) SetTolerance(rtol, atol float64, norm Norm) {
	r.tol = newAccuracy(rtol, atol, norm)
}

func (r *rosenbrock) Begin(f Func, t float64, x []float64) {
	if len(x) != r.n {
		panic("solvers: length of x differs from the number of unknowns")
	}
	if !r.ready {
		r.ready = true
		r.diff = newDifferentiator(r.spec, r.n)
		r.lin = newLinear(&r.spec, r.n)
	}
	r.f, r.t = f, t
	r.known, r.fresh, r.hasErr = false, false, false
	copy(r.x, x)
}

func (r *rosenbrock) AttemptTo(tNext float64) error {
	m, t, h := r.method, r.t, tNext-r.t
	r.tNext, r.h, r.hasErr = tNext, h, false
	r.FirstStage()
	if !r.fresh {
		r.evals += r.diff.space(r.lin.j, r.f, t, h, r.x, r.f0, &r.tol)
		r.evals += r.diff.time(r.ft, r.f, t, h, r.x, r.f0)
		r.work.Jacobians++
		r.fresh = true
	}
	r.work.Factorizations++
	inverse := 1 / h
	if !r.lin.factor(inverse / m.Gamma) {
		return ErrSingular
	}
	timed := !r.diff.spec.Autonomous
	last := len(r.rows) - 1
	rhs := r.rhs
	copy(rhs, r.f0)
	stage := r.stage[:len(rhs)]
	for k := range r.rows {
		row := &r.rows[k]
		if k > 0 {
			if k == last {
				stage = r.xNext[:len(rhs)]
			}
			if row.extends {
				for i, v := range r.stage[:len(rhs)] {
					stage[i] = v + rhs[i] // which is still the u of the stage before
				}
				rateSums(rhs, r.u, &row.c, k, inverse)
			} else {
				stageSums(stage, rhs, r.x, r.u, row, k, inverse)
			}
			tk := tNext
			if row.alpha != 1 {
				tk = t + row.alpha*h
			}
			r.f(r.fx, tk, stage)
			for i, v := range r.fx[:len(rhs)] {
				rhs[i] += v
			}
		}
		if timed && row.gammaSum != 0 {
			g := h * row.gammaSum
			for i, v := range r.ft {
				rhs[i] += g * v
			}
		}
		r.lin.solve(rhs)
		u := r.u[:len(rhs)]
		for i, v := range rhs {
			u[i][k&(maxStages-1)] = v
		}
	}
	r.evals += last
	if w := m.M[last]; w != 0 {
		for i, v := range rhs {
			stage[i] += w * v
		}
	}
	return nil
}

func (r *rosenbrock) Accept() {
	r.t = r.tNext
	r.x, r.xNext = r.xNext, r.x
	if r.method.FSAL {
		r.f0, r.fx = r.fx, r.f0
	}
	r.known, r.fresh, r.hasErr = r.method.FSAL, false, false
}

func (r *rosenbrock) T() float64            { return r.t }
func (r *rosenbrock) X() []float64          { return r.x }
func (r *rosenbrock) Proposed() []float64   { return r.xNext }
func (r *rosenbrock) FirstStageKnown() bool { return r.known }
func (r *rosenbrock) Evaluations() int      { return r.evals }
func (r *rosenbrock) Algebra() Algebra      { return r.work }

func (r *rosenbrock) ErrorEstimate() []float64 {
	if r.lastIsError {
		return r.rhs
	}
	if !r.hasErr {
		var e [maxStages]float64
		copy(e[:], r.method.E)
		rateSums(r.err, r.u, &e, len(r.rows), 1)
		r.hasErr = true
	}
	return r.err
}

func (r *rosenbrock) FirstStage() []float64 {
	if !r.known {
		r.f(r.f0, r.t, r.x)
		r.known = true
		r.evals++
	}
	return r.f0
}

func (r *rosenbrock) DenseLen() int { return (1 + len(r.dense)) * r.n }

func (r *rosenbrock) Dense(dst []float64) {
	n := r.n
	copy(dst[:n], r.xNext) // where the step began
	for m := range r.dense {
		rateSums(dst[(m+1)*n:(m+2)*n], r.u, &r.dense[m], len(r.rows), 1)
	}
}

// stageSums stores x + Σ a_j u_j in stage and w Σ c_j u_j in rate, over the first k terms. Unrolled as in sums.go.
func stageSums(stage, rate, x []float64, u [][maxStages]float64, row *rosenbrockRow, k int, w float64) {
	a, c, n := &row.a, &row.c, len(stage)
	rate, x, u = rate[:n], x[:n], u[:n]
	switch k {
	case 1:
		a0, c0 := a[0], w*c[0]
		for i := range stage {
			v := u[i][0]
			stage[i] = x[i] + a0*v
			rate[i] = c0 * v
		}
	case 2:
		a0, a1, c0, c1 := a[0], a[1], w*c[0], w*c[1]
		for i := range stage {
			v := &u[i]
			stage[i] = x[i] + (a0*v[0] + a1*v[1])
			rate[i] = c0*v[0] + c1*v[1]
		}
	case 3:
		a0, a1, a2, c0, c1, c2 := a[0], a[1], a[2], w*c[0], w*c[1], w*c[2]
		for i := range stage {
			v := &u[i]
			stage[i] = x[i] + ((a0*v[0] + a1*v[1]) + a2*v[2])
			rate[i] = (c0*v[0] + c1*v[1]) + c2*v[2]
		}
	case 4:
		a0, a1, a2, a3, c0, c1, c2, c3 := a[0], a[1], a[2], a[3], w*c[0], w*c[1], w*c[2], w*c[3]
		for i := range stage {
			v := &u[i]
			stage[i] = x[i] + ((a0*v[0] + a1*v[1]) + (a2*v[2] + a3*v[3]))
			rate[i] = (c0*v[0] + c1*v[1]) + (c2*v[2] + c3*v[3])
		}
	default:
		for i := range stage {
			v := &u[i]
			stage[i] = x[i] + ((a[0]*v[0] + a[1]*v[1]) + (a[2]*v[2] + a[3]*v[3]) + a[4]*v[4] + more(a, v, k))
			rate[i] = w * ((c[0]*v[0] + c[1]*v[1]) + (c[2]*v[2] + c[3]*v[3]) + c[4]*v[4] + more(c, v, k))
		}
	}
}

// more is the sum of the terms 5 … k − 1.
func more(a, v *[maxStages]float64, k int) (sum float64) {
	for j := 5; j < k; j++ {
		sum += a[j&(maxStages-1)] * v[j&(maxStages-1)]
	}
	return sum
}

// rateSums stores w Σ c_j u_j over the first k terms in dst.
func rateSums(dst []float64, u [][maxStages]float64, c *[maxStages]float64, k int, w float64) {
	u = u[:len(dst)]
	switch k {
	case 6:
		for i := range dst {
			v := &u[i]
			dst[i] = w * ((c[0]*v[0] + c[1]*v[1]) + (c[2]*v[2] + c[3]*v[3]) + (c[4]*v[4] + c[5]*v[5]))
		}
	case 7:
		for i := range dst {
			v := &u[i]
			dst[i] = w * ((c[0]*v[0] + c[1]*v[1]) + (c[2]*v[2] + c[3]*v[3]) + (c[4]*v[4] + c[5]*v[5]) + c[6]*v[6])
		}
	default:
		for i := range dst {
			var sum float64
			for j, v := range u[i][:k] {
				sum += c[j&(maxStages-1)] * v
			}
			dst[i] = w * sum
		}
	}
}

package pmp

import "math"

// stage is the map of one interval between knots, on the steps of a trajectory, and the derivatives that Newton's method needs of
// it. Its arguments z are the states at the interval's start and the controls that act on it: one node's, or two of a piecewise linear
// control.
type stage struct {
	w    *Sweeper
	ln   *Lane
	tr   *Trajectory
	tp   *tape
	d, p int
	size int // of z

	z, up, down []float64   // arguments
	x, rate     [][]float64 // of the stages of all steps
	end         []float64
	xi          [][]float64
	lam, gu     []float64
	endUp       []float64
	gradUp      []float64
}

func newStage(w *Sweeper) *stage {
	d, p := w.Problem.Field.Dim(), w.mesh.params
	s := &stage{w: w, ln: w.lanes[0], d: d, p: p, size: d + p}
	if w.mesh.kind == PiecewiseLinear {
		s.size += p
	}
	s.z, s.up, s.down = make([]float64, s.size), make([]float64, s.size), make([]float64, s.size)
	s.end, s.endUp, s.lam, s.gu, s.gradUp = make([]float64, d), make([]float64, d), make([]float64, d), make([]float64, p), make([]float64, s.size)
	for range w.method.C {
		s.xi = append(s.xi, make([]float64, d))
	}
	return s
}

// control binds u(t) to the evaluator and returns it with the weights of the nodes.
func (s *stage) control(z []float64, elem int, t float64) (u []float64, wa, wb float64) {
	_, _, wa, wb = s.w.mesh.basis(elem, t)
	a := z[s.d : s.d+s.p]
	u = a
	if s.w.mesh.kind == PiecewiseLinear {
		u = s.ln.theta
		for i, b := range z[s.d+s.p:] {
			u[i] = wa*a[i] + wb*b
		}
	}
	s.ln.ev.Bind(u)
	return u, wa, wb
}

// gradient stores the state at the end for arguments z in end, and the gradient of lam·x(end) + ∫L in g.
func (s *stage) gradient(g, end, z []float64, elem int, steps []step, lam []float64) {
	w, tab := s.w, s.w.method
	n := len(tab.C)
	for len(s.x) < n*len(steps) {
		s.x, s.rate = append(s.x, make([]float64, s.d)), append(s.rate, make([]float64, s.d))
	}
	copy(end, z[:s.d])
	for k := range steps {
		st := &steps[k]
		for i, row := range tab.A {
			x := s.x[k*n+i]
			copy(x, end)
			for j, a := range row {
				if a != 0 {
					axpy(x, st.h*a, s.rate[k*n+j])
				}
			}
			t := st.t + tab.C[i]*st.h
			s.control(z, elem, t)
			s.ln.ev.Eval(s.rate[k*n+i], t, x)
		}
		for i, b := range tab.B {
			axpy(end, st.h*b, s.rate[k*n+i])
		}
	}
	clear(g)
	copy(s.lam, lam)
	mu := s.ln.one.gx
	for k := len(steps) - 1; k >= 0; k-- {
		st := &steps[k]
		for i := n - 1; i >= 0; i-- {
			for c, v := range s.lam {
				mu[c] = st.h * tab.B[i] * v
			}
			for _, f := range w.followers[i] {
				axpy(mu, st.h*f.a, s.xi[f.j])
			}
			t := st.t + tab.C[i]*st.h
			u, wa, wb := s.control(z, elem, t)
			clear(s.gu)
			s.ln.ev.VJP(s.xi[i], s.gu, t, s.x[k*n+i], mu)
			if w.Problem.Running != nil && tab.B[i] != 0 {
				w.Problem.Running.Eval(s.xi[i], s.gu, st.h*tab.B[i], t, s.x[k*n+i], u, 0, 1)
			}
			axpy(g[s.d:s.d+s.p], wa, s.gu)
			if wb != 0 {
				axpy(g[s.d+s.p:], wb, s.gu)
			}
		}
		for i := range n {
			axpy(s.lam, 1, s.xi[i])
		}
	}
	copy(g[:s.d], s.lam)
}

// derivatives stores the Jacobian of x(end) in jac (d × size) and the second derivatives of lam·x(end) + ∫L in hess (size ×
// size), by central differences of the exact first ones.
func (s *stage) derivatives(jac, hess []float64, elem int, steps []step, lam []float64) {
	for c, v := range s.z {
		h := 1e-4 * (1 + math.Abs(v))
		copy(s.up, s.z)
		s.up[c] = v + h
		s.gradient(s.gradUp, s.endUp, s.up, elem, steps, lam)
		s.up[c] = v - h
		s.gradient(s.down, s.end, s.up, elem, steps, lam)
		for r := range s.d {
			jac[r*s.size+c] = (s.endUp[r] - s.end[r]) / (2 * h)
		}
		for r := range s.size {
			hess[r*s.size+c] = (s.gradUp[r] - s.down[r]) / (2 * h)
		}
	}
	symmetrize(hess, s.size)
}

// costHessian adds the second derivatives of a cost of the state x to hess (n × n, states first).
func (s *stage) costHessian(hess []float64, n int, c Cost, x []float64) {
	if q, ok := c.(Curved); ok {
		e, col := s.up[:s.d], s.gradUp[:s.d]
		for j := range s.d {
			clear(e)
			clear(col)
			e[j] = 1
			q.AddCurvature(col, x, e, 0, 1)
			for i, v := range col {
				hess[i*n+j] += v
			}
		}
		return
	}
	at, up, down := s.up[:s.d], s.gradUp[:s.d], s.down[:s.d]
	for j, v := range x {
		h := 1e-5 * (1 + math.Abs(v))
		copy(at, x)
		clear(up)
		clear(down)
		at[j] = v + h
		c.Eval(up, at, 0, 1)
		at[j] = v - h
		c.Eval(down, at, 0, 1)
		for i := range up {
			hess[i*n+j] += (up[i] - down[i]) / (2 * h)
		}
	}
}

// pathHessian adds the second derivatives of the path constraints' terms at one side of the point k to hess (d+p square, states
// and then the control u).
func (s *stage) pathHessian(hess []float64, k, side int, x, u []float64) {
	if k < 0 {
		return
	}
	m, first, n := s.w.mesh, 0, s.d+s.p
	t := m.points[k]
	for _, c := range s.w.Problem.Paths {
		slots := c.slots(m)
		slot, weight := c.slot(m, k, side)
		if weight > 0 && c.Sigma > 0 {
			s.constraintHessian(hess, n, c, t, weight, c.Mu[slot], s.tp.g[first+slot], x, u)
		}
		first += slots
	}
}

// constraintHessian adds weight times the second derivatives of one constraint's term.
func (s *stage) constraintHessian(hess []float64, n int, c *PathConstraint, t, weight, mu, g float64, x, u []float64) {
	_, slope := c.lagrange(g, mu)
	if slope == 0 && !c.Equality {
		return
	}
	z := s.up[:n]
	copy(z, x)
	copy(z[s.d:], u)
	gradient := func(dst []float64) []float64 {
		clear(dst)
		c.grad(dst[:s.d], dst[s.d:n], t, z[:s.d], z[s.d:])
		return dst[:n]
	}
	a := gradient(s.gradUp)
	for i, v := range a {
		for j, w := range a {
			hess[i*n+j] += weight * c.Sigma * v * w
		}
	}
	for j, v := range z {
		h := 1e-4 * (1 + math.Abs(v))
		z[j] = v + h
		up := gradient(s.gradUp)
		z[j] = v - h
		down := gradient(s.down)
		z[j] = v
		for i := range up {
			hess[i*n+j] += weight * slope * (up[i] - down[i]) / (2 * h)
		}
	}
}

package pmp

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// recursion goes back through the intervals, and reports false where the expansion is not convex in the control.
func (o *Riccati) recursion() bool {
	w, s, tr := o.w, o.st, o.cur
	s.tr, s.tp = tr, &tr.shards[0]
	s.ln.enter(s.tp)
	defer s.ln.enter(s.tp)
	last := w.mesh.elements()
	clear(o.value[last])
	clear(o.slope[last])
	end := len(s.tp.steps)
	for e := last - 1; e >= 0; e-- {
		first := end - 1
		for first > 0 && s.tp.steps[first-1].segment == e {
			first--
		}
		w.setSegment(s.ln, e)
		o.expand(e, first, end)
		if !o.eliminate(e) {
			return false
		}
		end = first
	}
	return o.firstNode()
}

// expand stores the second derivatives of what interval e and the ones after it cost in hess, and the first ones in r.
func (o *Riccati) expand(e, first, end int) {
	w, s, q := o.w, o.st, &o.q
	m, d, p, size := w.mesh, s.d, s.p, s.size
	rows := d + p
	lam := s.ln.lam[:d]
	x1 := w.costateBefore(s.ln, s.tr, s.tp, end, lam)
	copy(s.z, s.tp.state(s.tp.steps[first].first))
	copy(s.z[d:], s.tr.Theta[e*p:e*p+size-d])
	s.derivatives(o.jac[e], q.hess, e, s.tp.steps[first:end], lam)

	// What happens at the interval's end, as a function of the state there and the last control.
	clear(q.node)
	sg := &w.segs[e]
	u0, u1 := s.z[d:d+p], s.z[size-p:]
	if sg.obs >= 0 {
		s.costHessian(q.node, rows, w.Problem.Observations[sg.obs].Cost, x1)
	}
	if e == m.elements()-1 {
		if w.Problem.Terminal != nil {
			s.costHessian(q.node, rows, w.Problem.Terminal, x1)
		}
		for _, c := range w.Problem.Constraints {
			for _, i := range c.Component {
				q.node[i*rows+i] += c.Sigma
			}
		}
	}
	s.pathHessian(q.node, sg.pb, before, x1, u1)
	for i := range o.n {
		for j := range o.n {
			q.node[i*rows+j] += o.value[e+1][i*o.n+j]
		}
	}
	clear(q.t)
	copy(q.t, o.jac[e])
	for i := range p {
		q.t[(d+i)*size+size-p+i] = 1
	}
	o.congruence(rows)

	// At its start.
	clear(q.node)
	s.pathHessian(q.node, sg.pa, after, s.z[:d], u0)
	for i := range rows {
		for j := range rows {
			q.hess[i*size+j] += q.node[i*rows+j]
		}
	}
	o.controlHessian(e)

	clear(q.r)
	for i := range o.n {
		axpy(q.r, o.slope[e+1][i], q.t[i*size:(i+1)*size])
	}
	node := e
	if m.kind == PiecewiseLinear {
		node++
	}
	axpy(q.r[size-p:], 1, m.node(s.tr.Grad, node))
}

// congruence adds tᵀ·node·t to hess.
func (o *Riccati) congruence(rows int) {
	q, size := &o.q, o.st.size
	clear(q.ts)
	for i := range rows {
		for k, a := range q.node[i*rows : (i+1)*rows] {
			if a != 0 {
				axpy(q.ts[i*size:(i+1)*size], a, q.t[k*size:(k+1)*size])
			}
		}
	}
	for k := range rows {
		for i, a := range q.t[k*size : (k+1)*size] {
			if a != 0 {
				axpy(q.hess[i*size:(i+1)*size], a, q.ts[k*size:(k+1)*size])
			}
		}
	}
}

// controlHessian adds the control's own cost and the proximal weight.
func (o *Riccati) controlHessian(e int) {
	m, q := o.w.mesh, &o.q
	d, p, size := o.st.d, o.st.p, o.st.size
	width := m.knots[e+1] - m.knots[e]
	for i := d; i < d+p; i++ {
		if m.kind != PiecewiseLinear {
			q.hess[i*size+i] += width * (m.l2 + 2*o.eps)
			continue
		}
		j := i + p
		q.hess[i*size+i] += width * (m.l2/3 + o.eps)
		q.hess[j*size+j] += width * (m.l2/3 + o.eps)
		q.hess[i*size+j] += width * m.l2 / 6
		q.hess[j*size+i] += width * m.l2 / 6
	}
}

// eliminate minimizes over the interval's control: gains, and the value at its start.
func (o *Riccati) eliminate(e int) bool {
	q, n, size := &o.q, o.n, o.st.size
	p := o.st.p
	node := e
	if o.w.mesh.kind == PiecewiseLinear {
		node++
	}
	at := func(i, j int) float64 { return q.hess[i*size+j] }
	ok := o.solveFree(node, o.gain[e], o.offset[e], func(i, j int) float64 { return at(n+i, n+j) }, func(i, j int) float64 { return at(n+i, j) }, q.r[n:], n)
	if !ok {
		return false
	}
	value, slope := o.value[e], o.slope[e]
	for i := range n {
		slope[i] = q.r[i]
		for k := range p {
			slope[i] += at(i, n+k) * o.offset[e][k]
		}
		for j := range n {
			v := at(i, j)
			for k := range p {
				v += at(i, n+k) * o.gain[e][k*n+j]
			}
			value[i*n+j] = v
		}
	}
	symmetrize(value, n)
	return true
}

// solveFree stores −A⁻¹B in gain and −A⁻¹r in offset, over the components of a node that no bound holds; the others don't move.
func (o *Riccati) solveFree(node int, gain, offset []float64, a, b func(i, j int) float64, r []float64, n int) bool {
	q, m := &o.q, o.w.mesh
	u, g := m.node(o.theta, node), m.node(o.cur.Grad, node)
	q.free = q.free[:0]
	for i := range u {
		if u[i] <= m.lower[i] && g[i] > 0 || u[i] >= m.upper[i] && g[i] < 0 {
			continue
		}
		if a(i, i) == 0 && r[i] == 0 { // nothing depends on it
			continue
		}
		q.free = append(q.free, i)
	}
	clear(gain)
	clear(offset)
	k := len(q.free)
	if k == 0 {
		return true
	}
	for i, fi := range q.free {
		o.most = max(o.most, math.Abs(a(fi, fi))/m.mass[node])
		for j, fj := range q.free {
			q.chol[i*k+j] = a(fi, fj)
		}
		for j := range n {
			q.rhs[i*(n+1)+j] = -b(fi, j)
		}
		q.rhs[i*(n+1)+n] = -r[fi]
	}
	if !solveSymmetric(q.rhs[:k*(n+1)], q.chol[:k*k], k, n+1) {
		return false
	}
	for i, fi := range q.free {
		copy(gain[fi*n:(fi+1)*n], q.rhs[i*(n+1):])
		offset[fi] = q.rhs[i*(n+1)+n]
	}
	return true
}

// firstNode minimizes over the first node of a piecewise linear control, which no interval chose.
func (o *Riccati) firstNode() bool {
	s, n := o.st, o.n
	first := o.delta[:s.p]
	clear(first)
	if n == s.d {
		return true
	}
	value, slope := o.value[0], o.slope[0]
	axpy(slope[s.d:], 1, o.w.mesh.node(o.cur.Grad, 0))
	return o.solveFree(0, nil, first, func(i, j int) float64 { return value[(s.d+i)*n+s.d+j] }, nil, slope[s.d:], 0)
}

// rollout stores Newton's step in delta.
func (o *Riccati) rollout() {
	q, s, n := &o.q, o.st, o.n
	d, p := s.d, s.p
	linear := n > d
	clear(q.z)
	copy(q.z[d:], o.delta[:n-d])
	for e := range o.gain {
		v := o.delta[e*p : (e+1)*p]
		if linear {
			v = o.delta[(e+1)*p : (e+2)*p]
		}
		copy(v, o.offset[e])
		for i := range v {
			v[i] += floats.Dot(o.gain[e][i*n:(i+1)*n], q.z)
		}
		for i := range d {
			row := o.jac[e][i*s.size : (i+1)*s.size]
			q.zn[i] = floats.Dot(row[:n], q.z) + floats.Dot(row[n:], v)
		}
		if linear {
			copy(q.zn[d:], v)
		}
		q.z, q.zn = q.zn, q.z
	}
}

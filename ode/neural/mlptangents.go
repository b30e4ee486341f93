package neural

import "github.com/costate-go/costate/internal/kernel"

// tangentNet carries k tangents along with the values of a network and goes back through both. A batch of n samples has the
// tangents v_1 … v_k of sample s at v[(i*k+j)*n+s], so that all of them are one product per layer.
type tangentNet struct {
	m       *MLP
	width   int
	k       int
	weights []*kernel.Weights[float64]
	times   []float64
	bound   bool

	input   []float64 // first layer's inputs, where they are not x itself
	tangent []float64 // and its tangents
	keep    []float64
	hidden  [2][]float64 // values or their adjoints, of the widest layer
	carried [2][]float64 // tangents or their adjoints
	mixed   [2][]float64 // tangents of tangents
	moved   [2][]float64 // tangents along (dx, dθ)

	dtheta    []float64 // with one tangent: its direction in the parameters, nil for none
	transpose []float64 // of a layer's matrix in dtheta; made where it is wanted
}

func newTangentNet(m *MLP, width, k int) *tangentNet {
	e := &tangentNet{m: m, width: width, k: k}
	widest := 0
	for _, l := range m.layers {
		e.weights = append(e.weights, kernel.NewWeights[float64](l.out, l.in))
		widest = max(widest, l.out, l.in)
	}
	if m.cfg.Time || m.cfg.Input != Identity {
		e.input = make([]float64, m.layers[0].in*width)
		e.tangent = make([]float64, m.layers[0].in*width*k)
	}
	e.keep = make([]float64, e.keepLen(width))
	for i := range 2 {
		e.hidden[i], e.moved[i] = make([]float64, widest*width), make([]float64, widest*width)
		e.carried[i], e.mixed[i] = make([]float64, widest*width*k), make([]float64, widest*width*k)
	}
	return e
}

// bytes is the size of the workspace.
func (e *tangentNet) bytes() int64 {
	n := len(e.input) + len(e.tangent) + len(e.keep) + 4*len(e.hidden[0]) + 4*len(e.carried[0])
	for _, l := range e.m.layers {
		n += 2*l.out*l.in + l.out
	}
	return 8 * int64(n)
}

func (e *tangentNet) bind(theta []float64) {
	if len(theta) != e.m.params {
		panic(badTheta)
	}
	for i, l := range e.m.layers {
		e.weights[i].Pack(theta[l.w:l.b], theta[l.b:l.b+l.out])
	}
	e.bound = true
}

// keepLen is how many numbers forward keeps of n samples: φ, φ′, φ″ and the tangents ζ of the arguments of every layer but a
// linear last one.
func (e *tangentNet) keepLen(n int) int {
	sum := 0
	for i := range e.m.layers {
		sum += e.kept(i)
	}
	return sum * n
}

func (e *tangentNet) kept(i int) int {
	l := e.m.layers[i]
	if i == len(e.m.layers)-1 && l.act == Linear {
		return 0
	}
	return (3 + e.k) * l.out
}

// tangentLayer is a layer's part of what is kept.
type tangentLayer struct{ h, d, e, zeta []float64 }

// layer finds the part of layer i, which begins at an offset.
func (e *tangentNet) layer(i, at, n int, keep []float64) tangentLayer {
	size := e.m.layers[i].out * n
	k := keep[at*n:]
	return tangentLayer{h: k[:size], d: k[size : 2*size], e: k[2*size : 3*size], zeta: k[3*size : (3+e.k)*size]}
}

// spread computes dst = a ⊙ x, where row o of a (n) multiplies the k pieces of row o of x (k·n). dst may be x.
func spread(dst, a, x []float64, n, k int) {
	for o := 0; o*n < len(a); o++ {
		row := a[o*n : (o+1)*n]
		for j := range k {
			at := (o*k + j) * n
			kernel.MulTo(dst[at:at+n], row, x[at:at+n])
		}
	}
}

// enter stores the first layer's inputs [T(x); t] and their tangents, with zero for the time.
func (e *tangentNet) enter(t float64, x, v []float64, n int) (u, tau []float64) {
	if !e.bound {
		panic(unbound)
	}
	if n > e.width || len(v) != e.k*len(x) {
		panic(badBatch)
	}
	if e.input == nil {
		return x, v
	}
	in := e.m.layers[0].in
	u, tau = e.input[:in*n], e.tangent[:in*n*e.k]
	clear(tau[len(v):])
	if e.m.cfg.Input == Cube {
		kernel.Cube(u[:len(x)], x)
		for i, w := range x {
			s, o := i%n, i/n
			for j := range e.k {
				at := (o*e.k+j)*n + s
				tau[at] = 3 * w * w * v[at]
			}
		}
	} else {
		copy(u, x)
		copy(tau, v)
	}
	if e.m.cfg.Time {
		if e.times != nil {
			copy(u[len(x):], e.times[:n])
		} else {
			kernel.Fill(u[len(x):], t)
		}
	}
	return u, tau
}

// curvature stores φ″ in e, from φ and φ′ where they determine it.
func curvature(act Activation, e, h, d []float64) bool {
	switch act {
	case Linear, ReLU:
		clear(e)
	case Tanh:
		kernel.MulTo(e, h, d)
		kernel.Scale(e, -2)
	case Sigmoid:
		for i, v := range h {
			e[i] = d[i] * (1 - 2*v)
		}
	case Softplus:
		for i, v := range d {
			e[i] = v * (1 - v)
		}
	case Sine:
		kernel.ScaleTo(e, -1, h)
	default:
		return false
	}
	return true
}

// forward evaluates the network (out×n) and its tangents (out×k·n) and keeps what backward needs. A nil dx says that the value is not
// wanted.
func (e *tangentNet) forward(dx, jv []float64, t float64, x, v, keep []float64, n int) {
	h, tau := e.enter(t, x, v, n)
	last, at := len(e.m.layers)-1, 0
	for i, l := range e.m.layers {
		w := e.weights[i]
		if i == last && l.act == Linear {
			if dx != nil {
				w.Affine(dx, nil, h, n, kernel.Linear)
			}
			if jv != nil {
				w.Mul(jv, tau, e.k*n)
				e.move(jv, l, h, n)
			}
			return
		}
		p := e.layer(i, at, n, keep)
		at += e.kept(i)
		e.activate(i, p, h, n)
		w.Mul(p.zeta, tau, e.k*n)
		e.move(p.zeta, l, h, n)
		h, tau = p.h, e.carried[i&1][:l.out*n*e.k]
		spread(tau, p.d, p.zeta, n, e.k)
	}
	if dx != nil {
		copy(dx, h)
	}
	if jv != nil {
		copy(jv, tau)
	}
}

// move adds what the direction in the parameters does to the tangent of a layer's argument, dW h + db.
func (e *tangentNet) move(zeta []float64, l layer, h []float64, n int) {
	if e.dtheta != nil {
		kernel.MulAddTo(zeta, e.dtheta[l.w:l.b], h, l.out, l.in, n)
		kernel.AddRows(zeta, e.dtheta[l.b:l.b+l.out], n)
	}
}

// moveBack adds dWᵀα to the first rows of the adjoint of a layer's inputs.
func (e *tangentNet) moveBack(c []float64, l layer, alpha []float64, rows, n int) {
	if e.dtheta != nil {
		kernel.Transpose(e.transpose, e.dtheta[l.w:l.b], l.out, l.in)
		kernel.MulAddTo(c, e.transpose[:rows*l.out], alpha, rows, l.out, n)
	}
}

// activate computes φ, φ′ and φ″ of layer i.
func (e *tangentNet) activate(i int, p tangentLayer, in []float64, n int) {
	act, w := e.m.layers[i].act, e.weights[i]
	if act == GELU {
		w.Affine(p.h, nil, in, n, kernel.Linear)
		kernel.ApplyD2(act.kernel(), p.h, p.d, p.e, p.h)
		return
	}
	w.Affine(p.h, p.d, in, n, act.kernel())
	curvature(act, p.e, p.h, p.d)
}

// backward differentiates S = Σ_s p_s·f(x_s) + Σ_j a_j,s·(f_x v_j)_s at the point of an earlier forward: it stores ∂S/∂x in px and adds
// ∂S/∂θ to ptheta, each unless nil; a nil p is zero. With adjoints c of the values and a_j of the tangents of a layer's outputs,
// those of its argument z and of ζ_j = W τ_j are
//
//	α_j = a_j ⊙ φ′(z),   γ = c ⊙ φ′(z) + Σ_j a_j ⊙ φ″(z) ⊙ ζ_j,
//
// and below it a_j = Wᵀα_j, c = Wᵀγ (with dtheta, + dWᵀα), with ∂W = Σ α_j τ_jᵀ + γ hᵀ and ∂b = Σ γ (Pearlmutter, Neural Computation 6, 1994).
func (e *tangentNet) backward(px, ptheta []float64, t float64, x, v, p, a, keep []float64, n int) {
	if ptheta != nil && len(ptheta) != e.m.params {
		panic(badTheta)
	}
	u, tangents := e.enter(t, x, v, n)
	k, last, end := e.k, len(e.m.layers)-1, e.keepLen(1)
	alpha, gamma := e.carried[0], e.hidden[0]
	for i := last; i >= 0; i-- {
		l := e.m.layers[i]
		size := l.out * n
		if i == last {
			alpha, gamma = e.carried[i&1][:size*k], e.hidden[i&1][:size]
			copy(alpha, a)
			if p == nil {
				clear(gamma)
			} else {
				copy(gamma, p)
			}
		}
		end -= e.kept(i)
		if e.kept(i) > 0 {
			q := e.layer(i, end, n, keep)
			kernel.Mul(gamma, q.d)
			scratch := e.moved[0][:n]
			for o := range l.out {
				row, second := gamma[o*n:(o+1)*n], q.e[o*n:(o+1)*n]
				for j := range k {
					at := (o*k + j) * n
					kernel.MulTo(scratch, alpha[at:at+n], q.zeta[at:at+n])
					kernel.MulAdd(row, scratch, second)
				}
			}
			spread(alpha, q.d, alpha, n, k)
		}
		h, tau := u, tangents
		if i > 0 {
			below := e.layer(i-1, end-e.kept(i-1), n, keep)
			h = below.h
			if ptheta != nil {
				tau = e.mixed[0][:l.in*n*k]
				spread(tau, below.d, below.zeta, n, k)
			}
		}
		if ptheta != nil {
			kernel.AddOuter(ptheta[l.w:l.b], alpha, tau, l.out, l.in, k*n)
			kernel.AddOuter(ptheta[l.w:l.b], gamma, h, l.out, l.in, n)
			kernel.AddRowSums(ptheta[l.b:l.b+l.out], gamma, n)
		}
		if i > 0 {
			na, ng := e.carried[(i-1)&1][:l.in*n*k], e.hidden[(i-1)&1][:l.in*n]
			e.weights[i].MulT(na, alpha, l.in, k*n)
			e.weights[i].MulT(ng, gamma, l.in, n)
			e.moveBack(ng, l, alpha, l.in, n)
			alpha, gamma = na, ng
		}
	}
	if px == nil {
		return
	}
	e.weights[0].MulT(px, gamma, e.m.cfg.Dim, n)
	e.moveBack(px, e.m.layers[0], alpha, e.m.cfg.Dim, n)
	if e.m.cfg.Input != Cube {
		return
	}
	// T = x³: ∂/∂x (c·x³ + a·3x²v) = 3x²c + 6x v a.
	first := e.mixed[0][:len(x)*k]
	e.weights[0].MulT(first, alpha, e.m.cfg.Dim, k*n)
	kernel.MulCubeD(px, x)
	for i, w := range x {
		s, o := i%n, i/n
		for j := range k {
			at := (o*k+j)*n + s
			px[i] += 6 * w * v[at] * first[at]
		}
	}
}

// jvp stores the derivative of f along (dx, dθ) in dst (out×n) and that of f_x v_j in djv (out×k·n). dx and dtheta may each be nil.
func (e *tangentNet) jvp(dst, djv []float64, t float64, x, v, dx, dtheta, keep []float64, n int) {
	e.forward(nil, nil, t, x, v, keep, n)
	h, tau := e.enter(t, x, v, n)
	k, in := e.k, e.m.layers[0].in
	move, mix := e.moved[1][:in*n], e.mixed[1][:in*n*k]
	clear(move)
	clear(mix)
	if dx != nil {
		copy(move, dx)
		if e.m.cfg.Input == Cube {
			kernel.MulCubeD(move[:len(x)], x)
			for i, w := range x {
				s, o := i%n, i/n
				for j := range k {
					at := (o*k+j)*n + s
					mix[at] = 6 * w * dx[i] * v[at]
				}
			}
		}
	}
	last, at := len(e.m.layers)-1, 0
	for i, l := range e.m.layers {
		w := e.weights[i]
		size := l.out * n
		nextMove, nextMix := e.moved[i&1][:size], e.mixed[i&1][:size*k]
		if i == last {
			nextMove, nextMix = dst, djv
		}
		w.Mul(nextMove, move, n)
		w.Mul(nextMix, mix, k*n)
		if dtheta != nil {
			kernel.MulAddTo(nextMove, dtheta[l.w:l.b], h, l.out, l.in, n)
			kernel.AddRows(nextMove, dtheta[l.b:l.b+l.out], n)
			kernel.MulAddTo(nextMix, dtheta[l.w:l.b], tau, l.out, l.in, k*n)
		}
		move, mix = nextMove, nextMix
		if e.kept(i) == 0 {
			return
		}
		q := e.layer(i, at, n, keep)
		at += e.kept(i)
		spread(mix, q.d, mix, n, k)
		scratch := e.hidden[0][:n]
		for o := range l.out {
			kernel.MulTo(scratch, move[o*n:(o+1)*n], q.e[o*n:(o+1)*n])
			for j := range k {
				p := (o*k + j) * n
				kernel.MulAdd(mix[p:p+n], scratch, q.zeta[p:p+n])
			}
		}
		kernel.Mul(move, q.d)
		h, tau = q.h, e.carried[i&1][:size*k]
		spread(tau, q.d, q.zeta, n, k)
	}
}

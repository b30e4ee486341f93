package neural

import "github.com/costate-go/costate/internal/kernel"

// inputTangents stores T′(x)·dx, with zero for the time, in dst.
func (e *mlpEvaluator[T]) inputTangents(dst, x, dx []T) {
	copy(dst, dx)
	if e.m.cfg.Input == Cube {
		kernel.MulCubeD(dst[:len(x)], x)
	}
	clear(dst[len(x):])
}

// JVP implements Evaluator: with tangents τ of the values h, ζ_l = W_l τ_{l−1} + dW_l h_{l−1} + db_l and
// τ_l = φ′(z_l) ⊙ ζ_l.
func (e *mlpEvaluator[T]) JVP(dst []T, t float64, x, dx, dtheta []T) {
	n := e.batch(x)
	e.outputs(dst, n)
	if dx == nil && dtheta == nil {
		clear(dst)
		return
	}
	if dtheta != nil && len(dtheta) != e.m.params {
		panic(badTheta)
	}
	h := e.inputs(t, x, n)
	var tangent []T
	if dx != nil {
		same(dx, x)
		tangent = dx
		if e.input != nil {
			tangent = e.pong[1][:len(h)]
			e.inputTangents(tangent, x, dx)
		}
	}
	last := len(e.m.layers) - 1
	for i, l := range e.m.layers {
		zeta := e.pong[i&1][:l.out*n]
		if i == last {
			zeta = dst
		}
		if tangent != nil {
			e.weights[i].Mul(zeta, tangent, n)
		} else {
			clear(zeta)
		}
		if dtheta != nil {
			kernel.MulAddTo(zeta, dtheta[l.w:l.b], h, l.out, l.in, n)
			kernel.AddRows(zeta, dtheta[l.b:l.b+l.out], n)
		}
		tangent = zeta
		if i == last && l.act == Linear {
			return
		}
		y := e.ping[i&1][:l.out*n]
		act := l.act.kernel()
		if act.FromValue() {
			e.weights[i].Affine(y, nil, h, n, act)
			kernel.MulD1(act, zeta, y)
		} else {
			d := e.jacobian.d[:l.out*n]
			e.weights[i].Affine(y, d, h, n, act)
			kernel.Mul(zeta, d)
		}
		h = y
	}
}

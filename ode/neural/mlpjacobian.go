package neural

import "github.com/costate-go/costate/internal/kernel"

// jacobianWork is the workspace of ParamJacobian, with sample-major copies so that rows of the Jacobian are
// written from end to end.
type jacobianWork[T kernel.Float] struct {
	d      []T   // φ′ of the widest layer
	inputs [][]T // inputs of each layer, n×in
	delta  []T   // δ of one layer, n×out
}

func (w *jacobianWork[T]) init(m *MLP, width int) {
	widest := 0
	for _, l := range m.layers {
		w.inputs = append(w.inputs, make([]T, l.in*width))
		widest = max(widest, l.out)
	}
	w.d = make([]T, widest*width)
	w.delta = make([]T, widest*width)
}

// ParamJacobian implements ParamJacobian: one way forward, then one way back for each output.
func (e *mlpEvaluator[T]) ParamJacobian(jac []T, t float64, x []T) {
	n := e.batch(x)
	dim, params := e.m.outputs, e.m.params
	if len(jac) != dim*n*params {
		panic(badJacobian)
	}
	u := e.inputs(t, x, n)
	keep := e.keep[:e.KeepLen(n)]
	e.forward(nil, u, n, keep)
	last := len(e.m.layers) - 1
	w := &e.jacobian
	rest := keep
	in := u
	var outD []T
	for i, l := range e.m.layers {
		kernel.Transpose(w.inputs[i][:l.in*n], in, l.in, n)
		in, outD, rest = nextKept(e.m, i, n, rest)
	}
	for out := range dim {
		rows := jac[out*n*params:][:n*params]
		e.outputRow(rows, out, outD, n)
		if last > 0 {
			e.hiddenRows(rows, out, outD, n, keep)
		}
	}
}

// outputRow writes the part of the output layer: only row out of its matrix and entry out of its bias count.
func (e *mlpEvaluator[T]) outputRow(rows []T, out int, outD []T, n int) {
	last := len(e.m.layers) - 1
	l, params := e.m.layers[last], e.m.params
	for s := range n {
		d := T(1)
		if outD != nil {
			d = outD[out*n+s]
		}
		row := rows[s*params:][:params]
		clear(row[l.w:])
		kernel.ScaleTo(row[l.w+out*l.in:][:l.in], d, e.jacobian.inputs[last][s*l.in:])
		row[l.b+out] = d
	}
}

// hiddenRows goes back from one output through the hidden layers.
func (e *mlpEvaluator[T]) hiddenRows(rows []T, out int, outD []T, n int, keep []T) {
	last := len(e.m.layers) - 1
	w, params := &e.jacobian, e.m.params
	end := len(keep)
	if outD != nil {
		end -= len(outD)
	}
	delta := e.pong[0][:e.m.layers[last].in*n]
	for k, v := range e.weights[last].Row(out) {
		row := delta[k*n:][:n]
		if outD != nil {
			kernel.ScaleTo(row, v, outD[out*n:])
		} else {
			kernel.Fill(row, v)
		}
	}
	for i := last - 1; i >= 0; i-- {
		l := e.m.layers[i]
		nh, nd := e.m.kept(i)
		start := end - (nh+nd)*n
		if nd > 0 {
			kernel.Mul(delta, keep[start+nh*n:end])
		} else {
			kernel.MulD1(l.act.kernel(), delta, keep[start:end])
		}
		end = start
		byOut := w.delta[:l.out*n]
		kernel.Transpose(byOut, delta, l.out, n)
		for s := range n {
			row := rows[s*params:][:params]
			d := byOut[s*l.out:][:l.out]
			kernel.Outer(row[l.w:l.b], d, w.inputs[i][s*l.in:][:l.in])
			copy(row[l.b:], d)
		}
		if i > 0 {
			next := e.pong[(last-i)&1][:l.in*n]
			e.weights[i].MulT(next, delta, l.in, n)
			delta = next
		}
	}
}

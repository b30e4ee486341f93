package neural

import (
	"unsafe"

	"github.com/costate-go/costate/internal/kernel"
)

// linear is the part of an affine map y = W x + b that does not show its type of numbers.
type linear interface {
	bind(theta []float64)
	// load takes inputs sample by sample, unless it has them; states takes them batch last. forget drops them.
	load(features []float32, n int)
	states(x []float64, n int)
	forget()
	// apply stores W x + b in y.
	apply(y []float64, n int)
	// back stores Wᵀp in q, and pull adds p xᵀ and Σ p to g, or to what is held.
	back(q, p []float64, n int)
	pull(g, p []float64, n int, held bool)
	// push stores W dx + dW x + db in y, either of dx and (dW, db) being nil.
	push(y, dx, dtheta []float64, n int)
	// hold begins a sum of gradients. Those of one input are summed as costates first, which flush turns into a gradient; release adds the
	// sum to g.
	hold()
	flush()
	release(g []float64)
	bytes() int64
}

// affine is an affine map in numbers of type T with its workspace for batches up to a width.
type affine[T kernel.Float] struct {
	ins, outs, width int
	theta            []T // W, b
	w                *kernel.Weights[T]
	x                []T // ins×n
	n                int // inputs that x holds, 0 for none
	y                []T // outs×n, the last image where valid
	valid            bool
	p, q             []T // costates of images and inputs
	sum              []T // costates held for the input of x
	summed           bool
	g                []T // gradient
}

func newAffine[T kernel.Float](ins, outs, width int) *affine[T] {
	return &affine[T]{
		ins: ins, outs: outs, width: width, theta: make([]T, outs*(ins+1)), w: kernel.NewWeights[T](outs, ins),
		x: make([]T, ins*width), y: make([]T, outs*width), p: make([]T, outs*width), q: make([]T, ins*width), sum: make([]T, outs*width), g: make([]T, outs*(ins+1)),
	}
}

func (a *affine[T]) bytes() int64 {
	var one T
	return int64(unsafe.Sizeof(one)) * int64(4*len(a.theta)+2*len(a.x)+3*len(a.y))
}

// narrow and widen convert between the caller's float64 and T.
func narrow[T kernel.Float](dst []T, x []float64) {
	switch d := any(dst).(type) {
	case []float32:
		kernel.Narrow(d, x)
	case []float64:
		copy(d, x)
	}
}

func widen[T kernel.Float](dst []float64, x []T) {
	switch s := any(x).(type) {
	case []float32:
		kernel.Widen(dst, s)
	case []float64:
		copy(dst, s)
	}
}

func addWiden[T kernel.Float](dst []float64, x []T) {
	switch s := any(x).(type) {
	case []float32:
		kernel.AddWiden(dst, s)
	case []float64:
		kernel.Add(dst, s)
	}
}

func (a *affine[T]) bind(theta []float64) {
	narrow(a.theta, theta)
	a.w.Pack(a.theta[:a.outs*a.ins], a.theta[a.outs*a.ins:])
	a.valid = false
}

func (a *affine[T]) load(features []float32, n int) {
	if a.n == n {
		return
	}
	a.n, a.valid = n, false
	for s := range n {
		for k, v := range features[s*a.ins : (s+1)*a.ins] {
			a.x[k*n+s] = T(v)
		}
	}
}

func (a *affine[T]) states(x []float64, n int) {
	a.n, a.valid = n, false
	narrow(a.x[:a.ins*n], x)
}

func (a *affine[T]) forget() { a.n, a.valid = 0, false }

func (a *affine[T]) apply(y []float64, n int) {
	if !a.valid {
		a.w.Affine(a.y[:a.outs*n], nil, a.x[:a.ins*n], n, kernel.Linear)
		a.valid = true
	}
	widen(y, a.y[:a.outs*n])
}

func (a *affine[T]) back(q, p []float64, n int) {
	narrow(a.p[:a.outs*n], p)
	a.w.MulT(a.q[:a.ins*n], a.p[:a.outs*n], a.ins, n)
	widen(q, a.q[:a.ins*n])
}

func (a *affine[T]) pull(g, p []float64, n int, held bool) {
	narrow(a.p[:a.outs*n], p)
	if held {
		if !a.summed {
			clear(a.sum)
			a.summed = true
		}
		kernel.Add(a.sum[:a.outs*n], a.p[:a.outs*n])
		return
	}
	clear(a.g)
	a.gradient(a.p, n)
	addWiden(g, a.g)
}

// gradient adds p xᵀ and Σ p to g.
func (a *affine[T]) gradient(p []T, n int) {
	k := a.outs * a.ins
	kernel.AddOuter(a.g[:k], p[:a.outs*n], a.x[:a.ins*n], a.outs, a.ins, n)
	kernel.AddRowSums(a.g[k:], p[:a.outs*n], n)
}

func (a *affine[T]) push(y, dx, dtheta []float64, n int) {
	out := a.p[:a.outs*n]
	clear(out)
	if dx != nil {
		narrow(a.q[:a.ins*n], dx)
		a.w.Mul(out, a.q[:a.ins*n], n)
	}
	if dtheta != nil {
		k := a.outs * a.ins
		narrow(a.g, dtheta)
		kernel.MulAddTo(out, a.g[:k], a.x[:a.ins*n], a.outs, a.ins, n)
		kernel.AddRows(out, a.g[k:], n)
	}
	widen(y, out)
}

func (a *affine[T]) hold() {
	clear(a.g)
	a.summed = false
}

func (a *affine[T]) flush() {
	if a.summed {
		a.gradient(a.sum, a.n)
		a.summed = false
	}
}

func (a *affine[T]) release(g []float64) {
	a.flush()
	addWiden(g, a.g)
}

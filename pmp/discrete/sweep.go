package discrete

import (
	"math"
	"sync"
	"sync/atomic"
)

// layer is a matrix with its normalisation and the states around it, for batches of up to width samples.
type layer struct {
	Part
	w    *weights
	norm *norm
	z    []float32 // Out×n: W x, later normalised
	x    []float32 // Out×n: the layer's image
	p    []float32 // Out×n: costate of x, later of z
}

// system is a network with a control and the workspace of its sweeps. It belongs to one goroutine, which shares the work out to
// threads.
type system struct {
	net     Network
	layers  []*layer
	threads int

	// The sweep under way, for the tasks of a phase.
	x, p []float32
	n, k int
	live bool // moments of the batch, not the running ones

	multiply, normalise, unnormalise, pull func(int)
}

func newSystem(net Network, threads int) (*system, error) {
	if err := net.check(); err != nil {
		return nil, err
	}
	s := &system{net: net, threads: max(threads, 1)}
	for _, p := range net.Parts() {
		s.layers = append(s.layers, &layer{Part: p, w: newWeights(p.Out, p.In), norm: newNorm(p.Out)})
	}
	s.multiply = func(b int) {
		l := s.layers[s.k]
		l.w.mulBlock(l.z, s.x, s.n, b)
	}
	s.normalise = func(b int) {
		l := s.layers[s.k]
		l.rows(b, func(r int) {
			x, z := l.x[r*s.n:(r+1)*s.n], l.z[r*s.n:(r+1)*s.n]
			if s.live {
				l.norm.forward(x, z, r, s.k == len(s.layers)-1)
			} else {
				l.norm.apply(x, z, r, s.k == len(s.layers)-1)
			}
		})
	}
	s.unnormalise = func(b int) {
		l := s.layers[s.k]
		l.rows(b, func(r int) {
			l.norm.backward(l.p[r*s.n:(r+1)*s.n], l.x[r*s.n:(r+1)*s.n], l.z[r*s.n:(r+1)*s.n], r, s.k == len(s.layers)-1)
		})
	}
	s.pull = func(b int) {
		l := s.layers[s.k]
		l.w.mulTBlock(s.p, l.p, s.n, b)
	}
	return s, nil
}

// rows calls f for the rows of block b.
func (l *layer) rows(b int, f func(r int)) {
	for r := b * blockRows; r < min((b+1)*blockRows, l.Out); r++ {
		f(r)
	}
}

// load takes a control.
func (s *system) load(theta []float64) {
	for _, l := range s.layers {
		l.w.load(theta[l.Weight:l.Scale])
		for r := range l.Out {
			l.norm.scale[r], l.norm.shift[r] = float32(theta[l.Scale+r]), float32(theta[l.Shift+r])
			l.norm.mean[r], l.norm.variance[r] = float32(theta[l.Mean+r]), float32(theta[l.Variance+r])
		}
	}
}

// parallel calls task(i) for i in 0 … n−1, which may not depend on each other.
func (s *system) parallel(n int, task func(int)) {
	if s.threads == 1 || n == 1 {
		for i := range n {
			task(i)
		}
		return
	}
	var wg sync.WaitGroup
	var next atomic.Int64
	for range min(s.threads, n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				task(i)
			}
		})
	}
	wg.Wait()
}

// resize makes room for batches of n samples.
func (s *system) resize(n int) {
	for _, l := range s.layers {
		if len(l.z) < l.Out*n {
			l.z, l.x, l.p = make([]float32, l.Out*n), make([]float32, l.Out*n), make([]float32, l.Out*n)
		}
	}
	s.n = n
}

// forward takes a batch of n inputs (In×n) through the layers and returns the logits (classes×n), a view. live normalises by the
// moments of the batch and lets the running ones follow, which backward needs; else the running ones serve.
func (s *system) forward(x []float32, n int, live bool) []float32 {
	s.resize(n)
	s.x, s.live = x, live
	for k, l := range s.layers {
		s.k = k
		s.parallel(l.w.blocks(), s.multiply)
		s.parallel(l.w.blocks(), s.normalise)
		s.x = l.x
	}
	last := s.layers[len(s.layers)-1]
	return last.x[:last.Out*n]
}

// backward takes the costate of the logits, in the last layer's p, to the first layer, calling visit for each with the costate of its
// z and its input.
func (s *system) backward(x []float32, visit func(k int, p, x []float32)) {
	for k := len(s.layers) - 1; k >= 0; k-- {
		l := s.layers[k]
		s.k = k
		s.parallel(l.w.blocks(), s.unnormalise)
		in := x
		if k > 0 {
			in = s.layers[k-1].x
			s.p = s.layers[k-1].p
			s.parallel(l.w.blocksT(), s.pull)
		}
		visit(k, l.p[:l.Out*s.n], in[:l.In*s.n])
	}
}

// crossEntropy returns the summed cross-entropy of the softmax of logits (classes×n) and how many samples the largest logit names
// rightly. Where p is not nil it takes the costate −∂/∂logits of the mean.
func crossEntropy(p, logits []float32, labels []int, n int) (loss float64, right int) {
	classes := len(logits) / n
	for s := range n {
		top, arg := float32(math.Inf(-1)), 0
		for c := range classes {
			if v := logits[c*n+s]; v > top {
				top, arg = v, c
			}
		}
		sum := 0.0
		for c := range classes {
			sum += math.Exp(float64(logits[c*n+s] - top))
		}
		loss += math.Log(sum) - float64(logits[labels[s]*n+s]-top)
		if arg == labels[s] {
			right++
		}
		if p == nil {
			continue
		}
		for c := range classes {
			q := math.Exp(float64(logits[c*n+s]-top)) / sum
			if c == labels[s] {
				q--
			}
			p[c*n+s] = float32(-q / float64(n))
		}
	}
	return loss, right
}

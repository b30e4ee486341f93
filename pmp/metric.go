package pmp

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"

	"github.com/costate-go/costate/internal/kernel"
	"github.com/costate-go/costate/ode/neural"
)

// metric is ρ Σ f_θᵀf_θ + κI of every node along a trajectory, factorized: how far a change of the control drives states from the field that
// they obey. Where there is a terminal cost alone, samples count as much as it is curved where they end: those that a classifier is sure of hardly
// do.
type metric struct {
	w       *Sweeper
	damping float64 // κ over the mean of the diagonal
	every   int
	age     int // iterations since the factors are known; 0: they are not
	rho     float64
	frozen  *Frozen
	weights [][]float64 // per shard and sample; nil: one
	probe   []float64
	nodes   []metricNode
	update  func(ln *Lane, j int)
}

// metricNode has the sum and Cholesky's factors of its blocks, on groups of parameters.
type metricNode struct {
	sum, x  []float64
	groups  [][]int
	factors [][]float64
}

func newMetric(w *Sweeper, damping float64, every int) *metric {
	m := &metric{w: w, damping: damping, every: every, frozen: w.NewFrozen(), nodes: make([]metricNode, w.mesh.nodes)}
	p := w.mesh.params
	all := make([]int, p)
	for i := range all {
		all[i] = i
	}
	groups := [][]int{all}
	if b := w.lanes[0].blocks; b != nil {
		groups = b.Blocks()
	}
	for j := range m.nodes {
		nd := &m.nodes[j]
		nd.sum, nd.x, nd.groups = make([]float64, p*p), make([]float64, p), groups
		for _, g := range groups {
			nd.factors = append(nd.factors, make([]float64, len(g)*len(g)))
		}
	}
	m.update = m.factorize
	return m
}

// follow takes the sum along a swept trajectory when its time has come.
func (m *metric) follow(tr *Trajectory) {
	if m.age == 0 {
		m.frozen.Freeze(tr)
		if m.rho == 0 {
			m.rho = m.frozen.firstRho()
		}
		m.weigh(tr)
		m.w.parallel(len(m.nodes), m.update)
	}
	m.age = (m.age + 1) % m.every
}

// weigh finds the weights of samples: traces of the terminal cost's curvature, over their mean, and at least a tenth.
func (m *metric) weigh(tr *Trajectory) {
	const least = 0.1
	c, ok := m.w.Problem.Terminal.(Curved)
	if !ok || len(m.w.Problem.Observations) > 0 || m.w.Problem.Running != nil {
		return
	}
	sum := 0.0
	for k := range tr.shards {
		tp := &tr.shards[k]
		if len(m.weights) <= k {
			m.weights = append(m.weights, nil)
		}
		weights := grow(m.weights[k], tp.batch)
		m.weights[k] = weights
		clear(weights)
		m.probe = grow(m.probe, 2*tp.n)
		one, curved := m.probe[:tp.n], m.probe[tp.n:2*tp.n]
		for i := 0; i < tp.n; i += tp.batch {
			clear(m.probe)
			kernel.Fill(one[i:i+tp.batch], 1)
			c.AddCurvature(curved, tp.end, one, tp.lo, tp.batch)
			kernel.Axpy(weights, 1, curved[i:i+tp.batch])
		}
		sum += kernel.Sum(weights)
	}
	scale := float64(tr.samples) / sum
	if !(scale > 0) || math.IsInf(scale, 0) {
		scale = 0
	}
	for _, weights := range m.weights[:len(tr.shards)] {
		for i, v := range weights {
			weights[i] = least + (1-least)*scale*v
		}
	}
}

func (m *metric) factorize(ln *Lane, j int) {
	nd := &m.nodes[j]
	p := m.w.mesh.params
	m.add(ln, nd.sum, j)
	trace := 0.0
	for i := range p {
		trace += nd.sum[i*p+i]
	}
	if !(trace > 0) || math.IsInf(trace, 0) { // no point sees the parameters: all directions are alike
		clear(nd.sum)
		trace = float64(p)
	}
	for damping := m.damping * trace / float64(p); ; damping *= 10 {
		if nd.factor(p, damping) {
			return
		}
	}
}

// factor factorizes sum + κI, and reports whether it is positive definite to working precision.
func (nd *metricNode) factor(p int, kappa float64) bool {
	for b, group := range nd.groups {
		n, a := len(group), nd.factors[b]
		for i, row := range group {
			for k, column := range group[:i+1] {
				a[i*n+k] = nd.sum[row*p+column]
			}
			a[i*n+i] += kappa
		}
		if _, ok := lapack64.Potrf(blas64.Symmetric{N: n, Stride: n, Data: a, Uplo: blas.Lower}); !ok {
			return false
		}
	}
	return true
}

// metricRows is how many derivatives of states for every parameter are enough in a sum.
const metricRows = 8

// add stores ρ Σ φ h f_θᵀf_θ over a sample of the frozen points that node j acts on in sum, its lower triangle.
func (m *metric) add(ln *Lane, sum []float64, j int) {
	clear(sum)
	f, params := m.frozen, m.w.mesh.params
	theta := m.w.mesh.node(f.tr.Theta, j)
	points, rows := 0, 0
	each := func(visit func(k int, tp *tape, r int, q float64)) {
		for k := range f.tr.shards {
			tp := &f.tr.shards[k]
			f.eachStage(ln, tp, j, func(_, r int, phi float64) {
				if q := phi * m.rho * tp.metric[r]; q != 0 {
					visit(k, tp, r, q)
				}
			})
		}
	}
	each(func(_ int, tp *tape, _ int, _ float64) {
		points++
		rows += tp.n
	})
	stride := max(1, min(rows/(metricRows*params), points))
	jacobian, _ := ln.ev.(neural.ParamJacobian)
	ln.ev.Bind(theta)
	i := 0
	each(func(k int, tp *tape, r int, q float64) {
		if i++; (i-1)%stride != 0 {
			return
		}
		q *= float64(stride) / float64(f.tr.samples)
		if ln.blocks != nil {
			ln.rows = grow(ln.rows, ln.blocks.KeepLen(tp.batch))
			ln.fnew, ln.res = grow(ln.fnew, tp.n), grow(ln.res, tp.n)
			clear(ln.res)
			ln.blocks.EvalKeep(ln.fnew, tp.t[r], tp.state(r), ln.rows)
			ln.blocks.AddBlocks(sum, m.nodes[j].x, q, tp.t[r], tp.state(r), ln.res, ln.rows)
			return
		}
		ln.jac, ln.rows = grow(ln.jac, tp.n*params), grow(ln.rows, tp.n)
		kernel.Fill(ln.rows, q)
		if m.weights != nil {
			for i := 0; i < tp.n; i += tp.batch {
				kernel.ScaleTo(ln.rows[i:i+tp.batch], q, m.weights[k])
			}
		}
		jacobian.ParamJacobian(ln.jac, tp.t[r], tp.state(r))
		kernel.Syrk(sum, params, ln.jac, ln.rows)
	})
}

// solve replaces d by the inverse of the metric times d.
func (m *metric) solve(d []float64) {
	for j := range m.nodes {
		nd := &m.nodes[j]
		v := m.w.mesh.node(d, j)
		for b, group := range nd.groups {
			n := len(group)
			x := nd.x[:n]
			for i, row := range group {
				x[i] = v[row]
			}
			substitute(nd.factors[b], x)
			for i, row := range group {
				v[row] = x[i]
			}
		}
	}
}

// substitute solves LLᵀx = b, b being in x and the lower triangle of L in a, row by row.
func substitute(a, x []float64) {
	n := len(x)
	for i := range x {
		row := a[i*n : i*n+i]
		x[i] = (x[i] - kernel.Dot(row, x[:i])) / a[i*n+i]
	}
	for i := n - 1; i >= 0; i-- {
		x[i] /= a[i*n+i]
		kernel.Axpy(x[:i], -x[i], a[i*n:i*n+i])
	}
}

func (m *metric) save(st State) {
	st["metric"] = []float64{float64(m.age), m.rho}
	if m.age == 0 {
		return
	}
	for j := range m.nodes {
		for b, f := range m.nodes[j].factors {
			st[fmt.Sprintf("metric.%03d.%03d", j, b)] = append([]float64(nil), f...)
		}
	}
}

func (m *metric) load(st State) error {
	var age float64
	if err := st.scalars("metric", &age, &m.rho); err != nil {
		return err
	}
	m.age = int(age)
	if m.age == 0 {
		return nil
	}
	for j := range m.nodes {
		for b, f := range m.nodes[j].factors {
			if err := st.vector(fmt.Sprintf("metric.%03d.%03d", j, b), f); err != nil {
				return err
			}
		}
	}
	return nil
}

package pmp

import (
	"math"

	"github.com/costate-go/costate/ode/neural"
)

// kronecker are the factors of a network's curvature, ⟨zzᵀ⟩ and ⟨δδᵀ⟩ for every layer and node, collected along the costate, and their
// damped inverses.
type kronecker struct {
	w      *Sweeper
	layers []neural.Shape
	na, nb int
	a, b   []float64 // averages, nodes × na and nodes × nb
	fa, fb []float64 // Cholesky factors of the damped ones
	part   []float64 // shards × nodes × (na + nb)
	tr     *Trajectory
	f      *Frozen
	task   func(ln *Lane, k int)
	invert func(ln *Lane, j int)
	damp   float64
	apply  func(ln *Lane, j int)
	dst    []float64
	rows   [][]float64 // per lane
}

func newKronecker(w *Sweeper) *kronecker {
	f, ok := w.lanes[0].ev.(neural.Factored)
	if !ok || f.FactorLayers() == nil {
		return nil
	}
	q := &kronecker{w: w, layers: f.FactorLayers(), f: w.NewFrozen()}
	q.na, q.nb = neural.FactorSizes(q.layers)
	nodes := w.mesh.nodes
	q.a, q.b = make([]float64, nodes*q.na), make([]float64, nodes*q.nb)
	q.fa, q.fb = make([]float64, nodes*q.na), make([]float64, nodes*q.nb)
	most := 0
	for _, l := range q.layers {
		most = max(most, (l.In+1)*l.Out)
	}
	for range w.lanes {
		q.rows = append(q.rows, make([]float64, 2*most))
	}
	q.task, q.invert, q.apply = q.shard, q.factorize, q.solveNode
	return q
}

// collect averages the factors of tr into those of earlier trajectories, which keep the weight decay.
func (q *kronecker) collect(tr *Trajectory, decay float64) {
	m, size := q.w.mesh, q.na+q.nb
	q.tr = tr
	q.part = grow(q.part, len(tr.shards)*m.nodes*size)
	q.w.parallel(len(tr.shards), q.task)
	for j, mass := range m.mass {
		a, b := q.a[j*q.na:(j+1)*q.na], q.b[j*q.nb:(j+1)*q.nb]
		for i := range a {
			a[i] *= decay
		}
		for i := range b {
			b[i] *= decay
		}
		scale := (1 - decay) / (mass * float64(tr.samples))
		for k := range tr.shards { // in the order of the shards
			part := q.part[(k*m.nodes+j)*size : (k*m.nodes+j+1)*size]
			axpy(a, scale, part[:q.na])
			axpy(b, scale, part[q.na:])
		}
	}
}

// shard sums the factors at the anchor stages of a shard's steps.
func (q *kronecker) shard(ln *Lane, k int) {
	w, tp, size := q.w, &q.tr.shards[k], q.na+q.nb
	part := q.part[k*w.mesh.nodes*size : (k+1)*w.mesh.nodes*size]
	clear(part)
	fac := ln.ev.(neural.Factored)
	q.f.eachStep(ln, tp, func(k, r int) {
		w.bindAt(ln, q.tr.Theta, tp.elem[r], tp.t[r])
		j, _, _, _ := w.mesh.basis(tp.elem[r], tp.t[r])
		node := part[j*size : (j+1)*size]
		fac.AddFactors(node[:q.na], node[q.na:], tp.metric[r], tp.t[r], tp.state(r), q.f.pointCostate(ln, tp, k, r))
	})
}

// factorize damps and factorizes the factors of a node: A + √λ (tr A/n) I, and B likewise.
func (q *kronecker) factorize(_ *Lane, j int) {
	a, b := j*q.na, j*q.nb
	for _, l := range q.layers {
		n, o := l.In+1, l.Out
		damped(q.fa[a:a+n*n], q.a[a:a+n*n], n, q.damp)
		damped(q.fb[b:b+o*o], q.b[b:b+o*o], o, q.damp)
		a, b = a+n*n, b+o*o
	}
}

// damped stores the Cholesky factor of a + √λ (tr a/n) I in dst; a matrix without a trace counts as the identity.
func damped(dst, a []float64, n int, lambda float64) {
	copy(dst, a)
	trace := 0.0
	for i := range n {
		trace += a[i*n+i]
	}
	for shift := math.Sqrt(lambda) * trace / float64(n); ; shift *= 10 {
		for i := range n {
			dst[i*n+i] = a[i*n+i] + shift
		}
		if trace > 0 && cholesky(dst, n) {
			return
		}
		if !(trace > 0) || math.IsInf(shift, 0) || shift == 0 {
			clear(dst)
			for i := range n {
				dst[i*n+i] = 1
			}
			return
		}
		copy(dst, a)
	}
}

// precondition replaces the slopes g (nodes × P, per unit of time) by B⁻¹GA⁻¹, layer by layer.
func (q *kronecker) precondition(g []float64) {
	q.dst = g
	q.w.parallel(q.w.mesh.nodes, q.apply)
}

func (q *kronecker) solveNode(ln *Lane, j int) {
	u := q.w.mesh.node(q.dst, j)
	a, b := j*q.na, j*q.nb
	for _, l := range q.layers {
		n, o := l.In+1, l.Out
		// Gᵀ, inputs by outputs, solved for A, and then G for B.
		gt, g := q.rows[ln.index][:n*o], q.rows[ln.index][n*o:2*n*o]
		for r := range o {
			for c := range l.In {
				gt[c*o+r] = u[l.W+r*l.In+c]
			}
			gt[l.In*o+r] = u[l.B+r]
		}
		choleskySolve(gt, q.fa[a:a+n*n], n, o)
		for r := range o {
			for c := range n {
				g[r*n+c] = gt[c*o+r]
			}
		}
		choleskySolve(g, q.fb[b:b+o*o], o, n)
		for r := range o {
			copy(u[l.W+r*l.In:l.W+(r+1)*l.In], g[r*n:])
			u[l.B+r] = g[r*n+l.In]
		}
		a, b = a+n*n, b+o*o
	}
}

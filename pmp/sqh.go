package pmp

import (
	"context"
	"fmt"
	"math"
)

// EpsilonRule says how SQH finds ε.
type EpsilonRule int

const (
	// Curvature takes ε from the curvature of J seen between iterates (Barzilai–Borwein), less the curvature that
	// the maximizer sees exactly, with a nonmonotone test of acceptance.
	Curvature EpsilonRule = iota
	// Published multiplies ε by σ after a rejection and by ζ after an acceptance.
	Published
)

// SQH is the sequential quadratic Hamiltonian method (Borzì, The Sequential Quadratic Hamiltonian Method, 2023;
// Hofmann & Borzì, 2022): θ⁺ maximizes H − ε|θ − θ_k|² at every time with states and costates frozen, and a trial
// that does not lower J enough is undone, with a larger ε and the same costate. In a finite set (Finite) ε is no help: there, with the rule
// Curvature, only a share of the time is allowed to jump, where H gains most (Hahn, Leyffer & Sager, Math. Program. 197 (2023)).
type SQH struct {
	// Maximizer defaults to ClosedForm.
	Maximizer Maximizer
	// Rule is how ε is found.
	Rule EpsilonRule
	// Epsilon is the initial ε; 0 means 1.
	Epsilon float64
	// Sigma, Zeta and Eta are σ, ζ and η of the published rule: accept when J⁺ − J ≤ −η τ. 0 means 1.2, 0.8, 1e-9.
	Sigma, Zeta, Eta float64
	// Kappa stops when τ = ‖θ⁺ − θ‖² < Kappa; 0 means 1e-10. With the rule Curvature, τ is scaled to the step that a
	// small ε would take, so that a large ε does not pass for convergence.
	Kappa float64

	base
	frozen *Frozen
	trial  *Trajectory
	next   []float64
	ready  bool

	eps      float64
	recent   []float64 // J of the last accepted iterates, newest last
	old      []float64 // θ_{k−1}
	oldGrad  []float64 // ∇J_{k−1}
	hasOld   bool
	turn     bool // which of the two curvatures is next
	rejected float64
	polished float64 // times that ε was lowered after convergence
	jumps    bool    // the control may jump: where that pays depends on ε
	set      *jumps  // of the control in a finite set, nil without
}

// memory is how many values of J the nonmonotone test looks back on.
const memory = 10

// Name implements Optimizer.
func (o *SQH) Name() string { return "sqh" }

// Init implements Optimizer.
func (o *SQH) Init(_ context.Context, w *Sweeper, theta []float64) error {
	if err := o.initFrozen(w, theta); err != nil {
		return err
	}
	if o.Maximizer == nil {
		o.Maximizer = ClosedForm{}
	}
	for _, d := range []struct {
		v   *float64
		def float64
	}{{&o.Epsilon, 1}, {&o.Sigma, 1.2}, {&o.Zeta, 0.8}, {&o.Eta, 1e-9}, {&o.Kappa, 1e-10}} {
		if *d.v == 0 {
			*d.v = d.def
		}
	}
	o.set, o.jumps = nil, w.mesh.l0 > 0
	if _, ok := o.Maximizer.(Projector); ok && o.Rule == Curvature {
		o.set = newJumps(w)
	}
	o.frozen = w.NewFrozen()
	o.trial = w.NewTrajectory()
	o.next = make([]float64, len(theta))
	o.old = make([]float64, len(theta))
	o.oldGrad = make([]float64, len(theta))
	o.recent = o.recent[:0]
	o.eps, o.hasOld, o.turn, o.rejected, o.polished, o.ready = o.Epsilon, false, false, 0, 0, false
	return o.prepare(o.Maximizer)
}

// Refresh implements Optimizer. Curvatures and old values of J belong to the problem as it was.
func (o *SQH) Refresh() {
	o.base.Refresh()
	o.ready, o.hasOld = false, false
	o.recent = o.recent[:0]
}

// Step implements Optimizer: one trial, that is one maximization and one forward solve.
func (o *SQH) Step(ctx context.Context) (Iterate, error) {
	var it Iterate
	if err := o.begin(ctx, &it); err != nil {
		return it, err
	}
	if len(o.recent) == 0 {
		o.recent = append(o.recent, o.cur.Augmented)
	}
	if !o.ready {
		o.frozen.Epsilon = 0
		o.frozen.Freeze(o.cur)
		o.ready = true
	}
	if o.set != nil {
		o.eps = 0
	}
	it.StepParameter = o.eps
	o.frozen.Epsilon = o.eps
	copy(o.next, o.theta)
	o.frozen.Maximize(o.Maximizer, o.next)
	o.frozen.Epsilon = 0
	if o.set != nil {
		o.set.best(o.frozen, o.next, o.theta)
		it.StepParameter = o.set.share
	}
	gain := o.frozen.Value(o.next) - o.frozen.Value(o.theta)
	it.Residual = gain
	tau := o.w.mesh.dist2(o.next, o.theta)
	if tau == 0 && o.polish() {
		o.describe(&it, o.cur)
		return it, nil
	}
	if tau == 0 {
		o.describe(&it, o.cur)
		it.Accepted = true
		it.Stop, it.Message = Converged, "the control maximizes the Hamiltonian at every node"
		return it, nil
	}

	solveErr := o.w.Forward(ctx, o.trial, o.next)
	it.Work.Add(o.trial.Work)
	if ctx.Err() != nil {
		return it, solveErr
	}
	o.iter++
	change := math.Inf(1)
	if solveErr == nil {
		change = o.trial.Augmented - o.cur.Augmented
	}
	if o.acceptable(change, gain, tau) {
		o.accept(&it)
	} else {
		o.reject(&it, change, gain, tau)
	}
	if o.set != nil {
		o.set.end(&it)
		return it, nil
	}
	if o.Rule == Curvature {
		scale := 1 + 2*it.StepParameter/max(o.w.mesh.l2, 1)
		tau *= scale * scale
	}
	if tau < o.Kappa && (it.Accepted || o.rejected > memory) && !o.polish() {
		it.Stop, it.Message = Converged, fmt.Sprintf("the control changed by τ = %.3g < %.3g", tau, o.Kappa)
	} else if o.rejected > 60 {
		it.Stop, it.Message = NoProgress, fmt.Sprintf("no trial was accepted for %.0f solves (ε = %.3g)", o.rejected, o.eps)
	}
	return it, nil
}

// polish lowers ε where the control has converged, and reports whether it did. With the price L0 and in sets that are not convex a
// maximizer of H − ε|θ − θ_k|² stays at θ_k more easily than one of H: there are fixed points that depend on ε.
func (o *SQH) polish() bool {
	const rounds = 12
	if !o.jumps || o.polished >= rounds {
		return false
	}
	o.polished++
	o.eps = min(o.eps, o.Epsilon) * math.Pow(0.5, o.polished)
	return true
}

func (o *SQH) acceptable(change, gain, tau float64) bool {
	if math.IsNaN(change) {
		return false
	}
	if o.Rule == Published {
		return change <= -o.Eta*tau
	}
	if o.set != nil {
		return change < 0
	}
	worst := o.recent[0]
	for _, j := range o.recent {
		worst = max(worst, j)
	}
	// Differences of J below its rounding error say nothing: then the model's gain decides.
	noise := 1e-14 * (1 + math.Abs(o.cur.Augmented))
	return o.cur.Augmented+change <= worst-1e-4*gain+noise
}

func (o *SQH) accept(it *Iterate) {
	copy(o.old, o.theta)
	copy(o.oldGrad, o.cur.Grad)
	o.trial = o.advance(it, o.trial, o.next)
	o.ready, o.rejected = false, 0
	o.recent = append(o.recent, o.cur.Augmented)
	if len(o.recent) > memory {
		o.recent = append(o.recent[:0], o.recent[1:]...)
	}
	if o.Rule == Published {
		o.eps *= o.Zeta
		return
	}
	if o.set != nil {
		o.set.share = min(2*o.set.share, 1)
		return
	}
	o.hasOld = true
	o.eps = o.curvature()
}

func (o *SQH) reject(it *Iterate, change, gain, tau float64) {
	it.Rollbacks = 1
	o.rejected++
	o.describe(it, o.cur)
	if o.Rule == Published {
		o.eps *= o.Sigma
		return
	}
	if o.set != nil {
		o.set.reject()
		return
	}
	next := o.eps + 0.5*(change+gain)/tau
	if math.IsInf(next, 0) || math.IsNaN(next) {
		next = 10 * o.eps
	}
	o.eps = max(2*o.eps, next)
}

// curvature returns ε = (c − c_H)/2 with s = θ_k − θ_{k−1}, y = ∇J_k − ∇J_{k−1} and c = ⟨s,y⟩/⟨s,s⟩ or ⟨y,y⟩/⟨s,y⟩ in
// turn. c_H is the curvature of −H that the maximizer sees exactly: that of the control's own cost.
func (o *SQH) curvature() float64 {
	const small = 1e-8
	m := o.w.mesh
	var ss, sy, yy float64
	for j, mass := range m.mass {
		a, b := m.node(o.theta, j), m.node(o.old, j)
		ga, gb := m.node(o.cur.Grad, j), m.node(o.oldGrad, j)
		for i := range a {
			s, y := a[i]-b[i], ga[i]-gb[i]
			ss += mass * s * s
			sy += s * y
			yy += y * y / mass
		}
	}
	if !(sy > 0) || !(ss > 0) {
		return o.eps
	}
	c := sy / ss
	if o.turn {
		c = yy / sy
	}
	o.turn = !o.turn
	return max((c-m.l2)/2, small)
}

// Save implements Optimizer.
func (o *SQH) Save() State {
	flags := []float64{0, 0}
	if o.hasOld {
		flags[0] = 1
	}
	if o.turn {
		flags[1] = 1
	}
	s := o.save()
	if o.set != nil {
		s["sqh.set"] = []float64{o.set.share}
	}
	s["sqh"] = []float64{o.eps, o.rejected, o.polished, flags[0], flags[1]}
	s["sqh.recent"] = append([]float64(nil), o.recent...)
	s["sqh.old"] = append([]float64(nil), o.old...)
	s["sqh.old_grad"] = append([]float64(nil), o.oldGrad...)
	return s
}

// Load implements Optimizer.
func (o *SQH) Load(s State) error {
	var hasOld, turn float64
	if err := o.load(s); err != nil {
		return err
	}
	if err := s.scalars("sqh", &o.eps, &o.rejected, &o.polished, &hasOld, &turn); err != nil {
		return err
	}
	o.hasOld, o.turn = hasOld != 0, turn != 0
	o.recent = append(o.recent[:0], s["sqh.recent"]...)
	if o.set != nil {
		if err := s.scalars("sqh.set", &o.set.share); err != nil {
			return err
		}
	}
	if err := s.vector("sqh.old", o.old); err != nil {
		return err
	}
	return s.vector("sqh.old_grad", o.oldGrad)
}

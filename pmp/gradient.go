package pmp

import (
	"context"
	"math"

	"github.com/costate-go/costate/internal/rng"
)

// Rule is an update rule of a gradient method.
type Rule int

// The rules, with the constants' usual names.
const (
	SGD     Rule = iota // v ← m v + g, θ ← θ − α v
	Adagrad             // s ← s + g², θ ← θ − α g/(√s + ε)   (Duchi, Hazan & Singer, 2011)
	RMSprop             // s ← d s + (1−d) g², θ ← θ − α g/(√s + ε)   (Hinton, 2012)
	Adam                // (Kingma & Ba, 2015)
)

var ruleNames = [...]string{"sgd", "adagrad", "rmsprop", "adam"}

// String returns the name used in configuration files.
func (r Rule) String() string { return ruleNames[r] }

// Schedule is how a learning rate changes over the iterations.
type Schedule int

// The schedules: constant, falling linearly to zero, falling as half a cosine to zero.
const (
	ConstantRate Schedule = iota
	LinearRate
	CosineRate
)

// Factor is the schedule's multiple of the learning rate at iteration k of total.
func (s Schedule) Factor(k, total int) float64 {
	if total <= 0 {
		return 1
	}
	u := min(float64(k)/float64(total), 1)
	switch s {
	case LinearRate:
		return 1 - u
	case CosineRate:
		return 0.5 * (1 + math.Cos(math.Pi*u))
	}
	return 1
}

// Gradient is a first-order method on ∇J = −∫ ∂H/∂θ dt, with the exact gradient of the discrete costate. Its
// control is projected onto the bounds.
type Gradient struct {
	Rule Rule
	// Rate is the learning rate α; 0 means 1e-3 (Adam, RMSprop), 0.01 (SGD, Adagrad).
	Rate float64
	// Schedule changes α over Total iterations.
	Schedule Schedule
	Total    int
	// Momentum is m of SGD. Decay is d of RMSprop (0 means 0.99). Beta1 and Beta2 are Adam's (0 means 0.9, 0.999).
	Momentum, Decay, Beta1, Beta2 float64
	// Guard is ε in the denominators; 0 means 1e-8 (1e-10 for Adagrad).
	Guard float64
	// WeightDecay is the decoupled weight decay of AdamW (Loshchilov & Hutter, 2019).
	WeightDecay float64
	// Clip bounds the Euclidean norm of the gradient; 0 means no bound.
	Clip float64
	// Tolerance stops when the L² norm of ∂J/∂θ falls below it; 0 means never.
	Tolerance float64

	base
	first, second []float64
}

// Name implements Optimizer.
func (o *Gradient) Name() string { return o.Rule.String() }

// Init implements Optimizer.
func (o *Gradient) Init(_ context.Context, w *Sweeper, theta []float64) error {
	if err := o.init(w, theta); err != nil {
		return err
	}
	def := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	rate, guard := 1e-3, 1e-8
	if o.Rule == SGD || o.Rule == Adagrad {
		rate = 0.01
	}
	if o.Rule == Adagrad {
		guard = 1e-10
	}
	def(&o.Rate, rate)
	def(&o.Guard, guard)
	def(&o.Decay, 0.99)
	def(&o.Beta1, 0.9)
	def(&o.Beta2, 0.999)
	o.first = make([]float64, len(theta))
	o.second = make([]float64, len(theta))
	return nil
}

// Step implements Optimizer. The loss it reports is that of the control before the update.
func (o *Gradient) Step(ctx context.Context) (Iterate, error) {
	var it Iterate
	o.fresh, o.paid = false, false
	if err := o.begin(ctx, &it); err != nil {
		return it, err
	}
	o.describe(&it, o.cur)
	it.Accepted = true
	it.Residual = 0.25 * it.GradNorm * it.GradNorm
	if it.stationary(o.Tolerance) {
		return it, nil
	}
	scale := 1.0
	if o.Clip > 0 {
		norm := 0.0
		for _, g := range o.cur.Grad {
			norm += g * g
		}
		if norm = math.Sqrt(norm); norm > o.Clip {
			scale = o.Clip / norm
		}
	}
	it.StepParameter = o.Rate * o.Schedule.Factor(o.iter, o.Total)
	o.update(it.StepParameter, scale)
	o.w.mesh.clip(o.theta)
	o.iter++
	return it, nil
}

func (o *Gradient) update(rate, scale float64) {
	l1 := o.w.mesh.l1
	c1 := 1 - math.Pow(o.Beta1, float64(o.iter+1))
	c2 := 1 - math.Pow(o.Beta2, float64(o.iter+1))
	for i, g := range o.cur.Grad {
		if l1 != 0 { // a subgradient of β|θ|₁
			if v := o.theta[i]; v != 0 {
				g += math.Copysign(l1*o.w.mesh.mass[i/o.w.mesh.params], v)
			}
		}
		g *= scale
		switch o.Rule {
		case SGD:
			o.first[i] = o.Momentum*o.first[i] + g
			o.theta[i] -= rate * o.first[i]
		case Adagrad:
			o.second[i] += g * g
			o.theta[i] -= rate * g / (math.Sqrt(o.second[i]) + o.Guard)
		case RMSprop:
			o.second[i] = o.Decay*o.second[i] + (1-o.Decay)*g*g
			o.theta[i] -= rate * g / (math.Sqrt(o.second[i]) + o.Guard)
		case Adam:
			o.first[i] = o.Beta1*o.first[i] + (1-o.Beta1)*g
			o.second[i] = o.Beta2*o.second[i] + (1-o.Beta2)*g*g
			o.theta[i] -= rate * o.WeightDecay * o.theta[i]
			o.theta[i] -= rate * (o.first[i] / c1) / (math.Sqrt(o.second[i]/c2) + o.Guard)
		}
	}
}

// Save implements Optimizer.
func (o *Gradient) Save() State {
	s := o.save()
	s["gradient.first"] = append([]float64(nil), o.first...)
	s["gradient.second"] = append([]float64(nil), o.second...)
	return s
}

// Load implements Optimizer.
func (o *Gradient) Load(s State) error {
	if err := o.load(s); err != nil {
		return err
	}
	if err := s.vector("gradient.first", o.first); err != nil {
		return err
	}
	return s.vector("gradient.second", o.second)
}

// fillUniform fills dst with uniform numbers in ±a from the stream (seed, index): the same at any time and order.
func fillUniform(dst []float64, a float64, seed, index uint64) {
	src := rng.New(seed ^ (index+1)*0x9e3779b97f4a7c15)
	for i := range dst {
		dst[i] = a * (2*src.Float64() - 1)
	}
}

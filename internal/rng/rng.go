// Package rng is the random number generator of every seeded choice in Costate: SplitMix64,
//
//	s ← s + γ,   z = s,   z ← (z ⊕ z≫30)·m₁,   z ← (z ⊕ z≫27)·m₂,   next = z ⊕ z≫31   (mod 2⁶⁴)
//
// with γ = 9e3779b97f4a7c15, m₁ = bf58476d1ce4e5b9, m₂ = 94d049bb133111eb (Steele, Lea & Flood, Fast
// Splittable Pseudorandom Number Generators, OOPSLA 2014). Its state is one word, so that a checkpoint can
// hold it and a stream goes on bit for bit, in any language.
package rng

import "math"

// SplitMix64 is a stream of random numbers. The zero value is the stream of seed 0. It belongs to one goroutine.
type SplitMix64 struct {
	state uint64
}

// New returns the stream of a seed.
func New(seed uint64) *SplitMix64 { return &SplitMix64{state: seed} }

// State is the whole state, for checkpoints.
func (r *SplitMix64) State() uint64 { return r.state }

// SetState continues from a state that State gave. SetState(seed) starts the stream of that seed.
func (r *SplitMix64) SetState(state uint64) { r.state = state }

// Next returns the next 64 random bits.
func (r *SplitMix64) Next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Float64 returns a uniform number in [0, 1): (next ≫ 11)·2⁻⁵³.
func (r *SplitMix64) Float64() float64 { return float64(r.Next()>>11) * 0x1p-53 }

// Normal returns a standard normal number by Box and Muller's transform, √(−2 ln u₁)·cos 2πu₂ with
// u₁ = ((next ≫ 11) + 1)·2⁻⁵³ ∈ (0, 1] and u₂ = (next ≫ 11)·2⁻⁵³ ∈ [0, 1). Every number takes two words, so
// that the n-th normal number of a stream does not depend on what was drawn between.
func (r *SplitMix64) Normal() float64 {
	u1 := float64(r.Next()>>11+1) * 0x1p-53
	u2 := float64(r.Next()>>11) * 0x1p-53
	return math.Sqrt(-2*math.Log(u1)) * math.Cos(2*math.Pi*u2)
}

// Intn returns next mod n, an integer in [0, n). Its bias is below n·2⁻⁶⁴. It panics if n ≤ 0.
func (r *SplitMix64) Intn(n int) int {
	if n <= 0 {
		panic("rng: Intn needs n > 0")
	}
	return int(r.Next() % uint64(n))
}

// Perm stores a random permutation of 0 … len(p)−1 in p (Fisher and Yates, from the end).
func (r *SplitMix64) Perm(p []int) {
	for i := range p {
		p[i] = i
	}
	for i := len(p) - 1; i > 0; i-- {
		j := r.Intn(i + 1)
		p[i], p[j] = p[j], p[i]
	}
}

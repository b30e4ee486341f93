// Package rng provides the SplitMix64 random number generator (Steele, Lea, Flood: Fast splittable pseudorandom
// number generators, OOPSLA 2014), a stream of which is fixed by its seed on every machine.
package rng

import (
	"math"
	"math/bits"
)

const (
	gamma = 0x9e3779b97f4a7c15 // odd, 2⁶⁴/φ
	ulp   = 1.0 / (1 << 53)
)

// Source is a SplitMix64 stream. The zero value is the stream of seed 0. It belongs to one goroutine.
type Source struct {
	state uint64
}

// New returns the stream of a seed.
func New(seed uint64) *Source {
	return &Source{state: seed}
}

// State returns the state of the stream, from which SetState continues it.
func (s *Source) State() uint64 { return s.state }

// SetState continues the stream from a state got from State. A seed is the state of a new stream.
func (s *Source) SetState(state uint64) { s.state = state }

// Next returns 64 uniform random bits.
func (s *Source) Next() uint64 {
	s.state += gamma
	z := s.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Uint64 is Next under the name that math/rand/v2 asks of a source.
func (s *Source) Uint64() uint64 { return s.Next() }

// Float64 returns a uniform multiple of 2⁻⁵³ in [0, 1).
func (s *Source) Float64() float64 {
	return float64(s.Next()>>11) * ulp
}

// Normal returns a standard normal number √(−2 ln u₁)·cos 2πu₂ (Box and Muller) with u₁ in (0, 1] and u₂ in
// [0, 1), taking two numbers from the stream.
func (s *Source) Normal() float64 {
	u1 := float64(s.Next()>>11+1) * ulp
	u2 := float64(s.Next()>>11) * ulp
	return math.Sqrt(-2*math.Log(u1)) * math.Cos(2*math.Pi*u2)
}

// Intn returns a uniform number in 0 … n−1, without bias (Lemire, Fast random integer generation in an interval,
// ACM TOMACS 2019). It panics if n ≤ 0.
func (s *Source) Intn(n int) int {
	if n <= 0 {
		panic("rng: Intn needs n > 0")
	}
	m := uint64(n)
	hi, lo := bits.Mul64(s.Next(), m)
	if lo < m {
		for reject := -m % m; lo < reject; {
			hi, lo = bits.Mul64(s.Next(), m)
		}
	}
	return int(hi)
}

// Perm returns a uniform permutation of 0 … n−1 (Fisher and Yates).
func (s *Source) Perm(n int) []int {
	p := make([]int, n)
	s.PermInto(p)
	return p
}

// PermInto stores a uniform permutation of 0 … len(p)−1 in p.
func (s *Source) PermInto(p []int) {
	for i := range p {
		j := s.Intn(i + 1)
		p[i] = p[j]
		p[j] = i
	}
}

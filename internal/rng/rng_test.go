package rng

import (
	"math"
	"slices"
	"testing"
)

// The first outputs of the reference C code (Vigna, prng.di.unimi.it/splitmix64.c).
func TestNextMatchesReference(t *testing.T) {
	tests := []struct {
		seed uint64
		want []uint64
	}{
		{0, []uint64{0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f}},
		{1234567, []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821}},
	}
	for _, tt := range tests {
		s := New(tt.seed)
		for i, want := range tt.want {
			if got := s.Next(); got != want {
				t.Errorf("seed %d, output %d: got %#x, want %#x", tt.seed, i, got, want)
			}
		}
	}
}

func TestStateContinuesStream(t *testing.T) {
	a, b := New(7), new(Source)
	a.Normal()
	b.SetState(a.State())
	for i := range 10 {
		if x, y := a.Next(), b.Next(); x != y {
			t.Fatalf("output %d: %x and %x", i, x, y)
		}
	}
}

func TestMoments(t *testing.T) {
	const n = 200_000
	s := New(1)
	var u1, u2, z1, z2, z4 float64
	for range n {
		u := s.Float64()
		if u < 0 || u >= 1 {
			t.Fatalf("Float64 = %v", u)
		}
		u1 += u
		u2 += u * u
		z := s.Normal()
		z1 += z
		z2 += z * z
		z4 += z * z * z * z
	}
	// Five standard deviations of each mean.
	for _, m := range []struct {
		name            string
		got, want, sdev float64
	}{
		{"mean of uniform", u1, 0.5, math.Sqrt(1.0 / 12)},
		{"square of uniform", u2, 1.0 / 3, math.Sqrt(4.0 / 45)},
		{"mean of normal", z1, 0, 1},
		{"square of normal", z2, 1, math.Sqrt2},
		{"fourth power of normal", z4, 3, math.Sqrt(96)},
	} {
		if got, tol := m.got/n, 5*m.sdev/math.Sqrt(n); math.Abs(got-m.want) > tol {
			t.Errorf("%s: %v, want %v ± %v", m.name, got, m.want, tol)
		}
	}
}

func TestIntnIsUniform(t *testing.T) {
	const n, draws = 7, 70_000
	var count [n]float64
	s := New(3)
	for range draws {
		count[s.Intn(n)]++
	}
	chi2 := 0.0
	for _, c := range count {
		chi2 += (c - draws/n) * (c - draws/n) / (draws / n)
	}
	if chi2 > 22.5 { // 0.1 % point of χ² with 6 degrees of freedom
		t.Errorf("χ² = %v, counts %v", chi2, count)
	}
	defer func() {
		if recover() == nil {
			t.Error("Intn(0) does not panic")
		}
	}()
	s.Intn(0)
}

func TestPerm(t *testing.T) {
	s := New(5)
	seen := map[[3]int]int{}
	for range 6000 {
		seen[[3]int(s.Perm(3))]++
	}
	if len(seen) != 6 {
		t.Errorf("%d of 6 permutations seen", len(seen))
	}
	for p, c := range seen {
		if c < 850 || c > 1150 {
			t.Errorf("permutation %v drawn %d times of 6000", p, c)
		}
	}
	p := s.Perm(100)
	slices.Sort(p)
	for i, v := range p {
		if i != v {
			t.Fatalf("not a permutation: %v", p)
		}
	}
}

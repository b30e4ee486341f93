package rng

import (
	"math"
	"slices"
	"testing"
)

// The first words of seed 1234567 as published with the reference implementation (Rosetta Code, Vigna's splitmix64.c).
func TestNextPublishedWords(t *testing.T) {
	r := New(1234567)
	for i, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821} {
		if got := r.Next(); got != want {
			t.Errorf("word %d = %d, want %d", i, got, want)
		}
	}
}

func TestStateContinues(t *testing.T) {
	a := New(7)
	for range 13 {
		a.Normal()
	}
	var b SplitMix64
	b.SetState(a.State())
	for range 10 {
		if x, y := a.Normal(), b.Normal(); x != y {
			t.Fatalf("%v != %v", x, y)
		}
	}
}

func TestMoments(t *testing.T) {
	const n = 200000
	r := New(3)
	var m, m2, m4, u, u2 float64
	for range n {
		z := r.Normal()
		m += z / n
		m2 += z * z / n
		m4 += z * z * z * z / n
		v := r.Float64()
		if v < 0 || v >= 1 {
			t.Fatalf("Float64 = %v", v)
		}
		u += v / n
		u2 += v * v / n
	}
	for _, c := range []struct {
		name           string
		got, want, tol float64
	}{
		{"normal mean", m, 0, 0.01}, {"normal variance", m2, 1, 0.02}, {"normal fourth moment", m4, 3, 0.15},
		{"uniform mean", u, 0.5, 0.005}, {"uniform second moment", u2, 1. / 3, 0.005},
	} {
		if math.Abs(c.got-c.want) > c.tol {
			t.Errorf("%s = %v, want %v ± %v", c.name, c.got, c.want, c.tol)
		}
	}
}

func TestPerm(t *testing.T) {
	r := New(11)
	var seen [6]int
	for range 6000 {
		p := make([]int, 3)
		r.Perm(p)
		q := slices.Clone(p)
		slices.Sort(q)
		if !slices.Equal(q, []int{0, 1, 2}) {
			t.Fatalf("not a permutation: %v", p)
		}
		k := 2 * p[0]
		if p[1] > p[2] {
			k++
		}
		seen[k]++
	}
	for k, c := range seen {
		if c < 850 || c > 1150 {
			t.Errorf("permutation %d drawn %d times of 6000", k, c)
		}
	}
}

func TestIntnPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	New(1).Intn(0)
}

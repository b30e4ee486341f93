package pmp

import "testing"

// Chunks that were added for short records hold long ones afterwards.
func TestArenaChangesLength(t *testing.T) {
	var a arena
	for _, size := range []int{300, 200, 300, 7, 5000, 300} {
		a.reset(size)
		for r := range 100 {
			v := a.at(r)
			if len(v) != size {
				t.Fatalf("record %d of length %d has %d numbers", r, size, len(v))
			}
			for i := range v {
				v[i] = float64(r)
			}
		}
		for r := range 100 {
			if v := a.at(r); v[0] != float64(r) || v[size-1] != float64(r) {
				t.Fatalf("record %d of length %d holds %g … %g", r, size, v[0], v[size-1])
			}
		}
	}
}

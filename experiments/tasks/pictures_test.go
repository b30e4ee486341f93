package tasks

import (
	"bytes"
	"testing"
)

func TestMove(t *testing.T) {
	src := []byte{
		1, 2, 3,
		4, 5, 6,
	}
	for _, c := range []struct {
		down, right int
		want        []byte
	}{
		{0, 0, src},
		{1, 0, []byte{0, 0, 0, 1, 2, 3}},
		{-1, 0, []byte{4, 5, 6, 0, 0, 0}},
		{0, 1, []byte{0, 1, 2, 0, 4, 5}},
		{0, -2, []byte{3, 0, 0, 6, 0, 0}},
		{1, -1, []byte{0, 0, 0, 2, 3, 0}},
		{0, 3, make([]byte, 6)},
		{0, -4, make([]byte, 6)},
		{5, 5, make([]byte, 6)},
	} {
		dst := []byte{9, 9, 9, 9, 9, 9}
		move(dst, src, 3, c.down, c.right)
		if !bytes.Equal(dst, c.want) {
			t.Errorf("down %d, right %d: %v, want %v", c.down, c.right, dst, c.want)
		}
	}
}

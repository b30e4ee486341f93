package words_test

import (
	"testing"

	"github.com/costate-go/costate/experiments/internal/words"
)

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 fixed steps", 1: "1 fixed step", 2: "2 fixed steps"} {
		if got := words.Count(n, "fixed step"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

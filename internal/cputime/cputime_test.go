package cputime_test

import (
	"testing"
	"time"

	"github.com/costate-go/costate/internal/cputime"
)

func TestUsed(t *testing.T) {
	before := cputime.Used()
	for begin := time.Now(); cputime.Used() < before+10*time.Millisecond; {
		if time.Since(begin) > time.Minute {
			t.Fatalf("%v of processor time after a minute of work", cputime.Used()-before)
		}
	}
}

//go:build !amd64 || noasm

package kernel

import "testing"

func eachLevel(t *testing.T, test func(t *testing.T)) { test(t) }

func fmaPeak() float64 { return 0 }

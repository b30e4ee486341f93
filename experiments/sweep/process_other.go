//go:build !unix

package sweep

import "os/exec"

func apart(*exec.Cmd) {}

func alive(int) bool { return false }

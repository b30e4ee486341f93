//go:build unix

package cli_test

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestSignal(t *testing.T) {
	words := map[syscall.Signal]string{syscall.SIGINT: "costate: interrupted\n", syscall.SIGTERM: "costate: terminated\n"}
	for sig, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		for command, text := range map[string]string{"run": "costate: saved in /r", "check": words[sig]} {
			timer := time.AfterFunc(30*time.Millisecond, func() { _ = syscall.Kill(os.Getpid(), sig) })
			if code, _, stderr := call(&engine{wait: true}, command); code != want || !strings.Contains(stderr, text) {
				t.Errorf("%s, %v: %d, want %d\n%s", command, sig, code, want, stderr)
			}
			timer.Stop()
		}
	}
}

package engine_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/costate-go/costate/configs"
)

// A run takes as much memory as it said before, within a fifth: the largest resident set of the process, which includes the program,
// the figures and the report.
func TestMemoryIsWhatWasSaid(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector takes memory of its own")
	}
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("the system does not tell how much memory a process had")
	}
	list := []string{"control/scalar_lqr", "circles", "heat_stencil", "moons optimizer.kind=emsa train.iterations=30"}
	if *long {
		list = append(list, "moons optimizer.kind=emsa", "moons optimizer.kind=adam data.samples=10000")
		for _, name := range configs.Names() {
			if name != "mnist_published" { // a day
				list = append(list, name)
			}
		}
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range list {
		t.Run(line, func(t *testing.T) {
			args := strings.Fields(line)
			text, err := configs.Read(args[0])
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), `"idx"`) {
				if _, err := os.Stat("data/mnist"); errors.Is(err, os.ErrNotExist) {
					t.Skip("data/mnist is not there")
				}
				args = append(args, "train.iterations=600")
			}
			// Where other programs keep the processors busy the collector falls behind, and the process grows: the best of three counts.
			for trial := 1; ; trial++ {
				said, used := memory(t, exe, args)
				t.Logf("said %.0f MiB, used %.0f", said, used)
				if 0.8*used <= said && said <= 1.2*used {
					return
				}
				if trial == 3 {
					t.Fatalf("said %.0f MiB and used %.0f: off by %.0f %%", said, used, 100*(said/used-1))
				}
			}
		})
	}
}

// memory runs a configuration in a process of its own: the MiB that it says it will need, and those that it had at most.
func memory(t *testing.T, exe string, args []string) (said, used float64) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "run")
	cmd := exec.Command(exe, append([]string{"run", "--out", out, "--progress", "none"}, args...)...)
	cmd.Env = append(os.Environ(), "COSTATE_TEST_COMMAND=1", "GOGC=25")
	b, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	about := regexp.MustCompile(`(?m)^memory +about (\d+) MiB$`).FindSubmatch(b)
	if about == nil {
		t.Fatalf("nothing is said of memory in\n%s", b)
	}
	said, _ = strconv.ParseFloat(string(about[1]), 64) // digits
	return said, float64(summary(t, out).PeakRSSBytes) / (1 << 20)
}

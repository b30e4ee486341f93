package tensorboard_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/costate-go/costate/experiments/tensorboard"
)

// Where Python has TensorBoard, its own reader, which checks the checksums, sees what was written, and of two sessions what holds.
func TestReader(t *testing.T) {
	python := ""
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import tensorboard.backend.event_processing.event_accumulator").Run() == nil {
			python = name
			break
		}
	}
	if python == "" {
		t.Skip("no Python with TensorBoard is here")
	}
	dir := filepath.Join(t.TempDir(), "tensorboard")
	for session, steps := range [][]int{{1, 2, 3, 4, 5}, {4, 5, 6}} {
		w, err := tensorboard.Open(dir, steps[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range steps {
			if err := w.Add(k, []tensorboard.Scalar{{Tag: "loss/training", Value: float64(10*session + k)}, {Tag: "norm/gradient", Value: 0.5}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	const script = `
import sys
from tensorboard.backend.event_processing import event_accumulator as e
a = e.EventAccumulator(sys.argv[1], size_guidance={e.SCALARS: 0})
a.Reload()
print(sorted(a.Tags()["scalars"]), [(s.step, s.value) for s in a.Scalars("loss/training")])
`
	out, err := exec.Command(python, "-c", script, dir).Output() // it reports on standard error what it leaves out
	want := "['loss/training', 'norm/gradient'] [(1, 1.0), (2, 2.0), (3, 3.0), (4, 14.0), (5, 15.0), (6, 16.0)]\n"
	if err != nil || string(out) != want {
		t.Errorf("%v\n%s", err, out)
	}
}

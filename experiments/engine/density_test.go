package engine_test

import (
	"encoding/csv"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/exit"
)

var long = flag.Bool("long", false, "run every configuration whole, which takes about an hour, and hold densities to 0.1 nats")

// The likelihoods come near the entropy of the density that the points are from, which is known: within 0.1 nats at the end of the
// configurations.
func TestDensity(t *testing.T) {
	for name, limit := range map[string]struct{ short, long float64 }{"density_moons": {0.5, 0.1}, "density_pinwheel": {0.8, 0.1}, "density_checkerboard": {0.8, 0.1}} {
		args, gap := []string{"optimizer.kind=lbfgs", "train.iterations=40", "train.batch=0", "field.hidden=16", "control.kind=constant", "solver.rtol=1e-3", "data.samples=1000", "report.formats=[\"svg\"]"}, limit.short
		if *long {
			args, gap = nil, limit.long
		}
		out := filepath.Join(t.TempDir(), "run")
		if code, _, stderr := costate(t, append(append([]string{"run", name}, args...), "--out", out, "--quiet")...); code != exit.OK {
			t.Fatalf("exit code %d\n%s", code, stderr)
		}
		m := summary(t, out).Metrics
		if !(math.Abs(float64(m["gap_nats"])) < gap) || m["gap_nats"] != m["held_out_nats"]-m["reference_nats"] {
			t.Errorf("%s: %.3f nats on the held-out points, the entropy is %.3f", name, float64(m["held_out_nats"]), float64(m["reference_nats"]))
		}
		code, stdout, _ := costate(t, "evaluate", out)
		if code != exit.OK || !strings.Contains(stdout, "held_out_nats") {
			t.Errorf("%d\n%s", code, stdout)
		}
		code, stdout, stderr := costate(t, "predict", out, "--samples", "200", "--seed", "3")
		rows, err := csv.NewReader(strings.NewReader(stdout)).ReadAll()
		if code != exit.OK || err != nil || len(rows) != 201 || rows[0][0] != "x1" {
			t.Fatalf("%d %v\n%s", code, err, stderr)
		}
		inside := 0
		for _, r := range rows[1:] {
			x, errX := strconv.ParseFloat(r[0], 64)
			y, errY := strconv.ParseFloat(r[1], 64)
			if errX == nil && errY == nil && max(math.Abs(x), math.Abs(y)) < 4.5 {
				inside++
			}
		}
		if inside < 180 {
			t.Errorf("%s: %d of 200 samples lie where the data are", name, inside)
		}
		if _, again, _ := costate(t, "predict", out, "--samples", "200", "--seed", "3"); again != stdout {
			t.Errorf("%s: the same seed draws other samples", name)
		}
		if code, _, stderr := costate(t, "predict", out); code != exit.Usage || !strings.Contains(stderr, "--samples") {
			t.Errorf("%d\n%s", code, stderr)
		}
	}
}

// One dimension is drawn as a curve beside a histogram, three by samples alone.
func TestDensityPictures(t *testing.T) {
	for name, c := range map[string]struct {
		columns int
		want    []string
	}{"one": {1, []string{"density"}}, "three": {3, []string{"samples"}}} {
		var text strings.Builder
		for k := range 40 {
			for i := range c.columns {
				if i > 0 {
					text.WriteByte(',')
				}
				fmt.Fprint(&text, math.Sin(float64((2*i+1)*k)))
			}
			text.WriteByte('\n')
		}
		root := t.TempDir()
		file, out := filepath.Join(root, "points.csv"), filepath.Join(root, "run")
		if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := costate(t, "run", "task=density", "data.source=csv", "data.file="+file, "field.hidden=4", "train.iterations=2", "--out", out, "--quiet"); code != exit.OK {
			t.Fatalf("exit code %d\n%s", code, stderr)
		}
		for _, figure := range []string{"density", "samples"} {
			_, err := os.Stat(filepath.Join(out, "figures", figure+".svg"))
			if got, want := err == nil, slices.Contains(c.want, figure); got != want {
				t.Errorf("%s: %s is drawn: %v, want %v", name, figure, got, want)
			}
		}
	}
}

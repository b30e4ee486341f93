package engine_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/exit"
	"github.com/costate-go/costate/experiments/internal/browser"
	"github.com/costate-go/costate/experiments/panels"
	"github.com/costate-go/costate/experiments/run"
	"github.com/costate-go/costate/experiments/rundir"
)

// What moves in a report: points that end where predict says they do, and stages of the training.
func TestPanels(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	if code, _, stderr := costate(t, "run", "configs/moons.toml", "train.iterations=6", "--out", out, "--quiet"); code != exit.OK {
		t.Fatal(stderr)
	}
	s, err := panels.Read(filepath.Join(out, rundir.Figures))
	if err != nil || len(s.Flows) != 1 || len(s.Frames) != 1 || len(s.Heats) != 2 {
		t.Fatalf("%d flows, %d sets of frames, %d heat maps, %v", len(s.Flows), len(s.Frames), len(s.Heats), err)
	}
	flow, frames := s.Flows[0], s.Frames[0]
	if flow.T[0] != 0 || flow.T[len(flow.T)-1] != 1 || len(flow.T) < 30 || len(flow.Tracks) < 100 {
		t.Errorf("%d times from %g, %d tracks", len(flow.T), flow.T[0], len(flow.Tracks))
	}
	if n := len(frames.Frames); n < 4 || frames.Frames[0].Iteration != 0 || frames.Frames[n-1].Iteration != 6 {
		t.Errorf("%d stages", n)
	}
	var input strings.Builder
	input.WriteString("x1,x2\n")
	for _, k := range []int{0, 7, 20} {
		fmt.Fprintf(&input, "%g,%g\n", float64(flow.Tracks[k].X[0]), float64(flow.Tracks[k].Y[0]))
	}
	points := filepath.Join(t.TempDir(), "points.csv")
	if err := os.WriteFile(points, []byte(input.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := costate(t, "predict", out, "--input", points)
	if code != exit.OK {
		t.Fatal(stderr)
	}
	for i, row := range table(t, stdout) {
		track := flow.Tracks[[]int{0, 7, 20}[i]]
		if logit := 10 * float64(track.Y[len(track.Y)-1]); math.Abs(1/(1+math.Exp(-logit))-row[3]) > 0.02 {
			t.Errorf("point %d ends at %g, and has the probability %g", i, logit/10, row[3])
		}
	}
	if err := browser.Open(t, filepath.Join(out, rundir.ReportFile), 1200, 900).Quiet(); err != nil {
		t.Error(err)
	}
}

// The points of a density are shown on their way to the normal distribution.
func TestDensityFlows(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	if code, _, stderr := costate(t, "run", "density_moons", "train.iterations=1", "data.samples=300", "train.batch=0", "report.formats=svg", "--out", out, "--quiet"); code != exit.OK {
		t.Fatal(stderr)
	}
	s, err := panels.Read(filepath.Join(out, "figures"))
	if err != nil || len(s.Flows) != 1 || len(s.Flows[0].Tracks) < 50 {
		t.Fatalf("%d flows, %v", len(s.Flows), err)
	}
	moved := 0
	for _, track := range s.Flows[0].Tracks {
		n := len(track.X)
		if n != len(s.Flows[0].T) || math.Abs(float64(track.X[n-1])) > 10 {
			t.Fatalf("a track of %d points from %v to %v", n, track.X[0], track.X[n-1])
		}
		if track.X[0] != track.X[n-1] {
			moved++
		}
	}
	if moved < len(s.Flows[0].Tracks)/2 {
		t.Errorf("%d of %d points move", moved, len(s.Flows[0].Tracks))
	}
}

// The command draws what the run did not.
func TestReportDraws(t *testing.T) {
	out := trained(t, "control/van_der_pol_bounded")
	final := summary(t, out).Iterations
	if _, err := os.Stat(filepath.Join(out, "figures", "control.svg")); err == nil {
		t.Fatal("a run without figures has some")
	}
	if code, stdout, stderr := costate(t, "report", out); code != exit.OK || strings.TrimSpace(stdout) != filepath.Join(out, "report.html") {
		t.Fatalf("%d %s%s", code, stdout, stderr)
	}
	for _, name := range []string{"control.svg", "costate_norm.csv", "states.png"} {
		if _, err := os.Stat(filepath.Join(out, "figures", name)); err != nil {
			t.Error(err)
		}
	}
	if b, err := os.ReadFile(filepath.Join(out, "figures", "hamiltonian.csv")); err != nil || !strings.HasPrefix(string(b[bytes.LastIndexByte(bytes.TrimSpace(b), '\n')+1:]), "H at the best control,5,") {
		t.Errorf("the Hamiltonian ends before the horizon does: %v", err)
	}
	// The heat map of the control ends with the control that is kept, and begins with the first one, which is 0.
	s, err := panels.Read(filepath.Join(out, "figures"))
	if err != nil || len(s.Heats) != 1 || len(s.Flows) != 1 {
		t.Fatalf("%+v, %v", s, err)
	}
	h, way := s.Heats[0], run.Snapshots(out, 1000)
	last := way[len(way)-1]
	if h.X[0] != 0 || int(h.X[len(h.X)-1]) != final || last.Iteration != final {
		t.Errorf("from iteration %g to %g, and the run ended at %d", h.X[0], h.X[len(h.X)-1], final)
	}
	for j, row := range h.V {
		if row[0] != 0 {
			t.Fatalf("at first the control is %v", row[0])
		}
		k := j * len(last.Theta) / len(h.V)
		if got, want := float64(row[len(row)-1]), panels.Short(last.Theta[k]); got != want {
			t.Fatalf("row %d ends with %g, and the control there is %g", j, got, want)
		}
	}
	if heat := h.Y[len(h.Y)-1]; !(heat > 4.9 && heat <= 5) {
		t.Errorf("the last row is at t = %g", heat)
	}
}

// A trajectory in the plane is drawn as a curve, also where it moves quickly.
func TestTrajectoryPanel(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	if code, _, stderr := costate(t, "run", "spiral", "train.iterations=12", "report.formats=svg", "--out", out, "--quiet"); code != exit.OK {
		t.Fatal(stderr)
	}
	s, err := panels.Read(filepath.Join(out, rundir.Figures))
	if err != nil || len(s.Flows) != 1 || len(s.Flows[0].Tracks) != 2 {
		t.Fatalf("%+v, %v", s, err)
	}
	x, y := s.Flows[0].Tracks[1].LineX, s.Flows[0].Tracks[1].LineY
	if len(x) < 1000 {
		t.Fatalf("a line of %d points", len(x))
	}
	for k := 1; k < len(x); k++ { // of an extent of 4
		if d := math.Hypot(float64(x[k]-x[k-1]), float64(y[k]-y[k-1])); d > 0.2 {
			t.Fatalf("from point %d to the next one the line goes %g far", k-1, d)
		}
	}
}

// Constraints along the way are drawn with the multipliers that the run found: the speed rests on its limit from 1/4 to 3/4, and there alone μ is not 0.
func TestConstraintFigures(t *testing.T) {
	out := trained(t, "control/speed_limit", `problem.constraints=["velocity <= 1.2", "end: position <= 1"]`)
	if code, _, stderr := costate(t, "report", out); code != exit.OK {
		t.Fatal(stderr)
	}
	figure := func(name string) [][]string {
		b, err := os.ReadFile(filepath.Join(out, rundir.Figures, name+".csv"))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		if err != nil || len(rows) < 200 {
			t.Fatalf("%s: %d rows, %v", name, len(rows), err)
		}
		return rows[1:]
	}
	number := func(text string) float64 {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, row := range figure("constraints") {
		at, g := number(row[1]), number(row[2])
		if active := row[0] == "limit" || at > 0.26 && at < 0.74; active && math.Abs(g) > 1e-5 || !active && g > -1e-5 && (at < 0.24 || at > 0.76) {
			t.Fatalf("%v", row)
		}
	}
	for _, row := range figure("multipliers") {
		if at, mu := number(row[1]), number(row[2]); row[0] != "μ of velocity <= 1.2" || (mu > 1) != (at > 0.26 && at < 0.74) && (at < 0.24 || at > 0.76 || at > 0.3 && at < 0.7) {
			t.Fatalf("%v", row)
		}
	}
	if html, err := os.ReadFile(filepath.Join(out, rundir.ReportFile)); err != nil || !bytes.Contains(html, []byte(`id="chart-over-t-multipliers"`)) {
		t.Errorf("the report has no chart of the multipliers: %v", err)
	}
}

package compare_test

import (
	"encoding/csv"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/compare"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/internal/browser"
	"github.com/costate-go/costate/experiments/rundir"
)

const hostile = `</script><b onclick=x>"'&amp;`

// run writes a run directory with a loss of scale/k at iteration k.
func run(t *testing.T, name string, scale float64, iterations int, done bool, overrides ...string) string {
	t.Helper()
	c, err := config.Parse(name, []byte("name = \""+name+"\"\n"), overrides...)
	if err != nil {
		t.Fatal(err)
	}
	d, err := rundir.Create("", name, filepath.Join(t.TempDir(), "dir-"+name))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.WriteConfig(c); err != nil {
		t.Fatal(err)
	}
	s := &rundir.Summary{Name: name, Task: "fit", Optimizer: c.Optimizer.Kind, StopReason: "iterations", Iterations: iterations, Metrics: map[string]rundir.Float{"trajectory_mae": rundir.Float(scale), hostile: 1}}
	for k := 1; k <= iterations; k++ {
		m := &rundir.Metrics{Iteration: k, WallSeconds: rundir.Float(float64(k) / 4), Loss: rundir.Float(scale / float64(k)), ValLoss: rundir.Float(math.NaN()), PMPResidual: rundir.Float(scale), NFEForward: 10, NFEBackward: int64(k)}
		if k%2 == 0 {
			m.ValLoss = 2 * m.Loss
		}
		if err := d.AppendMetrics(m); err != nil {
			t.Fatal(err)
		}
		s.FinalLoss, s.BestLoss, s.BestIteration, s.WallSeconds = m.Loss, m.Loss, k, m.WallSeconds
		s.NFE.Forward += m.NFEForward
		s.NFE.Backward += m.NFEBackward
	}
	state := rundir.Running
	if done {
		state = rundir.Complete
		if err := d.WriteSummary(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(d.SetStatus(state, "", iterations), d.Close()); err != nil {
		t.Fatal(err)
	}
	return d.Path()
}

func entries(t *testing.T, dirs ...string) []*compare.Entry {
	t.Helper()
	out := make([]*compare.Entry, len(dirs))
	for i, dir := range dirs {
		var err error
		if out[i], err = compare.Read(dir); err != nil {
			t.Fatal(err)
		}
	}
	compare.Label(out)
	return out
}

func TestTable(t *testing.T) {
	list := entries(t, run(t, "first", 1, 4, true), run(t, "second", 0.5, 8, false, "optimizer.kind=adam"))
	names, rows := compare.Columns(list)
	table := compare.Table(names, rows)
	lines := strings.Split(table, "\n")
	if f := strings.Fields(lines[1]); f[0] != "first" || f[1] != "emsa" || f[2] != "4" || f[3] != "1" || f[4] != "50" || f[5] != "0.25" || f[8] != "iterations" {
		t.Errorf("%q", f)
	}
	// The second one goes on: its numbers come from the iterations, and it has no metrics yet.
	if f := strings.Fields(lines[2]); len(f) != 9 || f[2] != "8" || f[4] != "116" || f[6] != "0.0625" || f[8] != "running" {
		t.Errorf("%q", f)
	}
	if strings.Index(lines[0], "optimizer") != strings.Index(lines[1], "emsa") || strings.Index(lines[0], "seconds")+len("seconds") != strings.Index(lines[2], "  2  ")+3 {
		t.Errorf("columns are not aligned:\n%s", table)
	}
	b, err := compare.CSV(names, rows)
	if err != nil {
		t.Fatal(err)
	}
	back, err := csv.NewReader(strings.NewReader(string(b))).ReadAll()
	if err != nil || len(back) != 3 || back[1][6] != "0.25" || back[0][9] != hostile || back[2][10] != "" {
		t.Errorf("%v\n%s", err, b)
	}
	if compare.Best(list) != 1 {
		t.Errorf("best is %d", compare.Best(list))
	}
	list[0].Summary.Task = "control"
	if compare.Best(list) != -1 {
		t.Error("losses of different problems are compared")
	}
}

func TestDifferences(t *testing.T) {
	list := entries(t, run(t, "a", 1, 1, true, "solver.rtol=1e-4"), run(t, "b", 1, 1, true, "optimizer.kind=adam"))
	got := map[string]string{}
	for _, d := range compare.Differences(list) {
		got[d.Key] = strings.Join(d.Values, " | ")
	}
	for key, want := range map[string]string{"name": `"a" | "b"`, "solver.rtol": "0.0001 | 1e-06", "optimizer.kind": `"emsa" | "adam"`, "optimizer.learning_rate": " | 0.01", "optimizer.rho": "0.0 | "} {
		if got[key] != want {
			t.Errorf("%s: %q, want %q", key, got[key], want)
		}
	}
	if _, has := got["solver.atol"]; has {
		t.Error("solver.atol is the same")
	}
}

func TestLabels(t *testing.T) {
	list := []*compare.Entry{{Label: "spiral", Dir: "x/one"}, {Label: "spiral", Dir: "y/one"}, {Label: "moons", Dir: "z"}, {Label: "spiral", Dir: "y/two"}}
	compare.Label(list)
	var got []string
	for _, e := range list {
		got = append(got, e.Label)
	}
	if strings.Join(got, ", ") != "one, one #2, moons, two" {
		t.Errorf("%q", got)
	}
}

func TestRead(t *testing.T) {
	if _, err := compare.Read(t.TempDir()); !errors.Is(err, rundir.ErrIO) || !strings.Contains(err.Error(), "is not a run directory") {
		t.Errorf("%v", err)
	}
}

// The curves over evaluations stand at their sums, with all digits in the CSV.
func TestWrite(t *testing.T) {
	list := entries(t, run(t, "first", 1, 4, true), run(t, "second", 0.5, 8, true))
	dir := t.TempDir()
	if err := compare.Write(dir, "costate compare "+hostile, list, []string{"svg"}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, rundir.Figures, "loss_evaluations.csv"))
	if err != nil || !strings.HasPrefix(string(b), "series,x,y\nfirst,11,1\nfirst,23,0.5\nfirst,36,0.333") {
		t.Errorf("%v\n%s", err, b)
	}
	for _, name := range []string{compare.TableFile, "figures/loss_iterations.svg", "figures/loss_seconds.csv", "figures/held_out.svg", "figures/pmp_residual.svg"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	html, err := os.ReadFile(filepath.Join(dir, compare.PageFile))
	if err != nil {
		t.Fatal(err)
	}
	if s := string(html); strings.Contains(s, "<b onclick") || strings.Contains(s, "://") || !strings.Contains(s, `<tr class="best"><th scope="row" class="word">second</th>`) {
		t.Error("the page lets text through, needs something from elsewhere or marks the wrong run")
	}

	p := browser.Open(t, filepath.Join(dir, compare.PageFile), 1200, 900)
	const chart = "document.querySelector('#chart-loss_seconds')"
	p.Eval(chart+".querySelector('svg[role]').focus()", nil)
	p.Key("Home")
	p.Key("ArrowRight")
	p.Key("ArrowRight")
	p.Key("ArrowRight")
	p.Key("ArrowRight") // the fifth of 0.25, 0.5, …: the first run ended at 1
	if got := p.Text(chart + ".querySelector('.values').textContent"); !strings.Contains(got, "seconds 1.25") || !strings.Contains(got, "first 0.25") || !strings.Contains(got, "second 0.1") {
		t.Errorf("at the cursor: %q", got)
	}
	if err := p.Quiet(); err != nil {
		t.Error(err)
	}
}

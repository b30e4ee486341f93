package rundir_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/rundir"
)

func create(t *testing.T) *rundir.Dir {
	t.Helper()
	d, err := rundir.Create(t.TempDir(), "spiral", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestCreate(t *testing.T) {
	d := create(t)
	if name := filepath.Base(d.Path()); !regexp.MustCompile(`^spiral-\d{8}T\d{6}Z-[0-9a-f]{6}$`).MatchString(name) {
		t.Errorf("name %q", name)
	}
	for _, f := range []string{"metrics.jsonl", "events.jsonl", "log.jsonl", "checkpoints", "figures"} {
		if _, err := os.Stat(d.Path(f)); err != nil {
			t.Error(err)
		}
	}
	out := filepath.Join(t.TempDir(), "a", "b")
	e, err := rundir.Create("", "spiral", out)
	if err != nil || e.Path() != out {
		t.Fatal(e, err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	var occupied *rundir.OccupiedError
	if _, err := rundir.Create("", "spiral", out); !errors.As(err, &occupied) {
		t.Errorf("a directory with files: %v", err)
	}
	if _, err := rundir.Create("", "spiral", t.TempDir()); err != nil {
		t.Errorf("an empty directory: %v", err)
	}
	if _, err := rundir.Open(t.TempDir()); !errors.Is(err, rundir.ErrIO) || !strings.Contains(err.Error(), "is not a run directory") {
		t.Errorf("not a run: %v", err)
	}
}

func TestFilesReadBack(t *testing.T) {
	d := create(t)
	c := config.Default()
	if err := d.WriteConfig(c); err != nil {
		t.Fatal(err)
	}
	if back, err := config.Load(d.Path(rundir.ConfigFile)); err != nil || back.Hash() != c.Hash() {
		t.Errorf("config: %v", err)
	}
	m := rundir.NewManifest()
	m.Seed, m.DataHashes["spiral"] = math.MaxUint64, "abc"
	s := &rundir.Summary{Name: "spiral", BestLoss: 1e-300, FinalLoss: rundir.Float(math.Inf(1)), Metrics: map[string]rundir.Float{"mse": 0.1}}
	s.NFE.Forward = 7
	if err := errors.Join(d.WriteManifest(m), d.WriteSummary(s), d.SetStatus(rundir.Failed, "why", 12)); err != nil {
		t.Fatal(err)
	}
	if got, err := rundir.ReadManifest(d.Path()); err != nil || !reflect.DeepEqual(got, m) {
		t.Errorf("manifest: %+v %v", got, err)
	}
	if got, err := rundir.ReadSummary(d.Path()); err != nil || !reflect.DeepEqual(got, s) {
		t.Errorf("summary: %+v %v", got, err)
	}
	if got, err := rundir.ReadStatus(d.Path()); err != nil || got.State != rundir.Failed || got.Reason != "why" || got.Iteration != 12 || got.PID != os.Getpid() {
		t.Errorf("status: %+v %v", got, err)
	}
}

// The keys that programs rely on.
func TestKeys(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{rundir.Metrics{}, "iteration epoch wall_seconds loss val_loss hamiltonian pmp_residual grad_norm control_norm step_parameter accepted nfe_forward nfe_backward steps_accepted steps_rejected min_step max_step rollbacks"},
		{rundir.Summary{}, "name task optimizer costate method seed iterations stop_reason wall_seconds initial_loss final_loss best_loss best_iteration metrics nfe steps pmp params peak_rss_bytes"},
	} {
		b, err := json.Marshal(c.v)
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		keys := strings.Fields(c.want)
		if len(m) != len(keys) {
			t.Errorf("%d keys, want %d", len(m), len(keys))
		}
		for _, k := range keys {
			if _, ok := m[k]; !ok {
				t.Errorf("%T has no %s", c.v, k)
			}
		}
	}
}

func TestFloat(t *testing.T) {
	for v, want := range map[float64]string{1.5: "1.5", math.Inf(1): `"+Inf"`, math.Inf(-1): `"-Inf"`, 1e-310: "1e-310"} {
		b, err := json.Marshal(rundir.Float(v))
		var back rundir.Float
		if err != nil || string(b) != want || json.Unmarshal(b, &back) != nil || float64(back) != v {
			t.Errorf("%g: %s, %v, back %g", v, b, err, float64(back))
		}
	}
	b, _ := json.Marshal(rundir.Float(math.NaN()))
	var back rundir.Float
	if string(b) != `"NaN"` || json.Unmarshal(b, &back) != nil || !math.IsNaN(float64(back)) {
		t.Errorf("NaN: %s %g", b, float64(back))
	}
	if json.Unmarshal([]byte(`"x"`), &back) == nil {
		t.Error("a word is no number")
	}
}

func TestCutBack(t *testing.T) {
	d := create(t)
	for i := range 10 {
		if err := errors.Join(d.AppendMetrics(&rundir.Metrics{Iteration: i, Loss: rundir.Float(i)}), d.AppendEvent(&rundir.Event{Iteration: i, Kind: "rollback"})); err != nil {
			t.Fatal(err)
		}
	}
	whole, _ := os.ReadFile(d.Path(rundir.MetricsFile))
	f, err := os.OpenFile(d.Path(rundir.MetricsFile), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, `{"iteration":10,"lo`) // a crash in the middle of a row
	f.Close()
	if rows, err := rundir.ReadMetrics(d.Path()); err != nil || len(rows) != 10 {
		t.Errorf("with a cut-off row: %d rows, %v", len(rows), err)
	}
	if err := d.CutBack(4); err != nil {
		t.Fatal(err)
	}
	for i := 5; i < 10; i++ { // the resumed run
		if err := d.AppendMetrics(&rundir.Metrics{Iteration: i, Loss: rundir.Float(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if again, _ := os.ReadFile(d.Path(rundir.MetricsFile)); string(again) != string(whole) {
		t.Errorf("the resumed file differs:\n%s", again)
	}
	if ev, err := rundir.ReadEvents(d.Path()); err != nil || len(ev) != 5 {
		t.Errorf("%d events, %v", len(ev), err)
	}
}

func TestPeakRSS(t *testing.T) {
	if v := rundir.PeakRSS(); v != 0 && v < 1<<20 {
		t.Errorf("peak memory of %d bytes", v)
	}
}

// Plain gives encoding/json numbers that it takes whatever they are.
func TestPlain(t *testing.T) {
	v := struct {
		Drift  float64   `json:"drift"`
		List   []float64 `json:"list,omitempty"`
		Hidden float64   `json:"-"`
		Name   string
		Exact  bool `json:"exact"`
		Inner  *struct{ A float64 }
		own    int
	}{Drift: math.Inf(-1), List: []float64{1, math.NaN()}, Name: "x", Inner: &struct{ A float64 }{0.5}, own: 1}
	b, err := json.Marshal(rundir.Plain(v))
	if want := `{"Inner":{"A":0.5},"Name":"x","drift":"-Inf","exact":false,"list":[1,"NaN"]}`; err != nil || string(b) != want {
		t.Errorf("%s %v, want %s", b, err, want)
	}
	if b, err := json.Marshal(rundir.Plain(nil)); err != nil || string(b) != "null" {
		t.Errorf("%s %v", b, err)
	}
}

// One process works in a directory at a time; others may look.
func TestLock(t *testing.T) {
	switch runtime.GOOS {
	case "darwin", "dragonfly", "freebsd", "illumos", "linux", "netbsd", "openbsd":
	default:
		t.Skip("no locks on", runtime.GOOS)
	}
	d := create(t)
	if err := errors.Join(d.WriteFile(rundir.ConfigFile, nil), d.Lock()); err != nil {
		t.Fatal(err)
	}
	other, err := rundir.Open(d.Path())
	if err != nil {
		t.Fatal(err)
	}
	var busy *rundir.BusyError
	if err := other.Lock(); !errors.As(err, &busy) || busy.Dir != d.Path() || !errors.Is(err, rundir.ErrIO) {
		t.Errorf("%v", err)
	}
	if err := errors.Join(d.CutBack(0), d.AppendEvent(&rundir.Event{})); err != nil {
		t.Fatal(err)
	}
	if err := other.Lock(); err == nil {
		t.Error("cutting back lost the lock")
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(other.Lock(), other.Close()); err != nil {
		t.Errorf("after the first one closed: %v", err)
	}
}

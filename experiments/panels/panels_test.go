package panels_test

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/panels"
	"github.com/costate-go/costate/experiments/rundir"
)

func some() *panels.Set {
	return &panels.Set{
		Heats:  []panels.Heat{{ID: "h", X: []float64{0, 1}, Y: []float64{5}, V: [][]rundir.Float{{1, rundir.Float(math.Inf(1))}}}},
		Flows:  []panels.Flow{{ID: "f", T: []float64{0, 1}, Classes: []string{"a"}, Tracks: []panels.Track{{X: []rundir.Float{1, 2}, Y: []rundir.Float{3, 4}}, {X: []rundir.Float{1}, Y: []rundir.Float{1}, Still: true}}}},
		Frames: []panels.Frames{{ID: "d", X1: 1, Y1: 1, Columns: 1, Rows: 2, Classes: []string{"a", "b"}, Frames: []panels.Frame{{Iteration: 3, Class: []int{0, 1}, Sure: []int{9, 0}}}, PX: []rundir.Float{0.5}, PY: []rundir.Float{0.5}, PClass: []int{1}}},
	}
}

func TestWriteAndRead(t *testing.T) {
	dir := t.TempDir()
	if got, err := panels.Read(dir); err != nil || got == nil || len(got.Heats) != 0 {
		t.Errorf("%+v %v", got, err)
	}
	if err := panels.Write(dir, some()); err != nil {
		t.Fatal(err)
	}
	if got, err := panels.Read(dir); err != nil || !reflect.DeepEqual(got, some()) {
		t.Errorf("%+v %v", got, err)
	}
}

// What does not fit together is refused, so that nobody draws beyond the end of a list.
func TestMisfits(t *testing.T) {
	for name, spoil := range map[string]func(s *panels.Set){
		"rows":    func(s *panels.Set) { s.Heats[0].Y = append(s.Heats[0].Y, 1) },
		"columns": func(s *panels.Set) { s.Heats[0].X = s.Heats[0].X[:1] },
		"empty":   func(s *panels.Set) { s.Heats[0] = panels.Heat{} },
		"times":   func(s *panels.Set) { s.Flows[0].T = nil },
		"track":   func(s *panels.Set) { s.Flows[0].Tracks[0].X = s.Flows[0].Tracks[0].X[:1] },
		"line":    func(s *panels.Set) { s.Flows[0].Tracks[0].LineX = s.Flows[0].Tracks[0].X },
		"class":   func(s *panels.Set) { s.Flows[0].Tracks[0].Class = 1 },
		"cells":   func(s *panels.Set) { s.Frames[0].Rows = 3 },
		"range":   func(s *panels.Set) { s.Frames[0].X1 = 0 },
		"points":  func(s *panels.Set) { s.Frames[0].PClass = nil },
	} {
		dir, s := t.TempDir(), some()
		spoil(s)
		if err := panels.Write(dir, s); err != nil {
			t.Fatal(err)
		}
		if _, err := panels.Read(dir); err == nil || !strings.Contains(err.Error(), panels.File) {
			t.Errorf("%s: %v", name, err)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, panels.File), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := panels.Read(dir); err == nil {
		t.Error("half a file")
	}
}

func TestShort(t *testing.T) {
	for v, want := range map[float64]float64{0: 0, 1.23456: 1.235, -98765.4: -98770, 1e-300 / 3: 3.333e-301, math.Inf(-1): math.Inf(-1), 5e-324: 5e-324, math.MaxFloat64: math.MaxFloat64} {
		if got := panels.Short(v); got != want && !(math.Abs(got-want) <= 1e-12*math.Abs(want)) {
			t.Errorf("%g becomes %g, want %g", v, got, want)
		}
	}
	if !math.IsNaN(panels.Short(math.NaN())) {
		t.Error("NaN")
	}
}

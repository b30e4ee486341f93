package data_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/data"
	"github.com/costate-go/costate/experiments/npz"
)

func TestNumPyTables(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, arrays ...npz.Array) *data.Table {
		t.Helper()
		b, err := npz.Encode(arrays, map[string]string{"made_by": "hand"})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		tab, err := data.ReadTable(path)
		if err != nil {
			t.Fatal(err)
		}
		return tab
	}
	tab := write("series.npz", npz.Array{Name: "x", Shape: []int{3, 2}, Data: []float64{1, 2, math.NaN(), 4, 5, 1. / 3}}, npz.Array{Name: "t", Shape: []int{3}, Data: []float64{0, 1, 2.5}})
	s, err := tab.Series(data.CSVOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(s.TimeName, s.Names, s.T, s.X, s.Missing); got != "t[x1 x2] [0 1 2.5] [1 2 NaN 4 5 0.3333333333333333] 1" || len(s.Hash) != 64 {
		t.Error(got)
	}
	tab = write("points.npz", npz.Array{Name: "y", Shape: []int{2, 1}, Data: []float64{3, 1}}, npz.Array{Name: "x", Shape: []int{2, 1, 2}, Data: []float64{1, 2, 3, 4}})
	p, err := tab.Points(data.CSVOptions{})
	if err != nil || fmt.Sprint(p.Names, p.X, p.Labels, p.Classes) != "[x1 x2] [1 2 3 4] [1 0] [1 3]" {
		t.Errorf("%+v %v", p, err)
	}

	matrix := "\x93NUMPY\x01\x00\x76\x00{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }"
	matrix += strings.Repeat(" ", 127-len(matrix)) + "\n\x01\x02\x03\x04\x05\x06"
	for name, c := range map[string]struct{ text, want string }{
		"good.npy":  {matrix, ""},
		"short.npy": {matrix[:130], "short.npy: byte 128: holds 2 bytes of numbers"},
		"text.npz":  {"t,x\n", "text.npz: byte 0: is no zip archive"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		tab, err := data.ReadTable(path)
		if c.want != "" {
			if !errors.Is(err, data.ErrData) || !errors.Is(err, npz.ErrFormat) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || fmt.Sprint(tab.Header, tab.Names, tab.Cells) != "false [1 2 3] [[1 2 3] [4 5 6]]" {
			t.Errorf("%+v %v", tab, err)
		}
	}
	for want, arrays := range map[string][]npz.Array{
		`column "x": has 1 rows, and "t" has 2`: {{Name: "t", Shape: []int{2}, Data: []float64{0, 1}}, {Name: "x", Shape: []int{1}, Data: []float64{0}}},
		`has the shape [] and no rows`:          {{Name: "t", Data: []float64{0}}},
		`two columns have this name`:            {{Name: "a1", Shape: []int{1}, Data: []float64{0}}, {Name: "a", Shape: []int{1, 2}, Data: []float64{0, 1}}},
		`holds no arrays of numbers`:            nil,
	} {
		b, err := npz.Encode(arrays, map[string]string{"text": "x"})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "bad.npz")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := data.ReadTable(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

// The classes of the spirals and of the board are where they should be.
func TestSpiralsAndBoard(t *testing.T) {
	p := data.Spirals(200, 0, 3)
	for s := range p.Len() {
		x := p.Row(s)
		r, angle := math.Hypot(x[0], x[1]), math.Atan2(x[1], x[0])
		turns := (angle-3*math.Pi*r)/math.Pi - float64(p.Labels[s])
		if off := math.Abs(turns - 2*math.Round(turns/2)); r > 1 || off > 1e-9 {
			t.Fatalf("point %v of class %d is %g off its arm", x, p.Labels[s], off)
		}
	}
	p = data.Board(300, 0, 3)
	for s := range p.Len() {
		x := p.Row(s)
		dark := int(math.Floor(x[0])+math.Floor(x[1])) & 1
		if dark != p.Labels[s] || math.Abs(x[0]) > 2 || math.Abs(x[1]) > 2 {
			t.Fatalf("point %v has the class %d", x, p.Labels[s])
		}
	}
	if len(p.Classes) != 2 || p.Classes[1] != "dark" {
		t.Errorf("classes %v", p.Classes)
	}
}

package npz_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/npz"
)

var arrays = []npz.Array{
	{Name: "layers.0.weight", Shape: []int{1, 2, 3}, Data: []float64{1, 2, 3, 4, 5, math.Pi}},
	{Name: "mesh", Shape: []int{2}, Data: []float64{0, math.Inf(1)}},
	{Name: "scalar", Data: []float64{-0.5}},
	{Name: "none", Shape: []int{0, 4}},
}

var texts = map[string]string{"metadata": `{"a": "ü"}`, "empty": ""}

func encode(t *testing.T) []byte {
	t.Helper()
	b, err := npz.Encode(arrays, texts)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Every member is a .npy file as NumPy's documentation describes it.
func TestLayout(t *testing.T) {
	b := encode(t)
	if !bytes.Equal(b, encode(t)) {
		t.Error("the same content gives other bytes")
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil || len(z.File) != 6 {
		t.Fatal(len(z.File), err)
	}
	want := map[string]string{
		"layers.0.weight.npy": "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2, 3), }",
		"mesh.npy":            "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }",
		"scalar.npy":          "{'descr': '<f8', 'fortran_order': False, 'shape': (), }",
		"none.npy":            "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 4), }",
		"metadata.npy":        "{'descr': '|S11', 'fortran_order': False, 'shape': (), }",
		"empty.npy":           "{'descr': '|S1', 'fortran_order': False, 'shape': (), }",
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil || f.Method != zip.Store || string(content[:8]) != "\x93NUMPY\x01\x00" {
			t.Fatalf("%s: % x, %v", f.Name, content[:8], err)
		}
		n := int(binary.LittleEndian.Uint16(content[8:]))
		head, data := string(content[10:10+n]), content[10+n:]
		if (10+n)%64 != 0 || strings.TrimRight(head, " \n") != want[f.Name] || head[n-1] != '\n' {
			t.Errorf("%s: a header of %d bytes: %q", f.Name, n, head)
		}
		if f.Name == "layers.0.weight.npy" && (len(data) != 48 || math.Float64frombits(binary.LittleEndian.Uint64(data[40:])) != math.Pi) {
			t.Errorf("%d bytes of numbers", len(data))
		}
		if f.Name == "metadata.npy" && string(data) != texts["metadata"] {
			t.Errorf("metadata %q", data)
		}
	}
}

func TestErrors(t *testing.T) {
	for name, list := range map[string][]npz.Array{
		"twice": {arrays[1], arrays[1]}, "shape": {{Name: "a", Shape: []int{2}, Data: []float64{1}}}, "text": {{Name: "metadata", Data: []float64{1}}}, "no name": {{Data: []float64{1}}},
	} {
		if _, err := npz.Encode(list, texts); !errors.Is(err, npz.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := npz.Encode(nil, map[string]string{"a": "b\x00"}); !errors.Is(err, npz.ErrFormat) {
		t.Errorf("a zero byte at the end: %v", err)
	}
}

func TestNumPy(t *testing.T) {
	if exec.Command("python3", "-c", "import numpy").Run() != nil {
		t.Skip("python3 with NumPy is not here")
	}
	path := filepath.Join(t.TempDir(), "a.npz")
	if err := os.WriteFile(path, encode(t), 0o600); err != nil {
		t.Fatal(err)
	}
	const script = `import json, math, sys, numpy
z = numpy.load(sys.argv[1])
w = z["layers.0.weight"]
print(w.shape, w.dtype, w[0, 1, 2] == math.pi, z["mesh"].tolist(), float(z["scalar"]), z["none"].shape, json.loads(z["metadata"].item())["a"])`
	const want = "(1, 2, 3) float64 True [0.0, inf] -0.5 (0, 4) ü\n"
	if out, err := exec.Command("python3", "-c", script, path).CombinedOutput(); err != nil || string(out) != want {
		t.Errorf("%v, it prints %q and not %q", err, out, want)
	}
}

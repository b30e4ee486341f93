package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// idx encodes bytes in IDX format.
func idx(shape []int, payload []byte) []byte {
	b := []byte{0, 0, 8, byte(len(shape))}
	for _, d := range shape {
		b = binary.BigEndian.AppendUint32(b, uint32(d))
	}
	return append(b, payload...)
}

func write(t *testing.T, folder, name string, b []byte) string {
	t.Helper()
	if strings.HasSuffix(name, ".gz") {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		b = z.Bytes()
	}
	file := filepath.Join(folder, name)
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestReadIDX(t *testing.T) {
	folder := t.TempDir()
	payload := []byte{1, 2, 3, 4, 5, 6}
	for _, name := range []string{"plain", "packed.gz"} {
		x, err := ReadIDX(write(t, folder, name, idx([]int{2, 3}, payload)))
		if err != nil {
			t.Fatal(err)
		}
		if len(x.Shape) != 2 || x.Shape[0] != 2 || x.Shape[1] != 3 || !bytes.Equal(x.Bytes, payload) || len(x.Hash) != 64 {
			t.Errorf("%s: %+v", name, x)
		}
	}
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"empty":    {nil, "byte 0: the file ends inside the magic number"},
		"magic":    {[]byte{1, 0, 8, 1, 0, 0, 0, 1, 7}, "byte 0: an IDX file begins with two zero bytes"},
		"type":     {[]byte{0, 0, 0x0d, 1, 0, 0, 0, 1, 7}, "byte 2: holds numbers of type 0x0d"},
		"rank":     {[]byte{0, 0, 8, 9}, "byte 3: has 9 dimensions"},
		"shape":    {[]byte{0, 0, 8, 2, 0, 0, 0, 1, 0, 0}, "byte 8: the file ends inside dimension 2"},
		"huge":     {idx([]int{1 << 30, 1 << 30}, nil), "byte 8: the shape begins with [1073741824 1073741824]"},
		"short":    {idx([]int{2, 3}, payload[:4]), "byte 16: the file ends here"},
		"long":     {idx([]int{2, 2}, payload), "byte 16: more data than the shape"},
		"false.gz": {nil, "is not gzip"},
	} {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, c.b, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := ReadIDX(file)
		if !errors.Is(err, ErrData) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v does not say %q", name, err, c.want)
		}
	}
}

func TestReadImages(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "train-images-idx3-ubyte", idx([]int{3, 1, 2}, []byte{1, 2, 3, 4, 5, 6}))
	write(t, folder, "train-labels-idx1-ubyte.gz", idx([]int{3}, []byte{0, 2, 1}))
	write(t, folder, "t10k-images-idx3-ubyte.gz", idx([]int{1, 1, 2}, []byte{7, 8}))
	_, err := ReadImages(folder)
	if !errors.Is(err, ErrData) || !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "t10k-labels-idx1-ubyte") {
		t.Errorf("a missing file: %v", err)
	}
	write(t, folder, "t10k-labels-idx1-ubyte", idx([]int{1}, []byte{2}))
	m, err := ReadImages(folder)
	if err != nil {
		t.Fatal(err)
	}
	if m.Len() != 4 || m.Train != 3 || m.Dim() != 2 || len(m.Classes) != 3 || len(m.Hashes) != 4 || m.Labels[1] != 2 || !bytes.Equal(m.Row(3), []byte{7, 8}) {
		t.Errorf("%+v", m)
	}
	write(t, folder, "t10k-labels-idx1-ubyte", idx([]int{2}, []byte{2, 2}))
	if _, err := ReadImages(folder); err == nil || !strings.Contains(err.Error(), "there are 1 images") {
		t.Errorf("labels too many: %v", err)
	}
}

// Package npz writes and reads NumPy's formats: .npy files of one array each, and zip archives of several
// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
package npz

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ErrFormat is what errors of Encode are (errors.Is).
var ErrFormat = errors.New("npz")

// Array is a named array of float64, row major.
type Array struct {
	Name  string
	Shape []int
	Data  []float64
}

// Encode gives the bytes of a file with arrays and, each as an array of bytes without dimensions, texts. The same content gives
// the same bytes. Texts must not end with a zero byte, which NumPy would drop.
func Encode(arrays []Array, texts map[string]string) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	seen := map[string]bool{}
	add := func(name string, content []byte) error {
		if name == "" || seen[name] {
			return fmt.Errorf("%w: the name %q is empty or taken", ErrFormat, name)
		}
		seen[name] = true
		w, err := z.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Store}) // no time: the same bytes again
		if err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	}
	for _, a := range arrays {
		n := 1
		for _, d := range a.Shape {
			n *= d
		}
		if n != len(a.Data) {
			return nil, fmt.Errorf("%w: array %q of shape %v has %d numbers", ErrFormat, a.Name, a.Shape, len(a.Data))
		}
		content := head("<f8", a.Shape)
		for _, v := range a.Data {
			content = binary.LittleEndian.AppendUint64(content, math.Float64bits(v))
		}
		if err := add(a.Name, content); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		text := texts[name]
		if strings.HasSuffix(text, "\x00") {
			return nil, fmt.Errorf("%w: the text %q ends with a zero byte", ErrFormat, name)
		}
		kind := fmt.Sprintf("|S%d", max(1, len(text))) // NumPy has no strings of length 0
		content := append(head(kind, nil), text...)
		if text == "" {
			content = append(content, 0)
		}
		if err := add(name, content); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// head is what stands before the numbers: magic, version, and a literal of Python padded to a multiple of 64 bytes.
func head(kind string, shape []int) []byte {
	dims := make([]string, len(shape))
	for i, d := range shape {
		dims[i] = strconv.Itoa(d)
	}
	tuple := strings.Join(dims, ", ")
	if len(dims) == 1 {
		tuple += ","
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", kind, tuple)
	const before = 10 // magic, version, length
	text += strings.Repeat(" ", 63-(before+len(text))%64) + "\n"
	out := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(out[8:], uint16(len(text)))
	return append(out, text...)
}

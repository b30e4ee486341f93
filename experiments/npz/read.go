package npz

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
)

// Error is a fault in a file, at a byte.
type Error struct {
	Array string // in an archive; empty: the file itself
	Byte  int    // from the begin of the array's file
	Text  string // what is wrong, with the remedy
}

// Error is `array "x": byte 12: what is wrong`.
func (e *Error) Error() string {
	s := fmt.Sprintf("byte %d: %s", e.Byte, e.Text)
	if e.Array != "" {
		s = fmt.Sprintf("array %q: %s", e.Array, s)
	}
	return s
}

// Is reports that e is ErrFormat.
func (e *Error) Is(target error) bool { return target == ErrFormat }

const magic = "\x93NUMPY"

// Decode reads the numeric arrays of a zip archive in its order, deflated or not; strings are left out. limit is the largest number of
// numbers in all arrays together. Errors are *Error.
func Decode(b []byte, limit int) ([]Array, error) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, &Error{Text: "is no zip archive (" + err.Error() + "); write it with numpy.savez"}
	}
	var out []Array
	for _, f := range z.File {
		name := strings.TrimSuffix(f.Name, ".npy")
		fault := &Error{Array: name}
		if name == f.Name {
			fault.Text = "is no .npy file; write archives with numpy.savez"
			return nil, fault
		}
		most := int64(limit)*8 + 1<<16 // the numbers that may still come, and a head
		if f.UncompressedSize64 > uint64(most) {
			fault.Text = fmt.Sprintf("holds %d bytes, more than the %d numbers that are read at most; take fewer rows", f.UncompressedSize64, limit)
			return nil, fault
		}
		r, err := f.Open()
		if err != nil {
			fault.Text = "cannot be opened: " + err.Error()
			return nil, fault
		}
		content, err := io.ReadAll(io.LimitReader(r, most+1))
		if e := r.Close(); err == nil {
			err = e
		}
		if err != nil {
			fault.Byte, fault.Text = len(content), "cannot be read: "+err.Error()+"; the file is damaged"
			return nil, fault
		}
		if strings.Contains("SU", textKind(content)) {
			continue
		}
		a, err := DecodeArray(name, content, limit)
		if err != nil {
			return nil, err
		}
		limit -= len(a.Data)
		out = append(out, a)
	}
	return out, nil
}

// textKind is S or U for an array of strings, and something else otherwise.
func textKind(b []byte) string {
	_, rest, ok := strings.Cut(string(b[:min(len(b), 256)]), "'descr': '")
	if !ok || len(rest) < 2 {
		return "?"
	}
	return rest[1:2]
}

// DecodeArray reads a .npy file of booleans, integers or floating-point numbers, versions 1 to 3. limit is the largest number of numbers.
// Errors are *Error.
func DecodeArray(name string, b []byte, limit int) (Array, error) {
	fail := func(at int, format string, args ...any) (Array, error) {
		return Array{}, &Error{Array: name, Byte: at, Text: fmt.Sprintf(format, args...)}
	}
	if len(b) < 10 || string(b[:6]) != magic {
		return fail(0, "does not begin as a .npy file; write it with numpy.save")
	}
	var size, at int
	switch b[6] {
	case 1:
		size, at = int(binary.LittleEndian.Uint16(b[8:])), 10
	case 2, 3:
		if len(b) < 12 {
			return fail(8, "ends within the length of its head")
		}
		size, at = int(binary.LittleEndian.Uint32(b[8:])), 12
	default:
		return fail(6, "has version %d of the format; versions 1 to 3 are read", b[6])
	}
	if size > 1<<16 || at+size > len(b) {
		return fail(8, "says that its head has %d bytes, and %d are there (at most 65536 are read)", size, len(b)-at)
	}
	h, fault := parseHead(string(b[at : at+size]))
	if fault != nil {
		return fail(at+fault.Byte, "%s", fault.Text)
	}
	width, number, ok := reader(h.kind)
	if !ok {
		return fail(at+h.kindAt, "holds %q; booleans, integers and floating-point numbers are read, and nothing that needs pickle", h.kind)
	}
	n := 1
	for _, d := range h.shape {
		if d < 0 || d > 0 && n > limit/d {
			return fail(at+h.shapeAt, "has the shape %v, and %d numbers are read at most; take fewer rows", h.shape, limit)
		}
		n *= d
	}
	body := b[at+size:]
	if len(body) != n*width {
		return fail(at+size, "holds %d bytes of numbers, and %v of %s are %d; the file is cut off or damaged", len(body), h.shape, h.kind, n*width)
	}
	a := Array{Name: name, Shape: h.shape, Data: make([]float64, n)}
	for i := range a.Data {
		a.Data[i] = number(body[i*width:])
	}
	if h.fortran {
		a.Data = rowMajor(a.Data, h.shape)
	}
	return a, nil
}

// rowMajor turns numbers in column-major order.
func rowMajor(x []float64, shape []int) []float64 {
	out := make([]float64, len(x))
	index := make([]int, len(shape))
	for _, v := range x {
		at := 0
		for i, d := range shape {
			at = at*d + index[i]
		}
		out[at] = v
		for i := range index {
			if index[i]++; index[i] < shape[i] {
				break
			}
			index[i] = 0
		}
	}
	return out
}

// reader is the width of a kind of number and how to read one.
func reader(kind string) (width int, number func(b []byte) float64, ok bool) {
	if len(kind) != 3 || !strings.Contains("<>|=", kind[:1]) {
		return 0, nil, false
	}
	var order binary.ByteOrder = binary.LittleEndian
	if kind[0] == '>' {
		order = binary.BigEndian
	}
	switch kind[1:] {
	case "f8":
		return 8, func(b []byte) float64 { return math.Float64frombits(order.Uint64(b)) }, true
	case "f4":
		return 4, func(b []byte) float64 { return float64(math.Float32frombits(order.Uint32(b))) }, true
	case "i8":
		return 8, func(b []byte) float64 { return float64(int64(order.Uint64(b))) }, true
	case "u8":
		return 8, func(b []byte) float64 { return float64(order.Uint64(b)) }, true
	case "i4":
		return 4, func(b []byte) float64 { return float64(int32(order.Uint32(b))) }, true
	case "u4":
		return 4, func(b []byte) float64 { return float64(order.Uint32(b)) }, true
	case "i2":
		return 2, func(b []byte) float64 { return float64(int16(order.Uint16(b))) }, true
	case "u2":
		return 2, func(b []byte) float64 { return float64(order.Uint16(b)) }, true
	case "i1":
		return 1, func(b []byte) float64 { return float64(int8(b[0])) }, true
	case "u1", "b1":
		return 1, func(b []byte) float64 { return float64(b[0]) }, true
	}
	return 0, nil, false
}

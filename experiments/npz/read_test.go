package npz_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/npz"
)

// npy is a file as NumPy writes it.
func npy(dict string, body ...any) []byte {
	text := dict + strings.Repeat(" ", 63-(10+len(dict))%64) + "\n"
	b := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(b[8:], uint16(len(text)))
	b = append(b, text...)
	for _, v := range body {
		b, _ = binary.Append(b, binary.LittleEndian, v)
	}
	return b
}

func archive(t *testing.T, method uint16, files ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: files[i].(string), Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(files[i+1].([]byte)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDecodeArray(t *testing.T) {
	big := binary.BigEndian.AppendUint32(npy("{'descr': '>u4', 'fortran_order': False, 'shape': (1,), }"), 7)
	for _, c := range []struct {
		file []byte
		want string
	}{
		{npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }", []float64{1, 2, 3, 4.5}), "[2 2] [1 2 3 4.5]"},
		{npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", []float32{1, 2, 3, 4, 5, 6}), "[2 3] [1 3 5 2 4 6]"},
		{npy(`{"descr": "<i8", "fortran_order": False, "shape": (3,)}`, []int64{-1, 0, 9}), "[3] [-1 0 9]"},
		{npy("{'descr': '|u1', 'fortran_order': False, 'shape': (), }", uint8(200)), "[] [200]"},
		{npy("{'descr': '|b1', 'fortran_order': False, 'shape': (2L,), }", []uint8{0, 1}), "[2] [0 1]"},
		{npy("{'descr': '<i2', 'fortran_order': False, 'shape': (0, 4), }"), "[0 4] []"},
		{npy("{'descr': '<i4', 'fortran_order': True, 'shape': (1, 2, 2), }", []int32{1, 2, 3, 4}), "[1 2 2] [1 3 2 4]"},
		{big, "[1] [7]"},
	} {
		a, err := npz.DecodeArray("", c.file, 100)
		if got := fmt.Sprint(a.Shape, a.Data); err != nil || got != c.want {
			t.Errorf("%s, %v\nwant %s", got, err, c.want)
		}
	}
}

// What Encode writes, Decode reads, without the texts; and deflated archives.
func TestDecode(t *testing.T) {
	arrays := []npz.Array{{Name: "t", Shape: []int{2}, Data: []float64{0, 1}}, {Name: "x", Shape: []int{2, 2}, Data: []float64{1, 2, 3, 4}}}
	b, err := npz.Encode(arrays, map[string]string{"metadata": "{}"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := npz.Decode(b, 6); err != nil || fmt.Sprint(got) != fmt.Sprint(arrays) {
		t.Errorf("%v %v", got, err)
	}
	deflated := archive(t, zip.Deflate, "a.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", 2.5))
	if got, err := npz.Decode(deflated, 6); err != nil || got[0].Data[0] != 2.5 {
		t.Errorf("%v %v", got, err)
	}
}

func TestDecodeErrors(t *testing.T) {
	good := npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", []float64{1, 2})
	edit := func(from, to string) []byte { return bytes.Replace(good, []byte(from), []byte(to), 1) }
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"text":     {[]byte("t,x\n0,1\n1,2\n"), "byte 0: does not begin as a .npy file"},
		"version":  {edit("\x93NUMPY\x01", "\x93NUMPY\x09"), "byte 6: has version 9"},
		"head":     {append([]byte("\x93NUMPY\x01\x00\xff\xff"), good[10:]...), "byte 8: says that its head has 65535 bytes"},
		"object":   {edit("<f8", "|O8"), `byte 20: holds "|O8"; booleans`},
		"complex":  {npy("{'descr': '<c16', 'fortran_order': False, 'shape': (0,), }"), `byte 20: holds "<c16"`},
		"records":  {npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (0,), }"), "byte 20: records are not read"},
		"order":    {edit("False", "Maybe"), "byte 44: want True or False"},
		"shape":    {edit("(2,)", "(-2)"), "byte 61: want a tuple"},
		"missing":  {edit("'fortran_order': False, ", ""), "byte"},
		"unknown":  {edit("'descr'", "'desc' "), "byte 11: unknown key \"desc\""},
		"twice":    {npy("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (0,)}"), "byte 27: the key \"descr\" stands twice"},
		"behind":   {edit("(2,), }", "(2,), };"), "something stands behind"},
		"cut off":  {good[:len(good)-1], "byte 128: holds 15 bytes of numbers, and [2] of <f8 are 16"},
		"too long": {append(bytes.Clone(good), 0), "byte 128: holds 17 bytes of numbers"},
		"large":    {npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000, 1000000), }"), "byte 60: has the shape [1000000 1000000 1000000], and 100 numbers are read at most"},
		"huge":     {npy("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }"), "byte 61: want a tuple"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := npz.DecodeArray("", c.file, 100)
			var e *npz.Error
			if !errors.As(err, &e) || !errors.Is(err, npz.ErrFormat) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v\nwant %s", err, c.want)
			}
		})
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"no zip":  {[]byte("PK"), "byte 0: is no zip archive"},
		"other":   {archive(t, zip.Store, "x.csv", good), `array "x.csv": byte 0: is no .npy file`},
		"inside":  {archive(t, zip.Store, "x.npy", good[:100]), `array "x": byte 8: says`},
		"size":    {archive(t, zip.Deflate, "x.npy", make([]byte, 1<<20)), `array "x": byte 0: holds 1048576 bytes`},
		"all":     {archive(t, zip.Store, "x.npy", good, "y.npy", good), `array "y"`},
		"damaged": {bytes.Replace(archive(t, zip.Store, "x.npy", good), []byte("\x00\x40"), []byte("\x00\x41"), 1), `array "x": byte 144: cannot be read`},
	} {
		limit := 100
		if name == "all" {
			limit = 3
		}
		if _, err := npz.Decode(c.file, limit); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", name, err, c.want)
		}
	}
}

func FuzzDecodeArray(f *testing.F) {
	f.Add(npy("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 1), }", []float64{1, 2}))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := npz.DecodeArray("x", b, 1000)
		if err != nil {
			if !errors.Is(err, npz.ErrFormat) {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		n := 1
		for _, d := range a.Shape {
			n *= d
		}
		if n != len(a.Data) {
			t.Fatal("shape")
		}
	})
}

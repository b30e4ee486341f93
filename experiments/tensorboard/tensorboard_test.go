package tensorboard_test

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/costate-go/costate/experiments/tensorboard"
)

// event is what a record says.
type event struct {
	wall    float64
	step    int
	version string
	session int
	scalars map[string]float32
}

// read decodes the files of a folder in the order of their names, checking every checksum.
func read(t *testing.T, dir string) []event {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*tfevents*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	slices.Sort(files)
	var out []event
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for len(b) > 0 {
			n := binary.LittleEndian.Uint64(b)
			if len(b) < int(n)+16 {
				t.Fatalf("%s ends inside a record", f)
			}
			check(t, b[:8], binary.LittleEndian.Uint32(b[8:]))
			content := b[12 : 12+n]
			check(t, content, binary.LittleEndian.Uint32(b[12+n:]))
			out = append(out, decode(t, content))
			b = b[16+n:]
		}
	}
	return out
}

func check(t *testing.T, b []byte, stored uint32) {
	t.Helper()
	unmasked := stored - 0xa282ead8
	if c := unmasked<<15 | unmasked>>17; c != crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) {
		t.Errorf("checksum %08x", stored)
	}
}

// fields cuts a message.
func fields(t *testing.T, b []byte, each func(n int, v uint64, raw []byte)) {
	t.Helper()
	for len(b) > 0 {
		key, k := binary.Uvarint(b)
		b = b[k:]
		switch key & 7 {
		case 0:
			v, k := binary.Uvarint(b)
			b = b[k:]
			each(int(key>>3), v, nil)
		case 1:
			each(int(key>>3), binary.LittleEndian.Uint64(b), nil)
			b = b[8:]
		case 2:
			v, k := binary.Uvarint(b)
			each(int(key>>3), 0, b[k:k+int(v)])
			b = b[k+int(v):]
		case 5:
			each(int(key>>3), uint64(binary.LittleEndian.Uint32(b)), nil)
			b = b[4:]
		default:
			t.Fatalf("wire type %d", key&7)
		}
	}
}

func decode(t *testing.T, b []byte) event {
	t.Helper()
	e := event{scalars: map[string]float32{}}
	fields(t, b, func(n int, v uint64, raw []byte) {
		switch n {
		case 1:
			e.wall = math.Float64frombits(v)
		case 2:
			e.step = int(v)
		case 3:
			e.version = string(raw)
		case 7:
			fields(t, raw, func(_ int, v uint64, _ []byte) { e.session = int(v) })
		case 5:
			fields(t, raw, func(_ int, _ uint64, raw []byte) {
				var tag string
				fields(t, raw, func(n int, v uint64, raw []byte) {
					if n == 1 {
						tag = string(raw)
					} else {
						e.scalars[tag] = math.Float32frombits(uint32(v))
					}
				})
			})
		}
	})
	return e
}

func TestEvents(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tensorboard")
	begin := float64(time.Now().UnixNano()) / 1e9
	w, err := tensorboard.Open(dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("long/", 40)
	for k := 1; k <= 300; k++ {
		if err := w.Add(k, []tensorboard.Scalar{{Tag: "loss/training", Value: 1 / float64(k)}, {Tag: long, Value: math.Inf(1)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got := read(t, dir)
	if len(got) != 301 || got[0].version != "brain.Event:2" || got[0].session != 0 {
		t.Fatalf("%d events, %+v", len(got), got[0])
	}
	for k, e := range got[1:] {
		if e.step != k+1 || e.scalars["loss/training"] != float32(1/float64(k+1)) || !math.IsInf(float64(e.scalars[long]), 1) || len(e.scalars) != 2 || e.wall < begin-1 || e.wall > begin+600 {
			t.Fatalf("%+v", e)
		}
	}
	// A second session of the same run, in the same second, voids what came after its beginning.
	if w, err = tensorboard.Open(dir, 201); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got = read(t, dir)
	if last := got[len(got)-1]; len(got) != 303 || last.session != 1 || last.step != 201 {
		t.Errorf("%d events, the last is %+v", len(got), last)
	}
}

// A step allocates nothing once the buffer has grown.
func TestAllocations(t *testing.T) {
	w, err := tensorboard.Open(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	list := []tensorboard.Scalar{{Tag: "a", Value: 1}, {Tag: "b", Value: 2}}
	if err := w.Add(1, list); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if err := w.Add(2, list); err != nil {
			panic(err)
		}
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "costate")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	w, err := tensorboard.Open(dir, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(w.Add(1, []tensorboard.Scalar{{Tag: "loss", Value: 0.5}}), w.Close())
	// Output: <nil> <nil>
}

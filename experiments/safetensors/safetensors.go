// Package safetensors writes and reads the safetensors format (an 8-byte little-endian length, a JSON header, raw
// little-endian data), restricted to F64 tensors: https://huggingface.co/docs/safetensors.
package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// ErrFormat is what every error of Decode is (errors.Is).
var ErrFormat = errors.New("safetensors")

// Tensor is a named array, row major.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float64
}

type info struct {
	Dtype   string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Encode gives the bytes of a file. Tensors are laid out in alphabetical order, so that the same content gives the
// same bytes. Metadata may be nil. A shape that does not fit its data is an error.
func Encode(tensors []Tensor, metadata map[string]string) ([]byte, error) {
	sorted := slices.Clone(tensors)
	slices.SortFunc(sorted, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	head := map[string]any{} // encoding/json sorts the keys
	if len(metadata) > 0 {
		head["__metadata__"] = metadata
	}
	end := 0
	for _, t := range sorted {
		if _, dup := head[t.Name]; dup || t.Name == "" || t.Name == "__metadata__" {
			return nil, fmt.Errorf("%w: the name %q is taken or not permitted", ErrFormat, t.Name)
		}
		if size(t.Shape) != len(t.Data) {
			return nil, fmt.Errorf("%w: tensor %q of shape %v has %d numbers", ErrFormat, t.Name, t.Shape, len(t.Data))
		}
		shape := t.Shape
		if shape == nil {
			shape = []int{}
		}
		head[t.Name] = info{"F64", shape, [2]int{end, end + 8*len(t.Data)}}
		end += 8 * len(t.Data)
	}
	h, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	for len(h)%8 != 0 { // readers map the data; the format permits spaces
		h = append(h, ' ')
	}
	out := make([]byte, 0, 8+len(h)+end)
	out = binary.LittleEndian.AppendUint64(out, uint64(len(h)))
	out = append(out, h...)
	for _, t := range sorted {
		for _, v := range t.Data {
			out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
		}
	}
	return out, nil
}

// Decode reads a file of F64 tensors, in alphabetical order, and its metadata.
func Decode(b []byte) ([]Tensor, map[string]string, error) {
	bad := func(format string, args ...any) ([]Tensor, map[string]string, error) {
		return nil, nil, fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
	}
	if len(b) < 8 {
		return bad("%d bytes are no file", len(b))
	}
	n := binary.LittleEndian.Uint64(b)
	if n > uint64(len(b)-8) || n > 100_000_000 {
		return bad("a header of %d bytes does not fit a file of %d", n, len(b))
	}
	var head map[string]json.RawMessage
	if err := json.Unmarshal(b[8:8+n], &head); err != nil {
		return bad("header: %v", err)
	}
	var meta map[string]string
	var out []Tensor
	body := b[8+n:]
	for name, raw := range head {
		if name == "__metadata__" {
			if err := json.Unmarshal(raw, &meta); err != nil {
				return bad("metadata: %v", err)
			}
			continue
		}
		var i info
		if err := json.Unmarshal(raw, &i); err != nil {
			return bad("tensor %q: %v", name, err)
		}
		lo, hi := i.Offsets[0], i.Offsets[1]
		if i.Dtype != "F64" || lo < 0 || hi < lo || hi > len(body) || !fits(i.Shape, hi-lo) {
			return bad("tensor %q: type %s, shape %v, bytes %d to %d of %d", name, i.Dtype, i.Shape, lo, hi, len(body))
		}
		t := Tensor{Name: name, Shape: i.Shape, Data: make([]float64, (hi-lo)/8)}
		for k := range t.Data {
			t.Data[k] = math.Float64frombits(binary.LittleEndian.Uint64(body[lo+8*k:]))
		}
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	return out, meta, nil
}

func fits(shape []int, bytes int) bool {
	n := 8
	for _, d := range shape {
		if d < 0 || d > 0 && n > math.MaxInt/d {
			return false
		}
		n *= d
	}
	return n == bytes
}

// Package checkpoint stores the state of an optimization so that it continues bit for bit, and finds it again after
// crashes: named arrays of float64, uint64 and bytes with JSON metadata in a checksummed container, written
// atomically; LAST and BEST name the newest and the best one.
//
// A container is, little endian: the magic "COSTATE\x01", the length of the header (uint64), the header (JSON:
// metadata and, sorted by name, kind, offset and count of every array), the arrays, each on a multiple of 8 bytes
// from the end of the header, and the SHA-256 of all before. The same content gives the same bytes.
package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// ErrCheckpoint is what every fault of a checkpoint is (errors.Is).
var ErrCheckpoint = errors.New("checkpoint")

// Error is a checkpoint that is corrupt or does not fit.
type Error struct {
	File   string
	Text   string // what is wrong
	Remedy string
}

// Error is `checkpoint file: what is wrong; remedy`.
func (e *Error) Error() string {
	s := "checkpoint " + e.File + ": " + e.Text
	if e.Remedy != "" {
		s += "; " + e.Remedy
	}
	return s
}

// Is reports that e is ErrCheckpoint.
func (e *Error) Is(target error) bool { return target == ErrCheckpoint }

// State is what a checkpoint holds. Metadata must be encodable as JSON.
type State struct {
	Meta     Meta
	Floats   map[string][]float64
	Unsigned map[string][]uint64
	Bytes    map[string][]byte
}

// Meta says where in a run a checkpoint was taken.
type Meta struct {
	Iteration  int               `json:"iteration"` // iterations done
	Loss       float64           `json:"-"`         // may be non-finite; stored in bits
	ConfigHash string            `json:"config_hash"`
	Version    string            `json:"version"`         // of the program
	Extra      map[string]string `json:"extra,omitempty"` // whatever the optimizer adds
}

const (
	magic        = "COSTATE\x01"
	maxHeader    = 16 << 20
	trailer      = sha256.Size
	remedyResume = "resume from an earlier checkpoint or start anew"
)

type array struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"` // f64, u64, bytes
	Offset uint64 `json:"offset"`
	Count  uint64 `json:"count"`
}

type header struct {
	Meta     Meta    `json:"meta"`
	LossBits uint64  `json:"loss_bits"`
	Arrays   []array `json:"arrays"`
}

// Encode gives the bytes of a container, in one piece of memory: states may be large.
func Encode(s *State) ([]byte, error) {
	h := header{Meta: s.Meta, LossBits: math.Float64bits(s.Meta.Loss), Arrays: []array{}}
	size := 0 // of the arrays
	place := func(name, kind string, count, each int) {
		size = (size + 7) &^ 7
		h.Arrays = append(h.Arrays, array{name, kind, uint64(size), uint64(count)})
		size += count * each
	}
	for _, n := range slices.Sorted(maps.Keys(s.Floats)) {
		place(n, "f64", len(s.Floats[n]), 8)
	}
	for _, n := range slices.Sorted(maps.Keys(s.Unsigned)) {
		place(n, "u64", len(s.Unsigned[n]), 8)
	}
	for _, n := range slices.Sorted(maps.Keys(s.Bytes)) {
		place(n, "bytes", len(s.Bytes[n]), 1)
	}
	head, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encoding a checkpoint: %w", err)
	}
	for (len(magic)+8+len(head))%8 != 0 {
		head = append(head, ' ')
	}
	out := make([]byte, 0, len(magic)+8+len(head)+size+trailer)
	out = append(out, magic...)
	out = binary.LittleEndian.AppendUint64(out, uint64(len(head)))
	out = append(out, head...)
	for _, a := range h.Arrays {
		for len(out)%8 != 0 {
			out = append(out, 0)
		}
		switch a.Kind {
		case "f64":
			for _, v := range s.Floats[a.Name] {
				out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
			}
		case "u64":
			for _, v := range s.Unsigned[a.Name] {
				out = binary.LittleEndian.AppendUint64(out, v)
			}
		default:
			out = append(out, s.Bytes[a.Name]...)
		}
	}
	sum := sha256.Sum256(out)
	return append(out, sum[:]...), nil
}

// Decode reads a container; name stands in the messages. The checksum is verified before anything is believed.
func Decode(name string, b []byte) (*State, error) {
	bad := func(format string, args ...any) (*State, error) {
		return nil, &Error{File: name, Text: fmt.Sprintf(format, args...), Remedy: remedyResume}
	}
	least := len(magic) + 8 + trailer
	if len(b) < least {
		return bad("is cut off: %d bytes, a checkpoint has at least %d", len(b), least)
	}
	if string(b[:7]) != magic[:7] {
		return bad("is not a Costate checkpoint")
	}
	if b[7] != magic[7] {
		return bad("has format %d, this program reads format %d", b[7], magic[7])
	}
	content := b[:len(b)-trailer]
	if sum := sha256.Sum256(content); !bytes.Equal(sum[:], b[len(b)-trailer:]) {
		return bad("is corrupt: its checksum does not match its content")
	}
	n := binary.LittleEndian.Uint64(content[len(magic):])
	rest := content[len(magic)+8:]
	if n > maxHeader || n > uint64(len(rest)) {
		return bad("has a header of %d bytes in a file of %d", n, len(b))
	}
	var h header
	if err := json.Unmarshal(rest[:n], &h); err != nil {
		return bad("has an unreadable header: %v", err)
	}
	s := &State{Meta: h.Meta, Floats: map[string][]float64{}, Unsigned: map[string][]uint64{}, Bytes: map[string][]byte{}}
	s.Meta.Loss = math.Float64frombits(h.LossBits)
	body := rest[n:]
	for _, a := range h.Arrays {
		size := uint64(8)
		if a.Kind == "bytes" {
			size = 1
		}
		if a.Offset > uint64(len(body)) || a.Count > (uint64(len(body))-a.Offset)/size {
			return bad("array %q leaves the file", a.Name)
		}
		part := body[a.Offset : a.Offset+a.Count*size]
		switch a.Kind {
		case "f64":
			v := make([]float64, a.Count)
			for i := range v {
				v[i] = math.Float64frombits(binary.LittleEndian.Uint64(part[8*i:]))
			}
			s.Floats[a.Name] = v
		case "u64":
			v := make([]uint64, a.Count)
			for i := range v {
				v[i] = binary.LittleEndian.Uint64(part[8*i:])
			}
			s.Unsigned[a.Name] = v
		case "bytes":
			s.Bytes[a.Name] = bytes.Clone(part)
		default:
			return bad("array %q has the unknown kind %q", a.Name, a.Kind)
		}
	}
	return s, nil
}

// Float returns an array that must have n numbers; the error names the file, the array and both sizes.
func (s *State) Float(file, name string, n int) ([]float64, error) {
	v, ok := s.Floats[name]
	if !ok {
		return nil, &Error{File: file, Text: fmt.Sprintf("has no array %q", name), Remedy: "it was written by another optimizer or version; start a new run"}
	}
	if len(v) != n {
		return nil, &Error{File: file, Text: fmt.Sprintf("array %q has %d numbers, the configuration needs %d", name, len(v), n), Remedy: "resume with the run's own config.toml"}
	}
	return v, nil
}

// Package data provides what experiments learn from: built-in generators, CSV files, windows of a series, splits and
// normalization. Everything random comes from named streams of the experiment's seed, so that the same
// configuration gives the same numbers on every machine.
package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"

	"github.com/costate-go/costate/internal/rng"
)

// ErrData is what every error about the content of a data set is (errors.Is).
var ErrData = errors.New("data")

// Error is a fault in a data file.
type Error struct {
	File   string
	Line   int    // from 1; 0 when the fault belongs to no line
	Column string // name of the column, empty when the fault belongs to none
	Text   string // what is wrong, with the remedy
	Err    error  // cause, may be nil
}

// Error is `file:line: column "x": what is wrong`.
func (e *Error) Error() string {
	s := e.File
	if e.Line > 0 {
		s += fmt.Sprintf(":%d", e.Line)
	}
	if e.Column != "" {
		s += fmt.Sprintf(": column %q", e.Column)
	}
	return s + ": " + e.Text
}

// Is reports that e is ErrData.
func (e *Error) Is(target error) bool { return target == ErrData }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Series is one trajectory of dimension D observed at N times, or several of them one after the other.
type Series struct {
	Source   string   // generator or file
	Hash     string   // SHA-256, hexadecimal: of the file, or of the generated numbers
	TimeName string   // label of the time axis
	Names    []string // of the D columns
	T        []float64
	X        []float64 // N×D, X[k*D+i]; NaN where missing
	Truth    []float64 // N×D without noise, for generators with noise; nil otherwise
	Missing  int       // entries of X that are NaN

	Starts []int    // first row of each trajectory; nil for one
	IDs    []string // of the trajectories

	InputNames []string  // of the M inputs that drive the system
	U          []float64 // N×M, complete
}

// Trajectories are the ranges of rows [from, to) of the trajectories.
func (s *Series) Trajectories() [][2]int {
	if len(s.Starts) == 0 {
		return [][2]int{{0, s.Len()}}
	}
	var out [][2]int
	for i, from := range s.Starts {
		to := s.Len()
		if i+1 < len(s.Starts) {
			to = s.Starts[i+1]
		}
		out = append(out, [2]int{from, to})
	}
	return out
}

// Hide makes columns unobserved, but for the truth that the series was made from.
func (s *Series) Hide(names []string) error {
	for _, name := range names {
		i := slices.Index(s.Names, name)
		if i < 0 {
			return &Error{File: s.Source, Text: fmt.Sprintf("no column %q to hide; the columns are %s", name, strings.Join(s.Names, ", "))}
		}
		if s.Truth == nil {
			s.Truth = slices.Clone(s.X)
		}
		for k := range s.T {
			if !math.IsNaN(s.Row(k)[i]) {
				s.Row(k)[i] = math.NaN()
				s.Missing++
			}
		}
	}
	return nil
}

// Len is N.
func (s *Series) Len() int { return len(s.T) }

// Dim is D.
func (s *Series) Dim() int { return len(s.Names) }

// Row is observation k, a part of X.
func (s *Series) Row(k int) []float64 { d := s.Dim(); return s.X[k*d : (k+1)*d : (k+1)*d] }

// Points is a set of N labelled points of dimension D: classes (Labels) or values (Targets).
type Points struct {
	Source      string
	Hash        string
	Names       []string
	X           []float64 // N×D, X[s*D+i]
	Labels      []int     // N class numbers from 0; nil for regression
	Classes     []string  // names of the classes
	Targets     []float64 // N×len(TargetNames); nil for classification
	TargetNames []string
}

// Len is N.
func (p *Points) Len() int {
	if len(p.Names) == 0 {
		return 0
	}
	return len(p.X) / len(p.Names)
}

// Dim is D.
func (p *Points) Dim() int { return len(p.Names) }

// Row is point s, a part of X.
func (p *Points) Row(s int) []float64 { d := p.Dim(); return p.X[s*d : (s+1)*d : (s+1)*d] }

// Stream returns the random numbers that an experiment's seed gives for a purpose, such as "noise" or "split":
// streams of different purposes do not depend on how many numbers the others took.
func Stream(seed uint64, purpose string) *rng.Source {
	h := fnv.New64a()
	h.Write([]byte(purpose)) // a hash never fails to write
	return rng.New(rng.New(seed).Next() ^ h.Sum64())
}

// hashNumbers is the SHA-256 of the little-endian bytes of the numbers.
func hashNumbers(lists ...[]float64) string {
	h := sha256.New()
	var b [8]byte
	for _, l := range lists {
		for _, v := range l {
			binary.LittleEndian.PutUint64(b[:], math.Float64bits(v))
			h.Write(b[:])
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

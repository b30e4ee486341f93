// Package panels holds the numbers behind the parts of a report that move: heat maps, flows with a slider for time, and frames
// with a slider for training. A run writes them beside its figures, and the report draws them.
package panels

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/costate-go/costate/experiments/atomicfile"
	"github.com/costate-go/costate/experiments/rundir"
)

// File is the name of the file in the folder of figures.
const File = "panels.json"

const largest = 4 << 20 // bytes; a run writes less than a tenth

// Set is all panels of a run.
type Set struct {
	Heats  []Heat   `json:"heats,omitempty"`
	Flows  []Flow   `json:"flows,omitempty"`
	Frames []Frames `json:"frames,omitempty"`
}

// Heat is a matrix of numbers: V[j][i] at (X[i], Y[j]).
type Heat struct {
	ID, Title, Caption string
	XLabel, YLabel     string
	ValueLabel         string
	X, Y               []float64
	V                  [][]rundir.Float
}

// Flow is points that move in the plane.
type Flow struct {
	ID, Title, Caption string
	XLabel, YLabel     string
	TLabel             string
	T                  []float64 // ascending; all tracks have a point at each
	Classes            []string  // what the numbers of tracks stand for
	Tracks             []Track
}

// Track is the way of one point.
type Track struct {
	Class int            `json:"class"`
	X     []rundir.Float `json:"x"`
	Y     []rundir.Float `json:"y"`
	LineX []rundir.Float `json:"line_x,omitempty"` // of the curve that is drawn; empty: X and Y
	LineY []rundir.Float `json:"line_y,omitempty"`
	Still bool           `json:"still,omitempty"` // data to compare with: shown whole
}

// Frames are regions of the plane at stages of the training.
type Frames struct {
	ID, Title, Caption string
	XLabel, YLabel     string
	X0, X1, Y0, Y1     float64
	Columns, Rows      int
	Classes            []string
	Frames             []Frame
	PX, PY             []rundir.Float // points
	PClass             []int
}

// Frame is one stage: of every cell, row by row from below, its class and how sure it is.
type Frame struct {
	Iteration int          `json:"iteration"`
	Loss      rundir.Float `json:"loss"`
	Class     []int        `json:"class"`
	Sure      []int        `json:"sure"` // 0: by chance, 9: certain
}

// Write writes the panels into the folder of figures.
func Write(dir string, s *Set) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(dir, File), append(b, '\n'))
}

// Read reads them; where there is no file there are none. Panels that don't fit together are an error.
func Read(dir string) (*Set, error) {
	path := filepath.Join(dir, File)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Set{}, nil
	}
	if err == nil && info.Size() > largest {
		return nil, fmt.Errorf("%s: %d bytes are too many for a page", File, info.Size())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := new(Set)
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("%s: %w", File, err)
	}
	return s, s.check()
}

func (s *Set) check() error {
	for _, h := range s.Heats {
		if len(h.V) != len(h.Y) || len(h.X) == 0 || len(h.Y) == 0 {
			return fmt.Errorf("%s: the heat map %q has %d rows for %d values", File, h.ID, len(h.V), len(h.Y))
		}
		for _, row := range h.V {
			if len(row) != len(h.X) {
				return fmt.Errorf("%s: the heat map %q has a row of %d for %d columns", File, h.ID, len(row), len(h.X))
			}
		}
	}
	for _, f := range s.Flows {
		for _, t := range f.Tracks {
			if len(t.X) != len(t.Y) || len(t.LineX) != len(t.LineY) || !t.Still && len(t.X) != len(f.T) || len(f.T) == 0 || t.Class < 0 || t.Class >= len(f.Classes) {
				return fmt.Errorf("%s: a track of the flow %q does not fit its times or classes", File, f.ID)
			}
		}
	}
	for _, f := range s.Frames {
		for _, frame := range f.Frames {
			if n := f.Columns * f.Rows; len(frame.Class) != n || len(frame.Sure) != n || n == 0 {
				return fmt.Errorf("%s: a frame of %q has %d cells for %d × %d", File, f.ID, len(frame.Class), f.Columns, f.Rows)
			}
		}
		if len(f.PX) != len(f.PY) || len(f.PX) != len(f.PClass) || !(f.X1 > f.X0) || !(f.Y1 > f.Y0) {
			return fmt.Errorf("%s: points or ranges of %q don't fit", File, f.ID)
		}
	}
	return nil
}

// Floats makes numbers of a panel, with four digits.
func Floats(v []float64) []rundir.Float {
	out := make([]rundir.Float, len(v))
	for i, x := range v {
		out[i] = rundir.Float(Short(x))
	}
	return out
}

// Short is a number with four significant digits.
func Short(v float64) float64 {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return v
	}
	p := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(v))))
	if r := math.Round(v*p) / p; !math.IsNaN(r) && !math.IsInf(r, 0) {
		return r
	}
	return v
}

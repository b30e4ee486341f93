package data

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// CSVOptions chooses columns by name, or by number from 1.
type CSVOptions struct {
	Time    string   // Series: empty: the first column
	Label   string   // Points: empty: the last column
	Columns []string // empty: all others
	ID      string   // Series: column that tells trajectories apart; empty: there is one
	Inputs  []string // Series: columns that drive the system, no part of the state
	T0, T1  float64  // Series: rows with times in [T0, T1]; 0 and 0: all
	Log     bool     // natural logarithm of the state columns
}

// Points reads a table as labelled points. The classes are the distinct labels: in order of size when all are
// numbers, otherwise in alphabetical order. Missing entries are errors.
func (t *Table) Points(o CSVOptions) (*Points, error) {
	if o.Label == "" {
		o.Label = t.Names[len(t.Names)-1]
	}
	li, err := t.Column(o.Label)
	if err != nil {
		return nil, err
	}
	cols, err := t.choose(o.Columns, li)
	if err != nil {
		return nil, err
	}
	p := &Points{Source: t.File, Hash: t.Hash}
	for _, c := range cols {
		p.Names = append(p.Names, t.Names[c])
	}
	for k := range t.Cells {
		label := t.Cells[k][li]
		if label == "" {
			return nil, &Error{File: t.File, Line: t.Lines[k], Column: t.Names[li], Text: "the label is missing"}
		}
		if !slices.Contains(p.Classes, label) {
			if len(p.Classes) == 1000 {
				return nil, &Error{File: t.File, Line: t.Lines[k], Column: t.Names[li], Text: "more than 1000 classes; is it the column of labels?"}
			}
			p.Classes = append(p.Classes, label)
		}
		row, err := t.row(k, cols, o.Log)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(row, math.IsNaN); i >= 0 {
			return nil, &Error{File: t.File, Line: t.Lines[k], Column: p.Names[i], Text: "the value is missing; classification needs complete rows"}
		}
		p.X = append(p.X, row...)
	}
	if len(p.Classes) < 2 {
		return nil, &Error{File: t.File, Column: t.Names[li], Text: "only one class; classification needs two or more"}
	}
	sortLabels(p.Classes)
	for k := range t.Cells {
		p.Labels = append(p.Labels, slices.Index(p.Classes, t.Cells[k][li]))
	}
	return p, nil
}

// Samples reads a table as points without labels. Missing entries are errors.
func (t *Table) Samples(o CSVOptions) (*Points, error) {
	cols, err := t.choose(o.Columns)
	if err != nil {
		return nil, err
	}
	p := &Points{Source: t.File, Hash: t.Hash}
	for _, c := range cols {
		p.Names = append(p.Names, t.Names[c])
	}
	for k := range t.Cells {
		row, err := t.row(k, cols, o.Log)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(row, math.IsNaN); i >= 0 {
			return nil, &Error{File: t.File, Line: t.Lines[k], Column: p.Names[i], Text: "the value is missing; a density needs complete rows"}
		}
		p.X = append(p.X, row...)
	}
	return p, nil
}

func sortLabels(c []string) {
	slices.SortFunc(c, func(a, b string) int {
		x, errX := strconv.ParseFloat(a, 64)
		y, errY := strconv.ParseFloat(b, 64)
		switch {
		case errX == nil && errY == nil && x != y:
			return int(math.Copysign(1, x-y))
		case errX == nil && errY != nil:
			return -1
		case errX != nil && errY == nil:
			return 1
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	})
}

// choose resolves the state columns; those of except are no part of the state.
func (t *Table) choose(names []string, except ...int) ([]int, error) {
	var cols []int
	for _, n := range names {
		c, err := t.Column(n)
		if err != nil {
			return nil, err
		}
		if slices.Contains(except, c) || slices.Contains(cols, c) {
			return nil, &Error{File: t.File, Column: t.Names[c], Text: "is chosen twice"}
		}
		cols = append(cols, c)
	}
	if len(names) == 0 {
		for c := range t.Names {
			if !slices.Contains(except, c) {
				cols = append(cols, c)
			}
		}
	}
	if len(cols) == 0 {
		return nil, &Error{File: t.File, Text: "has one column only; a state needs another"}
	}
	return cols, nil
}

func (t *Table) row(k int, cols []int, log bool) ([]float64, error) {
	row := make([]float64, len(cols))
	for i, c := range cols {
		v, err := t.Number(k, c)
		if err != nil {
			return nil, err
		}
		if log {
			if v <= 0 {
				return nil, &Error{File: t.File, Line: t.Lines[k], Column: t.Names[c], Text: fmt.Sprintf("%g has no logarithm; set data.transform = \"none\"", v)}
			}
			v = math.Log(v)
		}
		row[i] = v
	}
	return row, nil
}

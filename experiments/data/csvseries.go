package data

import (
	"fmt"
	"math"
	"slices"
)

// Series reads a table as a trajectory, or with CSVOptions.ID as several, in the order in which their names appear; their rows
// may be mixed. Times must be present and strictly increasing in every trajectory; missing entries of the state stay as NaN, inputs
// must be complete.
func (t *Table) Series(o CSVOptions) (*Series, error) {
	if o.Time == "" {
		o.Time = t.Names[0]
	}
	ti, err := t.Column(o.Time)
	if err != nil {
		return nil, err
	}
	except := []int{ti}
	ids, id := [][]int{nil}, -1 // rows of the trajectories, and the column of their names
	s := &Series{Source: t.File, Hash: t.Hash, TimeName: t.Names[ti]}
	if o.ID != "" {
		if id, err = t.Column(o.ID); err != nil {
			return nil, err
		}
		except, ids = append(except, id), nil
	}
	var inputs []int
	for _, name := range o.Inputs {
		c, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		inputs, except, s.InputNames = append(inputs, c), append(except, c), append(s.InputNames, t.Names[c])
	}
	cols, err := t.choose(o.Columns, except...)
	if err != nil {
		return nil, err
	}
	for _, c := range cols {
		s.Names = append(s.Names, t.Names[c])
	}
	for k := range t.Cells {
		if id < 0 {
			ids[0] = append(ids[0], k)
			continue
		}
		name := t.Cells[k][id]
		if name == "" {
			return nil, &Error{File: t.File, Line: t.Lines[k], Column: t.Names[id], Text: "the name of the trajectory is missing"}
		}
		i := slices.Index(s.IDs, name)
		if i < 0 {
			i, s.IDs, ids = len(s.IDs), append(s.IDs, name), append(ids, nil)
		}
		ids[i] = append(ids[i], k)
	}
	for i, rows := range ids {
		from := s.Len()
		if err := t.trajectory(s, rows, ti, cols, inputs, o); err != nil {
			return nil, err
		}
		if n := s.Len() - from; n < 2 {
			which := ""
			if id >= 0 {
				which = fmt.Sprintf(" of trajectory %q", s.IDs[i])
			}
			return nil, &Error{File: t.File, Text: fmt.Sprintf("%d rows%s in the time span; a series needs 2 or more", n, which)}
		}
		if id >= 0 {
			s.Starts = append(s.Starts, from)
		}
	}
	return s, nil
}

// trajectory appends rows to a series.
func (t *Table) trajectory(s *Series, rows []int, ti int, cols, inputs []int, o CSVOptions) error {
	previous := math.Inf(-1)
	for _, k := range rows {
		at, err := t.Number(k, ti)
		if err != nil {
			return err
		}
		fault := &Error{File: t.File, Line: t.Lines[k], Column: t.Names[ti]}
		if math.IsNaN(at) {
			fault.Text = "the time is missing"
			return fault
		}
		if at <= previous {
			fault.Text = fmt.Sprintf("time %g does not exceed %g, the one before; sort the rows and merge rows of equal time", at, previous)
			if o.ID == "" {
				fault.Text += ", or name the column that tells trajectories apart (data.id_column)"
			}
			return fault
		}
		previous = at
		row, err := t.row(k, cols, o.Log)
		if err != nil {
			return err
		}
		driven, err := t.row(k, inputs, false)
		if err != nil {
			return err
		}
		if o.T0 != o.T1 && (at < o.T0 || at > o.T1) {
			continue
		}
		if i := slices.IndexFunc(driven, math.IsNaN); i >= 0 {
			return &Error{File: t.File, Line: t.Lines[k], Column: t.Names[inputs[i]], Text: "the input is missing; inputs need a number in every row"}
		}
		s.T = append(s.T, at)
		for _, v := range row {
			if math.IsNaN(v) {
				s.Missing++
			}
		}
		s.X, s.U = append(s.X, row...), append(s.U, driven...)
	}
	return nil
}

package data

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/costate-go/costate/experiments/npz"
)

// MaxNumbers is how many numbers a NumPy file may hold.
const MaxNumbers = 4 << 20

// numpyTable reads a .npy file or an archive of them as a table: rows are the first dimension. A matrix in a .npy file has columns by number. In an
// archive an array with one number a row is a column of its name, and the columns of one with more are numbered behind it; t or time comes first,
// and y, label, labels or class last, so that the defaults of time and label fit.
func numpyTable(name string, content []byte, archive bool) (*Table, error) {
	var arrays []npz.Array
	var err error
	if archive {
		arrays, err = npz.Decode(content, MaxNumbers)
	} else {
		var one npz.Array
		one, err = npz.DecodeArray("", content, MaxNumbers)
		arrays = []npz.Array{one}
	}
	if err != nil {
		return nil, &Error{File: name, Text: err.Error(), Err: err}
	}
	if len(arrays) == 0 {
		return nil, &Error{File: name, Text: "holds no arrays of numbers"}
	}
	place := func(a npz.Array) int {
		switch a.Name {
		case "t", "time":
			return 0
		case "y", "label", "labels", "class":
			return 2
		}
		return 1
	}
	slices.SortStableFunc(arrays, func(a, b npz.Array) int { return place(a) - place(b) })
	sum := sha256.Sum256(content)
	t := &Table{File: name, Hash: hex.EncodeToString(sum[:]), Header: archive}
	for i, a := range arrays {
		if len(a.Shape) == 0 || a.Shape[0] == 0 {
			return nil, &Error{File: name, Column: a.Name, Text: fmt.Sprintf("has the shape %v and no rows", a.Shape)}
		}
		if n := a.Shape[0]; i == 0 {
			t.Cells, t.Lines = make([][]string, n), make([]int, n)
			for k := range n {
				t.Lines[k] = k + 1
			}
		} else if n != len(t.Cells) {
			return nil, &Error{File: name, Column: a.Name, Text: fmt.Sprintf("has %d rows, and %q has %d", n, arrays[0].Name, len(t.Cells))}
		}
		columns := len(a.Data) / a.Shape[0]
		for c := range columns {
			column := a.Name
			if columns > 1 || column == "" {
				column += strconv.Itoa(c + 1)
			}
			if slices.Contains(t.Names, column) {
				return nil, &Error{File: name, Column: column, Text: "two columns have this name; rename an array"}
			}
			t.Names = append(t.Names, column)
			for k := range t.Cells {
				t.Cells[k] = append(t.Cells[k], numberCell(a.Data[k*columns+c]))
			}
		}
	}
	return t, nil
}

// numberCell is a number as a file of text has it.
func numberCell(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

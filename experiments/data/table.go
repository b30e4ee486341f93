package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/costate-go/costate/configs"
)

// MaxFileSize is the largest data file that is read, in bytes.
const MaxFileSize = 256 << 20

// Table is a file of data as it stands: names, cells, and the line of every row.
type Table struct {
	File   string
	Hash   string   // SHA-256 of the file, hexadecimal
	Header bool     // the first row held names
	Names  []string // "1", "2", … without a header
	Cells  [][]string
	Lines  []int
}

// ReadTable reads a CSV file, or by its extension a NumPy file (.npy, .npz). For CSV the separator is comma, semicolon or tab, whichever the first row holds outside quotes; lines
// that begin with # are comments; the first row is a header when one of its cells is neither a number nor missing. The data of built-in
// experiments (configs.Data) need no file.
func ReadTable(path string) (*Table, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		if text, err := configs.Data(path); err == nil {
			return ParseTable(path, text)
		}
	}
	if err != nil {
		text := "cannot be opened"
		if errors.Is(err, os.ErrNotExist) {
			text = "does not exist; paths are relative to the working directory"
		}
		return nil, &Error{File: path, Text: text, Err: err}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MaxFileSize+1))
	if err != nil {
		return nil, &Error{File: path, Text: "cannot be read: " + err.Error(), Err: err}
	}
	if ext := strings.ToLower(filepath.Ext(path)); ext == ".npy" || ext == ".npz" {
		if len(text) > MaxFileSize {
			return nil, &Error{File: path, Text: fmt.Sprintf("is larger than %d MiB, the limit for data files; choose fewer rows", MaxFileSize>>20)}
		}
		return numpyTable(path, text, ext == ".npz")
	}
	return ParseTable(path, text)
}

// ParseTable is ReadTable on the content of a file. name stands in the messages.
func ParseTable(name string, text []byte) (*Table, error) {
	if len(text) > MaxFileSize {
		return nil, &Error{File: name, Text: fmt.Sprintf("is larger than %d MiB, the limit for CSV files; split it or choose fewer rows", MaxFileSize>>20)}
	}
	sum := sha256.Sum256(text)
	t := &Table{File: name, Hash: hex.EncodeToString(sum[:])}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) {
		return nil, &Error{File: name, Text: "is not UTF-8 text; is it a CSV file?"}
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.Comment, r.FieldsPerRecord, r.TrimLeadingSpace = separator(text), '#', -1, true
	for {
		rec, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			var pe *csv.ParseError
			if errors.As(err, &pe) {
				return nil, &Error{File: name, Line: pe.Line, Text: pe.Err.Error(), Err: err}
			}
			return nil, &Error{File: name, Text: err.Error(), Err: err}
		}
		line, _ := r.FieldPos(0)
		for i := range rec {
			rec[i] = strings.TrimSpace(rec[i])
		}
		if len(rec) == 1 && rec[0] == "" {
			continue
		}
		if t.Names == nil {
			if err := t.header(rec, line); err != nil {
				return nil, err
			}
			if t.Header {
				continue
			}
		}
		if len(rec) != len(t.Names) {
			return nil, &Error{File: name, Line: line, Text: fmt.Sprintf("has %d cells, the first row has %d", len(rec), len(t.Names))}
		}
		t.Cells, t.Lines = append(t.Cells, rec), append(t.Lines, line)
	}
	if len(t.Cells) == 0 {
		return nil, &Error{File: name, Text: "has no rows of data"}
	}
	return t, nil
}

// separator counts the candidates outside quotes in the first line that is neither blank nor a comment.
func separator(text []byte) rune {
	for line := range bytes.Lines(text) {
		trimmed := bytes.TrimSpace(line)
		if len(trimmed) == 0 || trimmed[0] == '#' {
			continue
		}
		var n [3]int
		quoted := false
		for _, c := range line[:len(bytes.TrimRight(line, "\r\n"))] {
			switch {
			case c == '"':
				quoted = !quoted
			case quoted:
			case c == '\t':
				n[0]++
			case c == ';':
				n[1]++
			case c == ',':
				n[2]++
			}
		}
		switch {
		case n[0] > 0:
			return '\t'
		case n[1] > 0:
			return ';'
		}
		break
	}
	return ','
}

func (t *Table) header(rec []string, line int) error {
	for _, c := range rec {
		if _, err := cell(c); err != nil {
			t.Header = true
		}
	}
	t.Names = make([]string, len(rec))
	for i, c := range rec {
		if !t.Header || c == "" {
			c = strconv.Itoa(i + 1)
		}
		if slices.Contains(t.Names[:i], c) {
			return &Error{File: t.File, Line: line, Text: fmt.Sprintf("two columns are named %q; rename one", c)}
		}
		t.Names[i] = c
	}
	return nil
}

// cell reads a number; NaN where it is missing (empty, NA, NaN in any case).
func cell(s string) (float64, error) {
	switch strings.ToLower(s) {
	case "", "na", "nan", "n/a":
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || strings.ContainsAny(s, "_xX") {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	if math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is not finite", s)
	}
	return v, nil
}

// Column finds a column by name, or by number from 1.
func (t *Table) Column(name string) (int, error) {
	if i := slices.Index(t.Names, name); i >= 0 {
		return i, nil
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= len(t.Names) {
		return n - 1, nil
	}
	return 0, &Error{File: t.File, Text: fmt.Sprintf("no column %q; the columns are %s", name, strings.Join(t.Names, ", "))}
}

// Number reads row k of column i; NaN where it is missing.
func (t *Table) Number(k, i int) (float64, error) {
	v, err := cell(t.Cells[k][i])
	if err != nil {
		text := err.Error()
		if s := t.Cells[k][i]; strings.Count(s, ",") == 1 && strings.Trim(s, "+-0123456789,eE") == "" {
			text += "; write the decimal point as '.'"
		}
		return 0, &Error{File: t.File, Line: t.Lines[k], Column: t.Names[i], Text: text}
	}
	return v, nil
}

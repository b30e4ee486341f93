package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Issue is one thing that is wrong with a file or an override.
type Issue struct {
	File      string // empty for an override
	Line, Col int    // from 1
	Override  int    // from 1; 0 for the file
	Key       string // may be empty
	Text      string // what is wrong, with the remedy
}

// String is `file:line:column: key: what is wrong`, without what is unknown.
func (p Issue) String() string {
	var parts []string
	switch {
	case p.Override > 0:
		parts = append(parts, fmt.Sprintf("override %d", p.Override))
	case p.Line > 0: // else seen only when the data were there
		parts = append(parts, fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col))
	}
	if p.Key != "" {
		parts = append(parts, p.Key)
	}
	return strings.Join(append(parts, p.Text), ": ")
}

// Error is everything that is wrong with a configuration, in order of position.
type Error struct{ Issues []Issue }

// Error puts one issue on a line.
func (e *Error) Error() string {
	s := make([]string, len(e.Issues))
	for i, p := range e.Issues {
		s[i] = p.String()
	}
	return strings.Join(s, "\n")
}

func (e *Error) sort() {
	slices.SortStableFunc(e.Issues, func(a, b Issue) int {
		return cmp.Or(cmp.Compare(a.Override, b.Override), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col), cmp.Compare(a.Key, b.Key))
	})
}

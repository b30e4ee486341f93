package config

import (
	"strconv"
	"strings"
)

// Limits on what is decoded, checked before the TOML library sees the text: the library recurses for every
// level of nesting and overflows its stack on deep ones.
const (
	MaxSize  = 1 << 20 // bytes
	maxDepth = 16
)

// entry is where a key and its value stand.
type entry struct {
	path       string // normalized: bare parts as they are, others quoted, joined by dots
	key, value int    // byte offsets; value is −1 for a table header
}

// scanner finds the positions of keys and values. It follows TOML's lexical structure only; what is not valid
// TOML is left for the library to report. It uses no recursion.
type scanner struct {
	s       string
	i       int
	entries []entry
	deep    int // offset where the nesting limit was exceeded, or −1
}

func scan(s string) *scanner {
	z := &scanner{s: s, deep: -1}
	z.run()
	return z
}

func joinPath(parts []string) string {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(quotePart(p))
	}
	return b.String()
}

func quotePart(p string) string {
	for _, r := range p {
		if !(r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			return strconv.Quote(p)
		}
	}
	if p == "" {
		return `""`
	}
	return p
}

func (z *scanner) run() {
	var table []string
	for z.i < len(z.s) && z.deep < 0 {
		z.blank(true)
		if z.i >= len(z.s) {
			return
		}
		if z.s[z.i] == '[' {
			for z.i < len(z.s) && z.s[z.i] == '[' {
				z.i++
			}
			z.blank(false)
			at := z.i
			parts, ok := z.keyParts()
			if !ok {
				z.line()
				continue
			}
			table = parts
			z.entries = append(z.entries, entry{joinPath(parts), at, -1})
			z.line()
			continue
		}
		at := z.i
		parts, ok := z.keyParts()
		if !ok || !z.equals() {
			z.line()
			continue
		}
		path := append(append([]string{}, table...), parts...)
		if len(path) > maxDepth {
			z.deep = at
			return
		}
		z.value(path, at)
		z.line()
	}
}

// frame is an open bracket: '[' or '{' with the path that its keys continue.
type frame struct {
	open byte
	path []string
}

// value skips one value and records the keys of inline tables inside it.
func (z *scanner) value(path []string, keyAt int) {
	z.blank(false)
	z.entries = append(z.entries, entry{joinPath(path), keyAt, z.i})
	var stack []frame
	for z.i < len(z.s) {
		inArray := len(stack) > 0 && stack[len(stack)-1].open == '['
		z.blank(len(stack) > 0)
		if z.i >= len(z.s) {
			return
		}
		switch c := z.s[z.i]; {
		case c == '[' || c == '{':
			if len(stack)+len(path) >= maxDepth {
				z.deep = z.i
				return
			}
			z.i++
			stack = append(stack, frame{c, path})
			if c == '{' {
				path = z.inlineKey(stack)
				if z.deep >= 0 {
					return
				}
			}
			continue
		case c == ']' || c == '}':
			if len(stack) == 0 {
				return
			}
			z.i++
			path = stack[len(stack)-1].path
			stack = stack[:len(stack)-1]
		case c == ',':
			if len(stack) == 0 {
				return
			}
			z.i++
			if !inArray {
				path = z.inlineKey(stack)
				if z.deep >= 0 {
					return
				}
			}
			continue
		case c == '"' || c == '\'':
			z.str()
		case c == '\n':
			return
		default:
			for z.i < len(z.s) && !strings.ContainsRune("[]{},#\n\"'", rune(z.s[z.i])) {
				z.i++
			}
		}
		if len(stack) == 0 {
			return
		}
	}
}

// inlineKey reads `key =` inside an inline table and returns the path of its value.
func (z *scanner) inlineKey(stack []frame) []string {
	base := stack[len(stack)-1].path
	z.blank(true)
	at := z.i
	parts, ok := z.keyParts()
	if !ok || !z.equals() {
		return base
	}
	path := append(append([]string{}, base...), parts...)
	if len(path) > maxDepth {
		z.deep = at
	}
	z.blank(false)
	z.entries = append(z.entries, entry{joinPath(path), at, z.i})
	return path
}

func (z *scanner) equals() bool {
	z.blank(false)
	if z.i < len(z.s) && z.s[z.i] == '=' {
		z.i++
		return true
	}
	return false
}

// keyParts reads a dotted key.
func (z *scanner) keyParts() ([]string, bool) {
	var parts []string
	for {
		z.blank(false)
		start := z.i
		if z.i < len(z.s) && (z.s[z.i] == '"' || z.s[z.i] == '\'') {
			quote := z.s[z.i]
			z.str()
			raw := z.s[start:z.i]
			if quote == '"' {
				if u, err := strconv.Unquote(raw); err == nil {
					raw = u
				}
			} else {
				raw = strings.Trim(raw, "'")
			}
			parts = append(parts, raw)
		} else {
			for z.i < len(z.s) && !strings.ContainsRune(" \t\r\n.=#[]{},\"'", rune(z.s[z.i])) {
				z.i++
			}
			if z.i == start {
				return nil, false
			}
			parts = append(parts, z.s[start:z.i])
		}
		z.blank(false)
		if len(parts) > maxDepth {
			z.deep = start
			return nil, false
		}
		if z.i >= len(z.s) || z.s[z.i] != '.' {
			return parts, true
		}
		z.i++
	}
}

// str skips a string of any of TOML's four kinds.
func (z *scanner) str() {
	q := z.s[z.i]
	if triple := strings.Repeat(string(q), 3); strings.HasPrefix(z.s[z.i:], triple) {
		z.i += 3
		for z.i < len(z.s) {
			if q == '"' && z.s[z.i] == '\\' {
				z.i = min(z.i+2, len(z.s))
				continue
			}
			if strings.HasPrefix(z.s[z.i:], triple) {
				z.i += 3
				for n := 0; n < 2 && z.i < len(z.s) && z.s[z.i] == q; n++ { // up to two quotes belong to the string
					z.i++
				}
				return
			}
			z.i++
		}
		return
	}
	for z.i++; z.i < len(z.s) && z.s[z.i] != '\n'; z.i++ {
		if q == '"' && z.s[z.i] == '\\' && z.i+1 < len(z.s) && z.s[z.i+1] != '\n' {
			z.i++
			continue
		}
		if z.s[z.i] == q {
			z.i++
			return
		}
	}
}

// blank skips spaces, and with lines also line ends and comments.
func (z *scanner) blank(lines bool) {
	for z.i < len(z.s) {
		switch c := z.s[z.i]; {
		case c == ' ' || c == '\t' || c == '\r':
			z.i++
		case lines && c == '\n':
			z.i++
		case lines && c == '#':
			for z.i < len(z.s) && z.s[z.i] != '\n' {
				z.i++
			}
		default:
			return
		}
	}
}

// line skips the rest of the line, past its end.
func (z *scanner) line() {
	if n := strings.IndexByte(z.s[z.i:], '\n'); n >= 0 {
		z.i += n + 1
	} else {
		z.i = len(z.s)
	}
}

// lineCol converts a byte offset to line and column, both from 1; the column counts runes.
func lineCol(s string, off int) (line, col int) {
	off = max(0, min(off, len(s))) // the library may report an offset outside the text
	line = strings.Count(s[:off], "\n") + 1
	start := strings.LastIndexByte(s[:off], '\n') + 1
	return line, len([]rune(s[start:off])) + 1
}

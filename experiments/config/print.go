package config

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Print writes the resolved file with a comment to every key. Loading it gives an equal Config.
func (c *Config) Print(w io.Writer) error {
	b := bufio.NewWriter(w)
	t := tableOf(c)
	for _, s := range sections {
		keys := t.applicable(s.name)
		if len(keys) == 0 {
			continue
		}
		if s.name != "" {
			fmt.Fprintf(b, "\n[%s]  # %s\n", s.name, s.doc)
		}
		for _, k := range keys {
			v := k.value()
			assign := k.Base() + " = " + literal(v)
			if v == nil {
				assign = "# " + k.Base() + " = …"
			}
			pad := max(1, 34-utf8.RuneCountInString(assign))
			fmt.Fprintf(b, "%s%s# %s\n", assign, strings.Repeat(" ", pad), t.comment(k))
		}
	}
	return b.Flush()
}

// comment is the meaning of a key with its choices or range.
func (t *table) comment(k *Key) string {
	s := k.Doc
	if _, choices := t.resolve(k); len(choices) > 1 {
		s += ": " + strings.Join(choices, " | ")
	} else if r := k.Range(); r != "" {
		s += "; " + r
	}
	return s
}

func (t *table) applicable(section string) []*Key {
	var out []*Key
	for _, k := range t.keys {
		if k.Section() != section {
			continue
		}
		if _, off := t.failing(k); !off {
			out = append(out, k)
		}
	}
	return out
}

// Value is a key that applies and what it holds.
type Value struct {
	Path, Text string // Text as in the file; empty where an optional key is absent
	Default    bool   // it holds what it would if nothing were said
}

// Values are the applicable keys in the order of the file.
func (c *Config) Values() []Value {
	t := tableOf(c)
	var out []Value
	for _, s := range sections {
		for _, k := range t.applicable(s.name) {
			v := Value{Path: k.Path}
			if held := k.value(); held != nil {
				v.Text = literal(held)
			}
			deflt, _ := t.resolve(k)
			v.Default = deflt == nil && v.Text == "" || deflt != nil && v.Text == literal(deflt)
			out = append(out, v)
		}
	}
	return out
}

// Hash identifies the configuration: the first 12 hexadecimal digits of the SHA-256 of the applicable keys that differ from their
// defaults, in alphabetical order, one "key=value" a line. Comments, order and spelling of numbers do not matter, nor does [report],
// which changes no result. A key that the program learns later changes no hash of files that do not use it.
func (c *Config) Hash() string {
	var lines []string
	for _, v := range c.Values() {
		if !v.Default && !strings.HasPrefix(v.Path, "report.") {
			lines = append(lines, v.Path+"="+v.Text+"\n")
		}
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return hex.EncodeToString(sum[:])[:12]
}

// literal writes a value as TOML.
func literal(v any) string {
	switch x := v.(type) {
	case string:
		return quoteTOML(x)
	case bool:
		return strconv.FormatBool(x)
	case int:
		return strconv.Itoa(x)
	case uint64:
		return strconv.FormatUint(x, 10)
	case float64:
		s := strconv.FormatFloat(x, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		return s
	case []string:
		return list(x, quoteTOML)
	case []int:
		return list(x, strconv.Itoa)
	case []float64:
		return list(x, func(f float64) string { return literal(f) })
	}
	return ""
}

func list[T any](x []T, f func(T) string) string {
	s := make([]string, len(x))
	for i, v := range x {
		s[i] = f(v)
	}
	return "[" + strings.Join(s, ", ") + "]"
}

// quoteTOML writes a basic string: TOML knows fewer escapes than Go.
func quoteTOML(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, "\\u%04x", r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// Load reads and checks a file; overrides are `key=value` as in Parse. What is wrong with the content comes back
// as *Error; a file that cannot be read as the operating system's error.
func Load(path string, overrides ...string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, err
	}
	return Parse(path, text, overrides...)
}

// Parse checks a file's text and returns the resolved configuration, or an *Error with every issue. name stands in
// the messages. An override is `key=value` with a dotted key; its value is read as TOML, and taken as a string where
// that fails; it replaces the file's value.
func Parse(name string, text []byte, overrides ...string) (*Config, error) {
	p := &parser{name: name, text: string(text), cfg: new(Config)}
	p.tab = tableOf(p.cfg)
	p.found = map[string]*found{}
	if p.readFile() {
		p.readOverrides(overrides)
		p.assign()
		if len(p.errs.Issues) == 0 {
			p.cross()
		}
	}
	if len(p.errs.Issues) > 0 {
		p.errs.sort()
		return nil, &p.errs
	}
	return p.cfg, nil
}

// found is a value as it was given, and where.
type found struct {
	raw      any
	key, val int // offsets in the file
	override int // from 1; 0: the file
	text     string
}

type parser struct {
	name, text string
	cfg        *Config
	tab        *table
	found      map[string]*found
	headers    map[string]int // offsets of section headers
	unknown    []unknown
	errs       Error
}

func (p *parser) at(off int, key, format string, args ...any) {
	l, c := lineCol(p.text, off)
	p.errs.Issues = append(p.errs.Issues, Issue{File: p.name, Line: l, Col: c, Key: key, Text: fmt.Sprintf(format, args...)})
}

// badValue reports an issue at the value of a key.
func (p *parser) badValue(path string, f *found, format string, args ...any) {
	if f.override > 0 {
		p.errs.Issues = append(p.errs.Issues, Issue{Override: f.override, Key: path, Text: fmt.Sprintf(format, args...)})
		return
	}
	p.at(f.val, path, format, args...)
}

// readFile decodes the text; false when nothing more can be checked.
func (p *parser) readFile() bool {
	if len(p.text) > MaxSize {
		p.at(0, "", "the file is larger than %d bytes, the limit for a configuration; is it one?", MaxSize)
		return false
	}
	if !utf8.ValidString(p.text) {
		p.at(len(strings.ToValidUTF8(p.text[:validPrefix(p.text)], "")), "", "not valid UTF-8; save the file as UTF-8 text")
		return false
	}
	z := scan(p.text)
	if z.deep >= 0 {
		p.at(z.deep, "", "nested deeper than %d levels, the limit; a configuration needs two", maxDepth)
		return false
	}
	var tree map[string]any
	if _, err := toml.Decode(p.text, &tree); err != nil {
		var pe toml.ParseError
		if errors.As(err, &pe) {
			p.at(pe.Position.Start, "", "not valid TOML: %s", pe.Message)
			if n := len(p.errs.Issues) - 1; pe.Position.Line > 0 && pe.Message != "" {
				p.errs.Issues[n].Line, p.errs.Issues[n].Col = pe.Position.Line, max(pe.Position.Col, 1)
			}
		} else {
			p.at(0, "", "not valid TOML: %v", err)
		}
		return false
	}
	p.headers = map[string]int{}
	place := map[string]entry{}
	folded := map[string]string{}
	twins := 0
	for _, e := range z.entries {
		if first, ok := folded[strings.ToLower(e.path)]; ok && first != e.path {
			if twins++; twins > maxIssues {
				continue
			}
			p.at(e.key, e.path, "differs only in case from %s; keep one of them, keys are written in lower case", first)
		} else if !ok {
			folded[strings.ToLower(e.path)] = e.path
		}
		if e.value < 0 {
			if _, ok := p.headers[e.path]; !ok {
				p.headers[e.path] = e.key
			}
		}
		place[e.path] = e
		for up := parent(e.path); up != ""; up = parent(up) { // tables that have no header of their own
			if _, ok := place[up]; !ok {
				place[up] = entry{up, e.key, -1}
			}
		}
	}
	p.flatten("", tree, place)
	p.reportUnknown()
	return true
}

// parent is the path without its last part. Parts that hold dots are quoted and are not cut in the middle.
func parent(path string) string {
	quoted := false
	for i := len(path) - 1; i >= 0; i-- {
		switch {
		case path[i] == '"' && (i == 0 || path[i-1] != '\\'):
			quoted = !quoted
		case path[i] == '.' && !quoted:
			return path[:i]
		}
	}
	return ""
}

// unknown is a key that the table does not have; its message is made only where it is shown.
type unknown struct {
	off  int
	path string
	text func() string
}

// maxIssues bounds what is said about one file: one that is no configuration would otherwise give a message a line.
const maxIssues = 100

func (p *parser) reportUnknown() {
	slices.SortFunc(p.unknown, func(a, b unknown) int { return cmp.Or(cmp.Compare(a.off, b.off), cmp.Compare(a.path, b.path)) })
	for i, u := range p.unknown {
		if i == maxIssues {
			p.at(u.off, "", "and %d more keys that no configuration has; is this the right file?", len(p.unknown)-i)
			break
		}
		p.at(u.off, u.path, "%s", u.text())
	}
}

func validPrefix(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			return i
		}
	}
	return len(s)
}

// flatten collects the values of known keys and reports the unknown ones. The depth was checked before.
func (p *parser) flatten(prefix string, tree map[string]any, place map[string]entry) {
	for name, raw := range tree {
		path := quotePart(name)
		if prefix != "" {
			path = prefix + "." + path
		}
		e := place[path]
		if p.tab.find(path) != nil {
			p.found[path] = &found{raw: raw, key: e.key, val: max(e.value, e.key)}
			continue
		}
		sub, isTable := raw.(map[string]any)
		switch {
		case prefix == "" && isSection(path):
			if !isTable {
				p.foreign(e.key, path, func() string { return "is a section; write [" + path + "] and its keys below" })
				continue
			}
			p.flatten(path, sub, place)
		case prefix == "" && isTable:
			p.foreign(e.key, path, func() string { return "unknown section" + didYouMean(path, sectionNames()) })
		default:
			p.foreign(e.key, path, func() string { return "unknown key" + p.tab.suggestKey(path) })
		}
	}
}

func (p *parser) foreign(off int, path string, text func() string) {
	p.unknown = append(p.unknown, unknown{off, path, text})
}

func isSection(s string) bool {
	for _, x := range sections[1:] {
		if x.name == s {
			return true
		}
	}
	return false
}

func sectionNames() []string {
	out := make([]string, 0, len(sections))
	for _, s := range sections[1:] {
		out = append(out, s.name)
	}
	return out
}

func (p *parser) readOverrides(overrides []string) {
	for i, text := range overrides {
		bad := func(key, format string, args ...any) {
			p.errs.Issues = append(p.errs.Issues, Issue{Override: i + 1, Key: key, Text: fmt.Sprintf(format, args...)})
		}
		path, value, ok := strings.Cut(text, "=")
		path, value = strings.TrimSpace(path), strings.TrimSpace(value)
		if !ok || path == "" {
			bad("", "%q is not key=value, such as solver.rtol=1e-8", text)
			continue
		}
		k := p.tab.find(path)
		if k == nil {
			if isSection(path) {
				bad(path, "is a section; set one of its keys, such as %s", p.exampleKey(path))
			} else {
				bad(path, "unknown key%s", p.tab.suggestKey(path))
			}
			continue
		}
		if len(value) > MaxSize || scan("v = "+value).deep >= 0 {
			bad(path, "the value is too large or too deeply nested")
			continue
		}
		p.found[path] = &found{raw: overrideValue(k.Kind, value), override: i + 1, text: value}
	}
}

func (p *parser) exampleKey(section string) string {
	for _, k := range p.tab.keys {
		if k.Section() == section {
			return k.Path
		}
	}
	return section
}

// overrideValue reads a value as TOML; where that fails, or gives what the key cannot be, as the words typed.
func overrideValue(kind Kind, text string) any {
	one := func(s string) (any, bool) {
		var m map[string]any
		if _, err := toml.Decode("v = "+s, &m); err != nil || len(m) != 1 {
			return nil, false
		}
		v, ok := m["v"]
		return v, ok
	}
	v, ok := one(text)
	if ok {
		if _, isString := v.(string); kind == String && !isString {
			return text
		}
		if _, isList := v.([]any); !isList && (kind == Strings || kind == Ints) { // one entry needs no brackets
			return []any{v}
		}
		return v
	}
	if kind == Strings {
		var out []any
		for _, w := range strings.Split(strings.Trim(text, "[]"), ",") {
			out = append(out, strings.Trim(strings.TrimSpace(w), `"'`))
		}
		return out
	}
	if kind == Ints || kind == Numbers {
		if v, ok := one("[" + text + "]"); ok {
			return v
		}
	}
	return text
}

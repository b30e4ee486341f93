package config

import (
	"fmt"
	"io"
	"strings"
)

// WriteMarkdown writes the reference of all keys, docs/configuration.md.
func WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString(`# The configuration file

An experiment is a TOML file. This page is written from the table that the program itself uses; do not edit it,
run ` + "`go test ./experiments/config -run TestMarkdown -update`" + `.

Files are strict. An unknown key, a wrong type, a value out of range, a non-finite number, a key that does not apply
to the chosen task or kind, and a missing required key are all reported, in one go, as
` + "`file:line:column: key: what is wrong (did you mean …?)`" + `, with exit code 2. A file may have 1 MiB and 16 levels of
nesting. On the command line ` + "`key=value`" + ` replaces a value (` + "`solver.rtol=1e-8 optimizer.kind=adam field.hidden=50,50`" + `);
keys of the file that no longer apply then are dropped with a note. ` + "`costate run --print-config`" + ` shows the resolved file.
`)
	t := tableOf(new(Config))
	for _, s := range sections {
		if s.name == "" {
			b.WriteString("\n## Top level\n")
		} else {
			fmt.Fprintf(&b, "\n## [%s]\n\n%s.\n", s.name, sentence(s.doc))
		}
		b.WriteString("\n| key | value | default | applies where | meaning |\n|---|---|---|---|---|\n")
		for _, k := range t.keys {
			if k.Section() != s.name {
				continue
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", k.Base(), k.valueDoc(), k.defaultDoc(), k.appliesDoc(), strings.ReplaceAll(k.Doc, "|", `\|`))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func code(s string) string { return "`" + s + "`" }

func (k *Key) valueDoc() string {
	if k.Choices != nil {
		s := codes(k.Choices)
		for _, c := range k.Cases {
			if c.Choices != nil {
				s += "; with " + c.When.String() + ": " + codes(c.Choices)
			}
		}
		return s
	}
	s := strings.TrimPrefix(strings.TrimPrefix(k.Kind.String(), "an "), "a ")
	if r := k.Range(); r != "" {
		s += " " + r
	}
	return s
}

func codes(v []string) string {
	q := make([]string, len(v))
	for i := range v {
		q[i] = code(v[i])
	}
	return strings.Join(q, ", ")
}

func (k *Key) defaultDoc() string {
	if k.Optional {
		return "absent"
	}
	if k.Default == nil {
		return "required"
	}
	s := code(literal(k.Default))
	for _, c := range k.Cases {
		if c.Value != nil && literal(c.Value) != literal(k.Default) {
			s += "; " + code(literal(c.Value)) + " with " + c.When.String()
		}
	}
	return s
}

func (k *Key) appliesDoc() string {
	s := make([]string, len(k.Applies))
	for i, c := range k.Applies {
		s[i] = c.String()
	}
	return strings.Join(s, " and ")
}

// sentence begins with a capital, unless with a symbol such as θ.
func sentence(s string) string {
	if s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

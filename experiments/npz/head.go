package npz

import (
	"fmt"
	"strconv"
	"strings"
)

// header is what a .npy file says of its numbers, and where.
type header struct {
	kind            string
	fortran         bool
	shape           []int
	kindAt, shapeAt int
}

// parseHead reads the literal of Python {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), } and nothing else.
func parseHead(text string) (header, *Error) {
	p := &headParser{text: text}
	var h header
	seen := map[string]bool{}
	p.want("{")
	for p.fault == nil && !p.take("}") {
		at := p.at
		key := p.quoted()
		p.want(":")
		if seen[key] {
			p.fail(at, "the key %q stands twice", key)
		}
		seen[key] = true
		switch key {
		case "descr":
			p.space()
			h.kindAt = p.at
			if h.kind = p.quoted(); p.fault != nil && strings.HasPrefix(text[h.kindAt:], "[") {
				p.fault.Text = "records are not read; write one array for each of their fields"
			}
		case "fortran_order":
			switch {
			case p.take("True"):
				h.fortran = true
			case !p.take("False"):
				p.fail(p.at, "want True or False for fortran_order")
			}
		case "shape":
			p.space()
			h.shapeAt = p.at
			h.shape = p.tuple()
		default:
			p.fail(at, "unknown key %q in the head; descr, fortran_order and shape are known", key)
		}
		if !p.take(",") {
			p.want("}")
			break
		}
	}
	if p.fault == nil && strings.TrimSpace(text[p.at:]) != "" {
		p.fail(p.at, "something stands behind the head's dictionary")
	}
	for _, key := range []string{"descr", "fortran_order", "shape"} {
		if !seen[key] {
			p.fail(p.at, "the head lacks %q", key)
		}
	}
	return h, p.fault
}

type headParser struct {
	text  string
	at    int
	fault *Error // the first one
}

func (p *headParser) fail(at int, format string, args ...any) {
	if p.fault == nil {
		p.fault = &Error{Byte: at, Text: fmt.Sprintf(format, args...)}
	}
}

func (p *headParser) space() {
	for p.at < len(p.text) && p.text[p.at] == ' ' {
		p.at++
	}
}

// take passes a word that comes next.
func (p *headParser) take(word string) bool {
	p.space()
	if !strings.HasPrefix(p.text[p.at:], word) {
		return false
	}
	p.at += len(word)
	return true
}

func (p *headParser) want(word string) {
	if p.fault == nil && !p.take(word) {
		p.fail(p.at, "want %s in the head", word)
	}
}

// quoted reads a string without escapes.
func (p *headParser) quoted() string {
	p.space()
	if p.at == len(p.text) || p.text[p.at] != '\'' && p.text[p.at] != '"' {
		p.fail(p.at, "want a string in the head")
		return ""
	}
	s, _, ok := strings.Cut(p.text[p.at+1:], p.text[p.at:p.at+1])
	if !ok || strings.Contains(s, "\\") {
		p.fail(p.at, "a string in the head has no end, or an escape")
		return ""
	}
	p.at += len(s) + 2
	return s
}

// tuple reads (), (3,), (3, 4) and so on.
func (p *headParser) tuple() []int {
	out := []int{}
	p.want("(")
	for p.fault == nil && !p.take(")") {
		p.space()
		end := p.at
		for end < len(p.text) && p.text[end] >= '0' && p.text[end] <= '9' {
			end++
		}
		d, err := strconv.Atoi(p.text[p.at:end])
		if err != nil || len(out) == 32 {
			p.fail(p.at, "want a tuple of at most 32 sizes for shape")
			break
		}
		p.at = end
		p.take("L") // written by Python 2
		if out = append(out, d); !p.take(",") {
			p.want(")")
			break
		}
	}
	return out
}

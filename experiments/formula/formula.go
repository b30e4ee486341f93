// Package formula reads formulas of time, states and controls, conditions on them and jumps, as configuration files give them, and
// evaluates them with exact derivatives:
//
//	x1^2 + sin(t)·2 ≤ 0.5      written x1^2 + 2*sin(t) <= 0.5
//
// States are x1, x2 … or have names, controls are u1, u2 … or u where there is one, and t is the time. There are + − * / ^, parentheses,
// pi, and sin, cos, tan, exp, log, sqrt, abs and tanh.
package formula

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Names are what formulas may speak of: names of the states, and how many controls there are.
type Names struct {
	States   []string
	Controls int
}

// Formula is a function of time, states and controls. Its methods may be called by several goroutines at once and allocate nothing.
type Formula struct{ root *node }

// node is an operation on others. Operations are + - * / ^, n (negative), f (a function), c (a constant), t, x and u.
type node struct {
	op   byte
	a, b *node
	c    float64
	i    int
	f    *function
}

// function is a function of one number with its derivative.
type function struct{ value, slope func(float64) float64 }

var functions = map[string]*function{
	"sin":  {math.Sin, math.Cos},
	"cos":  {math.Cos, func(v float64) float64 { return -math.Sin(v) }},
	"tan":  {math.Tan, func(v float64) float64 { return 1 + math.Tan(v)*math.Tan(v) }},
	"exp":  {math.Exp, math.Exp},
	"log":  {math.Log, func(v float64) float64 { return 1 / v }},
	"sqrt": {math.Sqrt, func(v float64) float64 { return 0.5 / math.Sqrt(v) }},
	"abs":  {math.Abs, func(v float64) float64 { return math.Copysign(1, v) }},
	"tanh": {math.Tanh, func(v float64) float64 { return 1 - math.Tanh(v)*math.Tanh(v) }},
}

// Eval is the value at a time, states and controls.
func (f *Formula) Eval(t float64, x, u []float64) float64 { return f.root.eval(t, x, u) }

// Grad stores the derivatives in the states in gx and those in the controls in gu.
func (f *Formula) Grad(gx, gu []float64, t float64, x, u []float64) {
	clear(gx)
	clear(gu)
	f.root.grad(gx, gu, 1, t, x, u)
}

// Controls says whether the formula depends on controls.
func (f *Formula) Controls() bool { return f.root.has('u') }

func (n *node) has(op byte) bool {
	return n != nil && (n.op == op || n.a.has(op) || n.b.has(op))
}

func (n *node) eval(t float64, x, u []float64) float64 {
	switch n.op {
	case 'c':
		return n.c
	case 't':
		return t
	case 'x':
		return x[n.i]
	case 'u':
		return u[n.i]
	}
	a := n.a.eval(t, x, u)
	switch n.op {
	case 'n':
		return -a
	case 'f':
		return n.f.value(a)
	}
	b := n.b.eval(t, x, u)
	switch n.op {
	case '+':
		return a + b
	case '-':
		return a - b
	case '*':
		return a * b
	case '/':
		return a / b
	}
	return math.Pow(a, b)
}

// grad adds the derivatives times a factor.
func (n *node) grad(gx, gu []float64, by, t float64, x, u []float64) {
	switch n.op {
	case 'x':
		gx[n.i] += by
		return
	case 'u':
		gu[n.i] += by
		return
	case 'c', 't':
		return
	case 'n':
		n.a.grad(gx, gu, -by, t, x, u)
		return
	case 'f':
		n.a.grad(gx, gu, by*n.f.slope(n.a.eval(t, x, u)), t, x, u)
		return
	}
	a, b := n.a.eval(t, x, u), n.b.eval(t, x, u)
	da, db := by, by
	switch n.op {
	case '-':
		db = -by
	case '*':
		da, db = by*b, by*a
	case '/':
		da, db = by/b, -by*a/(b*b)
	case '^':
		da = by * b * math.Pow(a, b-1)
		db = 0
		if n.b.op != 'c' {
			db = by * math.Pow(a, b) * math.Log(a)
		}
	}
	n.a.grad(gx, gu, da, t, x, u)
	if n.b.op != 'c' {
		n.b.grad(gx, gu, db, t, x, u)
	}
}

// Parse reads a formula. The error says what is wrong and where.
func Parse(text string, names Names) (*Formula, error) {
	p := &parser{text: text, names: names}
	p.next()
	n, err := p.sum(0)
	if err == nil && p.token != "" {
		err = p.fail("unexpected %q", p.token)
	}
	if err != nil {
		return nil, err
	}
	return &Formula{n}, nil
}

// parser is one of recursive descent.
type parser struct {
	text  string
	names Names
	at    int    // of the token
	end   int    // of it
	token string // empty at the end
}

func (p *parser) fail(format string, args ...any) error {
	return fmt.Errorf("%q, at character %d: %s", p.text, utf8.RuneCountInString(p.text[:p.at])+1, fmt.Sprintf(format, args...))
}

// next reads a number, a name or a sign.
func (p *parser) next() {
	rest := p.text[p.end:]
	p.at = p.end + len(rest) - len(strings.TrimLeftFunc(rest, unicode.IsSpace))
	rest = p.text[p.at:]
	if rest == "" {
		p.token, p.end = "", p.at
		return
	}
	n := strings.IndexFunc(rest, func(r rune) bool { return !inName(r) && r != '.' })
	switch first, size := utf8.DecodeRuneInString(rest); {
	case !inName(first) && first != '.':
		n = size
	case n < 0:
		n = len(rest)
	}
	if c := rest[0]; c >= '0' && c <= '9' || c == '.' { // the sign of an exponent belongs to the number
		if e := rest[n-1]; (e == 'e' || e == 'E') && n < len(rest) && (rest[n] == '-' || rest[n] == '+') {
			for n++; n < len(rest) && rest[n] >= '0' && rest[n] <= '9'; n++ {
			}
		}
	}
	p.token, p.end = rest[:n], p.at+n
}

// inName tells what names and numbers consist of; subscripts are no letters, but numbers.
func inName(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

const deepest = 100 // nesting of formulas

func (p *parser) sum(depth int) (*node, error) {
	a, err := p.product(depth)
	for err == nil && (p.token == "+" || p.token == "-" || p.token == "−") {
		op := byte('+')
		if p.token != "+" {
			op = '-'
		}
		p.next()
		var b *node
		b, err = p.product(depth)
		a = &node{op: op, a: a, b: b}
	}
	return a, err
}

func (p *parser) product(depth int) (*node, error) {
	a, err := p.signed(depth)
	for err == nil && (p.token == "*" || p.token == "/" || p.token == "·") {
		op := byte('*')
		if p.token == "/" {
			op = '/'
		}
		p.next()
		var b *node
		b, err = p.signed(depth)
		a = &node{op: op, a: a, b: b}
	}
	return a, err
}

func (p *parser) signed(depth int) (*node, error) {
	if depth > deepest {
		return nil, p.fail("nested more than %d deep", deepest)
	}
	switch p.token {
	case "-", "−":
		p.next()
		a, err := p.signed(depth + 1)
		return &node{op: 'n', a: a}, err
	case "+":
		p.next()
		return p.signed(depth + 1)
	}
	a, err := p.atom(depth)
	if err != nil || p.token != "^" {
		return a, err
	}
	p.next()
	b, err := p.signed(depth + 1) // from the right
	if err == nil && b.op == 'n' && b.a.op == 'c' {
		b = &node{op: 'c', c: -b.a.c}
	}
	return &node{op: '^', a: a, b: b}, err
}

func (p *parser) atom(depth int) (*node, error) {
	token := p.token
	switch {
	case token == "":
		return nil, p.fail("the formula ends too soon")
	case token == "(":
		p.next()
		return p.closed(depth)
	case token[0] >= '0' && token[0] <= '9' || token[0] == '.':
		v, err := strconv.ParseFloat(token, 64)
		if err != nil || math.IsInf(v, 0) {
			return nil, p.fail("%q is no number", token)
		}
		p.next()
		return &node{op: 'c', c: v}, nil
	}
	if f := functions[token]; f != nil {
		p.next()
		if p.token != "(" {
			return nil, p.fail("%s wants parentheses", token)
		}
		p.next()
		a, err := p.closed(depth)
		return &node{op: 'f', f: f, a: a}, err
	}
	n := p.names.find(token)
	if n == nil {
		return nil, p.fail("%q is none of %s", token, p.names)
	}
	p.next()
	return n, nil
}

// closed reads up to the parenthesis that closes.
func (p *parser) closed(depth int) (*node, error) {
	a, err := p.sum(depth + 1)
	if err == nil && p.token != ")" {
		return nil, p.fail("a parenthesis is not closed")
	}
	p.next()
	return a, err
}

// find is the meaning of a name, nil where it has none.
func (n Names) find(name string) *node {
	switch name {
	case "t":
		return &node{op: 't'}
	case "pi", "π":
		return &node{op: 'c', c: math.Pi}
	case "u":
		if n.Controls == 1 {
			return &node{op: 'u'}
		}
	}
	for i, s := range n.States {
		if name == s || name == fmt.Sprintf("x%d", i+1) {
			return &node{op: 'x', i: i}
		}
	}
	for i := range n.Controls {
		if name == fmt.Sprintf("u%d", i+1) {
			return &node{op: 'u', i: i}
		}
	}
	return nil
}

// String lists the names.
func (n Names) String() string {
	var list []string
	for i, s := range n.States {
		x := fmt.Sprintf("x%d", i+1)
		if s != "" && s != x {
			x += " (" + s + ")"
		}
		list = append(list, x)
	}
	for i := range n.Controls {
		list = append(list, fmt.Sprintf("u%d", i+1))
	}
	return strings.Join(append(list, "t"), ", ")
}

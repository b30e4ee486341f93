package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Kind is the type of a key's value in the file.
type Kind int

// The kinds of values.
const (
	String Kind = iota
	Bool
	Int
	Unsigned
	Number
	Strings
	Ints
	Numbers // an array of numbers or one number
)

var kindText = [...]string{"a string", "true or false", "an integer", "an integer ≥ 0", "a number",
	"an array of strings", "an array of integers", "a number or an array of numbers"}

// String names the kind as error messages and the documentation do.
func (k Kind) String() string { return kindText[k] }

// Condition says that a key applies only where another key has one of some values, or has none of them.
type Condition struct {
	Key    string
	Values []string
	Not    bool
}

func (c Condition) String() string {
	q := make([]string, len(c.Values))
	for i, v := range c.Values {
		q[i] = strconv.Quote(v)
	}
	if c.Not {
		return c.Key + " ≠ " + strings.Join(q, " and ")
	}
	return c.Key + " = " + strings.Join(q, " or ")
}

// Case is a default (or a list of choices) that holds only under a condition.
type Case struct {
	When    Condition
	Value   any
	Choices []string
}

// Key describes one key of the file. The description is complete: decoding, checking, printing and the
// documentation follow from it.
type Key struct {
	Path     string // "solver.rtol"
	Kind     Kind
	Default  any // nil: required where the key applies, unless Optional
	Doc      string
	Choices  []string
	Cases    []Case
	Applies  []Condition // all must hold
	Optional bool        // absent is a value of its own

	refused        []string // values that exist but are not permitted here
	refusal        string   // why
	lo, hi         float64
	loOpen, hiOpen bool
	ranged         bool
	check          func(any) string
	dst            any // pointer into the Config
}

// Section is the part of the path before the dot, empty at top level.
func (k *Key) Section() string {
	s, _, ok := strings.Cut(k.Path, ".")
	if !ok {
		return ""
	}
	return s
}

// Base is the part of the path after the dot.
func (k *Key) Base() string { return k.Path[strings.LastIndexByte(k.Path, '.')+1:] }

// Range is the permitted interval in words, empty where there is none.
func (k *Key) Range() string {
	if !k.ranged {
		return ""
	}
	switch {
	case math.IsInf(k.hi, 1) && k.loOpen:
		return "> " + num(k.lo)
	case math.IsInf(k.hi, 1):
		return "≥ " + num(k.lo)
	}
	l, r := "[", "]"
	if k.loOpen {
		l = "("
	}
	if k.hiOpen {
		r = ")"
	}
	return "in " + l + num(k.lo) + ", " + num(k.hi) + r
}

func num(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func (k *Key) inRange(v float64) bool {
	if !k.ranged {
		return true
	}
	return (v > k.lo || !k.loOpen && v == k.lo) && (v < k.hi || !k.hiOpen && v == k.hi)
}

type option func(*Key)

func between(lo, hi float64) option {
	return func(k *Key) { k.ranged, k.lo, k.hi = true, lo, hi }
}
func fraction() option { // [0, 1)
	return func(k *Key) { k.ranged, k.lo, k.hi, k.hiOpen = true, 0, 1, true }
}
func atLeast(lo float64) option { return between(lo, math.Inf(1)) }
func above(lo float64) option {
	return func(k *Key) { k.ranged, k.lo, k.hi, k.loOpen = true, lo, math.Inf(1), true }
}
func oneOf(c ...string) option { return func(k *Key) { k.Choices = c } }
func refuse(why string, c ...string) option {
	return func(k *Key) { k.refused, k.refusal = c, why }
}
func optional() option { return func(k *Key) { k.Optional = true } }
func checked(f func(any) string) option {
	return func(k *Key) { k.check = f }
}
func when(key string, values ...string) option {
	return func(k *Key) { k.Applies = append(k.Applies, Condition{Key: key, Values: values}) }
}
func unless(key string, values ...string) option {
	return func(k *Key) { k.Applies = append(k.Applies, Condition{Key: key, Values: values, Not: true}) }
}
func def(key, value string, d any, choices ...string) option {
	return func(k *Key) {
		k.Cases = append(k.Cases, Case{When: Condition{Key: key, Values: []string{value}}, Value: d, Choices: choices})
	}
}

// table collects the keys of one Config.
type table struct{ keys []*Key }

func (t *table) add(path string, dst, deflt any, doc string, opts ...option) {
	k := &Key{Path: path, Default: deflt, Doc: doc, dst: dst}
	switch dst.(type) {
	case *string:
		k.Kind = String
	case *bool:
		k.Kind = Bool
	case *int:
		k.Kind = Int
	case *uint64:
		k.Kind = Unsigned
	case *float64:
		k.Kind = Number
	case *[]string:
		k.Kind = Strings
	case *[]int:
		k.Kind = Ints
	case *[]float64:
		k.Kind = Numbers
	default:
		panic(fmt.Sprintf("config: key %s has a destination of type %T", path, dst))
	}
	for _, o := range opts {
		o(k)
	}
	t.keys = append(t.keys, k)
}

func (t *table) find(path string) *Key {
	for _, k := range t.keys {
		if k.Path == path {
			return k
		}
	}
	return nil
}

// text is the value of a key as conditions see it.
func (t *table) text(path string) string {
	k := t.find(path)
	if k == nil {
		panic("config: a condition names the unknown key " + path)
	}
	switch p := k.dst.(type) {
	case *string:
		return *p
	case *bool:
		return strconv.FormatBool(*p)
	}
	panic("config: a condition on " + path + ", which is neither a string nor a boolean")
}

func (t *table) holds(c Condition) bool { return slices.Contains(c.Values, t.text(c.Key)) != c.Not }

// failing returns the first condition of k that does not hold, and false when all hold.
func (t *table) failing(k *Key) (Condition, bool) {
	for _, c := range k.Applies {
		if !t.holds(c) {
			return c, true
		}
	}
	return Condition{}, false
}

// resolve gives the default and the choices of k under the conditions that hold now.
func (t *table) resolve(k *Key) (any, []string) {
	d, choices := k.Default, k.Choices
	for _, c := range k.Cases {
		if t.holds(c.When) {
			if c.Value != nil {
				d = c.Value
			}
			if c.Choices != nil {
				choices = c.Choices
			}
			break
		}
	}
	return d, choices
}

// store sets the destination; v has the Go type of the destination.
func (k *Key) store(v any) {
	switch p := k.dst.(type) {
	case *string:
		*p = v.(string)
	case *bool:
		*p = v.(bool)
	case *int:
		*p = v.(int)
	case *uint64:
		*p = v.(uint64)
	case *float64:
		*p = v.(float64)
	case *[]string:
		*p = slices.Clone(v.([]string))
	case *[]int:
		*p = slices.Clone(v.([]int))
	case *[]float64:
		*p = slices.Clone(v.([]float64))
	}
}

// value reads the destination; nil for an optional key that is absent.
func (k *Key) value() any {
	switch p := k.dst.(type) {
	case *string:
		return *p
	case *bool:
		return *p
	case *int:
		return *p
	case *uint64:
		return *p
	case *float64:
		return *p
	case *[]string:
		return *p
	case *[]int:
		return *p
	case *[]float64:
		if *p == nil {
			return nil
		}
		return *p
	}
	return nil
}

// Keys describes every key, in the order of the file.
func Keys() []Key {
	t := tableOf(new(Config))
	out := make([]Key, len(t.keys))
	for i, k := range t.keys {
		out[i] = *k
		out[i].dst = nil
	}
	return out
}

// Choices lists the values that a key with choices permits under any condition; nil for other keys.
func Choices(path string) []string {
	k := tableOf(new(Config)).find(path)
	if k == nil {
		return nil
	}
	out := slices.Clone(k.Choices)
	for _, c := range k.Cases {
		for _, v := range c.Choices {
			if !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	return out
}

package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// assign goes through the table in order: conditions only look at keys further up, so one pass resolves all.
func (p *parser) assign() {
	for _, k := range p.tab.keys {
		f := p.found[k.Path]
		cond, off := p.tab.failing(k)
		if off {
			p.inapplicable(k, f, cond)
			continue
		}
		deflt, choices := p.tab.resolve(k)
		if f == nil {
			if deflt != nil {
				k.store(deflt)
			} else if !k.Optional {
				p.missing(k)
			}
			continue
		}
		v, problem := convert(k, f.raw)
		if problem == "" {
			problem = k.verify(v, choices)
		}
		if problem != "" {
			p.badValue(k.Path, f, "%s", problem)
			if deflt != nil { // go on with the default, so that the keys below are judged sensibly
				k.store(deflt)
			}
			continue
		}
		k.store(v)
	}
}

// inapplicable reports a key that the chosen kind does not use. A key of the file that an override made
// inapplicable is dropped with a note: `optimizer.kind=adam` must be enough to try another optimizer.
func (p *parser) inapplicable(k *Key, f *found, cond Condition) {
	if f == nil {
		return
	}
	if have := p.found[cond.Key]; f.override == 0 && p.overridden(cond.Key, have) {
		p.cfg.notes = append(p.cfg.notes, fmt.Sprintf("%s of the file is not used: it applies where %s", k.Path, cond))
		return
	}
	p.placeAtKey(k, f, fmt.Sprintf("does not apply to %s = %q; it applies where %s", cond.Key, p.tab.text(cond.Key), cond))
}

// overridden reports whether an override decides key: directly, or because it decides whether key applies.
func (p *parser) overridden(key string, have *found) bool {
	if have != nil && have.override > 0 {
		return true
	}
	k := p.tab.find(key)
	for _, c := range k.Applies {
		if p.overridden(c.Key, p.found[c.Key]) {
			return true
		}
	}
	if have == nil { // a default that follows an overridden key
		for _, c := range k.Cases {
			if p.overridden(c.When.Key, p.found[c.When.Key]) {
				return true
			}
		}
	}
	return false
}

func (p *parser) placeAtKey(k *Key, f *found, text string) {
	g := *f
	g.val = g.key
	p.badValue(k.Path, &g, "%s", text)
}

func (p *parser) missing(k *Key) {
	off := len(p.text)
	if h, ok := p.headers[k.Section()]; ok {
		off = h
	}
	why := make([]string, len(k.Applies))
	for i, c := range k.Applies {
		why[i] = fmt.Sprintf("%s = %q", c.Key, p.tab.text(c.Key))
	}
	p.at(off, k.Path, "is required with %s: %s", strings.Join(why, ", "), k.Doc)
}

// describe names a TOML value for a message.
func describe(raw any) string {
	switch v := raw.(type) {
	case string:
		if len(v) > 40 {
			v = v[:37] + "…"
		}
		return "the string " + strconv.Quote(v)
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return "the integer " + strconv.FormatInt(v, 10)
	case float64:
		return "the number " + num(v)
	case []any:
		return "an array"
	case []map[string]any:
		return "an array of tables"
	case map[string]any:
		return "a table"
	case time.Time:
		return "a date"
	}
	return fmt.Sprintf("a %T", raw)
}

// convert turns a TOML value into the Go type of the key, or says why not.
func convert(k *Key, raw any) (any, string) {
	wrong := func() (any, string) { return nil, "want " + k.Kind.String() + ", got " + describe(raw) }
	switch k.Kind {
	case String:
		if v, ok := raw.(string); ok {
			return v, ""
		}
	case Bool:
		if v, ok := raw.(bool); ok {
			return v, ""
		}
	case Int:
		if v, ok := raw.(int64); ok {
			return int(v), ""
		}
		if v, ok := raw.(float64); ok && v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return nil, fmt.Sprintf("want an integer, got the number %s; write %d", num(v), int64(v))
		}
	case Unsigned:
		if v, ok := raw.(int64); ok {
			if v < 0 {
				return nil, fmt.Sprintf("must be ≥ 0, got %d", v)
			}
			return uint64(v), ""
		}
	case Number:
		return number(raw, wrong)
	case Numbers:
		list, ok := raw.([]any)
		if !ok {
			v, problem := number(raw, wrong)
			if problem != "" {
				return nil, problem
			}
			return []float64{v.(float64)}, ""
		}
		out := make([]float64, len(list))
		for i, e := range list {
			v, problem := number(e, func() (any, string) {
				return nil, fmt.Sprintf("entry %d: want a number, got %s", i+1, describe(e))
			})
			if problem != "" {
				return nil, problem
			}
			out[i] = v.(float64)
		}
		if len(out) == 0 {
			return nil, "the array is empty; leave the key out instead"
		}
		return out, ""
	case Strings, Ints:
		list, ok := raw.([]any)
		if !ok {
			return wrong()
		}
		return convertList(k, list)
	}
	return wrong()
}

func convertList(k *Key, list []any) (any, string) {
	words, ints := make([]string, 0, len(list)), make([]int, 0, len(list))
	for i, e := range list {
		switch v := e.(type) {
		case string:
			words = append(words, v)
		case int64:
			ints = append(ints, int(v))
		}
		if k.Kind == Strings && len(words) != i+1 {
			return nil, fmt.Sprintf("entry %d: want a string, got %s", i+1, describe(e))
		}
		if k.Kind == Ints && len(ints) != i+1 {
			return nil, fmt.Sprintf("entry %d: want an integer, got %s", i+1, describe(e))
		}
	}
	if k.Kind == Strings {
		return words, ""
	}
	return ints, ""
}

func number(raw any, wrong func() (any, string)) (any, string) {
	v, ok := raw.(float64)
	if n, isInt := raw.(int64); isInt {
		v, ok = float64(n), true
	}
	if !ok {
		return wrong()
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil, fmt.Sprintf("must be finite, got %v", v)
	}
	return v, ""
}

// elsewhere says under what other conditions a value is a choice, which it is not now; empty where it is one now, or never.
func (k *Key) elsewhere(x string, choices []string) string {
	if slices.Contains(choices, x) {
		return ""
	}
	usual := slices.Contains(k.Choices, x)
	var where []string
	for _, c := range k.Cases {
		switch {
		case usual && slices.Equal(c.Choices, choices):
			return "does not work with " + c.When.String()
		case !usual && slices.Contains(c.Choices, x):
			where = append(where, c.When.String())
		}
	}
	if len(where) == 0 {
		return ""
	}
	return "is for " + strings.Join(where, " or ")
}

// verify checks range, choices and the key's own rule; empty when all is well.
func (k *Key) verify(v any, choices []string) string {
	switch x := v.(type) {
	case int:
		if !k.inRange(float64(x)) {
			return fmt.Sprintf("must be %s, got %d", k.Range(), x)
		}
	case float64:
		if !k.inRange(x) {
			return fmt.Sprintf("must be %s, got %s", k.Range(), num(x))
		}
	case string:
		if k.Default == nil && x == "" {
			return "must not be empty"
		}
		if slices.Contains(k.refused, x) {
			return fmt.Sprintf("%q %s; choose from %s", x, k.refusal, strings.Join(choices, ", "))
		}
		if where := k.elsewhere(x, choices); where != "" {
			return fmt.Sprintf("%q %s; choose from %s", x, where, strings.Join(choices, ", "))
		}
		if choices != nil && !slices.Contains(choices, x) {
			return fmt.Sprintf("unknown value %q; choose from %s%s", x, strings.Join(choices, ", "), didYouMean(x, choices))
		}
	}
	if k.check != nil {
		return k.check(v)
	}
	return ""
}

// Package sweep runs one experiment with many settings: it makes the points of a grid or of random samples, runs each in a process
// of its own, several at a time, finds out after an interruption what is left to do, and sets the results side by side.
package sweep

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Axis is a key of the configuration and what it may be: some values, or a range to draw from.
type Axis struct {
	Key    string
	Values []string // as on the command line; nil for a range
	Lo, Hi float64
	Log    bool // drawn evenly on the logarithm
	Whole  bool // both ends are whole numbers: so is what is drawn, ends included
}

// ParseAxis reads `key=a,b,c` or `key=lo:hi`, the latter with `:log` or `:lin` behind. Commas in brackets and in quotes belong to a
// value: `field.hidden=[32,32],[64]`.
func ParseAxis(arg string) (Axis, error) {
	key, text, ok := strings.Cut(arg, "=")
	if !ok || key == "" || text == "" {
		return Axis{}, fmt.Errorf("%q is not key=value,value,…", arg)
	}
	a := Axis{Key: key}
	parts := strings.Split(text, ":")
	lo, errLo := strconv.ParseFloat(parts[0], 64)
	if len(parts) < 2 || len(parts) > 3 || errLo != nil {
		var err error
		a.Values, err = split(text)
		if err != nil {
			return Axis{}, fmt.Errorf("%s: %w", key, err)
		}
		return a, nil
	}
	hi, err := strconv.ParseFloat(parts[1], 64)
	if err != nil || !(hi > lo) || math.IsInf(hi-lo, 0) {
		return Axis{}, fmt.Errorf("%s: %q is not a range lo:hi with lo < hi", key, text)
	}
	a.Lo, a.Hi = lo, hi
	if len(parts) == 3 {
		switch parts[2] {
		case "log":
			a.Log = true
		case "lin":
		default:
			return Axis{}, fmt.Errorf("%s: %q is neither log nor lin", key, parts[2])
		}
	}
	if a.Log && lo <= 0 {
		return Axis{}, fmt.Errorf("%s: a logarithmic range begins above 0, not at %g", key, lo)
	}
	_, loErr := strconv.ParseInt(parts[0], 10, 64)
	_, hiErr := strconv.ParseInt(parts[1], 10, 64)
	a.Whole = loErr == nil && hiErr == nil
	return a, nil
}

// split cuts at commas outside brackets and quotes.
func split(s string) ([]string, error) {
	var out []string
	depth, from := 0, 0
	var quote rune
	for i, r := range s {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case r == '[':
			depth++
		case r == ']':
			depth--
		case r == ',' && depth == 0:
			out = append(out, s[from:i])
			from = i + 1
		}
		if depth < 0 {
			break
		}
	}
	if depth != 0 || quote != 0 {
		return nil, fmt.Errorf("brackets or quotes are not closed in %q", s)
	}
	out = append(out, s[from:])
	seen := map[string]bool{}
	for _, v := range out {
		if v == "" {
			return nil, fmt.Errorf("an empty value in %q", s)
		}
		if seen[v] {
			return nil, fmt.Errorf("the value %s stands twice in %q", v, s)
		}
		seen[v] = true
	}
	return out, nil
}

// MostPoints is how many runs a sweep may have.
const MostPoints = 10000

// Grid has every combination, the last key varying fastest; ranges have no grid.
func Grid(axes []Axis) ([][]string, error) {
	points := [][]string{nil}
	for _, a := range axes {
		if a.Values == nil {
			return nil, fmt.Errorf("%s=%g:%g is a range, which needs --samples N; a grid takes values: %s=%g,%g", a.Key, a.Lo, a.Hi, a.Key, a.Lo, a.Hi)
		}
		if len(points)*len(a.Values) > MostPoints {
			return nil, fmt.Errorf("more than %d combinations: take --samples N", MostPoints)
		}
		var next [][]string
		for _, p := range points {
			for _, v := range a.Values {
				next = append(next, append(p[:len(p):len(p)], a.Key+"="+v))
			}
		}
		points = next
	}
	return points, nil
}

// Random draws n points from the seed: values with equal chances, ranges evenly. A longer sweep begins like a shorter one.
func Random(axes []Axis, n int, seed uint64) ([][]string, error) {
	if n < 1 || n > MostPoints {
		return nil, fmt.Errorf("--samples must be from 1 to %d, got %d", MostPoints, n)
	}
	r := rand.New(rand.NewPCG(seed, 0x5eed))
	points := make([][]string, n)
	for i := range points {
		for _, a := range axes {
			points[i] = append(points[i], a.Key+"="+a.draw(r.Float64()))
		}
	}
	return points, nil
}

// draw is the value at a share u in [0, 1) of the axis.
func (a *Axis) draw(u float64) string {
	if a.Values != nil {
		return a.Values[int(u*float64(len(a.Values)))]
	}
	lo, hi := a.Lo, a.Hi
	if a.Whole {
		lo, hi = lo-0.5, hi+0.5
	}
	v := lo + u*(hi-lo)
	if a.Log {
		lo = max(lo, 0.5*a.Lo)
		v = lo * math.Pow(hi/lo, u)
	}
	if a.Whole {
		return strconv.FormatFloat(min(max(math.Round(v), a.Lo), a.Hi), 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

package formula

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/costate-go/costate/pmp"
)

// Constraint reads a condition, two formulas with <=, >= or = between them, that holds along the way, or at the end alone where "end:"
// comes before it. It is mixed where it speaks of controls.
func Constraint(text string, names Names) (*pmp.PathConstraint, error) {
	rest, end := strings.CutPrefix(strings.TrimSpace(text), "end:")
	for _, sign := range []string{"<=", "≤", ">=", "≥", "="} {
		left, right, found := strings.Cut(rest, sign)
		if !found {
			continue
		}
		if sign == ">=" || sign == "≥" {
			left, right = right, left
		}
		a, err := Parse(strings.TrimSpace(left), names)
		if err != nil {
			return nil, err
		}
		b, err := Parse(strings.TrimSpace(right), names)
		if err != nil {
			return nil, err
		}
		g := &Formula{&node{op: '-', a: a.root, b: b.root}}
		if !g.root.has('x') && !g.root.has('u') {
			return nil, fmt.Errorf("%q speaks of neither states nor controls", text)
		}
		return &pmp.PathConstraint{Name: strings.TrimSpace(text), G: g.Eval, Grad: g.Grad, Mixed: g.Controls(), Equality: sign == "=", End: end}, nil
	}
	return nil, fmt.Errorf("%q has no <=, >= or =", text)
}

// Jump reads a jump of states at a time: "0.5: x2 = x2 + 1, x1 = 0". All right-hand sides see the states before it; those that are not
// named stay.
func Jump(text string, names Names) (pmp.Jump, error) {
	at, rest, found := strings.Cut(text, ":")
	t, err := strconv.ParseFloat(strings.TrimSpace(at), 64)
	if !found || err != nil {
		return pmp.Jump{}, fmt.Errorf("%q wants a time and a colon first, as in \"0.5: x1 = 0\"", text)
	}
	after := make([]*Formula, len(names.States)) // nil: as before
	for _, part := range strings.Split(rest, ",") {
		name, value, found := strings.Cut(part, "=")
		n := names.find(strings.TrimSpace(name))
		if !found || n == nil || n.op != 'x' {
			return pmp.Jump{}, fmt.Errorf("%q: %q gives no state a value; there are %s", text, strings.TrimSpace(part), Names{States: names.States})
		}
		if after[n.i] != nil {
			return pmp.Jump{}, fmt.Errorf("%q gives %s two values", text, strings.TrimSpace(name))
		}
		if after[n.i], err = Parse(strings.TrimSpace(value), names); err != nil {
			return pmp.Jump{}, err
		}
	}
	return pmp.Jump{
		T: t,
		Map: func(dst, x, u []float64) {
			for i, f := range after {
				if dst[i] = x[i]; f != nil {
					dst[i] = f.Eval(t, x, u)
				}
			}
		},
		VJP: func(px, pu []float64, x, u, p []float64) {
			clear(px)
			clear(pu)
			for i, f := range after {
				if f == nil {
					px[i] += p[i]
				} else {
					f.root.grad(px, pu, p[i], t, x, u)
				}
			}
		},
	}, nil
}

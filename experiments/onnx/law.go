package onnx

import (
	"fmt"
	"slices"

	"github.com/costate-go/costate/experiments/systems"
)

// Law is a known equation (package systems) as the graph's field, or a part of it.
type Law struct {
	System *systems.System
	// Fixed are its parameters; nil: they come first in the control.
	Fixed []float64
}

func (l *Law) states() int { return len(l.System.States) }
func (l *Law) params() int { return len(l.System.Params) }

func (l *Law) check(dim int) error {
	switch {
	case formulas[l.System.Name] == nil:
		return fmt.Errorf("%w: no graph for the equation %q", ErrField, l.System.Name)
	case l.states() != dim:
		return fmt.Errorf("%w: %s has %d states, and the field %d", ErrField, l.System.Name, l.states(), dim)
	case l.Fixed != nil && len(l.Fixed) != l.params():
		return fmt.Errorf("%w: %s has %d parameters, got %d", ErrField, l.System.Name, l.params(), len(l.Fixed))
	}
	return nil
}

// build adds the equation on x and returns the name of the derivatives.
func (l *Law) build(g *graph, c *control) string {
	var all string
	if l.Fixed != nil {
		all = g.tensor("parameters", []int{l.params()}, l.Fixed)
	} else {
		all = c.slice("parameters", 0, l.params())
	}
	var x, u []string
	for i, name := range l.System.States {
		x = append(x, g.columns("state."+name, "x", i, i+1))
	}
	for i, name := range l.System.Params {
		u = append(u, g.node("Gather", "parameter."+name, []string{all, g.integers(g.fresh("index"), nil, int64(i))}))
	}
	dx := formulas[l.System.Name](expression{g}, "t", x, u)
	return g.node("Concat", "law", dx, attribute{"axis", 1})
}

// Known lists the equations that graphs can hold.
func Known() []string {
	var out []string
	for name := range formulas {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// formulas are the right-hand sides of package systems: derivatives (batch × 1 each) from states (the same) and parameters (scalars).
var formulas = map[string]func(e expression, t string, x, u []string) []string{
	"spiral": func(e expression, _ string, y, u []string) []string {
		a, b := e.mul(y[0], e.mul(y[0], y[0])), e.mul(y[1], e.mul(y[1], y[1]))
		return []string{e.neg(e.add(e.mul(u[0], a), e.mul(u[1], b))), e.sub(e.mul(u[1], a), e.mul(u[0], b))}
	},
	"lotka_volterra": func(e expression, _ string, x, u []string) []string {
		met := e.mul(x[0], x[1])
		return []string{e.sub(e.mul(u[0], x[0]), e.mul(u[1], met)), e.sub(e.mul(u[2], met), e.mul(u[3], x[1]))}
	},
	"van_der_pol": func(e expression, _ string, x, u []string) []string {
		return []string{x[1], e.sub(e.mul(e.mul(u[0], e.sub(e.num(1), e.mul(x[0], x[0]))), x[1]), x[0])}
	},
	"pendulum": func(e expression, _ string, x, u []string) []string {
		return []string{x[1], e.neg(e.add(e.mul(u[0], e.sin(x[0])), e.mul(u[1], x[1])))}
	},
	"driven_pendulum": func(e expression, t string, x, u []string) []string {
		rest := e.add(e.mul(u[0], e.sin(x[0])), e.mul(u[1], x[1]))
		return []string{x[1], e.sub(e.mul(u[2], e.cos(e.mul(u[3], t))), rest)}
	},
	"lorenz": func(e expression, _ string, x, u []string) []string {
		return []string{
			e.mul(u[0], e.sub(x[1], x[0])), e.sub(e.mul(x[0], e.sub(u[1], x[2])), x[1]), e.sub(e.mul(x[0], x[1]), e.mul(u[2], x[2])),
		}
	},
	"sir": func(e expression, _ string, x, u []string) []string {
		caught, healed := e.mul(u[0], e.mul(x[0], x[1])), e.mul(u[1], x[1])
		return []string{e.neg(caught), e.sub(caught, healed), healed}
	},
	"brusselator": func(e expression, _ string, x, u []string) []string {
		made := e.mul(e.mul(x[0], x[0]), x[1])
		return []string{
			e.sub(e.add(u[0], made), e.mul(e.add(u[1], e.num(1)), x[0])), e.sub(e.mul(u[1], x[0]), made),
		}
	},
	"kepler": func(e expression, _ string, x, u []string) []string {
		rr := e.add(e.mul(x[0], x[0]), e.mul(x[1], x[1]))
		c := e.neg(e.div(u[0], e.mul(rr, e.sqrt(rr))))
		return []string{x[2], x[3], e.mul(c, x[0]), e.mul(c, x[1])}
	},
	"double_pendulum": func(e expression, _ string, x, u []string) []string {
		m, l, k := u[0], u[1], u[2]
		delta := e.sub(x[0], x[1])
		sin, cos := e.sin(delta), e.cos(delta)
		both := e.add(e.num(1), m)
		r1 := e.neg(e.add(e.mul(e.mul(e.mul(m, l), sin), e.mul(x[3], x[3])), e.mul(e.mul(both, k), e.sin(x[0]))))
		r2 := e.sub(e.mul(sin, e.mul(x[2], x[2])), e.mul(k, e.sin(x[1])))
		b := e.mul(e.mul(m, l), cos) // [[both, b], [cos, l]] φ̈ = r
		det := e.sub(e.mul(both, l), e.mul(b, cos))
		return []string{
			x[2], x[3], e.div(e.sub(e.mul(l, r1), e.mul(b, r2)), det), e.div(e.sub(e.mul(both, r2), e.mul(cos, r1)), det),
		}
	},
	"heat": func(e expression, _ string, x, u []string) []string {
		n := float64(len(x) + 1)
		c := e.mul(u[0], e.num(n*n))
		var dx []string
		for i := range x {
			sum := e.mul(e.num(-2), x[i])
			if i > 0 {
				sum = e.add(sum, x[i-1])
			}
			if i < len(x)-1 {
				sum = e.add(sum, x[i+1])
			}
			dx = append(dx, e.mul(c, sum))
		}
		return dx
	},
}

// expression adds operations entry by entry, with names of its own.
type expression struct{ g *graph }

func (e expression) op(op string, x ...string) string { return e.g.node(op, e.g.fresh(op), x) }
func (e expression) num(v float64) string             { return e.g.number(v) }
func (e expression) add(a, b string) string           { return e.op("Add", a, b) }
func (e expression) sub(a, b string) string           { return e.op("Sub", a, b) }
func (e expression) mul(a, b string) string           { return e.op("Mul", a, b) }
func (e expression) div(a, b string) string           { return e.op("Div", a, b) }
func (e expression) neg(a string) string              { return e.op("Neg", a) }
func (e expression) sin(a string) string              { return e.op("Sin", a) }
func (e expression) cos(a string) string              { return e.op("Cos", a) }
func (e expression) sqrt(a string) string             { return e.op("Sqrt", a) }

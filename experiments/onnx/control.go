package onnx

import "fmt"

// control gives the tensors of the weights at time t, or of a part of them.
type control struct {
	g             *graph
	theta         []float64
	nodes, params int
	cubic         bool
	interval      string    // index of the interval that holds t
	next          string    // and of the knot at its end
	share         string    // of that interval which lies before t; empty where the control is constant in it
	weights       [4]string // of the four functions of a cubic control
	offset, size  int       // the part
}

func newControl(g *graph, theta, knots []float64, params int) (*control, error) {
	c := &control{g: g, theta: theta, params: params, nodes: 1, size: params}
	if params > 0 {
		c.nodes = len(theta) / params
	}
	known := c.nodes == 1
	for _, n := range []int{len(knots) - 1, len(knots), 2 * len(knots)} {
		known = known || len(knots) > 1 && c.nodes == n
	}
	if !known || c.nodes*params != len(theta) {
		return nil, fmt.Errorf("%w: %d numbers for %d parameters and %d knots", ErrField, len(theta), params, len(knots))
	}
	if c.nodes == 1 {
		return c, nil
	}
	c.cubic = c.nodes == 2*len(knots)
	if inner := knots[1 : len(knots)-1]; len(inner) > 0 { // the interval is the number of inner knots at or before t
		before := g.node("GreaterOrEqual", "control.before", []string{"t", g.tensor("knots.inner", []int{len(inner)}, inner)})
		one := g.node("Cast", "control.ones", []string{before}, attribute{"to", int(Int64)})
		c.interval = g.node("ReduceSum", "control.interval", []string{one, g.integers("axis", []int{1}, 0)}, attribute{"keepdims", 0})
	} else {
		c.interval = g.integers("control.interval", nil, 0)
	}
	if c.nodes < len(knots) {
		return c, nil
	}
	all := g.tensor("knots", []int{len(knots)}, knots)
	c.next = g.node("Add", "control.next", []string{c.interval, g.integers("one", nil, 1)})
	left := g.node("Gather", "control.left", []string{all, c.interval})
	right := g.node("Gather", "control.right", []string{all, c.next})
	passed := g.node("Sub", "control.passed", []string{"t", left})
	length := g.node("Sub", "control.length", []string{right, left})
	s := g.node("Div", "control.ratio", []string{passed, length})
	c.share = g.node("Min", "control.share", []string{s, g.number(1)}) // beyond the last knot its value stays
	if c.cubic {
		c.hermite(knots, length)
	}
	return c, nil
}

// hermite computes (1 + 2s)(1 − s)², s(1 − s)² h/w, s²(3 − 2s) and s²(s − 1) h/w′ with the mean widths w, w′ of the intervals beside the
// knots, in units of which slopes are counted.
func (c *control) hermite(knots []float64, length string) {
	g, last := c.g, len(knots)-1
	widths := make([]float64, len(knots))
	for k := range knots {
		lo, hi := max(k-1, 0), min(k+1, last)
		widths[k] = (knots[hi] - knots[lo]) / float64(hi-lo)
	}
	all := g.tensor("knots.widths", []int{len(knots)}, widths)
	e := expression{g}
	s := c.share
	r := e.sub(e.num(1), s)
	ss, rr := e.mul(s, s), e.mul(r, r)
	two := e.mul(e.num(2), s)
	slope := func(shape, knot string) string {
		return e.div(e.mul(shape, length), g.node("Gather", g.fresh("control.width"), []string{all, knot}))
	}
	c.weights = [4]string{
		e.mul(e.add(e.num(1), two), rr), slope(e.mul(s, rr), c.interval),
		e.mul(ss, e.sub(e.num(3), two)), slope(e.neg(e.mul(ss, r)), c.next),
	}
}

// part is the control of some of the parameters.
func (c *control) part(offset, size int) *control {
	p := *c
	p.offset, p.size = c.offset+offset, size
	return &p
}

// at returns the tensor of so many dimensions that pick finds among a node's parameters, at time t.
func (c *control) at(name string, pick func(theta []float64) []float64, dims ...int) string {
	each := func(first, step int) string {
		var data []float64
		n := 0
		for j := first; j < c.nodes; j += step {
			at := j*c.params + c.offset
			data = append(data, pick(c.theta[at:at+c.size])...)
			n++
		}
		if c.nodes == 1 {
			return c.g.tensor(name, dims, data)
		}
		suffix := ".nodes"
		if first > 0 {
			suffix = ".slopes"
		}
		return c.g.tensor(name+suffix, append([]int{n}, dims...), data)
	}
	g := c.g
	if c.cubic {
		out := ""
		for k, list := range []string{each(0, 2), each(1, 2)} {
			for j, knot := range []string{c.interval, c.next} {
				node := g.node("Gather", g.fresh(name+".node"), []string{list, knot})
				term := g.node("Mul", g.fresh(name+".term"), []string{c.weights[2*j+k], node})
				if out != "" {
					term = g.node("Add", g.fresh(name+".sum"), []string{out, term})
				}
				out = term
			}
		}
		return out
	}
	all := each(0, 1)
	if c.nodes == 1 {
		return all
	}
	if c.share == "" {
		return g.node("Gather", name, []string{all, c.interval})
	}
	a := g.node("Gather", name+".a", []string{all, c.interval})
	b := g.node("Gather", name+".b", []string{all, c.next})
	slope := g.node("Sub", name+".slope", []string{b, a})
	rise := g.node("Mul", name+".rise", []string{slope, c.share})
	return g.node("Add", name, []string{a, rise})
}

// slice is the tensor of parameters from an offset.
func (c *control) slice(name string, offset int, dims ...int) string {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return c.at(name, func(theta []float64) []float64 { return theta[offset : offset+n] }, dims...)
}
